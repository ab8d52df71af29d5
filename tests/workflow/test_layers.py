"""Interpolation, new layers, unseen languages, and layers across the studies: the smallest run."""

from pathlib import Path

import pytest
import study
import yaml

from isogloss.check import load_config
from isogloss.papers.across import names as across
from isogloss.papers.muller2021 import names as muller2021
from isogloss.papers.wu2022 import names as wu2022

pytestmark = pytest.mark.workflow

CONFIG = "tests/workflow/layers.yaml"
STUDIES = ("muller2021", "wu2022", "across")


def call(folder: Path, *arguments: str) -> study.Call:
    """Call Snakemake for the three studies of this module."""
    return study.snakemake(folder, *STUDIES, *arguments, "--cores", "2", "--configfile", CONFIG)


@pytest.fixture(scope="module")
def layers(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the finished studies in it."""
    folder = study.copy_project(root, tmp_path_factory.getbasetemp() / "layers")
    made = call(folder)
    assert made.status == 0, made.text
    return folder


def test_a_second_call_does_nothing(layers: Path) -> None:
    assert study.planned(call(layers, "--dry-run")) == {}


def test_every_table_and_figure_is_there(layers: Path, root: Path) -> None:
    studies = load_config(yaml.safe_load((root / CONFIG).read_text(encoding="utf-8"))).studies
    assert studies.muller2021 is not None and studies.wu2022 is not None
    names = {
        "muller2021": (
            muller2021.table_names(studies.muller2021),
            muller2021.figure_names(studies.muller2021),
        ),
        "wu2022": (wu2022.table_names(studies.wu2022), wu2022.figure_names(studies.wu2022)),
        "across": (across.TABLES, across.FIGURES),
    }
    for name, (tables, figures) in names.items():
        folder = layers / "results" / "papers" / name
        expected = {f"{table}.{kind}" for table in tables for kind in ("csv", "md", "tex")}
        expected |= {f"{figure}.{kind}" for figure in figures for kind in ("svg", "pdf", "png")}
        written = {path.name for path in folder.iterdir() if path.stat().st_size}
        assert expected | {"index.html"} <= written
        assert all(study.rows(folder / f"{table}.csv") for table in tables)


def test_new_layers_have_a_change_on_both_sides(layers: Path) -> None:
    table = study.rows(layers / "results/papers/muller2021/random_init.csv")
    assert {(row["row"], row["layers"]) for row in table} == {
        (row, group) for row in ("ana-ana", "ana-X_mean") for group in ("1", "4")
    }
    assert all(row["change"] and row["reference"] for row in table)


def test_cells_of_the_unseen_language_are_filled(layers: Path) -> None:
    (row,) = study.rows(layers / "results/papers/muller2021/unseen.csv")
    assert row["language"] == "aro"
    assert all(row[name] for name in ("pretrained", "adapted", "baseline", "category"))
    assert not row["alone"]  # the study leaves that model out
    written = study.rows(layers / "results/papers/muller2021/transliteration.csv")
    assert "latin" in {row["writing"] for row in written}


def test_layers_of_two_studies_stand_beside_each_other(layers: Path) -> None:
    table = study.rows(layers / "results/papers/across/layers.csv")
    assert {"movement", "depth", "cross-lingual"} <= {row["quantity"] for row in table}
    correlations = study.rows(layers / "results/papers/across/correlations.csv")
    assert {row["level"] for row in correlations} == {"layer", "pair"}


def test_weights_that_are_read_are_gone(layers: Path) -> None:
    kept = layers.glob("results/runs/*/*/*/*/*/model.safetensors")
    assert {path.parts[-4] + "/" + path.parts[-3] for path in kept} == {"ana/pairs", "anu/pairs"}
    assert list(layers.glob("results/parallel/**/mean.parquet")) == []
