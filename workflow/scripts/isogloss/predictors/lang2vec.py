"""L2V: similarity of typological vectors (Yun et al. 2023, Appendix B).

The vectors are lang2vec's syntax_knn, phonology_knn and inventory_knn (Littell et al. 2017):
0 or 1 for each feature, gaps filled from the nearest neighbours. They are read from the wheel
of lang2vec 1.1.2. Codes whose distances are not stored (zho, ara, swa) have such vectors too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.errors import ConfigError
from isogloss.languages.uriel import PREFIXES, wheel_folder
from isogloss.predictors import pair_table

Floats = NDArray[np.float64]

FILE = "feature_predictions.npz"
# syntactic, phonological and inventory features, 103 + 28 + 158
KINDS = ("SYN", "PHON", "INV")
# cosines that are equal on paper stay equal: ranks treat ties in their own way
DECIMALS = 12


def typological_similarity(codes: Mapping[str, str]) -> pd.DataFrame:
    """Cosine of typological vectors for all pairs of languages.

    Parameters
    ----------
    codes : our code -> URIEL code, an ISO 639-3 code

    Returns
    -------
    DataFrame
        columns source, target, value; value 0 to 1, to 12 decimals

    Raises
    ------
    ConfigError
        for a code without vectors, or if lang2vec is not installed
    """
    languages = list(codes)
    vectors = typological_vectors([codes[language] for language in languages])
    return pair_table(_cosines(vectors), languages, languages)


def typological_vectors(codes: Sequence[str], folder: Path | None = None) -> Floats:
    """Vectors of some languages, shape (codes, 289): syntax, phonology, inventory.

    Parameters
    ----------
    codes : URIEL codes
    folder : data of lang2vec, that of the installed package by default

    Raises
    ------
    ConfigError
        as `typological_similarity`
    """
    path = (folder or wheel_folder()) / FILE
    if not path.is_file():
        raise ConfigError(f"predictor L2V: {path} is missing; allowed: lang2vec==1.1.2")
    archive = np.load(path)
    known = {str(code): row for row, code in enumerate(archive["langs"])}
    for code in codes:
        if code not in known:
            raise ConfigError(
                f"predictor L2V: lang2vec has no vector of the code {code!r}; "
                f"allowed: one of its {len(known)} ISO 639-3 codes"
            )
    names = archive["feats"]
    columns = [np.flatnonzero(np.char.startswith(names, PREFIXES[kind])) for kind in KINDS]
    rows = [known[code] for code in codes]
    vectors = archive["data"][rows][:, np.concatenate(columns), 0].astype(np.float64)
    empty = [code for code, vector in zip(codes, vectors, strict=True) if not vector.any()]
    if empty:
        raise ConfigError(f"predictor L2V: the vector of {empty[0]!r} has no feature in it")
    return vectors


def family_similarity(distances: pd.DataFrame) -> pd.DataFrame:
    """Similarity of generated languages: 1 - mean of SYN, PHON and INV.

    It stands in for L2V where languages have no URIEL features.

    Parameters
    ----------
    distances : table kind `distances`; GEO and GEN are left out

    Returns
    -------
    DataFrame
        columns source (`first`), target (`second`), value

    Raises
    ------
    ConfigError
        if one of the three distances is missing for a pair
    """
    chosen = distances[distances["distance"].isin(KINDS)]
    wide = chosen.pivot(index=["first", "second"], columns="distance", values="value")
    languages = sorted(set(distances["first"]) | set(distances["second"]))
    pairs = pd.MultiIndex.from_product([languages, languages])
    wide = wide.reindex(index=pairs, columns=list(KINDS))
    lacking = wide.isna().any(axis=1)
    if lacking.any():
        first, second = wide.index[lacking][0]
        raise ConfigError(
            f"predictor L2V: no distance of {first!r} and {second!r} in each of "
            f"{', '.join(KINDS)}; allowed: all ordered pairs in all three"
        )
    similarity = 1 - wide.to_numpy(dtype=np.float64).mean(axis=1)
    return pair_table(similarity.reshape(len(languages), -1), languages, languages)


def _cosines(vectors: Floats) -> Floats:
    products = vectors @ vectors.T
    squares = np.diag(products)
    return np.round(products / np.sqrt(np.outer(squares, squares)), DECIMALS)
