"""Scores of dependency trees."""

import numpy as np
import pandas as pd

from isogloss.metrics.tokens import lay_out

PUNCTUATION = ("PUNCT", "SYM")
_COLUMNS = ("upos", "head", "deprel", "predicted_head", "predicted_deprel")


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
    columns, _ = lay_out(frame, _COLUMNS)
    attached = columns["head"] == columns["predicted_head"]
    gold, found = columns["deprel"], columns["predicted_deprel"]
    labelled = attached & _same_relation(gold, found)
    words = ~pd.Series(columns["upos"]).isin(PUNCTUATION).to_numpy()
    return {
        "las": _percent(labelled),
        "uas": _percent(attached),
        "las_without_punctuation": _percent(labelled[words]),
        "uas_without_punctuation": _percent(attached[words]),
        "las_subtypes": _percent(attached & (gold == found)),
    }


def _same_relation(gold: np.ndarray, found: np.ndarray) -> np.ndarray:
    codes, names = pd.factorize(np.concatenate([gold, found]))
    universal, _ = pd.factorize(np.array([name.partition(":")[0] for name in names], dtype=object))
    first, second = np.split(universal[codes], 2)
    return np.asarray(first == second)


def _percent(correct: np.ndarray) -> float:
    return 100 * int(correct.sum()) / max(len(correct), 1)
