"""Figures of Muller et al. 2021."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from pandas.core.groupby import DataFrameGroupBy

from isogloss.config.muller2021 import Muller2021
from isogloss.figures.bars import BarPanel, draw_bars
from isogloss.figures.lines import LinePanel, draw_lines
from isogloss.figures.style import Reference
from isogloss.papers.muller2021.gap import AFTER, BEFORE, NONE

LAYER = "layer (0: embeddings)"
# Series that a figure can tell apart.
MOST_SERIES = 8
# Panels of a figure of curves.
MOST_PANELS = 12
INDICES = {
    "cka": "linear CKA",
    "rbf_cka": "RBF CKA",
    "svcca": "SVCCA",
    "rsa": "RSA",
    "retrieval": "retrieval",
}
MODELS = {
    "pretrained": "pretrained",
    "adapted": "adapted",
    "alone": "on the language alone",
    "baseline": "baseline",
}
WRITINGS = {
    "original": "own letters",
    "latin": "Latin letters",
    "permuted": "letters exchanged",
}
METRICS = {"las": "LAS", "uas": "UAS", "f1": "F1"}
# Models whose writings are drawn: those that the encoder's script matters for.
REWRITTEN = ("pretrained", "adapted")


def by_group(table: pd.DataFrame, settings: Muller2021) -> pd.DataFrame:
    """Changes as bars: one series per row of the table, or two where there are too many.

    Parameters
    ----------
    table : columns task, row, group, change, low and high (points)

    Returns
    -------
    DataFrame
        columns task, group, series, value, low and high, tasks as in the configuration
    """
    found = table.rename(columns={"row": "series", "change": "value"})
    if 2 * len(settings.sources) > MOST_SERIES:
        same = found["series"].str.endswith("-X_mean").map({True: "others", False: "same language"})
        means = found.assign(series=same).groupby(["task", "group", "series"], sort=False)
        found = means["value"].mean().reset_index().assign(low=float("nan"), high=float("nan"))
    return found[["task", "group", "series", "value", "low", "high"]].reset_index(drop=True)


def draw_changes(bars: pd.DataFrame, stem: Path, metrics: Mapping[str, str]) -> None:
    """Change of the score by group of new layers, one panel per task.

    Parameters
    ----------
    bars : result of `by_group`
    metrics : metric by printed name of the task
    """
    panels = [
        BarPanel(
            str(task),
            f"change of {measured(metrics[str(task)])}, points",
            rows[["group", "series", "value", "low", "high"]],
            "layers that start anew",
        )
        for task, rows in bars.groupby("task", sort=False)
    ]
    draw_bars(panels, stem)


def measured(metric: str) -> str:
    """A metric in words: LAS without punctuation."""
    first, _, rest = metric.partition("_")
    return f"{METRICS.get(first, first)} {rest.replace('_', ' ')}".strip()


def by_stage(profile: pd.DataFrame, text: str) -> pd.DataFrame:
    """Mean similarity over pairs of languages before and after fine-tuning, as curves.

    Parameters
    ----------
    profile : result of `alignment.profile`
    text : name of a parallel text

    Returns
    -------
    DataFrame
        columns protocol, index, series, layer, value, low and high
    """
    means = profile[(profile["text"] == text) & (profile["source"] == NONE)]
    series = [
        "before fine-tuning" if stage == BEFORE else f"after {task}"
        for stage, task in means[["stage", "task"]].itertuples(index=False)
    ]
    columns = ["protocol", "index", "series", "layer", "value", "low", "high"]
    return means.assign(series=series)[columns].reset_index(drop=True)


def draw_similarity(curves: pd.DataFrame, stem: Path) -> None:
    """Similarity by layer before and after fine-tuning, one panel per index and protocol.

    Parameters
    ----------
    curves : columns protocol, index, series, layer, value, low and high, of one parallel text
    """
    panels = [
        LinePanel(
            titled(str(protocol), str(index)),
            LAYER,
            "similarity",
            rows.rename(columns={"layer": "x"})[["series", "x", "value", "low", "high"]],
        )
        for (protocol, index), rows in _panels(curves)
    ]
    draw_lines(panels, stem)


def _panels(frame: pd.DataFrame) -> DataFrameGroupBy:
    """Rows by protocol and index; those on all sentences first, then the authors'."""
    ordered = frame.sort_values("protocol", key=lambda names: names != "mean", kind="stable")
    return ordered.groupby(["protocol", "index"], sort=False)


