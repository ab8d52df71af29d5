"""Curves: the numbers drawn, gaps and bands, the page, what all figures share."""

import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import isogloss
from isogloss.errors import TableError
from isogloss.figures import lines, style
from isogloss.figures.lines import LinePanel, draw_lines
from isogloss.figures.style import Reference

KINDS = ("svg", "pdf", "png")
STEM = Path("f")


def curves(series: Sequence[str], x: Sequence[float], band: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(name, at, rng.uniform(60, 90)) for name in series for at in x]
    frame = pd.DataFrame(rows, columns=["series", "x", "value"])
    return frame.assign(low=frame["value"] - 2, high=frame["value"] + 1) if band else frame


def panel(frame: pd.DataFrame, **fields: Any) -> LinePanel:
    return LinePanel("NER", "p", "NDCG@3", frame)._replace(**fields)


def drawn(*panels: LinePanel) -> Any:
    with style.styled():
        return lines._figure(list(panels), STEM)


def written(stem: Path) -> dict[str, bytes]:
    return {kind: stem.with_name(f"{stem.name}.{kind}").read_bytes() for kind in KINDS}


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
            (text.get_text(), text.get_window_extent().padded(-0.5))
            for text in texts
            if text.get_text() and text.get_visible()
        ]
    return [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.overlaps(y)]


def test_same_panels_give_same_bytes(tmp_path: Path) -> None:
    panels = [panel(curves(["X-SNS", "EMB"], [0.05, 0.1, 0.15], band=True))] * 2
    draw_lines(panels, tmp_path / "a" / "figure3")
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": "x", "axes.facecolor": "red"}):
        draw_lines(panels, tmp_path / "b" / "figure3")
    first = written(tmp_path / "a" / "figure3")
    assert first == written(tmp_path / "b" / "figure3")
    assert b"<dc:date>" not in first["svg"]
    assert b"<text" not in first["svg"]
    assert b"CreationDate" not in first["pdf"]
    assert matplotlib.image.imread(tmp_path / "a" / "figure3.png").shape[1] == 1440


def test_another_value_gives_other_bytes(tmp_path: Path) -> None:
    frame = curves(["X-SNS"], [0.05, 0.1])
    draw_lines([panel(frame)], tmp_path / "a")
    draw_lines([panel(frame.assign(value=frame["value"] ** 2))], tmp_path / "b")
    assert written(tmp_path / "a")["svg"] != written(tmp_path / "b")["svg"]


def test_curves_hold_the_numbers_in_order_of_x() -> None:
    frame = curves(["X-SNS", "EMB"], [0.1, 0.2, 0.3])
    axes = drawn(panel(frame.sample(frac=1, random_state=3).reset_index(drop=True))).axes[0]
    found = {tuple(line.get_ydata()) for line in axes.lines}
    assert found == {tuple(rows["value"]) for _, rows in frame.groupby("series")}
    assert all(list(line.get_xdata()) == [0.1, 0.2, 0.3] for line in axes.lines)


def test_missing_values_and_missing_rows_leave_gaps() -> None:
    frame = curves(["a", "b"], [1, 2, 3])
    frame.loc[1, "value"] = np.nan
    frame = frame.drop(index=5)
    first, second = drawn(panel(frame)).axes[0].lines
    assert np.isnan(first.get_ydata()).tolist() == [False, True, False]
    assert np.isnan(second.get_ydata()).tolist() == [False, False, True]


def test_band_spans_low_to_high_where_the_value_is_known() -> None:
    frame = curves(["a"], [1, 2, 3, 4, 5], band=True)
    frame.loc[2, "value"] = np.nan
    frame.loc[3, "high"] = np.nan
    band, lone = drawn(panel(frame)).axes[0].collections
    (path,) = band.get_paths()
    assert set(path.vertices[:, 0]) == {1, 2}
    assert path.vertices[:, 1].min() == frame.loc[:1, "low"].min()
    assert path.vertices[:, 1].max() == frame.loc[:1, "high"].max()
    ((bottom, top),) = [segment.tolist() for segment in lone.get_segments()]
    assert bottom == [5, frame.loc[4, "low"]]
    assert top == [5, frame.loc[4, "high"]]


def test_frame_without_interval_has_no_band() -> None:
    assert list(drawn(panel(curves(["a"], [1, 2]))).axes[0].collections) == []


