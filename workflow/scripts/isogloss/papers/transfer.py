"""Matrices of scores: every source against every target, beside what needs no encoder."""

from pathlib import Path

import pandas as pd

from isogloss.config.runs import parse_trained_on
from isogloss.config.studies import Transfer
from isogloss.figures.matrix import Panel, draw_matrices
from isogloss.papers.page import Section, origin, write_page
from isogloss.papers.runs import score_matrix
from isogloss.papers.views import METHODS, score_table, write_views

UNITS = {
    "accuracy": "accuracy (percent)",
    "f1": "F1 (percent)",
    "las": "labelled attachment (percent)",
}


def summary(scores: pd.DataFrame, transfer: Transfer, metric: str) -> pd.DataFrame:
    """How each training set does on its own languages and on the others, in percent.

    Returns
    -------
    DataFrame
        columns source, own, others (means over languages and seeds; missing where there are
        none), deviation (over seeds, of the mean on other languages; missing for one seed)
    """
    chosen = scores[scores["metric"] == metric]
    rows = []
    for source in transfer.sources:
        trained = {part.language for part in parse_trained_on(source)}
        group = chosen[(chosen["trained_on"] == source) & chosen["language"].isin(transfer.targets)]
        own = group["language"].isin(trained)
        by_seed = group[~own].groupby("seed")["value"].mean()
        rows.append((source, group.loc[own, "value"].mean(), by_seed.mean(), by_seed.std()))
    return pd.DataFrame(rows, columns=["source", "own", "others", "deviation"])


def standing(table: pd.DataFrame, metric: str) -> str:
    """How many scores beat the best method that needs no encoder, in a sentence.

    table : result of `score_table`
    """
    chosen = table[table["metric"] == metric] if "metric" in table.columns else table
    methods = [name for name in chosen.columns if name in METHODS]
    if not methods:
        return "No baseline was computed: the scores alone do not tell what an encoder adds."
    best = chosen[methods].max(axis=1)
    above = int((chosen["score"] > best).sum())
    return (
        f"{above} of {len(chosen)} scores are above the best of what needs no encoder "
        f"({', '.join(name.replace('_', ' ') for name in methods)}); the others do not show "
        "that the encoder has learnt the task."
    )


def present_transfer(
    folder: Path,
    name: str,
    transfer: Transfer,
    scores: pd.DataFrame,
    baselines: pd.DataFrame,
    metric: str,
    steps: int | None,
) -> None:
    """Write tables, figure and page of one matrix.

    Parameters
    ----------
    scores, baselines : tables of these kinds
    metric : the one that the matrix shows
    steps : of pretraining, None for an encoder that was not pretrained here
    """
    here = scores[scores["language"].isin(transfer.targets)]
    beside = baselines[baselines["language"].isin(transfer.targets)]
    table = score_table(here, beside)
    means = score_matrix(here, transfer.sources, transfer.targets, metric)
    brief = summary(here, transfer, metric)
    title = f"Transfer: {name}"
    caption = f"{UNITS[metric]} of task {transfer.task}, rows training sets, columns targets"
    draw_matrices([Panel(title, means, None, UNITS[metric], False)], folder / "matrix")
    write_views(means.reset_index(names="source"), folder / "matrix", caption, "")
    write_views(brief, folder / "summary", f"{UNITS[metric]}: own and other languages.", "")
    write_views(table, folder / "scores", "Scores beside trivial baselines.", "")
    intro = [origin(transfer.encoder, steps), standing(table, metric)]
    if len(transfer.seeds) > 1:
        intro.append(f"Each score is the mean over {len(transfer.seeds)} seeds.")
    sections = [
        Section("Matrix", f"{caption}.", folder / "matrix.svg", None, []),
        Section("Own and other languages", f"Means, {UNITS[metric]}.", None, brief, []),
        Section("Scores beside trivial baselines", "Percent.", None, table, []),
    ]
    write_page(folder / "index.html", title, intro, sections)
