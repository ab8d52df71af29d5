"""Figures 1 and 3 to 7 of Yun et al. 2023, and one per layer that the paper lacks."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from isogloss.figures.bars import BarPanel, draw_bars
from isogloss.figures.boxes import BoxPanel, draw_boxes
from isogloss.figures.lines import LinePanel, draw_lines
from isogloss.figures.style import Reference
from isogloss.papers.xsns2023.rankings import METHOD
from isogloss.papers.xsns2023.tables import Study

NDCG = "NDCG@3 (percent)"
AXES = {"p": "p", "asked": "examples |D|", "layer": "block"}
CHOICES = {"usual": "usual source", "predicted": f"chosen by {METHOD}", "best": "best source"}


def curves(summary: pd.DataFrame, study: Study, axis: str) -> pd.DataFrame:
    """NDCG@3 of X-SNS by task, against p, the number of examples, or the block.

    axis : `p`, `asked` or `layer`; the other two are those of the tables

    Returns
    -------
    DataFrame
        columns series (task), x, value, low and high, percent
    """
    settings = study.settings
    usual = {"p": settings.p, "asked": study.asked, "layer": 0}
    rows = summary[
        (summary["method"] == METHOD)
        & (summary["encoder"] == settings.encoder)
        & (summary["setting"] == settings.subnetworks["T/L"])
    ]
    for name, value in usual.items():
        if name != axis:
            rows = rows[rows[name] == value]
    if axis == "layer":
        rows = rows[rows["layer"] > 0]
    names = {task: key for key, task in study.tasks()}
    found = rows.assign(series=rows["task"].map(names), x=rows[axis], value=rows["ndcg3"])
    return found[["series", "x", "value", "low", "high"]].reset_index(drop=True)


def draw_curves(curve: pd.DataFrame, stem: Path, axis: str, marker: float | None) -> None:
    """One panel per task.

    curve, axis : result and argument of `curves`
    marker : place of the tables' setting on the axis, if there is one
    """
    panels = [
        LinePanel(
            title=str(task),
            x_label=AXES[axis],
            y_label=NDCG,
            values=group.assign(series=""),
            logarithmic=axis == "asked",
            upright=None if marker is None else Reference("tables", marker),
        )
        for task, group in curve.groupby("series", sort=False)
    ]
    draw_lines(panels, stem)


def draw_choices(chosen: pd.DataFrame, stem: Path, title: str, label: str) -> None:
    """Figures 1 and 7: scores of three sources on each target, and their means.

    chosen : result of `gold.choices`
    """
    wide = chosen.pivot(index="target", columns="choice", values="score")
    wide = wide.reindex(index=chosen["target"].unique(), columns=list(CHOICES))
    values = wide.rename(columns=CHOICES).rename_axis(index="group").reset_index()
    values = values.melt("group", var_name="series", value_name="value")
    means = values.groupby("series", sort=False)["value"].mean()
    references = tuple(Reference(f"mean, {name}", float(v), str(name)) for name, v in means.items())
    draw_bars([BarPanel(title, label, values, "target", references=references)], stem)


def draw_mixtures(scores: Mapping[str, pd.DataFrame], stem: Path, label: str) -> None:
    """Figure 4: mixtures of three sources by method; the line is the single best source.

    scores : results of `mixtures.mixture_scores` by task
    """
    panels = []
    for task, frame in scores.items():
        single = float(frame.loc[frame["method"] == "BEST-1", "score"].iloc[0])
        shown = frame[frame["method"] != "BEST-1"].replace({"method": {"oracle": "BEST-3"}})
        bars = pd.DataFrame({"group": shown["method"], "series": "", "value": shown["score"]})
        panels.append(
            BarPanel(
                task,
                label,
                bars,
                horizontal=True,
                decimals=1,
                references=(Reference("BEST-1", single),),
            )
        )
    draw_bars(panels, stem)


def draw_gaps(gaps: Mapping[str, pd.DataFrame], stem: Path) -> None:
    """Figure 5: P_s - P_o by target, one panel per task."""
    panels = [
        BoxPanel(
            task,
            "P_s - P_o (points)",
            frame.rename(columns={"target": "group"})[["group", "value"]],
        )
        for task, frame in gaps.items()
    ]
    draw_boxes(panels, stem)


def gain(chosen: pd.DataFrame) -> tuple[int, int, float]:
    """Targets on which the chosen source beats the usual one, targets, and the mean difference.

    chosen : result of `gold.choices`; targets without the usual source are left out
    """
    wide = chosen.pivot(index="target", columns="choice", values="score").dropna()
    difference = (wide["predicted"] - wide["usual"]).to_numpy(dtype=np.float64)
    if not len(difference):
        return 0, 0, float("nan")
    return int((difference > 0).sum()), len(difference), float(difference.mean())
