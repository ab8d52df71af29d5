"""Correlation over pairs of languages, with the inference that pairs of languages need.

Every language is part of many pairs, so pairs are not independent observations. The
p-value of a textbook test treats them as such and is too small; it stands here because
studies print it. Beside it stand a permutation test that relabels languages (Mantel 1967,
quadratic assignment procedure) and a bootstrap that draws languages, not pairs.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from isogloss.errors import TableError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Coefficient = Literal["pearson", "spearman"]

# streams of random numbers that a seed is split into
STREAMS = {"permutation": 1, "bootstrap": 2}
# numbers held at once while permuting or resampling
BLOCK = 4_000_000
# two values of r closer than this are the same: rounding of sums must not break ties
TOLERANCE = 1e-12
# scipy's bound for an input whose spread is lost in rounding
NEARLY_CONSTANT = float(np.finfo(np.float64).eps ** 0.75)


class Correlation(NamedTuple):
    """A correlation, its n pairs, two-sided p-values (fractions) and 95 percent interval."""

    value: float
    n: int
    p: float
    p_permutation: float
    low: float
    high: float


class _Pairs(NamedTuple):
    """The pairs that take part: indices of two languages, shape (m,) each.

    A row (one source) is the case in which `first` is `source` throughout; its data
    is then of shape (n,) and indexed by `second` alone.
    """

    first: Integers
    second: Integers
    n: int
    source: int | None

    def cells(self, labels: Integers) -> Integers:
        """Flat index of each pair's cell under labels of shape (..., n)."""
        columns = labels[..., self.second]
        return columns if self.source is not None else labels[..., self.first] * self.n + columns

    def movable(self) -> Integers:
        """Languages that may be relabelled or redrawn: all but a single source."""
        return np.array([i for i in range(self.n) if i != self.source], dtype=np.int64)


def correlate(
    x: Floats,
    y: Floats,
    coefficient: Coefficient,
    same_language: bool,
    source: int | None = None,
    permutations: int = 9999,
    resamples: int = 2000,
    seed: int = 42,
) -> Correlation:
    """Correlate two quantities over pairs of languages.

    Parameters
    ----------
    x, y : float64, shape (n, n), rows source and columns target; with `source` also (n,),
        the row of that source
    same_language : whether the pairs of a language with itself take part
    source : index of the only source, or None for all pairs
    permutations : relabelings that are drawn; when the languages have no more relabelings
        than that, all of them are used and the p-value is exact
    resamples : bootstrap samples

    Returns
    -------
    Correlation
        `value` and `p` as `scipy.stats.pearsonr` or `spearmanr` give. `p_permutation`:
        languages of `y` relabelled in rows and columns alike (with one source: the other
        targets), two-sided, (1 + count) / (1 + relabelings). `low`, `high`: percentile
        bootstrap over languages; a pair weighs the product of its languages'
        multiplicities, a same-language pair its multiplicity, so that no pair of two
        copies of a language arises. A single source is never redrawn. Resamples without
        a defined correlation are left out. All nan but `n` where a quantity is constant
        or not finite, or where there are fewer than three pairs.

    Raises
    ------
    TableError
        where the shapes do not fit
    """
    return correlate_many(
        np.asarray(x, dtype=np.float64)[None],
        y,
        coefficient,
        same_language,
        source,
        permutations,
        resamples,
        seed,
    )[0]


def correlate_many(
    xs: Floats,
    y: Floats,
    coefficient: Coefficient,
    same_language: bool,
    source: int | None = None,
    permutations: int = 9999,
    resamples: int = 2000,
    seed: int = 42,
) -> list[Correlation]:
    """Correlate each of k quantities with `y` as `correlate` does, sharing all draws.

    Parameters
    ----------
    xs : float64, shape (k, n, n), or (k, n) with `source`
    """
    flat_xs, flat_y, pairs = _flatten(xs, y, same_language, source)
    n = len(pairs.first)
    undefined = Correlation(math.nan, n, math.nan, math.nan, math.nan, math.nan)
    original = pairs.cells(np.arange(pairs.n))
    x, y_pairs = flat_xs[:, original], flat_y[original]
    found = [undefined] * len(x)
    defined = [i for i, row in enumerate(x) if _varies(row)]
    if n < 3 or not _varies(y_pairs) or not defined:
        return found
    p_permutation = _permutation_p(x[defined], y_pairs, coefficient, pairs, permutations, seed)
    intervals = _intervals(x[defined], y_pairs, coefficient, pairs, resamples, seed)
    for i, permuted, (low, high) in zip(defined, p_permutation, intervals, strict=True):
        value, p = _textbook(x[i], y_pairs, coefficient)
        found[i] = Correlation(value, n, p, float(permuted), low, high)
    return found


