"""The study of Yun et al. 2023 against examples of few languages that are counted by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from isogloss.errors import TableError
from isogloss.papers.xsns2023.gold import Gold, choices, gaps, gold_scores
from isogloss.papers.xsns2023.mixtures import (
    chosen_mixtures,
    mixture_predictions,
    mixture_scores,
)
from isogloss.papers.xsns2023.rankings import (
    Method,
    lines,
    main_overlap,
    overlap_methods,
    rank,
)
from isogloss.papers.xsns2023.regressions import (
    MULTIPLE,
    SINGLE,
    pair_frame,
    regression_table,
    regressions,
)
from isogloss.papers.xsns2023.relations import relations
from isogloss.statistics.ranking import chance, evaluate_ranking

CODES = ["de", "en", "fr", "ru"]
FIVE = [*CODES, "tr"]
# Rows are sources; the best other source of each target is en, fr, en and de.
SCORES = np.array([[90.0, 50, 40, 60], [70, 80, 55, 30], [60, 65, 85, 20], [50, 40, 45, 95]])


def gold_of(values: NDArray[np.float64], *extra: str, names: list[str] = CODES) -> Gold:
    """Gold scores of one seed or several."""
    return Gold(values if values.ndim == 3 else values[None], names, [*names, *extra])


def score_rows(values: NDArray[np.float64], names: list[str] = CODES) -> pd.DataFrame:
    """Table kind `scores` of two seeds, 10 points apart, and of another metric."""
    rows = [
        (seed, source, target, metric, values[i, j] + (5 if seed == 2 else -5) - other)
        for seed in (2, 1)
        for i, source in enumerate(names)
        for j, target in enumerate(names)
        for metric, other in (("sentence_accuracy", 20), ("accuracy", 0))
    ]
    return pd.DataFrame(rows, columns=["seed", "trained_on", "language", "metric", "value"])


def overlap_rows(**changes: Any) -> pd.DataFrame:
    """Table kind `overlap` of two seeds, |D|, p and blocks."""
    rows = [
        (name, seed, asked, source, target, layer, p, 0.1 * i + 0.01 * j + p + layer + asked + seed)
        for name in [changes.get("subnetwork", "text")]
        for seed in (1, 2)
        for asked in (8, 24)
        for i, source in enumerate(CODES)
        for j, target in enumerate(CODES)
        for layer in (0, 1, 2)
        for p in (0.15, 0.5)
    ]
    names = ["subnetwork", "seed", "asked", "source", "target", "layer", "p", "jaccard"]
    return pd.DataFrame(rows, columns=names)


def predictor_rows(gold: Gold) -> pd.DataFrame:
    """Table kind `predictors`: EMB and SuE in two settings, L2V, and one that is not known."""
    found = {
        ("EMB", "last", 1): SCORES,
        ("EMB", "last", 2): SCORES + 2,
        ("EMB", "layer 1", 1): -SCORES,
        ("SuE", "text", 0): np.repeat([[1.0], [2], [3], [4]], 4, axis=1),
        ("SuE", "original", 0): np.repeat([[4.0], [3], [2], [1]], 4, axis=1),
        ("L2V", "-", 0): SCORES.T,
        ("gone", "-", 0): np.full((4, 4), np.nan),
    }
    rows = [
        (method, setting, seed, source, target, values[i, j])
        for (method, setting, seed), values in found.items()
        for i, source in enumerate(gold.sources)
        for j, target in enumerate(gold.sources)
    ]
    names = ["method", "setting", "seed", "source", "target", "value"]
    return pd.DataFrame(rows, columns=names)


# gold scores


def test_gold_scores_have_the_order_asked_for() -> None:
    order = ["fr", "de", "ru", "en"]
    found = gold_scores(score_rows(SCORES), order[:3], order, "accuracy")
    assert found.scores.shape == (2, 3, 4)
    assert found.mean.loc["fr", "de"] == 60 and found.mean.loc["ru", "en"] == 40
    assert found.scores[0, 0, 1] == 55 and found.scores[1, 0, 1] == 65
    assert found.own.tolist() == np.eye(4, dtype=bool)[:3].tolist()
    inner = found.among_sources()
    assert inner.targets == order[:3] and inner.scores.shape == (2, 3, 3)


def test_a_missing_score_is_refused() -> None:
    frame = score_rows(SCORES)
    hole = (frame["seed"] == 2) & (frame["language"] == "fr") & (frame["trained_on"] == "ru")
    with pytest.raises(TableError, match=r"accuracy of .*'ru'") as error:
        gold_scores(frame[~hole], CODES, CODES, "accuracy")
    assert "np." not in str(error.value)
    with pytest.raises(TableError, match="f1 of any run is missing"):
        gold_scores(frame, CODES, CODES, "f1")


def test_choices_leave_the_own_language_out() -> None:
    values = np.hstack([SCORES, [[10.0], [30], [20], [40]]])
    predicted = np.array([[9.0, 1, 1, 1, 1], [1, 9, 2, 2, 3], [2, 1, 9, 2, 2], [0, 0, 1, 9, 1]])
    found = choices(gold_of(np.stack([values - 5, values + 5]), "uk"), predicted, "de")
    rows = {(t, c): (s, v) for t, c, s, v in found.itertuples(index=False)}
    assert ("de", "usual") not in rows and len(rows) == 5 * 3 - 1
    assert rows["de", "predicted"] == ("fr", 60) and rows["de", "best"] == ("en", 70)
    # de and fr tie
    assert rows["en", "predicted"] == ("de", 50) and rows["en", "best"] == ("fr", 65)
    assert rows["fr", "usual"] == ("de", 40) and rows["fr", "best"] == ("en", 55)
    assert rows["uk", "usual"] == ("de", 10)
    assert rows["uk", "predicted"] == ("en", 30) and rows["uk", "best"] == ("ru", 40)


def test_gaps_are_from_the_targets_own_model() -> None:
    values = np.hstack([SCORES, np.full((4, 1), 50.0)])
    found = gaps(gold_of(values, "uk"))
    assert len(found) == 12 and not (found["source"] == found["target"]).any()
    cell = found.set_index(["source", "target"])["value"]
    assert cell["en", "de"] == -20 and cell["de", "en"] == -30 and cell["fr", "ru"] == -75


# rankings


def test_the_tables_take_the_most_examples_and_all_blocks() -> None:
    found = main_overlap(overlap_rows(), 0.15, gold_of(SCORES))
    assert found.shape == (2, 4, 4)
    assert found[0, 2, 1] == pytest.approx(0.21 + 0.15 + 24 + 1)
    assert found[1, 0, 3] == pytest.approx(0.03 + 0.15 + 24 + 2)


def test_settings_that_are_ranked() -> None:
    gold = gold_of(SCORES)
    main = list(overlap_methods(overlap_rows(), 0.15, True, gold))
    shown = {(item.asked, item.layer, item.p) for item in main}
    assert shown == {(24, 0, 0.15), (24, 0, 0.5), (8, 0, 0.15), (24, 1, 0.15), (24, 2, 0.15)}
    assert len(main) == 5 and {(item.name, item.setting) for item in main} == {("X-SNS", "text")}
    other = list(overlap_methods(overlap_rows(subnetwork="labels"), 0.15, False, gold))
    assert [(item.setting, item.asked, item.layer, item.p) for item in other] == [
        ("labels", 24, 0, 0.15)
    ]
    np.testing.assert_allclose(other[0].values, main_overlap(overlap_rows(), 0.15, gold))


def ranked(found: pd.DataFrame, method: str, metric: str) -> list[float]:
    """Values of a method by target."""
    rows = found[(found["method"] == method) & (found["metric"] == metric)]
    assert rows["target"].tolist() == CODES
    return rows["value"].tolist()


def test_own_pairs_do_not_count() -> None:
    gold = gold_of(SCORES)
    values = -SCORES
    np.fill_diagonal(values, 1e6)
    found = rank([Method("same", "-", SCORES[None]), Method("worst", "-", values[None])], gold)
    assert ranked(found, "same", "pearson") == pytest.approx([1] * 4)
    assert ranked(found, "same", "ndcg_ranks") == ranked(found, "same", "top1") == [1] * 4
    assert ranked(found, "worst", "spearman") == pytest.approx([-1] * 4)
    assert ranked(found, "worst", "top1") == [0] * 4


def test_all_pairs_of_seeds_are_averaged() -> None:
    scores = np.stack([SCORES, SCORES[::-1]])
    values = np.stack([SCORES, -SCORES, SCORES + 1])
    found = rank([Method("x", "-", values)], gold_of(scores))
    rows = found[(found["method"] == "x") & (found["metric"] == "top1")]
    assert (rows["n"] == 6).all()
    parts = [
        rank([Method("x", "-", values[None, i])], gold_of(scores[j]))
        for i in range(3)
        for j in range(2)
    ]
    mean = np.mean([ranked(part, "x", "ndcg_ranks") for part in parts], axis=0)
    assert ranked(found, "x", "ndcg_ranks") == pytest.approx(mean)


def test_lines_below_and_above() -> None:
    gold = gold_of(SCORES)
    found = rank(lines(gold, "en"), gold)
    assert ranked(found, "random", "top1") == pytest.approx([1 / 3] * 4)
    assert ranked(found, "random", "ndcg_ranks") == pytest.approx([chance(3).ndcg_ranks] * 4)
    # gains 70, 60, 50: a random order has their mean in each place
    discounts = 1 / np.log2([2, 3, 4])
    expected = 60 * discounts.sum() / (np.array([70, 60, 50]) @ discounts)
    assert ranked(found, "random", "ndcg_scores")[0] == pytest.approx(expected)
    assert ranked(found, "oracle", "ndcg_ranks") == [1] * 4
    # en is best for de and fr, and no source of itself
    usual = ranked(found, "usual", "top1")
    assert (usual[0], usual[2], usual[3]) == (1, 1, 0)
    assert set(found.loc[found["method"] == "usual", "setting"]) == {"en"}


# mixtures


def test_equal_sets_have_one_name() -> None:
    values = np.arange(25.0).reshape(5, 5)
    gold = gold_of(values, names=FIVE)
    order = np.array([5.0, 4, 3, 2, 1])
    first = np.repeat(order[:, None], 5, axis=1)
    second = np.repeat(np.array([4.0, 5, 3, 1, 2])[:, None], 5, axis=1)
    found = chosen_mixtures(gold, {"X-SNS": first, "LEX": second, "EMB": np.zeros((5, 5))})
    chosen = found.set_index(["method", "target"])["sources"]
    assert chosen["X-SNS", "tr"] == chosen["LEX", "tr"] == "de+en+fr"
    assert chosen["X-SNS", "de"] == "en+fr+ru" and chosen["LEX", "de"] == "en+fr+tr"
    # ties go to the first sources
    assert chosen["EMB", "en"] == "de+fr+ru" and chosen["EMB", "de"] == "en+fr+ru"
    assert len(found) == 15
    for target, sources in zip(found["target"], found["sources"], strict=True):
        assert target not in sources.split("+") and len(sources.split("+")) == 3


def test_names_are_sorted_whatever_the_order_of_sources() -> None:
    gold = gold_of(SCORES, names=["ru", "fr", "en", "de"])
    assert chosen_mixtures(gold, {"x": SCORES})["sources"].iloc[0] == "de+en+fr"


def test_a_source_without_a_value_comes_before_the_target_itself() -> None:
    values = SCORES.copy()
    values[1, 0] = np.nan
    assert chosen_mixtures(gold_of(SCORES), {"x": values})["sources"].iloc[0] == "en+fr+ru"


def mixture_rows() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mixtures of two methods, and scores of two seeds."""
    mixtures = pd.DataFrame(
        [("X-SNS", "de", "en+fr+ru"), ("X-SNS", "en", "de+fr+ru"), ("LEX", "de", "en+fr+ru")],
        columns=["method", "target", "sources"],
    )
    rows = [
        (sources, target, metric, seed, value + seed)
        for sources, target, value in (
            ("en+fr+ru", "de", 60),
            ("en+fr+ru", "en", 1),
            ("de+fr+ru", "en", 70),
        )
        for seed in (1, 3)
        for metric in ("accuracy", "sentence_accuracy")
    ]
    scores = pd.DataFrame(rows, columns=["trained_on", "language", "metric", "seed", "value"])
    return mixtures, scores


