"""Numbers of examples beside those of Wu et al. 2022, Table 1."""

import re
from pathlib import Path

import pandas as pd
import pytest

from isogloss.corpora.sizes import Count, count_corpora
from isogloss.papers.published import read_published


@pytest.fixture(scope="module")
def published(root: Path) -> pd.DataFrame:
    return read_published(root / "resources/published/published.csv")


def test_each_status(published: pd.DataFrame) -> None:
    rows = [
        Count("nli", "xnli", "de", "dev", 2490),
        Count("nli", "xnli", "de", "train", 392702),
        Count("ner", "wikiann", "hi", "train", 5020),
        Count("trees", "ud", "ru", "train", 3850),
        Count("old", "ud-2.7", "ru", "dev", 579),
        Count("nli", "xnli", "de", "test", 5010),
        Count("ner", "wikiann", "bn", "train", 10000),
        Count("tags", "udpos", "ar", "train", 6075),
        Count("cut", "wikiann", "hi", "dev", 1000, limited=True),
    ]
    found = count_corpora(rows, published)
    assert found["status"].tolist() == [
        "matched",
        "differs by -1",
        "differs by +20",
        "matched",
        "matched",
        "no published count",
        "no published count",
        "no published count",
        "cut here",
    ]
    assert found["published"].tolist() == [
        2490,
        392703,
        5000,
        3850,
        579,
        pd.NA,
        pd.NA,
        pd.NA,
        1000,
    ]
    assert found["rows"].tolist() == [row.rows for row in rows]
    assert found["corpus"].tolist() == [row.corpus for row in rows]


def test_every_published_count_is_found(published: pd.DataFrame) -> None:
    """Each cell of the table, asked for under its data set, matches itself."""
    datasets = {"XNLI": "xnli", "NER": "wikiann", "POS_and_parsing": "ud"}
    cells = published[(published["study"] == "wu2022") & (published["item"] == "table1")]
    rows = [
        Count("x", datasets[cell.column], *cell.row.split("/"), int(cell.value))
        for cell in cells.itertuples()
    ]
    assert len(rows) == 54
    assert set(count_corpora(rows, published)["status"]) == {"matched"}
    more = [row._replace(rows=row.rows + 7) for row in rows]
    assert set(count_corpora(more, published)["status"]) == {"differs by +7"}


def test_columns_and_types_stay_without_a_row_or_a_published_number(
    published: pd.DataFrame,
) -> None:
    for rows in ([], [Count("x", "ntrex", "de", "all", 1997)]):
        frame = count_corpora(rows, published)
        assert list(frame.columns) == [
            "corpus",
            "dataset",
            "language",
            "split",
            "rows",
            "published",
            "status",
        ]
        assert (frame["rows"].dtype, str(frame["published"].dtype)) == ("int64", "Int64")
        assert frame["published"].isna().all()


def documented(root: Path) -> list[list[str]]:
    """Cells of all table rows of docs/data.md, code marks taken off."""
    text = (root / "docs/data.md").read_text("utf-8").replace("`", "")
    rows = [line for line in text.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_documented_sizes_are_the_published_ones(root: Path, published: pd.DataFrame) -> None:
    rows = []
    for language, *cells in documented(root):
        if len(cells) == 3 and all(re.fullmatch(r"\d+ / \d+", cell) for cell in cells):
            for dataset, cell in zip(("xnli", "wikiann", "ud"), cells, strict=True):
                for split, number in zip(("train", "dev"), cell.split(" / "), strict=True):
                    rows.append(Count("x", dataset, language, split, int(number)))
    assert len(rows) == 54
    assert set(count_corpora(rows, published)["status"]) == {"matched"}


@pytest.mark.shared
def test_documented_treebanks_are_as_the_data_tell(root: Path, shared: Path) -> None:
    told = {
        f"UD_{row[1]}": [cell or "absent" for cell in row[2:]]
        for row in documented(root)
        if len(row) == 5 and re.fullmatch(r"\w+-\w+", row[1])
    }
    text = (shared / "data/README.md").read_text("utf-8")
    for folder, sizes in told.items():
        line = next(line for line in text.split("\n") if line.startswith(f"| {folder} |"))
        assert f"| {' / '.join(sizes)} |" in line, folder
    assert len(told) == 34
