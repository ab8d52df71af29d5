"""Tables for reading: long frames brought into a study's form, as CSV, Markdown and LaTeX.

The CSV holds every number in full; Markdown, LaTeX and the page show `readable` text.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import pandas as pd
from tabulate import tabulate

from isogloss.errors import TableError
from isogloss.statistics.correlation import stars
from isogloss.tables import write_atomically

EN_DASH = "–"
MINUS = "−"
NOT_USED = "-"
STATUSES = ("matched", "differs", "not attempted", "not published")

# Rows and columns in the order of the paper's tables (Philippy et al. 2023).
FIRST = ("baseline", "SYN", "GEO", "INV", "GEN", "PHON")
LAST = ("AVG", "All", "CLTP")
RUN = ["encoder", "task", "recipe", "trained_on", "language", "split", "metric"]
# What needs no encoder, in the order of a table's columns.
METHODS = (
    *("majority", "word_table", "bag_of_words", "hypothesis_only", "word_overlap"),
    *("previous_word", "next_word", "sentence_overlap", "random_words", "chance"),
)

HEADINGS = {
    "p_permutation": "p (permutation)",
    "interval": "95% interval",
    "trained_on": "trained on",
}
DECIMALS = {"value": 4, "low": 2, "high": 2, "lower end": 4, "upper end": 4}
PROBABILITIES = ("p", "p_permutation", "q")
ROWS_OF_A_PAGE = 40
LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "[": "{[}",  # after the end of a row, a bare bracket would begin an option
        "<": "$<$",
        ">": "$>$",
        EN_DASH: "--",
        MINUS: "$-$",
    }
)


def correlation_table(
    correlations: pd.DataFrame,
    published: pd.DataFrame,
    item: str,
    distances: str,
    base: str,
    same_language: str,
    levels: Sequence[tuple[float, str]] = ((0.01, "**"), (0.05, "*")),
) -> pd.DataFrame:
    """One table or figure of correlations in one variant, beside the published numbers.

    Parameters
    ----------
    correlations : kind `correlations`
    published : columns item, row, column, value and stars of one study, all text
    item : as in both frames, for instance "table1"
    distances, base, same_language : the variant; a row with "-" in one of these does not
        depend on it and is part of every variant
    levels : p below which a mark is set, ascending; Table 2 has one, ((0.01, "*"),)

    Returns
    -------
    DataFrame
        columns row, column, coefficient, value, stars, published (text with its stars), n,
        p, p_permutation, low, high, q

    Raises
    ------
    TableError
        where no row is of this item and variant, or a published cell occurs twice
    """
    wanted = {"distances": distances, "base": base, "same_language": same_language}
    chosen = correlations[correlations["item"] == item]
    for column, setting in wanted.items():
        chosen = chosen[chosen[column].isin([setting, NOT_USED])]
    if chosen.empty:
        raise TableError(f"correlations: no row of item {item!r} with {wanted}")
    printed = published[published["item"] == item].assign(
        published=lambda cells: cells["value"] + cells["stars"].fillna("")
    )
    if printed.duplicated(["row", "column"]).any():
        raise TableError(f"published numbers: item {item!r} has a cell twice")
    table = chosen.merge(
        printed[["row", "column", "published"]], on=["row", "column"], how="left"
    ).assign(stars=lambda rows: [stars(p, levels) for p in rows["p"].astype(float)])
    names = "row column coefficient value stars published n p p_permutation low high q"
    return _in_reading_order(table, ["column", "row"])[names.split()]


def comparison_table(comparison: pd.DataFrame) -> pd.DataFrame:
    """All cells of a comparison in reading order, without the study's name."""
    columns = ["item", "row", "column", "unit", "published", "here", "difference", "status"]
    return _in_reading_order(comparison, ["item", "row", "column"])[columns]


def comparison_summary(comparison: pd.DataFrame) -> pd.DataFrame:
    """Number of cells per item and status, with a last row for all items.

    Raises
    ------
    TableError
        for a status that begins with none of `STATUSES`
    """
    kinds = comparison["status"].map(_status)
    counts = pd.crosstab(comparison["item"], kinds).reindex(columns=STATUSES, fill_value=0)
    counts.loc["All"] = counts.sum()
    counts = counts.assign(cells=counts.sum(axis=1))
    return counts.rename_axis(index="item", columns=None).reset_index()


def _status(text: str) -> str:
    for status in STATUSES:
        if text.startswith(status):
            return status
    raise TableError(f"comparison: status {text!r} is unknown; allowed: {', '.join(STATUSES)}")


