"""Correlation over pairs of languages, against scipy and against plain enumeration."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from isogloss.errors import TableError
from isogloss.statistics import correlation
from isogloss.statistics.correlation import (
    Correlation,
    benjamini_hochberg,
    correlate,
    correlate_many,
    stars,
)

TESTS = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}
COEFFICIENTS = pytest.mark.parametrize("coefficient", ["pearson", "spearman"])
TREATMENTS = pytest.mark.parametrize("same_language", [True, False])


def matrices(n: int, seed: int, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Two related directed matrices, of few distinct values with `ties`."""
    generator = np.random.default_rng(seed)
    y = generator.normal(size=(n, n))
    x = y + generator.normal(size=(n, n))
    return (np.round(x), np.round(y)) if ties else (x, y)


def cells(n: int, same_language: bool, source: int | None) -> list[tuple[int, int]]:
    sources = range(n) if source is None else [source]
    return [(s, t) for s in sources for t in range(n) if same_language or s != t]


def plain_value(
    x: np.ndarray, y: np.ndarray, coefficient: str, chosen: list[tuple[int, int]]
) -> float:
    first, second = [x[cell] for cell in chosen], [y[cell] for cell in chosen]
    if len(set(first)) < 2 or len(set(second)) < 2:
        return math.nan
    return float(TESTS[coefficient](first, second).statistic)


def plain_permutation_p(
    x: np.ndarray, y: np.ndarray, coefficient: str, same_language: bool, source: int | None
) -> float:
    n = len(x)
    chosen = cells(n, same_language, source)
    observed = abs(plain_value(x, y, coefficient, chosen))
    found = []
    for order in itertools.permutations(range(n)):
        if source is not None and order[source] != source:
            continue
        relabelled = y[np.ix_(order, order)]
        found.append(abs(plain_value(x, relabelled, coefficient, chosen)) >= observed - 1e-9)
    return float(np.mean(found))


def plain_bootstrap(
    x: np.ndarray,
    y: np.ndarray,
    coefficient: str,
    same_language: bool,
    source: int | None,
    resamples: int,
    seed: int,
) -> tuple[float, float]:
    """Expand each resample to a list of pairs and correlate that list."""
    n = len(x)
    movable = [i for i in range(n) if i != source]
    generator = np.random.default_rng([seed, correlation.STREAMS["bootstrap"]])
    drawn = generator.multinomial(
        len(movable), np.full(len(movable), 1 / len(movable)), size=resamples
    )
    values = []
    for counts in drawn:
        copies = [i for i, count in zip(movable, counts, strict=True) for _ in range(count)]
        if source is not None:
            copies.append(source)
        chosen = []
        for a, s in enumerate(copies):
            for b, t in enumerate(copies):
                if (source is not None and s != source) or (s == t and a != b):
                    continue
                if a == b and not same_language:
                    continue
                chosen.append((s, t))
        values.append(plain_value(x, y, coefficient, chosen))
    known = np.array(values)[~np.isnan(values)]
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


@COEFFICIENTS
@TREATMENTS
@pytest.mark.parametrize("source", [None, 0, 3])
@pytest.mark.parametrize("ties", [False, True])
def test_value_n_and_p_are_those_of_scipy(
    coefficient: str, same_language: bool, source: int | None, ties: bool
) -> None:
    x, y = matrices(7, seed=1, ties=ties)
    found = correlate(x, y, coefficient, same_language, source, permutations=9, resamples=9)
    chosen = cells(7, same_language, source)
    value, p = TESTS[coefficient]([x[c] for c in chosen], [y[c] for c in chosen])
    assert found.n == len(chosen)
    assert found.value == pytest.approx(value, abs=1e-14)
    assert found.p == pytest.approx(p, rel=1e-12)


@COEFFICIENTS
@TREATMENTS
@pytest.mark.parametrize("source", [None, 0, 2])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [4, 5])
def test_permutation_p_is_exact_for_few_languages(
    coefficient: str, same_language: bool, source: int | None, ties: bool, n: int
) -> None:
    x, y = matrices(n, seed=n, ties=ties)
    found = correlate(x, y, coefficient, same_language, source, permutations=720, resamples=0)
    expected = plain_permutation_p(x, y, coefficient, same_language, source)
    assert found.p_permutation == pytest.approx(expected, abs=1e-15)


def test_permutation_p_of_six_languages_is_exact() -> None:
    x, y = matrices(6, seed=3)
    found = correlate(x, y, "pearson", False, permutations=720, resamples=0)
    assert found.p_permutation == pytest.approx(
        plain_permutation_p(x, y, "pearson", False, None), abs=1e-15
    )


