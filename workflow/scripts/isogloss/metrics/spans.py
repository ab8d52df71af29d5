"""Scores of spans that are written as one B-, I- or O tag per token."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.errors import TableError
from isogloss.metrics.tokens import lay_out, sentence_accuracy

OUTSIDE = 0


class Spans(NamedTuple):
    """Spans of a text, per token (tokens,).

    starts : bool, a span starts here
    kind : int64, number of the span's type here, 0 outside of spans
    last : int64, last token of the span that starts here, -1 where none starts
    """

    starts: np.ndarray
    kind: np.ndarray
    last: np.ndarray


class SpanMatches(NamedTuple):
    """Spans of a text and of its predictions, and whether its tags are right.

    gold, found, same : bool (tokens,), a span of the text, of the predictions, of both (the same
        extent and type) starts here
    correct : bool (tokens,), the right tag
    lengths : int64 (rows,), tokens of each row
    """

    gold: np.ndarray
    found: np.ndarray
    same: np.ndarray
    correct: np.ndarray
    lengths: np.ndarray


def span_scores(frame: pd.DataFrame) -> dict[str, float]:
    """Precision, recall and F1 of spans of exactly the right extent and type, in percent.

    Pooled over all sentences and types, as conlleval (Tjong Kim Sang and De Meulder 2003)
    and seqeval in its default mode: a span starts at B-, at I- after O or at a sentence's
    start, and at I- of another type than the token before.

    Parameters
    ----------
    frame : table kind `tag_predictions`, one language; tags O, B-TYPE and I-TYPE

    Returns
    -------
    f1, precision, recall : 0 where nothing is to be divided by
    sentence_accuracy : as in `tags.tag_scores`, O included

    Raises
    ------
    TableError
        for another tag, no token, or a sentence with more or fewer predictions than labels
    """
    spans = match_spans(frame)
    right = int(spans.same.sum())
    precision = _ratio(right, int(spans.found.sum()))
    recall = _ratio(right, int(spans.gold.sum()))
    return {
        "f1": 100 * _ratio(2 * precision * recall, precision + recall),
        "precision": 100 * precision,
        "recall": 100 * recall,
        "sentence_accuracy": sentence_accuracy(spans.correct, spans.lengths),
    }


def match_spans(frame: pd.DataFrame) -> SpanMatches:
    """Find the spans that `span_scores` counts; its parameters and errors."""
    columns, lengths = lay_out(frame, ["label", "prediction"])
    tags = np.concatenate([columns["label"], columns["prediction"]])
    codes, names = pd.factorize(tags)
    kind, begins = _meanings(list(names))
    opens = np.zeros(len(codes) // 2, dtype=bool)
    opens[(np.cumsum(lengths) - lengths)[lengths > 0]] = True
    gold_codes, found_codes = np.split(codes, 2)
    gold = _spans(kind[gold_codes], begins[gold_codes], opens)
    found = _spans(kind[found_codes], begins[found_codes], opens)
    same = gold.starts & found.starts & (gold.kind == found.kind) & (gold.last == found.last)
    return SpanMatches(gold.starts, found.starts, same, gold_codes == found_codes, lengths)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else 0.0


def _meanings(tags: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Number of each tag's type, and whether it begins a span whatever stands before."""
    numbers: dict[str, int] = {}
    kinds = []
    for tag in tags:
        prefix, name = tag[:2], tag[2:]
        if tag != "O" and (prefix not in ("B-", "I-") or not name):
            raise TableError(
                f"predictions: found tag {tag!r}; allowed: O, or B- or I- and a type, as in B-PER"
            )
        kinds.append(OUTSIDE if tag == "O" else numbers.setdefault(name, len(numbers) + 1))
    return np.array(kinds, dtype=np.int64), np.array([tag.startswith("B-") for tag in tags])


def _spans(kind: np.ndarray, begins: np.ndarray, opens: np.ndarray) -> Spans:
    """Find the spans; `opens` marks the first token of each sentence."""
    inside = kind != OUTSIDE
    breaks = begins | opens
    breaks[1:] |= kind[1:] != kind[:-1]
    starts = inside & breaks
    ends = inside.copy()
    ends[:-1] &= breaks[1:]
    last = np.full(len(kind), -1, dtype=np.int64)
    last[starts] = np.flatnonzero(ends)
    return Spans(starts, kind, last)
