"""What the overlap of two languages goes with: transfer, kinship, script, shared sub-words."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from isogloss.papers.xsns2023.gold import Floats, Gold
from isogloss.papers.xsns2023.rankings import MAIN_SETTING, predictor_methods
from isogloss.statistics.correlation import correlate


def relations(
    gold: Gold,
    overlap: Floats,
    predictors: pd.DataFrame,
    permutations: int,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Pearson's r of the overlap with everything else that is known of pairs of languages.

    Parameters
    ----------
    gold : of targets that are sources too
    overlap : mean over seeds, shape (n, n)
    predictors : table kind `predictors`

    Returns
    -------
    DataFrame
        columns with, value, p_permutation, low, high and n (pairs of different languages)
    """
    rows = []
    for name, values in _others(gold, predictors):
        found = correlate(overlap, values, "pearson", False, None, permutations, resamples, seed)
        rows.append((name, found.value, found.p_permutation, found.low, found.high, found.n))
    return pd.DataFrame(rows, columns=["with", "value", "p_permutation", "low", "high", "n"])


def _others(gold: Gold, predictors: pd.DataFrame) -> Iterator[tuple[str, Floats]]:
    yield "transfer (gold scores)", gold.scores.mean(0)
    for item in predictor_methods(predictors, gold):
        main = MAIN_SETTING.get(item.name, item.setting) == item.setting
        values = item.values.mean(0)
        if main and item.name != "SuE" and np.isfinite(values).all():
            yield item.name, values
