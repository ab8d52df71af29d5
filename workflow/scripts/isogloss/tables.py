"""Tables of known kinds as atomic, sorted, deterministic Parquet files."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.errors import TableError
from isogloss.kinds import SCHEMAS


def write_atomically(path: str | Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that a reader sees the whole of it or nothing.

    `write` receives a binary file beside `path`; it is synced to disk and renamed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def arrange(kind: str, frame: pd.DataFrame) -> pa.Table:
    """Bring a frame into the columns, types and order of its schema.

    Raises
    ------
    TableError
        for an unknown kind, missing or additional columns, a wrong type, a missing
        value where none is allowed, or two rows of the same key
    """
    if kind not in SCHEMAS:
        raise TableError(f"table kind {kind!r} is unknown; allowed: {', '.join(sorted(SCHEMAS))}")
    schema = SCHEMAS[kind]
    if set(frame.columns) != set(schema.columns.names):
        missing = sorted(set(schema.columns.names) - set(frame.columns))
        additional = sorted(set(frame.columns) - set(schema.columns.names))
        raise TableError(f"table {kind!r}: missing columns {missing}, additional {additional}")
    key = list(schema.key)
    try:
        if frame.duplicated(key).any():
            first = frame.loc[frame.duplicated(key), key].iloc[0].to_dict()
            raise TableError(f"table {kind!r}: two rows for {first}")
        ordered = frame[schema.columns.names].sort_values(key, kind="stable")
        table = pa.Table.from_pandas(ordered, schema=schema.columns, preserve_index=False)
    except (ValueError, TypeError, pa.ArrowInvalid) as error:
        raise TableError(f"table {kind!r}: {error}") from error
    for field, column in zip(schema.columns, table.columns, strict=True):
        if not field.nullable and column.null_count:
            raise TableError(f"table {kind!r}: column {field.name!r} has missing values")
    return table.replace_schema_metadata({"isogloss": kind})


def write_table(path: str | Path, kind: str, frame: pd.DataFrame) -> None:
    """Write a table of a known kind: checked, sorted by its key, atomically."""
    table = arrange(kind, frame)
    write_atomically(path, lambda file: pq.write_table(table, file, compression="zstd"))


def read_any(path: str | Path) -> tuple[str, pd.DataFrame]:
    """Read a table and the kind it says it is of."""
    try:
        table = pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowInvalid) as error:
        raise TableError(f"{path}: not a readable Parquet file ({error})") from error
    kind = (table.schema.metadata or {}).get(b"isogloss", b"").decode()
    return kind, table.to_pandas()


def read_table(path: str | Path, kind: str) -> pd.DataFrame:
    """Read a table and check that it is of the expected kind."""
    return read_rows(path, (kind,))


def read_rows(path: str | Path, kinds: Sequence[str]) -> pd.DataFrame:
    """Read a table and check that it is of one of the expected kinds."""
    found, frame = read_any(path)
    if found not in kinds:
        raise TableError(
            f"{path}: holds table kind {found!r}, expected {' or '.join(map(repr, kinds))}"
        )
    return frame
