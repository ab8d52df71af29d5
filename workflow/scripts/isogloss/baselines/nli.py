"""Natural language inference: the majority, a bag of words, and the hypothesis alone."""

from collections.abc import Iterator, Mapping

import pandas as pd

from isogloss.baselines.labels import bag_of_words, majority, predictions
from isogloss.metrics.labels import accuracy

CHANCE = 100 / 3
SCORE = accuracy


def predict(
    train: pd.DataFrame, tests: Mapping[str, pd.DataFrame], seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Predictions of each baseline.

    Parameters
    ----------
    train, tests : table kind `pairs`; test sets by language
    seed : not used, nothing is drawn

    Returns
    -------
    method (majority, bag_of_words, hypothesis_only) and table kind `predictions`
    """
    most = {language: majority(train, test) for language, test in tests.items()}
    yield "majority", predictions(tests, most)
    yield "bag_of_words", predictions(tests, bag_of_words(train, tests, ["premise", "hypothesis"]))
    yield "hypothesis_only", predictions(tests, bag_of_words(train, tests, ["hypothesis"]))
