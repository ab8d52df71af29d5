"""Heat maps: reproducible bytes, the right colours, numbers that can be read."""

import re
from itertools import pairwise
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from isogloss.errors import TableError
from isogloss.figures import matrix
from isogloss.figures.matrix import Panel, draw_matrices

KINDS = ("svg", "pdf", "png")


def frame(values: list[list[float]], rows: list[str], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        values, pd.Index(rows, name="layer"), pd.Index(columns, name="distance"), dtype=float
    )


@pytest.fixture
def here() -> Panel:
    values = frame([[-0.176, 0.25], [np.nan, 0.5]], ["1", "AVG"], ["SYN", "GEO"])
    marks = frame([[0, 0], [0, 0]], ["1", "AVG"], ["SYN", "GEO"]).astype(object)
    marks.loc[:, :] = [["*", ""], ["", "**"]]
    return Panel("here", values, marks, "Pearson r", True)


@pytest.fixture
def published() -> Panel:
    values = frame([[0.1, -0.2], [0.3, -0.4], [0.0, 0.7]], ["1", "2", "AVG"], ["SYN", "GEO"])
    return Panel("published", values, None, "Pearson r", True)


def sizes(stem: Path) -> dict[str, bytes]:
    return {kind: stem.with_name(f"{stem.name}.{kind}").read_bytes() for kind in KINDS}


def test_same_panels_give_same_bytes(tmp_path: Path, here: Panel, published: Panel) -> None:
    draw_matrices([here, published], tmp_path / "a" / "figure1")
    draw_matrices([here, published], tmp_path / "b" / "figure1")
    assert sizes(tmp_path / "a" / "figure1") == sizes(tmp_path / "b" / "figure1")


def test_bytes_do_not_depend_on_the_style_of_the_caller(tmp_path: Path, here: Panel) -> None:
    draw_matrices([here], tmp_path / "plain")
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "svg.hashsalt": "x"}):
        draw_matrices([here], tmp_path / "styled")
        assert matplotlib.rcParams["font.size"] == 20
    assert sizes(tmp_path / "plain") == sizes(tmp_path / "styled")


def test_files_hold_no_date_and_no_foreign_font(tmp_path: Path, here: Panel) -> None:
    draw_matrices([here], tmp_path / "figure1")
    written = sizes(tmp_path / "figure1")
    assert b"<dc:date>" not in written["svg"]
    assert b"<text" not in written["svg"]
    assert b"CreationDate" not in written["pdf"]
    assert b"/FontFile2" in written["pdf"]


def test_png_shows_the_colours_of_the_cells(tmp_path: Path) -> None:
    values = frame([[-1.0, 1.0], [0.0, np.nan]], ["1", "2"], ["SYN", "GEO"])
    draw_matrices([Panel("here", values, None, "Pearson r", True)], tmp_path / "figure")
    pixels = matplotlib.image.imread(tmp_path / "figure.png")[:, :, :3]
    colours = matplotlib.colormaps[matrix.DIVERGING]
    expected = [colours(0.0), colours(1.0), colours(0.5), matplotlib.colors.to_rgb(matrix.MISSING)]
    cell = matrix.CELL_HEIGHT * matrix.STYLE["savefig.dpi"]
    for colour in expected:
        near = np.abs(pixels - np.array(colour[:3])).max(axis=2) < 0.01
        assert near.sum() > cell * cell / 2, colour


def test_panels_share_one_scale_around_zero(here: Panel, published: Panel) -> None:
    assert matrix._scale([here]).get_clim() == (-0.5, 0.5)
    figure = matrix._figure([here, published])
    drawn = [axes.collections[0].get_clim() for axes in figure.axes[:2]]
    assert drawn == [(-0.75, 0.75)] * 2


def test_scale_of_percentages_spans_tens() -> None:
    values = frame([[33.3, 82.79]], ["en"], ["de", "en"])
    assert matrix._scale([Panel("", values, None, "percent", False)]).get_clim() == (30, 90)


