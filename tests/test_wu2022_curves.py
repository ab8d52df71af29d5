"""Curves and surfaces of Wu et al. 2022 against small tables that are counted by hand."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from isogloss.errors import TableError
from isogloss.papers.wu2022.curves import (
    Variance,
    bands,
    described,
    excess_losses,
    flatness,
    mean_planes,
    mean_scores,
    normalise,
    relative,
)
from isogloss.statistics.paths import PathDescription, describe_path, mean_interval

ALPHAS = (-0.5, 0.0, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0)
METRICS = {"pos": "accuracy", "ner": "f1"}
PAIR = ["encoder", "task", "source", "target", "recipe", "seed"]
SCORED = ["language", "metric", "value", "n"]
Rule = Callable[[str, str, str, int, float, str], float]


def rising(task: str, target: str, part: str, seed: int, alpha: float, side: str) -> float:
    """The source stays at 80 plus the seed; the target rises to 60, less with one part."""
    if side == "source":
        return 80.0 + seed
    reached = 20.0 if part == "all" else 10.0
    start = 40.0 if target == "de" else 30.0
    return start + reached * min(1, alpha) + seed * (2 - alpha) + (5.0 if task == "ner" else 0.0)


def path_rows(
    rule: Rule = rising,
    targets: tuple[str, ...] = ("de", "fr"),
    seeds: tuple[int, ...] = (1, 2, 3),
    parts: tuple[str, ...] = ("all", "encoder"),
    encoder: str = "mbert",
) -> pd.DataFrame:
    """Table kind `paths` from the source's models of English, with another metric beside."""
    rows = [
        (
            *(encoder, task, "en", target, "plain", seed, part, "source", alpha),
            *(language, metric, rule(task, target, part, seed, alpha, side) - other, 100),
        )
        for task, main in METRICS.items()
        for target, seed, part, alpha in itertools.product(targets, seeds, parts, ALPHAS)
        for language, side in (("en", "source"), (target, "target"))
        for metric, other in (("other", 30.0), (main, 0.0))
    ]
    return pd.DataFrame(rows, columns=[*PAIR, "part", "start", "alpha", *SCORED])


def plane_rows(axis: tuple[float, ...] = (-0.5, 0.0, 0.5, 1.0)) -> pd.DataFrame:
    """Table kind `planes`: the target loses 20 points towards the source's model, the source 2."""
    rows = [
        ("mbert", "pos", "en", "de", "plain", seed, "all", x, y, language, "accuracy", value, 100)
        for seed in (1, 2)
        for x, y in itertools.product(axis, repeat=2)
        for language, value in (("en", 90.0 - 2 * y), ("de", 70.0 + seed - 20 * x))
    ]
    return pd.DataFrame(rows, columns=[*PAIR, "part", "alpha_source", "alpha_target", *SCORED])


def cell(frame: pd.DataFrame, column: str, **only: object) -> float:
    """The one value of a column in the row with these entries."""
    for name, wanted in only.items():
        frame = frame[frame[name] == wanted]
    assert len(frame) == 1
    return float(frame[column].iloc[0])


def test_means_and_variances_are_over_seeds() -> None:
    found = mean_scores(path_rows(), METRICS)
    assert len(found) == 2 * 2 * 2 * len(ALPHAS) * 2
    columns = ["encoder", "task", "source", "target", "part", "start", "alpha", "side"]
    assert list(found.columns) == [*columns, "mean", "variance", "seeds"]
    here = {"task": "ner", "target": "fr", "part": "all", "side": "target", "alpha": 0.5}
    scores = [30 + 10 + seed * 1.5 + 5 for seed in (1, 2, 3)]
    assert cell(found, "mean", **here) == pytest.approx(np.mean(scores))
    assert cell(found, "variance", **here) == pytest.approx(np.var(scores, ddof=1))
    assert cell(found, "seeds", **here) == 3


def test_order_of_rows_does_not_reach_the_result() -> None:
    rows = path_rows()
    shuffled = rows.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        mean_scores(rows, METRICS), mean_scores(shuffled, METRICS), check_exact=True
    )
    pd.testing.assert_frame_equal(
        described(rows, METRICS), described(shuffled, METRICS), check_exact=True
    )


