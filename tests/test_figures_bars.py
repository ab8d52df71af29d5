"""Bars: heights, places, numbers written at them, lines across them."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.figures import bars, style
from isogloss.figures.bars import BarPanel, draw_bars
from isogloss.figures.style import Reference

KINDS = ("svg", "pdf", "png")
STEM = Path("f")
SOURCES = ["English", "X-SNS", "best"]


def scores(groups: Sequence[str], series: Sequence[str], interval: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(group, name, rng.uniform(40, 80)) for group in groups for name in series]
    frame = pd.DataFrame(rows, columns=["group", "series", "value"])
    return frame.assign(low=frame["value"] - 3, high=frame["value"] + 1) if interval else frame


def panel(frame: pd.DataFrame, **fields: Any) -> BarPanel:
    return BarPanel("NER", "F1", frame)._replace(**fields)


def drawn(*panels: BarPanel) -> Any:
    with style.styled():
        return bars._figure(list(panels), STEM)


def overlaps(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts of a figure that cover each other."""
    with style.styled():
        figure.draw_without_rendering()
        texts = [text for axes in figure.axes for text in [axes.xaxis.label, axes.yaxis.label]]
        for axes in figure.axes:
            ticks = [*axes.xaxis._update_ticks(), *axes.yaxis._update_ticks()]
            texts += [*axes.texts, *(tick.label1 for tick in ticks), axes._left_title]
        texts += [text for legend in figure.legends for text in legend.get_texts()]
        boxes = [
            # a little less than the box: letters do not fill the height of their line
            (text.get_text(), matplotlib.text.Text.get_window_extent(text).padded(-1.5))
            for text in texts
            if text.get_text()
        ]
    return [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.overlaps(y)]


def test_same_panels_give_same_bytes(tmp_path: Path) -> None:
    frame = scores(["ar", "de"], SOURCES, interval=True)
    panels = [panel(frame, decimals=1, references=(Reference("mean", 60.0, "X-SNS"),))] * 2
    draw_bars(panels, tmp_path / "a" / "figure1")
    with matplotlib.rc_context({"font.size": 20, "hatch.color": "red", "svg.hashsalt": "x"}):
        draw_bars(panels, tmp_path / "b" / "figure1")
    for kind in KINDS:
        first, second = (tmp_path / folder / f"figure1.{kind}" for folder in "ab")
        assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a" / "figure1.svg").read_bytes()


