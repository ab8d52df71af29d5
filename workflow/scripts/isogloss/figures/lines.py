"""Curves over a number, with bands and reference lines, as SVG, PDF and PNG."""

import math
from collections.abc import Sequence
from itertools import pairwise
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
    widest,
    write_figure,
)

# isort: split
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from isogloss.errors import TableError

Floats = NDArray[np.float64]

MOST_PANELS = 12
NARROWEST, HEIGHT = 2.2, 1.75
"""Least width of a panel and height of its axes, in inches."""
MARKER_SIZES = {"P": 5.2, "X": 5.2, "*": 6.5, "v": 4.6, "^": 4.6}
"""In points, of markers that look smaller than others of their size."""
BEHIND = 1.5
"""Order of drawing: above the grid, below bands and curves."""
MOST_TICKS = 8
"""Ticks of a logarithmic axis: up to so many x have one each."""
ROUND_STEPS = (1, 2, 5, 10)
"""Distances of ticks, times a power of 10, that have 1 among their multiples."""
MOST_MARKERS, THINNED = 20, 6
"""A curve of up to 20 points has a marker at each, a longer one at about six."""


class LinePanel(NamedTuple):
    """One set of axes of a figure of curves.

    values : columns series, x, value and, optionally, low and high (ends of a band); one row
        per series and x. A missing value, and an x that only other series of the panel have,
        leave a gap in the curve. The series "" is not named in the legend.
    logarithmic : whether x is drawn on a logarithmic scale
    upright : a vertical line, for instance at the x of the main experiments
    references : horizontal lines
    """

    title: str
    x_label: str
    y_label: str
    values: pd.DataFrame
    logarithmic: bool = False
    upright: Reference | None = None
    references: tuple[Reference, ...] = ()


def draw_lines(panels: list[LinePanel], stem: Path) -> None:
    """Draw one to twelve panels on a page 7.2 inches wide; write `stem`.svg, .pdf and .png.

    A series has one colour and one marker in all panels, a label of a line one pattern of
    dashes. A curve of more than 20 points has about six markers, those of different series
    at different x. The same panels give the same bytes.

    Raises
    ------
    TableError
        for no or too many panels, more than eight series or eight labels of lines, a frame
        of other columns, without rows, with text or infinite numbers, with two rows of one
        series and x or a low above its high, a missing x, an x not above 0 on a logarithmic
        scale, a line of a series that the figure lacks
    """
    with styled():
        write_figure(_figure(panels, stem), stem)


def _figure(panels: list[LinePanel], stem: Path) -> Figure:
    check_count(len(panels), MOST_PANELS, stem)
    tables = [_table(panel, f"figure {stem.name}, panel {panel.title!r}") for panel in panels]
    found = looks([name for table in tables for name in table["series"]], stem)
    styles = line_styles([line for panel in panels for line in _lines_of(panel)], found, stem)
    legend = [_handle(name, look) for name, look in found.items() if name]
    slots = [Slot(NARROWEST, HEIGHT)] * len(panels)
    figure, places = lay_out(slots, [*legend, *line_handles(styles)])
    width = PAGE_WIDTH / columns_for([slot.width for slot in slots]) - SIDE
    for axes, panel, table in zip(places, panels, tables, strict=True):
        dress(axes, panel.title, panel.x_label, panel.y_label, (width, HEIGHT))
        _set_x(axes, table["x"].unique(), panel.logarithmic, width)
        _draw(axes, table, found, panel.logarithmic)
        for label, value, series in panel.references:
            axes.axhline(value, zorder=BEHIND, **styles[label, series])
        if panel.upright is not None:
            label, value, series = panel.upright
            axes.axvline(value, zorder=BEHIND, **styles[label, series])
    return figure


def _table(panel: LinePanel, where: str) -> pd.DataFrame:
    table = tidy(panel.values, ["series"], ["x", "value"], where, key=["series", "x"])
    if table["x"].isna().any():
        raise TableError(f"{where}: a row without x; every row needs one")
    places = [*table["x"], *([] if panel.upright is None else [panel.upright.value])]
    if panel.logarithmic and min(places) <= 0:
        raise TableError(f"{where}: x is {min(places)}; allowed on a logarithmic scale: above 0")
    return table


