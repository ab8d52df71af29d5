"""Paraphrase identification: do two sentences mean the same? Accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from isogloss.config.tasks import Paraphrase
from isogloss.tasks.pairs import Classifier, pair_features, pair_predictions, tokenise
from isogloss.tasks.task import Features

PREDICTIONS = "predictions"
# In the order of PAWS-X's labels 0 and 1.
LABELS = ("different", "paraphrase")


def labels(task: Paraphrase, frame: pd.DataFrame) -> tuple[str, ...]:
    """The two labels."""
    return LABELS


def features(
    frame: pd.DataFrame, tokenizer: Any, task: Paraphrase, labels: Sequence[str]
) -> Features:
    """Tokenise a frame of table kind `pairs`; the longer sentence is cut first."""
    pairs = (frame["premise"].tolist(), frame["hypothesis"].tolist())
    inputs = tokenise(tokenizer, pairs, task.max_length, "longest_first")
    return pair_features(frame, inputs, labels, tokenizer)


def build_head(encoder: Any, task: Paraphrase, labels: Sequence[str], seed: int) -> nn.Module:
    """The classifier of pairs."""
    return Classifier(encoder, len(labels), task.pooler, seed)


def predictions(
    frame: pd.DataFrame,
    features: Features,
    decoded: Sequence[np.ndarray],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Columns id, label, prediction."""
    return pair_predictions(frame, decoded, labels)
