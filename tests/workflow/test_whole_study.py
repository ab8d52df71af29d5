"""The tiny study from text to page: all of it is there, and none of it is empty."""

import json
import re
import zipfile
from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.workflow

STUDY = "results/papers/philippy2023"
TABLES = ("table1", "table2", "table3", "scores", "layers", "comparison", "correlations")
FIGURES = ("figure1", "figure2", "figure3")
MINUS = "\N{MINUS SIGN}"
# Empty where a number is not significant, or where the paper prints nothing for the cell.
MAY_BE_EMPTY = {"stars", "published"}
# A mean accuracy stands among the correlations of Table 3 and is tested against nothing.
OF_A_TEST = {"p", "p_permutation", "low", "high", "q"}


def may_be_empty(row: dict[str, str], column: str) -> bool:
    """Whether a cell is left open on purpose."""
    if column in MAY_BE_EMPTY or (row.get("source"), column) == ("AVG", "AVG"):
        return True
    return row.get("distance") == "CLTP" and column in OF_A_TEST


def test_every_table_and_figure_is_written(finished: Path) -> None:
    expected = {f"{name}.{kind}" for name in TABLES for kind in ("csv", "md", "tex")}
    expected |= {
        f"{name}.{kind}" for name in FIGURES for kind in ("csv", "md", "tex", "svg", "pdf", "png")
    }
    expected |= {f"{name}.parquet" for name in ("comparison", "correlations", "cells")}
    expected |= {"layers.json", "index.html"}
    written = {path.name for path in (finished / STUDY).iterdir() if path.stat().st_size}
    assert written == expected


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("table1", 10),  # five distances, two coefficients
        ("table2", 8),  # three layers and their mean, two coefficients
        ("table3", 24),  # three experiments and the baseline, five distances and the accuracy
        ("figure1", 20),  # three layers and their mean, five distances
        ("figure2", 20),
        ("figure3", 6),  # five sources and their mean
        ("layers", 3),
        ("scores", 40),  # eight runs, five targets
    ],
)
def test_numbers_are_filled_in(finished: Path, name: str, count: int) -> None:
    table = study.rows(finished / STUDY / f"{name}.csv")
    empty = [
        (row, column)
        for row in table
        for column, value in row.items()
        if not value and not may_be_empty(row, column)
    ]
    assert not empty
    assert len(table) == count


def test_every_comparable_cell_is_compared(finished: Path) -> None:
    table = study.rows(finished / STUDY / "comparison.csv")
    unfounded = [
        row for row in table if not row["here"] and not row["status"].startswith("not attempted: ")
    ]
    assert not unfounded
    assert {row["item"] for row in table if row["here"]} == {
        *("table1", "table2", "table3"),
        *FIGURES,
    }


@pytest.mark.parametrize("name", FIGURES)
def test_figures_show_the_numbers_of_their_tables(finished: Path, name: str) -> None:
    # Text is drawn as outlines; what each stands for is in a comment beside it.
    drawing = (finished / STUDY / f"{name}.svg").read_text(encoding="utf-8")
    shown = {text.rstrip("*") for text in re.findall(r"<!-- (\S+) -->", drawing)}
    table = study.rows(finished / STUDY / f"{name}.csv")
    if name == "figure3":
        digits = 1
        numbers = [value for row in table for key, value in row.items() if key != "source"]
    else:
        digits = 3
        numbers = [row["value"] for row in table]
    expected = {f"{float(number):.{digits}f}".replace("-", MINUS) for number in numbers if number}
    assert expected <= shown
    labels = {row[key] for row in table for key in ("layer", "distance", "source") if key in row}
    assert labels <= shown


def test_page_names_every_table_and_figure(finished: Path) -> None:
    page = (finished / STUDY / "index.html").read_text(encoding="utf-8")
    numbered = {f"{n[:-1].capitalize()} {n[-1]}" for n in (*TABLES[:3], *FIGURES)}
    assert {name for name in numbered if name not in page} == set()
    assert not re.search(r">\s*(nan|None|NaN)\s*<", page)


def test_report_holds_figures_and_tables_with_captions(
    finished: Path, tmp_path: Path, no_network: dict[str, str]
) -> None:
    report = tmp_path / "report.zip"
    call = study.study(finished, "--report", str(report), **no_network)
    assert call.status == 0, call.text
    with zipfile.ZipFile(report) as archive:
        names = archive.namelist()
        text = "".join(archive.read(n).decode() for n in names if n.endswith((".html", ".js")))
    for name in (*TABLES, *FIGURES):
        kind = "csv" if name in TABLES else "svg"
        assert any(entry.endswith(f"{name}.{kind}") for entry in names), name
    assert "Philippy et al. 2023" in text
    for item in ("table1", "figure3"):
        caption = (finished / "report" / f"{item}.rst").read_text(encoding="utf-8")
        assert " ".join(caption.split()[:4]) in " ".join(text.split())


def test_matrices_are_filled(finished: Path) -> None:
    folder = finished / "results" / "transfer" / "trees"
    assert [row["source"] for row in study.rows(folder / "matrix.csv")] == ["ana", "ana+bel-16"]
    scores = study.rows(folder / "scores.csv")
    assert len(scores) == 2 * 3 * 5  # training sets, targets, metrics
    assert all(value for row in scores for value in row.values())
    assert {row["seeds"] for row in scores} == {"2"}
    facts = finished / "results/runs/small/parsing/ana+bel-16/best/1/run.json"
    run = json.loads(facts.read_text(encoding="utf-8"))
    assert run["examples"] == {"ana": 32, "bel": 16}
    assert run["chosen"] in [step for step, _ in run["checks"]]


def test_sizes_of_all_corpora_are_counted(finished: Path) -> None:
    table = study.rows(finished / "results" / "corpora" / "sizes.csv")
    counted = {(row["corpus"], row["language"], row["split"]): int(row["rows"]) for row in table}
    assert counted["ud", "ana", "train"] == 32
    assert counted["ud", "bel", "dev"] == 8
    assert counted["nli", "aro", "test"] == 48
    assert all(row["status"] == "no published count" for row in table)
