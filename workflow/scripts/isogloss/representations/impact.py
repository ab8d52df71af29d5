"""The impact of fine-tuning on a language's space: Phi = 1 - CKA (Philippy et al. 2023, 3.2)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from isogloss.errors import TableError
from isogloss.representations.cka import MINIMUM, linear_cka
from isogloss.representations.states import StatesFile


def impact_frame(tuned: StatesFile, bases: Mapping[str, StatesFile]) -> pd.DataFrame:
    """CKA and Phi per base, language and layer 1 to L.

    Returns
    -------
    columns base, language, layer, n, biased, debiased, phi

    Raises
    ------
    TableError
        if the two files do not hold the same examples and layers, or fewer than 4 examples
    """
    rows = []
    for base, before in bases.items():
        for language in tuned.languages:
            _check(before, tuned, language)
            for layer in range(1, tuned.layers + 1):
                old, new = before.layer(language, layer), tuned.layer(language, layer)
                found = linear_cka(old, new)
                rows.append((base, language, layer, len(old), *found, 1 - found.biased))
    columns = ["base", "language", "layer", "n", "biased", "debiased", "phi"]
    return pd.DataFrame(rows, columns=columns)


def _check(before: StatesFile, tuned: StatesFile, language: str) -> None:
    """Raise TableError unless a language's states can be compared."""
    where = f"{before.path}, {tuned.path}"
    if before.layers != tuned.layers:
        raise TableError(
            f"{where}: {before.layers} and {tuned.layers} layers; one encoder's wanted"
        )
    if not np.array_equal(before.ids(language), tuned.ids(language)):
        raise TableError(f"{where}: other examples of {language!r}")
    count = len(tuned.ids(language))
    if count < MINIMUM:
        raise TableError(f"{where}: {count} examples of {language!r}; CKA needs {MINIMUM} or more")
