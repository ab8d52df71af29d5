"""Numbers that describe how a score moves between models, along a line or over a plane.

A line is a curve f(alpha) with a model at 0 and another at 1; a plane is a surface over two such
coefficients. Everything is in units of f unless said otherwise. Intervals over units (pairs of
languages and tasks) draw units as if they were independent, as figures of such curves do; units
that share a language are not quite.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from isogloss.errors import TableError
from isogloss.seeds import named_seed
from isogloss.statistics.correlation import NEARLY_CONSTANT

Floats = NDArray[np.float64]

# Two coefficients closer than this are one: sums of decimal steps are not exact.
SAME = 1e-9
# Where Wu et al. 2022, Section 5, see local drops: "around 0.1 and 0.9".
START, END = (0.0, 0.2), (0.8, 1.0)
# A point of a normalised surface that is as good as the bilingual model for most purposes.
HIGH = 0.95


class PathDescription(NamedTuple):
    """Shape of a curve f on [0, 1].

    barrier : largest depth below the straight line from f(0) to f(1), at least 0
        (linear mode connectivity, Frankle et al. 2020)
    range : largest less smallest value
    gain : f(1) - f(0)
    slope : of the least-squares line, per unit of alpha; a point weighs the part of [0, 1]
        that is nearest to it, because alphas may be denser in places
    linearity : R squared of that line with the same weights, a fraction; nan for a constant f
    fall : largest fall against the direction of the gain (of a rise, where there is no gain),
        from the best point so far to a later one; 0 for a monotone curve
    roughness : root mean square distance of a point from the straight line between its two
        neighbours. It is 0 for a straight line and shrinks with the square of the spacing for
        any smooth curve, whereas jumps and jitter stay in it; nan with fewer than three points
    dip_start, dip_end : largest depth within (0, 0.2) below the straight line from f(0) to
        f(0.2), and within (0.8, 1) below that from f(0.8) to f(1); negative where all points
        lie above it, nan where an end of it or points between are missing
    """

    barrier: float
    range: float
    gain: float
    slope: float
    linearity: float
    fall: float
    roughness: float
    dip_start: float
    dip_end: float


class MeanInterval(NamedTuple):
    """A mean and its 95 percent interval."""

    mean: float
    low: float
    high: float


class Flatness(NamedTuple):
    """How flat a normalised surface is.

    inner_gradient, gradient : mean norm of the gradient over [0, 1] x [0, 1] and over the whole
        grid, per unit of a coefficient; a point weighs the area that is nearest to it
    at_first, at_second : norm of the gradient at (1, 0) and at (0, 1)
    high : share of grid points with a value of at least `HIGH`
    """

    inner_gradient: float
    gradient: float
    at_first: float
    at_second: float
    high: float


class Bands(NamedTuple):
    """Means over units at k points and their 95 percent intervals, each of shape (k,).

    n : int64 (k,), units with a value
    """

    mean: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]


class RatioInterval(NamedTuple):
    """A ratio of means over n units and its 95 percent interval."""

    mean: float
    low: float
    high: float
    n: int


def describe_path(alphas: Floats, values: Floats) -> PathDescription:
    """Describe the part of a curve that lies on [0, 1].

    Parameters
    ----------
    alphas : (k,), distinct, in any order and spacing; 0 and 1 among them
    values : (k,), finite

    Raises
    ------
    TableError
        if shapes differ, a value is not finite, or alphas repeat or lack 0 or 1
    """
    x, y = _inner_part(alphas, values)
    gain = float(y[-1] - y[0])
    slope, linearity = _weighted_line(x, y)
    upwards = -y if gain < 0 else y
    return PathDescription(
        barrier=max(0.0, float((y[0] + gain * x - y).max())),
        range=float(np.ptp(y)),
        gain=gain,
        slope=slope,
        linearity=linearity,
        fall=float((np.maximum.accumulate(upwards) - upwards).max()),
        roughness=_roughness(x, y),
        dip_start=_dip(x, y, *START),
        dip_end=_dip(x, y, *END),
    )


def mean_interval(values: Floats) -> MeanInterval:
    """Mean of values (n,), nan left out, with Student's t interval of 95 percent.

    Returns
    -------
    MeanInterval
        ends are nan with fewer than two values, all is nan without any
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return MeanInterval(math.nan, math.nan, math.nan)
    mean = float(known.mean())
    if len(known) < 2:
        return MeanInterval(mean, math.nan, math.nan)
    # the quantile of Student's t without the overhead of scipy.stats, for thousands of lines
    half = float(special.stdtrit(len(known) - 1, 0.975) * known.std(ddof=1) / len(known) ** 0.5)
    return MeanInterval(mean, mean - half, mean + half)


