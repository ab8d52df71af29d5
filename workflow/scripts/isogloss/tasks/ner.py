"""Named entity recognition with BIO tags: F1 of spans."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from isogloss.config.tasks import Ner
from isogloss.errors import TaskError
from isogloss.tasks.tagging import Tagger, tag_features, tag_predictions
from isogloss.tasks.task import Features

PREDICTIONS = "tag_predictions"
OUTSIDE = "O"


def labels(task: Ner, frame: pd.DataFrame) -> tuple[str, ...]:
    """O, and B- and I- of each type.

    Raises
    ------
    TaskError
        if the training rows hold names of other types and the task does not take them for O
    """
    known = (OUTSIDE, *(f"{side}-{kind}" for kind in task.types for side in "BI"))
    if task.other_types == "error":
        _refuse_others(frame, known)
    return known


def _refuse_others(frame: pd.DataFrame, known: Sequence[str]) -> None:
    allowed = set(known)
    for row, tags in zip(frame["id"], frame["tag"], strict=True):
        for tag in tags:
            if tag not in allowed:
                raise TaskError(
                    f"row {row} has the tag {tag}; allowed: {', '.join(known)}, or add its type to "
                    "the task's `types`, or set `other_types: outside`"
                )


def _tags(frame: pd.DataFrame, labels: Sequence[str]) -> list[list[str]]:
    """Tags of the frame; names of other types are outside."""
    known = set(labels)
    return [[tag if tag in known else OUTSIDE for tag in tags] for tags in frame["tag"]]


def features(frame: pd.DataFrame, tokenizer: Any, task: Ner, labels: Sequence[str]) -> Features:
    """Sentences of a frame of table kind `tagged`, one point per token.

    Raises
    ------
    TaskError
        for a name of another type, unless the task takes them for O
    """
    if task.other_types == "error":
        _refuse_others(frame, labels)
    ids, forms = frame["id"].to_numpy(), frame["form"].tolist()
    return tag_features(ids, forms, _tags(frame, labels), tokenizer, task, labels)


def build_head(encoder: Any, task: Ner, labels: Sequence[str], seed: int) -> nn.Module:
    """A linear layer over tokens."""
    return Tagger(encoder, len(labels), seed)


def predictions(
    frame: pd.DataFrame,
    features: Features,
    decoded: Sequence[np.ndarray],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Columns id, label, prediction; lists of tags."""
    return tag_predictions(features.ids, _tags(frame, labels), decoded, labels)
