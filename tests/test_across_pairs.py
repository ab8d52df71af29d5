"""Damage of new weights on pairs of languages, against what other studies measure of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_across import DRAWS, NAN, TASKS, brute, cka, falling

from isogloss.config.muller2021 import Alignment
from isogloss.errors import TableError
from isogloss.papers.across import layers, pairs
from isogloss.papers.across.tables import pair_correlations


def test_damage_of_a_pair_is_the_mean_of_the_lower_half() -> None:
    table = falling({"1": 8.0, "2": 6.0, "3": 4.0, "4": 1.0})
    found = pairs.damage(table, TASKS, 4)
    assert found[["task", "source", "target"]].to_numpy().tolist() == [
        ["tags", "en", "de"],
        ["tags", "en", "fr"],
    ]
    assert found["value"].to_list() == pytest.approx([7, 7])
    assert pairs.damage(falling({"2-3": 1.0}), TASKS, 4).empty


def test_phi_of_a_pair_is_of_the_last_layer_and_the_mean() -> None:
    found = pairs.phi(layers.phi(cka(), "pretrained")).set_index(["quantity", "target"])["value"]
    assert found["phi, last layer", "de"] == pytest.approx(0.58)
    assert found["phi, mean of layers", "de"] == pytest.approx(0.55)
    assert found["phi, mean of layers", "fr"] == pytest.approx(0.25)


def test_slope_is_of_the_target_from_the_sources_model() -> None:
    rows = [
        (part, start, alpha, language, 10 + rise * alpha)
        for part in ("all", "head")
        for start in ("source", "target")
        for language in ("en", "de")
        for alpha in (0.0, 0.5, 1.0)
        for rise in [30.0 if (part, start, language) == ("all", "source", "de") else 3.0]
    ]
    table = pd.DataFrame(rows, columns=["part", "start", "alpha", "language", "value"]).assign(
        encoder="small",
        task="tags",
        source="en",
        target="de",
        recipe="r",
        seed=1,
        metric="acc",
        n=9,
    )
    found = pairs.slope(table, {"tags": "acc"})
    assert found["value"].to_list() == pytest.approx([30])
    assert found["target"].to_list() == ["de"]


def alignment() -> Alignment:
    return Alignment.model_validate(
        {
            "texts": {"pud": {"corpus": "pud"}, "ntrex": {"corpus": "ntrex"}},
            "indices": ["cka", "rsa"],
        }
    )


def similarities() -> pd.DataFrame:
    rows = [
        (task, trained_on, text, protocol, index, source, layer, value)
        for task, trained_on, plus in (("-", "-", 0.0), ("tags", "en", 1.0), ("tags", "ru", 9.0))
        for text, one in (("pud", 0.0), ("ntrex", 100.0))
        for protocol, two in (("mean", 0.0), ("authors", 200.0))
        for index, three in (("cka", 0.0), ("rsa", 400.0))
        for source in ("en",)
        for layer in (0, 1, 2)
        for value in [(50.0 if layer == 0 else 0.1 * layer) + plus + one + two + three]
    ]
    columns = ["task", "trained_on", "text", "protocol", "index", "source", "layer", "value"]
    return pd.DataFrame(rows, columns=columns).assign(encoder="small", target="de", seed=0, n=9)


def test_similarity_is_the_first_texts_over_layers_from_1() -> None:
    found = pairs.similarity(similarities(), alignment()).set_index("task")["value"].to_dict()
    assert found == pytest.approx({"-": 0.15, "tags": 1.15})
    with pytest.raises(TableError, match="similarity: no row with"):
        pairs.similarity(similarities().assign(text="other"), alignment())


def of_pairs(values: dict[tuple[str, str], float]) -> pd.DataFrame:
    rows = [(source, target, value) for (source, target), value in values.items()]
    frame = pd.DataFrame(rows, columns=["source", "target", "value"])
    return frame.assign(quantity="slope", encoder="big", task="pairs")


def test_pairs_are_those_of_both_studies() -> None:
    generator = np.random.default_rng(0)
    names = [(s, t) for s in ("en", "ru") for t in ("en", "ru", "de", "fr", "hi") if s != t]
    here = {name: float(value) for name, value in zip(names, generator.normal(size=8), strict=True)}
    there = {name: 2 * value + 1 for name, value in here.items() if name[1] != "hi"}
    there["en", "fr"] = -50.0
    there["sw", "de"] = 5.0
    damage = of_pairs(here).drop(columns=["quantity", "encoder"]).assign(task="tags")
    found = pair_correlations(damage, of_pairs(there), "small", DRAWS)
    assert len(found) == 1
    row = found.iloc[0]
    shared = [name for name in here if name in there]
    wanted = stats.spearmanr([here[k] for k in shared], [there[k] for k in shared]).statistic
    assert row["n"] == len(shared) == 6 and row["value"] == pytest.approx(wanted)
    assert (row["task"], row["source"], row["other_encoder"]) == ("tags", "all", "big")
    # de and fr are targets of both sources; en and ru are not targets of themselves
    grid = [[NAN, here["en", "ru"], here["en", "de"], here["en", "fr"]]]
    grid += [[here["ru", "en"], NAN, here["ru", "de"], here["ru", "fr"]]]
    other = [[NAN, there["en", "ru"], there["en", "de"], there["en", "fr"]]]
    other += [[there["ru", "en"], NAN, there["ru", "de"], there["ru", "fr"]]]
    assert row["p_permutation"] == pytest.approx(brute(np.array(grid), np.array(other))[1])


def test_studies_without_a_pair_in_common_have_no_number() -> None:
    damage = of_pairs({("en", "de"): 1.0}).assign(task="tags")
    found = pair_correlations(damage, of_pairs({("ru", "de"): 1.0}), "small", DRAWS).iloc[0]
    assert found["status"] == "needs 4 pairs" and found["n"] == 0


def test_one_source_is_named() -> None:
    here = {("en", target): float(place) for place, target in enumerate(("de", "fr", "hi", "ru"))}
    damage = of_pairs(here).assign(task="tags")
    found = pair_correlations(damage, of_pairs(here), "small", DRAWS).iloc[0]
    assert found["source"] == "en" and found["value"] == pytest.approx(1)
    assert found["p_permutation"] == pytest.approx(2 / 24)
