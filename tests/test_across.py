"""Damage of new weights against what other studies measure, on made-up tables."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from isogloss.errors import TableError
from isogloss.papers.across import layers, pairs
from isogloss.papers.across.names import CROSS, EXCESS
from isogloss.papers.across.tables import (
    Draws,
    layer_correlations,
    rank_correlation,
)

DRAWS = Draws(200, 7)
TASKS = {"POS": "tags", "Parsing": "trees"}
NAN = math.nan


def brute(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Spearman's rho and p over all orders of the whole columns, one after the other."""
    known = ~(np.isnan(x) | np.isnan(y))
    whole = [column for column in range(x.shape[1]) if known[:, column].all()]
    ranks = stats.rankdata(x[known])
    value = np.corrcoef(ranks, stats.rankdata(y[known]))[0, 1]
    others = []
    for order in itertools.permutations(whole):
        moved = y.copy()
        moved[:, whole] = y[:, list(order)]
        others.append(np.corrcoef(ranks, stats.rankdata(moved[known]))[0, 1])
    return value, float(np.mean(np.abs(others) >= abs(value) - 1e-9))


matrices = st.tuples(st.integers(1, 3), st.integers(4, 5)).flatmap(
    lambda shape: st.tuples(
        *[
            st.lists(
                st.lists(st.integers(0, 5), min_size=shape[1], max_size=shape[1]),
                min_size=shape[0],
                max_size=shape[0],
            )
            for _ in range(2)
        ]
    )
)


@settings(max_examples=30, deadline=None)
@given(matrices, st.booleans())
def test_p_is_that_of_all_orders(
    drawn: tuple[list[list[int]], list[list[int]]], hole: bool
) -> None:
    x, y = (np.array(part, dtype=np.float64) for part in drawn)
    if hole and x.shape[0] > 1:
        x[0, 1] = NAN
    known = np.isfinite(x)
    found = rank_correlation(x, y, DRAWS)
    assert found.n == known.sum()
    if np.ptp(x[known]) == 0 or np.ptp(y[known]) == 0:
        assert math.isnan(found.value) and math.isnan(found.p)
        return
    value, p = brute(x, y)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.p == pytest.approx(p, abs=1e-12)


def test_the_smallest_p_of_layers_is_two_orders_of_all() -> None:
    for columns in (4, 5, 8):
        x = np.arange(columns, dtype=np.float64)[None]
        assert rank_correlation(x, x**2, DRAWS).p == pytest.approx(2 / math.factorial(columns))
        assert rank_correlation(x, -x, DRAWS).value == pytest.approx(-1)


def test_beyond_eight_columns_orders_are_drawn_from_the_seed() -> None:
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(2, 1, 9))
    first = rank_correlation(x, y, DRAWS)
    assert first == rank_correlation(x, y, DRAWS)
    assert (first.p * 201) == pytest.approx(round(first.p * 201))
    more = rank_correlation(x, y, Draws(20_000, 1))
    ranks = stats.rankdata(y[0])
    other = stats.permutation_test(
        (x[0],),
        lambda one: abs(np.corrcoef(stats.rankdata(one), ranks)[0, 1]),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=2000,
        rng=np.random.default_rng(5),
    )
    assert more.p == pytest.approx(other.pvalue, abs=0.03)


def test_fewer_than_four_values_have_no_correlation() -> None:
    x = np.array([[1.0, 2.0, 3.0, NAN]])
    found = rank_correlation(x, x, DRAWS)
    assert math.isnan(found.value) and math.isnan(found.p) and found.n == 3


def test_without_two_whole_columns_there_is_no_p() -> None:
    x = np.array([[NAN, 1.0, 2.0], [3.0, NAN, 5.0]])
    found = rank_correlation(x, x, DRAWS)
    assert found.value == pytest.approx(1) and math.isnan(found.p)


