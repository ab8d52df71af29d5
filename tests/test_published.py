"""The published numbers, and the comparison with them."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.papers.published import (
    COLUMNS,
    compare,
    decimals,
    item_decimals,
    read_published,
    restore_accuracy,
    restore_counts,
)
from isogloss.tables import arrange

STUDIES = {"philippy2023", "muller2021", "xsns2023", "wu2022"}
FIVE = ("SYN", "GEO", "INV", "GEN", "PHON")
RANKING = {"pearson": "percent", "spearman": "percent", "top1": "percent", "ndcg3": "percent"}
PHILIPPY = {name: (f"{name}_pearson", "correlation", f"{name}_stars") for name in FIVE}
COEFFICIENTS = {name: (name, "correlation", f"{name}_stars") for name in ("pearson", "spearman")}
DELTAS = {f"{a}-{a + 1}": (f"delta_layers_{a}_{a + 1}", "points", "") for a in range(1, 12, 2)}


def plain(**columns: str) -> dict[str, tuple[str, str, str]]:
    """Columns that keep their name: name -> (origin, unit, stars)."""
    return {name: (name, unit, "") for name, unit in columns.items()}


# origin -> study, item, template of a row's name, and our column -> (origin, unit, stars)
ORIGINS: dict[str, tuple[str, str, str, dict[str, tuple[str, str, str]]]] = {
    "philippy2023/figure1_impact_vs_distance_all_sources.csv": (
        "philippy2023",
        "figure1",
        "{layer}",
        PHILIPPY,
    ),
    "philippy2023/figure2_impact_vs_distance_english_source.csv": (
        "philippy2023",
        "figure2",
        "{layer}",
        PHILIPPY,
    ),
    "philippy2023/table1_transfer_vs_distance.csv": (
        "philippy2023",
        "table1",
        "{distance}",
        COEFFICIENTS,
    ),
    "philippy2023/table2_transfer_vs_impact.csv": (
        "philippy2023",
        "table2",
        "{layer}",
        COEFFICIENTS,
    ),
    "philippy2023/table3_freezing_english_source.csv": (
        "philippy2023",
        "table3",
        "{experiment}",
        {name: (f"{name}_pearson", "correlation", "") for name in FIVE}
        | {
            "CLTP": ("CLTP_accuracy_percent", "percent", ""),
            "frozen_layers": ("frozen_layers", "text", ""),
            "highlighted": ("highlighted_distances", "text", ""),
        },
    ),
    "philippy2023/hyperparameters.csv": (
        "philippy2023",
        "hyperparameters",
        "{name}",
        plain(value="text"),
    ),
    "muller2022/random_init_parsing_las.csv": (
        "muller2021",
        "random_init_parsing",
        "{source}-{target}",
        {"REF": ("REF_las", "percent", "")} | DELTAS,
    ),
    "muller2022/xgap_similarity_spearman.csv": (
        "muller2021",
        "xgap",
        "{task}",
        {"spearman": ("spearman_xgap_vs_cka_similarity", "correlation", "")},
    ),
    "muller2022/unseen_languages.csv": (
        "muller2021",
        "unseen_languages",
        "{language}",
        {
            "code": ("code_as_printed", "text", ""),
            "script": ("script_as_printed", "text", ""),
            "family": ("family_as_printed", "text", ""),
            "sentences": ("n_sentences", "sentences", ""),
        },
    ),
    "xsns2023/table1_subnetwork_variants.csv": (
        "xsns2023",
        "table1",
        "{task}/{corpus_D}/{output_distribution}",
        plain(**RANKING),
    ),
    "xsns2023/table3_regression.csv": (
        "xsns2023",
        "table3",
        "{task}/{regression}/{features}",
        plain(rmse="points", top1="percent", ndcg3="percent"),
    ),
    "xsns2023/table4_base_models_ner.csv": (
        "xsns2023",
        "table4",
        "{model}/{method}",
        plain(**RANKING),
    ),
    "xsns2023/languages_per_task.csv": (
        "xsns2023",
        "languages",
        "{task}/{code_as_printed}",
        {"code": ("code_corrected", "text", ""), "note": ("note", "text", "")},
    ),
    "xsns2023/hyperparameters.csv": ("xsns2023", "hyperparameters", "{name}", plain(value="text")),
    "wu2022/table1_example_counts.csv": (
        "wu2022",
        "table1",
        "{lang}/{split}",
        plain(XNLI="examples", NER="examples", POS_and_parsing="examples"),
    ),
    "wu2022/alphas.csv": (
        "wu2022",
        "alphas",
        "{value}",
        {
            "alpha": ("value", "fraction", ""),
            "used_1d": ("used_for_1d_alpha", "text", ""),
            "used_2d": ("used_for_2d_alpha1_alpha2", "text", ""),
            "origin": ("origin", "text", ""),
        },
    ),
    "wu2022/treebanks.csv": (
        "wu2022",
        "treebanks",
        "{lang}",
        plain(treebank="text", ud_version="text"),
    ),
    "wu2022/hyperparameters.csv": ("wu2022", "hyperparameters", "{name}", plain(value="text")),
}


@pytest.fixture(scope="module")
def table(root: Path) -> pd.DataFrame:
    return read_published(root / "resources/published/published.csv")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def values(table: pd.DataFrame, study: str, item: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Map (row, column) -> (value, unit, stars) of one item."""
    chosen = table[(table["study"] == study) & (table["item"] == item)]
    keys = zip(chosen["row"], chosen["column"], strict=True)
    cells = zip(chosen["value"], chosen["unit"], chosen["stars"], strict=True)
    return dict(zip(keys, cells, strict=True))


