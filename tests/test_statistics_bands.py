"""Intervals over units and of ratios, against scipy and plain enumeration."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from isogloss.errors import TableError
from isogloss.statistics.paths import ratio_interval, unit_bands


def test_bands_equal_all_resamples_of_three_units() -> None:
    values = np.array([[0.0, 1], [3, 5], [9, 2]])
    means = np.array([values[list(rows)].mean(0) for rows in itertools.product(range(3), repeat=3)])
    found = unit_bands(values, 20_000, 1)
    np.testing.assert_allclose(found.mean, values.mean(0))
    # the distribution has few values: 2.5 percent falls on the least of them
    np.testing.assert_allclose(found.low, means.min(0))
    np.testing.assert_allclose(found.high, means.max(0))
    assert found.n.tolist() == [3, 3]


def test_bands_are_about_as_wide_as_scipys() -> None:
    values = np.random.default_rng(2).normal(size=(30, 1))
    found = unit_bands(values, 5000, 3)
    wanted = stats.bootstrap(
        (values[:, 0],), np.mean, n_resamples=5000, method="percentile", rng=4
    ).confidence_interval
    assert (found.low[0], found.high[0]) == pytest.approx((wanted.low, wanted.high), abs=0.03)


def test_points_share_their_resamples() -> None:
    column = np.random.default_rng(5).random(8)
    found = unit_bands(np.stack([column, column + 1, -column], axis=1), 500, 1)
    assert found.low[1] == pytest.approx(found.low[0] + 1)
    assert found.low[2] == pytest.approx(-found.high[0])
    again = unit_bands(column[:, None], 500, 1)
    assert again.low[0] == pytest.approx(found.low[0])
    assert unit_bands(column[:, None], 500, 2).low[0] != again.low[0]


def test_units_without_a_value_are_left_out() -> None:
    values = np.array([[1.0, math.nan, math.nan], [2, 4, math.nan], [3, 6, 7]])
    found = unit_bands(values, 2000, 1)
    np.testing.assert_allclose(found.mean, [2, 5, 7])
    assert found.n.tolist() == [3, 2, 1]
    assert (found.low[1], found.high[1]) == (4, 6)
    assert math.isnan(found.low[2]) and math.isnan(found.high[2])
    none = unit_bands(np.full((2, 1), math.nan), 100, 1)
    assert math.isnan(none.mean[0]) and none.n.tolist() == [0]


def test_ratio_is_of_means() -> None:
    top, bottom = np.array([1.0, 2, 3]), np.array([2.0, 4, 6])
    found = ratio_interval(top, bottom, 500, 1)
    assert found == pytest.approx((0.5, 0.5, 0.5, 3))
    uneven = ratio_interval(np.ones(8), np.array([0.0, 4] * 4), 2000, 1)
    assert uneven.mean == 0.5 and uneven.low < 0.5 < uneven.high


def test_ratio_interval_equals_all_resamples() -> None:
    top, bottom = np.array([1.0, 5, 2]), np.array([2.0, 3, 4])
    ratios = [
        top[list(rows)].sum() / bottom[list(rows)].sum()
        for rows in itertools.product(range(3), repeat=3)
    ]
    found = ratio_interval(top, bottom, 20_000, 1)
    assert (found.low, found.high) == pytest.approx((min(ratios), max(ratios)))


@pytest.mark.parametrize(
    ("top", "bottom", "n"),
    [
        ([1.0, 2], [-1.0, 0], 2),
        ([1.0, 2, 3], [-1.0, -1, 2.5], 3),
        ([math.nan], [1.0], 0),
        ([], [], 0),
    ],
)
def test_ratio_without_meaning_is_nan(top: list[float], bottom: list[float], n: int) -> None:
    found = ratio_interval(np.array(top), np.array(bottom), 2000, 1)
    assert all(math.isnan(value) for value in found[:3])
    assert found.n == n


def test_ratio_of_one_unit_and_of_other_shapes() -> None:
    one = ratio_interval(np.array([1.0, math.nan]), np.array([4.0, 1]), 100, 1)
    assert one.mean == 0.25 and math.isnan(one.low) and one.n == 1
    with pytest.raises(TableError, match="two equal"):
        ratio_interval(np.ones(2), np.ones(3), 100, 1)
