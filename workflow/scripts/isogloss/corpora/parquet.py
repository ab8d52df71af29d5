"""Parquet files of the model hub, as its `datasets` library writes them."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.errors import CorpusError

TEXT = "string"
INTEGER = "integer"
TEXTS = "list of string"
INTEGERS = "list of integer"
ANSWERS = "struct of text (list of string) and answer_start (list of integer)"


def read_hub(
    path: str | Path, columns: Mapping[str, str], optional: Collection[str] = ()
) -> pa.Table:
    """Read a file that has these columns, in any order.

    Parameters
    ----------
    columns : name to kind (TEXT, INTEGER, TEXTS, INTEGERS or ANSWERS)
    optional : further columns that upstream has and that are left out

    Raises
    ------
    CorpusError
        for a file that is no Parquet, or has other columns
    """
    try:
        table = pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowInvalid) as error:
        raise CorpusError(path, None, f"not a readable Parquet file ({error})") from None
    names = [name for name in table.schema.names if name not in optional]
    fits = sorted(names) == sorted(columns) and all(
        _is_of(table.schema.field(name).type, kind) for name, kind in columns.items()
    )
    if not fits:
        found = ", ".join(f"{field.name} ({field.type})" for field in table.schema)
        allowed = ", ".join(f"{name} ({kind})" for name, kind in columns.items())
        also = f"; left out where present: {', '.join(optional)}" if optional else ""
        raise CorpusError(path, None, f"columns are {found}; allowed: {allowed}{also}")
    return table.select(list(columns))


def read_rows(path: str | Path, table: pa.Table) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """1-based number and values of each row.

    Raises
    ------
    CorpusError
        for a missing value, also inside of a list
    """
    columns = [table.column(name).to_pylist() for name in table.schema.names]
    for number, values in enumerate(zip(*columns, strict=True), start=1):
        if any(_is_missing(value) for value in values):
            raise CorpusError(path, None, f"row {number} has a missing value; none is allowed")
        yield number, values


def check_label_names(
    path: str | Path, schema: pa.Schema, column: str, names: Sequence[str]
) -> None:
    """Compare label names with those that the hub's `datasets` library stores, if it does.

    Raises
    ------
    CorpusError
        for other names, or the same in another order
    """
    metadata = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    feature = metadata.get("info", {}).get("features", {}).get(column, {})
    found = feature.get("names") or feature.get("feature", {}).get("names")
    if found is not None and tuple(found) != tuple(names):
        raise CorpusError(
            path, None, f"labels are named {', '.join(found)}; allowed: {', '.join(names)}"
        )


def pick_label(path: str | Path, number: int, label: int, names: Sequence[str]) -> str:
    """Name of a label that is stored as its place.

    Raises
    ------
    CorpusError
        naming the row, for a number without a name
    """
    if not 0 <= label < len(names):
        allowed = ", ".join(f"{place} ({name})" for place, name in enumerate(names))
        raise CorpusError(path, None, f"row {number}: label {label}; allowed: {allowed}")
    return names[label]


def _is_missing(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_missing(part) for part in value.values())
    return value is None or (isinstance(value, list) and None in value)


def _is_of(found: pa.DataType, kind: str) -> bool:
    if kind == ANSWERS:
        return (
            pa.types.is_struct(found)
            and sorted(field.name for field in found) == ["answer_start", "text"]
            and _is_of(found.field("text").type, TEXTS)
            and _is_of(found.field("answer_start").type, INTEGERS)
        )
    if kind in (TEXTS, INTEGERS):
        if not (pa.types.is_list(found) or pa.types.is_large_list(found)):
            return False
        found = found.value_type
    if kind in (TEXT, TEXTS):
        return pa.types.is_string(found) or pa.types.is_large_string(found)
    return pa.types.is_integer(found)
