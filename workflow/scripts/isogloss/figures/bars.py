"""Groups of bars with reference lines, as SVG, PDF and PNG."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

# first, because it says where matplotlib keeps its cache
from isogloss.figures.style import (
    EN_DASH,
    GRID,
    LINE_HEIGHT,
    MINUS,
    PAGE_WIDTH,
    RULE,
    SIDE,
    Look,
    Reference,
    Slot,
    check_count,
    columns_for,
    dress,
    foot_of,
    ink,
    lay_out,
    line_handles,
    line_styles,
    looks,
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
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from isogloss.errors import TableError

MOST_PANELS = 6
FILLED = 0.8
"""Part of a group's place that its bars fill."""
HALO = withStroke(linewidth=2.2, foreground="white")
"""Sets a line apart from bars of its colour."""
# In inches.
HEIGHT = 1.7
NARROWEST, NARROWEST_HORIZONTAL = 1.6, 1.5
BAR, WRITTEN_BAR, HORIZONTAL_BAR = 0.07, 0.105, 0.15
"""Least widths of a bar: of a plain one, of one with its number, of a horizontal one."""
DIGIT = 0.060
NUMBER_SIZE, LEAST_NUMBER_SIZE = 6.5, 4.0
"""Of the numbers at bars, in points; where less would be needed, none are written."""


class BarPanel(NamedTuple):
    """One set of axes of a figure of bars.

    values : columns group, series, value and, optionally, low and high (ends of an error
        bar); one row per group and series, groups and series in the order of appearance. A
        missing value keeps its place and shows an en dash; a group without a row of a series
        has no place for it. The series "" is not named in the legend.
    group_label : of the axis of the groups
    horizontal : bars from left to right, first group at the top, instead of upright ones
    decimals : of the numbers written at the bars; None writes none. None are written where
        bars stand so close that they could not be read.
    limits : of the axis of values; None takes 0 and all that is drawn. Room for the numbers
        is added to it.
    references : lines across the bars, of a series (its average) or of their own
    """

    title: str
    value_label: str
    values: pd.DataFrame
    group_label: str = ""
    horizontal: bool = False
    decimals: int | None = None
    limits: tuple[float, float] | None = None
    references: tuple[Reference, ...] = ()


class Numbers(NamedTuple):
    """What is written at bars: one text per bar, the size of letters, and the room it takes.

    points : size of letters
    turned : whether texts run upwards
    room : inches that the longest text takes beyond the end of its bar
    """

    texts: list[str]
    points: float
    turned: bool
    room: float


def draw_bars(panels: list[BarPanel], stem: Path) -> None:
    """Draw one to six panels on a page 7.2 inches wide; write `stem`.svg, .pdf and .png.

    A series has one colour and one hatch in all panels, a label of a line one pattern of
    dashes. The same panels give the same bytes.

    Raises
    ------
    TableError
        for no or too many panels, more than eight series or eight labels of lines, a frame
        of other columns, without rows, with text or infinite numbers, with two rows of one
        group and series or a low above its high, limits that cut something off, negative
        decimals, a line of a series that the figure lacks
    """
    with styled():
        write_figure(_figure(panels, stem), stem)


def _figure(panels: list[BarPanel], stem: Path) -> Figure:
    check_count(len(panels), MOST_PANELS, stem)
    tables = [_table(panel, f"figure {stem.name}, panel {panel.title!r}") for panel in panels]
    found = looks([name for table in tables for name in table["series"]], stem)
    styles = line_styles([line for panel in panels for line in panel.references], found, stem)
    legend = [Patch(label=name, **_style(look)) for name, look in found.items() if name]
    widths = [_least_width(panel, table) for panel, table in zip(panels, tables, strict=True)]
    width = PAGE_WIDTH / columns_for(widths) - SIDE
    slots = [
        Slot(least, _height(panel, table), _foot(panel, table, width))
        for least, panel, table in zip(widths, panels, tables, strict=True)
    ]
    figure, places = lay_out(slots, [*legend, *line_handles(styles)])
    for axes, panel, table, slot in zip(places, panels, tables, slots, strict=True):
        size = (width, slot.height)
        x_label, y_label = panel.group_label, panel.value_label
        if panel.horizontal:
            x_label, y_label = y_label, x_label
        dress(axes, panel.title, x_label, y_label, size)
        _draw(axes, panel, table, found, size)
        for label, value, series in panel.references:
            across = axes.axvline if panel.horizontal else axes.axhline
            across(value, zorder=4, path_effects=[HALO], **styles[label, series])
    return figure


