"""Distributions: quartiles, every point, counts, the line at zero."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.figures import boxes, style
from isogloss.figures.boxes import BoxPanel, draw_boxes

STEM = Path("f")


def gaps(groups: Sequence[str], n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(group, value) for group in groups for value in rng.normal(-8, 4, n)]
    return pd.DataFrame(rows, columns=["group", "value"])


def panel(frame: pd.DataFrame, **fields: Any) -> BoxPanel:
    return BoxPanel("NER", "difference (points)", frame)._replace(**fields)


def drawn(*panels: BoxPanel) -> Any:
    with style.styled():
        return boxes._figure(list(panels), STEM)


def points(axes: Any) -> list[np.ndarray]:
    """Places and values of the points of each group, shape (n, 2)."""
    return [np.asarray(part.get_offsets()) for part in axes.collections]


def overlaps(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts of a figure that cover each other."""
    with style.styled():
        figure.draw_without_rendering()
        texts = [text for axes in figure.axes for text in [axes.xaxis.label, axes.yaxis.label]]
        for axes in figure.axes:
            ticks = [*axes.xaxis._update_ticks(), *axes.yaxis._update_ticks()]
            texts += [*axes.texts, *(tick.label1 for tick in ticks), axes._left_title]
        found = [
            (text.get_text(), matplotlib.text.Text.get_window_extent(text).padded(-0.5))
            for text in texts
            if text.get_text()
        ]
    return [(a, b) for (a, x), (b, y) in itertools.combinations(found, 2) if x.overlaps(y)]


def test_same_panels_give_same_bytes(tmp_path: Path) -> None:
    panels = [panel(gaps(["ar", "de"], 7), group_label="target")] * 2
    draw_boxes(panels, tmp_path / "a" / "figure5")
    with matplotlib.rc_context({"font.size": 20, "boxplot.notch": True, "svg.hashsalt": "x"}):
        draw_boxes(panels, tmp_path / "b" / "figure5")
    for kind in ("svg", "pdf", "png"):
        first, second = (tmp_path / folder / f"figure5.{kind}" for folder in "ab")
        assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a" / "figure5.svg").read_bytes()


def test_order_of_rows_within_a_group_changes_nothing(tmp_path: Path) -> None:
    frame = gaps(["ar"], 9)
    draw_boxes([panel(frame)], tmp_path / "a")
    draw_boxes([panel(frame.iloc[::-1])], tmp_path / "b")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_boxes_show_quartiles_and_whiskers() -> None:
    frame = gaps(["ar", "de"], 40)
    frame.loc[0, "value"] = 60.0
    axes = drawn(panel(frame)).axes[0]
    assert len(axes.patches) == 2
    for i, (_, rows) in enumerate(frame.groupby("group", sort=False)):
        low, middle, high = np.quantile(rows["value"], [0.25, 0.5, 0.75])
        corners = axes.patches[i].get_path().vertices
        assert corners[:, 1].min() == pytest.approx(low)
        assert corners[:, 1].max() == pytest.approx(high)
        assert corners[:, 0].min() == pytest.approx(i - boxes.BOX / 2)
        flat = [
            line.get_ydata()[0]
            for line in axes.lines
            if abs(np.mean(line.get_xdata()) - i) < 1e-9 and np.ptp(line.get_ydata()) == 0
        ]
        reach = 1.5 * (high - low)
        inside = rows["value"][rows["value"].between(low - reach, high + reach)]
        assert sorted(flat) == pytest.approx([inside.min(), middle, inside.max()])


def test_every_point_is_drawn_over_its_group() -> None:
    frame = gaps(["ar", "de"], 30)
    frame.loc[0, "value"] = 99.0
    first, second = points(drawn(panel(frame)).axes[0])
    assert first[:, 1].tolist() == sorted(frame.loc[frame["group"] == "ar", "value"])
    assert second[:, 1].tolist() == sorted(frame.loc[frame["group"] == "de", "value"])
    assert np.abs(first[:, 0]).max() <= boxes.SPREAD / 2
    assert np.abs(second[:, 0] - 1).max() <= boxes.SPREAD / 2


