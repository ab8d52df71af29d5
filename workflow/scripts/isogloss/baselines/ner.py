"""Named entities: each word's most frequent tag."""

from collections.abc import Iterator, Mapping

import pandas as pd

from isogloss.baselines.words import end_to_end, most_frequent, tag_predictions
from isogloss.metrics.spans import span_scores

CHANCE = None
SCORE = span_scores
UNKNOWN = "O"


def predict(
    train: pd.DataFrame, tests: Mapping[str, pd.DataFrame], seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Predictions of the baseline.

    Parameters
    ----------
    train, tests : table kind `tagged`; test sets by language
    seed : not used, nothing is drawn

    Returns
    -------
    method word_table (the word form's most frequent tag in the training set, O for words that
    do not occur there) and table kind `tag_predictions`
    """
    table, _ = most_frequent(end_to_end(train["form"]), end_to_end(train["tag"]))
    right = {language: test["tag"] for language, test in tests.items()}
    yield "word_table", tag_predictions(tests, right, table, UNKNOWN)
