"""Natural language inference: a pair of sentences, three labels, accuracy."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from isogloss.encoders.batches import Batch, Encoded, first_states

LABELS = ("entailment", "neutral", "contradiction")
METRIC = "accuracy"
# The released code of Philippy et al. tokenises blocks of this many pairs at a time.
BLOCK = 1000


class Features(NamedTuple):
    """Tokenised examples: row ids, inputs, and the place of each label in LABELS (N,)."""

    ids: np.ndarray
    inputs: list[Encoded]
    labels: Tensor


def features(
    frame: pd.DataFrame,
    tokenizer: Any,
    max_length: int,
    truncation: Literal["longest_first", "authors"] = "longest_first",
) -> Features:
    """Tokenise a frame of table kind `pairs`.

    `authors` truncates the premise only, unless a block of 1,000 pairs has a hypothesis
    that alone is too long: then the longest sentence first, in that whole block
    (released code of Philippy et al. 2023).
    """
    inputs: list[Encoded] = []
    for start in range(0, len(frame), BLOCK):
        block = frame.iloc[start : start + BLOCK]
        pairs = (block["premise"].tolist(), block["hypothesis"].tolist())
        inputs.extend(_tokenise(tokenizer, pairs, max_length, truncation))
    labels = torch.tensor([LABELS.index(label) for label in frame["label"]], dtype=torch.int64)
    return Features(frame["id"].to_numpy(), inputs, labels)


def _tokenise(
    tokenizer: Any, pairs: tuple[list[str], list[str]], max_length: int, truncation: str
) -> list[Encoded]:
    settings = {"return_token_type_ids": True, "return_attention_mask": False}
    rule: bool | str = "longest_first"
    if truncation == "authors":
        plain = {**settings, "add_special_tokens": False}
        hypotheses = tokenizer(pairs[1], **plain)["input_ids"]
        room = max_length - tokenizer.num_special_tokens_to_add(pair=True)
        # The tokenizer raises where a premise would have to be cut to nothing.
        full = [first for first, ids in zip(pairs[0], hypotheses, strict=True) if len(ids) == room]
        raises = max(map(len, hypotheses)) > room or (
            len(full) > 0 and any(tokenizer(full, **plain)["input_ids"])
        )
        rule = "longest_first" if raises else "only_first"
    coded = tokenizer(*pairs, truncation=rule, max_length=max_length, **settings)
    return [
        Encoded(np.asarray(ids, dtype=np.int64), np.asarray(types, dtype=np.int64))
        for ids, types in zip(coded["input_ids"], coded["token_type_ids"], strict=True)
    ]


class Classifier(nn.Module):
    """Encoder, its pooler on the first sub-word, dropout, and a linear layer.

    The head of BertForSequenceClassification (Devlin et al. 2019), also over RoBERTa.
    The linear layer is N(0, initializer_range), its bias 0, drawn from `seed`.
    """

    def __init__(self, encoder: Any, seed: int) -> None:
        super().__init__()
        settings = encoder.config
        self.encoder = encoder
        self.dropout = nn.Dropout(settings.hidden_dropout_prob)
        # without weights of its own, so that no other random stream moves
        self.output = nn.utils.skip_init(nn.Linear, settings.hidden_size, len(LABELS))
        generator = torch.Generator().manual_seed(seed)
        nn.init.normal_(self.output.weight, std=settings.initializer_range, generator=generator)
        nn.init.zeros_(self.output.bias)

    def logits(self, states: Tensor, batch: Batch) -> Tensor:
        """Last layer's states (R, T, H) to logits (N, 3)."""
        pooled = self.encoder.pooler(first_states(states, batch)[:, None])
        return self.output(self.dropout(pooled))


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy over the batch, in nats; float32 or better."""
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return functional.cross_entropy(wide, labels)


def decode(logits: Tensor) -> list[str]:
    """Most probable label of each example."""
    return [LABELS[place] for place in logits.argmax(-1).tolist()]


def score(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Accuracy in percent."""
    equal = sum(a == b for a, b in zip(labels, predictions, strict=True))
    return 100 * equal / len(labels)
