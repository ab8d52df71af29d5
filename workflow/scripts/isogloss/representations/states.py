"""Files of hidden states: one row group per language, one column per layer.

Columns `language`, `id`, `layer_00` (embedding output), `layer_01` ... (output of block i),
each a fixed-size list of float16. Written without dictionaries, byte-stream split and
compressed, which is the smallest form that reads at full speed.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.errors import TableError
from isogloss.tables import write_atomically


def write_states(path: str | Path, parts: Iterable[tuple[str, np.ndarray, np.ndarray]]) -> None:
    """Write (language, ids (N,), states (N, layers + 1, hidden)) triples, one at a time.

    Raises
    ------
    TableError
        if a state is not finite in float16, or nothing is given
    """

    def write(file: object) -> None:
        writer = None
        try:
            for language, ids, states in parts:
                table = _table(language, ids, states, path)
                if writer is None:
                    columns = [f"{n}.list.element" for n in table.column_names[2:]]
                    writer = pq.ParquetWriter(
                        file,
                        table.schema,
                        compression="zstd",
                        compression_level=1,
                        use_dictionary=["language"],
                        use_byte_stream_split=columns,
                        write_statistics=["language"],
                    )
                writer.write_table(table, row_group_size=max(1, len(ids)))
        finally:
            if writer is not None:
                writer.close()
        if writer is None:
            raise TableError(f"{path}: no states to write; at least one language is needed")

    write_atomically(path, write)


def _table(language: str, ids: np.ndarray, states: np.ndarray, path: str | Path) -> pa.Table:
    half = states.astype(np.float16)
    if not np.isfinite(half).all():
        raise TableError(
            f"{path}: states of {language!r} exceed float16 (65504) or are not numbers"
        )
    count, layers, hidden = half.shape
    columns: dict[str, pa.Array] = {
        "language": pa.array([language] * count),
        "id": pa.array(ids.astype(np.int64)),
    }
    for layer in range(layers):
        flat = pa.array(np.ascontiguousarray(half[:, layer]).reshape(-1))
        columns[f"layer_{layer:02d}"] = pa.FixedSizeListArray.from_arrays(flat, hidden)
    return pa.table(columns).replace_schema_metadata({"isogloss": "states"})


class StatesFile:
    """Reads states of one language and layer at a time."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise TableError(f"{path}: not a readable Parquet file ({error})") from error
        if (self._file.schema_arrow.metadata or {}).get(b"isogloss") != b"states":
            raise TableError(f"{path}: does not hold hidden states")
        groups = range(self._file.num_row_groups)
        self._groups = {
            self._file.read_row_group(group, ["language"])["language"][0].as_py(): group
            for group in groups
        }

    @property
    def languages(self) -> list[str]:
        """Languages in the order of their row groups."""
        return list(self._groups)

    @property
    def layers(self) -> int:
        """Number of blocks; layer 0 is the embedding output."""
        return sum(name.startswith("layer_") for name in self._file.schema_arrow.names) - 1

    def ids(self, language: str) -> np.ndarray:
        """Row ids of a language's examples, int64 (N,)."""
        return self._column(language, "id").to_numpy()

    def layer(self, language: str, layer: int) -> np.ndarray:
        """States of a language at a layer, float16 (N, hidden), read-only."""
        if not 0 <= layer <= self.layers:
            raise TableError(f"{self.path}: no layer {layer}; it holds 0 to {self.layers}")
        column = self._column(language, f"layer_{layer:02d}").combine_chunks()
        return column.flatten().to_numpy().reshape(len(column), -1)

    def _column(self, language: str, name: str) -> pa.ChunkedArray:
        if language not in self._groups:
            raise TableError(
                f"{self.path}: no states of {language!r}; it holds {', '.join(self._groups)}"
            )
        return self._file.read_row_group(self._groups[language], [name])[name]
