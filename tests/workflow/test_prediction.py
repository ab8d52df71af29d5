"""Predicted transfer from text to page, and the ranking of sources for a text of one's own."""

import re
import shutil
from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.workflow

CONFIG = "tests/workflow/prediction.yaml"
STUDY = "results/papers/xsns2023"
TABLES = ("table1", "table2", "table3", "table4", "advantages", "relations")
LISTS = ("selections", "scores", "comparison")
FIGURES = ("figure1", "figure3", "figure4", "figure5", "figure6", "figure7", "layers", "gold-pos")
SOURCES = {"ana", "anu", "ari", "bel"}
# A method that gives all sources of a target one value has no correlation, and no relation.
MAY_BE_EMPTY = {
    "table2": {"pearson", "spearman"},
    "relations": {"value", "low", "high", "p_permutation"},
    "comparison": {"published", "here", "difference"},
}
SENTENCES = 80


def call(folder: Path, *arguments: str, **variables: str) -> study.Call:
    """Call Snakemake with the configuration of this module."""
    return study.snakemake(folder, *arguments, "--cores", "2", "--configfile", CONFIG, **variables)


def planned(folder: Path, target: str, *arguments: str) -> dict[str, int]:
    """Jobs that a call would run, without the target itself."""
    jobs = study.planned(call(folder, target, "--dry-run", *arguments))
    return {rule: count for rule, count in jobs.items() if rule != target}


def asked(text: str, name: str = "mine") -> tuple[str, str]:
    """Arguments that name a text of one's own."""
    return "--config", f"rank={{text: {text}, task: pos, name: {name}}}"