@pytest.mark.parametrize("value", [0.0, 50.0, np.nan])
def test_scale_of_one_value_is_not_empty(value: float) -> None:
    low, high = matrix._scale(
        [Panel("", frame([[value]], ["en"], ["de"]), None, "percent", False)]
    ).get_clim()
    assert high - low == 10


def test_cells_show_rounded_numbers_with_their_marks(here: Panel) -> None:
    assert matrix._texts(here) == [["−0.176*", "0.250"], ["–", "0.500**"]]
    assert matrix._texts(here._replace(marks=None, diverging=False))[0] == ["−0.2", "0.2"]


def test_ink_is_the_one_that_stands_out() -> None:
    assert matrix._ink(1.0, 1.0, 1.0) == "black"
    assert matrix._ink(0.0, 0.0, 0.0) == "white"
    assert matrix._ink(0.9, 0.9, 0.2) == "black"
    assert matrix._ink(0.1, 0.1, 0.6) == "white"


@pytest.mark.parametrize("name", [matrix.DIVERGING, matrix.SEQUENTIAL])
def test_ink_is_readable_on_every_colour(name: str) -> None:
    for colour in matplotlib.colormaps[name](np.linspace(0, 1, 101)):
        linear = np.where(
            colour[:3] <= 0.04045, colour[:3] / 12.92, ((colour[:3] + 0.055) / 1.055) ** 2.4
        )
        luminance = float(linear @ [0.2126, 0.7152, 0.0722])
        black, white = (luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05)
        assert (black if matrix._ink(*colour[:3]) == "black" else white) >= 4.5


def test_cells_of_panels_do_not_overlap_and_wide_ones_go_below(published: Panel) -> None:
    names = [f"l{i}" for i in range(15)]
    large = Panel("large", frame(np.full((15, 15), 66.6).tolist(), names, names), None, "%", False)
    side = matrix._layout([published, published, published])
    assert len({box.top for box in side}) == 1
    assert all(a.left + a.width < b.left for a, b in pairwise(side))
    above, below = matrix._layout([large, large])
    assert above.left == below.left
    assert above.top + above.height < below.top


def test_figure_is_as_wide_as_its_title(here: Panel) -> None:
    short = matrix._figure([here]).get_size_inches()
    long = matrix._figure([here._replace(title="a title " * 12)]).get_size_inches()
    assert long[0] > short[0]
    assert long[1] == short[1]


@pytest.mark.parametrize("count", [0, 4])
def test_number_of_panels_is_checked(tmp_path: Path, here: Panel, count: int) -> None:
    with pytest.raises(TableError, match=f"figure f: {count} panels; allowed: 1 to 3"):
        draw_matrices([here] * count, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_panels_of_different_units_are_refused(tmp_path: Path, here: Panel) -> None:
    with pytest.raises(TableError, match="share unit"):
        draw_matrices([here, here._replace(unit="percent")], tmp_path / "f")


def test_marks_must_fit_the_values(tmp_path: Path, here: Panel) -> None:
    assert here.marks is not None
    with pytest.raises(TableError, match="'here': marks must have"):
        draw_matrices([here._replace(marks=here.marks.iloc[:1])], tmp_path / "f")


def test_panel_without_values_is_refused(tmp_path: Path, here: Panel) -> None:
    with pytest.raises(TableError, match="no values"):
        draw_matrices([here._replace(values=here.values.iloc[:0], marks=None)], tmp_path / "f")


@pytest.mark.shared
def test_published_figure_3_is_drawn(tmp_path: Path, shared: Path) -> None:
    table = pd.read_csv(
        shared / "published/philippy2023/figure3_xnli_accuracy_matrix.csv", index_col="source_lang"
    )
    panel = Panel("published", table, None, "accuracy, percent", False)
    assert matrix._texts(panel)[4][4] == "82.8"
    assert matrix._texts(panel)[15][15] == "–"
    draw_matrices([panel], tmp_path / "figure3")
    svg = (tmp_path / "figure3.svg").read_text()
    cells = re.search(r'<g id="QuadMesh_1">(.*?)</g>', svg, re.DOTALL)
    assert cells is not None
    assert len(re.findall(r"<path |<use ", cells[1])) >= 256
