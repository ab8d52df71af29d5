"""Tables, figure and page across the studies, from made-up tables with a known answer."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from isogloss.config.muller2021 import Muller2021
from isogloss.config.studies import Across
from isogloss.metrics.names import MAIN_METRIC
from isogloss.papers.across import presentation
from isogloss.papers.across.names import FIGURES, KINDS, STUDIES, TABLES
from isogloss.papers.across.presentation import Results, present, what_groups_show

TARGETS = ("ana", "ari", "bel", "bim", "bok")
KIND = {"tags": "pos", "trees": "parsing", "pairs": "nli"}
DAMAGE = {1: 9.0, 2: 5.0, 3: 3.0, 4: 1.0}
# What another language than the source loses beyond that, and is similar to it by.
FAR = {target: place for place, target in enumerate(TARGETS)}


def settings(**changes: Any) -> Muller2021:
    raw: dict[str, Any] = {
        "encoder": "small",
        "tasks": {
            "POS": {"task": "tags", "recipe": "words", "seeds": [1, 2]},
            "Parsing": {"task": "trees", "recipe": "words", "seeds": [1, 2]},
        },
        "sources": ["ana"],
        "targets": list(TARGETS),
        "groups": [[1], [2], [3], [4]],
        "alignment": {"texts": {"lines": {"corpus": "lines"}}},
    }
    return Muller2021.model_validate({**raw, **changes})


def changes(groups: dict[str, float]) -> pd.DataFrame:
    rows = [
        (task, "ana", target, group, seed, 80.0, 80.0 - lost, -lost)
        for task in ("POS", "Parsing")
        for target in TARGETS
        for group, points in groups.items()
        for seed in (1, 2)
        for lost in [points * (1 if target == "ana" else 2) + FAR[target] + seed / 10]
    ]
    columns = ["task", "source", "target", "group", "seed", "value", "changed", "change"]
    return pd.DataFrame(rows, columns=columns)


def cka() -> pd.DataFrame:
    rows = [
        (target, layer, 0.8 - layer / 10 + FAR[target] / 100)
        for target in TARGETS
        for layer in (1, 2, 3, 4)
    ]
    frame = pd.DataFrame(rows, columns=["language", "layer", "phi"])
    return frame.assign(encoder="small", task="pairs", trained_on="ana", base="pretrained", seed=1)


def overlap() -> pd.DataFrame:
    rows = [
        (target, layer, 0.2 + layer / 10 - FAR[target] / 100)
        for target in TARGETS
        for layer in (0, 1, 2, 3, 4)
    ]
    frame = pd.DataFrame(rows, columns=["target", "layer", "jaccard"])
    return frame.assign(encoder="small", task="tags", source="ana", p=0.15, asked=9, seed=1)


def paths() -> pd.DataFrame:
    rows = [
        (target, language, alpha, 40 + alpha * (FAR[target] if language != "ana" else 0))
        for target in TARGETS[1:]
        for language in ("ana", target)
        for alpha in (0.0, 0.5, 1.0)
    ]
    frame = pd.DataFrame(rows, columns=["target", "language", "alpha", "value"])
    run = {"encoder": "small", "task": "tags", "source": "ana", "recipe": "pairs", "seed": 1}
    return frame.assign(**run, part="all", start="source", metric="accuracy", n=9)


def directions(layers: int = 4) -> pd.DataFrame:
    rows = [
        (target, "layer", name, float(norm))
        for target in TARGETS[1:]
        for norm, name in enumerate(["embeddings", *map(str, range(1, layers + 1))])
    ]
    frame = pd.DataFrame(rows, columns=["target", "level", "name", "norm_source"])
    return frame.assign(encoder="small", task="tags", source="ana", recipe="pairs", seed=1)


def similarity() -> pd.DataFrame:
    rows = [
        (target, task, trained_on, layer, 0.9 - FAR[target] / 10 - layer / 100)
        for target in TARGETS[1:]
        for task, trained_on in (("-", "-"), ("tags", "ana"), ("trees", "ana"))
        for layer in range(5)
    ]
    frame = pd.DataFrame(rows, columns=["target", "task", "trained_on", "layer", "value"])
    named = {"text": "lines", "protocol": "mean", "index": "cka", "source": "ana"}
    return frame.assign(**named, encoder="small", seed=1, n=50)


def results(**given: Any) -> Results:
    usual: dict[str, Any] = {
        "settings": Across(permutations=99),
        "study": settings(),
        "changes": changes({str(layer): points for layer, points in DAMAGE.items()}),
        "similarity": similarity(),
        "cka": cka(),
        "base": "pretrained",
        "overlap": overlap(),
        "p": 0.15,
        "paths": paths(),
        "directions": directions(),
        "metrics": {"tags": "accuracy"},
        "kinds": KIND,
        "depths": {"small": 4},
        "steps": 1500,
    }
    return Results(**{**usual, **given})


def table_of(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", keep_default_na=False, na_values=[""])


def correlations(folder: Path) -> pd.DataFrame:
    return table_of(folder, "correlations")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure, which takes most of the time."""

    def draw(table: pd.DataFrame, kinds: Any, stem: Path) -> None:
        stem.with_suffix(".svg").write_text("<svg></svg>", encoding="utf-8")

    monkeypatch.setattr(presentation, "draw_layers", draw)