def _lines_of(panel: LinePanel) -> list[Reference]:
    return [*panel.references, *([] if panel.upright is None else [panel.upright])]


def _style(look: Look) -> dict[str, Any]:
    return {
        "color": look.colour,
        "marker": look.marker,
        "markersize": MARKER_SIZES.get(look.marker, 4.0),
        "markeredgewidth": 0.4,
        "markeredgecolor": "white",
        "linewidth": 1.2,
    }


def _handle(name: str, look: Look) -> Line2D:
    return Line2D([], [], label=name, **_style(look))


def _draw(axes: Axes, table: pd.DataFrame, found: dict[str, Look], logarithmic: bool) -> None:
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    x = np.sort(table["x"].unique())
    places = np.log(x) if logarithmic else x
    phases = {name: (i + 0.5) / len(found) for i, name in enumerate(found)}
    for name in dict.fromkeys(table["series"]):
        look = found[name]
        rows = table[table["series"] == name].set_index("x").reindex(x)
        value, low, high = (rows[column].to_numpy() for column in ("value", "low", "high"))
        marked = _marked(places, ~np.isnan(value), phases[name])
        axes.plot(x, value, zorder=3, markevery=marked, **_style(look))
        _draw_band(axes, x, np.where(np.isnan(value), np.nan, low), high, look.colour)


def _marked(places: Floats, known: NDArray[np.bool_], phase: float) -> list[int] | None:
    """Points of a curve that have a marker; None for all.

    Of a long curve those nearest to six places at equal distances, shifted by `phase` (0 to 1)
    of a distance so that curves on top of each other can be told apart, and those without a
    neighbour, which no line would show.
    """
    if known.sum() <= MOST_MARKERS:
        return None
    (points,) = np.nonzero(known)
    aims = places[0] + (places[-1] - places[0]) * (np.arange(THINNED) + phase) / THINNED
    nearest = points[np.abs(places[points] - aims[:, None]).argmin(axis=1)]
    return sorted({*nearest.tolist(), *np.nonzero(_lone(known))[0].tolist()})


def _lone(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    beside = np.concatenate([[False], known, [False]])
    return np.asarray(known & ~beside[:-2] & ~beside[2:])


def _draw_band(axes: Axes, x: Floats, low: Floats, high: Floats, colour: str) -> None:
    """Fill between the ends where both are known; a lone point has no area, so a bar."""
    known = ~(np.isnan(low) | np.isnan(high))
    lone = _lone(known)
    wide = known & ~lone
    if wide.any():
        style: dict[str, Any] = {"color": colour, "alpha": 0.16, "linewidth": 0, "zorder": 2}
        axes.fill_between(x, low, high, where=wide, **style)
    if lone.any():
        axes.vlines(x[lone], low[lone], high[lone], color=colour, linewidth=0.9, zorder=2)


def _set_x(axes: Axes, x: Floats, logarithmic: bool, width: float) -> None:
    if not logarithmic:
        whole = bool((x == np.round(x)).all())
        # layers may be marked every third, other numbers where a reader looks for them
        steps: dict[str, Any] = {} if whole and x.min() >= 0 else {"steps": ROUND_STEPS}
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=whole, **steps))
        return
    axes.set_xscale("log")
    if len(x) > MOST_TICKS:
        return
    ticks = sorted(x.tolist())
    texts = [f"{tick:g}" if tick < 1e6 else f"{tick:.3g}" for tick in ticks]
    axes.set_xticks(ticks, texts, rotation=0 if _apart(ticks, texts, width) else 90)
    axes.xaxis.set_minor_locator(NullLocator())


def _apart(ticks: Sequence[float], texts: Sequence[str], width: float) -> bool:
    """Whether labels of ticks on a logarithmic axis of `width` inches keep a distance."""
    places = [math.log(tick) for tick in ticks]
    span = max(places) - min(places)
    gaps = [(b - a) / span * width * 0.9 for a, b in pairwise(places)]
    return all(gap > widest(texts) + 0.03 for gap in gaps)