def changes(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = ["task", "source", "target", "group", "seed", "change"]
    return pd.DataFrame(rows, columns=columns)


def falling(groups: dict[str, float], sources: tuple[str, ...] = ("en",)) -> pd.DataFrame:
    """New weights in a group cost so many points in two targets, and a third of it at home."""
    return changes(
        [
            ("POS", source, target, group, seed, -points * (1 / 3 if target == source else 1) - off)
            for group, points in groups.items()
            for source in sources
            for seed, off in ((1, 0.1), (2, -0.1))
            for target in dict.fromkeys([source, "de", "fr"])
        ]
    )


def test_damage_is_what_the_others_lose_and_what_they_lose_more() -> None:
    table = changes(
        [
            ("POS", "en", "en", "1-2", 1, -2.0),
            ("POS", "en", "de", "1-2", 1, -10.0),
            ("POS", "en", "fr", "1-2", 1, -20.0),
            ("POS", "en", "en", "3-4", 1, 1.0),
            ("POS", "en", "de", "3-4", 1, 0.5),
            ("POS", "en", "fr", "3-4", 1, -0.5),
        ]
    )
    found = layers.damages(table, TASKS)
    assert set(found["task"]) == {"tags"}
    values = found.set_index(["damage", "group"])["value"].to_dict()
    wanted = {(CROSS, "1-2"): 15, (CROSS, "3-4"): 0, (EXCESS, "1-2"): 13, (EXCESS, "3-4"): 1}
    assert values == pytest.approx(wanted)


def test_damage_needs_both_sides() -> None:
    table = changes([("POS", "en", "de", "1-2", 1, -1.0)])
    with pytest.raises(TableError, match=r"task tags, source en, group 1-2, seed 1 has not both"):
        layers.damages(table, TASKS)


def cka(source: str = "en", encoder: str = "small", count: int = 4) -> pd.DataFrame:
    """Phi falls with the layer for fr and rises for de; the language itself is far off."""
    of = {"en": 0.9, "de": 0.02, "fr": -0.1}
    return pd.DataFrame(
        [
            (encoder, "nli", source, target, base, layer, 0.5 + step * layer)
            for base in ("pretrained", "last_source")
            for target, step in of.items()
            for layer in range(1, count + 1)
        ],
        columns=["encoder", "task", "trained_on", "language", "base", "layer", "phi"],
    ).assign(recipe="r", seed=1)


def test_phi_is_the_mean_over_other_languages_of_one_base() -> None:
    found = layers.by_layer(layers.phi(cka(), "pretrained"))
    wanted = [0.5 - 0.04 * layer for layer in range(1, 5)]
    assert found["value"].to_list() == pytest.approx(wanted)
    assert set(found["n"]) == {2}
    with pytest.raises(TableError, match=r"no base 'text'; allowed: last_source, pretrained"):
        layers.phi(cka(), "text")


def overlaps() -> pd.DataFrame:
    rows = [
        (asked, seed, target, layer, p, jaccard + seed / 100)
        for asked in (50, 100)
        for seed in (1, 3)
        for target in ("en", "de", "fr")
        for layer in (0, 1, 2)
        for p in (0.1, 0.15)
        for jaccard in [0.1 * layer + (0.3 if target == "fr" else 0.1) + (0.4 if asked < 60 else 0)]
    ]
    frame = pd.DataFrame(rows, columns=["asked", "seed", "target", "layer", "p", "jaccard"])
    return frame.assign(encoder="small", task="tags", source="en", subnetwork="text")


def test_overlap_is_of_the_most_examples_at_one_p() -> None:
    values = layers.overlap(overlaps(), 0.15)
    found = layers.by_layer(values).set_index("layer")["value"].to_dict()
    # the mean of 0.1 and 0.3, and of seeds 1 and 3 in hundredths
    assert found == pytest.approx({1: 0.1 + 0.2 + 0.02, 2: 0.2 + 0.2 + 0.02})
    whole = pairs.overlap(values).set_index("target")["value"].to_dict()
    assert whole == pytest.approx({"de": 0.12, "fr": 0.32})
    with pytest.raises(TableError, match=r"no p = 0.2; allowed: 0.1, 0.15"):
        layers.overlap(overlaps(), 0.2)


def test_a_block_without_masks_has_no_value() -> None:
    table = overlaps()
    table.loc[table["layer"] == 2, "jaccard"] = NAN
    found = layers.by_layer(layers.overlap(table, 0.15)).set_index("layer")
    assert math.isnan(found.loc[2, "value"]) and found.loc[2, "n"] == 0
    assert math.isnan(layers.of_group(found["value"], ["1-2"])[0])


def directions() -> pd.DataFrame:
    rows = [
        (seed, target, level, name, norm + seed)
        for seed in (1, 2)
        for target in ("de", "fr")
        for level, name, norm in (
            ("all", "all", 99.0),
            ("layer", "embeddings", 50.0),
            ("layer", "1", 3.0 if target == "de" else 5.0),
            ("layer", "2", 1.0),
            ("layer", "pooler", 70.0),
            ("tensor", "7", 80.0),
        )
    ]
    frame = pd.DataFrame(rows, columns=["seed", "target", "level", "name", "norm_source"])
    return frame.assign(encoder="small", task="tags", source="en", recipe="r")


def test_movement_is_the_norm_of_numbered_layers() -> None:
    found = layers.by_layer(layers.movement(directions())).set_index("layer")["value"].to_dict()
    assert found == pytest.approx({1: 4 + 1.5, 2: 1 + 1.5})


def test_group_means_take_groups_that_overlap() -> None:
    values = pd.Series([1.0, 2.0, 6.0], index=[1, 2, 3])
    assert layers.of_group(values, ["1-2", "2-3", "1-3", "3", "3-4"])[:4] == [1.5, 4, 3.5, 6]
    assert math.isnan(layers.of_group(values, ["3-4"])[0])


def test_a_layer_has_the_mean_of_the_groups_that_hold_it() -> None:
    damage = layers.damages(falling({"1-2": 9.0, "2-3": 3.0, "3": 1.0}), TASKS)
    control = layers.depth("small", 3, ["en"])
    table = layers.layer_table(damage, control, "small")
    rows = table[(table["quantity"] == CROSS) & (table["source"] == "all")].set_index("layer")
    assert rows["value"].to_dict() == pytest.approx({1: 9, 2: 6, 3: 2})
    assert set(rows["n"]) == {2}
    # two seeds that lie 0.2 apart: standard error 0.1, Student's t with one degree of freedom
    half = stats.t.ppf(0.975, 1) * 0.1
    assert rows["high"].to_list() == pytest.approx((rows["value"] + half).to_list())
    last = table[table["quantity"] == "depth"]
    assert last["value"].to_list() == last["layer"].to_list() and last["low"].isna().all()


def four_groups(sources: tuple[str, ...] = ("en",)) -> pd.DataFrame:
    groups = {"1": 8.0, "2": 6.0, "3": 4.0, "4": 1.0}
    return layers.of_groups(layers.damages(falling(groups, sources), TASKS))


def correlated(damage: pd.DataFrame, values: pd.DataFrame, **depths: int) -> pd.DataFrame:
    return layer_correlations(damage, values, "small", {"small": 4, **depths}, DRAWS)


def test_damage_that_follows_phi_has_correlation_1() -> None:
    found = correlated(four_groups(), layers.by_layer(layers.phi(cka(), "pretrained")))
    assert found["damage"].to_list() == [CROSS, EXCESS]
    assert found["value"].to_list() == pytest.approx([1, 1])
    assert found["p_permutation"].to_list() == pytest.approx([2 / 24, 2 / 24])
    assert set(found["n"]) == {4} and set(found["status"]) == {""}
    assert found.loc[0, ["encoder", "task", "source", "other_encoder", "other_task"]].to_list() == [
        *("small", "tags", "en", "small", "nli")
    ]


def test_depth_is_the_opposite_of_a_damage_that_falls() -> None:
    found = correlated(four_groups(), layers.depth("small", 4, ["en"]))
    assert found["value"].to_list() == pytest.approx([-1, -1])


def test_two_groups_are_too_few() -> None:
    damage = layers.of_groups(layers.damages(falling({"1-2": 5.0, "3-4": 1.0}), TASKS))
    found = correlated(damage, layers.by_layer(layers.phi(cka(), "pretrained")))
    assert found["value"].isna().all() and set(found["n"]) == {2}
    assert set(found["status"]) == {"needs 4 groups"}


def test_layers_of_another_depth_are_not_compared() -> None:
    values = layers.by_layer(layers.phi(cka(encoder="deep", count=6), "pretrained"))
    found = correlated(four_groups(), values, deep=6)
    assert set(found["status"]) == {"not attempted: depths differ (4 and 6 layers)"}
    assert len(found) == 2 and found["value"].isna().all()
    assert correlated(four_groups(), values, deep=4)["value"].notna().all()


def test_a_source_that_the_other_study_lacks_is_named_and_left_out_of_the_mean() -> None:
    damage = four_groups(("en", "ru"))
    # turned round, ru would make the mean constant
    ru = damage["source"] == "ru"
    damage.loc[ru, "value"] = 20 - damage.loc[ru, "value"]
    found = correlated(damage, layers.by_layer(layers.phi(cka(), "pretrained")))
    absent = found[found["source"] == "ru"]
    assert set(absent["status"]) == {"not attempted: no source ru"} and len(absent) == 2
    assert found.loc[found["source"] == "en", "value"].to_list() == pytest.approx([1, 1])
    # one task and one shared source are their own mean
    assert "all" not in set(found["source"])


def test_the_mean_is_over_tasks_and_shared_sources() -> None:
    damage = four_groups(("en", "ru"))
    values = layers.by_layer(
        pd.concat([layers.phi(cka(source), "pretrained") for source in ("en", "ru", "sw")])
    )
    values.loc[values["source"] == "ru", "value"] *= 3
    # a source of the other study alone counts nowhere
    values.loc[values["source"] == "sw", "value"] *= -100
    found = correlated(damage, values).set_index(["damage", "source"])["value"]
    assert found[CROSS, "en"] == pytest.approx(1) and found[CROSS, "ru"] == pytest.approx(-1)
    # the second source's values are the larger ones
    assert found[CROSS, "all"] == pytest.approx(-1)


def test_a_constant_quantity_says_so() -> None:
    values = layers.depth("small", 4, ["en"]).assign(value=1.0)
    assert set(correlated(four_groups(), values)["status"]) == {"constant"}