def _table(panel: BarPanel, where: str) -> pd.DataFrame:
    if panel.decimals is not None and panel.decimals < 0:
        raise TableError(f"{where}: {panel.decimals} decimals; allowed: 0 or more")
    table = tidy(panel.values, ["group", "series"], ["value"], where, key=["group", "series"])
    if panel.limits is not None:
        _check_limits(panel.limits, _ends(panel, table, []), where)
    return table


def _check_limits(limits: tuple[float, float], ends: tuple[float, float], where: str) -> None:
    (low, high), (least, greatest) = limits, ends
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise TableError(f"{where}: limits {low} to {high}; allowed: finite and ascending")
    if least < low or greatest > high:
        raise TableError(
            f"{where}: limits {low} to {high} cut off values from {least:g} to {greatest:g}"
        )


def _ends(panel: BarPanel, table: pd.DataFrame, others: Sequence[float]) -> tuple[float, float]:
    """Least and greatest of all that is drawn along the axis of values, and of `others`."""
    drawn = table[["value", "low", "high"]].to_numpy().ravel()
    known = [*drawn[~np.isnan(drawn)].tolist(), *(line.value for line in panel.references)]
    return min([*known, *others], default=0.0), max([*known, *others], default=0.0)


def _groups(table: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(table["group"]))


def _most_bars(table: pd.DataFrame) -> int:
    return int(table.groupby("group").size().max())


def _least_width(panel: BarPanel, table: pd.DataFrame) -> float:
    if panel.horizontal:
        return SIDE / 2 + widest(_groups(table)) + NARROWEST_HORIZONTAL
    bar = BAR if panel.decimals is None else WRITTEN_BAR
    return SIDE + max(NARROWEST, len(_groups(table)) * _most_bars(table) * bar / FILLED)


def _height(panel: BarPanel, table: pd.DataFrame) -> float:
    if not panel.horizontal:
        return HEIGHT
    bar = max(HORIZONTAL_BAR, LINE_HEIGHT if _most_bars(table) == 1 else 0.0)
    return max(0.6, len(_groups(table)) * _most_bars(table) * bar / FILLED)


def _foot(panel: BarPanel, table: pd.DataFrame, width: float) -> float:
    return 0.0 if panel.horizontal else foot_of(_groups(table), width)


def _style(look: Look) -> dict[str, Any]:
    edge = "white" if ink(*to_rgb(look.colour)) == "white" else "#202020"
    return {"facecolor": look.colour, "hatch": look.hatch, "edgecolor": edge, "linewidth": 0.4}


def _placed(table: pd.DataFrame, found: dict[str, Look]) -> pd.DataFrame:
    """Add column place: the middle of each bar; group i fills the middle of i-0.5 to i+0.5."""
    order = {name: i for i, name in enumerate(found)}
    index = {group: i for i, group in enumerate(_groups(table))}
    sorted_table = table.assign(
        index=table["group"].map(index), rank=table["series"].map(order)
    ).sort_values(["index", "rank"], ignore_index=True)
    within = sorted_table.groupby("index").cumcount()
    size = sorted_table.groupby("index")["rank"].transform("size")
    step = FILLED / _most_bars(table)
    return sorted_table.assign(place=sorted_table["index"] + (within - (size - 1) / 2) * step)


def _draw(
    axes: Axes,
    panel: BarPanel,
    table: pd.DataFrame,
    found: dict[str, Look],
    size: tuple[float, float],
) -> None:
    axes.grid(axis="x" if panel.horizontal else "y", color=GRID, linewidth=0.6)
    placed = _placed(table, found)
    width = FILLED / _most_bars(table)
    for name, rows in placed.groupby("series", sort=False):
        style = {**_style(found[str(name)]), "zorder": 2}
        if panel.horizontal:
            axes.barh(rows["place"], rows["value"], width, **style)
        else:
            axes.bar(rows["place"], rows["value"], width, **style)
    _draw_errors(axes, panel, placed)
    _set_group_axis(axes, panel, _groups(table), size)
    numbers = _numbers(panel, placed, size)
    low, high = _limits(panel, placed, numbers, size)
    (axes.set_xlim if panel.horizontal else axes.set_ylim)(low, high)
    _write(axes, panel, placed, numbers, low)
    if low < 0:
        zero = axes.axvline if panel.horizontal else axes.axhline
        zero(0, color=RULE, linewidth=0.6, zorder=3)