@pytest.fixture(scope="session")
def predicted(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the finished study in it; texts and rankings may be added."""
    folder = study.copy_project(root, tmp_path_factory.getbasetemp() / "predicted")
    made = call(folder, "xsns2023")
    assert made.status == 0, made.text
    return folder


@pytest.fixture(scope="session")
def ranked(predicted: Path) -> Path:
    """The answer to sentences of a language that is no source."""
    text = (predicted / "results/family/text/bok.txt").read_text(encoding="utf-8")
    lines = list(dict.fromkeys(filter(None, text.splitlines())))[:SENTENCES]
    assert len(lines) == SENTENCES
    (predicted / "mine.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert planned(predicted, "rank", *asked("mine.txt")) == {
        "find_subnetwork_of_text": 1,
        "rank_text": 1,
    }
    made = call(predicted, "rank", *asked("mine.txt"))
    assert made.status == 0, made.text
    return predicted / "results" / "rank" / "mine"


def test_a_second_call_does_nothing(predicted: Path) -> None:
    assert planned(predicted, "xsns2023") == {}


def test_every_table_and_figure_is_there(predicted: Path) -> None:
    expected = {f"{name}.{kind}" for name in (*TABLES, *LISTS) for kind in ("csv", "md", "tex")}
    expected |= {
        f"{name}.{kind}" for name in FIGURES for kind in ("csv", "md", "tex", "svg", "pdf", "png")
    }
    expected |= {"comparison.parquet", "index.html"}
    files = [path for path in (predicted / STUDY).iterdir() if path.is_file()]
    assert {path.name for path in files if path.stat().st_size} == expected


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("table1", 4),  # three settings of the paper and one more
        ("table3", 4),  # two sets of features, two regressions
        ("table4", 2),  # the other encoder, two methods
        ("figure3", 3),  # three fractions
        ("figure4", 4),  # three methods and no mixture
        ("figure5", 12),  # pairs of four languages
        ("figure6", 2),  # two numbers of examples
        ("figure7", 3),  # one target, three choices
        ("layers", 2),
        ("gold-pos", 4),  # four sources
        ("scores", 40),  # two metrics
        ("selections", 2),
    ],
)
def test_tables_have_their_rows(predicted: Path, name: str, count: int) -> None:
    assert len(study.rows(predicted / STUDY / f"{name}.csv")) == count


@pytest.mark.parametrize("name", [*TABLES, *LISTS, *FIGURES])
def test_numbers_are_filled_in(predicted: Path, name: str) -> None:
    table = study.rows(predicted / STUDY / f"{name}.csv")
    assert table
    may = MAY_BE_EMPTY.get(name, set())
    empty = {column for row in table for column, value in row.items() if not value}
    assert empty <= may
    for column in may - {"published"}:
        assert any(row[column] for row in table), column


def test_cells_of_the_paper_are_compared_or_said_to_be_left_out(predicted: Path) -> None:
    table = study.rows(predicted / STUDY / "comparison.csv")
    here = {row["item"] for row in table if row["here"]}
    assert here == {"table1", "table2", "table3", "table4"}
    open_cells = [row for row in table if not row["here"]]
    assert all(row["status"].startswith("not attempted: ") for row in open_cells)


def test_page_names_every_numbered_item(predicted: Path) -> None:
    page = (predicted / STUDY / "index.html").read_text(encoding="utf-8")
    numbered = [name for name in (*TABLES, *FIGURES) if re.fullmatch(r"\D+\d", name)]
    names = [f"{name[:-1].capitalize()} {name[-1]}" for name in numbered]
    assert [name for name in names if name not in page] == []
    assert not re.search(r">\s*(nan|None|NaN)\s*<", page)


def test_weights_that_are_not_kept_are_gone(predicted: Path) -> None:
    runs = predicted / "results" / "runs"
    mixtures = study.rows(predicted / STUDY / "small" / "pos" / "mixtures.csv")
    sets = {row["sources"] for row in mixtures}
    assert {part for name in sets for part in name.split("+")} <= SOURCES
    # Two encoders, four sources.
    assert len(list(runs.rglob("scores.parquet"))) == 8 + len(sets)
    assert list(runs.rglob("*.safetensors")) == []


def test_changed_remarks_rerun_nothing(predicted: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(predicted, tmp_path / "copy")
    for module in ("subnetworks/fisher.py", "statistics/ranking.py", "papers/xsns2023/tables.py"):
        study.change_remarks(copy / "workflow/scripts/isogloss" / module)
    study.change_remarks(copy / "workflow/scripts/find_subnetwork.py")
    assert planned(copy, "xsns2023") == {}


def test_a_ranking_asks_for_no_training_of_a_task(root: Path, tmp_path: Path) -> None:
    folder = study.copy_project(root, tmp_path / "project")
    (folder / "mine.txt").write_text("one\ntwo\n", encoding="utf-8")
    jobs = planned(folder, "rank", *asked("mine.txt"))
    assert jobs["find_subnetwork"] == len(SOURCES)
    assert jobs["find_subnetwork_of_text"] == jobs["rank_text"] == 1
    assert jobs["pretrain_encoder"] == 1
    assert not [rule for rule in jobs if rule.startswith(("finetune", "score_", "evaluate_"))]


def test_sources_are_ranked_for_a_text(ranked: Path) -> None:
    table = study.rows(ranked / "ranking.csv")
    assert {row["source"] for row in table} == SOURCES
    assert [row["rank"] for row in table] == ["1", "2", "3", "4"]
    overlaps = [float(row["overlap"]) for row in table]
    assert overlaps == sorted(overlaps, reverse=True)
    for row in table:
        assert 0 < float(row["lowest"]) <= float(row["overlap"]) <= float(row["highest"]) < 1
        low, score, high = (
            float(row[column]) for column in ("predicted_low", "predicted", "predicted_high")
        )
        assert low <= score <= high
        assert all(row[method] for method in ("EMB", "LEX"))


def test_the_answer_says_what_it_rests_on(ranked: Path) -> None:
    kinds = ("csv", "md", "tex", "svg", "pdf", "png")
    assert [kind for kind in kinds if not (ranked / f"ranking.{kind}").stat().st_size] == []
    page = (ranked / "index.html").read_text(encoding="utf-8")
    first = study.rows(ranked / "ranking.csv")[0]["source"]
    assert f"First: {first}." in page
    assert "Predicted scores come from a line through the studied pairs" in page
    # As many are read as of the study's texts.
    assert re.search(r"mine\.txt, 24 \D*sentences", page)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty", "", "empty"),
        ("one", "nunmu nunmu .\nnunmu nunmu .\n\n", "found 1 different sentences; needed are 2"),
        (
            "thai",
            "ภาษาไทย เป็น ภาษา\nประเทศไทย อยู่ ใน เอเชีย\n",
            "the tokenizer does not know 100 percent",
        ),
    ],
)
def test_a_text_that_says_nothing_is_refused(
    predicted: Path, name: str, text: str, message: str
) -> None:
    file = f"{name}.txt"
    (predicted / file).write_text(text, encoding="utf-8")
    made = call(predicted, "rank", *asked(file, name))
    folder = predicted / "results" / "rank" / name
    log = (folder / "find.log").read_text(encoding="utf-8")
    assert made.status != 0
    assert len(log.splitlines()) == 1
    assert file in log
    assert message in log
    assert message in made.text
    assert "Traceback" not in made.text + log
    assert not (folder / "levels.parquet").exists()