def describe_surface(first: Floats, second: Floats, values: Floats) -> Flatness:
    """Describe how flat a surface is.

    Parameters
    ----------
    first, second : (a,) and (b,), rising, two or more; 0 and 1 among both
    values : (a, b), finite, as shares of the value at (0, 0)

    Returns
    -------
    Flatness
        gradients as `numpy.gradient` gives them: central differences, one-sided at the edges

    Raises
    ------
    TableError
        if shapes do not fit, a value is not finite, or coefficients do not rise or lack 0 or 1
    """
    x, y, z = (np.asarray(part, dtype=np.float64) for part in (first, second, values))
    _check_grid(x, y, z)
    norms = np.hypot(*np.gradient(z, x, y))
    rows, columns = _inside(x), _inside(y)
    inner = norms[np.ix_(rows, columns)]
    return Flatness(
        inner_gradient=_area_mean(inner, _widths(x[rows]), _widths(y[columns])),
        gradient=_area_mean(norms, _widths(x), _widths(y)),
        # the first and last points on [0, 1] are 0 and 1
        at_first=float(inner[-1, 0]),
        at_second=float(inner[0, -1]),
        high=float(np.mean(z >= HIGH)),
    )


def unit_bands(values: Floats, resamples: int, seed: int) -> Bands:
    """Means over units with percentile bootstraps, one resample of units for all points.

    Parameters
    ----------
    values : (u, k), one row for each unit; nan where a unit has no value, which is left out
    resamples : bootstrap samples

    Returns
    -------
    Bands
        ends are nan where fewer than two units have a value
    """
    values = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0)
    n = known.sum(axis=0)
    mean = filled.sum(axis=0) / np.where(n > 0, n, math.nan)
    low, high = np.full((2, values.shape[1]), math.nan)
    wide = n > 1
    if wide.any():
        counts = _counts(len(values), resamples, seed)
        totals = counts @ known[:, wide]
        means = (counts @ filled[:, wide]) / np.where(totals > 0, totals, math.nan)
        low[wide], high[wide] = np.nanquantile(means, [0.025, 0.975], axis=0)
    return Bands(mean, low, high, n.astype(np.int64))


def ratio_interval(top: Floats, bottom: Floats, resamples: int, seed: int) -> RatioInterval:
    """Mean of `top` over mean of `bottom`, with a percentile bootstrap that draws units.

    A ratio of means, not a mean of ratios: a unit whose `bottom` is near 0 does not rule it.

    Parameters
    ----------
    top, bottom : (u,), the same units; those at which one of the two is nan are left out

    Returns
    -------
    RatioInterval
        all nan but n where the mean of `bottom` is not above 0, in all units or in more than
        2.5 percent of resamples: the ratio has no meaning then; ends are nan for one unit

    Raises
    ------
    TableError
        if the shapes differ
    """
    pair = [np.asarray(part, dtype=np.float64) for part in (top, bottom)]
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape:
        raise TableError(
            f"ratio of shapes {pair[0].shape} and {pair[1].shape}: allowed are two equal (u,)"
        )
    above, below = (part[~np.isnan(pair[0] + pair[1])] for part in pair)
    n = len(above)
    undefined = RatioInterval(math.nan, math.nan, math.nan, n)
    if n == 0 or below.sum() <= 0:
        return undefined
    value = float(above.sum() / below.sum())
    if n == 1:
        return undefined._replace(mean=value)
    counts = _counts(n, resamples, seed)
    sums = counts @ below
    defined = sums > 0
    if defined.mean() < 0.975:
        return undefined
    low, high = np.quantile((counts @ above)[defined] / sums[defined], [0.025, 0.975])
    return RatioInterval(value, float(low), float(high), n)


