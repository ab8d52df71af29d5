"""Intervals and relabellings for what a few sources and many targets were measured on.

Pairs of every source with every target but itself are neither a square matrix nor one row, which
`correlation` takes. The relabelling here is Mantel's (1967) within the languages that play the
same part, so that pairs become pairs and the test is exact.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import chain, product
from itertools import permutations as orders
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from isogloss.errors import TableError
from isogloss.seeds import named_seed
from isogloss.statistics.correlation import NEARLY_CONSTANT, TOLERANCE, Correlation
from isogloss.statistics.paths import MeanInterval

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# With three pairs Spearman's rho has few values, 1 among them by chance in one of six orders.
FEWEST_PAIRS = 4
# numbers held at once while relabelling
BLOCK = 4_000_000


class _Pairs(NamedTuple):
    """Places of the m pairs in (sources, targets), shape (m,) each, and all languages."""

    row: Integers
    column: Integers
    sources: list[int]
    targets: list[int]
    languages: int


def correlate_crossed(
    xs: Floats,
    y: Floats,
    sources: Sequence[str],
    targets: Sequence[str],
    permutations: int = 9999,
    resamples: int = 2000,
    seed: int = 1,
) -> list[Correlation]:
    """Spearman's rho of k quantities with `y` over pairs of a source with a target.

    Parameters
    ----------
    xs : float64, shape (k, S, T)
    y : float64, shape (S, T)
    sources, targets : S and T languages; the cells of a language with itself are not read
    permutations : relabellings that are drawn; where the languages have no more than that, all
        of them are used and the p-value is exact
    resamples : bootstrap samples

    Returns
    -------
    list of Correlation
        `value` and `p` (pairs taken as independent) as `scipy.stats.spearmanr` gives.
        `p_permutation`: languages of `y` relabelled in rows and columns alike, two-sided,
        (1 + count) / (1 + relabellings); languages change places with those that play the same
        part alone (source, target, or both), so that each pair becomes a pair. `low`, `high`:
        95 percent percentile bootstrap that draws targets; sources stay as they are, because
        there are too few of them to draw. Draws without a defined correlation are left out.
        All nan but n where a quantity is constant or not finite, or with fewer than four pairs

    Raises
    ------
    TableError
        if the shapes do not fit
    """
    x, values = np.asarray(xs, dtype=np.float64), np.asarray(y, dtype=np.float64)
    shape = (len(sources), len(targets))
    if values.shape != shape or x.shape[1:] != shape:
        raise TableError(
            f"correlation of shapes {x.shape[1:]} and {values.shape} over {shape[0]} sources and "
            f"{shape[1]} targets: allowed are two equal {shape}"
        )
    pairs = _pairs(sources, targets)
    rows, of_y = x[:, pairs.row, pairs.column], values[pairs.row, pairs.column]
    n = len(of_y)
    found = [Correlation(math.nan, n, math.nan, math.nan, math.nan, math.nan)] * len(rows)
    defined = [i for i, row in enumerate(rows) if _varies(row)]
    if n < FEWEST_PAIRS or not _varies(of_y) or not defined:
        return found
    relabelled = _permutation_p(rows[defined], of_y, pairs, permutations, seed)
    lows, highs = _bootstrap(rows[defined], of_y, pairs, resamples, seed)
    for place, i in enumerate(defined):
        both = stats.spearmanr(rows[i], of_y)
        inference = (relabelled[place], lows[place], highs[place])
        found[i] = Correlation(
            float(both.statistic), n, float(both.pvalue), *(float(value) for value in inference)
        )
    return found


def combine(values: Floats, lows: Floats, highs: Floats) -> MeanInterval:
    """Mean of independent estimates with an interval from theirs.

    The method of variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27):
    distances from a value to the ends of its interval add up as standard errors do, each side on
    its own. It speaks of these n things alone, not of others that they might stand for.

    Parameters
    ----------
    values, lows, highs : (n,), each value within its interval

    Returns
    -------
    MeanInterval
        all nan for n = 0; the interval itself for n = 1
    """
    centre, low, high = (np.asarray(part, dtype=np.float64) for part in (values, lows, highs))
    if not len(centre):
        return MeanInterval(math.nan, math.nan, math.nan)
    mean = float(centre.mean())
    below, above = (float(np.linalg.norm(part)) for part in (centre - low, high - centre))
    return MeanInterval(mean, mean - below / len(centre), mean + above / len(centre))


def _pairs(sources: Sequence[str], targets: Sequence[str]) -> _Pairs:
    languages = list(dict.fromkeys([*sources, *targets]))
    crossed = [
        (row, column)
        for (row, source), (column, target) in product(enumerate(sources), enumerate(targets))
        if source != target
    ]
    places = np.array(crossed, dtype=np.int64).reshape(-1, 2)
    rows, columns = ([languages.index(name) for name in part] for part in (sources, targets))
    return _Pairs(places[:, 0], places[:, 1], rows, columns, len(languages))


def _varies(values: Floats) -> bool:
    """Whether all values are finite and spread more widely than rounding does."""
    if not len(values) or not np.isfinite(values).all():
        return False
    spread = np.linalg.norm(values - values.mean())
    return bool(np.ptp(values) > 0 and spread >= NEARLY_CONSTANT * abs(values.mean()))


def _unit_ranks(values: Floats) -> Floats:
    """Mid-ranks along the last axis, centred and of norm 1."""
    ranks = stats.rankdata(values, axis=-1)
    centred = ranks - ranks.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=-1, keepdims=True))


def _permutation_p(x: Floats, y: Floats, pairs: _Pairs, permutations: int, seed: int) -> Floats:
    """Two-sided p of k rows, shape (k,); a relabelling keeps all ranks, so products suffice."""
    unit_x, unit_y = _unit_ranks(x), _unit_ranks(y)
    bound = np.abs(unit_x @ unit_y) - TOLERANCE
    # where the pair of two languages stands in y; -1, which no relabelling reaches, elsewhere
    first, second = np.array(pairs.sources)[pairs.row], np.array(pairs.targets)[pairs.column]
    place = np.full((pairs.languages, pairs.languages), -1, dtype=np.int64)
    place[first, second] = np.arange(len(y))
    count, drawn = np.zeros(len(x)), 0
    for labels in _relabellings(pairs, permutations, seed):
        moved = unit_y[place[labels[:, first], labels[:, second]]]
        count += (np.abs(moved @ unit_x.T) >= bound).sum(axis=0)
        drawn += len(labels)
    return (1 + count) / (1 + drawn)


def _relabellings(pairs: _Pairs, permutations: int, seed: int) -> Iterator[Integers]:
    """Relabellings but the identity, blocks of shape (r, languages): all of them, or drawn."""
    parts = [
        [
            language
            for language in range(pairs.languages)
            if (language in pairs.sources, language in pairs.targets) == part
        ]
        for part in ((True, True), (True, False), (False, True))
    ]
    if math.prod(math.factorial(len(part)) for part in parts) <= permutations:
        every = [list(chain(*order)) for order in product(*(orders(part) for part in parts))]
        labels = np.empty((len(every), pairs.languages), dtype=np.int64)
        labels[:, list(chain(*parts))] = every
        yield labels[1:]
        return
    generator = np.random.default_rng(named_seed(seed, "crossed", "permutation"))
    step = max(1, BLOCK // max(1, len(pairs.row)))
    for start in range(0, permutations, step):
        size = min(step, permutations - start)
        labels = np.tile(np.arange(pairs.languages), (size, 1))
        for part in parts:
            labels[:, part] = generator.permuted(labels[:, part], axis=1)
        yield labels


def _bootstrap(
    x: Floats, y: Floats, pairs: _Pairs, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """2.5 and 97.5 percent of each row's rho over draws of targets, shape (k,) each."""
    targets = len(pairs.targets)
    generator = np.random.default_rng(named_seed(seed, "crossed", "bootstrap"))
    drawn = generator.multinomial(targets, np.full(targets, 1 / targets), size=resamples)
    weights = drawn[:, pairs.column].astype(np.float64)
    ends = np.full((2, len(x)), math.nan)
    of_y = _weighted_ranks(y, weights)
    spread_y = (weights * of_y**2).sum(axis=1)
    for i, row in enumerate(x):
        ranks = _weighted_ranks(row, weights)
        variance = (weights * ranks**2).sum(axis=1) * spread_y
        known = variance > TOLERANCE
        rho = (weights * ranks * of_y).sum(axis=1)[known] / np.sqrt(variance[known])
        if len(rho):
            ends[:, i] = np.percentile(rho, [2.5, 97.5])
    return ends[0], ends[1]


def _weighted_ranks(values: Floats, weights: Floats) -> Floats:
    """Mid-ranks, less their mean, of values that stand as often as weights say; as `weights`."""
    before = (values[:, None] < values) + (values[:, None] == values) / 2
    return np.asarray(weights @ before - weights.sum(axis=1, keepdims=True) / 2)