@COEFFICIENTS
@TREATMENTS
def test_drawn_permutations_come_near_the_exact_p(coefficient: str, same_language: bool) -> None:
    x, y = matrices(6, seed=8)
    x = x + 3 * np.eye(6)
    exact = correlate(x, y, coefficient, same_language, permutations=720, resamples=0)
    drawn = [
        correlate(
            x, y, coefficient, same_language, permutations=700, resamples=0, seed=seed
        ).p_permutation
        for seed in range(40)
    ]
    assert np.mean(drawn) == pytest.approx(exact.p_permutation, abs=0.02)
    assert all(round(p * 701, 6) == round(p * 701) for p in drawn)


def test_drawn_permutations_shuffle_only_the_other_targets_of_a_source() -> None:
    # all tie but the own cell: were it moved, most relabelings would lose the correlation
    x, y = np.zeros(12), np.zeros(12)
    x[4] = y[4] = 1
    found = correlate(x, y, "pearson", True, source=4, permutations=99, resamples=0)
    assert found.p_permutation == 1


@COEFFICIENTS
@TREATMENTS
@pytest.mark.parametrize("source", [None, 1])
@pytest.mark.parametrize("ties", [False, True])
def test_interval_is_that_of_expanded_resamples(
    coefficient: str, same_language: bool, source: int | None, ties: bool
) -> None:
    x, y = matrices(5, seed=11, ties=ties)
    found = correlate(x, y, coefficient, same_language, source, 0, resamples=150, seed=5)
    expected = plain_bootstrap(x, y, coefficient, same_language, source, 150, seed=5)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


def test_no_permutations_and_no_resamples_leave_their_fields_empty() -> None:
    found = correlate(*matrices(5, 1), "pearson", True, permutations=0, resamples=0)
    assert math.isfinite(found.value)
    assert all(math.isnan(field) for field in (found.p_permutation, found.low, found.high))


@COEFFICIENTS
@TREATMENTS
@pytest.mark.parametrize("source", [None, 2])
def test_many_at_once_equal_one_by_one(
    coefficient: str, same_language: bool, source: int | None
) -> None:
    xs = np.stack([matrices(7, seed)[0] for seed in range(4)])
    y = matrices(7, 0)[1]
    together = correlate_many(xs, y, coefficient, same_language, source, 200, 200, 9)
    for x, found in zip(xs, together, strict=True):
        alone = correlate(x, y, coefficient, same_language, source, 200, 200, 9)
        assert found == pytest.approx(alone, abs=1e-12)


@COEFFICIENTS
def test_a_row_equals_the_row_of_its_matrix(coefficient: str) -> None:
    x, y = matrices(7, 2)
    whole = correlate(x, y, coefficient, True, 3, 100, 100, 1)
    assert correlate(x[3], y[3], coefficient, True, 3, 100, 100, 1) == whole


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = matrices(7, 4)
    whole = [correlate(x, y, c, True, None, 300, 300, 1) for c in ("pearson", "spearman")]
    monkeypatch.setattr(correlation, "BLOCK", 500)
    parts = [correlate(x, y, c, True, None, 300, 300, 1) for c in ("pearson", "spearman")]
    assert np.allclose(whole, parts, rtol=0, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    scale=st.floats(0.01, 100),
    offset=st.floats(-100, 100),
    coefficient=st.sampled_from(["pearson", "spearman"]),
    same_language=st.booleans(),
    source=st.sampled_from([None, 0, 4]),
)
def test_positive_affine_maps_change_nothing(
    seed: int,
    scale: float,
    offset: float,
    coefficient: str,
    same_language: bool,
    source: int | None,
) -> None:
    x, y = matrices(6, seed)
    found = correlate(x, y, coefficient, same_language, source, 99, 99)
    mapped = correlate(scale * x + offset, y, coefficient, same_language, source, 99, 99)
    assert mapped == pytest.approx(found, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), coefficient=st.sampled_from(["pearson", "spearman"]))
def test_reversing_the_sign_mirrors_all_but_p(seed: int, coefficient: str) -> None:
    x, y = matrices(6, seed)
    found = correlate(x, y, coefficient, False, None, 99, 99)
    mirrored = correlate(-x, y, coefficient, False, None, 99, 99)
    expected = found._replace(value=-found.value, low=-found.high, high=-found.low)
    assert mirrored == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), coefficient=st.sampled_from(["pearson", "spearman"]))
def test_fields_stay_in_their_ranges(seed: int, coefficient: str) -> None:
    x, y = matrices(4, seed, ties=True)
    found = correlate(x, y, coefficient, False, None, 50, 50)
    if not math.isnan(found.value):
        assert 0 < found.p_permutation <= 1
        assert math.isnan(found.low) or -1 <= found.low <= found.high <= 1


@COEFFICIENTS
def test_the_order_of_languages_does_not_matter(coefficient: str) -> None:
    x, y = matrices(5, 6)
    order = np.ix_([3, 0, 4, 1, 2], [3, 0, 4, 1, 2])
    found = correlate(x, y, coefficient, True, permutations=120, resamples=0)
    assert correlate(
        x[order], y[order], coefficient, True, permutations=120, resamples=0
    ) == pytest.approx(found, abs=1e-12, nan_ok=True)


