"""Rank correlations of damage with what the other studies measure.

One number per group of layers, or per pair of languages; Spearman's rho (ranks, because units
differ) and a permutation p, which is exact where there are few layers or targets.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from isogloss.papers.across.layers import OTHER, UNIT, of_group
from isogloss.papers.across.names import ALL, CROSS
from isogloss.statistics.correlation import TOLERANCE, benjamini_hochberg

Floats = NDArray[np.float64]

# Three numbers stand in one of six orders: a correlation of 1 is no news.
FEWEST = 4
# Up to so many columns all orders are taken (40,320), beyond that as many as are asked for.
EXACT = 8

COLUMNS = ["level", "damage", "encoder", "task", "source"]
COLUMNS += ["quantity", "other_encoder", "other_task", "value", "n", "p_permutation", "q", "status"]


class RankCorrelation(NamedTuple):
    """Spearman's rho, its number of values, and two-sided permutation p; nan where undefined."""

    value: float
    n: int
    p: float


class Draws(NamedTuple):
    """Orders that are drawn where there are too many to take all, and the seed of the draw."""

    permutations: int
    seed: int


class Unit(NamedTuple):
    """Damage and quantity of a task and source, or of all, as matrices of one shape.

    x, y : float64 (rows, columns); nan where a cell takes no part
    """

    damage: str
    task: str
    source: str
    x: Floats
    y: Floats


def rank_correlation(x: Floats, y: Floats, draws: Draws) -> RankCorrelation:
    """Correlate two matrices whose columns are exchanged under the null hypothesis.

    Parameters
    ----------
    x, y : float64 (rows, columns): layers are columns of one row; of pairs of languages rows are
        sources and columns targets. A cell that is not finite in one of the two takes no part

    Returns
    -------
    RankCorrelation
        `p`: columns of `y` are exchanged in all rows alike, those that lack a cell stay where they
        are; (orders whose |rho| is at least the one found) / (all orders), exact up to 8 columns,
        else (1 + count) / (1 + draws). nan with fewer than two such columns. `value` and `p` are
        nan with fewer than 4 values, or where one of the two is constant
    """
    known = np.isfinite(x) & np.isfinite(y)
    n = int(known.sum())
    if n < FEWEST or np.ptp(x[known]) == 0 or np.ptp(y[known]) == 0:
        return RankCorrelation(math.nan, n, math.nan)
    first, second = _unit_ranks(x, known), _unit_ranks(y, known)
    value = float(np.clip((first * second).sum(), -1, 1))
    whole = known.all(axis=0)
    columns = int(whole.sum())
    if columns < 2:
        return RankCorrelation(value, n, math.nan)
    # products[i, j]: what column i of x and column j of y add to the sum
    products = first[:, whole].T @ second[:, whole]
    stays = float((first * second)[:, ~whole].sum())
    orders, drawn = _orders(columns, draws)
    sums = stays + products[np.arange(columns), orders].sum(axis=1)
    count = int((np.abs(sums) >= abs(value) - TOLERANCE).sum())
    return RankCorrelation(value, n, (drawn + count) / (drawn + len(orders)))


