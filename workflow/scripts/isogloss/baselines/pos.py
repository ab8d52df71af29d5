"""Part-of-speech tagging: the majority, and each word's most frequent tag."""

from collections.abc import Iterator, Mapping

import pandas as pd

from isogloss.baselines.words import end_to_end, most_frequent, tag_predictions
from isogloss.metrics.tags import tag_scores

CHANCE = None
SCORE = tag_scores
UNKNOWN = "NOUN"


def predict(
    train: pd.DataFrame, tests: Mapping[str, pd.DataFrame], seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Predictions of each baseline.

    Parameters
    ----------
    train, tests : table kind `treebank` or `tagged`; test sets by language
    seed : not used, nothing is drawn

    Returns
    -------
    method and table kind `tag_predictions`; majority : the most frequent tag of the training
    set; word_table : that of the word form there, NOUN for words that do not occur there
    """
    table, most = most_frequent(end_to_end(train["form"]), end_to_end(_tags(train)))
    right = {language: _tags(test) for language, test in tests.items()}
    yield "majority", tag_predictions(tests, right, {}, most)
    yield "word_table", tag_predictions(tests, right, table, UNKNOWN)


def _tags(frame: pd.DataFrame) -> pd.Series:
    return frame["upos" if "upos" in frame.columns else "tag"]
