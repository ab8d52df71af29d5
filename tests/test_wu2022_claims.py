"""Claims of Wu et al. 2022 on made-up curves, on both sides of every bound."""

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isogloss.config.landscapes import Wu2022
from isogloss.papers.wu2022.claims import (
    ABSENT,
    COLUMNS,
    NO,
    YES,
    Evidence,
    above,
    below,
    claims,
    near,
    within,
)
from isogloss.statistics.paths import Flatness, PathDescription
from isogloss.statistics.ranking import Interval

ALPHAS = (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
UNITS = [("en", "de", "pos"), ("en", "fr", "pos"), ("en", "de", "ner"), ("en", "fr", "ner")]
SHAPE = {
    **{"barrier": 0.0, "range": 30.0, "gain": 30.0, "slope": 30.0, "linearity": 0.99},
    **{"fall": 0.5, "roughness": 0.5, "dip_start": 1.0, "dip_end": 1.0},
}
# Every claim of the paper holds on these: the second encoder is smoother and flatter.
SECOND = {"slope": 20.0, "roughness": 0.2, "dip_start": 0.1, "dip_end": 0.1, "gain": 20.0}
SURFACE = {"inner_gradient": 0.4, "gradient": 0.5, "at_first": 0.4, "at_second": 0.3, "high": 0.4}
ON_SOURCE = {"inner_gradient": 0.02, "gradient": 0.1, "at_first": 0.02, "at_second": 0.3}
Change = Callable[[dict[str, Any]], Mapping[str, Any]]


def unchanged(_: dict[str, Any]) -> Mapping[str, Any]:
    return {}


def lines(encoders: tuple[str, ...]) -> list[dict[str, Any]]:
    """Names of every line and side."""
    names = ("encoder", "unit", "part", "start", "side")
    ends = ("source", "target")
    parts = ("all", "encoder", "head")
    found = []
    for row in itertools.product(encoders, UNITS, parts, ends, ends):
        named: dict[str, Any] = dict(zip(names, row, strict=True))
        source, target, task = named.pop("unit")
        found.append({**named, "source": source, "target": target, "task": task})
    return found


def curve_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Result of `normalise`, of bilingual models that score 100."""
    rows = []
    for line, alpha in itertools.product(lines(encoders), ALPHAS):
        stays = line["start"] == line["side"]
        risen = 0.0 if line["part"] == "head" else min(1.0, max(0.0, alpha))
        zero = 0.7 if line["encoder"] == "mbert" else 0.8
        row = {
            **line,
            "alpha": alpha,
            "bilingual": 100.0,
            "performance": 1.0 if stays else zero + (1 - zero) * risen,
            "normalised_variance": 0.01 if stays else 0.05,
        }
        row |= change(row)
        rows.append({**row, "mean": 100 * row["performance"]})
    return pd.DataFrame(rows)


def shape_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Result of `described`, in points of a score of 100."""
    rows = []
    for line in lines(encoders):
        shape = SHAPE if line["encoder"] == "mbert" else {**SHAPE, **SECOND}
        shape = {**shape, **({"gain": 0.5} if line["part"] == "head" else {})}
        shape = {**shape, **change(line)}
        assert set(shape) == set(PathDescription._fields)
        rows += [{**line, "quantity": name, "value": value} for name, value in shape.items()]
    return pd.DataFrame(rows)


def surface_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Result of `flatness`."""
    rows = []
    for line in lines(encoders):
        if line["start"] == "target":
            continue
        shape = dict(SURFACE) if line["side"] == "target" else {**SURFACE, **ON_SOURCE}
        if line["encoder"] != "mbert":
            shape |= {"inner_gradient": 0.3, "gradient": 0.4, "high": 0.5}
        shape |= change(line)
        assert set(shape) == set(Flatness._fields)
        rows += [{**line, "quantity": name, "value": value} for name, value in shape.items()]
    return pd.DataFrame(rows)


def direction_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Table kind `directions` of two seeds, with another level beside."""
    rows = []
    for encoder, (source, target, task), seed in itertools.product(encoders, UNITS, (1, 2)):
        row = {"encoder": encoder, "source": source, "target": target, "task": task, "seed": seed}
        whole = {**row, "level": "all", "name": "all", "ratio": 1.0, "angle": 55.0}
        rows.append({**whole, **change(whole)})
        rows.append({**row, "level": "part", "name": "head", "ratio": 7.0, "angle": 10.0})
    return pd.DataFrame(rows)


def step_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Table kind `sharpness`: steps cost the source 10 percent and each target 20."""
    rows = []
    for encoder, task, seed in itertools.product(encoders, ("pos", "ner"), (1, 2)):
        for radius, language in itertools.product((0.0, 0.1, 0.2), ("en", "de", "fr")):
            row = {"encoder": encoder, "task": task, "source": "en", "seed": seed}
            row |= {"radius": radius, "language": language, "metric": "accuracy"}
            lost = 0.0 if radius == 0 else 0.1 if language == "en" else 0.2
            row |= {"direction": int(radius > 0), "value": 80 * (1 - lost)}
            rows.append({**row, **change(row)})
    return pd.DataFrame(rows)


def settings(encoders: tuple[str, ...], **changes: Any) -> Wu2022:
    chosen = {
        "encoders": list(encoders),
        "tasks": {"POS": {"task": "pos", "recipe": "plain"}},
        "sources": ["en"],
        "targets": ["de", "fr"],
        "sharpness": {"radii": [0.1, 0.2]},
        "resamples": 200,
    }
    return Wu2022.model_validate({**chosen, **changes})


def evidence(
    encoders: tuple[str, ...] = ("mbert", "xlmr"),
    curves: Change = unchanged,
    shapes: Change = unchanged,
    surfaces: Change = unchanged,
    directions: Change = unchanged,
    steps: Change = unchanged,
    **changes: Any,
) -> Evidence:
    return Evidence(
        curve_rows(encoders, curves),
        shape_rows(encoders, shapes),
        surface_rows(encoders, surfaces),
        direction_rows(encoders, directions),
        step_rows(encoders, steps),
        {"pos": "accuracy", "ner": "accuracy"},
        settings(encoders, **changes),
    )


def row_of(found: pd.DataFrame, slug: str, encoder: str, quantity: str = "") -> Any:
    """The one row of a claim; `quantity` is the beginning of its quantity."""
    chosen = found[(found["claim"] == slug) & (found["encoder"] == encoder)]
    chosen = chosen[chosen["quantity"].str.startswith(quantity)]
    assert len(chosen) == 1
    return chosen.iloc[0]


def at(alpha: float, value: float, start: str, part: str = "all") -> Change:
    """Performance of the start's own language at one alpha."""

    def change(row: dict[str, Any]) -> Mapping[str, Any]:
        here = row["alpha"] == alpha and row["start"] == row["side"] == start
        return {"performance": value} if here and row["part"] == part else {}

    return change


def near_bounds(holds: bool) -> Evidence:
    """Every quantity a little inside its bound, or a little outside."""
    beside = -1 if holds else 1

    def performance(row: dict[str, Any]) -> float:
        if row["start"] == row["side"]:
            return 0.95 - 0.001 * beside if row["alpha"] == 0.5 else 1.0
        zero = 0.7 if row["encoder"] == "mbert" else 0.7 - 0.001 * beside
        return zero if row["alpha"] == 0 else float(row["performance"])

    def curves(row: dict[str, Any]) -> Mapping[str, Any]:
        inside = 0 <= row["alpha"] <= 1
        far = (0.05 + 0.001 * beside if inside else 0.9) if row["part"] == "encoder" else 0.0
        found: dict[str, Any] = {"performance": performance(row) - far}
        if row["start"] == row["side"] == "source":
            half = 0 <= row["alpha"] <= 0.5
            found["normalised_variance"] = 0.05 + 0.001 * beside if half else 9.0
        return found

    def shapes(line: dict[str, Any]) -> Mapping[str, Any]:
        if line["part"] == "head":
            return {"gain": 3 + 0.01 * beside}
        if line["start"] != "source" or line["side"] != "target" or line["part"] != "all":
            return {}
        if line["encoder"] == "mbert":
            dips = {"dip_start": 0.5 - 0.001 * beside, "dip_end": 0.5 - 0.001 * beside}
            bent = {"fall": 2 + 0.01 * beside, "linearity": 0.9 - 0.001 * beside}
            return {**dips, **bent, "roughness": 2 + 0.01 * beside, "gain": 30.0}
        dips = {"dip_start": 0.5 + 0.001 * beside, "dip_end": 0.5 + 0.001 * beside}
        bent = {"fall": 2 + 0.01 * beside, "linearity": 0.9 - 0.001 * beside}
        rough = {"roughness": 2 + 0.02 * beside, "slope": 30 + 0.01 * beside}
        return {**dips, **bent, **rough, "gain": 30.0}

    def surfaces(line: dict[str, Any]) -> Mapping[str, Any]:
        if line["part"] != "all":
            return {}
        if line["side"] == "source":
            return {"at_first": 0.1 + 0.0001 * beside}
        found = {"at_first": 0.1 - 0.0001 * beside}
        if line["encoder"] == "mbert":
            return found
        flat = {"inner_gradient": 0.4 + 0.001 * beside, "gradient": 0.5 + 0.001 * beside}
        return {**found, **flat, "high": 0.4 - 0.001 * beside}

    def steps(row: dict[str, Any]) -> Mapping[str, Any]:
        moved = row["radius"] > 0 and row["language"] != "en"
        return {"value": 72 + 0.1 * beside} if moved else {}

    def directions(row: dict[str, Any]) -> Mapping[str, Any]:
        return {"ratio": 1.1 + 0.001 * beside, "angle": 65 + 0.1 * beside}

    return evidence(("mbert", "xlmr"), curves, shapes, surfaces, directions, steps)


@pytest.fixture(scope="module")
def tables() -> dict[bool, pd.DataFrame]:
    """Claims of quantities inside and outside of their bounds."""
    return {holds: claims(near_bounds(holds)) for holds in (True, False)}


@pytest.mark.parametrize(
    ("slug", "encoder", "quantity", "inside", "outside"),
    [
        ("source-stays", "mbert", "", 0.951, 0.949),
        ("target-stays", "xlmr", "", 0.951, 0.949),
        ("encoder-only", "mbert", "", 0.049, 0.051),
        ("smooth", "mbert", "largest fall", 0.0199, 0.0201),
        ("smooth", "mbert", "roughness", 0.0199, 0.0201),
        ("linear", "mbert", "", 0.901, 0.899),
        ("dips", "mbert", "depth below the line between 0 ", 0.00501, 0.00499),
        ("dips", "mbert", "depth below the line between 0.8", 0.00501, 0.00499),
        ("no-dips", "xlmr", "depth below the line between 0 ", 0.00499, 0.00501),
        ("no-dips", "xlmr", "depth below the line between 0.8", 0.00499, 0.00501),
        ("head-only", "mbert", "", 2.99 / 30, 3.01 / 30),
        ("variance", "mbert", "", 0.98, 1.02),
        ("flatter-slope", "xlmr", "", -0.0001, 0.0001),
        ("smoother", "xlmr", "", -0.0001, 0.0001),
        ("zero-shot", "xlmr", "", 0.1, -0.1),
        ("equal-norms", "mbert", "source's norm", 1.099, 1.101),
        ("equal-norms", "mbert", "larger norm", 1.099, 1.101),
        ("angle", "mbert", "", 64.9, 65.1),
        ("flatter-surface", "xlmr", "mean gradient on [0", -0.001, 0.001),
        ("flatter-surface", "xlmr", "mean gradient on the", -0.001, 0.001),
        ("flatter-surface", "xlmr", "share of points", 0.001, -0.001),
        ("not-flat", "mbert", "target's gradient at", 0.1001, 0.0999),
        ("not-flat", "mbert", "target's gradient less", 0.0002, -0.0002),
        ("flat", "mbert", "", 0.0999, 0.1001),
        ("random-steps", "mbert", "relative loss after a step of 0.1,", 0.1 / 80, -0.1 / 80),
        ("random-steps", "xlmr", "relative loss after a step of 0.2,", 0.1 / 80, -0.1 / 80),
    ],
)
def test_claims_at_their_bounds(
    tables: dict[bool, pd.DataFrame],
    slug: str,
    encoder: str,
    quantity: str,
    inside: float,
    outside: float,
) -> None:
    for holds, value in ((True, inside), (False, outside)):
        row = row_of(tables[holds], slug, encoder, quantity)
        assert row["value"] == pytest.approx(value, abs=1e-9)
        assert row["holds"] == (YES if holds else NO)


def test_all_claims_hold_where_everything_is_as_in_the_paper() -> None:
    found = claims(evidence())
    assert list(found.columns) == COLUMNS
    assert set(found["holds"]) == {YES}
    assert not found.duplicated(["claim", "encoder", "source", "quantity"]).any()
    assert found["criterion"].str.len().min() > 0
    assert (found["low"] <= found["value"] + 1e-9).all()
    assert (found["high"] >= found["value"] - 1e-9).all()
    assert set(found.loc[found["claim"] == "random-steps", "n"]) == {4}
    assert set(found["n"]) == {4}


def test_same_input_gives_the_same_table() -> None:
    pd.testing.assert_frame_equal(claims(evidence()), claims(evidence()), check_exact=True)


def test_every_panel_has_its_rows() -> None:
    found = claims(evidence(sources=["en", "ar"]))
    stays = found[found["claim"] == "source-stays"]
    panels = [["mbert", "en"], ["mbert", "ar"], ["xlmr", "en"], ["xlmr", "ar"]]
    assert stays[["encoder", "source"]].to_numpy().tolist() == panels
    assert stays["holds"].tolist() == [YES, ABSENT] * 2
    slopes = found[found["claim"] == "flatter-slope"]
    assert slopes["source"].tolist() == ["en", "ar"]
    assert slopes["holds"].tolist() == [YES, ABSENT]


@pytest.mark.parametrize(
    ("criterion", "interval", "met"),
    [
        (above(0.95), Interval(0.97, 0.951, 0.99, 9), True),
        (above(0.95), Interval(0.97, 0.95, 0.99, 9), False),
        (below(0.02), Interval(0.01, 0.0, 0.0199, 9), True),
        (below(0.02), Interval(0.01, 0.0, 0.02, 9), False),
        (within(-0.1, 0.1), Interval(0.0, -0.09, 0.09, 9), True),
        (within(-0.1, 0.1), Interval(0.0, -0.1, 0.09, 9), False),
        (within(-0.1, 0.1), Interval(0.0, -0.09, 0.1, 9), False),
        (near(55, 10), Interval(65.0, 0.0, 90.0, 9), True),
        (near(55, 10), Interval(44.9, 44.8, 60.0, 9), False),
    ],
)
def test_criteria(criterion: Any, interval: Interval, met: bool) -> None:
    assert criterion.met(interval) is met


@pytest.mark.parametrize("start", ["source", "target"])
def test_the_two_starts_are_told_apart(start: str) -> None:
    found = claims(evidence(curves=at(0.5, 0.9, start)))
    other = "target" if start == "source" else "source"
    assert row_of(found, f"{start}-stays", "mbert")["holds"] == NO
    assert row_of(found, f"{other}-stays", "mbert")["holds"] == YES


@pytest.mark.parametrize(("alpha", "part"), [(-0.5, "all"), (1.5, "all"), (0.5, "head")])
def test_what_happens_outside_the_line_is_no_matter(alpha: float, part: str) -> None:
    found = claims(evidence(curves=at(alpha, 0.1, "source", part)))
    assert row_of(found, "source-stays", "mbert")["holds"] == YES


@pytest.mark.parametrize(("gain", "holds"), [(0.1, YES), (-0.1, NO)])
@pytest.mark.parametrize(("start", "side"), [("source", "target"), ("target", "source")])
def test_the_other_language_rises(start: str, side: str, gain: float, holds: str) -> None:
    def change(line: dict[str, Any]) -> Mapping[str, Any]:
        here = line["start"] == start and line["side"] == side and line["part"] == "all"
        return {"gain": gain} if here else {}

    row = row_of(claims(evidence(shapes=change)), f"{side}-rises", "mbert")
    assert row["value"] == pytest.approx(gain / 100)
    assert row["holds"] == holds


@pytest.mark.parametrize(("gain", "holds"), [(-2.9, YES), (-3.1, NO)])
def test_head_alone_is_a_share_of_the_whole_gain(gain: float, holds: str) -> None:
    found = claims(evidence(shapes=lambda line: {"gain": gain} if line["part"] == "head" else {}))
    row = row_of(found, "head-only", "mbert")
    assert row["value"] == pytest.approx(gain / 30)
    assert row["holds"] == holds


def test_no_gain_has_no_shares() -> None:
    row = row_of(claims(evidence(shapes=lambda _: {"gain": -1.0})), "head-only", "mbert")
    assert math.isnan(row["value"]) and row["holds"] == ABSENT


def test_variance_of_one_seed_is_not_there() -> None:
    found = claims(evidence(curves=lambda _: {"normalised_variance": math.nan}))
    assert row_of(found, "variance", "mbert")["holds"] == ABSENT


@pytest.mark.parametrize(
    ("quantity", "ratios", "value", "holds"),
    [
        ("source's norm", (0.89, 0.89), 0.89, NO),
        ("source's norm", (0.8, 1.2), 1.0, YES),
        ("larger norm", (0.8, 1.25), 1.25, NO),
        ("larger norm", (1.09, 1 / 1.09), 1.09, YES),
    ],
)
def test_norms(quantity: str, ratios: tuple[float, float], value: float, holds: str) -> None:
    """The ratios are of two seeds: a mean near 1 does not hide that each is far from it."""
    change = evidence(directions=lambda row: {"ratio": ratios[row["seed"] - 1]})
    row = row_of(claims(change), "equal-norms", "mbert", quantity)
    assert row["value"] == pytest.approx(value)
    assert row["holds"] == holds


@pytest.mark.parametrize(("angle", "holds"), [(45.0, YES), (44.9, NO)])
def test_angle(angle: float, holds: str) -> None:
    row = row_of(claims(evidence(directions=lambda _: {"angle": angle})), "angle", "mbert")
    assert row["holds"] == holds


def test_one_encoder_has_nothing_to_be_compared_with() -> None:
    found = claims(evidence(("mbert",)))
    compared = ["no-dips", "flatter-slope", "smoother", "zero-shot", "flatter-surface"]
    lost = found[found["holds"] == ABSENT]
    assert list(dict.fromkeys(lost["claim"])) == compared
    assert (lost[["encoder", "source"]] == "-").all(axis=None)
    assert lost["value"].isna().all() and (lost["n"] == 0).all()
    assert set(found["claim"]) == set(claims(evidence())["claim"])


def test_a_third_encoder_is_described_but_not_compared() -> None:
    found = claims(evidence(("mbert", "xlmr", "other")))
    third = found[found["encoder"] == "other"]
    assert {"source-stays", "angle", "not-flat"} < set(third["claim"])
    assert not {"dips", "no-dips", "flatter-slope", "flatter-surface"} & set(third["claim"])


def test_missing_tables_and_parts_are_not_in_this_run() -> None:
    whole = evidence()
    lost = whole._replace(
        curves=whole.curves[whole.curves["part"] == "all"],
        described=whole.described[whole.described["part"] == "all"],
        flatness=None,
        directions=None,
        sharpness=None,
        settings=settings(("mbert", "xlmr"), sharpness=None),
    )
    found = claims(lost)
    absent = set(found.loc[found["holds"] == ABSENT, "claim"])
    parts = {"encoder-only", "head-only"}
    planes = {"flatter-surface", "not-flat", "flat"}
    assert absent == {*parts, *planes, "equal-norms", "angle", "random-steps"}
    assert set(found["claim"]) == set(claims(whole)["claim"])
    assert found.loc[found["holds"] == ABSENT, "value"].isna().all()
    assert not found["quantity"].str.contains("nan").any()


def test_one_unit_is_judged_by_its_value() -> None:
    whole = evidence()

    def first(frame: pd.DataFrame | None) -> pd.DataFrame:
        assert frame is not None
        return frame[(frame["task"] == "pos") & (frame["target"] == "de")]

    found = claims(
        whole._replace(
            curves=first(whole.curves),
            described=first(whole.described),
            flatness=first(whole.flatness),
            directions=first(whole.directions),
        )
    )
    alone = found[found["claim"] != "random-steps"]
    assert set(alone["n"]) == {1} and set(alone["holds"]) == {YES}
    assert alone["low"].isna().all() and alone["high"].isna().all()
    assert alone["criterion"].str.endswith("(one unit: its value alone)").all()


def test_units_that_disagree_widen_the_interval() -> None:
    """A mean of 0.96 is above the bound, but half of the units are not."""

    def change(row: dict[str, Any]) -> Mapping[str, Any]:
        if row["start"] != "source" or row["side"] != "source" or row["alpha"] != 0.5:
            return {}
        return {"performance": 0.92 if row["target"] == "de" else 1.0}

    row = row_of(claims(evidence(curves=change)), "source-stays", "mbert")
    assert row["value"] == pytest.approx(0.96)
    assert row["low"] < 0.95 < row["value"] < row["high"]
    assert row["holds"] == NO


def test_pairs_that_one_encoder_lacks_are_not_compared() -> None:
    whole = evidence()
    lost = (whole.described["encoder"] == "xlmr") & (whole.described["target"] == "fr")
    found = claims(whole._replace(described=whole.described[~lost]))
    assert row_of(found, "flatter-slope", "xlmr")["n"] == 2
    assert row_of(found, "linear", "mbert")["n"] == 4


def test_scores_of_zero_leave_a_unit_out() -> None:
    def change(row: dict[str, Any]) -> Mapping[str, Any]:
        lost = row["task"] == "ner" and row["target"] == "fr"
        return {"bilingual": 0.0, "performance": np.nan} if lost else {}

    found = claims(evidence(curves=change))
    assert row_of(found, "source-stays", "mbert")["n"] == 3
    assert row_of(found, "target-rises", "mbert")["n"] == 3
