"""The figure of all quantities by layer."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from isogloss.figures.lines import LinePanel, draw_lines
from isogloss.papers.across.names import (
    ALL,
    CROSS,
    DEPTH,
    EXCESS,
    KINDS,
    MOVEMENT,
    OVERLAP,
    PHI,
    STUDIES,
)

LABELS = {
    CROSS: "damage, cross-lingual (points)",
    EXCESS: "damage, cross-lingual less same-language (points)",
    PHI: "phi (1 - CKA)",
    OVERLAP: "overlap (Jaccard)",
    MOVEMENT: "norm, bilingual to source's model",
}


def draw_layers(table: pd.DataFrame, kinds: Mapping[str, str], stem: Path) -> None:
    """One panel per quantity and encoder, one curve per task, means over sources.

    Parameters
    ----------
    table : result of `layers.layer_table`
    kinds : kind of each configured task; a study has one task of a kind
    """
    rows = table[(table["source"] == ALL) & (table["quantity"] != DEPTH)]
    rows = rows.assign(series=rows["task"].map(kinds).map(KINDS), x=rows["layer"].astype(float))
    panels = [
        LinePanel(
            f"{STUDIES[str(quantity)]}, {encoder}",
            "layer",
            LABELS[str(quantity)],
            part[["series", "x", "value", "low", "high"]],
        )
        for (quantity, encoder), part in rows.groupby(["quantity", "encoder"], sort=False)
    ]
    draw_lines(panels, stem)
