"""What all figures share: style, series, reference lines, the page they stand on, their files."""

import math
import os
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

# Jobs that run at once share one folder on the local disk: a home on a network file system may
# be read-only or slow to lock. matplotlib reads this variable when it is first imported.
os.environ.setdefault("MPLCONFIGDIR", f"{tempfile.gettempdir()}/isogloss-matplotlib-{os.getuid()}")

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from isogloss.errors import TableError
from isogloss.tables import write_atomically

EN_DASH = "–"
MINUS = "−"
RULE = "#404040"
GRID = "#e4e4e4"

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.linewidth": 0.6,
    "svg.hashsalt": "isogloss",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}

# Petroff 2021, "Accessible Color Sequences for Data Visualization" (arXiv 2107.02270): eight
# colours chosen to differ for readers with any of the three kinds of colour blindness.
COLOURS = (
    "#1845fb",
    "#ff5e02",
    "#c91f16",
    "#c849a9",
    "#adad7d",
    "#86c8dd",
    "#578dff",
    "#656364",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "////", "....", "xxxx", "||||", "\\\\\\\\", "++++", "----")
Dash = tuple[float, tuple[float, ...]]
DASHES: tuple[Dash, ...] = (
    (0, (1, 1.5)),
    (0, (4, 2)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (1, 4)),
    (0, (9, 2)),
    (0, (5, 1.5, 1, 1.5, 1, 1.5)),
    (0, (2, 4)),
    (0, (9, 2, 3, 2)),
)

# Everything below is in inches; letters are the mean width of one at the size of their kind.
PAGE_WIDTH = 7.2
TICK_LETTER, LABEL_LETTER, TITLE_LETTER = 0.060, 0.066, 0.072
TICK_SIZE, LABEL_SIZE, TITLE_SIZE = 7, 8, 9
LINE_HEIGHT = 0.16
LEGEND_HANDLE = 0.55
SIDE = 0.62
"""Width that numbers and label of a vertical axis take."""


class Reference(NamedTuple):
    """A straight line at one value, named in the legend.

    series : the series it belongs to, whose colour it takes; None for a line of its own
    """

    label: str
    value: float
    series: str | None = None


LineKey = tuple[str, str | None]
"""Label and series of a reference line."""


class Look(NamedTuple):
    """How a series is drawn: distinct in colour, and without colour by marker or hatch."""

    colour: str
    marker: str
    hatch: str


class Slot(NamedTuple):
    """What one panel asks of the page, in inches.

    width : least width of the panel, axis labels included
    height : height of the axes
    foot : room below the axes for labels of groups
    """

    width: float
    height: float
    foot: float = 0.0