def _unit_ranks(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Ranks of the known cells, centred and of norm 1; 0 in the others."""
    ranks = stats.rankdata(values[known])
    centred = ranks - ranks.mean()
    found = np.zeros(values.shape)
    found[known] = centred / np.linalg.norm(centred)
    return found


def _orders(columns: int, draws: Draws) -> tuple[NDArray[np.int64], int]:
    """All orders, or some drawn ones; and how often the one at hand has to be added."""
    if columns <= EXACT:
        return np.array(list(itertools.permutations(range(columns))), dtype=np.int64), 0
    generator = np.random.default_rng(draws.seed)
    some = np.tile(np.arange(columns), (draws.permutations, 1))
    return generator.permuted(some, axis=1), 1


def layer_correlations(
    damage: pd.DataFrame,
    quantities: pd.DataFrame,
    encoder: str,
    depths: Mapping[str, int],
    draws: Draws,
) -> pd.DataFrame:
    """Damage of a group of layers against the mean of each quantity over its layers.

    A row for each task and source of RANDOM-INIT, and one for the means over both, of the sources
    that the other study has too.

    Parameters
    ----------
    damage : result of `layers.of_groups`
    quantities : result of `layers.by_layer`
    encoder : of RANDOM-INIT
    depths : blocks of each encoder

    Returns
    -------
    DataFrame
        columns level, damage, encoder, task, source, quantity, other_encoder, other_task, value
        (Spearman's rho), n (groups), p_permutation, q (false discovery rate over the rows) and
        status (empty where there is a number)
    """
    rows: list[dict[str, Any]] = []
    for other, values in quantities.groupby(OTHER, sort=False):
        named = _named("layer", encoder, other)
        here, there = depths[encoder], depths[named["other_encoder"]]
        for name, task, source in _units(damage):
            if here != there:
                status = f"not attempted: depths differ ({here} and {there} layers)"
                rows.append(_absent(named, name, task, source, status))
            elif source not in set(values["source"]):
                status = f"not attempted: no source {source}"
                rows.append(_absent(named, name, task, source, status))
        if here == there:
            rows += [_row(named, unit, "groups", draws) for unit in _layer_units(damage, values)]
    return _finished(rows)


def _units(damage: pd.DataFrame) -> list[tuple[str, str, str]]:
    keys = damage[["damage", *UNIT]].drop_duplicates()
    return [(str(name), str(task), str(source)) for name, task, source in keys.to_numpy()]


def _layer_units(damage: pd.DataFrame, values: pd.DataFrame) -> Iterator[Unit]:
    """Of each task and source that both have, and of all of them together."""
    shared = damage[damage["source"].isin(set(values["source"]))]
    falls = {key: _fall(shared, *key) for key in _units(shared)}
    of_source = values[values["source"].isin(set(shared["source"]))]
    of_source = of_source.pivot(index="layer", columns="source", values="value")
    for key, fall in falls.items():
        yield _layer_unit(key, fall, of_source[key[2]])
    mean = of_source.mean(axis=1, skipna=False)
    for name in dict.fromkeys(shared["damage"]):
        own = [fall for key, fall in falls.items() if key[0] == name]
        if len(own) > 1:
            pooled = pd.concat(own, axis=1).mean(axis=1, skipna=False)
            yield _layer_unit((name, ALL, ALL), pooled, mean)


def _fall(damage: pd.DataFrame, name: str, task: str, source: str) -> pd.Series:
    """Damage by group."""
    here = (damage["damage"] == name) & (damage["task"] == task) & (damage["source"] == source)
    return damage[here].set_index("group")["value"]


def _layer_unit(key: tuple[str, str, str], fall: pd.Series, values: pd.Series) -> Unit:
    x = fall.to_numpy(dtype=np.float64)[None]
    y = np.array([of_group(values, map(str, fall.index))])
    return Unit(*key, x, y)


def pair_correlations(
    damage: pd.DataFrame, quantities: pd.DataFrame, encoder: str, draws: Draws
) -> pd.DataFrame:
    """Damage of the lower half on a pair of languages against each quantity of the pair.

    A row for each task of RANDOM-INIT, over all pairs that both studies have.

    Parameters
    ----------
    damage : result of `pairs.damage`
    quantities : columns quantity, encoder, task, source, target and value, see `pairs`
    encoder : of RANDOM-INIT

    Returns
    -------
    DataFrame
        as of `layer_correlations`; n are pairs
    """
    rows = []
    for other, values in quantities.groupby(OTHER, sort=False):
        for task, falls in damage.groupby("task", sort=False):
            wide = falls.pivot(index="source", columns="target", values="value")
            there = values.pivot(index="source", columns="target", values="value")
            there = there.reindex(index=wide.index, columns=wide.columns)
            x, y = (frame.to_numpy(dtype=np.float64) for frame in (wide, there))
            # a language of none of the shared pairs is no column to exchange
            used = np.isfinite(x) & np.isfinite(y)
            kept = np.ix_(used.any(axis=1), used.any(axis=0))
            sources = wide.index[used.any(axis=1)]
            source = str(sources[0]) if len(sources) == 1 else ALL
            unit = Unit(CROSS, str(task), source, x[kept], y[kept])
            rows.append(_row(_named("pair", encoder, other), unit, "pairs", draws))
    return _finished(rows)


def _named(level: str, encoder: str, other: Any) -> dict[str, Any]:
    quantity, other_encoder, other_task = map(str, other)
    return {
        "level": level,
        "encoder": encoder,
        "quantity": quantity,
        "other_encoder": other_encoder,
        "other_task": other_task,
    }


def _absent(
    named: Mapping[str, Any], damage: str, task: str, source: str, status: str
) -> dict[str, Any]:
    unit = {"damage": damage, "task": task, "source": source, "status": status}
    return {**named, **unit, "value": math.nan, "n": 0, "p_permutation": math.nan}


def _row(named: Mapping[str, Any], unit: Unit, things: str, draws: Draws) -> dict[str, Any]:
    found = rank_correlation(unit.x, unit.y, draws)
    status = ""
    if found.n < FEWEST:
        status = f"needs {FEWEST} {things}"
    elif math.isnan(found.value):
        status = "constant"
    row = _absent(named, unit.damage, unit.task, unit.source, status)
    return row | {"value": found.value, "n": found.n, "p_permutation": found.p}


def _finished(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    p = frame["p_permutation"].to_numpy(dtype=np.float64)
    return frame.assign(q=benjamini_hochberg(p)).astype({"n": "int64"})
