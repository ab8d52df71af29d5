"""The page of a study: one HTML file with its figures and tables, to read without a server."""

import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from isogloss.errors import TableError
from isogloss.papers.views import is_numeric, readable, write_text

TEMPLATE = Path(__file__).with_name("page.html.j2")
FOLDED_ROWS = 60
"""A longer table is folded up on screen; print shows it in full."""

SHARED_LANGUAGES = (
    "Every language is part of many pairs, so pairs are not independent observations: the "
    "p-values behind the stars, the paper's and those here, are too small. The permutation p "
    "relabels languages and the interval redraws them; read these instead."
)


class Section(NamedTuple):
    """One part of a page.

    figure : SVG file, which becomes part of the page
    table : shown as `isogloss.papers.views.readable` has it
    notes : sentences below
    """

    title: str
    caption: str
    figure: Path | None
    table: pd.DataFrame | None
    notes: list[str]


class Grid(NamedTuple):
    """A table as text; `numeric` says for each column whether it is aligned right."""

    headings: list[str]
    numeric: list[bool]
    rows: list[list[str]]


def write_page(path: Path, title: str, intro: list[str], sections: list[Section]) -> None:
    """Write one self-contained HTML file: style and figures inside, no scripts.

    Parameters
    ----------
    intro : paragraphs above the sections; `limits` gives those every run needs

    Raises
    ------
    TableError
        where a figure is not an SVG file
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    parts = [
        {
            "id": f"section-{number}",
            "title": section.title,
            "caption": section.caption,
            "figure": _inline(section.figure, f"section-{number}", section.title),
            "grid": _grid(section.table),
            "notes": section.notes,
        }
        for number, section in enumerate(sections, start=1)
    ]
    template = environment.get_template(TEMPLATE.name)
    page = template.render(title=title, intro=intro, sections=parts, folded_rows=FOLDED_ROWS)
    write_text(path, page)


def limits(
    encoder: str, pretraining_steps: int | None, scores: pd.DataFrame, examples: int
) -> list[str]:
    """Sentences on what a run can and cannot show.

    Parameters
    ----------
    encoder : name, with its size where it matters
    pretraining_steps : None for an encoder that was not pretrained here
    scores : result of `isogloss.papers.views.score_table`
    examples : size of the smallest test set
    """
    standing = f"{_standing(scores)} {_by_language(scores, examples)}"
    return [origin(encoder, pretraining_steps), standing, SHARED_LANGUAGES]


def origin(encoder: str, pretraining_steps: int | None) -> str:
    """Where an encoder comes from, in a sentence."""
    came = (
        "taken as released"
        if pretraining_steps is None
        else f"pretrained here for {pretraining_steps:,} steps"
    )
    return f"Encoder: {encoder}, {came}."


def _by_language(scores: pd.DataFrame, examples: int) -> str:
    """The same for the training language itself and for the others, in a sentence.

    For the others chance is the least that must be beaten, by two standard errors of a
    proportion; where words look alike, a bag of words transfers too (the table of scores).
    """
    own = scores[scores["trained_on"] == scores["language"]]
    others = scores[scores["trained_on"] != scores["language"]]
    below = int((own["score"] < own["bag_of_words"]).sum())
    share = others["chance"] / 100
    bound = others["chance"] + 200 * (share * (1 - share) / examples) ** 0.5
    above = int((others["score"] > bound).sum())
    return (
        f"On the training language itself, {below} of {len(own)} scores are below the bag of "
        f"words; on other languages, {above} of {len(others)} lie above chance by more than two "
        f"standard errors ({examples:,} examples)."
    )


def _standing(scores: pd.DataFrame) -> str:
    """How the scores stand to the bag-of-words baseline, in a sentence."""
    known = scores[["score", "bag_of_words"]].dropna()
    if known.empty:
        return (
            "No bag-of-words baseline was computed: the scores alone do not tell transfer "
            "from the overlap of words."
        )
    below = int((known["score"] < known["bag_of_words"]).sum())
    if below == len(known):
        return (
            f"Every score ({below} of {below}) is below the bag-of-words baseline: they do not "
            "show that the encoder understands a sentence, and correlations with them test "
            "the workflow, not the paper's claim."
        )
    if below:
        return (
            f"{below} of {len(known)} scores are below the bag-of-words baseline; those do not "
            "show that the encoder understands a sentence."
        )
    return f"None of the {len(known)} scores is below the bag-of-words baseline."


def _grid(table: pd.DataFrame | None) -> Grid | None:
    if table is None:
        return None
    text = readable(table)
    numeric = [is_numeric(text[name]) for name in text.columns]
    return Grid(list(text.columns), numeric, text.to_numpy().tolist())


def _inline(figure: Path | None, prefix: str, title: str) -> Markup | None:
    """The <svg> element of a file, its ids made unique on the page by `prefix`."""
    if figure is None:
        return None
    text = figure.read_text(encoding="utf-8")
    start = re.search(r"<svg\b", text)
    if start is None:
        raise TableError(f"{figure}: no <svg> element; a page shows SVG figures only")
    drawing = re.sub(r"<metadata>.*?</metadata>", "", text[start.start() :], flags=re.DOTALL)
    drawing = re.sub(r'\bid="', f'id="{prefix}-', drawing)
    drawing = re.sub(r'href="#', f'href="#{prefix}-', drawing)
    drawing = drawing.replace("url(#", f"url(#{prefix}-")
    label = Markup('<svg role="img" aria-label="{}"').format(title)
    return Markup(label + Markup(drawing.removeprefix("<svg")))
