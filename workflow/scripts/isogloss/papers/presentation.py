"""Tables, figures and page of Philippy et al. 2023, from what was computed."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from isogloss.figures.matrix import Panel, draw_matrices
from isogloss.papers.freezing import Choice
from isogloss.papers.page import Section, write_page
from isogloss.papers.philippy2023 import (
    BASELINE,
    MEAN,
    NOT_USED,
    PUBLISHED_TREATMENT,
    STUDY,
    authors_p_note,
)
from isogloss.papers.views import (
    comparison_summary,
    comparison_table,
    correlation_table,
    wide,
    write_views,
)

CAPTIONS = {
    "table1": "Table 1: accuracy of zero-shot transfer against language distance.",
    "table2": "Table 2: accuracy of zero-shot transfer against impact on the target's space.",
    "table3": "Table 3: transfer from one source against distance, with layers frozen.",
    "figure1": "Figure 1: impact on the target's space against language distance, per layer.",
    "figure2": "Figure 2: as Figure 1, for one source.",
    "figure3": "Figure 3: accuracy (percent), rows sources, columns targets.",
}
# What the rows and the columns of an item are.
AXES = {
    "table1": ("distance", "coefficient"),
    "table2": ("layer", "coefficient"),
    "table3": ("experiment", "distance"),
    "figure1": ("layer", "distance"),
    "figure2": ("layer", "distance"),
    "figure3": ("source", "target"),
}
TRANSFER = "CLTP"
STAR_LEVELS = {"table2": ((0.01, "*"),)}
TWO_LEVELS = ((0.01, "**"), (0.05, "*"))


class Results(NamedTuple):
    """What a presentation shows.

    correlations, comparison : tables of these kinds
    accuracy : percent, rows sources, columns targets
    published : rows of this study out of `resources/published`
    variant : distances and base that fill the tables
    scores : result of `score_table`, or None without runs
    layers : what the paper's rule chooses, and what was frozen, or None without runs
    """

    correlations: pd.DataFrame
    comparison: pd.DataFrame
    accuracy: pd.DataFrame
    published: pd.DataFrame
    variant: tuple[str, str]
    scores: pd.DataFrame | None = None
    layers: pd.DataFrame | None = None


def present(folder: Path, title: str, intro: list[str], results: Results) -> None:
    """Write all tables, figures and the page of the study into a folder."""
    sections = [_section(folder, item, results) for item in CAPTIONS if _has(results, item)]
    if results.layers is not None:
        note = (
            "Candidates are the third of the layers whose impact is least correlated with "
            "transfer. A takes the strongest negative correlation with a distance among them, "
            "B the strongest positive one, C all with a significant negative one (a reading of "
            "Section 5.1 that gives the paper's own layers on the paper's own numbers)."
        )
        write_views(results.layers, folder / "layers", "Layers to freeze.", note)
        sections.append(Section("Layers to freeze", "", None, results.layers, [note]))
    if results.scores is not None:
        note = "A score says something about transfer only where it beats what needs no encoder."
        write_views(results.scores, folder / "scores", "Scores beside trivial baselines.", note)
        sections.append(
            Section("Scores beside trivial baselines", "Percent.", None, results.scores, [note])
        )
    sections += _variants(results)
    table = comparison_table(results.comparison)
    summary = comparison_summary(results.comparison)
    write_views(table, folder / "comparison", "All numbers beside the published ones.", "")
    sections.append(Section("Comparison, summary", "Number of cells.", None, summary, []))
    sections.append(Section("Comparison, all cells", "", None, table, []))
    numbers = results.correlations
    write_views(numbers, folder / "correlations", "All correlations.", authors_p_note)
    write_page(folder / "index.html", title, intro, sections)


def layers_table(chosen: Mapping[str, Choice], frozen: Mapping[str, list[int]]) -> pd.DataFrame:
    """What the rule chooses and what was frozen, per experiment."""
    rows = [
        (
            name,
            " ".join(str(layer) for layer in choice.layers),
            " ".join(choice.distances),
            " ".join(str(layer) for layer in frozen.get(name, [])),
        )
        for name, choice in sorted(chosen.items())
    ]
    return pd.DataFrame(rows, columns=["experiment", "rule", "for distances", "frozen"])


def _has(results: Results, item: str) -> bool:
    return item == "figure3" or bool((results.correlations["item"] == item).any())


def _section(folder: Path, item: str, results: Results) -> Section:
    caption = CAPTIONS[item]
    if item.startswith("figure"):
        panels = _panels(item, results)
        draw_matrices(panels, folder / item)
        figure: Path | None = folder / f"{item}.svg"
    else:
        figure = None
    if item == "figure3":
        frame = with_means(results.accuracy).reset_index(names="source")
        write_views(frame, folder / item, caption, "")
        return Section("Figure 3", caption, figure, None, [])
    treatment = PUBLISHED_TREATMENT[item]
    table = _shown(item, results, *results.variant, treatment)
    note = f"Pairs of a language with itself are {treatment}. {authors_p_note}"
    write_views(table, folder / item, caption, note)
    title = item.replace("table", "Table ").replace("figure", "Figure ")
    return Section(title, caption, figure, table, [note])


def with_means(accuracy: pd.DataFrame) -> pd.DataFrame:
    """A matrix with the means of its rows and columns, as Figure 3 prints it."""
    bordered = accuracy.assign(**{MEAN: accuracy.mean(axis=1)})
    bordered.loc[MEAN] = accuracy.mean(axis=0)
    return bordered.rename_axis(index="source", columns="target")


def _table(item: str, results: Results, distances: str, base: str, treatment: str) -> pd.DataFrame:
    return correlation_table(
        results.correlations,
        results.published,
        item,
        distances,
        base,
        treatment,
        STAR_LEVELS.get(item, TWO_LEVELS),
    )


def _shown(item: str, results: Results, distances: str, base: str, treatment: str) -> pd.DataFrame:
    """A table of correlations with its axes named; Table 3 ends with the mean accuracies."""
    table = _table(item, results, distances, base, treatment)
    if item == "table3":
        means = results.comparison.query("item == @item and column == @TRANSFER")
        means = means.dropna(subset="here").assign(value=lambda rows: rows["here"])
        means = means.sort_values("row", key=lambda rows: rows.where(rows != BASELINE, ""))
        means = means.assign(n=len(results.accuracy), stars="")
        table = pd.concat([table, means.reindex(columns=table.columns)], ignore_index=True)
    row, column = AXES[item]
    return table.drop(columns="coefficient").rename(columns={"row": row, "column": column})


def _panels(item: str, results: Results) -> list[Panel]:
    """The matrix here and the published one."""
    printed = results.published[results.published["item"] == item]
    printed = printed.assign(number=printed["value"].astype(float))
    row, column = AXES[item]

    def matrix(frame: pd.DataFrame, value: str) -> pd.DataFrame:
        return wide(frame, value).rename_axis(index=row, columns=column)

    if item == "figure3":
        here = Panel("here", with_means(results.accuracy), None, "accuracy (percent)", False)
        there = Panel("published", matrix(printed, "number"), None, "accuracy (percent)", False)
        return [here, there]
    table = _table(item, results, *results.variant, PUBLISHED_TREATMENT[item])
    return [
        Panel("here", matrix(table, "value"), matrix(table, "stars"), "Pearson", True),
        Panel("published", matrix(printed, "number"), matrix(printed, "stars"), "Pearson", True),
    ]


def _variants(results: Results) -> list[Section]:
    """Tables 1 to 3 under every other choice of distances, base and same-language pairs."""
    sections = []
    frame = results.correlations
    for item in ("table1", "table2", "table3"):
        rows = frame[frame["item"] == item]
        variants = rows[["distances", "base", "same_language"]].drop_duplicates()
        for distances, base, treatment in variants.itertuples(index=False):
            usual = [
                found in (NOT_USED, wanted)
                for found, wanted in zip((distances, base), results.variant, strict=True)
            ]
            if all(usual) and treatment == PUBLISHED_TREATMENT[item]:
                continue
            used = [f"distances {distances}", f"base {base}", f"same-language pairs {treatment}"]
            names = ", ".join(word for word in used if not word.endswith(f" {NOT_USED}"))
            table = _shown(item, results, distances, base, treatment)
            title = f"{item.replace('table', 'Table ')}, {names}"
            sections.append(Section(title, CAPTIONS[item], None, table, []))
    return sections


def study_rows(published: pd.DataFrame) -> pd.DataFrame:
    """Rows of this study."""
    return published[published["study"] == STUDY].reset_index(drop=True)
