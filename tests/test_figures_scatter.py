"""Points: the numbers drawn, reference lines, looks, frames that are refused."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.figures import scatter, style
from isogloss.figures.scatter import ScatterPanel, draw_scatter
from isogloss.figures.style import Reference

STEM = Path("f")
TASKS = ("XNLI", "NER", "POS", "Parsing")


def points(series: Sequence[str], n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(name, rng.normal(1, 0.1), rng.normal(55, 4)) for name in series for _ in range(n)]
    return pd.DataFrame(rows, columns=["series", "x", "y"])


def panel(frame: pd.DataFrame, **fields: Any) -> ScatterPanel:
    return ScatterPanel("mBERT", "norm ratio", "angle (degrees)", frame)._replace(**fields)


def drawn(*panels: ScatterPanel) -> Any:
    with style.styled():
        return scatter._figure(list(panels), STEM)


def overlaps(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts of a figure that cover each other."""
    with style.styled():
        figure.draw_without_rendering()
        texts = [text for legend in figure.legends for text in legend.get_texts()]
        for axes in figure.axes:
            ticks = [*axes.xaxis._update_ticks(), *axes.yaxis._update_ticks()]
            texts += [axes.xaxis.label, axes.yaxis.label, axes._left_title]
            texts += [tick.label1 for tick in ticks]
        boxes = [
            (text.get_text(), text.get_window_extent().padded(-0.5))
            for text in texts
            if text.get_text()
        ]
    return [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.overlaps(y)]


def test_same_panels_give_same_bytes(tmp_path: Path) -> None:
    panels = [panel(points(TASKS, 9), levels=(Reference("55 degrees", 55.0),))] * 2
    draw_scatter(panels, tmp_path / "a" / "figure4")
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": "x", "axes.facecolor": "red"}):
        draw_scatter(panels, tmp_path / "b" / "figure4")
    for kind in ("svg", "pdf", "png"):
        first, second = (tmp_path / folder / f"figure4.{kind}" for folder in "ab")
        assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a" / "figure4.svg").read_bytes()
    assert matplotlib.image.imread(tmp_path / "a" / "figure4.png").shape[1] == 1440


def test_another_value_gives_other_bytes(tmp_path: Path) -> None:
    frame = points(TASKS, 3)
    draw_scatter([panel(frame)], tmp_path / "a")
    draw_scatter([panel(frame.assign(y=frame["y"] ** 2))], tmp_path / "b")
    assert (tmp_path / "a.svg").read_bytes() != (tmp_path / "b.svg").read_bytes()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), *[st.floats(-1e3, 1e3) | st.just(np.nan)] * 2),
        min_size=1,
        max_size=12,
    )
)
def test_points_are_the_known_rows(rows: list[tuple[str, float, float]]) -> None:
    axes = drawn(panel(pd.DataFrame(rows, columns=["series", "x", "y"]))).axes[0]
    found = sorted(pair for line in axes.lines for pair in line.get_xydata().tolist())
    assert found == sorted([x, y] for _, x, y in rows if x == x and y == y)
    assert all(line.get_linestyle() == "None" for line in axes.lines)


def test_series_keeps_its_look_in_all_panels_and_the_legend() -> None:
    figure = drawn(panel(points("ab", 2)), panel(points("bc", 2)))
    left, right = figure.axes
    seen = [(line.get_color(), line.get_marker()) for line in [*left.lines, *right.lines]]
    assert seen[1] == seen[2]
    assert len(set(seen)) == 3
    handles = figure.legends[0].get_lines()
    assert [(line.get_color(), line.get_marker()) for line in handles] == [*seen[:2], seen[3]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "c"]


def test_look_follows_the_series_where_its_first_points_are_missing() -> None:
    frame = points("ab", 2)
    frame.loc[[0, 1], "x"] = np.nan
    (line,) = drawn(panel(frame)).axes[0].lines
    assert line.get_color() == style.COLOURS[1]
    assert line.get_xydata().tolist() == frame.loc[[2, 3], ["x", "y"]].to_numpy().tolist()


