"""Candidate source languages for a text that nobody has labelled (Yun et al. 2023, Section 3)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from isogloss.corpora.own import FEW
from isogloss.figures.bars import BarPanel, draw_bars
from isogloss.papers.page import Section, write_page
from isogloss.papers.views import write_views
from isogloss.statistics.regression import fit_ols, predict_interval, regress

LEVEL = 0.8
CAPTION = "Candidate sources by the overlap of their sub-networks with that of the text."
NOTE = (
    "Overlap: Jaccard coefficient of sub-networks with p = {p:g}, mean over seeds, and its lowest "
    "and highest value over them. EMB is the cosine of mean states, LEX minus the "
    "divergence of sub-word distributions, subwords the share of sub-words in common, L2V the "
    "similarity of typological features. Higher is better in each column."
)


class Text(NamedTuple):
    """What a page says of the text. names : its files; sentences : different ones read."""

    names: Sequence[str]
    sentences: int
    task: str


def ranking(
    overlap: pd.DataFrame, others: Mapping[str, pd.Series], studied: pd.DataFrame | None
) -> pd.DataFrame:
    """Candidates, the best one first.

    Parameters
    ----------
    overlap : columns source, seed and jaccard
    others : values of further predictors by name, indexed by source
    studied : pairs of languages whose scores are known: columns source, target, jaccard and
        score (percent); None where no study was run

    Returns
    -------
    DataFrame
        columns rank, source, overlap, lowest and highest (over seeds), predicted, predicted_low and
        predicted_high (percent, where scores are known; 80 percent of targets), and a column per
        further predictor
    """
    seeds = overlap.groupby("source")["jaccard"]
    table = pd.DataFrame({"overlap": seeds.mean(), "lowest": seeds.min(), "highest": seeds.max()})
    if studied is not None:
        pairs = studied[studied["source"] != studied["target"]]
        fit = fit_ols(pairs, ["jaccard"])
        held_out = regress(pairs, ["jaccard"], "ols")
        found = predict_interval(fit, held_out, table["overlap"].to_numpy(dtype=float), LEVEL)
        table = table.assign(
            predicted=found.values,
            predicted_low=found.values - found.margin,
            predicted_high=found.values + found.margin,
        )
    table = table.assign(**{name: values.reindex(table.index) for name, values in others.items()})
    ordered = table.sort_values("overlap", ascending=False, kind="stable")
    ordered = ordered.rename_axis("source").reset_index()
    ordered.insert(0, "rank", range(1, len(ordered) + 1))
    return ordered


def cautions(text: Text, table: pd.DataFrame, source: str) -> list[str]:
    """What a reader has to know before following the ranking, in sentences.

    source : the usual choice
    """
    first, second = table["source"].iloc[0], table["source"].iloc[1]
    sure = table["lowest"].iloc[0] > table["highest"].iloc[1]
    lines = [
        f"First: {first}. Its lowest overlap over seeds is {'above' if sure else 'not above'} the "
        f"highest of {second}{'' if sure else ', so the two are about equal'}."
    ]
    if text.sentences < FEW:
        lines.append(
            f"{text.sentences} different sentences were read, fewer than {FEW}: overlaps of "
            "so little text are low, and their order can change with the next sentence."
        )
    if "predicted" in table.columns:
        lines.append(
            "Predicted scores come from a line through the studied pairs of languages; the range "
            "is that of 80 percent of targets that were left out, and holds for a language that "
            "is like the studied ones."
        )
    else:
        lines.append(
            "No scores are predicted: `snakemake xsns2023` has not been run with this "
            "configuration. A ranking needs none."
        )
    if source in set(table["source"]):
        place = int(table.loc[table["source"] == source, "rank"].iloc[0])
        lines.append(f"The usual choice, {source}, is in place {place} of {len(table)}.")
    return lines


def present_rank(
    folder: Path, text: Text, table: pd.DataFrame, p: float, source: str, title: str
) -> None:
    """Write table, figure and page of a ranking."""
    note = NOTE.format(p=p)
    write_views(table, folder / "ranking", CAPTION, note)
    bars = pd.DataFrame(
        {
            "group": table["source"],
            "series": "",
            "value": table["overlap"],
            "low": table["lowest"],
            "high": table["highest"],
        }
    )
    panel = BarPanel(title, "overlap (Jaccard coefficient)", bars, horizontal=True, decimals=3)
    draw_bars([panel], folder / "ranking")
    intro = [
        f"Task {text.task}. Text: {', '.join(text.names)}, {text.sentences} sentences read.",
        *cautions(text, table, source),
    ]
    section = Section("Ranking", CAPTION, folder / "ranking.svg", table, [note])
    write_page(folder / "index.html", title, intro, [section])
