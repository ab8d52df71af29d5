"""Numbers over a grid of two others as filled contours, as SVG, PDF and PNG."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

# first, because it says where matplotlib keeps its cache
from isogloss.figures.style import (
    LABEL_SIZE,
    LINE_HEIGHT,
    MINUS,
    PAGE_WIDTH,
    RULE,
    SIDE,
    TICK_SIZE,
    TITLE_LETTER,
    check_count,
    dress,
    styled,
    tidy,
    widest,
    wrap,
    write_figure,
)

# isort: split
import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from isogloss.errors import TableError
from isogloss.figures.lines import ROUND_STEPS

Floats = NDArray[np.float64]

MOST_PANELS = 8
MOST_LEVELS = 13
ROUND_BANDS = 11
"""Round steps at most from the least to the greatest value where the caller gives no levels."""
FLAT = 1e-4
"""Range of values, relative to their size, below which a surface is drawn as constant."""
# The light part of a map of ColorBrewer that it lists as safe for colour-blind readers, so that
# black lines and numbers stand out on all of it.
MAP, LIGHTEST, DARKEST = "YlGnBu", 0.02, 0.66
CONTOUR_SIZE, MARK_SIZE = 6, 7
HALO: list[AbstractPathEffect] = [withStroke(linewidth=1.4, foreground="white")]
AROUND: tuple[tuple[dict[str, Any], tuple[int, int]], ...] = (
    ({"ha": "center", "va": "bottom"}, (0, 4)),
    ({"ha": "center", "va": "top"}, (0, -4)),
    ({"ha": "left", "va": "bottom"}, (5, 3)),
    ({"ha": "right", "va": "bottom"}, (-5, 3)),
    ({"ha": "left", "va": "top"}, (5, -3)),
    ({"ha": "right", "va": "top"}, (-5, -3)),
)
"""Places of a label about its mark, the best first; distances in points."""
# In inches.
LARGEST = 2.4
GAP = 0.16
TOP, FOOT, BAR = 0.28, 0.36, 0.56
BAND_SHARE = 0.9
"""Part of a colour bar that its bands take where values lie beyond both ends."""


class Mark(NamedTuple):
    """A named point of a surface, within the range of its x and y."""

    label: str
    x: float
    y: float


class SurfacePanel(NamedTuple):
    """One set of axes of a figure of surfaces.

    values : columns x, y and value, one row for each x with each y, at least two of both;
        between the points of the grid the surface is interpolated linearly
    marks : points drawn with their labels beside them
    levels : 2 to 13 rising numbers, the ends of the bands of colour; values beyond them have
        a colour of their own. Empty for numbers at equal distances that span the values. The
        same in all panels of a figure
    value_label : of the colour bar, the same in all panels of a figure
    """

    title: str
    x_label: str
    y_label: str
    values: pd.DataFrame
    marks: tuple[Mark, ...] = ()
    levels: tuple[float, ...] = ()
    value_label: str = ""


class Surface(NamedTuple):
    """A grid: x of shape (m,), y of shape (n,), both ascending, and z of shape (n, m)."""

    x: Floats
    y: Floats
    z: Floats


class Bands(NamedTuple):
    """Levels, the colours of the bands they bound, and beyond which ends there are values.

    extend : neither, min, max or both, as matplotlib says
    """

    levels: list[float]
    colours: list[tuple[float, float, float, float]]
    extend: str


def draw_surfaces(panels: list[SurfacePanel], stem: Path) -> None:
    """Draw one to eight panels on a page 7.2 inches wide; write `stem`.svg, .pdf and .png.

    Up to three panels stand side by side, more in two rows. All share the levels, the colours
    and the colour bar below. Contour lines run along the levels and name them where there is
    room. Axes that are the same in all panels are labelled at the left and below only. The
    same panels give the same bytes.

    Raises
    ------
    TableError
        for no or too many panels, panels of different levels or labels of values, levels that
        do not rise or are too few or too many, a frame of other columns, without rows, with
        text or infinite numbers, a row without x or y, two rows of one x and y, an x and y
        without a value, fewer than two x or y, a mark off the grid
    """
    with styled():
        write_figure(_figure(panels, stem), stem)


def _figure(panels: list[SurfacePanel], stem: Path) -> Figure:
    _check(panels, stem)
    surfaces = [_surface(panel, f"figure {stem.name}, panel {panel.title!r}") for panel in panels]
    bands = _bands([surface.z for surface in surfaces], panels[0].levels)
    shared = _alike(panels, surfaces)
    figure, places, side = _lay_out([panel.title for panel in panels], shared)
    filled: list[ContourSet] = []
    for axes, panel, surface in zip(places, panels, surfaces, strict=True):
        dress(axes, panel.title, panel.x_label, panel.y_label, (side, side))
        filled.append(_fill(axes, surface, bands))
    if shared:
        _label_outer(places)
    bar = figure.colorbar(
        filled[0], ax=places, location="bottom", aspect=28, fraction=0.05, pad=0.02, shrink=0.72
    )
    bar.set_label(panels[0].value_label, fontsize=LABEL_SIZE)
    bar.ax.tick_params(length=2.5, width=0.6, labelsize=TICK_SIZE)
    # the layout moves nothing after this, so that labels stay where they fit
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    _number(bar, bands.levels, bar.ax.get_window_extent().width / figure.dpi)
    for axes, panel, surface in zip(places, panels, surfaces, strict=True):
        taken = _draw_marks(axes, panel.marks)
        _draw_contours(axes, surface, bands.levels, taken)
    return figure


def _check(panels: list[SurfacePanel], stem: Path) -> None:
    check_count(len(panels), MOST_PANELS, stem)
    for field in ("levels", "value_label"):
        found = list(dict.fromkeys(getattr(panel, field) for panel in panels))
        if len(found) > 1:
            raise TableError(
                f"figure {stem.name}: {field} {found[0]!r} and {found[1]!r}; "
                "allowed: the same in all panels"
            )
    levels = panels[0].levels
    rising = all(math.isfinite(b - a) and b > a for a, b in pairwise(levels))
    if levels and not (2 <= len(levels) <= MOST_LEVELS and rising):
        raise TableError(
            f"figure {stem.name}: levels {levels}; allowed: none, or 2 to {MOST_LEVELS} "
            "rising numbers"
        )


def _surface(panel: SurfacePanel, where: str) -> Surface:
    table = tidy(panel.values, [], ["x", "y", "value"], where, interval=False, key=["x", "y"])
    if table[["x", "y"]].isna().any(axis=None):
        raise TableError(f"{where}: a row without x or y; every row needs both")
    grid = table.pivot(index="y", columns="x", values="value")
    x, y, z = (part.to_numpy(dtype=np.float64) for part in (grid.columns, grid.index, grid))
    if min(z.shape) < 2:
        raise TableError(f"{where}: {len(x)} x and {len(y)} y; allowed: at least two of both")
    lacking = np.argwhere(np.isnan(z))
    if lacking.size:
        row, column = lacking[0]
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise TableError(
            f"{where}: no value at x {x[column]:g}, y {y[row]:g}{more}; "
            "every x needs one with every y"
        )
    for mark in panel.marks:
        if not (x[0] <= mark.x <= x[-1] and y[0] <= mark.y <= y[-1]):
            raise TableError(
                f"{where}: mark {mark.label!r} at x {mark.x:g}, y {mark.y:g}; allowed: "
                f"x from {x[0]:g} to {x[-1]:g}, y from {y[0]:g} to {y[-1]:g}"
            )
    return Surface(x, y, z)


def _bands(grids: Sequence[Floats], levels: Sequence[float]) -> Bands:
    low, high = min(float(z.min()) for z in grids), max(float(z.max()) for z in grids)
    levels = list(levels) or _round_levels(low, high)
    below, above = low < levels[0], high > levels[-1]
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    shades = np.linspace(LIGHTEST, DARKEST, len(levels) - 1 + below + above)
    colours = [tuple(colour) for colour in matplotlib.colormaps[MAP](shades).tolist()]
    return Bands(levels, colours, extend[below, above])


def _round_levels(low: float, high: float) -> list[float]:
    """Odd multiples of half a round step, from `low` or less to `high` or more.

    Plateaus tend to lie at a round number, such as 1 for a share of the best; in the middle of
    a band, noise draws no lines on them. Where no value is below 0, no band is.
    """
    size = max(abs(low), abs(high))
    if high - low <= FLAT * size or size == 0:
        half = 0.05 * size or 1.0
        middles = MaxNLocator(2, steps=ROUND_STEPS).tick_values(low - half, high + half)
    else:
        middles = MaxNLocator(ROUND_BANDS, steps=ROUND_STEPS).tick_values(low, high)
    step = float(middles[1] - middles[0])
    ends = [float(f"{middles[0] + (i - 0.5) * step:.12g}") for i in range(len(middles) + 1)]
    first = max(i for i, end in enumerate(ends) if end <= low)
    last = min(i for i, end in enumerate(ends) if end >= high)
    found = ends[first : max(last, first + 1) + 1]
    return [0.0, *found[1:]] if low >= 0 > found[0] else found


def _alike(panels: Sequence[SurfacePanel], surfaces: Sequence[Surface]) -> bool:
    """Whether all panels have the same axes."""
    axes = {
        (panel.x_label, panel.y_label, *surface.x[[0, -1]], *surface.y[[0, -1]])
        for panel, surface in zip(panels, surfaces, strict=True)
    }
    return len(axes) == 1


def _lay_out(titles: Sequence[str], shared: bool) -> tuple[Figure, list[Axes], float]:
    """Open a figure of the page's width, one about square axes per title; also their side.

    Few panels stand in the middle of the page rather than grow.
    """
    columns = _columns(len(titles))
    labelled = 1 if shared else columns
    room = PAGE_WIDTH - SIDE * labelled - GAP * columns
    side = min(LARGEST, room / columns)
    share = (SIDE * labelled + (GAP + side) * columns) / PAGE_WIDTH
    rows = math.ceil(len(titles) / columns)
    breaks = max(wrap(title, side, TITLE_LETTER).count("\n") for title in titles)
    feet = 1 if shared and len(titles) % columns == 0 else rows
    height = rows * (side + TOP + LINE_HEIGHT * breaks) + FOOT * feet + BAR
    figure = Figure(figsize=(PAGE_WIDTH, height))
    figure.set_layout_engine(
        ConstrainedLayoutEngine(
            w_pad=0.04, h_pad=0.05, hspace=0.03, rect=((1 - share) / 2, 0, share, 1)
        )
    )
    grid = figure.add_gridspec(rows, columns)
    places = [figure.add_subplot(grid[divmod(i, columns)]) for i in range(len(titles))]
    return figure, places, side


def _columns(count: int) -> int:
    return count if count <= 3 else math.ceil(count / 2)


def _label_outer(places: Sequence[Axes]) -> None:
    """Label the axes of a grid of axes only where nothing stands to the left or below."""
    columns = _columns(len(places))
    for i, axes in enumerate(places):
        if i % columns:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        if i + columns < len(places):
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)


def _text(level: float) -> str:
    return f"{level:g}".replace("-", MINUS)


def _fill(axes: Axes, surface: Surface, bands: Bands) -> ContourSet:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=ROUND_STEPS))
    axes.set(xlim=surface.x[[0, -1]], ylim=surface.y[[0, -1]])
    return axes.contourf(
        surface.x,
        surface.y,
        surface.z,
        levels=bands.levels,
        colors=bands.colours,
        extend=bands.extend,
    )


def _number(bar: Colorbar, levels: Sequence[float], inches: float) -> None:
    """Write the levels at a bar of some width, or every second or third where room lacks."""
    texts = [_text(level) for level in levels]
    every = math.ceil((widest(texts) + 0.06) * (len(levels) - 1) / (BAND_SHARE * inches))
    bar.set_ticks(levels, labels=[text if i % every == 0 else "" for i, text in enumerate(texts)])


def _draw_marks(axes: Axes, marks: Sequence[Mark]) -> list[Bbox]:
    """Draw the marks; return the boxes that they and their labels take, in pixels."""
    taken: list[Bbox] = []
    for mark in marks:
        (point,) = axes.plot(
            mark.x,
            mark.y,
            "o",
            color="black",
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.8,
            clip_on=False,
            zorder=5,
        )
        taken.append(point.get_window_extent())
    for mark in marks:
        taken.append(_label(axes, mark, taken))
    return taken


def _label(axes: Axes, mark: Mark, taken: Sequence[Bbox]) -> Bbox:
    """Write the label of a mark at the first place that is free, else within the axes."""
    texts = [
        axes.annotate(
            mark.label,
            (mark.x, mark.y),
            offset,
            textcoords="offset points",
            fontsize=MARK_SIZE,
            fontweight="bold",
            path_effects=HALO,
            zorder=6,
            **anchor,
        )
        for anchor, offset in AROUND
    ]
    boxes = [text.get_window_extent() for text in texts]
    chosen = next(
        (i for others in (taken, ()) for i, box in enumerate(boxes) if _free(axes, box, others)), 0
    )
    for i, text in enumerate(texts):
        if i != chosen:
            text.remove()
    return boxes[chosen]


def _draw_contours(
    axes: Axes, surface: Surface, levels: Sequence[float], taken: list[Bbox]
) -> None:
    """Draw lines along the levels, and their numbers where nothing is in the way."""
    low, high = surface.z.min(), surface.z.max()
    crossed = [level for level in levels if low < level < high]
    if high - low <= FLAT * max(abs(low), abs(high)) or not crossed:
        return
    lines = axes.contour(
        surface.x,
        surface.y,
        surface.z,
        levels=crossed,
        colors=RULE,
        linewidths=0.5,
        linestyles="solid",
    )
    texts = {level: _text(level) for level in crossed}
    numbers = axes.clabel(lines, fmt=texts, fontsize=CONTOUR_SIZE, inline=False, colors="black")
    boxes = list(taken)
    for number in numbers:
        number.set(path_effects=HALO, rotation=0)
        box = number.get_window_extent()
        if _free(axes, box, boxes):
            boxes.append(box)
        else:
            number.remove()


def _free(axes: Axes, box: Bbox, taken: Sequence[Bbox]) -> bool:
    frame = axes.bbox
    inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    return inside and not any(box.overlaps(other) for other in taken)