def test_lines_of_reference_stand_at_their_values() -> None:
    chosen = panel(
        points(["NER"], 5),
        uprights=(Reference("equal norms", 1.0),),
        levels=(Reference("55 degrees", 55.0), Reference("mean", 70.0, "NER")),
    )
    figure = drawn(chosen, chosen._replace(uprights=(), levels=(Reference("mean", 20.0, "NER"),)))
    first, second = figure.axes
    assert [line.get_ydata()[0] for line in first.lines[1:3]] == [55.0, 70.0]
    assert all(list(line.get_xdata()) == [0, 1] for line in first.lines[1:3])
    assert list(first.lines[3].get_xdata()) == [1.0, 1.0]
    assert list(first.lines[3].get_ydata()) == [0, 1]
    assert [line.get_color() for line in first.lines[1:]] == [
        style.RULE,
        style.COLOURS[0],
        style.RULE,
    ]
    assert first.get_ylim()[1] > 70
    assert second.get_ylim()[0] < 20
    assert second.lines[1]._unscaled_dash_pattern == first.lines[2]._unscaled_dash_pattern
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "NER",
        "55 degrees",
        "mean",
        "equal norms",
    ]


def test_points_fade_where_there_are_many() -> None:
    def opacity(n: int) -> float:
        return drawn(panel(points("a", n))).axes[0].lines[0].get_alpha()

    found = [opacity(n) for n in (1, scatter.FEW, 2 * scatter.FEW, 50 * scatter.FEW)]
    assert found[0] == found[1] > found[2] >= found[3] == scatter.FAINTEST
    assert drawn(panel(points("a", 999))).legends[0].get_lines()[0].get_alpha() is None


def test_unnamed_series_is_not_in_the_legend() -> None:
    assert drawn(panel(points([""], 2))).legends == []
    assert len(drawn(panel(points(["a", ""], 2))).legends[0].get_texts()) == 1


def test_panel_without_known_points_is_drawn() -> None:
    figure = drawn(panel(points("a", 2).assign(y=np.nan)), panel(points("b", 1)))
    assert len(figure.axes[0].lines) == 0
    assert len(figure.axes[1].lines) == 1


def test_no_texts_overlap() -> None:
    eight = [f"Task number {i}" for i in range(8)]
    lines = {"uprights": (Reference("a", 1.0),), "levels": (Reference("55 degrees", 55.0),)}
    for count in (1, 2, 6):
        long = [panel(points(eight, 9), title=f"XLM-R large, source {i}") for i in range(count)]
        assert overlaps(drawn(*[each._replace(**lines) for each in long])) == []


@pytest.mark.parametrize("count", [0, 7])
def test_number_of_panels_is_checked(tmp_path: Path, count: int) -> None:
    with pytest.raises(TableError, match=f"figure f: {count} panels; allowed: 1 to 6"):
        draw_scatter([panel(points("a", 1))] * count, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_at_most_eight_series() -> None:
    assert len(drawn(panel(points("abcdefgh", 1))).axes[0].lines) == 8
    with pytest.raises(TableError, match="figure f: 9 series; allowed: up to 8"):
        drawn(panel(points("abcdefg", 1)), panel(points("hi", 1)))


def test_frames_and_lines_that_cannot_be_drawn_are_refused() -> None:
    frame = points("ab", 2)
    bad = {
        "columns series, x; allowed: series, x, y$": frame[["series", "x"]],
        "columns series, x, y, low, high; allowed: series, x, y$": frame.assign(low=0, high=1),
        "no values": frame.iloc[:0],
        "a row without series": frame.assign(series=[np.nan, "a", "b", "c"]),
        "column x holds (str|object); allowed: numbers": frame.assign(x="1"),
        "column y holds an infinite number": frame.assign(y=np.inf),
    }
    for message, values in bad.items():
        with pytest.raises(TableError, match=f"figure f, panel 'mBERT': {message}"):
            drawn(panel(values))
    with pytest.raises(TableError, match="'mean': series 'c'; allowed: a, b"):
        drawn(panel(frame, levels=(Reference("mean", 1.0, "c"),)))
    with pytest.raises(TableError, match="'one': nan; allowed: finite"):
        drawn(panel(frame, uprights=(Reference("one", float("nan")),)))


def test_frame_is_not_changed() -> None:
    frame = points("ba", 2)
    before = frame.copy()
    drawn(panel(frame))
    pd.testing.assert_frame_equal(frame, before)
