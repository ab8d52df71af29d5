"""Tables, figures and page of Wu et al. 2022, from made-up scores."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isogloss.config import landscapes
from isogloss.config.landscapes import AXIS, Wu2022
from isogloss.corpora.sizes import Count, count_corpora
from isogloss.papers.published import read_published
from isogloss.papers.wu2022 import pictures
from isogloss.papers.wu2022.curves import kept_shares, mean_scores, normalise
from isogloss.papers.wu2022.names import figure_names, table_names
from isogloss.papers.wu2022.presentation import Results, present
from isogloss.papers.wu2022.tables import STUDY, absences, cells, directions, ends, in_order, shapes

METRICS = {"tags": "accuracy", "pairs": "accuracy"}
NAMES = {"tags": "POS", "pairs": "XNLI"}
CORPORA = {"POS": "trees", "XNLI": "inference"}
ALPHAS = [-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5]
PLANE = [-0.5, 0.0, 0.5, 1.0, 1.5]


def settings(**changes: Any) -> Wu2022:
    raw: dict[str, Any] = {
        "encoders": ["first", "second"],
        "tasks": {
            "XNLI": {"task": "pairs", "recipe": "long", "seeds": [1, 2]},
            "POS": {"task": "tags", "recipe": "short", "seeds": [1, 2]},
        },
        "sources": ["en", "ar"],
        "targets": ["ar", "de"],
        "alphas": ALPHAS,
        "planes": {"pairs": ["en+de", "ar+de"], "alphas": PLANE, "tasks": ["POS"]},
        "sharpness": {"directions": 2, "radii": [0.1, 0.2]},
        "resamples": 100,
    }
    return Wu2022.model_validate({**raw, **changes})


def runs(study: Wu2022) -> list[dict[str, Any]]:
    """Names of every pair and seed."""
    return [
        {"encoder": encoder, "task": item.task, "recipe": item.recipe, "seed": seed}
        | {"source": source, "target": target}
        for encoder, item in itertools.product(study.encoders, study.tasks.values())
        for seed in item.seeds
        for source in study.sources
        for target in study.targets
        if source != target
    ]


def scored(names: dict[str, Any], language: str, value: float) -> dict[str, Any]:
    return {**names, "language": language, "metric": "accuracy", "value": value, "n": 10}


def paths(study: Wu2022) -> pd.DataFrame:
    """The start's language stays at 90, the other rises from 40 to 80, by seed a little apart."""
    rows = []
    for run, start, part in itertools.product(runs(study), ("source", "target"), study.parts):
        for alpha in study.alphas:
            share = alpha if part != "head" else 0.0
            for side in ("source", "target"):
                value = 90.0 if side == start and alpha < 1 else 40 + 40 * min(share, 1.0)
                if alpha == 1 and part == "all":
                    value = 90.0 if side == "source" else 80.0
                names = {**run, "part": part, "start": start, "alpha": alpha}
                rows.append(scored(names, run[side], value + run["seed"]))
    return pd.DataFrame(rows)


def planes(study: Wu2022) -> pd.DataFrame | None:
    if study.planes is None:
        return None
    rows = []
    for run in runs(study):
        if run["task"] != "tags" or f"{run['source']}+{run['target']}" not in study.planes.pairs:
            continue
        for first, second in itertools.product(study.planes.alphas, repeat=2):
            names = {**run, "part": "all", "alpha_source": first, "alpha_target": second}
            rows.append(scored(names, run["source"], 90 - 20 * abs(second)))
            rows.append(scored(names, run["target"], 80 - 20 * abs(first)))
    return pd.DataFrame(rows)


def ways(study: Wu2022) -> pd.DataFrame:
    levels = [("all", "all"), ("part", "encoder"), ("part", "head"), ("layer", "embeddings")]
    levels += [("layer", "1"), ("layer", "2"), ("layer", "head"), ("tensor", "head.output.bias")]
    rows = [
        {**run, "level": level, "name": name, "parameters": 10, "norm_source": 1.0}
        | {"norm_target": 2.0, "ratio": 0.5 + place / 10, "angle": 50.0 + run["seed"] + place}
        for run in runs(study)
        for place, (level, name) in enumerate(levels)
    ]
    return pd.DataFrame(rows)


def steps(study: Wu2022) -> pd.DataFrame | None:
    if study.sharpness is None:
        return None
    rows = []
    for run in runs(study):
        own = {name: value for name, value in run.items() if name != "target"}
        places = [(0, 0.0), *itertools.product((1, 2), study.sharpness.radii)]
        for (direction, radius), language in itertools.product(places, ("en", *study.targets)):
            fall = 100 * radius if language == run["source"] else 200 * radius
            names = {**own, "direction": direction, "radius": radius}
            rows.append(scored(names, language, 80 - fall + direction))
    return pd.DataFrame(rows).drop_duplicates(
        ["encoder", "task", "source", "seed", "direction", "radius", "language"]
    )


