"""Figures 2 to 10 of Wu et al. 2022, and three that the paper lacks."""

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from isogloss.config.landscapes import Wu2022
from isogloss.figures.lines import LinePanel, draw_lines
from isogloss.figures.scatter import ScatterPanel, draw_scatter
from isogloss.figures.style import Reference
from isogloss.figures.surfaces import Mark, SurfacePanel, draw_surfaces
from isogloss.papers.wu2022.claims import ANGLE
from isogloss.papers.wu2022.curves import bands

ALPHA = "alpha (0: monolingual, 1: bilingual)"
PERFORMANCE = "score / bilingual score"
# Figure 2's four curves: which side is scored, and where the line starts.
SERIES = {
    ("source", "source"): "scored on source, from source's model",
    ("target", "source"): "scored on target, from source's model",
    ("target", "target"): "scored on target, from target's model",
    ("source", "target"): "scored on source, from target's model",
}
# Of a panel that nothing is known for, so that the figure is there all the same.
NOTHING = pd.DataFrame({"series": [""], "x": [0.0], "value": [math.nan]})
PARTS = {"all": "all weights", "encoder": "encoder only", "head": "head only"}
# Not at 1, where noise would draw lines around level ground.
LEVELS = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 1.05)
MARKS = (Mark("both", 0.0, 0.0), Mark("source", 1.0, 0.0), Mark("target", 0.0, 1.0))


def banded(curves: pd.DataFrame, settings: Wu2022, value: str) -> pd.DataFrame:
    """Curves of all weights averaged over pairs and tasks, with intervals (Figures 2 and 5 to 9).

    Parameters
    ----------
    curves : result of `curves.normalise`, of one task or all
    value : performance or normalised_variance

    Returns
    -------
    DataFrame
        columns encoder, source, series, x, value, low and high
    """
    rows = curves[(curves["part"] == "all") & curves[value].notna()]
    found = _bands(rows, ["encoder", "source", "side", "start", "alpha"], value, settings)
    sides = zip(found["side"], found["start"], strict=True)
    found = found.assign(series=[SERIES[side] for side in sides], x=found["alpha"])
    return found[["encoder", "source", "series", "x", "value", "low", "high"]]


def by_part(curves: pd.DataFrame, settings: Wu2022) -> pd.DataFrame:
    """Target's score on the line from the source's model, by what is interpolated (footnote 2).

    Returns
    -------
    DataFrame
        as `banded`
    """
    rows = curves[(curves["start"] == "source") & (curves["side"] == "target")]
    rows = rows[rows["performance"].notna()]
    found = _bands(rows, ["encoder", "source", "part", "alpha"], "performance", settings)
    found = found.assign(series=found["part"].map(PARTS), x=found["alpha"])
    return found[["encoder", "source", "series", "x", "value", "low", "high"]]


def by_radius(shares: pd.DataFrame, settings: Wu2022) -> pd.DataFrame:
    """Share of its own score that a source's model keeps after steps in random directions.

    shares : result of `curves.kept_shares`

    Returns
    -------
    DataFrame
        as `banded`; the x are radii
    """
    units = ["encoder", "task", "source", "target", "side", "radius"]
    known = shares.dropna(subset=["share"]).groupby(units)["share"].mean().reset_index()
    found = _bands(known, ["encoder", "source", "side", "radius"], "share", settings)
    found = found.assign(series=found["side"] + " language", x=found["radius"])
    return found[["encoder", "source", "series", "x", "value", "low", "high"]]


def draw_banded(
    found: pd.DataFrame, stem: Path, settings: Wu2022, x_label: str, y_label: str
) -> None:
    """One panel per encoder and source; empty where the bilingual models score 0."""
    panels = [
        LinePanel(
            f"{encoder}, source {source}{'' if len(rows) else ': no values'}",
            x_label,
            y_label,
            rows[["series", "x", "value", "low", "high"]] if len(rows) else NOTHING,
        )
        for encoder in settings.encoders
        for source in settings.sources
        for rows in [found[(found["encoder"] == encoder) & (found["source"] == source)]]
    ]
    draw_lines(panels, stem)


