"""Natural language inference: a pair of sentences, three labels, accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from isogloss.config.tasks import Nli
from isogloss.encoders.batches import Encoded
from isogloss.tasks.pairs import Classifier, pair_features, pair_predictions, tokenise
from isogloss.tasks.task import Features

PREDICTIONS = "predictions"
LABELS = ("entailment", "neutral", "contradiction")
# The released code of Philippy et al. tokenises blocks of this many pairs at a time.
BLOCK = 1000


def labels(task: Nli, frame: pd.DataFrame) -> tuple[str, ...]:
    """The three labels, in the order of the published data."""
    return LABELS


def features(
    frame: pd.DataFrame, tokenizer: Any, task: Nli, labels: Sequence[str] = LABELS
) -> Features:
    """Tokenise a frame of table kind `pairs`.

    With `truncation: authors` the premise only is cut, unless a block of 1,000 pairs has a
    hypothesis that alone is too long: then the longest sentence first, in that whole block
    (released code of Philippy et al. 2023).
    """
    inputs: list[Encoded] = []
    for start in range(0, len(frame), BLOCK):
        block = frame.iloc[start : start + BLOCK]
        pairs = (block["premise"].tolist(), block["hypothesis"].tolist())
        rule = "longest_first"
        if task.truncation == "authors" and not _raises(tokenizer, pairs, task.max_length):
            rule = "only_first"
        inputs += tokenise(tokenizer, pairs, task.max_length, rule)
    return pair_features(frame, inputs, labels, tokenizer)


def _raises(tokenizer: Any, pairs: tuple[list[str], list[str]], max_length: int) -> bool:
    """Whether the tokenizer refuses to cut premises only: one would be cut to nothing."""
    plain = {"add_special_tokens": False, "return_attention_mask": False}
    hypotheses = tokenizer(pairs[1], **plain)["input_ids"]
    room = max_length - tokenizer.num_special_tokens_to_add(pair=True)
    full = [first for first, ids in zip(pairs[0], hypotheses, strict=True) if len(ids) == room]
    return max(map(len, hypotheses)) > room or (
        len(full) > 0 and any(tokenizer(full, **plain)["input_ids"])
    )


def build_head(encoder: Any, task: Nli, labels: Sequence[str], seed: int) -> nn.Module:
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
