"""Tags of words: windows of sub-words, and a linear layer on one of them per word."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor, nn
from torch.nn import functional

from isogloss.encoders.batches import IGNORED, Points, gather
from isogloss.encoders.load import deviation_of, dropout_of
from isogloss.encoders.words import Windowed, frame_of, windowed, word_pieces
from isogloss.tasks.task import Features, linear, wide


def windows_of(sentences: Sequence[Sequence[str]], tokenizer: Any, task: Any) -> list[Windowed]:
    """Sentences as windows; `task` has max_length, context and subword."""
    pieces = word_pieces([word for words in sentences for word in words], tokenizer)
    opening, closing = frame_of(tokenizer)
    return [
        windowed(
            [pieces[word] for word in words],
            opening,
            closing,
            task.max_length,
            task.context,
            task.subword,
        )
        for words in sentences
    ]


def tag_features(
    ids: np.ndarray,
    forms: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    tokenizer: Any,
    task: Any,
    labels: Sequence[str],
) -> Features:
    """Features of tagged sentences: one point per word; a tag outside `labels` is IGNORED."""
    cut = windows_of(forms, tokenizer, task)
    place = {label: number for number, label in enumerate(labels)}
    return Features(
        ids,
        [item.windows for item in cut],
        np.stack([item.first for item in cut]),
        [item.points for item in cut],
        [np.array([[place.get(tag, IGNORED)] for tag in row], dtype=np.int64) for row in tags],
    )


class Tagger(nn.Module):
    """Dropout and a linear layer on the state of each word's sub-word.

    The head of BertForTokenClassification. The linear layer is N(0, initializer_range).
    """

    def __init__(self, encoder: Any, tags: int, seed: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout_of(encoder))
        self.output = linear(encoder.config.hidden_size, tags, deviation_of(encoder), seed)

    def logits(self, states: Tensor, points: Points) -> Tensor:
        """States (R, T, H) to logits (P, tags)."""
        return self.output(self.dropout(gather(states, points)))

    def loss(self, states: Tensor, points: Points, encoder: Any) -> Tensor:
        """Mean cross-entropy over the words of the batch, in nats; float32 or better."""
        logits = wide(self.logits(states, points))
        return functional.cross_entropy(logits, points.answers[:, 0], ignore_index=IGNORED)

    def decode(self, states: Tensor, points: Points, encoder: Any) -> list[np.ndarray]:
        """Place of the most probable tag of each word, int64 (words,) per sentence."""
        tags = self.logits(states, points).argmax(-1).cpu().numpy()
        ends = np.cumsum(np.bincount(points.owner.cpu().numpy()))
        return np.split(tags, ends[:-1])


def tag_predictions(
    ids: np.ndarray,
    tags: Sequence[Sequence[str]],
    decoded: Sequence[np.ndarray],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Columns id, label, prediction; one row per sentence, a list per cell."""
    names = np.array(labels, dtype=object)
    found = [names[places].tolist() for places in decoded]
    return pd.DataFrame({"id": ids, "label": [list(row) for row in tags], "prediction": found})