def number(printed: str) -> pd.DataFrame:
    """One published cell."""
    return pd.DataFrame([["s", "i", "r", "c", printed, "percent", ""]], columns=COLUMNS)


def cells(*addresses: tuple[str, str, str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        addresses, columns=["study", "item", "row", "column", "unit", "value"]
    ).astype({"value": float})


# ---- the long table is held to the transcriptions


@pytest.mark.shared
@pytest.mark.parametrize("origin", sorted(ORIGINS))
def test_every_cell_equals_its_transcription(
    origin: str, table: pd.DataFrame, shared: Path
) -> None:
    study, item, name, columns = ORIGINS[origin]
    expected = {}
    for row in rows(shared / "published" / origin):
        for column, (source, unit, stars) in columns.items():
            if row[source]:
                cell = (row[source], unit, row.get(stars, ""))
                expected[name.format(**row), column] = cell
    assert values(table, study, item) == expected


@pytest.mark.shared
def test_figure3_equals_both_transcriptions(table: pd.DataFrame, shared: Path) -> None:
    folder = shared / "published/philippy2023"
    found = values(table, "philippy2023", "figure3")
    matrix = {}
    for row in rows(folder / "figure3_xnli_accuracy_matrix.csv"):
        source = row.pop("source_lang")
        matrix |= {(source, name.replace("target_", "")): text for name, text in row.items()}
    empty = matrix.pop(("AVG", "AVG"))
    assert empty == ""
    assert {key: cell[0] for key, cell in found.items()} == matrix
    long = rows(folder / "figure3_xnli_accuracy_long.csv")
    assert len(long) == 225
    for row in long:
        cell = (row["accuracy_percent"], "percent", "")
        assert found[row["source_lang"], row["target_lang"]] == cell


@pytest.mark.shared
def test_tables_with_two_kinds_of_rows(table: pd.DataFrame, shared: Path) -> None:
    expected = {}
    for row in rows(shared / "published/xsns2023/table2_ranking_baselines.csv"):
        expected[row["task"], "dataset"] = (row["dataset"], "text", "")
        expected[row["task"], "languages"] = (row["n_languages"], "languages", "")
        for column, unit in RANKING.items():
            expected[f"{row['task']}/{row['method']}", column] = (row[column], unit, "")
    assert values(table, "xsns2023", "table2") == expected
    parsing = {
        (row["source"], row["target"]): (row["las_percent"], "percent", "")
        for row in rows(shared / "published/muller2022/mbert_english_parsing_las.csv")
    }
    assert values(table, "muller2021", "mbert_parsing") == parsing


@pytest.mark.shared
def test_no_transcription_and_no_item_is_left_out(table: pd.DataFrame, shared: Path) -> None:
    folder = shared / "published"
    found = {path.relative_to(folder).as_posix() for path in folder.glob("*/*.csv")}
    elsewhere = {
        "philippy2023/figure3_xnli_accuracy_long.csv",
        "philippy2023/figure3_xnli_accuracy_matrix.csv",
        "xsns2023/table2_ranking_baselines.csv",
        "muller2022/mbert_english_parsing_las.csv",
    }
    assert found == set(ORIGINS) | elsewhere
    items = {(study, item) for study, item, _, _ in ORIGINS.values()} | {
        ("philippy2023", "figure3"),
        ("xsns2023", "table2"),
        ("muller2021", "mbert_parsing"),
    }
    assert set(zip(table["study"], table["item"], strict=True)) == items


def test_table_as_published(table: pd.DataFrame) -> None:
    assert set(table["study"]) == STUDIES
    figure3 = values(table, "philippy2023", "figure3")
    assert figure3["en", "en"] == ("82.79", "percent", "")
    assert figure3["en", "AVG"][0] == "66.70"
    table1 = values(table, "philippy2023", "table1")
    assert table1["SYN", "pearson"] == ("-0.3193", "correlation", "**")
    assert values(table, "philippy2023", "table3")["baseline", "CLTP"][0] == "66.70"


# ---- reading


def write(folder: Path, *lines: str) -> Path:
    path = folder / "published.csv"
    path.write_text("\n".join(["study,item,row,column,value,unit,stars", *lines, ""]), "utf-8")
    return path


def test_reading_keeps_the_printed_text(tmp_path: Path) -> None:
    frame = read_published(write(tmp_path, "s,i,r,c,0.3500,correlation,*", "s,i,r,d,NA,text,"))
    assert frame["value"].tolist() == ["0.3500", "NA"]
    assert frame["stars"].tolist() == ["*", ""]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("s,i,r,c,1.0,percent,", ":3: a second row"),
        ("s,i,r,d,1.o,percent,", ":3: a value that is no number"),
        ("s,i,,d,1.0,percent,", ":3: an empty cell"),
        ("s,i,r,d,1.0,percent,***", ":3: unknown stars"),
    ],
)
def test_reading_refuses(tmp_path: Path, line: str, reason: str) -> None:
    path = write(tmp_path, "s,i,r,c,1.0,percent,", line)
    with pytest.raises(TableError, match=reason):
        read_published(path)


