"""Scores of answers to questions: overlap of words with the best right answer."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable

import pandas as pd

from isogloss.errors import TableError

# Articles per language in the evaluation of MLQA (Lewis et al. 2020), which holds Vietnamese
# classifiers for articles and takes Arabic's away inside of words too.
ARTICLES = {
    "ar": re.compile("ال"),
    "de": re.compile(
        r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    ),
    "en": re.compile(r"\b(a|an|the)\b"),
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
}
# Languages written without blanks, and the characters of their scripts (kana, Han, Thai).
BY_CHARACTER = ("ja", "th", "zh")
_CHARACTER = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e01-\u0e7f])")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


def answer_scores(frame: pd.DataFrame) -> dict[str, float]:
    """F1 over words and exact match, mean over questions of the best right answer, in percent.

    An answer of no word (after normalisation) has F1 1 with another such, else 0, as in
    SQuAD 2.0 and torchmetrics.

    Parameters
    ----------
    frame : table kind `answer_predictions`, one language; of its code what follows a hyphen
        (zh-hant) is left aside

    Returns
    -------
    f1, exact_match : normalised as English whatever the language (SQuAD 1.1, Rajpurkar et al.
        2016; TyDiQA-GoldP is scored so)
    f1_language, exact_match_language : normalised as `language_words` does

    Raises
    ------
    TableError
        for a frame without rows, or a question without a right answer
    """
    if frame.empty:
        raise TableError("predictions: found no row; allowed: at least one to score")
    without = frame.loc[frame["answers"].map(len) == 0, "id"]
    if len(without):
        raise TableError(
            f"predictions, id {without.iloc[0]}: found no right answer; allowed: at least one"
        )
    language = str(frame["language"].iloc[0])
    f1, exact = _best(frame, squad_words)
    f1_language, exact_language = _best(frame, lambda text: language_words(text, language))
    return {
        "f1": f1,
        "exact_match": exact,
        "f1_language": f1_language,
        "exact_match_language": exact_language,
    }


def squad_words(text: str) -> list[str]:
    """Lower case, without ASCII punctuation and English articles, cut at blanks."""
    return ARTICLES["en"].sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split()


def language_words(text: str, language: str) -> list[str]:
    """Lower case, without punctuation and the language's articles, cut at blanks.

    Punctuation is ASCII's and all of Unicode's categories P*. Articles are those of MLQA's
    evaluation (Lewis et al. 2020); languages outside of it keep theirs. In Chinese, Japanese
    and Thai each character of the script is a word of its own, other letters stay together,
    as there for Chinese.
    """
    code = language.partition("-")[0]
    bare = "".join(letter for letter in text.lower() if not _is_punctuation(letter))
    if code in ARTICLES:
        bare = ARTICLES[code].sub(" ", bare)
    if code in BY_CHARACTER:
        bare = _CHARACTER.sub(r" \1 ", bare)
    return bare.split()


def _is_punctuation(letter: str) -> bool:
    return letter in string.punctuation or unicodedata.category(letter).startswith("P")


def _best(frame: pd.DataFrame, words: Callable[[str], list[str]]) -> tuple[float, float]:
    """Mean over questions of the best F1 and the best exact match, in percent."""
    f1 = exact = 0.0
    for answers, prediction in zip(frame["answers"], frame["prediction"], strict=True):
        found = words(prediction)
        right = [words(answer) for answer in answers]
        f1 += max(_f1(found, answer) for answer in right)
        exact += found in right
    return 100 * f1 / len(frame), 100 * exact / len(frame)


def _f1(found: list[str], right: list[str]) -> float:
    if not found or not right:
        return float(found == right)
    common = (Counter(found) & Counter(right)).total()
    return 2 * common / (len(found) + len(right))
