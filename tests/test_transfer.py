"""Matrices of scores: means over seeds, own and other languages, and how they stand."""

from pathlib import Path

import pandas as pd
import pytest

from isogloss.config.studies import Transfer
from isogloss.errors import TableError
from isogloss.papers.runs import score_matrix
from isogloss.papers.transfer import present_transfer, standing, summary

TRANSFER = Transfer(
    encoder="small",
    task="pos",
    recipe="words",
    sources=["de", "de+en-10"],
    targets=["de", "en", "fr"],
    seeds=[1, 2],
)
RUN = {"encoder": "small", "task": "pos", "recipe": "words", "split": "test", "n": 5}


@pytest.fixture
def scores() -> pd.DataFrame:
    """Table kind `scores`; the score says source, target, seed and metric."""
    rows = [
        {**RUN, "trained_on": source, "seed": seed, "language": target, "metric": metric}
        | {"value": 10 * a + 3 * b + seed + (50 if metric == "accuracy" else 0)}
        for a, source in enumerate(TRANSFER.sources)
        for b, target in enumerate([*TRANSFER.targets, "sw"])
        for seed in TRANSFER.seeds
        for metric in ("accuracy", "sentence_accuracy")
    ]
    return pd.DataFrame(rows).astype({"value": "float64"})


@pytest.fixture
def baselines(scores: pd.DataFrame) -> pd.DataFrame:
    """Table kind `baselines`: one method at 55 percent."""
    rows = scores[scores["seed"] == 1].drop(columns=["encoder", "recipe", "seed"])
    return rows.assign(method="word_table", value=55.0)


def test_matrix_has_means_in_the_order_asked_for(scores: pd.DataFrame) -> None:
    found = score_matrix(scores, TRANSFER.sources, ["fr", "de"], "accuracy")
    assert found.index.tolist() == TRANSFER.sources
    assert found.columns.tolist() == ["fr", "de"]
    assert found.to_numpy().tolist() == [[57.5, 51.5], [67.5, 61.5]]


def test_a_missing_pair_is_named(scores: pd.DataFrame) -> None:
    hole = (scores["trained_on"] == "de+en-10") & (scores["language"] == "fr")
    with pytest.raises(TableError, match=r"no accuracy of source 'de\+en-10' on target 'fr'"):
        score_matrix(scores[~hole], TRANSFER.sources, TRANSFER.targets, "accuracy")


def test_all_languages_of_a_training_set_are_its_own(scores: pd.DataFrame) -> None:
    found = summary(scores, TRANSFER, "accuracy").set_index("source")
    assert found.loc["de"].tolist() == pytest.approx([51.5, 56.0, 0.5**0.5])
    assert found.loc["de+en-10"].tolist() == pytest.approx([63.0, 67.5, 0.5**0.5])


def test_standing_counts_what_beats_the_best_baseline() -> None:
    table = pd.DataFrame(
        {
            "metric": ["f1", "f1", "precision"],
            "score": [50.0, 30.0, 90.0],
            "word_table": [40.0, 30.0, 0.0],
            "majority": [45.0, None, 0.0],
        }
    )
    assert standing(table, "f1").startswith(
        "1 of 2 scores are above the best of what needs no encoder (word table, majority)"
    )
    assert standing(table[["metric", "score"]], "f1").startswith("No baseline was computed")


def test_page_figure_and_tables(
    scores: pd.DataFrame, baselines: pd.DataFrame, tmp_path: Path
) -> None:
    present_transfer(tmp_path, "words", TRANSFER, scores, baselines, "accuracy", 40)
    table = pd.read_csv(tmp_path / "scores.csv")
    assert set(table["language"]) == {"de", "en", "fr"}  # of all that were scored
    assert len(table) == 2 * 3 * 2
    assert set(table["word_table"]) == {55.0}
    assert pd.read_csv(tmp_path / "matrix.csv")["fr"].tolist() == [57.5, 67.5]
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "pretrained here for 40 steps" in page
    assert "4 of 6 scores are above" in page
    assert "mean over 2 seeds" in page
    for kind in ("svg", "pdf", "png"):
        assert (tmp_path / f"matrix.{kind}").stat().st_size
