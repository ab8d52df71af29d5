"""Claims of Wu et al. 2022 on made-up curves, on both sides of every bound."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from claimed import at, evidence, near_bounds, row_of, settings

from isogloss.papers.wu2022.claims import (
    ABSENT,
    COLUMNS,
    NO,
    YES,
    above,
    below,
    claims,
    near,
    within,
)
from isogloss.statistics.ranking import Interval


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
