"""Tables for reading and the page: numbers in full, marks, escaping, reproducible bytes."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.papers import views
from isogloss.papers.page import SHARED_LANGUAGES, Section, limits, write_page
from isogloss.papers.views import (
    comparison_summary,
    comparison_table,
    correlation_table,
    is_numeric,
    readable,
    score_table,
    wide,
    write_views,
)

VALUES = [-0.3193417, 0.1 + 0.2, -1 / 3]


@pytest.fixture
def correlations() -> pd.DataFrame:
    rows = [
        ("table1", row, "pearson", "pearson", distances, "-", same, value, p)
        for distances, same, shift in (("uriel", "included", 0), ("other", "excluded", 1))
        for row, value, p in zip(
            ("GEO", "SYN", "PHON"), np.array(VALUES) + shift, (0.03, 0.0004, 0.2), strict=True
        )
    ]
    rows += [
        ("figure1", row, "SYN", "pearson", "uriel", "pretrained", "excluded", 0.5, 0.04)
        for row in ("1", "10", "2", "AVG")
    ]
    names = [
        "item",
        "row",
        "column",
        "coefficient",
        "distances",
        "base",
        "same_language",
        "value",
        "p",
    ]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(n=225, p_permutation=np.nan, low=-0.45, high=-0.201, q=[0.05] * len(frame))


@pytest.fixture
def published() -> pd.DataFrame:
    rows = [
        ("philippy2023", "table1", "SYN", "pearson", "-0.3193", "fraction", "**"),
        ("philippy2023", "table1", "GEO", "pearson", "-0.3178", "fraction", ""),
        ("philippy2023", "figure1", "2", "SYN", "-0.1", "fraction", ""),
    ]
    return pd.DataFrame(rows, columns=["study", "item", "row", "column", "value", "unit", "stars"])


@pytest.fixture
def table1(correlations: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    return correlation_table(correlations, published, "table1", "uriel", "last", "included")


@pytest.fixture
def comparison() -> pd.DataFrame:
    rows = [
        ("philippy2023", "table1", "SYN", "pearson", "fraction", "-0.3193", -0.31934, -4e-5),
        ("philippy2023", "figure3", "en", "de", "percent", "71.50", 41.0, -30.5),
        ("philippy2023", "figure1", "12", "SYN", "fraction", "-0.17", np.nan, np.nan),
        ("philippy2023", "figure1", "2", "SYN", "fraction", "-0.1", np.nan, np.nan),
        ("philippy2023", "figure1", "AVG", "XYZ", "fraction", None, 0.5, np.nan),
    ]
    names = ["study", "item", "row", "column", "unit", "published", "here", "difference"]
    status = ["matched", "differs by -30.50", *["not attempted: 4 layers"] * 2, "not published"]
    return pd.DataFrame(rows, columns=names).assign(status=status)


def run(**changes: object) -> dict[str, object]:
    row = {"encoder": "small", "task": "nli", "trained_on": "en", "recipe": "r", "seed": 1}
    row |= {"language": "de", "split": "test", "metric": "accuracy", "value": 40.0, "n": 450}
    return row | changes


@pytest.fixture
def scores() -> pd.DataFrame:
    rows = [run(), run(seed=2, value=41.0), run(language="en", value=47.0)]
    return pd.DataFrame(rows)


@pytest.fixture
def baselines() -> pd.DataFrame:
    rows = [
        {**run(language=language, value=value), "method": method}
        for language in ("de", "en")
        for method, value in (("bag_of_words", 48.2), ("chance", 100 / 3), ("majority", 33.5))
    ]
    return pd.DataFrame(rows).drop(columns=["encoder", "recipe", "seed"])


class TestCorrelationTable:
    def test_takes_one_variant_in_the_order_of_the_paper(self, table1: pd.DataFrame) -> None:
        assert list(table1["row"]) == ["SYN", "GEO", "PHON"]
        assert list(table1["value"]) == [VALUES[1], VALUES[0], VALUES[2]]

    def test_sets_stars_by_p_and_keeps_the_printed_ones(self, table1: pd.DataFrame) -> None:
        assert list(table1["stars"]) == ["**", "*", ""]
        assert list(table1["published"][:2]) == ["-0.3193**", "-0.3178"]
        assert pd.isna(table1["published"][2])

    def test_levels_of_stars_can_be_those_of_table_2(
        self, correlations: pd.DataFrame, published: pd.DataFrame
    ) -> None:
        table = correlation_table(
            correlations, published, "table1", "uriel", "last", "included", ((0.01, "*"),)
        )
        assert list(table["stars"]) == ["*", "", ""]

    def test_layers_are_in_order_and_their_mean_is_last(
        self, correlations: pd.DataFrame, published: pd.DataFrame
    ) -> None:
        table = correlation_table(
            correlations, published, "figure1", "uriel", "pretrained", "excluded"
        )
        assert list(table["row"]) == ["1", "2", "10", "AVG"]
        assert table["published"][1] == "-0.1"

    def test_absent_variant_is_an_error(
        self, correlations: pd.DataFrame, published: pd.DataFrame
    ) -> None:
        with pytest.raises(TableError, match="no row of item 'table1'"):
            correlation_table(correlations, published, "table1", "uriel", "last", "excluded")

    def test_published_cell_that_occurs_twice_is_an_error(
        self, correlations: pd.DataFrame, published: pd.DataFrame
    ) -> None:
        doubled = pd.concat([published, published])
        with pytest.raises(TableError, match="cell twice"):
            correlation_table(correlations, doubled, "table1", "uriel", "last", "included")

    def test_reads_with_stars_interval_and_dashes(self, table1: pd.DataFrame) -> None:
        text = readable(table1)
        assert list(text["value"]) == ["0.3000**", "−0.3193*", "−0.3333"]
        assert list(text["published"]) == ["−0.3193**", "−0.3178", "–"]
        assert list(text["p"]) == ["<0.001", "0.030", "0.200"]
        assert list(text["p (permutation)"]) == ["–"] * 3
        assert list(text["95% interval"]) == ["[−0.45, −0.20]"] * 3
        assert list(text["n"]) == ["225"] * 3
        assert not {"stars", "low", "high"} & set(text.columns)


class TestComparison:
    def test_rows_follow_the_paper(self, comparison: pd.DataFrame) -> None:
        table = comparison_table(comparison)
        assert list(table["row"]) == ["2", "12", "AVG", "en", "SYN"]

    def test_decimals_follow_the_unit(self, comparison: pd.DataFrame) -> None:
        text = readable(comparison_table(comparison))
        assert list(text["here"]) == ["–", "–", "0.5000", "41.00", "−0.3193"]
        assert list(text["published"]) == ["−0.1", "−0.17", "–", "71.50", "−0.3193"]

    def test_summary_counts_every_cell_once(self, comparison: pd.DataFrame) -> None:
        summary = comparison_summary(comparison).set_index("item")
        assert list(summary.columns) == [*views.STATUSES, "cells"]
        assert list(summary.loc["figure1"]) == [0, 0, 2, 1, 3]
        assert list(summary.loc["All"]) == [1, 1, 2, 1, len(comparison)]

    def test_unknown_status_is_an_error(self, comparison: pd.DataFrame) -> None:
        with pytest.raises(TableError, match="status 'lost' is unknown"):
            comparison_summary(comparison.assign(status="lost"))


class TestScores:
    def test_score_is_the_mean_over_seeds(
        self, scores: pd.DataFrame, baselines: pd.DataFrame
    ) -> None:
        table = score_table(scores, baselines)
        assert list(table.columns) == [
            "trained_on",
            "language",
            "seeds",
            "score",
            "majority",
            "bag_of_words",
            "chance",
        ]
        assert list(table["score"]) == [40.5, 47.0]
        assert list(table["seeds"]) == [2, 1]
        assert list(table["bag_of_words"]) == [48.2, 48.2]
        assert list(table["chance"]) == [100 / 3] * 2

    def test_what_varies_gets_a_column(self, scores: pd.DataFrame, baselines: pd.DataFrame) -> None:
        table = score_table(pd.concat([scores, scores.assign(encoder="large")]), baselines)
        assert list(table.columns[:3]) == ["encoder", "trained_on", "language"]
        assert len(table) == 4

    def test_a_baseline_of_another_source_is_not_taken(
        self, scores: pd.DataFrame, baselines: pd.DataFrame
    ) -> None:
        table = score_table(scores, baselines.assign(trained_on="fr"))
        assert table["majority"].isna().all()


def test_wide_is_in_reading_order() -> None:
    labels = ["AVG", "10", "9", "baseline", "de", "CLTP", "PHON", "SYN"]
    long = pd.DataFrame({"row": labels, "column": "x", "value": range(len(labels))})
    matrix = wide(long)
    assert list(matrix.index) == ["9", "10", "baseline", "SYN", "PHON", "de", "AVG", "CLTP"]
    assert matrix.loc["9", "x"] == 2


class TestFiles:
    def test_same_table_gives_same_bytes(self, tmp_path: Path, table1: pd.DataFrame) -> None:
        for folder in ("a", "b"):
            write_views(table1, tmp_path / folder / "table1", "Caption", "Note")
        for kind in ("csv", "md", "tex"):
            first, second = (tmp_path / folder / f"table1.{kind}" for folder in ("a", "b"))
            assert first.read_bytes() == second.read_bytes()
        assert len(list((tmp_path / "a").iterdir())) == 3

    def test_csv_holds_every_digit(self, tmp_path: Path, table1: pd.DataFrame) -> None:
        write_views(table1, tmp_path / "table1", "Caption", "")
        text = (tmp_path / "table1.csv").read_text()
        assert ",0.30000000000000004,**," in text
        again = pd.read_csv(tmp_path / "table1.csv", dtype={"value": str})
        assert list(again["value"].astype(float)) == list(table1["value"])
        assert again["p_permutation"].isna().all()

    @given(
        st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1, max_size=5)
    )
    def test_csv_gives_any_number_back(self, numbers: list[float]) -> None:
        text = pd.DataFrame({"value": numbers}).to_csv(index=False, lineterminator="\n")
        assert [float(line) for line in text.split()[1:]] == numbers

    def test_markdown_shows_text_and_escapes(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"a|b": ["x|y", "<b>"], "value": [0.5, np.nan], "stars": ["*", ""]})
        write_views(frame, tmp_path / "t", "Stars: * p", "A note.")
        lines = (tmp_path / "t.md").read_text().splitlines()
        assert lines[0] == r"Stars: \* p"
        assert lines[-1] == "A note."
        cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
        assert cells[2] == [r"a\|b", "value"]
        assert cells[3][1].endswith(":")
        assert cells[4:6] == [[r"x\|y", r"0.5000\*"], [r"\<b>", "–"]]

    def test_latex_escapes_every_special_character(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"a_b%": [r"\&%$#_{}~^<[", "x"], "value": [-0.5, np.nan]})
        write_views(frame, tmp_path / "t", "50 % of a_b", "n < 5")
        text = (tmp_path / "t.tex").read_text()
        cell = (
            r"\textbackslash{}\&\%\$\#\_\{\}\textasciitilde{}\textasciicircum{}$<${[} & $-$0.5000"
        )
        assert cell in text
        assert "x & -- \\\\" in text
        assert r"a b\% & value" in text
        assert r"\caption{50 \% of a\_b}" in text
        assert r"n $<$ 5" in text
        assert text.index("n $<$") < text.index(r"\end{table}")
        for rule in ("toprule", "midrule", "bottomrule"):
            assert text.count(f"\\{rule}") == 1

    def test_long_latex_table_breaks_over_pages(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"n": range(views.ROWS_OF_A_PAGE + 1)})
        write_views(frame, tmp_path / "t", "Caption", "Note")
        text = (tmp_path / "t.tex").read_text()
        assert text.startswith(r"\begin{longtable}{r}")
        assert text.index(r"\end{longtable}") < text.index("Note")

    def test_numbers_are_told_from_words(self) -> None:
        assert is_numeric(["1", "−0.5**", "–", "<0.001", "[−0.45, 0.10]"])
        assert not is_numeric(["1", "AVG"])
        assert not is_numeric(["4 layers"])
        assert not is_numeric(["differs by −0.1"])


class Reader(HTMLParser):
    """Collects tags, ids, links into the page and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name.endswith("href") and value and value.startswith("#"):
                self.targets.append(value[1:])

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


