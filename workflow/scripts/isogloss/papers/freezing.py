"""Which layers Philippy, Guo and Haddadan 2023 freeze in their experiments (Section 5.1).

The study says in words why it takes layers 1, 2, 5 and 6; the rule here is one reading of
these words that yields the study's own choice on its own numbers, and a choice elsewhere.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from isogloss.errors import TableError
from isogloss.papers.philippy2023 import MEAN_ROW, PUBLISHED_TREATMENT

SIGNIFICANT = 0.05
# share of the layers that may be frozen, and the least number of them
CANDIDATE_SHARE = 3
FEWEST_CANDIDATES = 2


class Choice(NamedTuple):
    """Layers to freeze (counted from 1, ascending) and the distances they are chosen for."""

    layers: tuple[int, ...]
    distances: tuple[str, ...]


def choose_layers(
    table2: Mapping[int, float], figure2: pd.DataFrame, significant: pd.DataFrame
) -> dict[str, Choice]:
    """Choose the layers of experiments A, B and C.

    Candidates are the third of the layers, two at least, whose impact is least correlated
    with transfer. A: the candidate with the strongest negative correlation of impact and
    distance; B: the one with the strongest positive correlation; C: all candidates with a
    significant negative correlation. Where C finds none, it takes the candidates whose
    strongest correlation is negative, and without those the layer of A.

    Parameters
    ----------
    table2 : by layer, Pearson correlation of impact and transfer
    figure2 : index = layers, columns = distances; Pearson correlation of impact and
        distance for one source
    significant : like `figure2`, whether p < .05

    Raises
    ------
    TableError
        where a candidate has no row, or no correlation is defined
    """
    candidates = _candidates(table2)
    missing = sorted(set(candidates) - set(figure2.index))
    if missing:
        raise TableError(f"choice of layers: Figure 2 has no row for layers {missing}")
    shown = figure2.loc[candidates]
    known = {
        (layer, str(distance)): value
        for layer, row in zip(candidates, shown.to_numpy(), strict=True)
        for distance, value in zip(shown.columns, row, strict=True)
        if not math.isnan(value)
    }
    if not known:
        raise TableError(
            f"choice of layers: correlations are undefined for layers {candidates}; accuracies "
            "and impact must vary between languages, so a longer training may help"
        )
    lowest, highest = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    a, b = Choice((lowest[0],), (lowest[1],)), Choice((highest[0],), (highest[1],))
    negative = (shown < 0) & significant.loc[candidates, shown.columns]
    if not negative.to_numpy().any():
        size = shown.abs()
        negative = (shown < 0) & size.eq(size.max(axis=1), axis=0)
    return {"A": a, "B": b, "C": _choice(negative) if negative.to_numpy().any() else a}


def choose_from_correlations(table: pd.DataFrame, distances: str, base: str) -> dict[str, Choice]:
    """Choose the layers from a table of kind `correlations` (no experiments needed).

    Significance is that of the study, the two-sided p-value over pairs.

    Parameters
    ----------
    distances, base : the variant to rest on
    """
    impact = _published(table, "table2", base)
    impact = impact[impact["coefficient"] == "pearson"]
    distance = _published(table, "figure2", base)
    distance = distance[distance["distances"] == distances]
    if impact.empty or distance.empty:
        raise TableError(
            f"choice of layers: no Table 2 or Figure 2 for distances {distances!r}, base {base!r}"
        )
    return choose_layers(
        dict(zip(impact["layer"], impact["value"], strict=True)),
        distance.pivot(index="layer", columns="column", values="value"),
        distance.pivot(index="layer", columns="column", values="p") < SIGNIFICANT,
    )


def _candidates(table2: Mapping[int, float]) -> list[int]:
    count = max(FEWEST_CANDIDATES, math.ceil(len(table2) / CANDIDATE_SHARE))
    known = [layer for layer, value in table2.items() if not math.isnan(value)]
    return sorted(sorted(known, key=lambda layer: (abs(table2[layer]), layer))[:count])


def _choice(chosen: pd.DataFrame) -> Choice:
    """Layers and distances with at least one true cell."""
    return Choice(
        tuple(int(layer) for layer in chosen.index[chosen.any(axis=1)]),
        tuple(str(distance) for distance in chosen.columns[chosen.any(axis=0)]),
    )


def _published(table: pd.DataFrame, item: str, base: str) -> pd.DataFrame:
    """Rows of single layers of an item, in its published treatment of pairs."""
    rows = table[
        (table["item"] == item)
        & (table["base"] == base)
        & (table["same_language"] == PUBLISHED_TREATMENT[item])
        & (table["row"] != MEAN_ROW[item])
    ]
    return rows.assign(layer=rows["row"].astype(int))