def test_everything_is_written_and_twice_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        present(tmp_path / name, results())
    wanted = {f"{name}.{kind}" for name in TABLES for kind in ("csv", "md", "tex")}
    wanted |= {f"{name}.{kind}" for name in FIGURES for kind in ("svg", "pdf", "png")}
    wanted |= {"index.html"}
    assert {path.name for path in (tmp_path / "one").iterdir()} == wanted
    for name in wanted:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.usefixtures("undrawn")
def test_correlations_are_those_that_were_made(tmp_path: Path) -> None:
    present(tmp_path, results())
    found = correlations(tmp_path)
    layers = found[(found["level"] == "layer") & (found["task"] == "tags")]
    values = layers.groupby("quantity")["value"].unique().map(list).to_dict()
    assert {name: [round(one, 9) for one in rhos] for name, rhos in values.items()} == {
        "phi": [1.0],
        "overlap": [-1.0],
        "movement": [-1.0],
        "depth": [-1.0],
    }
    # two damages of two tasks, and their means
    assert len(found[found["level"] == "layer"]) == 4 * 2 * 3
    of_pairs = found[(found["level"] == "pair") & (found["task"] == "trees")]
    rhos = of_pairs.set_index(["quantity", "other_task"])["value"].round(9).to_dict()
    assert rhos == {
        ("phi, last layer", "pairs"): 1.0,
        ("phi, mean of layers", "pairs"): 1.0,
        ("overlap", "tags"): -1.0,
        ("slope", "tags"): 1.0,
        ("similarity", "-"): -1.0,
        ("similarity", "tags"): -1.0,
        ("similarity", "trees"): -1.0,
    }
    assert set(of_pairs["n"]) == {4} and set(of_pairs["source"]) == {"ana"}
    assert (found["q"] >= found["p_permutation"] - 1e-12).all()


@pytest.mark.usefixtures("undrawn")
def test_the_table_of_layers_has_all_quantities(tmp_path: Path) -> None:
    present(tmp_path, results())
    table = table_of(tmp_path, "layers")
    assert list(dict.fromkeys(table["quantity"])) == [
        *("cross-lingual", "cross-lingual less same-language"),
        *("phi", "overlap", "movement", "depth"),
    ]
    chosen = table[(table["quantity"] == "cross-lingual") & (table["source"] == "ana")]
    here = chosen[chosen["task"] == "tags"].set_index("layer")["value"].to_dict()
    far = sum(FAR.values()) / 4 + 0.15
    assert here == pytest.approx({layer: 2 * points + far for layer, points in DAMAGE.items()})
    assert set(table["source"]) == {"ana", "all"}


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("absent", "study"),
    [
        ({"cka": None, "base": None}, "philippy2023"),
        ({"overlap": None, "p": None}, "xsns2023"),
        ({"paths": None, "directions": None, "metrics": {}}, "wu2022"),
        ({"similarity": None}, "similarity"),
    ],
)
def test_a_study_that_is_not_there_takes_no_part(
    tmp_path: Path, absent: dict[str, Any], study: str
) -> None:
    present(tmp_path, results(**absent))
    quantities = set(correlations(tmp_path)["quantity"])
    lost = {name for name in quantities if study in (name, STUDIES[name])}
    assert quantities and not lost
    page = (tmp_path / "index.html").read_text("utf-8")
    (part,) = [line for line in page.splitlines() if "take part" in line]
    assert study not in part and "muller2021" in part


@pytest.mark.usefixtures("undrawn")
def test_pairs_of_layers_of_a_shallow_encoder_are_too_few(tmp_path: Path) -> None:
    study = settings(groups="pairs")
    present(tmp_path, results(study=study, changes=changes({"1-2": 5.0, "3-4": 1.0})))
    found = correlations(tmp_path)
    layers = found[found["level"] == "layer"]
    assert layers["value"].isna().all() and set(layers["status"]) == {"needs 4 groups"}
    assert found.loc[found["level"] == "pair", "value"].notna().all()
    assert "correlations over layers need 4 groups" in (tmp_path / "index.html").read_text("utf-8")
    # layers 1 and 2 share a group, and its damage
    table = table_of(tmp_path, "layers")
    damage = table[(table["quantity"] == "cross-lingual") & (table["source"] == "all")]
    by_layer = damage[damage["task"] == "tags"].set_index("layer")["value"]
    assert by_layer[1] == by_layer[2] > by_layer[3] == by_layer[4]


@pytest.mark.usefixtures("undrawn")
def test_an_encoder_of_another_depth_is_shown_and_not_compared(tmp_path: Path) -> None:
    deep = directions(6).assign(encoder="deep")
    present(tmp_path, results(directions=deep, depths={"small": 4, "deep": 6}))
    found = correlations(tmp_path)
    moved = found[found["quantity"] == "movement"]
    assert set(moved["status"]) == {"not attempted: depths differ (4 and 6 layers)"}
    table = table_of(tmp_path, "layers")
    assert table.loc[table["quantity"] == "movement", "layer"].max() == 6


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (1, "starts anew: 1."),
        (2, "need 4 groups and are left out"),
        (4, "0.083, so that no order"),
        (5, "0.017, which only the same"),
        (6, "0.003, which only the same"),
        (12, "below 0.001, which only the same"),
    ],
)
def test_the_page_says_what_so_many_groups_show(groups: int, words: str) -> None:
    assert words in what_groups_show(groups)


def test_every_kind_of_task_has_a_name_in_the_figure() -> None:
    assert set(KINDS) == set(MAIN_METRIC) and len(KINDS) <= 8