def test_lines_of_reference_stand_at_their_values() -> None:
    chosen = panel(
        curves(["X-SNS"], [0.1, 0.2]),
        upright=Reference("main experiments", 0.15),
        references=(Reference("chance", 61.0), Reference("mean", 70.0, "X-SNS")),
    )
    figure = drawn(chosen, chosen._replace(references=(Reference("chance", 55.0),)))
    for axes, values in zip(figure.axes, [[61.0, 70.0], [55.0]], strict=True):
        across = [line for line in axes.lines if list(line.get_xdata()) == [0, 1]]
        assert [line.get_ydata()[0] for line in across] == values
        assert [list(line.get_xdata()) for line in axes.lines][-1] == [0.15, 0.15]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["X-SNS", "chance", "mean", "main experiments"]
    first, second = figure.axes[0].lines[1:3]
    assert first.get_color() == style.RULE
    assert second.get_color() == style.COLOURS[0]
    patterns = [line._unscaled_dash_pattern for line in figure.axes[0].lines[1:]]
    handles = figure.legends[0].get_lines()[1:]
    assert patterns == [line._unscaled_dash_pattern for line in handles]
    assert len({str(pattern) for pattern in patterns}) == 3


def test_series_keeps_its_look_in_all_panels() -> None:
    left, right = drawn(panel(curves(["a", "b"], [1, 2])), panel(curves(["b", "c"], [1, 2]))).axes
    seen = [(line.get_color(), line.get_marker()) for line in [*left.lines, *right.lines]]
    assert seen[1] == seen[2]
    assert len(set(seen)) == 3


def test_unnamed_series_is_not_in_the_legend() -> None:
    assert drawn(panel(curves([""], [1, 2]))).legends == []
    assert len(drawn(panel(curves(["a", ""], [1, 2]))).legends[0].get_texts()) == 1


def test_logarithmic_axis_marks_every_x() -> None:
    sizes = [64, 128, 256, 512, 1024, 10000]
    frame = curves(["X-SNS"], sizes)
    for count in (1, 5):
        axes = drawn(*[panel(frame, logarithmic=True)] * count).axes[0]
        assert axes.get_xscale() == "log"
        assert [text.get_text() for text in axes.get_xticklabels()] == list(map(str, sizes))
    assert lines._apart(sizes, list(map(str, sizes)), 6.5)
    assert not lines._apart(sizes, list(map(str, sizes)), 1.5)


def test_one_x_on_a_logarithmic_axis() -> None:
    assert len(drawn(panel(curves(["a"], [1024]), logarithmic=True)).axes[0].lines) == 1


def test_ticks_of_layers_are_whole_numbers() -> None:
    figure = drawn(panel(curves(["a"], [1, 2, 3])))
    assert all(tick == round(tick) for tick in figure.axes[0].get_xticks())


ALPHAS = sorted([*(k / 10 for k in range(-5, 16)), *(k / 40 for k in (1, 2, 3, 33, 34, 35))])


def test_curves_of_few_points_have_a_marker_at_each() -> None:
    for line in drawn(panel(curves(["a", "b"], [k / 20 for k in range(1, 21)]))).axes[0].lines:
        assert line.get_markevery() is None


def test_long_curves_have_few_markers_each_at_x_of_its_own() -> None:
    series = ["source, from source", "target, from source", "source, from target"]
    shown = [line.get_markevery() for line in drawn(panel(curves(series, ALPHAS))).axes[0].lines]
    assert all(5 <= len(points) <= lines.THINNED for points in shown)
    assert len({point for points in shown for point in points}) == sum(map(len, shown))
    assert all(np.diff([ALPHAS[i] for i in points]).max() < 0.7 for points in shown)
    axes = drawn(panel(curves(["a", "b"], ALPHAS)), panel(curves(["b"], ALPHAS))).axes
    assert axes[0].lines[1].get_markevery() == axes[1].lines[0].get_markevery()


def test_markers_stand_at_equal_distances_of_a_logarithmic_axis() -> None:
    sizes = [float(x) for x in range(1, 1001)]
    (line,) = drawn(panel(curves(["a"], sizes), logarithmic=True)).axes[0].lines
    at = np.log10([sizes[point] for point in line.get_markevery()])
    assert np.diff(at) == pytest.approx(np.full(5, 0.5), abs=0.03)