def _inner_part(alphas: Floats, values: Floats) -> tuple[Floats, Floats]:
    """The points on [0, 1] in rising order; the first and last alpha are exactly 0 and 1."""
    x, y = np.asarray(alphas, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise TableError(f"path of shapes {x.shape} and {y.shape}: allowed are two equal (k,)")
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise TableError("path: a coefficient or value is not a number; allowed are finite ones")
    repeated = np.flatnonzero(np.diff(x) <= SAME)
    if len(repeated):
        raise TableError(f"path: alpha {x[repeated[0]]:g} stands twice; allowed is once")
    inside = _inside(x)
    x, y = x[inside], y[inside]
    if len(x) < 2 or x[0] > SAME or x[-1] < 1 - SAME:
        raise TableError("path: alphas must hold 0 and 1, the models at its ends")
    x[0], x[-1] = 0, 1
    return x, y


def _widths(axis: Floats) -> Floats:
    """Part of an axis that each point stands for: weights of the trapezoid rule."""
    halves = np.diff(axis) / 2
    return np.append(halves, 0) + np.insert(halves, 0, 0)


def _check_grid(x: Floats, y: Floats, z: Floats) -> None:
    if x.ndim != 1 or y.ndim != 1 or z.shape != (len(x), len(y)) or min(z.shape) < 2:
        raise TableError(
            f"surface of shape {z.shape} over {x.shape} and {y.shape}: allowed are (a, b), (a,) "
            "and (b,), a and b at least 2"
        )
    if not np.isfinite(z).all():
        i, j = np.argwhere(~np.isfinite(z))[0]
        raise TableError(f"surface: the value at ({x[i]:g}, {y[j]:g}) is {z[i, j]:g}, not a number")
    if (np.diff(x) <= SAME).any() or (np.diff(y) <= SAME).any():
        raise TableError("surface: coefficients must rise from each to the next")
    for axis in (x, y):
        inner = axis[_inside(axis)]
        if len(inner) < 2 or inner[0] > SAME or inner[-1] < 1 - SAME:
            raise TableError("surface: coefficients must hold 0 and 1")


def _inside(x: Floats) -> NDArray[np.bool_]:
    """Which coefficients are on [0, 1]."""
    return np.asarray((x > -SAME) & (x < 1 + SAME))


def _area_mean(values: Floats, rows: Floats, columns: Floats) -> float:
    return float(rows @ values @ columns / (rows.sum() * columns.sum()))


def _weighted_line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope and R squared of the weighted least-squares line over [0, 1]."""
    weights = _widths(x)
    dx = x - weights @ x
    mean = weights @ y
    dy = y - mean
    slope = float((weights * dx) @ dy / ((weights * dx) @ dx))
    total = float((weights * dy) @ dy)
    if np.ptp(y) == 0 or math.sqrt(total) < NEARLY_CONSTANT * abs(mean):
        return slope, math.nan
    residual = dy - slope * dx
    return slope, 1 - float((weights * residual) @ residual) / total


def _roughness(x: Floats, y: Floats) -> float:
    if len(x) < 3:
        return math.nan
    share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    distance = y[1:-1] - (y[:-2] + share * (y[2:] - y[:-2]))
    return float(np.sqrt(np.mean(distance**2)))


def _dip(x: Floats, y: Floats, low: float, high: float) -> float:
    ends = [np.flatnonzero(np.abs(x - end) < SAME) for end in (low, high)]
    if not all(len(found) for found in ends):
        return math.nan
    i, j = (int(found[0]) for found in ends)
    if j - i < 2:
        return math.nan
    return float((np.interp(x[i + 1 : j], x[[i, j]], y[[i, j]]) - y[i + 1 : j]).max())


def _counts(n: int, resamples: int, seed: int) -> Floats:
    """How often each of n units is in each resample, shape (resamples, n)."""
    generator = np.random.default_rng(named_seed(seed, "paths", "bootstrap"))
    counts = generator.multinomial(n, np.full(n, 1 / n), size=resamples)
    return counts.astype(np.float64)