def score_table(scores: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """Scores beside what needs no encoder, in percent; a score is the mean over its seeds.

    Parameters
    ----------
    scores : kind `scores`
    baselines : kind `baselines`; each of its methods becomes a column

    Returns
    -------
    DataFrame
        columns encoder, task, recipe, split and metric where there is more than one, then
        trained_on, language, seeds, score and the methods
    """
    means = scores.groupby(RUN, as_index=False).agg(
        seeds=("seed", "nunique"), score=("value", "mean")
    )
    on = [column for column in RUN if column in baselines.columns]
    methods = baselines.pivot(index=on, columns="method", values="value")
    known = [name for name in METHODS if name in methods.columns]
    known += [name for name in methods.columns if name not in METHODS]
    beside = methods[known].rename_axis(columns=None).reset_index()
    table = means.merge(beside, on=on, how="left")
    varying = [name for name in RUN if name in ("trained_on", "language") or _varies(table[name])]
    ordered = _in_reading_order(table, ["trained_on", "language"])
    return ordered[[*varying, "seeds", "score", *known]]


def _varies(column: pd.Series) -> bool:
    return column.nunique() > 1


def wide(frame: pd.DataFrame, value: str = "value") -> pd.DataFrame:
    """One row per `row`, one column per `column` of a long frame, in reading order."""
    matrix = frame.pivot(index="row", columns="column", values=value)
    return matrix.reindex(
        index=sorted(matrix.index, key=_rank), columns=sorted(matrix.columns, key=_rank)
    )


def _in_reading_order(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    ranks = [tuple(map(_rank, line)) for line in frame[by].to_numpy()]
    order = sorted(range(len(frame)), key=lambda position: ranks[position])
    return frame.iloc[order].reset_index(drop=True)


def _rank(label: str) -> tuple[int, int, str]:
    """Layers by number, distances as in the paper, other names by letter, means last."""
    if label.isdecimal():
        return 0, int(label), label
    if label in FIRST:
        return 1, FIRST.index(label), label
    return (3, LAST.index(label), label) if label in LAST else (2, 0, label)


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Text of a table for reading: rounded, `value` with its stars, `low` and `high` in one.

    Correlations have four decimals, percentages and intervals two, p-values three; what is
    missing is an en dash. Headings are words.
    """
    text = pd.DataFrame({name: _column_text(frame, name) for name in frame.columns}, dtype=object)
    if {"value", "stars"} <= set(text.columns):
        marks = frame["stars"].fillna("")
        text["value"] = text["value"] + marks
        text = text.drop(columns="stars")
    if {"low", "high"} <= set(text.columns):
        interval = "[" + text["low"] + ", " + text["high"] + "]"
        text["low"] = interval.where(frame["low"].notna() & frame["high"].notna(), EN_DASH)
        text = text.drop(columns="high").rename(columns={"low": "interval"})
    return text.rename(columns=lambda name: HEADINGS.get(name, str(name).replace("_", " ")))


def _column_text(frame: pd.DataFrame, name: str) -> list[str]:
    units = frame["unit"] if "unit" in frame.columns else [""] * len(frame)
    return [_cell_text(name, value, unit) for value, unit in zip(frame[name], units, strict=True)]


def _cell_text(name: str, value: float | str | None, unit: str) -> str:
    if pd.isna(value) or value == "":
        return EN_DASH
    if not isinstance(value, float):  # numpy's float64 is one, a count is not
        return re.sub(r"^-(?=[\d.])", MINUS, str(value))
    if name in PROBABILITIES:
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    decimals = DECIMALS.get(name, 2 if unit in ("", "percent") else 4)
    return f"{value:.{decimals}f}".replace("-", MINUS)


def is_numeric(column: Iterable[str]) -> bool:
    """Whether all cells of a readable column are numbers, intervals or missing."""
    number = rf"{EN_DASH}|[<\[]?{MINUS}?[\d.][\d.,\s{MINUS}\]*]*"
    return all(re.fullmatch(number, cell) for cell in column)


def write_views(frame: pd.DataFrame, stem: Path, caption: str, note: str) -> None:
    """Write `stem`.csv (in full), `stem`.md and `stem`.tex (readable, with caption and note).

    The LaTeX needs the packages booktabs and, beyond a page's rows, longtable.
    """
    text = readable(frame)
    views = {
        "csv": frame.to_csv(index=False, lineterminator="\n"),
        "md": _markdown(text, caption, note),
        "tex": _latex(text, stem.name, caption, note),
    }
    for kind, view in views.items():
        write_text(stem.with_name(f"{stem.name}.{kind}"), view)


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all."""

    def write(file: IO[bytes]) -> None:
        file.write(text.encode())

    write_atomically(path, write)


def _markdown(text: pd.DataFrame, caption: str, note: str) -> str:
    escaped = [[_escape_markdown(cell) for cell in line] for line in text.to_numpy()]
    table = tabulate(
        escaped,
        headers=[_escape_markdown(name) for name in text.columns],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["right" if is_numeric(text[name]) else "left" for name in text.columns],
    )
    parts = (_escape_markdown(caption), table, _escape_markdown(note))
    return "\n\n".join(part for part in parts if part) + "\n"


def _escape_markdown(text: str) -> str:
    return re.sub(r"[\\`*|]|<(?=[A-Za-z/!?])", r"\\\g<0>", text)


def _latex(text: pd.DataFrame, name: str, caption: str, note: str) -> str:
    escaped = text.map(lambda cell: cell.translate(LATEX))
    environment = "longtable" if len(text) > ROWS_OF_A_PAGE else "table"
    body = (
        escaped.rename(columns=lambda heading: heading.translate(LATEX))
        .style.hide(axis="index")
        .to_latex(
            hrules=True,
            column_format="".join("r" if is_numeric(text[name]) else "l" for name in text.columns),
            position_float=None if environment == "longtable" else "centering",
            caption=caption.translate(LATEX),
            label=f"tab:{name}",
            environment=environment,
        )
    )
    if not note:
        return body
    remark = f"\\par\\smallskip\\footnotesize {note.translate(LATEX)}\n"
    if environment == "longtable":
        return f"{body}{{{remark.rstrip()}\\par}}\n"
    return body.removesuffix("\\end{table}\n") + remark + "\\end{table}\n"
