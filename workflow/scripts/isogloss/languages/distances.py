"""Distances between languages, in one form whatever they come from.

Every function returns table kind `distances`: `distance` is SYN, GEO, INV, GEN or PHON
(syntactic, geographic, inventory, genetic, phonological; Philippy et al. 2023, Section
3.3), `first` and `second` are our language codes, `value` lies in 0 to 1. All ordered
pairs are there, a language with itself included (0).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.errors import ConfigError
from isogloss.languages import archive, uriel

# short name in the study -> lang2vec's name
DISTANCES = {
    "SYN": "syntactic",
    "GEO": "geographic",
    "INV": "inventory",
    "GEN": "genetic",
    "PHON": "phonological",
}
COLUMNS = ["distance", "first", "second", "value"]
Cell = tuple[str, str, str]


def uriel_distances(languages: Mapping[str, str]) -> pd.DataFrame:
    """Rebuild lang2vec's pre-computed distances from the feature files of its wheel.

    Parameters
    ----------
    languages : our code -> URIEL code

    Raises
    ------
    ConfigError
        for a code that URIEL does not know, or if lang2vec is not installed
    """
    features = uriel.read_uriel(list(languages.values()))
    return _table(uriel.distance_matrices(features), features.codes, languages)


def placeholders(languages: Mapping[str, str]) -> set[Cell]:
    """Cells (distance, first, second) of `uriel_distances` with no data behind them.

    At least one of the two languages has no data, and is treated as lang2vec does: far
    from all others (GEO, GEN), or as a language with every feature (SYN, INV, PHON).
    """
    features = uriel.read_uriel(list(languages.values()))
    data = uriel.has_data(features)
    masks = {name: ~(known[:, None] & known[None, :]) for name, known in data.items()}
    for mask in masks.values():
        np.fill_diagonal(mask, False)
    return _cells(masks, features.codes, languages)


def unconfirmed(languages: Mapping[str, str]) -> set[Cell]:
    """Cells of `uriel_distances` that may differ from lang2vec's own tables.

    GEN rests on another version of Glottolog than lang2vec's tables do. For eight
    languages the number of families above them is read off stored values; a pair of
    relatives that rests on another language's number is listed here. So is SYN of
    Mandarin (cmn), Estonian and Kurmanji, whose features differ from the stored ones.
    """
    features = uriel.read_uriel(list(languages.values()))
    return _cells(uriel.unconfirmed_matrices(features), features.codes, languages)


def zip_distances(path: Path, languages: Mapping[str, str]) -> pd.DataFrame:
    """Read lang2vec's pre-computed distances from a copy of upstream's archive.

    Parameters
    ----------
    path : distances2.zip or distances.zip; `isogloss.languages.archive` states the layout
    languages : our code -> URIEL code
    """
    codes = tuple(dict.fromkeys(languages.values()))
    blocks = archive.read_archive(Path(path), list(DISTANCES.values()), codes)
    matrices = {short: blocks[name] for short, name in DISTANCES.items()}
    return _table(matrices, codes, languages)


def family_distances(path: Path, languages: Sequence[str]) -> pd.DataFrame:
    """Read the distances that the generated family knows of itself (CSV).

    Further distances in the file (SCRIPT) are left out.

    Raises
    ------
    ConfigError
        for other columns, a missing or doubled cell, or a value outside of 0 to 1
    """
    frame = pd.read_csv(path, dtype=dict.fromkeys(COLUMNS[:3], str), keep_default_na=False)
    if list(frame.columns) != COLUMNS:
        raise ConfigError(f"{path}: columns {list(frame.columns)}; allowed: {COLUMNS}")
    chosen = frame[frame["first"].isin(languages) & frame["second"].isin(languages)]
    wanted = pd.MultiIndex.from_product([sorted(DISTANCES), sorted(languages), sorted(languages)])
    cells = chosen.set_index(COLUMNS[:3])["value"]
    if cells.index.has_duplicates:
        raise ConfigError(f"{path}: {cells.index[cells.index.duplicated()][0]} stands there twice")
    missing = wanted[~wanted.isin(cells.index)]
    if len(missing):
        raise ConfigError(f"{path}: no row for {missing[0]}; allowed: all ordered pairs")
    values = pd.to_numeric(cells.loc[wanted], errors="coerce")
    if not values.between(0, 1).all():
        raise ConfigError(f"{path}: a value is not a number from 0 to 1")
    return values.rename_axis(COLUMNS[:3]).reset_index()


def _table(
    matrices: Mapping[str, NDArray[np.float64]],
    codes: Sequence[str],
    languages: Mapping[str, str],
) -> pd.DataFrame:
    position = {code: row for row, code in enumerate(codes)}
    rows = [
        (name, first, second, float(matrix[position[code], position[other]]))
        for name, matrix in sorted(matrices.items())
        for first, code in sorted(languages.items())
        for second, other in sorted(languages.items())
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _cells(
    masks: Mapping[str, NDArray[np.bool_]], codes: Sequence[str], languages: Mapping[str, str]
) -> set[Cell]:
    position = {code: row for row, code in enumerate(codes)}
    return {
        (name, first, second)
        for name, mask in masks.items()
        for first, code in languages.items()
        for second, other in languages.items()
        if mask[position[code], position[other]]
    }
