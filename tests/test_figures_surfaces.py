"""Surfaces: where bands and lines run, marks, the shared scale, grids that are refused."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from isogloss.errors import TableError
from isogloss.figures import style, surfaces
from isogloss.figures.surfaces import Mark, SurfacePanel, draw_surfaces

STEM = Path("f")
AXIS = [k / 10 for k in range(-5, 16)]
MODELS = (Mark("bilingual", 0, 0), Mark("source (en)", 1, 0), Mark("target (de)", 0, 1))
Heights = Callable[[np.ndarray, np.ndarray], Any]


def grid(heights: Heights, x: list[float] = AXIS, y: list[float] = AXIS) -> pd.DataFrame:
    pairs = pd.DataFrame(list(itertools.product(x, y)), columns=["x", "y"])
    return pairs.assign(value=heights(pairs["x"].to_numpy(), pairs["y"].to_numpy()))


def fall(x: np.ndarray, y: np.ndarray) -> Any:
    """Like the score of a target: high but for beyond the source's model."""
    return 1.02 / (1 + np.exp(4 * (x - 0.4 * y) - 3)) + 0.004 * np.sin(37 * x + 91 * y)


def panel(frame: pd.DataFrame, **fields: Any) -> SurfacePanel:
    labels = ("mBERT", "α source", "α target")
    return SurfacePanel(*labels, frame, MODELS, value_label="share")._replace(**fields)


def drawn(*panels: SurfacePanel) -> Any:
    with style.styled():
        return surfaces._figure(list(panels), STEM)


def contours(axes: Any) -> list[ContourSet]:
    return [part for part in axes.collections if isinstance(part, ContourSet)]


