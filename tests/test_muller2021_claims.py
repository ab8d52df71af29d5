"""Statements of the talk on Muller et al. 2021, on both sides of every bound."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import stats
from test_muller2021_random_init import METRICS, NAMES, printed_study

from isogloss.config.muller2021 import Muller2021
from isogloss.papers.muller2021.claims import (
    ABSENT,
    COLUMNS,
    FAILS,
    HOLDS,
    NO_HELP,
    PRESERVED,
    SMALL,
    UNDECIDED,
    Bound,
    Evidence,
    Measured,
    claims,
    verdict,
)
from isogloss.papers.muller2021.random_init import changes

LAYERS = 4
GROUPS = ("1-2", "3-4")


def settings(**changed: Any) -> Muller2021:
    """One task in three sources; unseen languages ug and ka, control ar."""
    tasks = {"Parsing": {"task": "trees", "recipe": "words", "seeds": [1, 2, 3]}}
    plain = {"encoder": "mbert", "tasks": tasks, "sources": ["en", "ru"], "targets": ["de", "fr"]}
    alignment = {"texts": {"pud": {"corpus": "pud"}}, "indices": ["cka", "rsa"]}
    of_unseen = {"task": "trees", "recipe": "words", "baseline_recipe": "lstm"}
    of_unseen |= {"languages": ["ug", "ka", "mt"], "controls": ["ar"]}
    unseen = {
        "encoders": {"original": {"adapted": "mlm", "baseline": "bilstm"}},
        "tasks": {"Parsing": of_unseen},
    }
    both = {"alignment": alignment, "unseen": unseen}
    return Muller2021.model_validate({**plain, **both, **changed})


def changed_rows(
    same: dict[str, float], cross: dict[str, float], spread: float = 0.0
) -> pd.DataFrame:
    """Result of `changes`: the same change in all sources, and a spread over seeds."""
    rows = [
        ("Parsing", source, target, group, seed, 80.0, (same if own else cross)[group])
        for source, group, seed in itertools.product(("en", "ru"), GROUPS, (1, 2, 3))
        for target, own in ((source, True), ("de", False), ("fr", False))
    ]
    columns = ["task", "source", "target", "group", "seed", "value", "change"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["change"] += spread * (frame["seed"] - 2)
    return frame.assign(changed=frame["value"] + frame["change"])


AS_SAID = ({"1-2": -1.0, "3-4": 0.0}, {"1-2": -8.0, "3-4": -0.5})


def summary_rows(excess: Measured, change: Measured) -> pd.DataFrame:
    """Result of `alignment.summary`, the same for both indices; other texts say the contrary."""
    columns = ["text", "protocol", "index", "stage", "task", "quantity", "value", "low", "high"]
    rows = []
    for text, protocol, index in itertools.product(
        ("ntrex", "pud"), ("authors", "mean"), ("cka", "rsa")
    ):
        sign = 1 if (text, protocol) == ("pud", "mean") else -1
        for stage, task, quantity, found in (
            ("before", "-", "rise_excess", excess),
            ("after", "Parsing", "change", change),
        ):
            ends = (sign * found.value, sign * found.low, sign * found.high, found.n)
            rows.append((text, protocol, index, stage, task, quantity, *ends))
    return pd.DataFrame(rows, columns=[*columns, "n"])


def correlation_rows(found: Measured) -> pd.DataFrame:
    """Result of `gap.correlations`; other stages and layers say the contrary."""
    rows = []
    for index, stage, layer in itertools.product(
        ("cka", "rsa"), ("before", "after"), ("mean", "0", "1")
    ):
        sign = 1 if (stage, layer) == ("after", "mean") else -1
        ends = (sign * found.value, sign * found.low, sign * found.high, found.n)
        rows.append(("Parsing", "pud", "mean", index, stage, layer, *ends))
    columns = ["task", "text", "protocol", "index", "stage", "layer", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def category_rows(**by_language: str) -> pd.DataFrame:
    """Categories by parsing; POS says Easy of all."""
    rows = [("tags", language, "Easy") for language in by_language]
    rows += [("trees", language, name) for language, name in by_language.items()]
    return pd.DataFrame(rows, columns=["task", "language", "category"])


def contrast_rows(**gains: tuple[float, float, float]) -> pd.DataFrame:
    """Table kind `contrasts` of Latin and original writing, and rows that are other contrasts."""
    rows = [
        (task, language, model, writing, other, other_writing, gain, low, high)
        for language, (gain, low, high) in gains.items()
        for task, model, writing, other, other_writing in (
            ("trees", "adapted", "latin", "adapted", "original"),
            ("trees", "pretrained", "latin", "pretrained", "original"),
        )
    ]
    for task, model, writing, other, other_writing in (
        ("tags", "adapted", "latin", "adapted", "original"),
        ("trees", "adapted", "permuted", "adapted", "original"),
        ("trees", "adapted", "latin", "baseline", "latin"),
        ("trees", "baseline", "latin", "baseline", "original"),
    ):
        name = (model, writing, other, other_writing)
        rows += [(task, language, *name, -50.0, -60.0, -40.0) for language in gains]
    columns = ["task", "language", "model", "writing", "other_model", "other_writing"]
    return pd.DataFrame(rows, columns=[*columns, "difference", "low", "high"])


def evidence(**changed: Any) -> Evidence:
    """Everything as the talk says."""
    plain = Evidence(
        changed_rows(*AS_SAID, spread=0.1),
        LAYERS,
        summary_rows(Measured(0.4, 0.3, 0.5, 6), Measured(-0.02, -0.04, 0.01, 6)),
        correlation_rows(Measured(0.7, 0.4, 0.9, 30)),
        category_rows(ug="Hard", ka="Intermediate", mt="Easy"),
        contrast_rows(ug=(20, 15, 25), ka=(5, 3, 8), ar=(-6, -8, -4)),
        NAMES,
        settings(),
    )
    return plain._replace(**changed)


def row_of(found: pd.DataFrame, claim: str, measure: str = "") -> dict[str, Any]:
    rows = found[(found["claim"] == claim) & found["measure"].str.contains(measure, regex=False)]
    assert len(rows) == 1, f"{claim} {measure}: {len(rows)} rows"
    return dict(rows.iloc[0])


def test_all_statements_hold_where_everything_is_as_the_talk_says() -> None:
    found = claims(evidence())
    assert list(found.columns) == COLUMNS
    assert set(found["verdict"]) == {HOLDS}
    assert not found.duplicated(["claim", "measure"]).any()
    assert len(found) == 4 + 2 + 2 + 2 + 1 + 6
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()


def test_same_input_gives_the_same_table() -> None:
    pd.testing.assert_frame_equal(claims(evidence()), claims(evidence()), check_exact=True)


def test_what_a_run_lacks_is_not_attempted() -> None:
    nothing = {"summary": None, "correlations": None, "categories": None, "contrasts": None}
    bare = settings(alignment=None, unseen=None)
    found = claims(evidence(**nothing, settings=bare)).set_index("claim")["verdict"]
    of_layers = ["same-language", "lower-layers", "depth", "upper-layers"]
    assert set(found[of_layers]) == {HOLDS}
    assert set(found.drop(of_layers)) == {ABSENT}
    assert set(found.index) == set(claims(evidence())["claim"])


@pytest.mark.parametrize(
    ("claim", "same", "cross", "value", "expected"),
    [
        ("same-language", (0.0, -SMALL + 0.01), (-5, -1), SMALL - 0.01, HOLDS),
        ("same-language", (-SMALL - 0.01, 0.0), (-5, -1), SMALL + 0.01, FAILS),
        ("same-language", (-SMALL, 0.0), (-5, -1), SMALL, UNDECIDED),
        ("upper-layers", (0, 0), (-9, -SMALL + 0.01), SMALL - 0.01, HOLDS),
        ("upper-layers", (0, 0), (0, -SMALL - 0.01), SMALL + 0.01, FAILS),
        ("lower-layers", (-1, 0), (-1.01, 0), -0.01, HOLDS),
        ("lower-layers", (-1, 0), (-0.99, -9), 0.01, FAILS),
        ("lower-layers", (-1, 0), (-1, -9), 0, UNDECIDED),
        ("depth", (0, 0), (-2, -1), 1, HOLDS),
        ("depth", (0, 0), (-1, -2), -1, FAILS),
    ],
)
def test_new_layers_at_their_bounds(
    claim: str,
    same: tuple[float, float],
    cross: tuple[float, float],
    value: float,
    expected: str,
) -> None:
    rows = changed_rows(*(dict(zip(GROUPS, side, strict=True)) for side in (same, cross)))
    row = row_of(claims(evidence(changes=rows)), claim)
    assert row["value"] == pytest.approx(value, abs=1e-9)
    assert row["verdict"] == expected


def test_an_interval_that_holds_the_bound_is_undecided() -> None:
    same = {"1-2": -SMALL + 0.1, "3-4": 0.0}
    wide, narrow = (
        row_of(claims(evidence(changes=changed_rows(same, AS_SAID[1], spread))), "same-language")
        for spread in (0.5, 0.01)
    )
    assert wide["value"] == pytest.approx(narrow["value"], abs=1e-9)
    half = stats.t.ppf(0.975, 2) * 0.5 / math.sqrt(3)
    assert wide["high"] == pytest.approx(SMALL - 0.1 + half, abs=1e-9)
    assert (wide["verdict"], narrow["verdict"]) == (UNDECIDED, HOLDS)


def test_one_seed_is_judged_by_its_value_alone() -> None:
    rows = changed_rows(*AS_SAID)
    found = row_of(claims(evidence(changes=rows[rows["seed"] == 1])), "same-language")
    assert found["verdict"] == HOLDS
    assert math.isnan(found["high"])
    assert "the value alone" in found["rule"]


def test_lower_layers_have_a_t_interval_over_sources_and_seeds() -> None:
    generator = np.random.default_rng(3)
    rows = changed_rows(*AS_SAID)
    rows["change"] += generator.normal(size=len(rows))
    units = []
    for source, seed in itertools.product(("en", "ru"), (1, 2, 3)):
        part = rows[(rows["source"] == source) & (rows["seed"] == seed) & (rows["group"] == "1-2")]
        own = part["source"] == part["target"]
        units.append(part.loc[~own, "change"].mean() - part.loc[own, "change"].mean())
    row = row_of(claims(evidence(changes=rows)), "lower-layers")
    low, high = stats.t.interval(0.95, 5, np.mean(units), stats.sem(units))
    expected = [np.mean(units), low, high, 6]
    assert [row[name] for name in ("value", "low", "high", "n")] == pytest.approx(expected)


def test_ends_of_a_correlation_stay_what_a_correlation_can_be() -> None:
    rows = changed_rows({"1-2": 0, "3-4": 0}, {"1-2": -1, "3-4": 0})
    odd = (rows["source"] == "en") & (rows["seed"] == 1) & (rows["group"] == "1-2")
    row = row_of(claims(evidence(changes=rows.assign(change=rows["change"] + 5 * odd))), "depth")
    assert row["value"] == pytest.approx(4 / 6)
    assert row["high"] == 1
    assert row["verdict"] == UNDECIDED


def test_one_group_has_no_depth_to_go_with() -> None:
    rows = changed_rows(*AS_SAID)
    found = claims(evidence(changes=rows[rows["group"] == "1-2"]))
    assert row_of(found, "depth")["verdict"] == ABSENT
    assert row_of(found, "upper-layers")["verdict"] == ABSENT
    assert row_of(found, "lower-layers")["verdict"] == HOLDS


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.001, 0.5, HOLDS),
        (-0.5, -0.001, FAILS),
        (-0.001, 0.5, UNDECIDED),
        (-0.5, 0.001, UNDECIDED),
    ],
)
def test_where_similarity_arises_and_what_it_goes_with(
    low: float, high: float, expected: str
) -> None:
    middle = Measured((low + high) / 2, low, high, 9)
    lower = Measured(*(end - PRESERVED for end in middle[:3]), 9)
    found = claims(
        evidence(summary=summary_rows(middle, lower), correlations=correlation_rows(middle))
    )
    for index in ("cka", "rsa"):
        for claim in ("aligns-below", "correlates", "preserved"):
            assert row_of(found, claim, f" {index} ")["verdict"] == expected
        assert row_of(found, "preserved", f" {index} ")["low"] == pytest.approx(low - PRESERVED)


@pytest.mark.parametrize(
    ("categories", "value", "high", "expected"),
    [
        ({"ug": "Hard", "ka": "Easy", "mt": "Easy"}, 1, 1, HOLDS),
        ({"ug": "Hard", "ka": "Hard", "mt": "Easy"}, 2, 2, FAILS),
        ({"ug": "Easy", "ka": "Easy", "mt": "Intermediate"}, 0, 0, FAILS),
        ({"ug": "Easy", "ka": "tie: Easy or Hard", "mt": "Easy"}, 0, 1, UNDECIDED),
        ({"ug": "Hard", "ka": "tie: Easy, Intermediate or Hard", "mt": "Easy"}, 1, 2, UNDECIDED),
        ({"ug": "Hard", "ka": "tie: Easy or Intermediate", "mt": "Easy"}, 1, 1, HOLDS),
    ],
)
def test_hard_languages_are_counted_from_sure_to_possible(
    categories: dict[str, str], value: int, high: int, expected: str
) -> None:
    row = row_of(claims(evidence(categories=category_rows(**categories))), "hard")
    assert [row["value"], row["low"], row["high"], row["n"]] == [value, value, high, 3]
    assert row["verdict"] == expected


def test_the_talks_three_of_seventeen_hold() -> None:
    names = {f"x{chr(97 + i)}": "Hard" if i < 3 else "Easy" for i in range(17)}
    assert row_of(claims(evidence(categories=category_rows(**names))), "hard")["verdict"] == HOLDS


@pytest.mark.parametrize(
    ("ug", "verdicts"),
    [
        ((4, 0.01, 8), (HOLDS, HOLDS)),
        ((4, 0, 8), (UNDECIDED, HOLDS)),
        ((-4, -8, -0.01), (FAILS, UNDECIDED)),
        ((-40, -48, -32), (FAILS, FAILS)),
    ],
)
@pytest.mark.parametrize("model", ["adapted", "pretrained"])
def test_transliteration_of_hard_and_of_all_unseen_languages(
    ug: tuple[float, float, float], verdicts: tuple[str, str], model: str
) -> None:
    gains = contrast_rows(ug=ug, ka=(5, 3, 7), ar=(-6, -8, -4))
    found = claims(evidence(contrasts=gains))
    hard, every = (row_of(found, name, model) for name in ("latin-hard", "latin-unseen"))
    assert [hard["value"], hard["low"], hard["high"], hard["n"]] == pytest.approx([*ug, 1])
    below = math.hypot(ug[0] - ug[1], 2) / 2
    assert [every["value"], every["low"], every["n"]] == pytest.approx(
        [(ug[0] + 5) / 2, (ug[0] + 5) / 2 - below, 2]
    )
    assert (hard["verdict"], every["verdict"]) == verdicts


def test_a_language_that_may_be_hard_counts_as_hard() -> None:
    tied = category_rows(ug="Easy", ka="tie: Intermediate or Hard", mt="Hard")
    row = row_of(claims(evidence(categories=tied)), "latin-hard", "adapted")
    assert (row["value"], row["n"]) == (5, 1)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-9, NO_HELP - 0.01, HOLDS),
        (NO_HELP + 0.01, 9, FAILS),
        (-1, NO_HELP, UNDECIDED),
    ],
)
def test_controls_do_not_gain(low: float, high: float, expected: str) -> None:
    gains = contrast_rows(ug=(20, 15, 25), ar=((low + high) / 2, low, high))
    row = row_of(claims(evidence(contrasts=gains)), "latin-seen", "adapted")
    assert (row["verdict"], row["n"]) == (expected, 1)


@hypothesis_settings(max_examples=60)
@given(
    value=st.floats(-5, 5),
    below=st.floats(0, 3),
    above=st.floats(0, 3),
    bound=st.floats(-5, 5),
)
def test_a_verdict_turns_with_the_sign(
    value: float, below: float, above: float, bound: float
) -> None:
    found = Measured(value, value - below, value + above, 5)
    mirrored = Measured(-value, -found.high, -found.low, 5)
    first = verdict(found, Bound("above", bound))
    assert first == verdict(mirrored, Bound("below", -bound))
    opposite = {HOLDS: FAILS, FAILS: HOLDS, UNDECIDED: UNDECIDED}
    assert verdict(found, Bound("below", bound)) == opposite[first]
    assert (first == UNDECIDED) == (found.low <= bound <= found.high)
    assert verdict(Measured(math.nan, 0, 1, 0), Bound("above", bound)) == ABSENT


def test_the_talks_own_numbers_give_the_talks_verdicts(root: Path) -> None:
    """Each printed number stands for all of five seeds."""
    scores, study, _ = printed_study(root, [1, 2, 3, 4, 5])
    nothing = {"summary": None, "correlations": None, "categories": None, "contrasts": None}
    talk = evidence(
        **nothing, settings=study, changes=changes(scores, study, NAMES, METRICS, 12), layers=12
    )
    found = claims(talk)
    of_layers = ["same-language", "lower-layers", "depth", "upper-layers"]
    rows = {name: row_of(found, name) for name in of_layers}
    assert {name: row["verdict"] for name, row in rows.items()} == dict.fromkeys(of_layers, HOLDS)
    assert rows["same-language"]["value"] == pytest.approx(2.14, abs=1e-9)
    assert rows["upper-layers"]["value"] == pytest.approx(1.70, abs=1e-9)
    own, others = (
        [[-0.96, -0.66, -0.93], [-0.82, -1.38, -1.51], [-0.78, -2.14, -1.20]],
        [[-15.77, -6.51, -3.39], [-7.69, -3.71, -3.13], [-4.91, -3.17, -1.48]],
    )
    extra = np.mean(np.array(others) - np.array(own))
    assert rows["lower-layers"]["value"] == pytest.approx(extra, abs=1e-9)
    english, russian, arabic = 1.0, 1.0, 1 - 6 * 2 / (6 * 35)
    expected = (english + russian + arabic) / 3
    assert rows["depth"]["value"] == pytest.approx(expected, abs=1e-9)


def test_three_sources_with_one_seed_do_not_decide_what_they_disagree_on(root: Path) -> None:
    """The table alone: three units spread from -1.8 to -7.7 points."""
    scores, study, _ = printed_study(root, [1])
    nothing = {"summary": None, "correlations": None, "categories": None, "contrasts": None}
    talk = evidence(
        **nothing, settings=study, changes=changes(scores, study, NAMES, METRICS, 12), layers=12
    )
    row = row_of(claims(talk), "lower-layers")
    assert (row["n"], row["verdict"]) == (3, UNDECIDED)