def test_reading_refuses_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text("study,item\n", "utf-8")
    with pytest.raises(TableError, match="columns"):
        read_published(path)


# ---- decimals and comparison


@pytest.mark.parametrize(
    ("printed", "expected"), [("66.70", 2), ("-0.3193", 4), ("392702", 0), ("-0.1", 1), ("0.0", 1)]
)
def test_decimals(printed: str, expected: int) -> None:
    assert decimals(printed) == expected


def test_dropped_zeros_do_not_widen_the_comparison(table: pd.DataFrame) -> None:
    figure1 = table[(table["study"] == "philippy2023") & (table["item"] == "figure1")]
    assert "-0.1" in figure1["value"].tolist()
    assert set(item_decimals(figure1)) == {3}
    cell = ("philippy2023", "figure1", "2", "SYN", "correlation")
    row = compare(figure1, cells((*cell, -0.13)), {}).set_index(["row", "column"]).loc[("2", "SYN")]
    assert row["status"] == "differs by -0.030"


@pytest.mark.parametrize(
    ("printed", "here", "status"),
    [
        ("66.70", 66.7044, "matched"),
        ("66.70", 66.6951, "matched"),
        ("66.70", 66.705, "matched"),
        ("66.70", 66.7051, "differs by +0.01"),
        ("66.70", 66.69, "differs by -0.01"),
        ("0.1234", 0.1357, "differs by +0.0123"),
        ("392702", 392702.0, "matched"),
        ("392702", 392703.0, "differs by +1"),
    ],
)
def test_status(printed: str, here: float, status: str) -> None:
    result = compare(number(printed), cells(("s", "i", "r", "c", "percent", here)), {})
    assert result["status"].tolist() == [status]
    assert result["difference"].iloc[0] == here - float(printed)
    assert result["published"].tolist() == [printed]


