"""Similarity of languages from layer to layer, before and after fine-tuning.

A pair's similarity after fine-tuning is that of the runs on its source, the mean over seeds.
`task` is the printed name of a task, and "-" before fine-tuning.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from isogloss.config.muller2021 import Muller2021
from isogloss.papers.muller2021.gap import AFTER, BEFORE, COMPARED, NONE, stages
from isogloss.statistics.paths import mean_interval

Floats = NDArray[np.float64]

MODEL = [*COMPARED, "stage", "task"]
PAIR = ["source", "target"]


def profile(
    similarity: pd.DataFrame, settings: Muller2021, names: Mapping[str, str]
) -> pd.DataFrame:
    """Similarity by layer: of each pair of languages, and the mean over pairs.

    Parameters
    ----------
    similarity, names : as of `gap.stages`

    Returns
    -------
    DataFrame
        columns text, protocol, index, stage (before, after), task, source, target ("-" for the
        mean over pairs), layer (0 to L), value, low, high (Student's t, 95 percent: over pairs in
        the mean, over seeds in a pair; nan for one) and n of them; the mean's rows come first
    """
    rows = stages(similarity, settings, names)
    of_pairs = _described(rows, [*MODEL, *PAIR, "layer"])
    of_means = _described(of_pairs, [*MODEL, "layer"]).assign(source=NONE, target=NONE)
    return pd.concat([of_means[of_pairs.columns], of_pairs], ignore_index=True)


def summary(
    similarity: pd.DataFrame, settings: Muller2021, names: Mapping[str, str]
) -> pd.DataFrame:
    """Where similarity arises, and what fine-tuning does to it.

    Quantities, all but the first with an interval over pairs:

    highest_layer : layer (0 to L) at which the mean over pairs is highest
    rise_lower, rise_upper : similarity after layer L // 2 less that of the embeddings, and
        similarity after layer L less that after layer L // 2
    rise_excess : rise_lower less rise_upper, where the latter is a rise (0 in place of a fall):
        above 0 only if similarity rises over the lower half and more than over the upper one
    change, change_lower : after fine-tuning less before, mean over layers 1 to L, and 1 to L // 2

    Parameters
    ----------
    similarity, names : as of `gap.stages`

    Returns
    -------
    DataFrame
        columns text, protocol, index, stage, task, quantity, value, low, high (Student's t, 95
        percent; nan for one pair) and n (pairs with a value); changes stand in stage after
    """
    rows = stages(similarity, settings, names)
    wide = {
        key: part.groupby([*PAIR, "layer"])["value"].mean().unstack("layer")
        for key, part in rows.groupby(MODEL, sort=False)
    }
    found: list[tuple[object, ...]] = []
    for key, pairs in wide.items():
        text, protocol, index, stage, _ = key
        before = wide.get((text, protocol, index, BEFORE, NONE))
        for quantity, values in _quantities(pairs, before if stage == AFTER else None):
            known = int(np.sum(~np.isnan(values)))
            found.append((*key, quantity, *_interval(quantity, values), known))
    return pd.DataFrame(found, columns=[*MODEL, "quantity", "value", "low", "high", "n"])


def _described(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean of value with Student's t interval, as `mean_interval`, for many groups at once."""
    grouped = rows.groupby(by, sort=False)["value"].agg(["mean", "std", "count"])
    n = grouped["count"].to_numpy(dtype=np.float64)
    wide = special.stdtrit(np.where(n > 1, n - 1, math.nan), 0.975) / np.sqrt(np.maximum(n, 1))
    half = wide * grouped["std"]
    described = grouped.assign(
        value=grouped["mean"], low=grouped["mean"] - half, high=grouped["mean"] + half
    )
    described["n"] = grouped["count"].astype("int64")
    return described[["value", "low", "high", "n"]].reset_index()


def _quantities(pairs: pd.DataFrame, before: pd.DataFrame | None) -> Iterator[tuple[str, Floats]]:
    """Quantities by name, one value for each pair; `pairs` has a row per pair, layers columns."""
    layers = [int(layer) for layer in pairs.columns]
    last = max(layers)
    middle = last // 2
    values = pairs.to_numpy(dtype=np.float64)
    yield "highest_layer", _highest(values, layers)
    if 0 in layers and middle > 0:
        first, half, top = (values[:, layers.index(layer)] for layer in (0, middle, last))
        lower, upper = half - first, top - half
        yield "rise_lower", lower
        yield "rise_upper", upper
        yield "rise_excess", lower - np.maximum(upper, 0)
    if before is not None:
        same = before.reindex(index=pairs.index, columns=pairs.columns)
        change = values - same.to_numpy(dtype=np.float64)
        for name, end in (("change", last), ("change_lower", middle)):
            inner = [place for place, layer in enumerate(layers) if 0 < layer <= end]
            if inner:
                yield name, change[:, inner].mean(axis=1)


def _highest(values: Floats, layers: list[int]) -> Floats:
    """Layer of the highest mean over pairs, once for each pair that has a value."""
    known = ~np.isnan(values).all(axis=1)
    if not known.any():
        return np.full(len(values), math.nan)
    mean = np.array([mean_interval(column).mean for column in values.T])
    return np.where(known, float(layers[int(np.nanargmax(mean))]), math.nan)


def _interval(quantity: str, values: Floats) -> tuple[float, float, float]:
    """Mean and interval over pairs; a place of the mean profile has none."""
    found = mean_interval(values)
    if quantity == "highest_layer":
        return found.mean, math.nan, math.nan
    return found