def titled(protocol: str, index: str) -> str:
    """An index in words; the authors' protocol is named, the other one is not."""
    return f"{INDICES[index]}, authors' script" if protocol == "authors" else INDICES[index]


def of_first_text(layers: pd.DataFrame, settings: Muller2021) -> pd.DataFrame:
    """Rows after fine-tuning on the study's first text.

    layers : second result of `tables.gap`
    """
    assert settings.alignment is not None
    text = next(iter(settings.alignment.texts))
    return layers[(layers["text"] == text) & (layers["stage"] == AFTER)].reset_index(drop=True)


def draw_gap(
    found: pd.DataFrame, stem: Path, printed: Mapping[str, float], held: tuple[str, str]
) -> None:
    """Correlation of similarity and minus the gap by layer, one line per task.

    Parameters
    ----------
    found : columns protocol, index, task, layer and value, of one parallel text
    printed : the talk's number by printed name of the task, which become levels
    held : protocol and index of the panel that has the levels
    """
    panels = [
        LinePanel(
            titled(str(protocol), str(index)),
            LAYER,
            "Spearman",
            rows.rename(columns={"task": "series", "layer": "x"})[["series", "x", "value"]],
            references=tuple(
                Reference(f"{task} in the talk (mBERT)", value, task)
                for task, value in printed.items()
                if (protocol, index) == held and task in set(rows["task"])
            ),
        )
        for (protocol, index), rows in _panels(found)
    ]
    draw_lines(panels[:MOST_PANELS], stem)


def of_unseen(scores: pd.DataFrame, settings: Muller2021) -> pd.DataFrame:
    """Scores of unseen languages in their own writing; controls are left out.

    scores : result of `tables.model_scores` with printed names of tasks
    """
    assert settings.unseen is not None
    asked = {
        (task, code) for task, item in settings.unseen.tasks.items() for code in item.languages
    }
    keys = zip(scores["task"], scores["language"], strict=True)
    right = pd.Series([key in asked for key in keys], index=scores.index, dtype=bool)
    return scores[right & (scores["writing"] == "original")].reset_index(drop=True)


def draw_models(scores: pd.DataFrame, stem: Path, tasks: Sequence[str]) -> None:
    """Scores of the four models in each unseen language, one panel per task.

    Parameters
    ----------
    scores : result of `of_unseen`
    tasks : printed names in order
    """
    panels = [
        BarPanel(
            task,
            f"{measured(rows['metric'].iloc[0])}, percent",
            _named(rows, "model", MODELS),
            decimals=0,
        )
        for task in tasks
        for rows in [scores[scores["task"] == task]]
        if len(rows)
    ]
    draw_bars(panels, stem)


def draw_writings(scores: pd.DataFrame, stem: Path, tasks: Sequence[str]) -> None:
    """Scores in each writing, one panel per task and model; languages in two writings or more.

    Parameters
    ----------
    scores : columns task, metric, language, model, writing and value (percent)
    tasks : printed names in order
    """
    panels = [
        BarPanel(
            f"{task}, {MODELS[model]}",
            f"{measured(rows['metric'].iloc[0])}, percent",
            _named(rows, "writing", WRITINGS),
            decimals=0,
        )
        for task in tasks
        for model in REWRITTEN
        for rows in [rewritten(scores[(scores["task"] == task) & (scores["model"] == model)])]
        if len(rows)
    ]
    draw_bars(panels, stem)


def rewritten(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of languages that are scored in more than one writing."""
    writings = scores.groupby(["task", "language", "model"])["writing"].transform("nunique")
    return scores[writings > 1]


def _named(rows: pd.DataFrame, column: str, words: Mapping[str, str]) -> pd.DataFrame:
    """Bars of languages; series in the order of `words`, which name them."""
    order = rows[column].map(list(words).index)
    found = rows.assign(order=order, place=rows.groupby("language", sort=False).ngroup())
    found = found.sort_values(["place", "order"], kind="stable")
    series = found[column].map(words)
    return found.assign(series=series).rename(columns={"language": "group"})[
        ["group", "series", "value"]
    ]
