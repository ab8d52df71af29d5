"""lang2vec's pre-computed distances from a copy of upstream's archive.

Two layouts are accepted, those that the lang2vec repository has had:

- `distances2.zip` (1.1.6): one member per distance, named `syntactic...npz`,
  `geographic...npz` and so on: a square matrix as scipy.sparse.save_npz writes it. The
  codes of its rows stand in `distances_languages.txt`, beside the archive or in it:
  separated by commas, on one line.
- `distances.zip` (before): one member per distance, `SYNTACTIC.csv` and so on: comma
  separated; the first row and the first column hold the codes.

Of each pair the cell above the diagonal counts, as upstream stores no other.
"""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from isogloss.errors import ConfigError

Floats = NDArray[np.float64]

INDEX = "distances_languages.txt"
LAYOUT = (
    "allowed: lang2vec's distances2.zip (members such as syntactic*.npz, with "
    f"{INDEX} beside it) or distances.zip (members such as SYNTACTIC.csv)"
)


def read_archive(path: Path, names: Sequence[str], codes: Sequence[str]) -> dict[str, Floats]:
    """Read square blocks of upstream's distances.

    Parameters
    ----------
    path : the archive
    names : upstream's names of distances, for instance syntactic
    codes : URIEL codes, n of them

    Returns
    -------
    dict
        name -> symmetric distances, shape (n, n), diagonal 0

    Raises
    ------
    ConfigError
        for another layout, an unknown code, or a value outside of 0 to 1
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _read_distance(archive, path, name, codes) for name in names}
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: not a readable zip archive ({error}); {LAYOUT}") from error


def _read_distance(archive: zipfile.ZipFile, path: Path, name: str, codes: Sequence[str]) -> Floats:
    member = _member(archive, path, name)
    content = archive.read(member)
    if member.lower().endswith(".csv"):
        block, positions = _read_csv(content, f"{path}:{member}", codes)
    else:
        index = _read_index(archive, path)
        positions = _positions(index, f"{path}:{INDEX}", codes)
        block = _read_sparse(content, f"{path}:{member}", len(index), positions)
    above = positions[:, None] < positions[None, :]
    distances = np.where(above, block, block.T)
    np.fill_diagonal(distances, 0.0)
    if not ((distances >= 0) & (distances <= 1)).all():
        raise ConfigError(f"{path}:{member}: holds a value outside of 0 to 1")
    return distances


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> str:
    found = [
        member
        for member in archive.namelist()
        if PurePosixPath(member).suffix.lower() in (".npz", ".csv")
        and PurePosixPath(member).stem.lower().split("_")[0] == name
    ]
    if len(found) != 1:
        raise ConfigError(f"{path}: {len(found)} members for {name!r}, expected 1; {LAYOUT}")
    return found[0]


def _read_index(archive: zipfile.ZipFile, path: Path) -> list[str]:
    inside = [member for member in archive.namelist() if PurePosixPath(member).name == INDEX]
    beside = path.parent / INDEX
    if inside:
        text = archive.read(inside[0]).decode("utf-8")
    elif beside.is_file():
        text = beside.read_text(encoding="utf-8")
    else:
        raise ConfigError(f"{path}: no {INDEX} beside it or in it; {LAYOUT}")
    return text.strip().split(",")


def _read_sparse(content: bytes, where: str, size: int, positions: NDArray[np.int64]) -> Floats:
    try:
        matrix = sparse.load_npz(io.BytesIO(content))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{where}: not a scipy sparse matrix ({error}); {LAYOUT}") from error
    if matrix.shape != (size, size):
        raise ConfigError(f"{where}: shape {matrix.shape}, but {INDEX} lists {size} codes")
    return sparse.csr_array(matrix)[positions][:, positions].toarray().astype(np.float64)


def _read_csv(content: bytes, where: str, codes: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
    rows = csv.reader(io.StringIO(content.decode("utf-8")))
    index = next(rows, [""])[1:]
    positions = _positions(index, where, codes)
    wanted = {code: row for row, code in enumerate(codes)}
    block = np.full((len(codes), len(codes)), np.nan)
    for row in rows:
        if row and row[0] in wanted:
            if len(row) != len(index) + 1:
                raise ConfigError(f"{where}: row {row[0]!r} has {len(row)} cells; {LAYOUT}")
            block[wanted[row[0]]] = _numbers(row, positions + 1, where)
    return block, positions


def _numbers(row: list[str], columns: NDArray[np.int64], where: str) -> list[float]:
    try:
        return [float(row[column]) for column in columns]
    except ValueError as error:
        raise ConfigError(f"{where}: row {row[0]!r} holds a cell that is no number") from error


def _positions(index: Sequence[str], where: str, codes: Sequence[str]) -> NDArray[np.int64]:
    known = {code: position for position, code in enumerate(index)}
    for code in codes:
        if code not in known:
            raise ConfigError(
                f"{where}: no code {code!r}; allowed: one of the {len(known)} ISO 639-3 codes there"
            )
    return np.array([known[code] for code in codes], dtype=np.int64)
