"""Scores as a numerator and a denominator for each sentence, for what draws sentences."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.errors import ConfigError, TableError
from isogloss.metrics.spans import match_spans
from isogloss.metrics.tokens import lay_out
from isogloss.metrics.trees import mark_words

Integers = NDArray[np.int64]


class Countable(NamedTuple):
    """What of a kind of task can be counted.

    table : table kind of its predictions
    gold : columns that hold what is right
    metrics : metrics that are a ratio of sums over sentences
    """

    table: str
    gold: tuple[str, ...]
    metrics: tuple[str, ...]


COUNTABLE = {
    "nli": Countable("predictions", ("label",), ("accuracy",)),
    "pos": Countable("tag_predictions", ("label",), ("accuracy",)),
    "ner": Countable("tag_predictions", ("label",), ("f1",)),
    "parsing": Countable(
        "tree_predictions",
        ("upos", "head", "deprel"),
        (
            *("las", "uas", "las_without_punctuation", "uas_without_punctuation"),
            "las_subtypes",
        ),
    ),
}


def prediction_table(kind: str) -> str:
    """Table kind of the predictions of a task kind; ConfigError if it cannot be counted."""
    _check(kind)
    return COUNTABLE[kind].table


def sentence_counts(kind: str, metric: str, predictions: pd.DataFrame) -> Integers:
    """Numerator and denominator of a metric for each sentence.

    100 * sum(numerators) / sum(denominators) is what `standard.score_of` gives for all of
    them, and 0 / 0 stands for its 0. For F1 they are twice the right spans, and the spans of
    the text and of the predictions together.

    Parameters
    ----------
    kind : task kind of `COUNTABLE`
    metric : one of its metrics
    predictions : table kind that `COUNTABLE` names, one language, any order

    Returns
    -------
    int64 (N, 2), in order of id

    Raises
    ------
    ConfigError
        for another kind or metric
    TableError
        for an id that stands twice, and whatever the metric itself refuses
    """
    _check(kind, metric)
    frame = _in_order(predictions)
    return _COUNTS[kind](frame, metric)


def gold_digest(kind: str, predictions: pd.DataFrame) -> str:
    """SHA-256 of the ids and of what is right, in order of id.

    Equal for predictions of the same sentences, in whatever writing; ids are places in a
    file, so equal ids alone do not say that sentences are the same.

    Raises
    ------
    ConfigError
        for a kind that is not in `COUNTABLE`
    TableError
        for an id that stands twice
    """
    _check(kind)
    frame = _in_order(predictions)
    digest = hashlib.sha256()
    for name in ("id", *COUNTABLE[kind].gold):
        # plain lists of plain values, however a frame holds them
        cells = [np.asarray(cell).tolist() for cell in frame[name].tolist()]
        digest.update(repr(cells).encode())
    return digest.hexdigest()


def _check(kind: str, metric: str | None = None) -> None:
    if kind not in COUNTABLE:
        raise ConfigError(
            f"counts per sentence: found task kind {kind!r}; allowed: {', '.join(COUNTABLE)}"
        )
    allowed = COUNTABLE[kind].metrics
    if metric is not None and metric not in allowed:
        raise ConfigError(
            f"counts per sentence: found metric {metric!r} of {kind}; allowed: "
            f"{', '.join(allowed)}, which are ratios of sums over sentences"
        )


def _in_order(predictions: pd.DataFrame) -> pd.DataFrame:
    if predictions.empty:
        raise TableError("predictions: found no row; allowed: at least one to score")
    twice = predictions.loc[predictions["id"].duplicated(), "id"]
    if len(twice):
        raise TableError(
            f"predictions, id {twice.iloc[0]}: found two rows; allowed: one for each id of a "
            "language"
        )
    return predictions.sort_values("id", kind="stable", ignore_index=True)


def _label_counts(frame: pd.DataFrame, metric: str) -> Integers:
    right = frame["label"].to_numpy() == frame["prediction"].to_numpy()
    return np.stack([right, np.ones(len(right))], axis=1).astype(np.int64)


def _tag_counts(frame: pd.DataFrame, metric: str) -> Integers:
    columns, lengths = lay_out(frame, ["label", "prediction"])
    right = columns["label"] == columns["prediction"]
    return np.stack([_sums(right, lengths), lengths], axis=1)


def _span_counts(frame: pd.DataFrame, metric: str) -> Integers:
    spans = match_spans(frame)
    gold, found, same = (_sums(part, spans.lengths) for part in spans[:3])
    return np.stack([2 * same, gold + found], axis=1)


def _tree_counts(frame: pd.DataFrame, metric: str) -> Integers:
    marks = mark_words(frame)
    parts = (marks.right[metric], marks.counted[metric])
    return np.stack([_sums(part, marks.lengths) for part in parts], axis=1)


def _sums(marks: np.ndarray, lengths: Integers) -> Integers:
    """Marked tokens of each row; rows without tokens have none."""
    total = np.concatenate([[0], np.cumsum(marks, dtype=np.int64)])
    ends = np.cumsum(lengths)
    return np.asarray(total[ends] - total[ends - lengths])


_COUNTS: dict[str, Callable[[pd.DataFrame, str], Integers]] = {
    "nli": _label_counts,
    "pos": _tag_counts,
    "ner": _span_counts,
    "parsing": _tree_counts,
}