def draw_plane(plane: pd.DataFrame, stem: Path, settings: Wu2022) -> None:
    """Figures 3 and 10: one panel per encoder and language scored.

    plane : result of `curves.mean_planes` of one task, pair and part

    A panel whose bilingual model scores 0 says so, and is drawn as 0.
    """
    whole = plane.fillna({"performance": 0.0})
    pair = {"source": whole["source"].iloc[0], "target": whole["target"].iloc[0]}
    axes = {"alpha_source": "x", "alpha_target": "y", "performance": "value"}
    panels = [
        SurfacePanel(
            f"{encoder}, scored on {pair[side]}"
            + (": bilingual score 0" if (rows["bilingual"] == 0).all() else ""),
            "alpha 1 (source)",
            "alpha 2 (target)",
            rows.rename(columns=axes)[["x", "y", "value"]],
            MARKS,
            LEVELS,
            PERFORMANCE,
        )
        for encoder in settings.encoders
        for side in ("source", "target")
        for rows in [whole[(whole["encoder"] == encoder) & (whole["side"] == side)]]
        if len(rows)
    ]
    draw_surfaces(panels, stem)


def draw_directions(frame: pd.DataFrame, stem: Path, settings: Wu2022) -> None:
    """Figure 4: norm ratio against angle, one point per pair and seed.

    frame : table kind `directions` with printed names of tasks
    """
    whole = frame[frame["level"] == "all"]
    panels = [
        ScatterPanel(
            encoder,
            "source's norm / target's",
            "angle (degrees)",
            rows.rename(columns={"task": "series", "ratio": "x", "angle": "y"})[
                ["series", "x", "y"]
            ],
            uprights=(Reference("equal norms", 1.0),),
            levels=(Reference("about 55 degrees (paper)", ANGLE),),
        )
        for encoder in settings.encoders
        for rows in [whole[whole["encoder"] == encoder]]
    ]
    draw_scatter(panels, stem)


def by_layer(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean norm ratio and angle of each layer, over pairs and seeds; 0 is the embeddings.

    frame : table kind `directions` with printed names of tasks

    Returns
    -------
    DataFrame
        columns encoder, task, quantity (ratio or angle), layer and value; tasks in the order of
        `frame`, so that they look as in Figure 4
    """
    rows = frame[frame["level"] == "layer"]
    rows = rows.assign(layer=rows["name"].replace({"embeddings": "0"}))
    rows = rows[rows["layer"].str.isdecimal()].astype({"layer": "int64"})
    long = rows.melt(["encoder", "task", "layer"], ["ratio", "angle"], "quantity", "value")
    names = ["encoder", "task", "quantity", "layer"]
    means = long.sort_values("layer", kind="stable").groupby(names, sort=False)["value"].mean()
    return means.reset_index()


def draw_layers(layers: pd.DataFrame, stem: Path, settings: Wu2022) -> None:
    """Norm ratio and angle by layer, which the paper lacks.

    layers : result of `by_layer`
    """
    labels: Mapping[str, str] = {"ratio": "source's norm / target's", "angle": "angle (degrees)"}
    panels = [
        LinePanel(
            encoder,
            "layer (0: embeddings)",
            label,
            rows.rename(columns={"task": "series", "layer": "x"})[["series", "x", "value"]],
        )
        for encoder in settings.encoders
        for quantity, label in labels.items()
        for rows in [layers[(layers["encoder"] == encoder) & (layers["quantity"] == quantity)]]
    ]
    draw_lines(panels, stem)


def _bands(rows: pd.DataFrame, by: list[str], value: str, settings: Wu2022) -> pd.DataFrame:
    found = bands(rows, by, value, settings.resamples, settings.statistics_seed)
    return found.rename(columns={"mean": "value"})
