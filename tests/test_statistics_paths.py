"""Shapes of curves and surfaces, against scikit-learn, scipy and plain enumeration."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn.linear_model import LinearRegression

from isogloss.config.landscapes import ALPHAS, AXIS
from isogloss.errors import TableError
from isogloss.statistics.paths import (
    PathDescription,
    describe_path,
    describe_surface,
    mean_interval,
)

Floats = NDArray[np.float64]
LINE = np.array(ALPHAS)
GRID = np.array(AXIS)
FINE = np.linspace(0, 1, 2001)

percents = st.lists(st.floats(0, 100), min_size=len(LINE), max_size=len(LINE)).map(np.array)


def trapezoid_share(x: Floats, i: int) -> float:
    """Length of [0, 1] that is nearer to point i than to any other."""
    left = (x[i] + x[i - 1]) / 2 if i else 0.0
    right = (x[i] + x[i + 1]) / 2 if i < len(x) - 1 else 1.0
    return float(right - left)


def plain(alphas: Floats, values: Floats) -> PathDescription:
    """Every quantity by its definition, point by point."""
    points = sorted((a, v) for a, v in zip(alphas, values, strict=True) if 0 <= a <= 1)
    x, y = (np.array(part) for part in zip(*points, strict=True))
    n = len(x)
    gain = y[-1] - y[0]
    sign = -1 if gain < 0 else 1
    weights = [trapezoid_share(x, i) for i in range(n)]
    fit = LinearRegression().fit(x[:, None], y, weights)
    constant = np.ptp(y) == 0

    def below(i: int, low: int, high: int) -> float:
        share = (x[i] - x[low]) / (x[high] - x[low])
        return float((1 - share) * y[low] + share * y[high] - y[i])

    places = {round(a, 6): i for i, a in enumerate(x)}
    first, last = places[0.2], places[0.8]
    return PathDescription(
        barrier=max(0.0, *[below(i, 0, n - 1) for i in range(1, n - 1)]),
        range=max(y) - min(y),
        gain=gain,
        slope=float(fit.coef_[0]),
        linearity=math.nan if constant else float(fit.score(x[:, None], y, weights)),
        fall=max(sign * (y[i] - y[j]) for i in range(n) for j in range(i, n)),
        roughness=math.sqrt(np.mean([below(i, i - 1, i + 1) ** 2 for i in range(1, n - 1)])),
        dip_start=max(below(i, 0, first) for i in range(1, first)),
        dip_end=max(below(i, last, n - 1) for i in range(last + 1, n - 1)),
    )


@given(percents)
@settings(max_examples=200, deadline=None)
def test_path_equals_its_definitions(values: Floats) -> None:
    found, wanted = describe_path(LINE, values), plain(LINE, values)
    for name in PathDescription._fields:
        # R squared of a curve that is constant but for rounding is rounding
        if name == "linearity" and np.ptp(values) < 1e-6:
            continue
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=1e-8, nan_ok=True)


def test_straight_line_has_no_shape() -> None:
    found = describe_path(LINE, 40 + 30 * LINE)
    assert found.gain == pytest.approx(30)
    assert found.slope == pytest.approx(30)
    assert found.range == pytest.approx(30)
    assert found.linearity == pytest.approx(1)
    for name in ("barrier", "fall", "roughness", "dip_start", "dip_end"):
        assert getattr(found, name) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("level", [0.0, 0.1, 73.123456789])
def test_constant_curve_has_no_linearity(level: float) -> None:
    found = describe_path(LINE, np.full(len(LINE), level))
    assert math.isnan(found.linearity)
    assert found.slope == pytest.approx(0, abs=1e-12)
    assert found.barrier == found.range == found.gain == found.fall == 0


def test_linearity_of_a_step_and_a_hinge() -> None:
    """The two values that the bound on linear curves is chosen against."""
    step = describe_path(FINE, (FINE > 0.5) + 0.5 * (FINE == 0.5))
    hinge = describe_path(FINE, np.maximum(0, 2 * FINE - 1))
    assert step.linearity == pytest.approx(0.75, abs=1e-3)
    assert hinge.linearity == pytest.approx(0.80, abs=1e-3)


def test_denser_points_do_not_pull_the_line() -> None:
    """The same curve sampled densely near 0 has nearly the slope that even points give."""
    dense = np.unique(np.concatenate([np.linspace(0, 0.2, 400), np.linspace(0, 1, 101)]))
    slope = describe_path(dense, dense**2).slope
    assert slope == pytest.approx(1.0, abs=2e-3)
    assert np.polyfit(dense, dense**2, 1)[0] < 0.9


def test_barrier_and_dips_of_a_valley() -> None:
    values = np.zeros(len(LINE))
    values[np.isclose(LINE, 0.1)] = -2
    values[np.isclose(LINE, 0.9)] = -3
    found = describe_path(LINE, values)
    assert (found.barrier, found.dip_start, found.dip_end) == (3, 2, 3)
    assert found.range == 3
    assert found.fall == 3


def test_barrier_is_never_negative_but_a_dip_may_be() -> None:
    found = describe_path(LINE, 50 - 50 * np.square(LINE - 1))
    assert found.barrier == 0
    assert found.dip_start == pytest.approx(-50 * 0.025 * 0.175)


@pytest.mark.parametrize(
    ("values", "fall"),
    [
        ([0.0, 5, 3, 8, 10], 2),
        ([0.0, 5, 3, 1, 10], 4),
        ([10.0, 8, 9, 3, 0], 1),
        ([0.0, 1, 2, 3, 4], 0),
        ([4.0, 3, 2, 1, 0], 0),
        ([1.0, 3, 2, 0, 1], 3),
    ],
)
def test_fall_is_against_the_gain(values: list[float], fall: float) -> None:
    assert describe_path(np.linspace(0, 1, 5), np.array(values)).fall == fall


def test_roughness_sees_jumps_but_not_smooth_bends() -> None:
    even = np.linspace(0, 1, 11)
    bent = describe_path(even, 3 * np.square(even))
    assert bent.roughness == pytest.approx(3 * 0.1**2)
    jump = describe_path(even, np.where(even > 0.45, 3.0, 0.0))
    assert jump.roughness == pytest.approx(math.sqrt(2 * 1.5**2 / 9))
    finer = describe_path(FINE, 3 * FINE**2)
    assert finer.roughness < bent.roughness / 1000


def test_a_jump_of_a_fifth_makes_the_roughness_that_the_bound_names() -> None:
    found = describe_path(LINE, np.where(LINE > 0.45, 0.2, 0.0))
    assert found.roughness == pytest.approx(0.03, abs=0.002)


@given(percents)
@settings(max_examples=50, deadline=None)
def test_points_outside_and_their_order_do_not_matter(values: Floats) -> None:
    wanted = describe_path(LINE, values)
    order = np.random.default_rng(0).permutation(len(LINE))
    inside = (LINE >= 0) & (LINE <= 1)
    other = np.where(inside, values, -999.0)
    np.testing.assert_array_equal(describe_path(LINE[order], values[order]), wanted)
    np.testing.assert_array_equal(describe_path(LINE, other), wanted)
    np.testing.assert_array_equal(describe_path(LINE[inside], values[inside]), wanted)


@given(percents)
@settings(max_examples=50, deadline=None)
def test_units_and_reversal(values: Floats) -> None:
    found = describe_path(LINE, values)
    half = describe_path(LINE, values / 2)
    back = describe_path(1 - LINE, values)
    for name in PathDescription._fields:
        scale = 1 if name == "linearity" else 0.5
        if name != "linearity" or np.ptp(values) > 1e-6:
            assert getattr(half, name) == pytest.approx(
                scale * getattr(found, name), abs=1e-9, nan_ok=True
            )
    assert back.gain == pytest.approx(-found.gain)
    assert back.slope == pytest.approx(-found.slope, abs=1e-9)
    assert back.barrier == pytest.approx(found.barrier, abs=1e-9)
    assert back.roughness == pytest.approx(found.roughness, abs=1e-9)
    assert (back.dip_end, back.dip_start) == pytest.approx(
        (found.dip_start, found.dip_end), abs=1e-9
    )
    if found.gain:
        assert back.fall == pytest.approx(found.fall, abs=1e-9)


def test_alphas_may_be_off_by_rounding() -> None:
    sums = np.cumsum(np.full(11, 0.1)) - 0.1
    assert sums[-1] != 1
    found = describe_path(sums, sums**2)
    assert found.gain == pytest.approx(1)
    assert not math.isnan(found.dip_end)


def test_what_few_points_lack_is_nan() -> None:
    two = describe_path(np.array([0.0, 1]), np.array([1.0, 3]))
    assert (two.gain, two.slope, two.barrier) == (2, 2, 0)
    assert math.isnan(two.roughness)
    five = describe_path(np.linspace(0, 1, 6), np.arange(6.0))
    assert math.isnan(five.dip_start) and math.isnan(five.dip_end)
    quarters = describe_path(np.linspace(0, 1, 5), np.arange(5.0))
    assert math.isnan(quarters.dip_start) and quarters.roughness == 0


@pytest.mark.parametrize(
    ("alphas", "values", "message"),
    [
        ([0.0, 1], [1.0], "two equal"),
        ([[0.0, 1]], [[1.0, 2]], "two equal"),
        ([0.0, 0.5], [1.0, 2], "must hold 0 and 1"),
        ([0.1, 1], [1.0, 2], "must hold 0 and 1"),
        ([], [], "must hold 0 and 1"),
        ([-0.5, 1.5], [1.0, 2], "must hold 0 and 1"),
        ([0.0, 0.5, 0.5, 1], [1.0, 2, 2, 3], "alpha 0.5 stands twice"),
        ([0.0, 0.5, 1], [1.0, math.nan, 3], "not a number"),
        ([0.0, math.inf, 1], [1.0, 2, 3], "not a number"),
    ],
)
def test_bad_paths_are_errors(alphas: list[Any], values: list[Any], message: str) -> None:
    with pytest.raises(TableError, match=message):
        describe_path(np.array(alphas, dtype=float), np.array(values, dtype=float))


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=9))
@settings(max_examples=100, deadline=None)
def test_interval_over_seeds_equals_scipy(values: list[float]) -> None:
    found = mean_interval(np.array([*values, math.nan]))
    sem = stats.sem(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), sem) if sem else (0, 0)
    assert found.mean == pytest.approx(np.mean(values))
    if sem:
        assert (found.low, found.high) == pytest.approx((low, high))
    else:
        assert found.low == found.mean == found.high


def test_interval_of_one_and_no_seed() -> None:
    one = mean_interval(np.array([3.0]))
    assert one.mean == 3 and math.isnan(one.low) and math.isnan(one.high)
    assert all(math.isnan(value) for value in mean_interval(np.array([math.nan])))


def plane_of(x: Floats, y: Floats) -> Floats:
    return 1 - 0.3 * x[:, None] + 0.4 * y[None]


@pytest.mark.parametrize("axis", [GRID, np.array([-0.5, 0, 0.1, 0.4, 1, 1.2])])
def test_gradient_of_a_tilted_surface(axis: Floats) -> None:
    found = describe_surface(axis, axis[1:], plane_of(axis, axis[1:]))
    assert found[:4] == pytest.approx((0.5, 0.5, 0.5, 0.5))


def test_a_level_surface_is_flat() -> None:
    found = describe_surface(GRID, GRID, np.ones((21, 21)))
    assert found == pytest.approx((0, 0, 0, 0, 1), abs=1e-12)


def test_gradients_equal_central_differences() -> None:
    values = np.random.default_rng(1).random((21, 21))
    norms = np.empty((21, 21))
    for i, j in itertools.product(range(21), repeat=2):
        up, down = min(i + 1, 20), max(i - 1, 0)
        right, left = min(j + 1, 20), max(j - 1, 0)
        first = (values[up, j] - values[down, j]) / (GRID[up] - GRID[down])
        second = (values[i, right] - values[i, left]) / (GRID[right] - GRID[left])
        norms[i, j] = math.hypot(first, second)
    found = describe_surface(GRID, GRID, values)

    def area_mean(part: Floats, axis: Floats) -> float:
        inner = np.trapezoid(np.trapezoid(part, axis, axis=1), axis)
        return float(inner / (axis[-1] - axis[0]) ** 2)

    assert found.gradient == pytest.approx(area_mean(norms, GRID))
    assert found.inner_gradient == pytest.approx(area_mean(norms[5:16, 5:16], GRID[5:16]))
    assert (found.at_first, found.at_second) == pytest.approx((norms[15, 5], norms[5, 15]))
    assert found.high == np.mean(values >= 0.95)


def test_uneven_points_weigh_their_area() -> None:
    """The mean gradient of x squared over [0, 1] is 1, wherever the points crowd."""
    dense = np.unique(np.concatenate([np.linspace(0, 0.2, 101), np.linspace(0, 1, 101)]))
    values = np.repeat(dense[:, None] ** 2, 2, axis=1)
    found = describe_surface(dense, np.array([0.0, 1]), values)
    assert found.inner_gradient == pytest.approx(1, abs=2e-3)
    assert found.gradient == found.inner_gradient


def test_inner_gradient_ignores_the_rim() -> None:
    rim = np.where((GRID < -0.15) | (GRID > 1.15), 5.0, 1.0)
    found = describe_surface(GRID, GRID, np.maximum.outer(rim, rim))
    assert found.inner_gradient == 0
    assert found.gradient > 1


@pytest.mark.parametrize(
    ("first", "second", "values", "message"),
    [
        ([0, 1], [0, 1], np.ones((2, 3)), r"allowed are \(a, b\)"),
        ([0, 1], [0], np.ones((2, 1)), "at least 2"),
        ([1, 0], [0, 1], np.ones((2, 2)), "must rise"),
        ([0, 1], [0, 0.5], np.ones((2, 2)), "must hold 0 and 1"),
        ([0.5, 0.7], [0, 1], np.ones((2, 2)), "must hold 0 and 1"),
        ([-1, 2], [0, 1], np.ones((2, 2)), "must hold 0 and 1"),
        ([0, 1], [0, 1], np.array([[1, 1], [math.nan, 1]]), r"the value at \(1, 0\) is nan"),
    ],
)
def test_bad_surfaces_are_errors(
    first: list[float], second: list[float], values: Floats, message: str
) -> None:
    with pytest.raises(TableError, match=message):
        describe_surface(np.array(first, dtype=float), np.array(second, dtype=float), values)
