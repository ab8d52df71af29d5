"""Heat maps with their numbers in the cells, as SVG, PDF and PNG of reproducible bytes."""

import math
from pathlib import Path
from typing import Any, NamedTuple

# first, because it says where matplotlib keeps its cache
from isogloss.figures.style import (
    EN_DASH,
    MINUS,
    RULE,
    check_count,
    styled,
    write_figure,
)
from isogloss.figures.style import (
    STYLE as STYLE,
)
from isogloss.figures.style import (
    ink as _ink,
)

# isort: split
import matplotlib.axes
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from isogloss.errors import TableError

SUMMARIES = ("AVG", "All")
"""Rows and columns that summarise the others; a line sets them apart."""

# Colour maps of ColorBrewer that it lists as safe for colour-blind readers.
DIVERGING = "RdBu_r"
SEQUENTIAL = "YlGnBu"
MISSING = "#d9d9d9"
CENTRED: dict[str, Any] = {"ha": "center", "va": "center_baseline"}

# Everything below is in inches.
CELL_HEIGHT = 0.27
CELL_MARGIN = 0.12
CELL_LETTER, LABEL_LETTER, TITLE_LETTER = 0.058, 0.068, 0.078
WIDEST_ROW = 11.7
EDGE = 0.15
PANEL_GAP = 0.40
TITLE = 0.66
BAR_WIDTH, BAR_HEIGHT, BAR_FOOT = 2.4, 0.13, 0.48


class Panel(NamedTuple):
    """One heat map of a figure.

    values : numbers, one row and one column per label; NaN is drawn as an en dash on grey.
        The names of the index and of the columns become the labels of the axes.
    marks : text after each number (the stars of its significance), labelled as `values`
    unit : label of the colour bar
    diverging : True for values around 0 such as correlations, False for values such as percent
    """

    title: str
    values: pd.DataFrame
    marks: pd.DataFrame | None
    unit: str
    diverging: bool


class Box(NamedTuple):
    """Place of one panel's cells in inches from the upper left corner of the figure."""

    left: float
    top: float
    width: float
    height: float


def draw_matrices(panels: list[Panel], stem: Path) -> None:
    """Draw one to three panels on one colour scale; write `stem`.svg, .pdf and .png.

    Panels stand side by side while they fit into a page's width, otherwise below each other.
    The same panels give the same bytes.

    Raises
    ------
    TableError
        for no or too many panels, panels of different units or scales, an empty panel,
        marks that are not labelled as the values
    """
    _check(panels, stem)
    with styled():
        write_figure(_figure(panels), stem)


def _check(panels: list[Panel], stem: Path) -> None:
    check_count(len(panels), 3, stem)
    if len({(panel.unit, panel.diverging) for panel in panels}) > 1:
        found = [(panel.title, panel.unit, panel.diverging) for panel in panels]
        raise TableError(f"figure {stem.name}: panels must share unit and scale, found {found}")
    for panel in panels:
        where = f"figure {stem.name}, panel {panel.title!r}"
        if panel.values.empty:
            raise TableError(f"{where}: no values; at least one row and one column are needed")
        if panel.marks is not None and not (
            panel.marks.index.equals(panel.values.index)
            and panel.marks.columns.equals(panel.values.columns)
        ):
            raise TableError(f"{where}: marks must have the rows and columns of the values")


def _figure(panels: list[Panel]) -> Figure:
    boxes = _layout(panels)
    scale = _scale(panels)
    bar = Box(boxes[0].left, max(map(_bottom, boxes)) + 0.24, BAR_WIDTH, BAR_HEIGHT)
    widths = [box.left + _width(panel, box) for panel, box in zip(panels, boxes, strict=True)]
    width = max(*widths, bar.left + bar.width) + EDGE
    figure = Figure(figsize=(width, _bottom(bar) + BAR_FOOT))
    for panel, box in zip(panels, boxes, strict=True):
        _draw(_axes(figure, box), panel, scale)
    colours = figure.colorbar(scale, cax=_axes(figure, bar), orientation="horizontal")
    colours.set_label(panels[0].unit)
    if panels[0].diverging:
        colours.ax.xaxis.set_major_locator(MultipleLocator(0.25))
    colours.ax.tick_params(length=2, width=0.6, labelsize=7)
    colours.outline.set_visible(False)
    return figure