def benjamini_hochberg(p: Sequence[float] | Floats) -> Floats:
    """False discovery rate q of each p-value (Benjamini and Hochberg 1995), nan for nan."""
    values = np.asarray(p, dtype=np.float64)
    q = np.full(values.shape, math.nan)
    known = ~np.isnan(values)
    if known.any():
        q[known] = stats.false_discovery_control(values[known], method="bh")
    return q


def stars(p: float, levels: Sequence[tuple[float, str]] = ((0.01, "**"), (0.05, "*"))) -> str:
    """Mark of the first level that `p` is below; levels in ascending order; "" for none."""
    return next((mark for level, mark in levels if p < level), "")


def _flatten(
    xs: Floats, y: Floats, same_language: bool, source: int | None
) -> tuple[Floats, Floats, _Pairs]:
    """Bring data to shapes (k, cells) and (cells,), with the pairs that take part."""
    xs, y = np.asarray(xs, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n = y.shape[-1]
    square = y.ndim == 2 and y.shape[0] == n
    if xs.shape[1:] != y.shape or not (square or (y.ndim == 1 and source is not None)):
        raise TableError(
            f"correlation of shapes {xs.shape[1:]} and {y.shape}: allowed are two equal "
            "shapes (n, n), or (n,) with one source"
        )
    if source is not None and not 0 <= source < n:
        raise TableError(f"correlation: source {source} is not among {n} languages")
    if source is not None and square:
        xs, y = xs[:, source], y[source]
    first, second = np.divmod(np.arange(n * n), n)
    taken = np.full(n * n, True) if source is None else first == source
    if not same_language:
        taken &= first != second
    return xs.reshape(len(xs), -1), y.ravel(), _Pairs(first[taken], second[taken], n, source)


def _textbook(x: Floats, y: Floats, coefficient: Coefficient) -> tuple[float, float]:
    """Correlation and two-sided p-value that take pairs as independent."""
    found = stats.pearsonr(x, y) if coefficient == "pearson" else stats.spearmanr(x, y)
    return float(found.statistic), float(found.pvalue)


def _varies(values: Floats) -> bool:
    """Whether all values are finite and spread more widely than rounding does."""
    if not np.isfinite(values).all():
        return False
    spread = np.linalg.norm(values - values.mean())
    return bool(np.ptp(values) > 0 and spread >= NEARLY_CONSTANT * abs(values.mean()))


def _standardised(values: Floats, coefficient: Coefficient) -> Floats:
    """Values, or their ranks, along the last axis, centred and of norm 1."""
    if coefficient == "spearman":
        values = stats.rankdata(values, axis=-1)
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=-1, keepdims=True)


