"""Masks of sub-networks: the fraction p of an encoder's parameters with the largest Fisher values.

Yun et al. 2023, Section 3: one threshold for all parameters together. The rule is the released
code's: the threshold is `np.percentile(fisher, (1 - p) * 100)`, and a parameter belongs to the
mask if its value reaches it. Masks of a smaller p are parts of those of a larger p, so one level
per parameter tells all of them.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isogloss.errors import TrainingError

# levels are stored as uint8
LONGEST_GRID = 255
# values at once, so that what is derived from them stays in the processor's cache
PIECE = 1 << 16
# a bin holds the values that share 16 bits behind the sign: 256 bins per power of 2 in float32
BIN_BITS = 16
UNSIGNED = {np.dtype(np.float32): np.uint32, np.dtype(np.float64): np.uint64}


class Selection(NamedTuple):
    """What a fraction of the parameters became.

    p : fraction that was asked for
    threshold : smallest value that is kept, in units of the Fisher values; 0 keeps everything
    selected : parameters kept, those that tie with the threshold included
    ties : parameters whose value equals the threshold
    """

    p: float
    threshold: float
    selected: int
    ties: int


class _Ranked(NamedTuple):
    """The values of some bins in rising order.

    values : (m,), all values of the bins that are kept
    below : int64 (bins + 1,), values in lower bins
    kept : int64 (bins + 1,), values in lower bins that are kept
    """

    values: NDArray[np.floating]
    below: NDArray[np.int64]
    kept: NDArray[np.int64]

    def value(self, rank: int) -> np.floating:
        """Value with `rank` values before it, from a bin that is kept."""
        holder = np.searchsorted(self.below, rank, "right") - 1
        return self.values[self.kept[holder] + rank - self.below[holder]]

    def rank(self, place: int) -> int:
        """Number of all values before the kept value at `place`."""
        holder = np.searchsorted(self.kept, place, "right") - 1
        return int(self.below[holder] + place - self.kept[holder])


def select(fisher: NDArray[np.floating], grid: Sequence[float]) -> list[Selection]:
    """Thresholds of all p at once, and what they keep.

    Bits of floats that are not negative rise with their value. Values are counted by their first
    bits, and only those that share them with a wanted rank are sorted.

    Parameters
    ----------
    fisher : float32 or float64 (n,), diagonal of the Fisher information
    grid : fractions p, rising, above 0 and below 1

    Returns
    -------
    one selection per p; thresholds are those of `np.percentile` (numpy 2.4, one p at a time) in
    the type of `fisher`, to the bit

    Raises
    ------
    TrainingError
        if a value is negative or not finite
    ValueError
        for an empty array, another type, or a grid that does not rise from above 0 to below 1
    """
    _check(fisher, grid)
    size = len(fisher)
    places = [(size - 1) * ((1 - p) * 100 / 100) for p in grid]
    ranks = [(math.floor(place), min(math.floor(place) + 1, size - 1)) for place in places]
    ranked = _rank(fisher, sorted({rank for pair in ranks for rank in pair}))
    return [
        _selection(p, ranked, size, *pair, place - pair[0])
        for p, place, pair in zip(grid, places, ranks, strict=True)
    ]


def levels(
    fisher: NDArray[np.floating], thresholds: Sequence[float] | NDArray[np.floating]
) -> NDArray[np.uint8]:
    """Number of masks that hold each parameter, uint8 (n,).

    Parameters
    ----------
    fisher : float32 or float64 (n,)
    thresholds : up to 255, one per p of a rising grid, as `select` gives them

    Raises
    ------
    ValueError
        for more than 255 thresholds, which uint8 cannot count
    """
    if len(thresholds) > LONGEST_GRID:
        raise ValueError(f"got {len(thresholds)} thresholds; allowed: up to {LONGEST_GRID}")
    bounds = np.asarray(thresholds, dtype=fisher.dtype)
    counts = np.zeros(len(fisher), np.uint8)
    reached = np.empty(min(PIECE, len(fisher)), bool)
    for start in range(0, len(fisher), PIECE):
        values, count = fisher[start : start + PIECE], counts[start : start + PIECE]
        flags = reached[: len(values)]
        for bound in bounds:
            np.greater_equal(values, bound, out=flags)
            np.add(count, flags.view(np.uint8), out=count)
    return counts


def mask(levels: NDArray[np.uint8], place: int, grid: int) -> NDArray[np.bool_]:
    """Mask of one p, bool (n,).

    Parameters
    ----------
    levels : uint8 (n,)
    place : of p in its rising grid, from 0
    grid : number of p in the grid
    """
    return levels >= grid - place


def _check(fisher: NDArray[np.floating], grid: Sequence[float]) -> None:
    if fisher.ndim != 1 or not len(fisher) or fisher.dtype not in UNSIGNED:
        raise ValueError(
            f"got Fisher values of shape {fisher.shape} and type {fisher.dtype}; "
            "allowed: float32 or float64 (n,), n at least 1"
        )
    rises = all(low < high for low, high in zip([0, *grid], [*grid, 1], strict=True))
    if not 1 <= len(grid) <= LONGEST_GRID or not rises:
        raise ValueError(
            f"got the grid {list(grid)}; allowed: 1 to {LONGEST_GRID} rising fractions "
            "above 0 and below 1"
        )


def _rank(fisher: NDArray[np.floating], ranks: Sequence[int]) -> _Ranked:
    """Sort the bins that hold values of some ranks."""
    counts = np.zeros(1 << BIN_BITS, np.int64)
    # np.bincount is slow per call beside so many bins, so it gets more at once
    for start in range(0, len(fisher), 4 * PIECE):
        counts += _count(fisher[start : start + 4 * PIECE], start)
    below = np.concatenate([[0], np.cumsum(counts)])
    wanted = np.zeros(len(counts), bool)
    wanted[np.searchsorted(below, ranks, "right") - 1] = True
    parts = [
        values[wanted[_bins(values)]]
        for values in (fisher[start : start + PIECE] for start in range(0, len(fisher), PIECE))
    ]
    kept = np.concatenate([[0], np.cumsum(np.where(wanted, counts, 0))])
    return _Ranked(np.sort(np.concatenate(parts)), below, kept)


def _count(values: NDArray[np.floating], start: int) -> NDArray[np.int64]:
    # a maximum or minimum is nan if any value is
    if not (values.min() >= 0 and values.max() < np.inf):
        bad = int(np.flatnonzero(~((values >= 0) & (values < np.inf)))[0])
        raise TrainingError(
            f"Fisher information: the value of parameter {start + bad} is {values[bad]}; "
            "allowed: finite numbers that are not negative"
        )
    return np.bincount(_bins(values), minlength=1 << BIN_BITS)


def _bins(values: NDArray[np.floating]) -> NDArray[np.unsignedinteger]:
    """First bits of each value, which rise with it; negative zeros count as zeros."""
    unsigned = UNSIGNED[values.dtype]
    # the sign is shifted out: exponent and 8 further bits (float32), or 5 (float64)
    return (values.view(unsigned) << unsigned(1)) >> unsigned(8 * values.itemsize - BIN_BITS)


def _selection(
    p: float, ranked: _Ranked, size: int, before: int, after: int, share: float
) -> Selection:
    threshold = _between(ranked.value(before), ranked.value(after), share)
    # No value lies between two neighbours in rank, so the first kept value that reaches the
    # threshold is the first of all.
    first = int(np.searchsorted(ranked.values, threshold, "left"))
    behind = int(np.searchsorted(ranked.values, threshold, "right"))
    return Selection(p, float(threshold), size - ranked.rank(first), behind - first)


def _between(low: np.floating, high: np.floating, share: float) -> np.floating:
    """Linear interpolation in the type of the values, rounded as `np.percentile` rounds."""
    step = high - low
    return low + step * share if share < 0.5 else high - step * (1 - share)