def _draw_errors(axes: Axes, panel: BarPanel, placed: pd.DataFrame) -> None:
    known = placed.dropna(subset=["value", "low", "high"])
    if known.empty:
        return
    # around the middle, not the value: an interval need not hold the value it belongs to
    middle, half = (known["low"] + known["high"]) / 2, (known["high"] - known["low"]) / 2
    style: dict[str, Any] = {"ecolor": "black", "elinewidth": 0.7, "capsize": 1.2, "zorder": 3}
    if panel.horizontal:
        axes.errorbar(middle, known["place"], xerr=half, fmt="none", **style)
    else:
        axes.errorbar(known["place"], middle, yerr=half, fmt="none", **style)


def _set_group_axis(
    axes: Axes, panel: BarPanel, groups: list[str], size: tuple[float, float]
) -> None:
    if not panel.horizontal:
        set_groups(axes, groups, size[0])
        return
    axes.set_yticks(range(len(groups)), groups)
    axes.tick_params(axis="y", length=0, pad=3)
    axes.set_ylim(len(groups) - 0.5, -0.5)


def _numbers(panel: BarPanel, placed: pd.DataFrame, size: tuple[float, float]) -> Numbers:
    """What stands at each bar: its number, an en dash for a missing one, or nothing."""
    texts = [_text(value, panel.decimals) for value in placed["value"].tolist()]
    longest = max(map(len, texts))
    step = FILLED / _most_bars(placed) / len(_groups(placed))
    bar = step * size[1 if panel.horizontal else 0]
    turned = not panel.horizontal and longest * DIGIT > bar
    points = min(NUMBER_SIZE, bar * 72 * 0.92) if turned or panel.horizontal else NUMBER_SIZE
    if not any(texts) or points < LEAST_NUMBER_SIZE:
        return Numbers([""] * len(texts), NUMBER_SIZE, False, 0.0)
    length = DIGIT * longest * points / NUMBER_SIZE
    room = length if turned or panel.horizontal else points / 72
    return Numbers(texts, points, turned, room + 0.07)


def _text(value: float, decimals: int | None) -> str:
    if math.isnan(value):
        return EN_DASH
    return "" if decimals is None else f"{value:.{decimals}f}".replace("-", MINUS)


def _limits(
    panel: BarPanel, placed: pd.DataFrame, numbers: Numbers, size: tuple[float, float]
) -> tuple[float, float]:
    """Of the axis of values, with room for the numbers beyond the ends of bars."""
    low, high = panel.limits or _ends(panel, placed, [0.0])
    if low == high:
        high = low + 1.0
    below = bool((placed["value"] < 0).any())
    above = not below or bool((placed["value"] > 0).any())
    part = min(numbers.room / size[0 if panel.horizontal else 1], 0.3)
    beyond = (high - low) * part / (1 - (below + above) * part)
    beyond += 0.0 if panel.limits else 0.03 * (high - low)
    return low - beyond * below, high + beyond * above


def _write(
    axes: Axes, panel: BarPanel, placed: pd.DataFrame, numbers: Numbers, base: float
) -> None:
    columns = [placed[name].tolist() for name in ("place", "value", "low", "high")]
    for text, place, value, low, high in zip(numbers.texts, *columns, strict=True):
        if not text:
            continue
        sign = -1 if value < 0 else 1
        ends = [sign * end for end in (value, low, high) if not math.isnan(end)]
        end = max(base, 0.0) if math.isnan(value) else sign * max(ends)
        across: dict[str, Any] = {"va": "center_baseline", "ha": "right" if sign < 0 else "left"}
        along: dict[str, Any] = {"ha": "center", "va": "top" if sign < 0 else "bottom"}
        axes.annotate(
            text,
            (end, place) if panel.horizontal else (place, end),
            (2 * sign, 0) if panel.horizontal else (0, 2 * sign),
            textcoords="offset points",
            rotation=90 if numbers.turned and text != EN_DASH else 0,
            fontsize=numbers.points,
            zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
            **(across if panel.horizontal else along),
        )