def overlaps(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts of a figure that cover each other."""
    with style.styled():
        figure.draw_without_rendering()
        texts = []
        for axes in figure.axes:
            ticks = [*axes.xaxis._update_ticks(), *axes.yaxis._update_ticks()]
            texts += [axes.xaxis.label, axes.yaxis.label, axes._left_title, *axes.texts]
            texts += [tick.label1 for tick in ticks]
        boxes = [
            (text.get_text(), text.get_window_extent().padded(-0.5))
            for text in texts
            if text.get_text() and text.get_visible()
        ]
    return [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.overlaps(y)]


def test_same_panels_give_same_bytes(tmp_path: Path) -> None:
    panels = [panel(grid(fall)), panel(grid(lambda x, y: fall(y, x)))]
    draw_surfaces(panels, tmp_path / "a" / "figure3")
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": "x", "contour.linewidth": 9}):
        draw_surfaces(panels, tmp_path / "b" / "figure3")
    for kind in ("svg", "pdf", "png"):
        first, second = (tmp_path / folder / f"figure3.{kind}" for folder in "ab")
        assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a" / "figure3.svg").read_bytes()
    assert matplotlib.image.imread(tmp_path / "a" / "figure3.png").shape[1] == 1440


def test_grid_is_read_whatever_the_order_of_rows() -> None:
    frame = grid(fall, AXIS, [0.0, 0.3, 2.0]).sample(frac=1, random_state=5)
    x, y, z = surfaces._surface(panel(frame), "here")
    assert x.tolist() == AXIS
    assert y.tolist() == [0.0, 0.3, 2.0]
    assert np.array_equal(z, fall(x[None, :], y[:, None]))


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.integers(-5, 5)] * 2).filter(any),
    st.floats(-3, 3),
    st.lists(st.tuples(*[st.floats(-0.49, 1.49)] * 2), min_size=5, max_size=5),
)
def test_bands_of_a_plane_hold_the_points_of_their_values(
    slopes: tuple[int, int], shift: float, points: list[tuple[float, float]]
) -> None:
    def heights(x: Any, y: Any) -> Any:
        return slopes[0] * x + slopes[1] * y + shift

    frame = grid(heights, [-0.5, 0.0, 0.25, 1.5], [-0.5, 1.0, 1.5])
    surface = surfaces._surface(panel(frame), "here")
    filled = surfaces._fill(Figure().add_subplot(), surface, surfaces._bands([surface.z], ()))
    bands = list(itertools.pairwise(filled.levels))
    assert len(bands) == len(filled.get_paths())
    for x, y in points:
        value = heights(x, y)
        if np.abs(filled.levels - value).min() < 1e-6:
            continue
        inside = [bool(path.contains_point((x, y))) for path in filled.get_paths()]
        assert inside == [low < value < high for low, high in bands]


def test_lines_run_along_their_levels() -> None:
    frame = grid(lambda x, y: x + 3 * y)
    levels = (-1.0, 0.0, 2.5, 5.0)
    _, lines = contours(drawn(panel(frame, levels=levels)).axes[0])
    assert lines.levels.tolist() == list(levels)
    for level, path in zip(levels, lines.get_paths(), strict=True):
        x, y = path.vertices.T
        assert len(x) > 2
        assert x + 3 * y == pytest.approx(np.full(len(x), level), abs=1e-9)


def test_lines_do_not_run_along_levels_that_a_panel_does_not_reach() -> None:
    left, right = drawn(
        panel(grid(lambda x, y: x)), panel(grid(lambda x, y: 0.31 + 0.01 * y))
    ).axes[:2]
    assert contours(left)[1].levels.tolist() == [-0.3, -0.1, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3]
    assert len(contours(right)) == 1


def test_numbers_of_lines_stand_upright_on_their_lines() -> None:
    frame = grid(lambda x, y: x - y)
    lines = contours(drawn(panel(frame, marks=())).axes[0])[1]
    shown = [text for text in lines.labelTexts if text.axes is not None]
    assert len(shown) >= 4
    for text in shown:
        x, y = text.get_position()
        assert x - y == pytest.approx(float(text.get_text().replace(style.MINUS, "-")), abs=1e-6)
        assert text.get_rotation() == 0


def test_all_panels_share_levels_colours_and_bar() -> None:
    low, high = grid(lambda x, y: 0.1 + 0.05 * x), grid(lambda x, y: 0.8 + 0.1 * y)
    figure = drawn(panel(low), panel(high))
    left, right = (contours(axes)[0] for axes in figure.axes[:2])
    assert left.levels.tolist() == right.levels.tolist()
    assert left.levels[0] <= low["value"].min()
    assert left.levels[-1] >= high["value"].max()
    assert np.array_equal(left.get_facecolor(), right.get_facecolor())
    assert len(np.unique(left.get_facecolor(), axis=0)) == len(left.levels) - 1
    (bar,) = figure.axes[2:]
    assert [float(text.get_text()) for text in bar.get_xticklabels()] == left.levels.tolist()
    assert bar.get_xlabel() == "share"


@pytest.mark.parametrize(
    ("levels", "extend"),
    [((-2, 1, 4), "neither"), ((0, 1, 4), "min"), ((-2, 0.5), "max"), ((0, 0.5), "both")],
)
def test_values_beyond_the_levels_have_a_colour_of_their_own(
    levels: tuple[float, ...], extend: str
) -> None:
    filled = contours(drawn(panel(grid(lambda x, y: x), levels=levels)).axes[0])[0]
    ends = {"neither": 0, "min": 1, "max": 1, "both": 2}[extend]
    assert filled.extend == extend
    assert filled.levels.tolist() == list(levels)
    assert len(np.unique(filled.get_facecolor(), axis=0)) == len(levels) - 1 + ends
    # nothing is left white
    assert any(path.contains_point((-0.45, 0)) for path in filled.get_paths())
    assert any(path.contains_point((1.45, 0)) for path in filled.get_paths())


@given(st.floats(-1e4, 1e4), st.floats(0, 1e4))
def test_levels_span_the_values(low: float, span: float) -> None:
    high = low + span
    levels = np.array(surfaces._round_levels(low, high))
    assert levels[0] <= low <= high <= levels[-1]
    assert 2 <= len(levels) <= surfaces.MOST_LEVELS
    assert len({f"{level:g}" for level in levels}) == len(levels)
    gaps = np.diff(levels)
    assert gaps[1:] == pytest.approx(np.full(len(gaps) - 1, gaps[-1]), rel=1e-6)
    assert gaps[0] <= gaps[-1] * (1 + 1e-6)
    assert low < 0 or levels[0] >= 0


@pytest.mark.parametrize("high", [1.004, 1.01, 1.03, 1.04])
def test_plateau_at_one_lies_within_a_band(high: float) -> None:
    for low in (0.03, 0.2, 0.55, 0.82, 0.9):
        levels = np.array(surfaces._round_levels(low, high))
        middle = np.searchsorted(levels, 1.0)
        assert pytest.approx((levels[middle - 1] + levels[middle]) / 2) == 1.0


@pytest.mark.parametrize("height", [0.0, 1.0, -37.5, 1e-9, 12345.678])
def test_constant_surface_is_drawn(height: float) -> None:
    noise = grid(lambda x, y: height * (1 + 1e-12 * np.sin(99 * x * y)))
    for frame in (grid(lambda x, y: 0 * x + height), noise):
        axes = drawn(panel(frame)).axes[0]
        (filled,) = contours(axes)
        assert filled.levels[0] < height < filled.levels[-1] or height == filled.levels[0] == 0
        holding = [path for path in filled.get_paths() if path.contains_point((0.5, 0.5))]
        assert len(holding) == 1


def test_constant_surface_is_written(tmp_path: Path) -> None:
    draw_surfaces([panel(grid(lambda x, y: 0 * x + 1))], tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "a.png", "a.svg"]


def test_x_runs_across_and_y_upwards() -> None:
    axes = drawn(panel(grid(fall, AXIS, [0.0, 1.0, 2.0]))).axes[0]
    assert axes.get_xlim() == (-0.5, 1.5)
    assert axes.get_ylim() == (0.0, 2.0)
    filled = contours(drawn(panel(grid(lambda x, y: y), levels=(-1, 0.5, 2))).axes[0])[0]
    lower, upper = filled.get_paths()
    assert lower.vertices[:, 1].max() == upper.vertices[:, 1].min() == 0.5


def test_marks_stand_at_their_points_with_their_labels() -> None:
    axes = drawn(panel(grid(fall))).axes[0]
    assert [tuple(line.get_xydata()[0]) for line in axes.lines] == [(0, 0), (1, 0), (0, 1)]
    found = {text.get_text(): text.xy for text in axes.texts if hasattr(text, "xy")}
    assert found == {mark.label: (mark.x, mark.y) for mark in MODELS}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.sampled_from([-0.5, 0.0, 0.5, 1.0, 1.5])] * 2),
        min_size=1,
        max_size=5,
        unique=True,
    )
)
def test_labels_of_marks_lie_within_the_axes_and_apart(places: list[tuple[float, float]]) -> None:
    marks = tuple(Mark(f"m {i}", x, y) for i, (x, y) in enumerate(places))
    axes = Figure(figsize=(2.0, 2.0)).add_subplot()
    axes.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5))
    surfaces._draw_marks(axes, marks)
    boxes = [text.get_window_extent() for text in axes.texts if hasattr(text, "xy")]
    assert len(boxes) == len(marks)
    for box in boxes:
        assert axes.bbox.x0 <= box.x0 < box.x1 <= axes.bbox.x1
        assert axes.bbox.y0 <= box.y0 < box.y1 <= axes.bbox.y1
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_labels_of_close_marks_stay_within_the_axes() -> None:
    axes = Figure(figsize=(2.0, 2.0)).add_subplot()
    surfaces._draw_marks(axes, [Mark(f"m {i}", 0.01 * i, 0.99) for i in range(7)])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 7
    assert all(surfaces._free(axes, box, []) for box in boxes)


def test_labels_too_long_for_any_place_are_drawn_all_the_same() -> None:
    axes = drawn(panel(grid(fall), marks=(Mark("a" * 90, 0, 0),))).axes[0]
    assert "a" * 90 in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (5, 3), (8, 4)])
def test_panels_are_about_square_on_a_page_of_one_width(
    count: int, columns: int, alike: bool
) -> None:
    title = "XLM-R large, NER, target dev"
    frame = grid(lambda x, y: x)
    figure = drawn(
        *[panel(frame, title=title, x_label="x" if alike else f"x {i}") for i in range(count)]
    )
    places = [axes.get_window_extent() for axes in figure.axes[:-1]]
    assert figure.get_size_inches()[0] == 7.2
    assert len({round(place.x0) for place in places}) == columns
    assert not any(a.overlaps(b) for a, b in itertools.combinations(places, 2))
    assert all(0.85 < place.width / place.height < 1.2 for place in places)
    assert min(place.width for place in places) > 115
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= 720
        assert box.y1 <= figure.bbox.y1


def test_same_axes_are_labelled_at_the_left_and_below() -> None:
    figure = drawn(*[panel(grid(fall))] * 5)
    assert [bool(axes.get_ylabel()) for axes in figure.axes[:5]] == [1, 0, 0, 1, 0]
    assert [bool(axes.get_xlabel()) for axes in figure.axes[:5]] == [0, 0, 1, 1, 1]
    other = grid(fall, [0.0, 0.5, 1.0])
    for second in (panel(grid(fall), x_label="α"), panel(other)):
        axes = drawn(panel(grid(fall)), second).axes[:2]
        assert all(each.get_ylabel() and each.get_xlabel() for each in axes)


def test_no_texts_overlap() -> None:
    title = "XLM-R large, Parsing, en-de, target dev"
    for count in (1, 5):
        panels = [panel(grid(fall), title=title if count > 2 else "NER")] * count
        assert overlaps(drawn(*panels)) == []
    levels = tuple(round(0.05 + 0.09 * i, 2) for i in range(surfaces.MOST_LEVELS))
    assert overlaps(drawn(*[panel(grid(fall), levels=levels)] * 8)) == []


def test_black_stands_out_on_every_colour() -> None:
    colours = surfaces._bands([np.array([[0.0, 1.0]])], tuple(k / 12 for k in range(13))).colours
    assert len(colours) == 12
    assert all(style.ink(*colour[:3]) == "black" for colour in colours)
    # rising values are darker to readers who see no colours
    grey = [0.2126 * r**2.2 + 0.7152 * g**2.2 + 0.0722 * b**2.2 for r, g, b, _ in colours]
    assert all(a - b > 0.02 for a, b in itertools.pairwise(grey))


@pytest.mark.parametrize("count", [0, 9])
def test_number_of_panels_is_checked(tmp_path: Path, count: int) -> None:
    with pytest.raises(TableError, match=f"figure f: {count} panels; allowed: 1 to 8"):
        draw_surfaces([panel(grid(fall))] * count, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_missing_cells_are_named() -> None:
    frame = grid(fall)
    at = frame.index[(frame["x"] == 0.5) & (frame["y"] == -0.3)]
    where = "figure f, panel 'mBERT': no value at x 0.5, y -0.3"
    hole = frame.copy()
    hole.loc[at, "value"] = np.nan
    for values in (frame.drop(at), hole):
        with pytest.raises(TableError, match=f"{where}; every x needs one with every y"):
            drawn(panel(values))
    with pytest.raises(TableError, match=f"{where} and 2 more; every x"):
        drawn(panel(frame.drop([at[0], frame.index[-1], frame.index[-2]])))


def test_frames_that_cannot_be_drawn_are_refused() -> None:
    frame = grid(fall, [0.0, 1.0], [0.0, 1.0])
    bad = {
        "columns x, y; allowed: x, y, value$": frame[["x", "y"]],
        "columns x, y, value, seed; allowed": frame.assign(seed=1),
        "no values": frame.iloc[:0],
        "a row without x or y": frame.assign(y=[0, 1, 0, np.nan]),
        "column value holds (str|object); allowed: numbers": frame.assign(value="1"),
        "column value holds an infinite number": frame.assign(value=np.inf),
        "two rows for {'x': 0.0, 'y': 0.0}; allowed: one": frame.assign(y=[0, 0, 0, 1]),
        "1 x and 2 y; allowed: at least two of both": frame.iloc[:2],
    }
    for message, values in bad.items():
        with pytest.raises(TableError, match=f"figure f, panel 'mBERT': {message}"):
            drawn(panel(values))


@pytest.mark.parametrize("place", [(-0.6, 0), (1.6, 0), (0, -0.51), (0, 2), (np.nan, 0)])
def test_marks_off_the_grid_are_refused(place: tuple[float, float]) -> None:
    with pytest.raises(TableError, match=r"mark 'm' at x .*; allowed: x from -0.5 to 1.5, y "):
        drawn(panel(grid(fall), marks=(Mark("m", *place),)))


@pytest.mark.parametrize(
    "levels", [(1.0,), (0.0, 0.0), (1.0, 0.5), (0.0, np.nan, 1.0), (0.0, np.inf), tuple(range(14))]
)
def test_levels_must_rise(levels: tuple[float, ...]) -> None:
    with pytest.raises(TableError, match=r"levels .*; allowed: none, or 2 to 13 rising numbers"):
        drawn(panel(grid(fall), levels=levels))


def test_panels_must_share_the_scale() -> None:
    first = panel(grid(fall))
    with pytest.raises(TableError, match=r"figure f: levels \(\) and \(0, 1\); allowed: the same"):
        drawn(first, first._replace(levels=(0, 1)))
    with pytest.raises(TableError, match="value_label 'share' and 'F1'; allowed: the same"):
        drawn(first, first._replace(value_label="F1"))


def test_frame_is_not_changed() -> None:
    frame = grid(fall).iloc[::-1]
    before = frame.copy()
    drawn(panel(frame))
    pd.testing.assert_frame_equal(frame, before)
