"""Scores of dependency trees."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.metrics.tokens import lay_out

PUNCTUATION = ("PUNCT", "SYM")
_COLUMNS = ("upos", "head", "deprel", "predicted_head", "predicted_deprel")


class WordMarks(NamedTuple):
    """Which words a score counts, and which of them are right.

    right, counted : by name of the score, bool (words,); no word is right that is not counted
    lengths : int64 (rows,), words of each row
    """

    right: dict[str, np.ndarray]
    counted: dict[str, np.ndarray]
    lengths: np.ndarray


def tree_scores(frame: pd.DataFrame) -> dict[str, float]:
    """Attachment scores over words, in percent.

    Parameters
    ----------
    frame : table kind `tree_predictions`, one language

    Returns
    -------
    las, uas : right head and relation, right head, over all words; a relation is compared
        up to its colon (CoNLL 2018 shared task, Zeman et al. 2018)
    las_without_punctuation, uas_without_punctuation : the same over words whose right part of
        speech is neither PUNCT nor SYM (released code of Wu et al. 2022); 0 without such words
    las_subtypes : relations compared in full, over all words

    Raises
    ------
    TableError
        for no word, or a sentence whose lists are not equally long
    """
    marks = mark_words(frame)
    return {
        name: 100 * int(right.sum()) / max(int(marks.counted[name].sum()), 1)
        for name, right in marks.right.items()
    }


def mark_words(frame: pd.DataFrame) -> WordMarks:
    """Mark the words that each of `tree_scores` counts; its parameters and errors."""
    columns, lengths = lay_out(frame, _COLUMNS)
    attached = columns["head"] == columns["predicted_head"]
    gold, found = columns["deprel"], columns["predicted_deprel"]
    labelled = attached & _same_relation(gold, found)
    words = ~pd.Series(columns["upos"]).isin(PUNCTUATION).to_numpy()
    every = np.ones(len(words), dtype=bool)
    right = {
        "las": labelled,
        "uas": attached,
        "las_without_punctuation": labelled & words,
        "uas_without_punctuation": attached & words,
        "las_subtypes": attached & (gold == found),
    }
    counted = {name: words if name.endswith("_punctuation") else every for name in right}
    return WordMarks(right, counted, lengths)


def _same_relation(gold: np.ndarray, found: np.ndarray) -> np.ndarray:
    codes, names = pd.factorize(np.concatenate([gold, found]))
    universal, _ = pd.factorize(np.array([name.partition(":")[0] for name in names], dtype=object))
    first, second = np.split(universal[codes], 2)
    return np.asarray(first == second)