@given(st.integers(1, 400))
def test_points_are_spread_apart(n: int) -> None:
    spread = boxes._spread(n)
    assert spread.shape == (n,)
    assert np.abs(spread).max() <= boxes.SPREAD / 2
    # multiples of the golden ratio keep at least about 1 / (sqrt(5) n) from each other
    assert n == 1 or np.diff(np.sort(spread)).min() > boxes.SPREAD / (2.7 * n)


def test_single_point_stands_in_the_middle() -> None:
    assert points(drawn(panel(gaps(["ar"], 1))).axes[0])[0][0, 0] == 0


def test_missing_values_are_not_counted() -> None:
    frame = gaps(["ar", "de", "zh"], 5)
    frame.loc[[0, 5, 6, 7, 8, 9], "value"] = np.nan
    axes = drawn(panel(frame)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["n=4", "n=0", "n=5"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["ar", "de", "zh"]
    assert [round(part[:, 0].mean()) for part in points(axes)] == [0, 2]
    middles = [part.get_path().vertices[:, 0] for part in axes.patches]
    assert [round((x.min() + x.max()) / 2, 6) for x in middles] == [0, 2]


def test_panel_without_known_values_is_drawn() -> None:
    axes = drawn(panel(gaps(["ar", "de"], 2).assign(value=np.nan))).axes[0]
    assert [text.get_text() for text in axes.texts] == ["n=0", "n=0"]
    assert len(axes.patches) == 0


def test_line_at_zero_is_in_view() -> None:
    for shift in (-50, 0, 50):
        frame = gaps(["ar"], 8)
        axes = drawn(panel(frame.assign(value=frame["value"] + shift))).axes[0]
        low, high = axes.get_ylim()
        assert low <= 0 <= high
        assert any(list(line.get_ydata()) == [0, 0] for line in axes.lines)


def test_wide_panels_stand_below_each_other() -> None:
    wide = drawn(*[panel(gaps([f"l{i}" for i in range(20)], 5))] * 2).axes
    assert [axes.get_subplotspec().rowspan.start for axes in wide] == [0, 1]
    narrow = drawn(*[panel(gaps(["ar", "de"], 5))] * 5).axes
    assert [axes.get_subplotspec().rowspan.start for axes in narrow] == [0, 0, 0, 1, 1]


def test_no_texts_overlap() -> None:
    codes = [first + second for first in "adehk" for second in "knru"]
    tasks = ["NER", "POS", "NLI", "Paraphrase identification", "QA"]
    five = [panel(gaps(codes[:n], n), title=f"Task {n}", group_label="target") for n in (20, 17, 7)]
    assert overlaps(drawn(*five)) == []
    assert overlaps(drawn(panel(gaps(tasks, 300), group_label="task"))) == []
    assert overlaps(drawn(*[panel(gaps(tasks, 1500), title=f"a title {i}") for i in "abc"])) == []
    long = [f"Language {i}" for i in range(26)]
    assert overlaps(drawn(panel(gaps(long, 1000), group_label="target"))) == []


@pytest.mark.parametrize("count", [0, 7])
def test_number_of_panels_is_checked(tmp_path: Path, count: int) -> None:
    with pytest.raises(TableError, match=f"figure f: {count} panels; allowed: 1 to 6"):
        draw_boxes([panel(gaps(["ar"], 2))] * count, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_frames_that_cannot_be_drawn_are_refused() -> None:
    frame = gaps(["ar", "de"], 2)
    bad = {
        "columns value; allowed: group, value$": frame[["value"]],
        "columns group, value, low, high; allowed: group, value$": frame.assign(low=1, high=2),
        "no values": frame.iloc[:0],
        "a row without group": frame.assign(group=[np.nan, "a", "b", "c"]),
        "column value holds an infinite number": frame.assign(value=-np.inf),
        "column value holds (str|object); allowed: numbers": frame.assign(value="1"),
    }
    for message, values in bad.items():
        with pytest.raises(TableError, match=f"figure f, panel 'NER': {message}"):
            drawn(panel(values))
