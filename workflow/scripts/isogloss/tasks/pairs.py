"""Labels of sentence pairs: inputs of two segments, and the classifier of BERT."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor, nn
from torch.nn import functional

from isogloss.encoders.batches import Encoded, Points, gather
from isogloss.encoders.load import deviation_of, dropout_of
from isogloss.tasks.task import Features, linear, wide


def tokenise(
    tokenizer: Any, pairs: tuple[list[str], list[str]], max_length: int, rule: str
) -> list[Encoded]:
    """Sub-words of pairs of sentences, cut by a truncation rule of the library."""
    coded = tokenizer(
        *pairs,
        truncation=rule,
        max_length=max_length,
        return_token_type_ids=True,
        return_attention_mask=False,
    )
    return [
        Encoded(np.asarray(ids, dtype=np.int64), np.asarray(types, dtype=np.int64))
        for ids, types in zip(coded["input_ids"], coded["token_type_ids"], strict=True)
    ]


def pair_features(
    frame: pd.DataFrame, inputs: Sequence[Encoded], labels: Sequence[str], tokenizer: Any
) -> Features:
    """Features of a frame of table kind `pairs`.

    The state that stands for a pair is that of its first sub-word, or of its last one where the
    tokenizer writes no special sub-word in front (T5).
    """
    leads = tokenizer.cls_token_id is not None
    first = np.array([(0, 0 if leads else len(item.ids) - 1) for item in inputs], dtype=np.int64)
    place = {label: number for number, label in enumerate(labels)}
    answers = [np.array([[place[label]]], dtype=np.int64) for label in frame["label"]]
    windows = [(item,) for item in inputs]
    return Features(frame["id"].to_numpy(), windows, first, [row[None] for row in first], answers)


class Classifier(nn.Module):
    """Pooler, dropout and a linear layer on the state that stands for a pair.

    The head of BertForSequenceClassification (Devlin et al. 2019), also over RoBERTa. The
    linear layer is N(0, initializer_range), its bias 0. Without `pooler`, and over an encoder
    that has none (T5), it reads the state itself.
    """

    def __init__(self, encoder: Any, classes: int, pooler: bool, seed: int) -> None:
        super().__init__()
        self.pooler = pooler and getattr(encoder, "pooler", None) is not None
        self.dropout = nn.Dropout(dropout_of(encoder))
        self.output = linear(encoder.config.hidden_size, classes, deviation_of(encoder), seed)

    def logits(self, states: Tensor, points: Points, encoder: Any) -> Tensor:
        """States (R, T, H) to logits (N, classes)."""
        state = gather(states, points)
        pooled = encoder.pooler(state[:, None]) if self.pooler else state
        return self.output(self.dropout(pooled))

    def loss(self, states: Tensor, points: Points, encoder: Any) -> Tensor:
        """Mean cross-entropy over the batch, in nats; float32 or better."""
        logits = self.logits(states, points, encoder)
        return functional.cross_entropy(wide(logits), points.answers[:, 0])

    def decode(self, states: Tensor, points: Points, encoder: Any) -> list[np.ndarray]:
        """Place of the most probable label of each pair, int64 (1,)."""
        chosen = self.logits(states, points, encoder).argmax(-1, keepdim=True)
        return list(chosen.cpu().numpy())


def pair_predictions(
    frame: pd.DataFrame, decoded: Sequence[np.ndarray], labels: Sequence[str]
) -> pd.DataFrame:
    """Columns id, label, prediction of a frame of table kind `pairs`."""
    found = [labels[int(place[0])] for place in decoded]
    return frame[["id", "label"]].assign(prediction=found)
