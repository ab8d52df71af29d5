"""Question answering: the sentence most like the question, and three words by chance."""

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from isogloss.metrics.answers import BY_CHARACTER, answer_scores, language_words

CHANCE = None
SCORE = answer_scores
WORDS = 3
# Marks that end a sentence: Latin, Arabic and Urdu, Indic, and East Asian, the last without
# a blank behind them.
_SENTENCE_END = re.compile(r"(?<=[.!?؟۔।॥])\s+|(?<=[。！？])\s*|\n+")


def predict(
    train: pd.DataFrame, tests: Mapping[str, pd.DataFrame], seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Predictions of each baseline; none learns from `train`.

    Parameters
    ----------
    train, tests : table kind `questions`; test sets by language
    seed : what the random words are drawn from, with the id of the question

    Returns
    -------
    method and table kind `answer_predictions`; sentence_overlap : `closest_sentence`;
    random_words : `random_words`
    """
    yield "sentence_overlap", _predictions(tests, _closest)

    def drawn(language: str, place: int, context: str, question: str) -> str:
        return random_words(context, language, seed, place)

    yield "random_words", _predictions(tests, drawn)


def _closest(language: str, place: int, context: str, question: str) -> str:
    return closest_sentence(context, question, language)


def sentences(text: str) -> list[str]:
    """Cut a text after full stops, question and exclamation marks, and at line ends.

    Abbreviations are cut too. Sentences are not empty and have no blanks at their ends.
    """
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def closest_sentence(context: str, question: str, language: str) -> str:
    """Whole sentence of the context that shares most words with the question.

    Each word counts once; words are those of `metrics.answers.language_words`. The first of
    equals is taken; a context without words gives an empty answer.
    """
    asked = set(language_words(question, language))

    def shared(sentence: str) -> int:
        return len(asked & set(language_words(sentence, language)))

    return max(sentences(context), key=shared, default="")


def random_words(context: str, language: str, seed: int, place: int) -> str:
    """Three consecutive words of the context, each place equally probable.

    Words lie between blanks; in languages written without blanks each character is one.
    A context of three words or fewer is the answer as a whole. Drawn from
    `numpy.random.default_rng([seed, place])`, `place` being the id of the question.
    """
    by_character = language.partition("-")[0] in BY_CHARACTER
    found = list(re.finditer(r"\S" if by_character else r"\S+", context))
    if not found:
        return ""
    last = max(len(found) - WORDS, 0)
    first = int(np.random.default_rng([seed, place]).integers(last + 1))
    return context[found[first].start() : found[min(first + WORDS, len(found)) - 1].end()]


def _predictions(
    tests: Mapping[str, pd.DataFrame], answer: Callable[[str, int, str, str], str]
) -> pd.DataFrame:
    frames = []
    for language, test in tests.items():
        rows = zip(test["id"], test["context"], test["question"], strict=True)
        found = [answer(language, int(row), context, question) for row, context, question in rows]
        frames.append(
            pd.DataFrame(
                {
                    "language": language,
                    "id": test["id"].to_numpy(),
                    "answers": list(test["answers"]),
                    "prediction": found,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
