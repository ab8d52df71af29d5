"""Tables follow their schemas, and a file is there whole or not at all."""

import os
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.tables import (
    SCHEMAS,
    arrange,
    read_any,
    read_table,
    write_atomically,
    write_table,
)

ROWS: dict[str, list[Any]] = {
    "language": ["sw", "en", "en"],
    "id": [4, 9, 2],
    "label": ["neutral", "neutral", "entailment"],
    "prediction": ["neutral", "entailment", "entailment"],
}


def frame(**changes: Any) -> pd.DataFrame:
    return pd.DataFrame({**ROWS, **changes})


def rows_of(kind: str, count: int) -> pd.DataFrame:
    """Rows of any kind of table, each with a key of its own."""
    examples = {"int64": 3, "double": 0.5, "string": "x", "list<item: string>": ["x"]}
    columns: dict[str, list[Any]] = {}
    for field in SCHEMAS[kind].columns:
        name = str(field.type).replace("element", "item")
        example = examples.get(name, [1] if "int" in name else [True])
        columns[field.name] = [example] * count
    first = SCHEMAS[kind].key[0]
    whole = pa.types.is_integer(SCHEMAS[kind].columns.field(first).type)
    columns[first] = [place if whole else f"{place:03d}" for place in range(count)]
    return pd.DataFrame(columns)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_kind_survives_its_file(kind: str, tmp_path: Path) -> None:
    rows = rows_of(kind, 5)
    write_table(tmp_path / "t.parquet", kind, rows.iloc[::-1, ::-1])
    found = read_table(tmp_path / "t.parquet", kind)
    assert found.columns.tolist() == SCHEMAS[kind].columns.names
    pd.testing.assert_frame_equal(found.map(plain), rows.map(plain), check_dtype=False)
    assert read_any(tmp_path / "t.parquet")[0] == kind
    stored = pq.read_schema(tmp_path / "t.parquet")
    assert stored.remove_metadata().equals(SCHEMAS[kind].columns)


def plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("kind", SCHEMAS)
def test_keys_are_columns_that_are_never_missing(kind: str) -> None:
    schema = SCHEMAS[kind]
    assert len(set(schema.columns.names)) == len(schema.columns.names)
    for name in schema.key:
        assert not schema.columns.field(name).nullable


@given(st.permutations(range(6)), st.permutations(range(4)))
def test_order_of_rows_and_columns_does_not_matter(rows: list[int], columns: list[int]) -> None:
    ordered = pd.DataFrame(
        {
            "language": ["de", "de", "en", "en", "en", "sw"],
            "id": [1, 10, 2, 9, 11, 3],
            "label": list("abcdef"),
            "prediction": list("ghijkl"),
        }
    )
    found = arrange("predictions", ordered.iloc[rows, columns])
    pd.testing.assert_frame_equal(found.to_pandas(), ordered, check_dtype=False)


def test_same_rows_same_bytes(tmp_path: Path) -> None:
    write_table(tmp_path / "a", "predictions", frame())
    write_table(tmp_path / "b", "predictions", frame().iloc[[2, 0, 1], [3, 1, 0, 2]])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_table(tmp_path / "a", "predictions")["id"].tolist() == [2, 9, 4]


@pytest.mark.parametrize(
    ("kind", "rows", "message"),
    [
        ("none", frame(), "table kind 'none' is unknown; allowed: .*, baselines, cells, "),
        (
            "predictions",
            frame().drop(columns="label").assign(extra=1),
            r"table 'predictions': missing columns \['label'\], additional \['extra'\]",
        ),
        (
            "predictions",
            frame(language="en", id=4),
            r"table 'predictions': two rows for {'language': 'en', 'id': 4}",
        ),
        ("predictions", frame(id=[1.5, 2, 3]), "table 'predictions': "),
        ("predictions", frame(id=["1", "2", "x"]), "table 'predictions': "),
        ("predictions", frame(label=[1, 2, 3]), "table 'predictions': "),
        ("predictions", frame(language=["en", 1, "de"]), "table 'predictions': "),
        ("predictions", frame(language=[["en"], ["de"], ["sw"]]), "table 'predictions': "),
        ("predictions", frame(label=["neutral", None, "neutral"]), "table 'predictions': .*label"),
        ("predictions", frame(id=[1, None, 3]), "table 'predictions': .*id"),
        ("distances", rows_of("distances", 3).assign(value=np.nan), "table 'distances': .*value"),
        ("distances", rows_of("distances", 3).assign(value="far"), "table 'distances': "),
    ],
)
def test_rows_that_break_the_schema(kind: str, rows: pd.DataFrame, message: str) -> None:
    with pytest.raises(TableError, match=message):
        arrange(kind, rows)


def test_values_may_be_missing_where_the_schema_says_so(tmp_path: Path) -> None:
    rows = rows_of("correlations", 2).assign(value=[np.nan, 0.5], q=np.nan)
    write_table(tmp_path / "t", "correlations", rows)
    found = read_table(tmp_path / "t", "correlations")
    assert found["value"].isna().tolist() == [True, False]
    assert found["q"].isna().all()


def test_a_table_without_rows(tmp_path: Path) -> None:
    write_table(tmp_path / "t", "predictions", frame().head(0))
    found = read_table(tmp_path / "t", "predictions")
    assert len(found) == 0
    assert found.columns.tolist() == list(ROWS)


def test_files_that_are_no_such_table(tmp_path: Path) -> None:
    write_table(tmp_path / "t", "predictions", frame())
    with pytest.raises(TableError, match="t: holds table kind 'predictions', expected 'pairs'"):
        read_table(tmp_path / "t", "pairs")
    frame().to_parquet(tmp_path / "foreign")
    with pytest.raises(TableError, match="holds table kind '', expected 'pairs'"):
        read_table(tmp_path / "foreign", "pairs")
    (tmp_path / "text").write_text("no table")
    (tmp_path / "cut").write_bytes((tmp_path / "t").read_bytes()[:-20])
    for name in ("text", "cut", "absent"):
        with pytest.raises(TableError, match=f"{name}: not a readable Parquet file"):
            read_table(tmp_path / name, "predictions")


def test_a_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    seen: list[bool] = []

    def write(file: IO[bytes]) -> None:
        file.write(b"new")
        file.flush()
        seen.append(path.exists())

    write_atomically(path, write)
    assert seen == [False]
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    write_atomically(str(path), lambda file: file.write(b"newer"))
    assert path.read_bytes() == b"newer"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("moment", ["writing", "syncing", "interrupted"])
def test_a_failure_leaves_the_old_file(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt if moment == "interrupted" else OSError("disk full")

    def write(file: IO[bytes]) -> None:
        file.write(b"new")
        if moment != "syncing":
            fail()

    if moment == "syncing":
        monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((OSError, KeyboardInterrupt)):
        write_atomically(path, write)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_that_breaks_its_schema_leaves_the_old_file(tmp_path: Path) -> None:
    write_table(tmp_path / "t", "predictions", frame())
    before = (tmp_path / "t").read_bytes()
    with pytest.raises(TableError):
        write_table(tmp_path / "t", "predictions", frame(id=1, language="en"))
    assert (tmp_path / "t").read_bytes() == before
