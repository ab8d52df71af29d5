"""The metric that stands for a task, and scores of many languages at once."""

import inspect
from collections.abc import Callable

import pandas as pd

# Name of the metric that the studies report, by task kind.
MAIN_METRIC = {
    "nli": "accuracy",
    "paraphrase": "accuracy",
    "pos": "accuracy",
    "ner": "f1",
    "parsing": "las",
    "qa": "f1",
}

# From the predictions of one language (and its code, in a parameter named `language`) to
# percentages by name of metric.
Score = Callable[..., dict[str, float]]


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
    wants_language = "language" in inspect.signature(score).parameters
    rows = []
    for language, group in predictions.groupby("language", sort=True):
        values = score(group, language) if wants_language else score(group)
        rows += [(language, split, name, values[name], len(group)) for name in sorted(values)]
    frame = pd.DataFrame(rows, columns=["language", "split", "metric", "value", "n"])
    return frame.astype({"value": "float64", "n": "int64"})