def test_scores_of_mixtures_are_means_over_targets() -> None:
    found = mixture_scores(*mixture_rows(), "accuracy", gold_of(np.stack([SCORES, SCORES + 2])))
    assert found["method"].tolist() == ["X-SNS", "LEX", "BEST-1"]
    # BEST-1: 70, 65, 55, 60 and 1 more from the second seed
    assert found["score"].tolist() == pytest.approx([67, 62, 63.5])
    assert found["sets"].tolist()[:2] == [2, 1]


def test_a_mixture_without_a_score_is_named() -> None:
    mixtures, scores = mixture_rows()
    left = scores[scores["trained_on"] != "de+fr+ru"]
    with pytest.raises(TableError, match=r"no accuracy of mixture de\+fr\+ru on en"):
        mixture_scores(mixtures, left, "accuracy", gold_of(SCORES))


def test_methods_choose_in_their_main_setting() -> None:
    gold = gold_of(np.stack([SCORES, SCORES + 4]))
    overlap = SCORES / 100
    methods = ["oracle", "EMB", "SuE", "L2V", "X-SNS"]
    found = mixture_predictions(methods, overlap, predictor_rows(gold), gold)
    assert list(found) == methods
    np.testing.assert_allclose(found["oracle"], SCORES + 2)
    np.testing.assert_allclose(found["EMB"], SCORES + 1)
    np.testing.assert_allclose(found["SuE"][:, 0], [1, 2, 3, 4])
    np.testing.assert_allclose(found["L2V"], SCORES.T)
    np.testing.assert_allclose(found["X-SNS"], overlap)


