"""Distributions side by side, every point shown, as SVG, PDF and PNG."""

from pathlib import Path
from typing import NamedTuple

# first, because it says where matplotlib keeps its cache
from isogloss.figures.style import (
    COLOURS,
    GRID,
    PAGE_WIDTH,
    RULE,
    SIDE,
    TICK_SIZE,
    Slot,
    check_count,
    columns_for,
    dress,
    foot_of,
    lay_out,
    set_groups,
    styled,
    tidy,
    widest,
    write_figure,
)

# isort: split
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_PANELS = 6
# In inches.
HEIGHT = 1.8
NARROWEST, LEAST_SLOT = 1.6, 0.24
# Parts of a group's place.
BOX, SPREAD = 0.6, 0.4
GOLDEN = (5**0.5 - 1) / 2
COUNT_SIZE = 6
FILL = "#dfe5f7"
FAINTEST = 0.08
"""Opacity of points where there are hundreds."""


class BoxPanel(NamedTuple):
    """One set of axes of a figure of distributions.

    values : columns group and value, one row per point, groups in the order of appearance; a
        missing value is left out, and a group of missing values only keeps its place
    group_label : of the axis of the groups
    """

    title: str
    value_label: str
    values: pd.DataFrame
    group_label: str = ""


class Counts(NamedTuple):
    """Numbers of points written above the groups, upwards if `turned`; `height` in inches."""

    texts: list[str]
    turned: bool
    height: float


def draw_boxes(panels: list[BoxPanel], stem: Path) -> None:
    """Draw one to six panels on a page 7.2 inches wide; write `stem`.svg, .pdf and .png.

    A box spans the quartiles (numpy's linear rule) with a line at the median; whiskers reach
    the outermost points within 1.5 times its length of it (Tukey 1977). Above a group stands
    its number of points, and a line marks 0. The same panels give the same bytes.

    Raises
    ------
    TableError
        for no or too many panels, a frame of other columns, without rows, with a missing
        group, with text or infinite numbers
    """
    with styled():
        write_figure(_figure(panels, stem), stem)


def _figure(panels: list[BoxPanel], stem: Path) -> Figure:
    check_count(len(panels), MOST_PANELS, stem)
    groups = [_groups(panel, f"figure {stem.name}, panel {panel.title!r}") for panel in panels]
    widths = [SIDE + max(NARROWEST, LEAST_SLOT * len(values)) for values in groups]
    width = PAGE_WIDTH / columns_for(widths) - SIDE
    slots = [
        Slot(least, HEIGHT, foot_of(list(values), width))
        for least, values in zip(widths, groups, strict=True)
    ]
    figure, places = lay_out(slots, [])
    for axes, panel, values in zip(places, panels, groups, strict=True):
        counts = _counts(values, width)
        labels = (panel.title, panel.group_label, panel.value_label)
        dress(axes, *labels, (width, HEIGHT), title_pad=7 + 72 * counts.height)
        _draw(axes, values, width)
        _write(axes, counts)
    return figure


def _groups(panel: BoxPanel, where: str) -> dict[str, Floats]:
    """The known values of each group, ascending."""
    table = tidy(panel.values, ["group"], ["value"], where, interval=False)
    return {
        str(group): np.sort(rows["value"].dropna().to_numpy())
        for group, rows in table.groupby("group", sort=False)
    }


def _draw(axes: Axes, groups: dict[str, Floats], width: float) -> None:
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=1.5)
    filled = [(i, values) for i, values in enumerate(groups.values()) if values.size]
    line = {"color": "black", "linewidth": 0.8}
    if filled:
        axes.boxplot(
            [values for _, values in filled],
            positions=[i for i, _ in filled],
            widths=BOX,
            showfliers=False,
            patch_artist=True,
            manage_ticks=False,
            boxprops={"facecolor": FILL, "edgecolor": "black", "linewidth": 0.8},
            medianprops={"color": "black", "linewidth": 1.6},
            whiskerprops=line,
            capprops=line,
            zorder=2,
        )
    for i, values in filled:
        place = i + _spread(values.size)
        alpha = max(FAINTEST, min(0.55, 22 / values.size))
        axes.scatter(place, values, s=7, color=COLOURS[0], alpha=alpha, linewidths=0, zorder=3)
    set_groups(axes, list(groups), width)


def _spread(n: int) -> Floats:
    """Shifts of n points beside each other: fractions of multiples of the golden ratio."""
    if n == 1:
        return np.zeros(1)
    return np.asarray((np.arange(n) * GOLDEN % 1.0 - 0.5) * SPREAD, dtype=np.float64)


def _counts(groups: dict[str, Floats], width: float) -> Counts:
    texts = [f"n={values.size}" for values in groups.values()]
    length = widest(texts) * COUNT_SIZE / TICK_SIZE
    turned = length + 0.03 > width / len(texts)
    return Counts(texts, turned, length if turned else COUNT_SIZE / 72)


def _write(axes: Axes, counts: Counts) -> None:
    for i, text in enumerate(counts.texts):
        axes.annotate(
            text,
            (i, 1.0),
            (0, 2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            rotation=90 if counts.turned else 0,
            ha="center",
            va="bottom",
            fontsize=COUNT_SIZE,
            color=RULE,
        )
