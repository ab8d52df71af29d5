"""Masks of sub-networks against numpy's percentiles, one p at a time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from isogloss.errors import TrainingError
from isogloss.subnetworks import masks
from isogloss.subnetworks.masks import levels, mask, select

GRID = [round(0.05 * step, 2) for step in range(1, 20)]
TYPES = st.sampled_from(["float32", "float64"])
GRIDS = st.lists(
    st.floats(0, 1, exclude_min=True, exclude_max=True), min_size=1, max_size=9, unique=True
).map(sorted)


@st.composite
def fisher_values(draw: st.DrawFn) -> NDArray[np.floating]:
    """Any values that are allowed: from all of them, or from a few so that most tie."""
    kind = np.dtype(draw(TYPES))
    values = st.floats(0, float(np.finfo(kind).max), width=32 if kind == np.float32 else 64)
    few = draw(st.lists(values, min_size=1, max_size=4))
    elements = draw(st.sampled_from([values, st.sampled_from(few)]))
    return draw(npst.arrays(kind, st.integers(1, 60), elements=elements))


def check(fisher: NDArray[np.floating], grid: list[float]) -> None:
    """Compare thresholds, facts and masks with numpy's."""
    found = select(fisher, grid)
    counts = levels(fisher, [row.threshold for row in found])
    assert counts.dtype == np.uint8
    for place, (p, row) in enumerate(zip(grid, found, strict=True)):
        threshold = np.percentile(fisher, (1 - p) * 100)
        expected = fisher >= threshold
        assert row == (p, threshold, expected.sum(), (fisher == threshold).sum())
        np.testing.assert_array_equal(mask(counts, place, len(grid)), expected)


@settings(max_examples=150, deadline=None)
@given(fisher_values(), GRIDS)
def test_masks_are_numpys(fisher: NDArray[np.floating], grid: list[float]) -> None:
    check(fisher, grid)


@settings(max_examples=150, deadline=None)
@given(fisher_values(), GRIDS, st.integers(1, 7))
def test_pieces_change_nothing(fisher: NDArray[np.floating], grid: list[float], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masks, "PIECE", piece)
        check(fisher, grid)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 3, 20, 21, 1000, 300_001])
def test_squares_of_gradients(size: int, kind: type) -> None:
    generator = np.random.default_rng(size)
    spread = np.exp(3 * generator.standard_normal(size))
    check(np.square(spread * generator.standard_normal(size)).astype(kind), GRID)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("start", [0, 5e-324, 1e-45, 1.0, 1e30])
def test_neighbouring_floats_are_told_apart(start: float, kind: type) -> None:
    """Thresholds between floats that have none between them round to one or the other."""
    unsigned = masks.UNSIGNED[np.dtype(kind)]
    first = np.array([start], kind).view(unsigned)
    values = (first + np.arange(400, dtype=unsigned) // 3).view(kind)
    check(np.random.default_rng(1).permutation(values), GRID)


@pytest.mark.parametrize("size", [255, 256, 257, 70_000])
def test_values_at_the_edges_of_bins(size: int) -> None:
    """Powers of 2 and the floats on both sides of them."""
    powers = (2.0 ** np.random.default_rng(size).integers(-149, 127, size)).astype(np.float32)
    sides = [np.nextafter(powers, np.float32(side)) for side in (0, np.inf)]
    check(np.concatenate([powers, *sides]), GRID)


@pytest.mark.parametrize("value", [0, 1e-40, 1, 3e38])
def test_equal_values_are_all_kept(value: float) -> None:
    fisher = np.full(50, value, np.float32)
    check(fisher, GRID)
    assert all(row.selected == row.ties == 50 for row in select(fisher, GRID))


def test_a_threshold_of_0_shows_that_everything_is_kept() -> None:
    fisher = np.zeros(1000, np.float32)
    fisher[::4] = np.random.default_rng(1).random(250, dtype=np.float32) + 1
    check(fisher, GRID)
    rows = {row.p: row for row in select(fisher, GRID)}
    assert rows[0.2].threshold > 0 and rows[0.2].selected == 200 and rows[0.2].ties == 0
    assert rows[0.3] == (0.3, 0, 1000, 750)


def test_a_negative_zero_is_a_zero() -> None:
    fisher = np.array([0, -0.0, 1, -0.0, 2, 0, -0.0, 3], np.float32)
    check(fisher, GRID)
    check(-np.zeros(9), GRID)
    check(np.concatenate([np.full(500, -0.0), np.arange(1, 501)]), [0.3])


def test_values_need_not_lie_side_by_side() -> None:
    fisher = np.square(np.random.default_rng(1).standard_normal((500, 2))).astype(np.float32)
    check(fisher[:, 1], GRID)
    check(fisher[::-1, 0], GRID)
    assert not fisher[:, 1].flags.c_contiguous


def test_nothing_that_is_given_changes() -> None:
    fisher = np.square(np.random.default_rng(1).standard_normal(500))
    before = fisher.copy()
    fisher.flags.writeable = False
    check(fisher, GRID)
    np.testing.assert_array_equal(fisher, before)


@settings(max_examples=150, deadline=None)
@given(fisher_values(), GRIDS)
def test_masks_are_nested(fisher: NDArray[np.floating], grid: list[float]) -> None:
    rows = select(fisher, grid)
    held = [fisher >= row.threshold for row in rows]
    for smaller, larger in pairwise(held):
        assert not (smaller & ~larger).any()
    expected = np.sum(held, axis=0)
    np.testing.assert_array_equal(levels(fisher, [row.threshold for row in rows]), expected)


def test_as_many_are_kept_as_asked_for_without_ties() -> None:
    fisher = np.random.default_rng(1).permutation(10_000).astype(np.float32)
    assert [row.selected for row in select(fisher, GRID)] == [round(10_000 * p) for p in GRID]


def test_the_longest_grid_fits() -> None:
    grid = list(np.arange(1, 256) / 256)
    fisher = np.random.default_rng(1).random(3000, dtype=np.float32)
    check(fisher, grid)
    assert levels(fisher, [row.threshold for row in select(fisher, grid)]).max() == 255
    with pytest.raises(ValueError, match="256 thresholds"):
        levels(fisher, np.zeros(256))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1, -1e-45])
def test_what_is_no_fisher_information_is_refused(value: float) -> None:
    fisher = np.ones(300_000, np.float32)
    fisher[290_123] = value
    with pytest.raises(TrainingError, match=r"parameter 290123 is .*allowed: finite"):
        select(fisher, GRID)


@pytest.mark.parametrize("grid", [[], [0.2, 0.1], [0.1, 0.1], [0, 0.5], [0.5, 1], [np.nan]])
def test_a_grid_rises_between_0_and_1(grid: list[float]) -> None:
    with pytest.raises(ValueError, match="rising fractions"):
        select(np.ones(3), grid)


@pytest.mark.parametrize(
    "fisher", [np.ones(0), np.ones((2, 2)), np.ones(3, np.float16), np.ones(3, np.int64)]
)
def test_other_arrays_are_refused(fisher: NDArray[np.floating]) -> None:
    with pytest.raises(ValueError, match="allowed: float32 or float64"):
        select(fisher, GRID)