def sizes(root: Path) -> pd.DataFrame:
    published = read_published(root / "resources" / "published" / "published.csv")
    counts = [
        Count("trees", "ud-2.7", "en", "train", 12543),
        Count("trees", "ud-2.7", "de", "dev", 800),
        Count("trees", "ud-2.7", "ar", "dev", 100, limited=True),
        Count("inference", "xnli", "en", "dev", 2490),
    ]
    return count_corpora(counts, published)


def results(root: Path, study: Wu2022) -> Results:
    published = read_published(root / "resources" / "published" / "published.csv")
    own = published[published["study"] == STUDY].reset_index(drop=True)
    return Results(
        settings=study,
        paths=paths(study),
        planes=planes(study),
        directions=ways(study),
        sharpness=steps(study),
        sizes=sizes(root),
        corpora=CORPORA,
        metrics=METRICS,
        names=NAMES,
        published=own,
        steps=None,
    )


@pytest.fixture(scope="module")
def made(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Folder and comparison of the whole study."""
    folder = tmp_path_factory.mktemp("wu2022")
    return folder, present(folder, results(root, whole()))


def whole() -> Wu2022:
    """A study of the paper's size in alphas; one of them is not the paper's."""
    alphas = [0.25 if alpha == 0.1 else alpha for alpha in landscapes.ALPHAS]
    planes = {"pairs": ["en+de"], "alphas": PLANE, "tasks": ["POS"]}
    return settings(targets=["ar", "de", "fr"], alphas=sorted(alphas), planes=planes)


def record(patch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Keep the panels of each figure by its name, and write empty drawings."""
    found: dict[str, list[Any]] = {}

    def keep(panels: list[Any], stem: Path) -> None:
        found[stem.name] = panels
        for kind in ("svg", "pdf", "png"):
            stem.with_name(f"{stem.name}.{kind}").write_text("<svg></svg>", encoding="utf-8")

    for name in ("draw_lines", "draw_scatter", "draw_surfaces"):
        patch.setattr(pictures, name, keep)
    return found


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Panels by figure, which are not drawn."""
    return record(monkeypatch)


def expected(study: Wu2022) -> set[str]:
    """Names of all files that the rule declares, without the comparison's table."""
    tables = {f"{name}.{kind}" for name in table_names(study) for kind in ("csv", "md", "tex")}
    kinds = ("svg", "pdf", "png", "csv", "md", "tex")
    return tables | {f"{name}.{kind}" for name in figure_names(study) for kind in kinds}


def test_everything_declared_is_written(made: tuple[Path, pd.DataFrame]) -> None:
    folder, _ = made
    found = {path.name for path in folder.iterdir()}
    assert found == expected(whole()) | {"index.html"}
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(figure_names(whole()))
    assert "Recipes: long, short" in page and "not in this run" in page


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("changes", [{"planes": None}, {"sharpness": None}, {"parts": ["all"]}])
def test_what_is_not_asked_for_is_left_out(
    root: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    study = settings(encoders=["first"], **changes)
    present(tmp_path, results(root, study))
    assert {path.name for path in tmp_path.iterdir()} == expected(study) | {"index.html"}


@pytest.mark.usefixtures("drawn")
def test_one_seed_has_no_variance(root: Path, tmp_path: Path) -> None:
    task = {"task": "tags", "recipe": "short", "seeds": [1]}
    study = settings(encoders=["first"], tasks={"POS": task})
    present(tmp_path, results(root, study)._replace(names={"tags": "POS"}))
    found = {path.name for path in tmp_path.iterdir()}
    assert found == expected(study) | {"index.html"} and "figure5.svg" not in found
    assert pd.read_csv(tmp_path / "ends.csv")["target, zero-shot"].eq(41).all()


@pytest.mark.usefixtures("drawn")
def test_same_input_same_bytes(root: Path, tmp_path: Path) -> None:
    study = settings(encoders=["first"])
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        present(tmp_path / name, results(root, study))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_comparison_has_counts_and_alphas(made: tuple[Path, pd.DataFrame]) -> None:
    _, comparison = made
    status = comparison.set_index(["item", "row", "column"])["status"]
    assert status["table1", "en/train", "POS_and_parsing"] == "matched"
    assert status["table1", "de/dev", "POS_and_parsing"] == "differs by +1"
    assert "cut here" in status["table1", "ar/dev", "POS_and_parsing"]
    assert status["table1", "en/dev", "XNLI"] == "matched"
    assert "no task of this run" in status["table1", "en/train", "NER"]
    assert "language 'hi'" in status["table1", "hi/train", "XNLI"]
    assert status["alphas", "0.25", "alpha"] == "not published"
    assert status["alphas", "0.5", "alpha"] == "matched"
    assert "not a point" in status["alphas", "0.1", "alpha"]
    assert (status.xs("alpha", level="column") == "matched").sum() == 32
    assert not comparison["status"].str.contains("no reason").any()


def test_ends_are_the_models() -> None:
    table = ends(mean_scores(paths(settings()), METRICS))
    assert len(table) == 2 * 2 * 3
    row = table.iloc[0]
    assert row["source, own model"] == row["target, own model"] == 91.5
    assert row["target, zero-shot"] == row["source, zero-shot"] == 41.5
    assert row["source, bilingual"] == 91.5 and row["target, bilingual"] == 81.5


def test_directions_are_means_over_pairs_and_seeds() -> None:
    found = directions(ways(settings()))
    assert set(found["level"]) == {"all", "part", "layer"}
    whole = found[found["level"] == "all"]
    assert (whole["angle"] == 51.5).all() and (whole["n"] == 3 * 2).all()
    assert (whole["lowest angle"] == 51).all() and (whole["highest angle"] == 52).all()


def test_shapes_are_of_all_weights() -> None:
    rows = pd.DataFrame(
        [
            {"part": part, "quantity": quantity, "value": 1.0}
            for part in ("all", "head")
            for quantity in ("gain", "range", "linearity")
        ]
    )
    found = shapes(rows)
    assert list(found["quantity"]) == ["gain", "linearity"] and "part" not in found


def test_order_is_that_of_the_configuration() -> None:
    study = settings()
    frame = pd.DataFrame({"encoder": ["second", "first", "first"], "task": ["POS", "POS", "XNLI"]})
    found = in_order(frame, study, ["encoder", "task"])
    assert list(zip(found["encoder"], found["task"], strict=True)) == [
        *(("first", "XNLI"), ("first", "POS")),
        ("second", "POS"),
    ]


def test_cells_of_cut_corpora_are_left_out(root: Path) -> None:
    found = cells(sizes(root), settings(alphas=AXIS), CORPORA)
    counted = found[found["item"] == "table1"].set_index(["row", "column"])["value"]
    assert dict(counted) == {
        ("en/train", "POS_and_parsing"): 12543,
        ("de/dev", "POS_and_parsing"): 800,
        ("en/dev", "XNLI"): 2490,
    }
    assert len(found[found["item"] == "alphas"]) == 21
    published = results(root, settings()).published
    assert absences(published, sizes(root), CORPORA)[STUDY, "alphas"]


def test_tagging_and_parsing_share_a_column(root: Path) -> None:
    shared = {"POS": "trees", "Parsing": "trees", "XNLI": "inference"}
    assert len(cells(sizes(root), settings(), shared)) == len(
        cells(sizes(root), settings(), CORPORA)
    )


def test_figure_2_is_the_mean_over_pairs_and_tasks() -> None:
    study = settings()
    curves = normalise(mean_scores(paths(study), METRICS), "mean")
    found = pictures.banded(curves, study, "performance")
    row = found[(found["series"] == "scored on target, from source's model") & (found["x"] == 0.5)]
    assert list(row["encoder"]) == ["first", "first", "second", "second"]
    assert np.allclose(row["value"], 61.5 / 81.5)
    assert np.allclose(row["low"], row["value"]) and np.allclose(row["high"], row["value"])
    parts = pictures.by_part(curves, study)
    head = parts[parts["series"] == "head only"]
    assert np.allclose(head["value"], 41.5 / 81.5)


def test_layers_are_numbers_from_the_embeddings_on() -> None:
    found = pictures.by_layer(ways(settings()))
    assert sorted(set(found["layer"])) == [0, 1, 2]
    first = found[(found["quantity"] == "angle") & (found["layer"] == 1)]
    assert np.allclose(first["value"], 50 + 1.5 + 4)


def test_radii_show_what_is_left() -> None:
    study = settings()
    table = steps(study)
    assert table is not None
    found = pictures.by_radius(kept_shares(table, METRICS), study)
    left = found[(found["series"] == "source language") & (found["x"] == 0.1)]["value"]
    assert np.allclose(left, (80 - 10 + 1.5) / 80)
    left = found[(found["series"] == "target language") & (found["x"] == 0.2)]["value"]
    assert np.allclose(left, (80 - 40 + 1.5) / 80)


@pytest.mark.usefixtures("drawn")
def test_a_language_that_scores_nothing_leaves_a_hole(root: Path, tmp_path: Path) -> None:
    study = settings(encoders=["first"], planes=None)
    given = results(root, study)
    dead = given.paths["language"] == "de"
    frame = given.paths.assign(value=given.paths["value"].where(~dead, 0.0))
    present(tmp_path, given._replace(paths=frame))
    table = pd.read_csv(tmp_path / "figure2.csv")
    assert np.isfinite(table["value"]).all() and len(table)
