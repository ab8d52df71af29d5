"""URIEL's features in the wheel of lang2vec 1.1.2, and the distances they imply.

The pre-computed distances of lang2vec are not on PyPI. What follows rebuilds them from
the feature files that are (Littell et al. 2017; `features.npz`, `geocoord_features.npz`
and `family_features.npz` of the wheel). The rules were inferred by comparison with stored
values; they are not documented upstream. The package itself is not imported: it needs
`pkg_resources`, which current setuptools no longer has.
"""

import difflib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isogloss.errors import ConfigError

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

# prefixes of URIEL's features
PREFIXES = {"SYN": "S_", "INV": "INV_", "PHON": "P_"}
# features that the stored syntactic distances leave out, and one phonological
# feature that is 0 for every language in the stored phonological distances
DROPPED_SYNTAX = ("S_VOX", "S_XVO", "S_XOV", "S_OXV", "S_OVX")
ZERO_PHONOLOGY = ("P_UVULARS",)
# codes without data in the stored tables, although the wheel has features for some
NO_DATA = frozenset({"ara", "aze", "fas", "kur", "mon", "msa", "sqi", "swa", "zho"})
# of these, the one that nevertheless has coordinates
COORDINATES_ONLY = frozenset({"kur"})
# stored distance of two different codes without data: 0 but for rounding errors upstream
BETWEEN_PLACEHOLDERS = {"SYN": 0.0002, "INV": 0.0, "PHON": 0.0002}
# families above a language, itself included, in the Glottolog version behind the stored
# distances; read off them. The wheel's version gives the same number except for French.
DEPTHS = {"bul": 7, "deu": 7, "ell": 6, "eng": 10, "fra": 16, "hin": 8, "rus": 5, "spa": 13}
# syntax that differs between the wheel and the stored distances
OTHER_SYNTAX = frozenset({"cmn", "est", "kmr"})


class Uriel(NamedTuple):
    """Features of n languages.

    Parameters
    ----------
    codes : URIEL codes, n of them, each once
    syntax, inventory, phonology : shape (n, features); 1 yes, 0 no, -1 unknown in all sources
    anchors : latitude and longitude of fixed points, degrees, shape (299, 2)
    geography : distance to each anchor, half circumferences, shape (n, 299)
    families : membership, shape (n, families)
    order : position in the wheel's table of families
    """

    codes: tuple[str, ...]
    syntax: Floats
    inventory: Floats
    phonology: Floats
    anchors: Floats
    geography: Floats
    families: Booleans
    order: Integers


def wheel_folder() -> Path:
    """Find the data folder of the installed lang2vec without importing it.

    Raises
    ------
    ConfigError
        if lang2vec is not installed, or has no feature files
    """
    try:
        # not find_spec: the wheel also installs bin/lang2vec.py, which hides the package
        # from every program that is started from that folder
        distribution = metadata.distribution("lang2vec")
    except metadata.PackageNotFoundError as error:
        raise ConfigError(
            "distances: kind lang2vec reads the feature files of the package lang2vec, "
            "which is not installed; pip install lang2vec==1.1.2"
        ) from error
    folder = Path(str(distribution.locate_file("lang2vec"))) / "data"
    for name in ("features.npz", "geocoord_features.npz", "family_features.npz"):
        if not (folder / name).is_file():
            raise ConfigError(f"distances: {folder / name} is missing; allowed: lang2vec==1.1.2")
    return folder


def read_uriel(codes: Sequence[str], folder: Path | None = None) -> Uriel:
    """Read the features of some languages.

    Raises
    ------
    ConfigError
        for a code that URIEL does not know
    """
    folder = folder or wheel_folder()
    unique = tuple(dict.fromkeys(codes))
    features = np.load(folder / "features.npz")
    places = np.load(folder / "geocoord_features.npz")
    families = np.load(folder / "family_features.npz")
    union = features["data"][_positions(features["langs"], unique)].max(axis=2).astype(np.float64)
    names = features["feats"]
    order = _positions(families["langs"], unique)
    return Uriel(
        unique,
        union[:, _starting(names, PREFIXES["SYN"]) & ~np.isin(names, DROPPED_SYNTAX)],
        union[:, _starting(names, PREFIXES["INV"])],
        _without(union, names, ZERO_PHONOLOGY)[:, _starting(names, PREFIXES["PHON"])],
        np.array([name.split("_")[1:] for name in places["feats"]], dtype=np.float64),
        places["data"][_positions(places["langs"], unique), :, 0].astype(np.float64),
        families["data"][order, :, 0] == 1,
        order,
    )


def has_data(uriel: Uriel) -> dict[str, Booleans]:
    """Tell per distance which languages rest on data, shape (n,) each.

    A language is a placeholder (False) if the stored tables have no data for it, or if
    its vector has no 1 in it: nothing known, or nothing left after the corrections. In
    GEN it also is one if no family is recorded, as for isolates.
    """
    known = np.array([code not in NO_DATA for code in uriel.codes], dtype=bool)
    placed = known | np.isin(uriel.codes, list(COORDINATES_ONLY))
    return {
        "SYN": known & (uriel.syntax == 1).any(axis=1),
        "GEO": placed,
        "INV": known & (uriel.inventory == 1).any(axis=1),
        "GEN": known & uriel.families.any(axis=1),
        "PHON": known & (uriel.phonology == 1).any(axis=1),
    }