@contextmanager
def styled() -> Iterator[None]:
    """Take matplotlib's own defaults and ours, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def write_figure(figure: Figure, stem: Path) -> None:
    """Write `stem`.svg, .pdf and .png; to be called within `styled`."""
    for kind, metadata in METADATA.items():
        save = partial(figure.savefig, format=kind, metadata=metadata)
        write_atomically(stem.with_name(f"{stem.name}.{kind}"), save)


def check_count(count: int, most: int, stem: Path) -> None:
    """Refuse a figure of no or too many panels.

    Raises
    ------
    TableError
    """
    if not 1 <= count <= most:
        raise TableError(f"figure {stem.name}: {count} panels; allowed: 1 to {most}")


def tidy(
    frame: pd.DataFrame,
    names: Sequence[str],
    numbers: Sequence[str],
    where: str,
    interval: bool = True,
    key: Sequence[str] = (),
) -> pd.DataFrame:
    """Bring a panel's frame into text columns and float64 columns.

    Parameters
    ----------
    names, numbers : columns that must be there; numbers may be missing
    where : figure and panel, for messages
    interval : whether columns low and high may stand beside them (both or neither)
    key : columns of which no two rows may agree

    Returns
    -------
    DataFrame
        columns `names` (str), `numbers` (float64), and low and high (float64, all NaN where
        the frame has none) with `interval`

    Raises
    ------
    TableError
        for other columns, no rows, a missing name, a number that is text or infinite,
        a low above its high, two rows of one key
    """
    ends = ["low", "high"] if interval else []
    needed = [*names, *numbers]
    if set(frame.columns) not in (set(needed), {*needed, *ends}):
        hint = " and both or neither of low, high" if interval else ""
        found = ", ".join(map(str, frame.columns))
        raise TableError(f"{where}: columns {found}; allowed: {', '.join(needed)}{hint}")
    if frame.empty:
        raise TableError(f"{where}: no values; at least one row is needed")
    if frame[list(names)].isna().any(axis=None):
        raise TableError(f"{where}: a row without {' or '.join(names)}; every row needs one")
    table = pd.DataFrame({name: [str(x) for x in frame[name]] for name in names})
    for name in [*numbers, *ends]:
        table[name] = _floats(frame, name, where)
    if interval and (table["low"] > table["high"]).any():
        raise TableError(f"{where}: low is above high; allowed: low up to high")
    if key and table.duplicated(list(key)).any():
        first = table.loc[table.duplicated(list(key)), list(key)].iloc[0].to_dict()
        raise TableError(f"{where}: two rows for {first}; allowed: one")
    return table


def _floats(frame: pd.DataFrame, name: str, where: str) -> Any:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    column = frame[name]
    if not pd.api.types.is_numeric_dtype(column) and column.notna().any():
        raise TableError(f"{where}: column {name} holds {column.dtype}; allowed: numbers")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise TableError(f"{where}: column {name} holds an infinite number")
    return values


def looks(series: Sequence[str], stem: Path) -> dict[str, Look]:
    """Give every series of a figure its look, in the order of first appearance.

    Raises
    ------
    TableError
        for more series than there are looks
    """
    distinct = list(dict.fromkeys(series))
    if len(distinct) > len(COLOURS):
        raise TableError(
            f"figure {stem.name}: {len(distinct)} series; allowed: up to {len(COLOURS)}"
        )
    return {
        name: Look(*look)
        for name, look in zip(distinct, zip(COLOURS, MARKERS, HATCHES, strict=True), strict=False)
    }


def line_styles(
    references: Sequence[Reference], found: dict[str, Look], stem: Path
) -> dict[LineKey, dict[str, Any]]:
    """Give every label of a reference line (and its series) a line style of its own.

    Raises
    ------
    TableError
        for a value that is not finite, a series that the figure lacks, too many labels
    """
    styles: dict[LineKey, dict[str, Any]] = {}
    for label, value, series in references:
        where = f"figure {stem.name}, reference line {label!r}"
        if not math.isfinite(value):
            raise TableError(f"{where}: {value}; allowed: finite numbers")
        if series is not None and series not in found:
            raise TableError(f"{where}: series {series!r}; allowed: {', '.join(found)}")
        if (label, series) in styles:
            continue
        if len(styles) == len(DASHES):
            raise TableError(f"{where}: too many reference lines; allowed: up to {len(DASHES)}")
        colour = RULE if series is None else found[series].colour
        styles[label, series] = {
            "color": colour,
            "linestyle": DASHES[len(styles)],
            "linewidth": 1.1,
        }
    return styles


def line_handles(styles: dict[LineKey, dict[str, Any]]) -> list[Artist]:
    """Entries of a legend for the lines of `line_styles`."""
    return [Line2D([], [], label=label, **style) for (label, _), style in styles.items()]


def lay_out(slots: Sequence[Slot], legend: Sequence[Artist]) -> tuple[Figure, list[Axes]]:
    """Open a figure of the page's width, one axes per slot, row by row, and its legend.

    As many panels stand side by side (up to three) as their widths allow; rows are filled
    evenly. matplotlib's constrained layout keeps labels, panels and legend apart.
    """
    columns = columns_for([slot.width for slot in slots])
    rows = [slots[i : i + columns] for i in range(0, len(slots), columns)]
    heights = [max(slot.height for slot in row) for row in rows]
    extra = sum(0.62 + max(slot.foot for slot in row) for row in rows)
    across = _legend_columns(legend)
    below = 0.1 + LINE_HEIGHT * math.ceil(len(legend) / across) if legend else 0.0
    size = (PAGE_WIDTH, sum(heights) + extra + below)
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.06))
    grid = figure.add_gridspec(len(rows), columns, height_ratios=heights)
    if legend:
        figure.legend(
            handles=list(legend),
            loc="outside lower center",
            ncols=across,
            frameon=False,
            fontsize=LABEL_SIZE,
            handlelength=2.8,
            columnspacing=1.4,
            labelspacing=0.35,
        )
    return figure, [figure.add_subplot(grid[divmod(i, columns)]) for i in range(len(slots))]


def columns_for(widths: Sequence[float]) -> int:
    """Panels per row, one to three: as many as fit, then as few as give the same rows."""
    fitting = max(1, min(3, len(widths), int(PAGE_WIDTH / max(widths) + 1e-9)))
    return _even(len(widths), fitting)


def _even(count: int, across: int) -> int:
    """Columns for `count` things in as few rows as `across` columns need, filled evenly."""
    return math.ceil(count / max(1, math.ceil(count / across)))


def _legend_columns(legend: Sequence[Artist]) -> int:
    longest = max((len(str(artist.get_label())) for artist in legend), default=0)
    width = LEGEND_HANDLE + LABEL_LETTER * longest
    fitting = max(1, min(len(legend), int((PAGE_WIDTH - 0.2) / width)))
    return _even(len(legend), fitting)


def dress(
    axes: Axes,
    title: str,
    x_label: str,
    y_label: str,
    inches: tuple[float, float],
    title_pad: float = 5.0,
) -> None:
    """Give axes of about `inches` width and height their title, labels and plain frame.

    title_pad : points between axes and title
    """
    title = wrap(title, inches[0], TITLE_LETTER)
    axes.set_title(title, fontsize=TITLE_SIZE, loc="left", pad=title_pad)
    axes.set_xlabel(wrap(x_label, inches[0], LABEL_LETTER), fontsize=LABEL_SIZE, labelpad=3)
    axes.set_ylabel(wrap(y_label, inches[1], LABEL_LETTER), fontsize=LABEL_SIZE, labelpad=3)
    axes.tick_params(length=2.5, width=0.6, labelsize=TICK_SIZE, pad=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)


def wrap(text: str, inches: float, letter: float) -> str:
    """Break a text into lines of about `inches` or less, at spaces; `letter` is a mean width."""
    return textwrap.fill(text, max(10, int(inches / letter)), break_long_words=False)


def set_groups(axes: Axes, groups: Sequence[str], inches: float) -> None:
    """Label positions 0, 1, ... of a horizontal axis of about `inches`; upright where they fit."""
    texts = _stacked(groups, inches)
    size = min(TICK_SIZE, inches / len(groups) * 72 * 0.95)
    rotation = 0 if texts else 90
    axes.set_xticks(range(len(groups)), texts or list(groups), fontsize=size, rotation=rotation)
    axes.tick_params(axis="x", length=0, pad=3)
    axes.set_xlim(-0.5, len(groups) - 0.5)


def foot_of(groups: Sequence[str], inches: float) -> float:
    """Inches that labels of groups take below an axis of about `inches` beyond one line."""
    texts = _stacked(groups, inches)
    if texts:
        return LINE_HEIGHT * max(text.count("\n") for text in texts)
    return max(0.0, widest(groups) - 0.1)


def _stacked(groups: Sequence[str], inches: float) -> list[str] | None:
    """The labels broken into up to three lines that fit side by side, or None."""
    letters = int((inches / len(groups) - 0.04) / TICK_LETTER + 1e-9)
    if letters < 1:
        return None
    lines = [textwrap.wrap(group, letters, break_long_words=False) for group in groups]
    fit = all(len(group) <= 3 and max(map(len, group), default=0) <= letters for group in lines)
    return ["\n".join(group) for group in lines] if fit else None


def widest(texts: Sequence[str]) -> float:
    """Width of the longest of some tick labels, in inches."""
    return TICK_LETTER * max(map(len, texts), default=0)


def ink(red: float, green: float, blue: float) -> str:
    """Black or white, whichever stands out more (relative luminance, WCAG 2.2)."""
    rgb = (red, green, blue)
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in rgb]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"