def test_a_seed_repeats_and_another_differs() -> None:
    x, y = matrices(9, 7)[0], matrices(9, 8)[1]
    first = correlate(x, y, "pearson", False, None, 500, 500, seed=1)
    assert correlate(x, y, "pearson", False, None, 500, 500, seed=1) == first
    other = correlate(x, y, "pearson", False, None, 500, 500, seed=2)
    assert other[:3] == first[:3]
    assert all(here != there for here, there in zip(other[3:], first[3:], strict=True))


@COEFFICIENTS
@pytest.mark.parametrize(
    "spoil",
    [
        lambda x: np.zeros_like(x),
        lambda x: np.full_like(x, 0.1) + 1e-17 * x,
        lambda x: np.where(np.eye(len(x)) > 0, np.nan, x),
        lambda x: np.where(np.eye(len(x)) > 0, np.inf, x),
    ],
    ids=["zero", "rounding", "nan", "infinite"],
)
@pytest.mark.parametrize("side", ["x", "y"])
def test_undefined_correlations_are_nan_without_warnings(
    coefficient: str, spoil: object, side: str
) -> None:
    x, y = matrices(5, 1)
    spoiled = spoil(x)  # type: ignore[operator]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correlate(*((spoiled, y) if side == "x" else (y, spoiled)), coefficient, True)
    assert found.n == 25
    assert np.isnan([found.value, *found[2:]]).all()


@COEFFICIENTS
def test_a_constant_matrix_leaves_the_others_alone(coefficient: str) -> None:
    x, y = matrices(5, 1)
    constant, alone = correlate_many(
        np.stack([np.ones_like(x), x]), y, coefficient, False, None, 99, 99
    )
    assert math.isnan(constant.value)
    assert alone == pytest.approx(correlate(x, y, coefficient, False, None, 99, 99), abs=1e-12)


@COEFFICIENTS
def test_a_perfect_correlation_raises_no_warning(coefficient: str) -> None:
    x = matrices(6, 1)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correlate(x, 2 * x, coefficient, True, None, 720, 99)
    assert found.value == pytest.approx(1)
    assert found.p_permutation == pytest.approx(1 / 720)
    assert (found.low, found.high) == pytest.approx((1, 1))


def test_fewer_than_three_pairs_define_no_correlation() -> None:
    x, y = matrices(3, 1)
    assert math.isnan(correlate(x, y, "pearson", False, 0).value)
    assert math.isfinite(correlate(x, y, "pearson", True, 0).value)


def test_relabelling_languages_is_more_careful_than_the_textbook() -> None:
    # a quantity of the target alone: 210 pairs hold no more than 15 observations
    generator = np.random.default_rng(0)
    p, p_permutation = [], []
    for _ in range(40):
        x = np.tile(generator.normal(size=15), (15, 1))
        y = np.tile(generator.normal(size=15), (15, 1))
        found = correlate(x, y, "pearson", False, None, 199, 0)
        p.append(found.p)
        p_permutation.append(found.p_permutation)
    assert np.mean(np.array(p) < 0.05) > 0.4
    assert np.mean(np.array(p_permutation) < 0.05) < 0.2


@pytest.mark.parametrize(
    ("x", "y", "source"),
    [
        (np.zeros((3, 4)), np.zeros((3, 4)), None),
        (np.zeros((3, 3)), np.zeros((4, 4)), None),
        (np.zeros(4), np.zeros(4), None),
        (np.zeros((4, 4)), np.zeros((4, 4)), 4),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    x: np.ndarray, y: np.ndarray, source: int | None
) -> None:
    with pytest.raises(TableError, match="correlation"):
        correlate(x, y, "pearson", True, source)


def test_benjamini_hochberg_against_its_definition() -> None:
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.5])
    known = [0.01, 0.03, 0.04, 0.5]
    raw = [value * 4 / (i + 1) for i, value in enumerate(known)]
    expected = dict(zip(known, [min(raw[i:]) for i in range(4)], strict=True))
    found = benjamini_hochberg(p)
    assert math.isnan(found[1])
    assert found[[0, 2, 3, 4]] == pytest.approx([expected[p[i]] for i in (0, 2, 3, 4)])


@pytest.mark.parametrize("p", [[], [np.nan, np.nan]])
def test_benjamini_hochberg_of_nothing(p: list[float]) -> None:
    assert np.array_equal(benjamini_hochberg(p), np.array(p), equal_nan=True)


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.001, "**"), (0.01, "*"), (0.049, "*"), (0.05, ""), (1.0, ""), (math.nan, "")],
)
def test_stars(p: float, expected: str) -> None:
    assert stars(p) == expected


def test_stars_of_one_level() -> None:
    assert stars(0.009, levels=((0.01, "*"),)) == "*"
    assert stars(0.02, levels=((0.01, "*"),)) == ""


def test_correlation_names_its_fields() -> None:
    assert Correlation._fields == ("value", "n", "p", "p_permutation", "low", "high")