# regressions and relations


def feature_rows() -> pd.DataFrame:
    """Table kind `pair_features`: two that are known, one that is not."""
    rows = [
        (source, target, name, value)
        for i, source in enumerate(CODES)
        for j, target in enumerate(CODES)
        for name, value in (
            ("script_same", float((i < 3) == (j < 3))),
            ("family_same", float(abs(i - j) < 2)),
            ("ldnd", np.nan),
            ("target_family", float(j > 2)),
        )
    ]
    return pd.DataFrame(rows, columns=["source", "target", "feature", "value"])


def test_pairs_of_a_language_with_itself_are_no_rows() -> None:
    overlap = np.arange(16.0).reshape(4, 4)
    found = pair_frame(gold_of(np.stack([SCORES, SCORES + 2])), overlap, feature_rows())
    assert len(found) == 12 and not (found["source"] == found["target"]).any()
    row = found[(found["source"] == "en") & (found["target"] == "fr")].iloc[0]
    assert (row["score"], row["jaccard"], row["family_same"], row["script_same"]) == (56, 6, 1, 1)
    assert np.isnan(row["ldnd"])


def test_a_line_is_found_and_ranks_as_the_overlap_does() -> None:
    gold = gold_of(SCORES)
    fitted = regressions(pair_frame(gold, (SCORES - 10) / 200, feature_rows()))
    assert list(fitted.groupby(["features", "regression"], sort=False).groups) == [
        (SINGLE, "OLS"),
        (SINGLE, "MER"),
        (MULTIPLE, "OLS"),
        (MULTIPLE, "MER"),
    ]
    found = regression_table(fitted, gold)
    line = found.iloc[0]
    assert (line["rmse"], line["rmse_held_out"]) == pytest.approx((0, 0), abs=1e-9)
    assert line["top1"] == line["ndcg3"] == line["top1_held_out"] == pytest.approx(100)
    assert found["features"].tolist() == [SINGLE] * 2 + [MULTIPLE] * 2