SVG = (
    '<?xml version="1.0"?><!DOCTYPE svg><svg width="9pt"><metadata>secret</metadata>'
    '<defs><clipPath id="c"/></defs><use href="#g" clip-path="url(#c)"/><g id="g"/></svg>'
)


@pytest.fixture
def page(tmp_path: Path, table1: pd.DataFrame, comparison: pd.DataFrame) -> Path:
    figure = tmp_path / "figure.svg"
    figure.write_text(SVG)
    sections = [
        Section('Figure "1"', "r & <phi>", figure, table1, ["A <note>."]),
        Section("Figure 2", "", figure, None, []),
        Section("Cells", "", None, pd.concat([comparison_table(comparison)] * 20), []),
    ]
    path = tmp_path / "index.html"
    write_page(path, "Distance & transfer", ["One <b>", "Two"], sections)
    return path


class TestPage:
    def test_is_whole_and_has_no_script_and_no_outer_file(self, page: Path) -> None:
        text = page.read_text()
        reader = Reader()
        reader.feed(text)
        assert not {"script", "link", "img", "iframe"} & set(reader.tags)
        assert "http" not in text
        assert "<?xml" not in text and "secret" not in text
        assert reader.tags.count("svg") == 2

    def test_ids_are_unique_and_every_link_leads_somewhere(self, page: Path) -> None:
        reader = Reader()
        reader.feed(page.read_text())
        assert len(reader.ids) == len(set(reader.ids))
        assert len(reader.targets) == 5
        assert set(reader.targets) <= set(reader.ids)
        for number in (1, 2):
            assert f'clip-path="url(#section-{number}-c)"' in page.read_text()

    def test_escapes_text(self, page: Path) -> None:
        text = page.read_text()
        for escaped in ("Distance &amp; transfer", "One &lt;b&gt;", "r &amp; &lt;phi&gt;"):
            assert escaped in text
        assert "A &lt;note&gt;." in text
        assert 'aria-label="Figure &#34;1&#34;"' in text

    def test_shows_the_readable_table(self, page: Path) -> None:
        text = page.read_text()
        assert '<td class="number">−0.3193**</td>' in text
        assert '<td class="number">&lt;0.001</td>' in text
        assert '<th scope="col">row</th>' in text

    def test_folds_long_tables_only(self, page: Path) -> None:
        assert page.read_text().count("<details>") == 1
        assert "<summary>100 rows</summary>" in page.read_text()

    def test_same_content_gives_same_bytes(self, tmp_path: Path, table1: pd.DataFrame) -> None:
        for name in ("a.html", "b.html"):
            write_page(tmp_path / name, "T", [], [Section("S", "C", None, table1, [])])
        assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()

    def test_figure_that_is_no_svg_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "x.svg").write_text("plain")
        with pytest.raises(TableError, match=r"x\.svg: no <svg> element"):
            write_page(tmp_path / "p", "T", [], [Section("S", "", tmp_path / "x.svg", None, [])])