def distance_matrices(uriel: Uriel) -> dict[str, Floats]:
    """Distances by the rules of the stored tables, shape (n, n) each, with their decimals."""
    data = has_data(uriel)
    vectors = {"SYN": uriel.syntax, "INV": uriel.inventory, "PHON": uriel.phonology}
    matrices = {
        name: _angular(vectors[name], data[name], BETWEEN_PLACEHOLDERS[name]) for name in vectors
    }
    matrices["GEO"] = _geographic(uriel, data["GEO"])
    matrices["GEN"] = _genetic(uriel, data["GEN"])
    rounded = {name: np.round(matrix, 4) for name, matrix in matrices.items()}
    rounded["SYN"] = np.round(rounded["SYN"], 2)
    rounded["GEO"] = np.round(rounded["GEO"], 1)
    for matrix in rounded.values():
        np.fill_diagonal(matrix, 0.0)
    return rounded


def unconfirmed_matrices(uriel: Uriel) -> dict[str, Booleans]:
    """Mark cells, shape (n, n), that may differ from the stored tables.

    GEN of relatives whose depth comes from the wheel's version of Glottolog, not from
    stored values; and SYN of languages whose features differ (Mandarin, Estonian, Kurmanji).
    """
    data = has_data(uriel)
    first = _first(uriel.order)
    read_off = np.array([code in DEPTHS for code in uriel.codes], dtype=bool)
    related = (_shared(uriel.families) > 0) & _both(data["GEN"])
    other = np.isin(uriel.codes, list(OTHER_SYNTAX))
    different = ~np.eye(len(uriel.codes), dtype=bool)
    return {
        "GEN": related & ~read_off[first] & different,
        "SYN": (other[:, None] | other[None, :]) & different,
    }


def _angular(vectors: Floats, data: Booleans, between: float) -> Floats:
    """2/pi arccos of the cosine; unknown is 0, a placeholder is a vector of ones."""
    filled = np.where(data[:, None], np.clip(vectors, 0, None), 1.0)
    norms = np.sqrt((filled**2).sum(axis=1))
    cosine = np.clip(filled @ filled.T / np.outer(norms, norms), 0, 1)
    distance = 2 / np.pi * np.arccos(cosine)
    return np.where(_both(~data), between, distance)


def _geographic(uriel: Uriel, data: Booleans) -> Floats:
    """Great circle between the points that the anchor distances imply; 1 without data."""
    anchors = _on_sphere(uriel.anchors)
    cosines = np.cos(np.pi * uriel.geography)
    points = np.linalg.lstsq(anchors, cosines.T, rcond=None)[0].T
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    distance = np.arccos(np.clip(points @ points.T, -1, 1)) / np.pi
    return np.where(_both(data), distance, 1.0)


def _genetic(uriel: Uriel, data: Booleans) -> Floats:
    """1 - shared families / depth of the language that comes first in the index."""
    depths = genetic_depths(uriel)
    distance = 1 - _shared(uriel.families) / depths[_first(uriel.order)]
    return np.where(_both(data), distance, 1.0)


def genetic_depths(uriel: Uriel) -> Integers:
    """Families above each language, itself included, shape (n,)."""
    counted = uriel.families.sum(axis=1) + 1
    pairs = zip(uriel.codes, counted, strict=True)
    return np.array([DEPTHS.get(code, int(count)) for code, count in pairs], dtype=np.int64)


def _shared(families: Booleans) -> Integers:
    members = families.astype(np.int64)
    return members @ members.T


def _first(order: Integers) -> Integers:
    """Of each pair of languages the one with the lower position, shape (n, n)."""
    indices = np.arange(len(order))
    return np.where(order[:, None] <= order[None, :], indices[:, None], indices[None, :])


def _both(mask: Booleans) -> Booleans:
    return mask[:, None] & mask[None, :]


def _on_sphere(degrees: Floats) -> Floats:
    latitude, longitude = np.radians(degrees).T
    return np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ],
        axis=1,
    )


def _starting(names: NDArray[np.str_], prefix: str) -> Booleans:
    return np.char.startswith(names, prefix)


def _without(union: Floats, names: NDArray[np.str_], absent: Sequence[str]) -> Floats:
    """Turn a 1 of some features into 0."""
    return np.where(np.isin(names, absent) & (union == 1), 0.0, union)


def _positions(known: NDArray[np.str_], codes: Sequence[str]) -> Integers:
    index = {str(code): position for position, code in enumerate(known)}
    for code in codes:
        if code not in index:
            near = difflib.get_close_matches(code, index, n=3)
            hint = f", for instance {', '.join(near)}" if near else ""
            raise ConfigError(
                f"distances: URIEL does not know the code {code!r}; "
                f"allowed: one of its {len(index)} ISO 639-3 codes{hint}"
            )
    return np.array([index[code] for code in codes], dtype=np.int64)
