"""Ranking metrics of X-SNS, against scipy, scikit-learn and plain enumeration."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import ndcg_score

from isogloss.errors import TableError
from isogloss.statistics.ranking import (
    TargetScores,
    always,
    chance,
    chance_scores,
    evaluate_ranking,
    interval,
    oracle,
    paired_interval,
    rank_target,
)

scores = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 6), min_size=n, max_size=n)] * 2)
)


def plain(gold: np.ndarray, predicted: np.ndarray, k: int = 3) -> TargetScores:
    """The authors' steps, one after the other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        pearson = stats.pearsonr(gold, predicted).statistic
        spearman = stats.spearmanr(gold, predicted).statistic
    guessed = stats.rankdata(predicted)[None]
    best = np.flatnonzero(predicted == predicted.max())
    return TargetScores(
        float(pearson),
        float(spearman),
        float(np.argmax(gold) == np.argmax(predicted)),
        float(ndcg_score(stats.rankdata(gold)[None], guessed, k=k)),
        float(ndcg_score(np.asarray(gold)[None], guessed, k=k)),
        float(np.mean(gold[best] == gold.max())),
    )


def cube(seed: int, matrices: int, n: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).random((matrices, n, n))


@given(scores, st.integers(1, 14))
@settings(max_examples=300, deadline=None)
def test_metrics_equal_scipy_and_sklearn_with_ties(
    pair: tuple[list[int], list[int]], k: int
) -> None:
    gold, predicted = (np.array(values, dtype=float) for values in pair)
    np.testing.assert_allclose(
        rank_target(gold, predicted, k), plain(gold, predicted, k), atol=1e-12
    )


@pytest.mark.parametrize("seed", range(20))
def test_metrics_equal_scipy_and_sklearn_without_ties(seed: int) -> None:
    generator = np.random.default_rng(seed)
    gold, predicted = generator.random(19), -generator.exponential(size=19)
    np.testing.assert_allclose(rank_target(gold, predicted), plain(gold, predicted), atol=1e-12)


@given(scores)
@settings(max_examples=100, deadline=None)
def test_metrics_lie_in_their_range(pair: tuple[list[int], list[int]]) -> None:
    gold, predicted = (np.array(values, dtype=float) for values in pair)
    found = rank_target(gold, predicted)
    for value in found[:2]:
        assert math.isnan(value) or -1 <= value <= 1
    for value in found[2:]:
        assert -1e-12 <= value <= 1 + 1e-12


@given(scores, st.floats(0.1, 10), st.floats(-5, 5))
@settings(max_examples=100, deadline=None)
def test_an_increasing_map_of_predictions_keeps_the_ranking(
    pair: tuple[list[int], list[int]], slope: float, shift: float
) -> None:
    gold, predicted = (np.array(values, dtype=float) for values in pair)
    expected = rank_target(gold, predicted)
    moved = rank_target(gold, slope * predicted + shift)
    np.testing.assert_allclose(moved, expected, atol=1e-9)
    cubed = rank_target(gold, predicted**3)
    np.testing.assert_allclose(cubed[1:], expected[1:], atol=1e-9)


