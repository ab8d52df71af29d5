"""Paraphrase identification: the majority, a bag of words, and the overlap of the two texts."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from isogloss.baselines.labels import bag_of_words, majority, predictions
from isogloss.metrics.labels import accuracy

CHANCE = 50.0
SCORE = accuracy
PARAPHRASE, DIFFERENT = "paraphrase", "different"


def predict(
    train: pd.DataFrame, tests: Mapping[str, pd.DataFrame], seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Predictions of each baseline.

    Parameters
    ----------
    train, tests : table kind `pairs`, labels `paraphrase` and `different`; test sets by language
    seed : not used, nothing is drawn

    Returns
    -------
    method (majority, bag_of_words, word_overlap) and table kind `predictions`
    """
    most = {language: majority(train, test) for language, test in tests.items()}
    yield "majority", predictions(tests, most)
    yield "bag_of_words", predictions(tests, bag_of_words(train, tests, ["premise", "hypothesis"]))
    yield "word_overlap", predictions(tests, word_overlap(train, tests))


def word_overlap(train: pd.DataFrame, tests: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    """Paraphrase where the texts overlap enough, by one threshold fitted on the training rows."""
    least = threshold(overlaps(train), (train["label"] == PARAPHRASE).to_numpy())
    return {
        language: np.where(overlaps(test) >= least, PARAPHRASE, DIFFERENT).astype(object)
        for language, test in tests.items()
    }


def overlaps(frame: pd.DataFrame) -> np.ndarray:
    """Jaccard overlap of the words of each pair, (rows,) float64, 0 to 1.

    Words are lower-cased and cut at blanks; where one of the texts has no blank inside,
    characters are compared instead.
    """
    pairs = zip(frame["premise"].str.lower(), frame["hypothesis"].str.lower(), strict=True)
    return np.array([_jaccard(*_pieces(first, second)) for first, second in pairs], dtype=float)


def _pieces(first: str, second: str) -> tuple[set[str], set[str]]:
    words = first.split(), second.split()
    if min(map(len, words)) > 1:
        return set(words[0]), set(words[1])
    return set("".join(words[0])), set("".join(words[1]))


def _jaccard(first: set[str], second: set[str]) -> float:
    return len(first & second) / max(len(first | second), 1)


def threshold(values: np.ndarray, positive: np.ndarray) -> float:
    """Value from which on rows count as positive with the fewest mistakes.

    Parameters
    ----------
    values : (rows,) float64
    positive : (rows,) bool

    Returns
    -------
    one of the values (the lowest of equals), or infinity where calling no row positive is best
    """
    order = np.argsort(values, kind="stable")
    candidates, starts = np.unique(values[order], return_index=True)
    missed = np.concatenate([[0], np.cumsum(positive[order])])
    negatives_below = np.concatenate([[0], np.cumsum(~positive[order])])
    cuts = np.append(starts, len(values))
    mistakes = missed[cuts] + negatives_below[-1] - negatives_below[cuts]
    return float(np.append(candidates, np.inf)[np.argmin(mistakes)])
