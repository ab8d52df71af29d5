"""The default configuration, whole: what is known of the family must come out.

The longest test of all, some minutes: it runs what a newcomer runs first.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import study

from isogloss.papers.runs import accuracy_matrix
from isogloss.tables import read_table

pytestmark = pytest.mark.workflow
LANGUAGES = ["ana", "anu", "ari", "aro", "bel", "bok", "bim", "cet"]
SISTERS = [("ana", "anu"), ("ari", "aro"), ("bel", "bok")]
CHANCE = 100 / 3


@pytest.fixture(scope="module")
def default(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the default configuration was run."""
    folder = study.copy_project(root, tmp_path_factory.getbasetemp() / "default")
    first = study.snakemake(folder, "--cores", "2")
    assert first.status == 0, first.text
    again = study.snakemake(folder, "--cores", "2")
    assert "Nothing to be done" in again.text
    return folder


@pytest.fixture(scope="module")
def accuracy(default: Path) -> pd.DataFrame:
    """Percent, rows sources, columns targets."""
    runs = default / "results" / "runs" / "small" / "nli"
    files = sorted(runs.glob("*/philippy2023/42/scores.parquet"))
    scores = pd.concat([read_table(file, "scores") for file in files])
    return accuracy_matrix(scores, LANGUAGES)


def chosen(folder: Path, item: str, row: str) -> pd.DataFrame:
    """Pearson correlations of a row of an item, in all variants."""
    path = folder / "results" / "papers" / "philippy2023" / "correlations.parquet"
    table = read_table(path, "correlations")
    wanted = (table["item"] == item) & (table["row"] == row)
    return table[wanted & (table["coefficient"] == "pearson")]


def test_an_encoder_learns_its_own_language(accuracy: pd.DataFrame) -> None:
    assert (np.diag(accuracy) > 60).all(), accuracy


@pytest.mark.parametrize(("treatment", "bound"), [("included", -0.6), ("excluded", -0.3)])
def test_transfer_falls_with_genetic_distance(default: Path, treatment: str, bound: float) -> None:
    row = chosen(default, "table1", "GEN").query(f"same_language == '{treatment}'")
    assert len(row) == 1
    assert row["value"].item() < bound, row
    assert row["p_permutation"].item() < 0.05, row


def test_sisters_are_served_better_than_strangers(accuracy: pd.DataFrame) -> None:
    near = [accuracy.loc[a, b] for a, b in SISTERS] + [accuracy.loc[b, a] for a, b in SISTERS]
    far = accuracy.loc[["ana", "anu", "ari", "aro"], ["bel", "bok", "bim"]].to_numpy().mean()
    assert np.mean(near) > far + 10
    assert abs(far - CHANCE) < 6


def test_impact_grows_with_transfer_in_the_last_layer(default: Path) -> None:
    row = chosen(default, "table2", "4")
    row = row.query("base == 'pretrained' and same_language == 'included'")
    assert row["value"].item() > 0.2