@given(
    st.lists(st.booleans(), min_size=21, max_size=60).filter(lambda known: sum(known) > 20),
    st.floats(0.0, 1.0, exclude_max=True),
)
def test_no_point_of_a_long_curve_is_lost(known: list[bool], phase: float) -> None:
    marked = lines._marked(np.arange(len(known)) / 7, np.array(known), phase)
    assert marked is not None and all(known[point] for point in marked)
    padded = [False, *known, False]
    alone = [i for i in range(len(known)) if padded[i : i + 3] == [False, True, False]]
    assert set(alone) <= set(marked)
    assert len(set(marked) - set(alone)) <= lines.THINNED


def test_axis_of_coefficients_marks_the_models() -> None:
    for count in (1, 2, 4, 6):
        axes = drawn(*[panel(curves(["a"], ALPHAS))] * count).axes[0]
        ticks = [tick for tick in axes.get_xticks() if -0.6 < tick < 1.6]
        assert ticks == pytest.approx([-0.5, 0.0, 0.5, 1.0, 1.5])


@given(st.floats(-3.0, -0.01), st.floats(0.01, 3.0))
def test_axis_across_zero_marks_whole_numbers(low: float, high: float) -> None:
    axes = Figure().add_subplot()
    axes.set_xlim(low, high)
    lines._set_x(axes, np.array([low, high]), False, 3.0)
    step = axes.get_xticks()[1] - axes.get_xticks()[0]
    assert step > 1 or abs(1 / step - round(1 / step)) < 1e-6


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3)])
def test_panels_wrap_on_a_page_of_one_width(count: int, columns: int) -> None:
    figure = drawn(*[panel(curves(["a"], [1, 2]))] * count)
    with style.styled():
        figure.draw_without_rendering()
    places = [axes.get_position() for axes in figure.axes]
    assert len({round(place.x0, 3) for place in places}) == columns
    assert figure.get_size_inches()[0] == 7.2
    assert not any(a.overlaps(b) for a, b in itertools.combinations(places, 2))
    assert len({round(place.width, 4) for place in places}) == 1


def test_no_texts_overlap() -> None:
    tasks = ["NER (WikiANN)", "POS tagging (Universal Dependencies)", "NLI", "PI (PAWS-X)", "QA"]
    methods = ["X-SNS", "Embedding similarity", "Lexical divergence", "Subword Evenness", "L2V"]
    sizes = [64, 128, 256, 512, 1024, 10000]
    main = Reference("size in the main experiments", 1024)
    panels = [
        LinePanel(task, "sentences |D|", "NDCG@3 (percent)", curves(methods, sizes), True, main)
        for task in tasks
    ]
    grid = [
        LinePanel(task, "fraction p", "NDCG@3", curves(methods, [k / 20 for k in range(1, 20)]))
        for task in tasks
    ]
    assert overlaps(drawn(*panels)) == []
    assert overlaps(drawn(panels[0])) == []
    assert overlaps(drawn(*grid)) == []
    four = [f"{scored}, from {start}" for start in ("source", "target") for scored in ("en", "de")]
    paths = [LinePanel(task, "α", "share", curves(four, ALPHAS, True)) for task in tasks[:4]]
    assert overlaps(drawn(*paths)) == []


