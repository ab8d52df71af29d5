"""Profiles of similarity over layers of Muller et al. 2021, against sums by hand."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import stats

from isogloss.config.muller2021 import Muller2021
from isogloss.papers.muller2021.alignment import profile, summary

NAMES = {"trees": "Parsing"}
PAIRS = [("en", "de"), ("en", "fr"), ("ru", "de"), ("ru", "fr")]
KEY = ["stage", "task"]


def settings() -> Muller2021:
    tasks = {"Parsing": {"task": "trees", "recipe": "words", "seeds": [1, 2]}}
    plain: dict[str, Any] = {"encoder": "mbert", "tasks": tasks, "sources": ["en", "ru"]}
    alignment = {"texts": {"pud": {"corpus": "pud"}}, "indices": ["cka"], "protocols": ["mean"]}
    return Muller2021.model_validate({**plain, "targets": ["de", "fr"], "alignment": alignment})


def similarity(before: np.ndarray, after: np.ndarray) -> pd.DataFrame:
    """Table kind `similarity`; before of shape (pairs, layers), after (seeds, pairs, layers)."""
    rows = []
    for (source, target), of_layers in zip(PAIRS, before, strict=False):
        rows += [("-", "-", "-", 0, source, target, k, v) for k, v in enumerate(of_layers)]
    for seed, of_pairs in enumerate(after, start=1):
        for (source, target), of_layers in zip(PAIRS, of_pairs, strict=False):
            run = ("trees", source, "words", seed, source, target)
            rows += [(*run, layer, value) for layer, value in enumerate(of_layers)]
    columns = ["task", "trained_on", "recipe", "seed", "source", "target", "layer", "value"]
    facts = {"encoder": "mbert", "text": "pud", "protocol": "mean", "index": "cka", "n": 9}
    return pd.DataFrame(rows, columns=columns).assign(**facts)


def random(layers: int, pairs: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    shape = (pairs, layers + 1)
    return generator.uniform(size=shape), generator.uniform(size=(2, *shape))


def quantities(found: pd.DataFrame, stage: str) -> pd.DataFrame:
    rows = found[found["stage"] == stage].set_index("quantity")
    return rows[["value", "low", "high", "n"]]


def t_interval(values: Sequence[float] | np.ndarray) -> list[float]:
    """Mean and ends of Student's t."""
    ends = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    return [float(np.mean(values)), *map(float, ends)]


def test_profile_is_the_mean_over_seeds_and_pairs() -> None:
    before, after = random(4)
    found = profile(similarity(before, after), settings(), NAMES)
    assert len(found) == 2 * (1 + 4) * 5
    assert not found.duplicated([*KEY, "source", "target", "layer"]).any()
    indexed = found.set_index([*KEY, "source", "target", "layer"])[["value", "low", "high", "n"]]
    for layer in range(5):
        of_encoder = indexed.loc[("before", "-", "-", "-", layer)].to_list()
        assert of_encoder == pytest.approx([*t_interval(before[:, layer]), 4])
        of_runs = indexed.loc[("after", "Parsing", "-", "-", layer)].to_list()
        assert of_runs == pytest.approx([*t_interval(after.mean(axis=0)[:, layer]), 4])
        for place, pair in enumerate(PAIRS):
            row = indexed.loc[("after", "Parsing", *pair, layer)].to_list()
            assert row == pytest.approx([*t_interval(after[:, place, layer]), 2])
            alone = indexed.loc[("before", "-", *pair, layer)].to_list()
            assert alone == pytest.approx(
                [before[place, layer], math.nan, math.nan, 1], nan_ok=True
            )


def test_rows_of_the_mean_come_first() -> None:
    found = profile(similarity(*random(2)), settings(), NAMES)
    assert found["source"].eq("-").tolist() == [True] * 6 + [False] * 24
    assert found["layer"].tolist()[:3] == [0, 1, 2]


@pytest.mark.parametrize("layers", [2, 3, 4, 12])
def test_summary_by_hand(layers: int) -> None:
    before, after = random(layers, seed=layers)
    found = summary(similarity(before, after), settings(), NAMES)
    middle = layers // 2
    merged = after.mean(axis=0)
    for stage, values in (("before", before), ("after", merged)):
        rows = quantities(found, stage)
        lower = values[:, middle] - values[:, 0]
        upper = values[:, layers] - values[:, middle]
        excess = [
            low - up if up > 0 else low
            for low, up in zip(lower.tolist(), upper.tolist(), strict=True)
        ]
        for name, expected in (("rise_lower", lower), ("rise_upper", upper)):
            assert rows.loc[name].to_list() == pytest.approx([*t_interval(expected), 4])
        assert rows.loc["rise_excess"].to_list() == pytest.approx([*t_interval(excess), 4])
        assert rows.loc["highest_layer", "value"] == np.argmax(values.mean(axis=0))
        assert math.isnan(rows.loc["highest_layer", "low"])
    rows = quantities(found, "after")
    change = merged - before
    whole, half = change[:, 1:].mean(axis=1), change[:, 1 : middle + 1].mean(axis=1)
    assert rows.loc["change"].to_list() == pytest.approx([*t_interval(whole), 4])
    assert rows.loc["change_lower"].to_list() == pytest.approx([*t_interval(half), 4])
    assert "change" not in quantities(found, "before").index


def test_a_change_pairs_the_same_languages_whatever_the_order_of_rows() -> None:
    before, after = random(4)
    table = similarity(before, after)
    mixed = table.sample(frac=1, random_state=3)
    key = ["stage", "quantity"]
    first, second = (
        summary(frame, settings(), NAMES).sort_values(key, ignore_index=True)
        for frame in (table, mixed)
    )
    pd.testing.assert_frame_equal(first[[*key, "value", "low"]], second[[*key, "value", "low"]])


def test_one_pair_has_no_interval() -> None:
    found = summary(similarity(*random(4, pairs=1)), settings(), NAMES)
    assert found["value"].notna().all()
    assert found[["low", "high"]].isna().to_numpy().all()
    assert set(found["n"]) == {1}


def test_a_pair_without_a_value_is_left_out() -> None:
    before, after = random(4)
    before[0, 2] = math.nan
    found = summary(similarity(before, after), settings(), NAMES)
    rows = quantities(found, "before")
    assert rows.loc["rise_lower"].to_list() == pytest.approx(
        [*t_interval(before[1:, 2] - before[1:, 0]), 3]
    )
    assert quantities(found, "after").loc["change", "n"] == 3


def test_nothing_before_fine_tuning_gives_no_change() -> None:
    table = similarity(*random(4))
    found = summary(table[table["task"] != "-"], settings(), NAMES)
    assert set(found["stage"]) == {"after"}
    assert not found["quantity"].str.startswith("change").any()


@hypothesis_settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), layers=st.integers(2, 8), shift=st.floats(-0.5, 0.5))
def test_fine_tuning_that_shifts_everything_changes_by_that(
    seed: int, layers: int, shift: float
) -> None:
    before, _ = random(layers, seed=seed)
    after = np.stack([before + shift, before + shift])
    found = summary(similarity(before, after), settings(), NAMES)
    rows = quantities(found, "after")
    for name in ("change", "change_lower"):
        assert rows.loc[name, ["value", "low", "high"]].to_list() == pytest.approx([shift] * 3)
    rises = ["rise_lower", "rise_upper", "rise_excess"]
    both = (quantities(found, stage).loc[rises, "value"].to_list() for stage in ("before", "after"))
    first, second = both
    assert first == pytest.approx(second)