def _blocks(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows, so that rows x width stays within BLOCK."""
    step = max(1, BLOCK // max(1, width))
    return (slice(start, start + step) for start in range(0, count, step))


def _relabelings(pairs: _Pairs, permutations: int, seed: int) -> Integers:
    """Relabelings other than the identity, shape (r, n): all of them, or drawn ones."""
    movable = pairs.movable()
    if math.factorial(len(movable)) <= permutations:
        orders = np.array(list(itertools.permutations(movable)), dtype=np.int64)[1:]
    else:
        generator = np.random.default_rng([seed, STREAMS["permutation"]])
        orders = generator.permuted(np.tile(movable, (permutations, 1)), axis=1)
    labels = np.tile(np.arange(pairs.n), (len(orders), 1))
    labels[:, movable] = orders
    return labels


def _permutation_p(
    x: Floats, y: Floats, coefficient: Coefficient, pairs: _Pairs, permutations: int, seed: int
) -> Floats:
    """Two-sided permutation p of k rows, shape (k,).

    A relabeling maps the pairs that take part onto themselves, so mean, spread and ranks
    stay as they are: only the sum of products has to be computed anew.
    """
    if permutations < 1:
        return np.full(len(x), math.nan)
    unit_x, unit_y = _standardised(x, coefficient), _standardised(y, coefficient)
    cells = np.zeros(pairs.n if pairs.source is not None else pairs.n**2)
    cells[pairs.cells(np.arange(pairs.n))] = unit_y
    bound = np.abs(unit_x @ unit_y) - TOLERANCE
    labels = _relabelings(pairs, permutations, seed)
    count = np.zeros(len(x))
    for block in _blocks(len(labels), len(y)):
        permuted = cells[pairs.cells(labels[block])]
        count += (np.abs(permuted @ unit_x.T) >= bound).sum(axis=0)
    return (1 + count) / (1 + len(labels))


def _weights(pairs: _Pairs, resamples: int, seed: int) -> Floats:
    """Weight of each pair in each resample of languages, shape (resamples, m)."""
    movable = pairs.movable()
    generator = np.random.default_rng([seed, STREAMS["bootstrap"]])
    multiplicity = np.ones((resamples, pairs.n))
    multiplicity[:, movable] = generator.multinomial(
        len(movable), np.full(len(movable), 1 / len(movable)), size=resamples
    )
    product = multiplicity[:, pairs.first] * multiplicity[:, pairs.second]
    own = pairs.first == pairs.second
    product[:, own] = multiplicity[:, pairs.first[own]]
    return product


def _intervals(
    x: Floats, y: Floats, coefficient: Coefficient, pairs: _Pairs, resamples: int, seed: int
) -> list[tuple[float, float]]:
    """2.5 and 97.5 percent of k bootstrapped correlations."""
    if resamples < 1:
        return [(math.nan, math.nan)] * len(x)
    weights = _weights(pairs, resamples, seed)
    resampled = _weighted_pearson if coefficient == "pearson" else _weighted_spearman
    values = np.concatenate(
        [resampled(weights[block], x, y) for block in _blocks(len(weights), len(y))]
    )
    return [_percentiles(column[np.isfinite(column)]) for column in values.T]


def _percentiles(values: Floats) -> tuple[float, float]:
    if not len(values):
        return math.nan, math.nan
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _ratio(covariance: Floats, variance_x: Floats, variance_y: Floats) -> Floats:
    """Correlation from moments; nan where a variance is no more than rounding."""
    positive = (variance_x > TOLERANCE) & (variance_y > TOLERANCE)
    scale = np.sqrt(np.where(positive, variance_x * variance_y, 1))
    return np.where(positive, np.clip(covariance / scale, -1, 1), math.nan)


def _weighted_pearson(weights: Floats, x: Floats, y: Floats) -> Floats:
    """Weighted Pearson correlations, shape (resamples, k); x of shape (k, m), y (m,)."""
    # unit variance over all pairs keeps the differences of moments well conditioned
    scale = math.sqrt(len(y))
    x, y = _standardised(x, "pearson") * scale, _standardised(y, "pearson") * scale
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = weights / total
        mean_x, mean_y = share @ x.T, (share @ y)[:, None]
        return _ratio(
            share @ (x * y).T - mean_x * mean_y,
            share @ (x**2).T - mean_x**2,
            (share @ y**2)[:, None] - mean_y**2,
        )


def _weighted_ranks(values: Floats, weights: Floats) -> Floats:
    """Mid-ranks of values repeated by weights, less their mean, shape (resamples, m)."""
    order = np.argsort(values, kind="stable")
    start = np.flatnonzero(np.diff(values[order], prepend=-math.inf) != 0)
    group = np.add.reduceat(weights[:, order], start, axis=1)
    upper = np.cumsum(group, axis=1)
    middle = upper - group / 2 - upper[:, -1:] / 2
    return middle[:, np.unique(values, return_inverse=True)[1]]


def _weighted_spearman(weights: Floats, x: Floats, y: Floats) -> Floats:
    """Weighted Spearman correlations, shape (resamples, k); x of shape (k, m), y (m,)."""
    ranks_y = _weighted_ranks(y, weights)
    weighted_y = weights * ranks_y
    variance_y = (weighted_y * ranks_y).sum(axis=1)
    values = np.empty((len(weights), len(x)))
    for i, row in enumerate(x):
        ranks = _weighted_ranks(row, weights)
        values[:, i] = _ratio(
            (weighted_y * ranks).sum(axis=1), (weights * ranks**2).sum(axis=1), variance_y
        )
    return values