def _layout(panels: list[Panel]) -> list[Box]:
    """Place the panels in rows no wider than `WIDEST_ROW`, cells of equal size in all."""
    cell = _cell_width(panels)
    margins = [_left_margin(panel) for panel in panels]
    boxes: list[Box] = []
    left, top = EDGE, TITLE
    for panel, margin in zip(panels, margins, strict=True):
        rows, columns = panel.values.shape
        if boxes and left + margin + cell * columns > WIDEST_ROW:
            left, top = EDGE, max(map(_bottom, boxes)) + 0.15 + TITLE
        if left == EDGE:
            margin = max(margins)
        boxes.append(Box(left + margin, top, cell * columns, CELL_HEIGHT * rows))
        left = boxes[-1].left + _width(panel, boxes[-1]) + PANEL_GAP
    return boxes


def _left_margin(panel: Panel) -> float:
    longest = max(len(str(label)) for label in panel.values.index)
    return LABEL_LETTER * longest + (0.28 if panel.values.index.name else 0.10)


def _width(panel: Panel, box: Box) -> float:
    return max(box.width, TITLE_LETTER * len(panel.title))


def _bottom(box: Box) -> float:
    return box.top + box.height


def _cell_width(panels: list[Panel]) -> float:
    texts = [text for panel in panels for line in _texts(panel) for text in line]
    heads = [str(label) for panel in panels for label in panel.values.columns]
    letters = max(CELL_LETTER * max(map(len, texts)), LABEL_LETTER * max(map(len, heads)))
    return letters + CELL_MARGIN


def _axes(figure: Figure, box: Box) -> matplotlib.axes.Axes:
    width, height = figure.get_size_inches()
    bottom = height - box.top - box.height
    return figure.add_axes(
        (box.left / width, bottom / height, box.width / width, box.height / height)
    )


def _scale(panels: list[Panel]) -> ScalarMappable:
    """Colours for all panels: around 0 in steps of 0.25, or from and to a multiple of 10."""
    numbers = [_numbers(panel) for panel in panels]
    known = [x for values in numbers for x in values.ravel().tolist() if not math.isnan(x)]
    least, greatest = min(known, default=0.0), max(known, default=0.0)
    if panels[0].diverging:
        limit = max(0.25, math.ceil(max(-least, greatest) * 4 - 1e-9) / 4)
        return ScalarMappable(Normalize(-limit, limit), DIVERGING)
    low, high = math.floor(least / 10) * 10, math.ceil(greatest / 10) * 10
    return ScalarMappable(Normalize(low, max(high, low + 10)), SEQUENTIAL)


def _numbers(panel: Panel) -> NDArray[np.float64]:
    return panel.values.to_numpy(dtype=np.float64, na_value=np.nan)


def _draw(axes: matplotlib.axes.Axes, panel: Panel, scale: ScalarMappable) -> None:
    rows, columns = panel.values.shape
    colours = scale.cmap.with_extremes(bad=MISSING)
    numbers = _numbers(panel)
    axes.pcolormesh(numbers, cmap=colours, clim=scale.get_clim(), edgecolors="white", linewidth=0.6)
    axes.invert_yaxis()
    axes.set_title(panel.title, fontsize=9, loc="left", pad=5)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks([i + 0.5 for i in range(columns)], [str(x) for x in panel.values.columns])
    axes.set_yticks([i + 0.5 for i in range(rows)], [str(x) for x in panel.values.index])
    axes.set_xlabel(str(panel.values.columns.name or ""), labelpad=3)
    axes.set_ylabel(str(panel.values.index.name or ""), labelpad=3)
    axes.tick_params(length=0, pad=3)
    axes.spines[:].set_visible(False)
    for i, line in enumerate(_texts(panel)):
        for j, text in enumerate(line):
            number = numbers[i, j]
            colour = RULE if math.isnan(number) else _ink(*scale.cmap(scale.norm(number))[:3])
            axes.text(j + 0.5, i + 0.5, text, color=colour, fontsize=7, **CENTRED)
    _set_summaries_apart(axes, panel.values)


def _set_summaries_apart(axes: matplotlib.axes.Axes, values: pd.DataFrame) -> None:
    rows, columns = values.shape
    for i, label in enumerate(values.index):
        if label in SUMMARIES and i:
            axes.plot([0, columns], [i, i], color=RULE, linewidth=0.8)
    for j, label in enumerate(values.columns):
        if label in SUMMARIES and j:
            axes.plot([j, j], [0, rows], color=RULE, linewidth=0.8)


def _texts(panel: Panel) -> list[list[str]]:
    """Text of each cell: three decimals for correlations (as the studies print them), else one."""
    decimals = 3 if panel.diverging else 1
    marks = panel.values.map(lambda _: "") if panel.marks is None else panel.marks.fillna("")
    return [
        [
            EN_DASH if pd.isna(value) else f"{value:.{decimals}f}".replace("-", MINUS) + mark
            for value, mark in zip(line, marked, strict=True)
        ]
        for line, marked in zip(panel.values.to_numpy(), marks.to_numpy(), strict=True)
    ]
