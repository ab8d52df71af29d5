"""Training with only the embedding rows that occur: exact, and most of the weights less.

Of mBERT's 178 M parameters 92 M are sub-word embeddings, and a training set in one language
uses a tenth of the rows. The others get no gradient; AdamW only shrinks them by weight decay,
which is applied in one go afterwards.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isogloss.encoders.batches import Encoded


def used_ids(inputs: Iterable[Encoded], special: Iterable[int]) -> np.ndarray:
    """Ids that occur or are special, rising, int64 (k,)."""
    parts = [np.asarray(sorted(special), dtype=np.int64), *(np.unique(i.ids) for i in inputs)]
    return np.unique(np.concatenate(parts))


def compact(encoder: Any, kept: np.ndarray) -> Tensor:
    """Replace the sub-word embeddings by their rows `kept`.

    Returns
    -------
    all rows as they were, float32 (vocabulary, hidden), for `expand`
    """
    table = encoder.get_input_embeddings()
    full = table.weight.detach()
    small = nn.Embedding(len(kept), full.shape[1])
    small.weight = nn.Parameter(
        full[torch.from_numpy(kept)].clone(), requires_grad=table.weight.requires_grad
    )
    encoder.set_input_embeddings(small)
    _restrict(encoder, torch.from_numpy(kept).to(full.device))
    return full


def expand(encoder: Any, kept: np.ndarray, full: Tensor, shrink: float = 1.0) -> None:
    """Put all rows back: the trained ones, and the others times `shrink`.

    shrink : product over the steps of (1 - learning rate * weight decay)
    """
    small = encoder.get_input_embeddings()
    weight = full.to(small.weight.device) * (shrink if small.weight.requires_grad else 1.0)
    weight[torch.from_numpy(kept).to(weight.device)] = small.weight.detach()
    table = nn.Embedding(full.shape[0], full.shape[1], padding_idx=encoder.config.pad_token_id)
    table.weight = nn.Parameter(weight, requires_grad=small.weight.requires_grad)
    encoder.set_input_embeddings(table)
    _restrict(encoder, None)


def _restrict(encoder: Any, kept: Tensor | None) -> None:
    """Tell an encoder that knows more of a sub-word than its embedding (a BiLSTM)."""
    if hasattr(encoder, "restrict"):
        encoder.restrict(kept)