@pytest.mark.parametrize("count", [0, 13])
def test_number_of_panels_is_checked(tmp_path: Path, count: int) -> None:
    with pytest.raises(TableError, match=f"figure f: {count} panels; allowed: 1 to 12"):
        draw_lines([panel(curves(["a"], [1]))] * count, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_at_most_eight_series() -> None:
    assert len(drawn(panel(curves(list("abcdefgh"), [1, 2]))).axes[0].lines) == 8
    with pytest.raises(TableError, match="figure f: 9 series; allowed: up to 8"):
        drawn(panel(curves(list("abcdefg"), [1])), panel(curves(list("hi"), [1])))


def test_at_most_eight_labels_of_lines() -> None:
    many = tuple(Reference(f"line {i}", i) for i in range(9))
    drawn(panel(curves(["a"], [1]), references=many[:8]))
    with pytest.raises(TableError, match="'line 8': too many reference lines; allowed: up to 8"):
        drawn(panel(curves(["a"], [1]), references=many))


def test_frames_that_cannot_be_drawn_are_refused() -> None:
    frame = curves(["a", "b"], [1, 2], band=True)
    bad = {
        "columns series, x; allowed: series, x, value and both or neither": frame[["series", "x"]],
        "columns series, x, value, low": frame.drop(columns="high"),
        "columns series, x, value, low, high, seed": frame.assign(seed=1),
        "no values": frame.iloc[:0],
        "a row without series": frame.assign(series=[np.nan, "a", "b", "b"]),
        "a row without x": frame.assign(x=[np.nan, 1, 1, 2]),
        "column value holds (object|str)": frame.assign(value=["1", "2", "3", "4"]),
        "column value holds an infinite": frame.assign(value=np.inf),
        "low is above high": frame.assign(low=100),
        "two rows for {'series': 'a', 'x': 1.0}": frame.assign(x=1),
    }
    for message, values in bad.items():
        with pytest.raises(TableError, match=f"figure f, panel 'NER': {message}"):
            drawn(panel(values))


def test_lines_that_cannot_be_drawn_are_refused() -> None:
    frame = curves(["a"], [1, 2])
    with pytest.raises(TableError, match="'mean': series 'b'; allowed: a"):
        drawn(panel(frame, references=(Reference("mean", 1.0, "b"),)))
    with pytest.raises(TableError, match="'mean': nan; allowed: finite"):
        drawn(panel(frame, upright=Reference("mean", float("nan"))))
    with pytest.raises(TableError, match=r"x is 0\.0; allowed on a logarithmic scale: above 0"):
        drawn(panel(frame.assign(x=[0, 1]), logarithmic=True))
    with pytest.raises(TableError, match="x is -1; allowed on a logarithmic scale"):
        drawn(panel(frame, logarithmic=True, upright=Reference("main", -1)))


def test_missing_numbers_of_pandas_are_missing() -> None:
    frame = curves(["a"], [1, 2]).assign(value=pd.array([1, None], dtype="Int64"))
    (line,) = drawn(panel(frame)).axes[0].lines
    assert np.array_equal(line.get_ydata(), [1, np.nan], equal_nan=True)
    empty = drawn(panel(curves(["a"], [1, 2]).assign(value=None)))
    assert np.isnan(empty.axes[0].lines[0].get_ydata()).all()


def test_frame_is_not_changed() -> None:
    frame = curves(["b", "a"], [2, 1], band=True)
    before = frame.copy()
    drawn(panel(frame))
    pd.testing.assert_frame_equal(frame, before)


@given(st.lists(st.floats(0.5, 9.0), min_size=1, max_size=6))
def test_panels_side_by_side_fit_the_page(widths: list[float]) -> None:
    columns = style.columns_for(widths)
    assert 1 <= columns <= min(3, len(widths))
    assert columns == 1 or columns * max(widths) <= style.PAGE_WIDTH + 1e-6
    rows = -(-len(widths) // columns)
    assert (columns - 1) * rows < len(widths)


def seen_by(kind: str) -> np.ndarray:
    """The colours of series in CIELAB, as readers of a kind of sight see them.

    Machado, Oliveira and Fernandes 2009, severity 1.
    """
    matrices = {
        "full": np.eye(3).tolist(),
        "protan": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        "deutan": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        "tritan": [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    }
    rgb = np.array([to_rgb(colour) for colour in style.COLOURS])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(matrices[kind]).T, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.array(to_xyz).T / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


@pytest.mark.parametrize("kind", ["full", "protan", "deutan", "tritan"])
def test_colours_differ_for_every_kind_of_sight(kind: str) -> None:
    lab = seen_by(kind)
    apart = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(lab, 2)]
    assert min(apart) > 15
    assert lab[:, 0].max() < 80  # stands out on white paper


def test_series_differ_without_colour() -> None:
    looks = style.looks(list("abcdefgh"), STEM).values()
    assert len({look.marker for look in looks}) == 8
    assert len({look.hatch for look in looks}) == 8
    assert len(set(style.DASHES)) == 8


@pytest.mark.parametrize(
    "module", ["style", "matrix", "lines", "bars", "boxes", "scatter", "surfaces"]
)
def test_cache_of_matplotlib_is_on_the_local_disk(module: str, tmp_path: Path) -> None:
    home = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "local")}
    home.pop("MPLCONFIGDIR", None)
    home["PYTHONPATH"] = str(Path(isogloss.__file__).parents[1])
    (tmp_path / "local").mkdir()
    code = f"import isogloss.figures.{module}, matplotlib; print(matplotlib.get_configdir())"
    found = subprocess.run(
        [sys.executable, "-c", code], env=home, capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith(str(tmp_path / "local" / "isogloss-matplotlib-"))