def test_outer_join_and_reasons(table: pd.DataFrame) -> None:
    table3 = table[(table["study"] == "philippy2023") & (table["item"] == "table3")]
    here = cells(
        ("philippy2023", "table3", "baseline", "CLTP", "percent", 66.7),
        ("philippy2023", "table3", "D", "CLTP", "percent", 66.9),
    )
    reasons = {
        ("philippy2023", "table3"): "no run",
        ("philippy2023", "table3", "A"): "experiment A is off",
        ("philippy2023", "table3", "A", "GEO"): "no coordinates",
    }
    result = compare(table3, here, reasons)
    status = result.set_index(["row", "column"])["status"]
    assert status["baseline", "CLTP"] == "matched"
    assert status["D", "CLTP"] == "not published"
    assert status["B", "GEN"] == "not attempted: no run"
    assert status["A", "GEN"] == "not attempted: experiment A is off"
    assert status["A", "GEO"] == "not attempted: no coordinates"
    assert len(result) == 4 * 6 + 1  # text cells are left out
    assert arrange("comparison", result).num_rows == 25


def test_nothing_here_and_nothing_published(table: pd.DataFrame) -> None:
    result = compare(table, cells(), {})
    assert set(result["status"]) == {"not attempted: no reason recorded"}
    assert arrange("comparison", result).num_rows == (table["unit"] != "text").sum()
    result = compare(table.iloc[:0], cells(("s", "i", "r", "c", "percent", 1.0)), {})
    assert result["status"].tolist() == ["not published"]
    assert arrange("comparison", result).column("published").null_count == 1


def test_another_unit_is_refused() -> None:
    with pytest.raises(TableError, match="unit 'fraction'; allowed: 'percent'"):
        compare(number("66.70"), cells(("s", "i", "r", "c", "fraction", 0.667)), {})


# ---- restoring what was rounded


@given(st.integers(0, 5010))
def test_counts_are_restored(k: int) -> None:
    assert restore_counts(f"{100 * k / 5010:.2f}", 5010) == k


@pytest.mark.parametrize(("printed", "n", "found"), [("0.01", 5010, 0), ("50.00", 100_000, 9)])
def test_counts_that_cannot_be_restored(printed: str, n: int, found: int) -> None:
    with pytest.raises(TableError, match=f"{found} counts of {n}"):
        restore_counts(printed, n)


def test_figure3_averages_to_the_printed_decimals(table: pd.DataFrame) -> None:
    accuracy = restore_accuracy(table)
    figure3 = values(table, "philippy2023", "figure3")
    assert accuracy.shape == (15, 15)
    for language in accuracy.index:
        assert f"{accuracy.loc[language].mean():.2f}" == figure3[language, "AVG"][0]
        assert f"{accuracy[language].mean():.2f}" == figure3["AVG", language][0]
        for target in accuracy.columns:
            assert f"{accuracy.loc[language, target]:.2f}" == figure3[language, target][0]
    counts = accuracy.to_numpy() * 5010 / 100
    assert np.abs(counts - counts.round()).max() < 1e-9