def test_errors_are_those_of_plain_least_squares() -> None:
    gold = gold_of(SCORES)
    overlap = SCORES.T / 100
    frame = pair_frame(gold, overlap, feature_rows())
    found = regression_table(regressions(frame), gold).set_index(["features", "regression"])
    line = np.polyfit(frame["jaccard"], frame["score"], 1)
    error = frame["score"] - np.polyval(line, frame["jaccard"])
    assert found.loc[(SINGLE, "OLS"), "rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    design = np.column_stack([np.ones(12), frame["family_same"], frame["script_same"]])
    fitted = design @ np.linalg.lstsq(design, frame["score"], rcond=None)[0]
    expected = np.sqrt(((frame["score"] - fitted) ** 2).mean())
    assert found.loc[(MULTIPLE, "OLS"), "rmse"] == pytest.approx(expected)
    # A rising line puts sources in the order of their overlap.
    assert line[0] > 0
    plain = evaluate_ranking(gold.scores, overlap[None], gold.own)
    means = plain.groupby("metric")["value"].mean()
    assert found.loc[(SINGLE, "OLS"), "ndcg3"] == pytest.approx(100 * means["ndcg_ranks"])
    assert found.loc[(SINGLE, "OLS"), "top1"] == pytest.approx(100 * means["top1"])


def test_without_features_there_is_one_regression_only() -> None:
    features = feature_rows()
    features = features[features["feature"].isin(["ldnd", "target_family"])]
    fitted = regressions(pair_frame(gold_of(SCORES), SCORES.T, features))
    assert set(fitted["features"]) == {SINGLE}


def test_what_the_overlap_goes_with() -> None:
    gold = gold_of(np.stack([SCORES - 1, SCORES + 1]))
    found = relations(gold, SCORES / 100, predictor_rows(gold), 99, 100, 1).set_index("with")
    # SuE is one value per source, and what is not known has no correlation
    assert found.index.tolist() == ["transfer (gold scores)", "EMB", "L2V"]
    assert (found["n"] == 12).all()
    assert found["value"].tolist()[:2] == pytest.approx([1, 1])
    off = ~np.eye(4, dtype=bool)
    expected = np.corrcoef(SCORES[off], SCORES.T[off])[0, 1]
    assert found.loc["L2V", "value"] == pytest.approx(expected)
