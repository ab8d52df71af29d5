"""Part-of-speech tagging with the 17 universal tags: accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from isogloss.config.tasks import Pos
from isogloss.corpora.conllu import UPOS
from isogloss.tasks.tagging import Tagger, tag_features, tag_predictions
from isogloss.tasks.task import Features

PREDICTIONS = "tag_predictions"


def labels(task: Pos, frame: pd.DataFrame) -> tuple[str, ...]:
    """The universal tags."""
    return UPOS


def _tags(frame: pd.DataFrame) -> list[list[str]]:
    return frame["upos" if "upos" in frame.columns else "tag"].tolist()


def features(frame: pd.DataFrame, tokenizer: Any, task: Pos, labels: Sequence[str]) -> Features:
    """Sentences of a frame of table kind `treebank` or `tagged`, one point per word."""
    ids, forms = frame["id"].to_numpy(), frame["form"].tolist()
    return tag_features(ids, forms, _tags(frame), tokenizer, task, labels)


def build_head(encoder: Any, task: Pos, labels: Sequence[str], seed: int) -> nn.Module:
    """A linear layer over words."""
    return Tagger(encoder, len(labels), seed)


def predictions(
    frame: pd.DataFrame,
    features: Features,
    decoded: Sequence[np.ndarray],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Columns id, label, prediction; lists of tags."""
    return tag_predictions(features.ids, _tags(frame), decoded, labels)
