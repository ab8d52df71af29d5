"""Scores of a task's predictions, of many languages at once."""

import importlib
from collections.abc import Callable
from typing import cast

import pandas as pd

from isogloss.metrics.names import SCORES

# From the predictions of one language to percentages by name of metric, the main one first.
Score = Callable[[pd.DataFrame], dict[str, float]]


def score_of(kind: str) -> Score:
    """Metrics of a kind of task.

    By name, so that a change of one metric is no change of other tasks' scores, and of no
    training that does not select by it.
    """
    module, name = SCORES[kind].split(".")
    return cast(Score, getattr(importlib.import_module(f"isogloss.metrics.{module}"), name))


def score_frame(score: Score, predictions: pd.DataFrame, split: str) -> pd.DataFrame:
    """Scores of each language.

    Parameters
    ----------
    score : a function of `labels`, `tags`, `spans`, `trees` or `answers`
    predictions : frame of the table kind that `score` wants, any number of languages

    Returns
    -------
    columns language, split, metric, value (percent, float64), n (examples, int64), sorted by
    language and metric
    """
    rows = []
    for language, group in predictions.groupby("language", sort=True):
        values = score(group)
        rows += [(language, split, name, values[name], len(group)) for name in sorted(values)]
    frame = pd.DataFrame(rows, columns=["language", "split", "metric", "value", "n"])
    return frame.astype({"value": "float64", "n": "int64"})
