"""Points of two numbers each, with reference lines, as SVG, PDF and PNG."""

from pathlib import Path
from typing import Any, NamedTuple

# first, because it says where matplotlib keeps its cache
from isogloss.figures.style import (
    GRID,
    PAGE_WIDTH,
    SIDE,
    Look,
    Reference,
    Slot,
    check_count,
    columns_for,
    dress,
    lay_out,
    line_handles,
    line_styles,
    looks,
    styled,
    tidy,
    write_figure,
)

# isort: split
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from isogloss.figures.lines import BEHIND, MARKER_SIZES, ROUND_STEPS

MOST_PANELS = 6
NARROWEST, HEIGHT = 2.2, 1.9
"""Least width of a panel and height of its axes, in inches."""
LARGER = 1.15
"""Size of a marker over that on a curve."""
FAINTEST, DENSEST, FEW = 0.5, 0.9, 80
"""Least and greatest opacity of points; up to so many on a panel have the greatest."""


class ScatterPanel(NamedTuple):
    """One set of axes of a figure of points.

    values : columns series, x and y, one row per point; a point that lacks x or y is left
        out. The series "" is not named in the legend.
    uprights : vertical lines, at values of x
    levels : horizontal lines, at values of y
    """

    title: str
    x_label: str
    y_label: str
    values: pd.DataFrame
    uprights: tuple[Reference, ...] = ()
    levels: tuple[Reference, ...] = ()


def draw_scatter(panels: list[ScatterPanel], stem: Path) -> None:
    """Draw one to six panels on a page 7.2 inches wide; write `stem`.svg, .pdf and .png.

    A series has one colour and one marker in all panels, a label of a line one pattern of
    dashes. Points fade where there are many. The same panels give the same bytes.

    Raises
    ------
    TableError
        for no or too many panels, more than eight series or eight labels of lines, a frame
        of other columns, without rows, with text or infinite numbers, a missing series, a
        line of a series that the figure lacks
    """
    with styled():
        write_figure(_figure(panels, stem), stem)


def _figure(panels: list[ScatterPanel], stem: Path) -> Figure:
    check_count(len(panels), MOST_PANELS, stem)
    tables = [_table(panel, f"figure {stem.name}, panel {panel.title!r}") for panel in panels]
    found = looks([name for table in tables for name in table["series"]], stem)
    lines = [line for panel in panels for line in (*panel.levels, *panel.uprights)]
    styles = line_styles(lines, found, stem)
    legend = [Line2D([], [], label=name, **_style(look)) for name, look in found.items() if name]
    slots = [Slot(NARROWEST, HEIGHT)] * len(panels)
    figure, places = lay_out(slots, [*legend, *line_handles(styles)])
    width = PAGE_WIDTH / columns_for([slot.width for slot in slots]) - SIDE
    for axes, panel, table in zip(places, panels, tables, strict=True):
        dress(axes, panel.title, panel.x_label, panel.y_label, (width, HEIGHT))
        _draw(axes, table, found)
        for label, value, series in panel.levels:
            axes.axhline(value, zorder=BEHIND, **styles[label, series])
        for label, value, series in panel.uprights:
            axes.axvline(value, zorder=BEHIND, **styles[label, series])
    return figure


def _table(panel: ScatterPanel, where: str) -> pd.DataFrame:
    return tidy(panel.values, ["series"], ["x", "y"], where, interval=False)


def _style(look: Look) -> dict[str, Any]:
    return {
        "color": look.colour,
        "marker": look.marker,
        "markersize": LARGER * MARKER_SIZES.get(look.marker, 4.0),
        "markeredgewidth": 0.4,
        "markeredgecolor": "white",
        "linestyle": "none",
    }


def _draw(axes: Axes, table: pd.DataFrame, found: dict[str, Look]) -> None:
    axes.grid(color=GRID, linewidth=0.6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=ROUND_STEPS))
    known = table.dropna()
    alpha = max(FAINTEST, DENSEST * min(1.0, FEW / max(1, len(known))))
    for name, rows in known.groupby("series", sort=False):
        axes.plot(rows["x"], rows["y"], alpha=alpha, zorder=3, **_style(found[str(name)]))