class TestLimits:
    def table(self, score: list[float], words: list[float]) -> pd.DataFrame:
        frame = pd.DataFrame({"score": score, "bag_of_words": words, "chance": 100 / 3})
        frame["trained_on"], frame["language"] = "en", ["en", "de", "fr"][: len(frame)]
        return frame

    def test_says_that_every_score_is_below_the_baseline(self) -> None:
        said = limits("small", 1500, self.table([40.0, 47.0], [48.0, 53.0]), 900)
        assert said[0] == "Encoder: small, pretrained here for 1,500 steps."
        assert said[1].startswith("Every score (2 of 2) is below the bag-of-words baseline")
        assert said[2] == SHARED_LANGUAGES

    def test_counts_some_and_none(self) -> None:
        some = limits("mbert", None, self.table([40.0, 60.0, 1.0], [48.0, 53.0, np.nan]), 900)
        assert some[0] == "Encoder: mbert, taken as released."
        assert some[1].startswith("1 of 2 scores are below")
        assert limits("m", None, self.table([60.0], [60.0]), 900)[1].startswith(
            "None of the 1 scores"
        )

    def test_says_that_there_is_no_baseline(self) -> None:
        said = limits("m", None, self.table([60.0], [np.nan]), 900)
        assert said[1].startswith("No bag-of-words baseline was computed")

    def test_tells_the_own_language_from_the_others(self) -> None:
        # Two standard errors of a third at 900 examples are 3.14 points.
        said = limits("m", None, self.table([40.0, 36.4, 36.6], [45.0, 33.0, 33.0]), 900)[1]
        assert "itself, 1 of 1 scores are below the bag of words" in said
        assert "on other languages, 1 of 2 lie above chance" in said
