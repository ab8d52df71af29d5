"""Files of levels: which masks of which p hold each parameter of an encoder.

One file per encoder, setting, text and language. One row group per block, in order, one uint8
column per sub-network, named by `column_name`. Byte-stream split and compressed: smaller and faster
than with dictionaries, as few values occur.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from isogloss.errors import TableError
from isogloss.subnetworks.masks import LONGEST_GRID
from isogloss.tables import write_atomically

# rows of a row group, pyarrow's limit
LARGEST_BLOCK = 1 << 26


class Part(NamedTuple):
    """A tensor of the encoder: its name, block (from 1) and number of parameters."""

    name: str
    block: int
    size: int


def column_name(seed: int, examples: int) -> str:
    """Name of the column of a sub-network, for instance "42-1024"."""
    return f"{seed}-{examples}"


def write_levels(
    path: str | Path,
    columns: Mapping[str, NDArray[np.uint8]],
    tensors: Sequence[tuple[str, int, int]],
    grid: Sequence[float],
) -> None:
    """Write levels, one block at a time.

    Parameters
    ----------
    columns : uint8 (n,) by name, the levels of all tensors one after the other
    tensors : name, block and number of parameters of each tensor, in the order of the levels;
        blocks rise from 1 without gaps
    grid : fractions p that the levels count, rising

    Raises
    ------
    TableError
        if there is no column, or columns, tensors and grid do not fit each other
    """
    parts = [Part(*tensor) for tensor in tensors]
    sizes = _block_sizes(path, parts)
    _check(path, columns, sum(sizes), grid)
    schema = pa.schema(
        [pa.field(name, pa.uint8(), nullable=False) for name in columns],
        {
            "isogloss": "levels",
            "grid": json.dumps(list(grid)),
            "tensors": json.dumps([list(part) for part in parts]),
        },
    )
    bounds = np.concatenate([[0], np.cumsum(sizes)])

    def write(file: object) -> None:
        with pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            use_byte_stream_split=True,
            write_statistics=False,
        ) as writer:
            for low, high in pairwise(bounds):
                block = [pa.array(levels[low:high]) for levels in columns.values()]
                table = pa.Table.from_arrays(block, schema=schema)
                writer.write_table(table, row_group_size=high - low)

    write_atomically(path, write)


def _block_sizes(path: str | Path, parts: Sequence[Part]) -> list[int]:
    """Parameters of each block."""
    blocks = [part.block for part in parts]
    steps = [new - old for old, new in pairwise([0, *blocks])]
    if not steps or steps[0] != 1 or not set(steps) <= {0, 1}:
        raise TableError(f"{path}: blocks of tensors are {blocks}; allowed: rising from 1, no gaps")
    if any(part.size < 1 for part in parts):
        raise TableError(f"{path}: a tensor is empty; allowed: 1 parameter or more")
    sizes = [
        sum(part.size for part in parts if part.block == block)
        for block in range(1, blocks[-1] + 1)
    ]
    if max(sizes) > LARGEST_BLOCK:
        raise TableError(
            f"{path}: a block has {max(sizes)} parameters; allowed: up to {LARGEST_BLOCK}"
        )
    return sizes


def _check(
    path: str | Path, columns: Mapping[str, NDArray[np.uint8]], size: int, grid: Sequence[float]
) -> None:
    if not columns:
        raise TableError(f"{path}: no levels to write; at least one column is needed")
    if not 1 <= len(grid) <= LONGEST_GRID or any(old >= new for old, new in pairwise(grid)):
        raise TableError(
            f"{path}: the grid is {list(grid)}; allowed: 1 to {LONGEST_GRID} rising fractions"
        )
    for name, levels in columns.items():
        if levels.shape != (size,) or levels.dtype != np.uint8:
            raise TableError(
                f"{path}: column {name!r} is {levels.dtype} of shape {levels.shape}; allowed: "
                f"uint8 of shape ({size},), which is what the tensors hold"
            )
        if levels.max() > len(grid):
            raise TableError(
                f"{path}: column {name!r} has the level {levels.max()}; allowed: up to "
                f"{len(grid)}, the number of p"
            )


class LevelsFile:
    """Reads levels of one sub-network and block at a time."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise TableError(f"{path}: not a readable Parquet file ({error})") from error
        metadata = self._file.schema_arrow.metadata or {}
        if metadata.get(b"isogloss") != b"levels":
            raise TableError(f"{path}: does not hold levels of sub-networks")
        self.grid: list[float] = json.loads(metadata[b"grid"])
        self.tensors = [Part(*tensor) for tensor in json.loads(metadata[b"tensors"])]

    @property
    def columns(self) -> list[str]:
        """Names of sub-networks in the order in which they were written."""
        return list(self._file.schema_arrow.names)

    @property
    def blocks(self) -> list[int]:
        """Numbers of the blocks, from 1."""
        return list(range(1, self._file.num_row_groups + 1))

    def levels(self, column: str, block: int) -> NDArray[np.uint8]:
        """Levels of a sub-network in a block, uint8 (parameters of the block,), read-only."""
        if column not in self.columns:
            raise TableError(
                f"{self.path}: no sub-network {column!r}; it holds {', '.join(self.columns)}"
            )
        if block not in self.blocks:
            raise TableError(f"{self.path}: no block {block}; it holds 1 to {self.blocks[-1]}")
        group = self._file.read_row_group(block - 1, [column], use_threads=False)
        return group[column].combine_chunks().to_numpy()


def check_comparable(files: Sequence[LevelsFile]) -> None:
    """Refuse files whose levels do not count the same: other tensors, or another grid.

    Raises
    ------
    TableError
        naming the first file and the first that differs from it
    """
    for file in files[1:]:
        for what in ("grid", "tensors"):
            mine, other = getattr(files[0], what), getattr(file, what)
            if mine != other:
                raise TableError(
                    f"{files[0].path} and {file.path}: levels do not compare, as {what} differ "
                    f"({_difference(mine, other)}); allowed: the same encoder and grid"
                )


def _difference(first: Sequence[object], second: Sequence[object]) -> str:
    pairs = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    if pairs:
        return "first {!r} and {!r}".format(*pairs[0])
    return f"{len(first)} and {len(second)} of them"