@pytest.mark.parametrize("horizontal", [False, True])
def test_bars_are_as_long_as_the_values(horizontal: bool) -> None:
    frame = scores(["ar", "de", "zh"], SOURCES)
    axes = drawn(panel(frame, horizontal=horizontal)).axes[0]
    assert len(axes.containers) == 3
    for name, container in zip(SOURCES, axes.containers, strict=True):
        lengths = [bar.get_width() if horizontal else bar.get_height() for bar in container]
        assert lengths == frame.loc[frame["series"] == name, "value"].tolist()
        hatch = style.HATCHES[SOURCES.index(name)]
        assert {bar.get_hatch() for bar in container} == {hatch}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from("XYZW")),
        min_size=1,
        max_size=20,
        unique=True,
    )
)
def test_bars_stand_side_by_side_within_their_group(keys: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame(keys, columns=["group", "series"]).assign(value=1.0)
    found = style.looks(list(frame["series"]), STEM)
    placed = bars._placed(frame, found)
    step = bars.FILLED / bars._most_bars(frame)
    groups = list(dict.fromkeys(frame["group"]))
    assert len(placed) == len(frame)
    for i, group in enumerate(groups):
        rows = placed[placed["group"] == group]
        places = rows["place"].to_numpy()
        assert np.allclose(np.diff(places), step)
        assert places.mean() == pytest.approx(i)
        assert np.abs(places - i).max() + step / 2 <= bars.FILLED / 2 + 1e-9
        order = [list(found).index(name) for name in rows["series"]]
        assert order == sorted(order)


def test_first_group_and_series_stand_at_the_top_of_a_horizontal_panel() -> None:
    axes = drawn(panel(scores(["ar", "de"], SOURCES), horizontal=True)).axes[0]
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert [text.get_text() for text in axes.get_yticklabels()] == ["ar", "de"]
    first = [container[0].get_y() for container in axes.containers]
    assert first == sorted(first)


def test_numbers_stand_beyond_the_ends() -> None:
    frame = scores(["ar"], ["a", "b", "c"], interval=True).assign(
        value=[50.04, -3.96, np.nan], low=[45.0, -6.0, np.nan], high=[49.0, -1.0, np.nan]
    )
    for horizontal in (False, True):
        figure = drawn(panel(frame, horizontal=horizontal, decimals=1))
        texts = figure.axes[0].texts
        assert [text.get_text() for text in texts] == ["50.0", "−4.0", "–"]
        ends = [text.xy[0 if horizontal else 1] for text in texts]
        assert ends == [50.04, -6.0, 0.0]


def test_no_numbers_but_dashes_without_decimals() -> None:
    frame = scores(["ar", "de"], ["a", "b"])
    assert list(drawn(panel(frame)).axes[0].texts) == []
    frame.loc[1, "value"] = np.nan
    assert [text.get_text() for text in drawn(panel(frame)).axes[0].texts] == ["–"]
    assert list(drawn(panel(frame.drop(index=1))).axes[0].texts) == []


def test_numbers_are_left_out_where_they_could_not_be_read() -> None:
    crowd = scores([f"l{i}" for i in range(40)], list("abcdefgh"))
    assert list(drawn(panel(crowd, decimals=1)).axes[0].texts) == []
    below = drawn(panel(crowd, decimals=1, horizontal=True)).axes[0].texts
    assert len(below) == 320


@pytest.mark.parametrize("horizontal", [False, True])
def test_error_bars_span_low_to_high(horizontal: bool) -> None:
    frame = scores(["ar", "de"], ["a"], interval=True)
    frame.loc[1, ["low", "high"]] = [90.0, 95.0]  # an interval without its value
    axes = drawn(panel(frame, horizontal=horizontal)).axes[0]
    (spans,) = (part for part in axes.collections if part.get_segments())
    found = [segment[:, 0 if horizontal else 1].tolist() for segment in spans.get_segments()]
    assert np.allclose(found, frame[["low", "high"]])
    assert (axes.get_xlim() if horizontal else axes.get_ylim())[1] > 95


def test_axis_holds_zero_values_and_lines() -> None:
    frame = scores(["ar", "de"], ["a"])
    low, high = drawn(panel(frame, references=(Reference("best", 99.0),))).axes[0].get_ylim()
    assert low == 0
    assert high > 99
    below = drawn(panel(frame.assign(value=[-5, -9]))).axes[0]
    assert below.get_ylim()[0] < -9
    assert below.get_ylim()[1] == 0
    assert any(list(line.get_ydata()) == [0, 0] for line in below.lines)


def test_limits_are_taken() -> None:
    frame = scores(["ar", "de"], ["a"]).assign(value=[61, 63])
    assert drawn(panel(frame, limits=(60, 64))).axes[0].get_ylim() == (60, 64)
    low, high = drawn(panel(frame, limits=(60, 64), decimals=1)).axes[0].get_ylim()
    assert low == 60
    assert 64 < high < 66


def test_panel_without_known_values_is_drawn() -> None:
    axes = drawn(panel(scores(["ar", "de"], ["a"]).assign(value=np.nan), decimals=1)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["–", "–"]
    assert np.isfinite(axes.get_ylim()).all()


@pytest.mark.parametrize("horizontal", [False, True])
def test_reference_lines_take_the_colour_of_their_series(horizontal: bool) -> None:
    frame = scores(["ar", "de"], SOURCES)
    references = (Reference("mean", 55.0, "X-SNS"), Reference("BEST-1", 70.0))
    figure = drawn(panel(frame, horizontal=horizontal, references=references))
    lines = figure.axes[0].lines[-2:]
    along = [line.get_xdata() if horizontal else line.get_ydata() for line in lines]
    assert [list(values) for values in along] == [[55.0, 55.0], [70.0, 70.0]]
    assert [line.get_color() for line in lines] == [style.COLOURS[1], style.RULE]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [*SOURCES, "mean", "BEST-1"]


def test_series_keeps_its_look_in_all_panels() -> None:
    left, right = drawn(panel(scores("x", ["a", "b"])), panel(scores("x", ["b"]))).axes
    assert left.containers[1][0].get_facecolor() == right.containers[0][0].get_facecolor()


def test_labels_of_groups_break_before_they_turn() -> None:
    names = ["Mandarin Chinese", "Hindi"]
    wide = drawn(panel(scores(names, ["a"]))).axes[0].get_xticklabels()
    assert [text.get_text() for text in wide] == names
    narrow = drawn(*[panel(scores([*names, "Dutch"], ["a"]))] * 3).axes[0].get_xticklabels()
    assert narrow[0].get_text() == "Mandarin\nChinese"
    many = drawn(panel(scores([*names, *map(str, range(20))], ["a"]))).axes[0].get_xticklabels()
    assert {text.get_rotation() for text in many} == {90}


def test_no_texts_overlap() -> None:
    codes = [first + second for first in "adehk" for second in "knru"]
    averages = tuple(Reference(f"average, {name}", 60.0, name) for name in SOURCES)
    ner = panel(scores(codes, SOURCES), decimals=1, group_label="target", references=averages)
    methods = ["X-SNS", "Embedding similarity", "Lexical divergence", "Subword Evenness", "L2V"]
    tasks = [
        panel(scores(methods, [""]), title=f"Task {i} of the study", horizontal=True, decimals=1)
        for i in range(5)
    ]
    assert overlaps(drawn(ner)) == []
    assert overlaps(drawn(ner, ner._replace(values=scores(codes, SOURCES, True)))) == []
    assert overlaps(drawn(*tasks)) == []
    assert overlaps(drawn(panel(scores(methods, methods), decimals=1))) == []


def test_wide_panels_stand_below_each_other() -> None:
    codes = [f"l{i}" for i in range(20)]
    places = [
        axes.get_subplotspec().colspan for axes in drawn(*[panel(scores(codes, SOURCES))] * 2).axes
    ]
    assert [place.start for place in places] == [0, 0]
    narrow = drawn(*[panel(scores("ab", SOURCES))] * 2).axes
    assert [axes.get_subplotspec().colspan.start for axes in narrow] == [0, 1]


@pytest.mark.parametrize("count", [0, 7])
def test_number_of_panels_is_checked(tmp_path: Path, count: int) -> None:
    with pytest.raises(TableError, match=f"figure f: {count} panels; allowed: 1 to 6"):
        draw_bars([panel(scores("a", "b"))] * count, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_panels_that_cannot_be_drawn_are_refused() -> None:
    frame = scores(["ar", "de"], ["a"], interval=True)
    bad = {
        "columns group, value; allowed: group, series, value": panel(frame[["group", "value"]]),
        "no values": panel(frame.iloc[:0]),
        "a row without group or series": panel(frame.assign(group=["ar", np.nan])),
        "low is above high": panel(frame.assign(low=200)),
        "two rows for {'group': 'ar', 'series': 'a'}": panel(frame.assign(group="ar")),
        "-1 decimals; allowed: 0 or more": panel(frame, decimals=-1),
        "limits 0 to 10 cut off values from": panel(frame, limits=(0, 10)),
        "limits 9 to 3; allowed: finite and asc": panel(frame, limits=(9, 3)),
        "limits nan to 3; allowed": panel(frame, limits=(float("nan"), 3)),
    }
    for message, chosen in bad.items():
        with pytest.raises(TableError, match=f"figure f, panel 'NER': {message}"):
            drawn(chosen)


def test_limits_must_hold_the_lines() -> None:
    frame = scores(["ar"], ["a"]).assign(value=5.0)
    with pytest.raises(TableError, match="limits 0 to 10 cut off values from 5 to 11"):
        drawn(panel(frame, limits=(0, 10), references=(Reference("best", 11.0),)))


def test_at_most_eight_series() -> None:
    with pytest.raises(TableError, match="figure f: 9 series; allowed: up to 8"):
        drawn(panel(scores("x", "abcdefghi")))