def test_one_seed_has_no_variance() -> None:
    found = normalise(mean_scores(path_rows(seeds=(4,)), METRICS), "mean")
    assert found["variance"].isna().all() and found["normalised_variance"].isna().all()
    assert (found["seeds"] == 1).all()
    assert found["performance"].notna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.assign(task="qa"), "no metric is given for task 'qa'"),
        (lambda rows: rows[rows["metric"] == "other"], "no accuracy of task 'pos'; there are"),
        (lambda rows: rows.assign(language="ru"), "language 'ru' of pair en"),
        (lambda rows: pd.concat([rows, rows.iloc[-1:]]), "two scores of"),
    ],
)
def test_tables_that_do_not_fit_are_errors(
    change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    rows = path_rows().query("task == 'pos'")
    for function in (mean_scores, described):
        with pytest.raises(TableError, match=message):
            function(change(rows), METRICS)


def test_performance_is_a_share_of_the_bilingual_model() -> None:
    found = normalise(mean_scores(path_rows(), METRICS), "mean")
    target = {"task": "pos", "target": "de", "side": "target"}
    bilingual = 60 + 2
    assert cell(found, "bilingual", **target, part="encoder", alpha=0.0) == bilingual
    assert cell(found, "performance", **target, part="all", alpha=1.0) == 1
    assert cell(found, "performance", **target, part="encoder", alpha=1.0) == pytest.approx(
        52 / bilingual
    )
    assert cell(found, "performance", **target, part="all", alpha=0.0) == pytest.approx(
        44 / bilingual
    )


@pytest.mark.parametrize(
    ("variance", "divisor"), [("mean", 62.0), ("squared_mean", 62.0**2), ("variance", 1.0)]
)
def test_variance_is_divided_by_what_is_asked(variance: Variance, divisor: float) -> None:
    """Seeds 1 to 3 spread by (2 - alpha): variance 4 at alpha 0 and 1 at the bilingual model."""
    found = normalise(mean_scores(path_rows(), METRICS), variance)
    here = {"task": "pos", "target": "de", "side": "target", "part": "all", "alpha": 0.0}
    assert cell(found, "normalised_variance", **here) == pytest.approx(4 / divisor)


def test_lines_from_both_ends_share_the_bilingual_model() -> None:
    rows = path_rows()
    both = pd.concat([rows, rows.assign(start="target")])
    found = normalise(mean_scores(both, METRICS), "mean")
    one = normalise(mean_scores(rows, METRICS), "mean")
    source = found[found["start"] == "source"].reset_index(drop=True)
    pd.testing.assert_frame_equal(source, one, check_exact=True)


def test_a_bilingual_score_of_zero_gives_no_share() -> None:
    found = normalise(mean_scores(path_rows(lambda *_: 0.0), METRICS), "variance")
    assert found["performance"].isna().all() and found["normalised_variance"].isna().all()


def test_no_bilingual_model_is_an_error() -> None:
    rows = path_rows()
    lost = rows[~((rows["alpha"] == 1) & (rows["target"] == "fr") & (rows["part"] == "all"))]
    with pytest.raises(TableError, match=r"no bilingual model of .*target fr"):
        normalise(mean_scores(lost, METRICS), "mean")


def test_bands_are_over_pairs_and_tasks() -> None:
    curves = normalise(mean_scores(path_rows(targets=("de", "fr", "ru")), METRICS), "mean")
    by = ["encoder", "source", "part", "side", "alpha"]
    found = bands(curves, by, "performance", 500, 1)
    assert list(found.columns) == [*by, "mean", "low", "high", "n"]
    assert len(found) == 2 * 2 * len(ALPHAS)
    pd.testing.assert_frame_equal(found, found.sort_values(by, ignore_index=True))
    here = {"part": "all", "side": "target", "alpha": 0.0}
    units = curves.query("part == 'all' and side == 'target' and alpha == 0")["performance"]
    assert cell(found, "mean", **here) == pytest.approx(units.mean())
    assert cell(found, "n", **here) == len(units) == 6
    assert units.min() < cell(found, "low", **here) < units.mean()
    assert units.mean() < cell(found, "high", **here) < units.max()
    level = found[(found["alpha"] == 1) & (found["part"] == "all")]
    assert (level[["mean", "low", "high"]].to_numpy() == 1).all()


def test_alphas_of_a_band_share_their_resamples() -> None:
    frame = pd.DataFrame(
        [
            ("en", target, "pos", alpha, value + 10 * alpha)
            for target, value in (("de", 1.0), ("fr", 2.0), ("ru", 5.0), ("zh", 9.0))
            for alpha in (0.0, 0.5, 1.0)
        ],
        columns=["source", "target", "task", "alpha", "value"],
    )
    found = bands(frame, ["source", "alpha"], "value", 300, 1)
    np.testing.assert_allclose(np.diff(found["low"]), 5)
    np.testing.assert_allclose(np.diff(found["high"]), 5)
    pd.testing.assert_frame_equal(found, bands(frame, ["source", "alpha"], "value", 300, 1))
    alone = bands(frame, ["alpha"], "value", 300, 1)
    pd.testing.assert_frame_equal(alone, found[alone.columns])
    single = bands(frame[frame["alpha"] == 0], ["source"], "value", 300, 1)
    assert single["low"].iloc[0] == pytest.approx(found["low"].iloc[0])


def test_bands_of_one_unit_nothing_and_too_much() -> None:
    curves = normalise(mean_scores(path_rows(), METRICS), "mean")
    one = curves[(curves["task"] == "pos") & (curves["target"] == "de")]
    by = ["part", "side", "alpha"]
    found = bands(one, by, "performance", 100, 1)
    assert (found["n"] == 1).all() and found["low"].isna().all()
    assert len(bands(curves.iloc[:0], by, "performance", 100, 1)) == 0
    with pytest.raises(TableError, match="several values of source en, target de, task"):
        bands(curves, ["side", "alpha"], "performance", 100, 1)


def test_shapes_are_computed_for_each_seed() -> None:
    rows = path_rows()
    found = described(rows, METRICS)
    assert len(found) == 2 * 2 * 2 * 2 * len(PathDescription._fields)
    here = {"task": "pos", "target": "de", "part": "all", "side": "target"}
    shapes = [
        describe_path(
            np.array(ALPHAS), np.array([rising("pos", "de", "all", s, a, "target") for a in ALPHAS])
        )
        for s in (1, 2, 3)
    ]
    for name in PathDescription._fields:
        values = np.array([getattr(shape, name) for shape in shapes])
        wanted = mean_interval(values)
        row = {column: cell(found, column, **here, quantity=name) for column in wanted._fields[1:]}
        assert cell(found, "value", **here, quantity=name) == pytest.approx(wanted.mean)
        assert (row["low"], row["high"]) == pytest.approx(wanted[1:])
    # the gain of seed s is 20 - s
    assert cell(found, "value", **here, quantity="gain") == pytest.approx(18)


def test_seeds_without_a_quantity_are_not_counted() -> None:
    """The score on the source does not change with alpha: it has no R squared."""
    found = described(path_rows(), METRICS)
    here = {"task": "pos", "target": "de", "part": "all", "side": "source"}
    assert cell(found, "seeds", **here, quantity="linearity") == 0
    assert math.isnan(cell(found, "value", **here, quantity="linearity"))
    assert cell(found, "seeds", **here, quantity="gain") == 3


def test_relative_shapes_are_shares_but_for_linearity() -> None:
    rows = path_rows()
    curves = normalise(mean_scores(rows, METRICS), "mean")
    descriptions = described(rows, METRICS)
    found = relative(descriptions, curves)
    assert len(found) == 16
    here = {"task": "ner", "target": "fr", "part": "encoder", "side": "target"}
    for name in PathDescription._fields:
        scale = 1 if name == "linearity" else 50 + 5 + 2
        value = cell(descriptions, "value", **here, quantity=name)
        assert cell(found, name, **here) == pytest.approx(value / scale)


def test_planes_are_shares_of_their_centre() -> None:
    found = mean_planes(plane_rows(), {"pos": "accuracy"})
    assert len(found) == 16 * 2
    here = {"side": "target", "alpha_source": 1.0, "alpha_target": -0.5}
    assert cell(found, "mean", **here) == 51.5
    assert cell(found, "variance", **here) == pytest.approx(0.5)
    assert cell(found, "bilingual", **here) == 71.5
    assert cell(found, "performance", **here) == pytest.approx(51.5 / 71.5)
    centre = {"side": "source", "alpha_source": 0.0, "alpha_target": 0.0}
    assert cell(found, "performance", **centre) == 1


def test_flatness_of_tilted_planes() -> None:
    found = flatness(plane_rows(), {"pos": "accuracy"})
    for name in ("inner_gradient", "gradient", "at_first", "at_second"):
        assert cell(found, "value", side="target", quantity=name) == pytest.approx(20 / 71.5)
        assert cell(found, "value", side="source", quantity=name) == pytest.approx(2 / 90)
    # of four columns the target keeps 95 percent in those at -0.5 and 0
    assert cell(found, "value", side="target", quantity="high") == 0.5
    assert cell(found, "value", side="source", quantity="high") == 1
    assert set(found["seeds"]) == {2}


def test_flatness_of_seeds_has_an_interval() -> None:
    rows = plane_rows()
    steeper = (rows["seed"] == 2) & (rows["language"] == "de")
    rows.loc[steeper, "value"] -= 10 * rows.loc[steeper, "alpha_source"]
    found = flatness(rows, {"pos": "accuracy"})
    wanted = mean_interval(np.array([20, 30]) / 71.5)
    here = {"side": "target", "quantity": "at_first"}
    assert cell(found, "value", **here) == pytest.approx(wanted.mean)
    assert (cell(found, "low", **here), cell(found, "high", **here)) == pytest.approx(wanted[1:])


def test_the_two_monolingual_models_are_told_apart() -> None:
    """A target surface that is steep at the source's model (1, 0) only."""
    rows = plane_rows()
    here = (rows["language"] == "de") & (rows["alpha_source"] == 1) & (rows["alpha_target"] == 0)
    rows.loc[rows["language"] == "de", "value"] = 70.0
    rows.loc[here, "value"] = 35.0
    found = flatness(rows, {"pos": "accuracy"})
    assert cell(found, "value", side="target", quantity="at_first") == pytest.approx(1)
    assert cell(found, "value", side="target", quantity="at_second") == 0


def test_planes_with_holes_are_errors() -> None:
    rows, metrics = plane_rows(), {"pos": "accuracy"}
    corner = (rows["alpha_source"] == 0.5) & (rows["alpha_target"] == 1) & (rows["seed"] == 2)
    with pytest.raises(TableError, match=r"\(0.5, 1\) is nan"):
        flatness(rows[~corner], metrics)
    centre = (rows["alpha_source"] == 0) & (rows["alpha_target"] == 0)
    with pytest.raises(TableError, match="no bilingual model"):
        mean_planes(rows[~centre], metrics)
    with pytest.raises(TableError, match="two scores of"):
        flatness(pd.concat([rows, rows.iloc[:1]]), metrics)


def test_planes_of_a_bilingual_score_of_zero_have_no_flatness() -> None:
    found = flatness(plane_rows().assign(value=0.0), {"pos": "accuracy"})
    assert found["value"].isna().all() and (found["seeds"] == 0).all()


def step_rows(**own: float) -> pd.DataFrame:
    """Table kind `sharpness`: a step costs each language its own share of its score."""
    shares = {"en": 0.1, "de": 0.2, "fr": 0.4}
    scores = {"en": 90.0, "de": 60.0, "fr": 50.0, **own}
    rows = [
        (
            *("mbert", "pos", "en", "plain", seed, direction, radius, language, metric),
            *(score * (1 - radius * shares[language] * (0.5 + direction % 2)), 100),
        )
        for seed in (1, 2)
        for radius in (0.0, 0.5, 1.0)
        for direction in ((0,) if radius == 0 else (1, 2))
        for language, score in scores.items()
        for metric in ("accuracy", "other")
    ]
    names = ["encoder", "task", "source", "recipe", "seed", "direction", "radius", *SCORED]
    return pd.DataFrame(rows, columns=names)


def test_excess_loss_is_of_targets_over_the_source() -> None:
    found = excess_losses(step_rows(), {"pos": "accuracy"})
    assert list(found.columns) == ["encoder", "task", "source", "seed", "radius", "excess"]
    assert found["radius"].tolist() == [0.5, 1.0] * 2
    np.testing.assert_allclose(found["excess"], [0.1, 0.2] * 2)


def test_excess_loss_needs_scores_of_both_sides() -> None:
    found = excess_losses(step_rows(de=0.0), {"pos": "accuracy"})
    assert found["excess"].isna().all()
    rows = step_rows()
    alone = excess_losses(rows[rows["language"] == "en"], {"pos": "accuracy"})
    assert alone["excess"].isna().all()
    assert len(excess_losses(rows, {"pos": "missing"})) == 0