@given(scores, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_candidates_changes_only_top1(
    pair: tuple[list[int], list[int]], random: object
) -> None:
    gold, predicted = (np.array(values, dtype=float) for values in pair)
    order = list(range(len(gold)))
    random.shuffle(order)  # type: ignore[attr-defined]
    first, second = rank_target(gold, predicted), rank_target(gold[order], predicted[order])
    kept = (first._replace(top1=0), second._replace(top1=0))
    np.testing.assert_allclose(kept[1], kept[0], atol=1e-12)


def test_a_perfect_prediction_scores_one() -> None:
    gold = np.array([0.3, 0.9, 0.1, 0.5])
    assert rank_target(gold, gold) == pytest.approx(TargetScores(1, 1, 1, 1, 1, 1))


def test_a_reversed_prediction() -> None:
    gold = np.array([1.0, 2.0, 3.0, 4.0])
    found = rank_target(gold, -gold)
    d1, d2, d3 = 1, 1 / math.log2(3), 1 / 2
    assert found.pearson == pytest.approx(-1) and found.spearman == pytest.approx(-1)
    assert found.top1 == found.top1_ties == 0
    assert found.ndcg_ranks == pytest.approx((d1 + 2 * d2 + 3 * d3) / (4 * d1 + 3 * d2 + 2 * d3))


def test_gains_are_linear_in_ranks_or_scores() -> None:
    found = rank_target(np.array([90.0, 10.0]), np.array([0.0, 1.0]), k=1)
    assert found.ndcg_ranks == pytest.approx(1 / 2)
    assert found.ndcg_scores == pytest.approx(1 / 9)


def test_top1_takes_the_first_of_ties_and_top1_ties_their_mean() -> None:
    gold, predicted = np.array([0.2, 0.9, 0.1]), np.array([1.0, 1.0, 0.0])
    assert rank_target(gold, predicted).top1 == 0
    assert rank_target(gold[[1, 0, 2]], predicted).top1 == 1
    assert rank_target(gold, predicted).top1_ties == 1 / 2


def test_top1_ties_counts_each_of_several_best_sources() -> None:
    found = rank_target(np.array([0.9, 0.9, 0.1]), np.array([0.0, 1.0, 0.5]))
    assert (found.top1, found.top1_ties) == (0, 1)


def test_a_constant_prediction_is_ranked_as_a_random_order() -> None:
    gold = np.array([0.2, 0.9, 0.1, 0.4, 0.7])
    found = rank_target(gold, np.full(5, 0.3))
    assert math.isnan(found.pearson) and math.isnan(found.spearman)
    assert found.ndcg_ranks == pytest.approx(chance(5).ndcg_ranks)
    assert found.ndcg_scores == pytest.approx(chance_scores(gold))
    assert found.top1_ties == pytest.approx(chance(5).top1)


def test_a_spread_that_is_rounding_gives_no_correlation() -> None:
    gold = np.array([0.2, 0.9, 0.1])
    found = rank_target(gold, 0.3 + np.array([0, 1e-16, 2e-16]))
    assert math.isnan(found.pearson) and math.isnan(found.spearman)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_missing_prediction_gives_no_metric(bad: float) -> None:
    assert np.isnan(rank_target(np.array([0.1, 0.2, 0.3]), np.array([0.1, bad, 0.3]))).all()


def test_all_gold_scores_zero() -> None:
    found = rank_target(np.zeros(3), np.array([1.0, 2.0, 3.0]))
    assert found.ndcg_scores == 0 and chance_scores(np.zeros(3)) == 0
    assert found.ndcg_ranks == pytest.approx(1)


@pytest.mark.parametrize(
    ("gold", "predicted", "k", "message"),
    [
        ([0.1, 0.2], [0.1, 0.2, 0.3], 3, r"shapes \(2,\) and \(3,\)"),
        ([[0.1, 0.2]], [[0.1, 0.2]], 3, r"allowed are two equal shapes \(n,\)"),
        ([0.1], [0.1], 3, "1 candidates: allowed are two or more"),
        ([0.1, 0.2], [0.1, 0.2], 0, "k = 0: allowed are 1 and more"),
        ([0.1, -0.2], [0.1, 0.2], 3, "gold score of -0.2"),
    ],
)
def test_unusable_targets(gold: list, predicted: list, k: int, message: str) -> None:
    with pytest.raises(TableError, match=message):
        rank_target(np.array(gold), np.array(predicted), k)


def test_evaluation_averages_over_all_pairs_of_seeds() -> None:
    gold, predicted, own = cube(1, 3), cube(2, 2), np.eye(6, dtype=bool)
    found = evaluate_ranking(gold, predicted, own).set_index(["target", "metric"])
    for target in range(6):
        rest = [s for s in range(6) if s != target]
        values = [
            plain(gold[i, rest, target], predicted[j, rest, target])
            for i in range(3)
            for j in range(2)
        ]
        for metric, expected in zip(TargetScores._fields, np.mean(values, axis=0), strict=True):
            assert found.loc[(target, metric), "value"] == pytest.approx(expected)
            assert found.loc[(target, metric), "n"] == 6


def test_evaluation_has_one_row_per_target_and_metric() -> None:
    found = evaluate_ranking(cube(1, 1), cube(2, 1), np.eye(6, dtype=bool))
    assert list(found.columns) == ["target", "metric", "value", "n"]
    assert list(found["target"]) == sorted(list(range(6)) * 6)
    assert list(found["metric"]) == list(TargetScores._fields) * 6


def test_a_targets_own_language_does_not_matter() -> None:
    gold, predicted, own = cube(1, 2), cube(2, 2), np.eye(6, dtype=bool)
    expected = evaluate_ranking(gold, predicted, own)
    gold[:, own], predicted[:, own] = 99, math.nan
    assert evaluate_ranking(gold, predicted, own).equals(expected)


def test_sources_and_targets_may_differ() -> None:
    generator = np.random.default_rng(3)
    gold, predicted = generator.random((1, 4, 7)), generator.random((1, 4, 7))
    own = np.zeros((4, 7), dtype=bool)
    own[0, 2] = True
    found = evaluate_ranking(gold, predicted, own).set_index(["target", "metric"])["value"]
    assert found[6, "pearson"] == pytest.approx(
        stats.pearsonr(gold[0, :, 6], predicted[0, :, 6]).statistic
    )
    assert found[2, "ndcg_ranks"] == pytest.approx(
        plain(gold[0, 1:, 2], predicted[0, 1:, 2]).ndcg_ranks
    )


def test_one_prediction_for_all_targets() -> None:
    gold, own = cube(1, 2), np.eye(6, dtype=bool)
    predicted = np.random.default_rng(2).random((3, 6))
    repeated = np.repeat(predicted[:, :, None], 6, axis=2)
    assert evaluate_ranking(gold, predicted, own).equals(evaluate_ranking(gold, repeated, own))


def test_undefined_pairs_are_left_out_and_counted() -> None:
    gold, predicted, own = cube(1, 2), cube(2, 3), np.eye(6, dtype=bool)
    predicted[0] = 0.5
    predicted[1, 2, 3] = math.nan
    found = evaluate_ranking(gold, predicted, own).set_index(["target", "metric"])
    counts = found["n"].unstack()
    assert (counts.loc[[0, 1, 2, 4, 5], "pearson"] == 4).all()
    assert (counts.loc[[0, 1, 2, 4, 5], "ndcg_ranks"] == 6).all()
    assert counts.loc[3, "spearman"] == 2 and counts.loc[3, "top1"] == 4
    rest = [0, 1, 2, 4, 5]
    values = [plain(gold[i, rest, 3], predicted[2, rest, 3]).pearson for i in range(2)]
    assert found.loc[(3, "pearson"), "value"] == pytest.approx(np.mean(values))


def test_a_metric_defined_nowhere_is_nan_with_n_zero() -> None:
    found = evaluate_ranking(cube(1, 1), np.full((1, 6), 0.5), np.eye(6, dtype=bool))
    undefined = found[found["metric"].isin(["pearson", "spearman"])]
    assert undefined["value"].isna().all() and (undefined["n"] == 0).all()


@pytest.mark.parametrize(
    ("gold", "predicted", "own"),
    [((6, 6), (1, 6, 6), (6, 6)), ((1, 6, 6), (1, 6, 5), (6, 6)), ((1, 6, 6), (6,), (6, 6))],
)
def test_evaluation_of_unlike_shapes(gold: tuple, predicted: tuple, own: tuple) -> None:
    with pytest.raises(TableError, match="allowed are"):
        evaluate_ranking(np.zeros(gold), np.zeros(predicted), np.zeros(own, dtype=bool))


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("k", [1, 3, 9])
def test_chance_equals_the_mean_over_all_orders(n: int, k: int) -> None:
    gold = np.random.default_rng(n).random(n)
    values = np.array(
        [plain(gold, np.array(order), k) for order in itertools.permutations(range(n))]
    ).mean(axis=0)
    assert chance(n, k) == pytest.approx((values[3], values[2]))
    assert chance_scores(gold, k) == pytest.approx(values[4])


def test_chance_of_tied_ranks() -> None:
    gold = stats.rankdata([3, 3, 1, 0, 0])
    values = [
        float(ndcg_score(gold[None], np.array(order)[None], k=3))
        for order in itertools.permutations(range(5))
    ]
    assert chance_scores(gold) == pytest.approx(np.mean(values))


@pytest.mark.parametrize("n", [0, 1])
def test_no_chance_without_a_choice(n: int) -> None:
    with pytest.raises(TableError, match="two or more"):
        chance(n)


def test_always_picks_one_source_for_every_other_target() -> None:
    gold = cube(1, 1)
    gold[0, 2] = 2
    found = evaluate_ranking(gold, always(2, 6)[None], np.eye(6, dtype=bool))
    top1 = found[found["metric"] == "top1_ties"].set_index("target")["value"]
    assert (top1.drop(2) == 1).all() and top1[2] == pytest.approx(1 / 5)


@pytest.mark.parametrize("index", [-1, 6])
def test_always_of_an_unknown_source(index: int) -> None:
    with pytest.raises(TableError, match="not among 6 sources"):
        always(index, 6)


def test_the_oracle_of_one_seed_is_perfect_and_of_several_their_mean() -> None:
    gold, own = cube(1, 3), np.eye(6, dtype=bool)
    alone = evaluate_ranking(gold[:1], oracle(gold[:1])[None], own)
    np.testing.assert_allclose(alone["value"], 1)
    np.testing.assert_allclose(oracle(gold), (gold[0] + gold[1] + gold[2]) / 3)
    several = evaluate_ranking(gold, oracle(gold)[None], own)
    assert several[several["metric"] == "ndcg_ranks"]["value"].mean() < 1


def test_interval_equals_the_exact_bootstrap_of_few_targets() -> None:
    values = np.array([0.1, 0.4, 0.9])
    means = [np.mean(draw) for draw in itertools.product(values, repeat=3)]
    low, high = np.quantile(means, [0.1, 0.9])
    found = interval(values, resamples=40_000, level=0.8)
    assert found.mean == pytest.approx(values.mean()) and found.n == 3
    assert (found.low, found.high) == pytest.approx((low, high))


def test_interval_is_near_the_normal_one_of_many_targets() -> None:
    values = np.random.default_rng(5).normal(size=2000)
    found = interval(values, resamples=4000)
    error = values.std() / math.sqrt(len(values))
    assert (found.low, found.high) == pytest.approx(
        (values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.15 * error
    )


def test_interval_leaves_out_targets_without_a_value() -> None:
    values = np.array([0.1, math.nan, 0.4, 0.9])
    assert interval(values) == interval(values[[0, 2, 3]])
    assert interval(values).n == 3


def test_interval_of_few_targets() -> None:
    assert np.isnan(interval(np.array([]))[:3]).all() and interval(np.array([])).n == 0
    single = interval(np.array([0.4]))
    assert single.mean == 0.4 and math.isnan(single.low) and math.isnan(single.high)
    assert math.isnan(interval(np.array([0.4, 0.5]), resamples=0).low)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(1).random(15)
    assert interval(values, seed=3) == interval(values, seed=3)
    assert interval(values, seed=3) != interval(values, seed=4)


@pytest.mark.parametrize("n", [1, 3, 7])
def test_paired_p_is_exact_for_few_targets(n: int) -> None:
    generator = np.random.default_rng(n)
    first, second = generator.random(n), generator.random(n)
    difference = first - second
    flipped = [abs(np.mean(difference * signs)) for signs in itertools.product([1, -1], repeat=n)]
    expected = np.mean(np.array(flipped) >= abs(difference.mean()) - 1e-12)
    assert paired_interval(first, second).p == pytest.approx(expected)


def test_paired_p_drawn_is_near_the_exact_one() -> None:
    generator = np.random.default_rng(2)
    first, second = generator.random(12) + 0.35, generator.random(12)
    exact = paired_interval(first, second, permutations=4096)
    drawn = paired_interval(first, second, permutations=4095)
    assert 0.02 < exact.p < 0.6 and float(exact.p * 4096).is_integer()
    assert drawn.p == pytest.approx(exact.p, abs=4 * math.sqrt(exact.p / 4095))
    assert drawn.p != exact.p


def test_paired_p_counts_equal_sums_despite_rounding() -> None:
    tenths = np.array([-5, 5, 2, 6, 0, 2, 7, 3])
    signs = np.array(list(itertools.product([1, -1], repeat=len(tenths))))
    expected = np.mean(np.abs(signs @ tenths) >= abs(tenths.sum()))
    assert paired_interval(tenths / 10, np.zeros(8)).p == expected
    assert paired_interval(tenths, tenths).p == 1


def test_paired_interval_is_the_interval_of_differences() -> None:
    generator = np.random.default_rng(2)
    first, second = generator.random(12), generator.random(12)
    found = paired_interval(first, second)
    assert (found.mean, found.low, found.high, found.n) == interval(first - second)
    swapped = paired_interval(second, first)
    assert swapped.mean == pytest.approx(-found.mean) and swapped.p == pytest.approx(found.p)


def test_paired_interval_leaves_out_incomplete_targets() -> None:
    first, second = np.array([0.1, 0.2, math.nan, 0.7]), np.array([0.0, math.nan, 0.3, 0.3])
    found = paired_interval(first, second)
    assert found == paired_interval(first[[0, 3]], second[[0, 3]]) and found.n == 2
    assert math.isnan(paired_interval(first[2:3], second[2:3]).p)


def test_paired_interval_of_unlike_shapes() -> None:
    with pytest.raises(TableError, match=r"shapes \(2,\) and \(3,\)"):
        paired_interval(np.zeros(2), np.zeros(3))


def test_blocks_of_sign_flips_do_not_change_p(monkeypatch: pytest.MonkeyPatch) -> None:
    first = np.random.default_rng(4).normal(0.3, 1, size=9)
    expected = paired_interval(first, np.zeros(9))
    monkeypatch.setattr("isogloss.statistics.ranking.BLOCK", 20)
    assert paired_interval(first, np.zeros(9)) == expected
