"""Masked language modelling: 15 percent of the sub-words, the head only where it is needed."""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from isogloss.encoders.batches import IGNORED, Batch, forward
from isogloss.errors import TrainingError

# What a chosen sub-word becomes (Devlin et al. 2019, Section 3.1): mask, random, itself.
MASKED, RANDOM = 0.8, 0.1


class Masking(NamedTuple):
    """What masking needs to know of a tokenizer. special : ids never chosen, int64 (k,)."""

    mask: int
    vocabulary: int
    special: Tensor


def mask_batch(
    batch: Batch, masking: Masking, share: float, generator: torch.Generator
) -> tuple[Batch, Tensor]:
    """Choose sub-words to predict, at least one, and hide them.

    Returns
    -------
    the batch with hidden sub-words, and the answers, int64 (R, T), IGNORED elsewhere

    Raises
    ------
    TrainingError
        if the batch holds special sub-words only
    """
    open_to = (batch.sequence > 0) & ~torch.isin(batch.ids, masking.special)
    if not open_to.any():
        raise TrainingError("a batch of documents holds no text; empty documents must be left out")
    chance = torch.rand(batch.ids.shape, generator=generator)
    chosen = open_to & (chance < share)
    if not chosen.any():
        chosen = open_to & (chance == chance[open_to].min())
    answers = torch.where(chosen, batch.ids, IGNORED)
    fate = torch.rand(batch.ids.shape, generator=generator)
    random = torch.randint(masking.vocabulary, batch.ids.shape, generator=generator)
    ids = torch.where(chosen & (fate < MASKED), masking.mask, batch.ids)
    ids = torch.where(chosen & (fate >= MASKED) & (fate < MASKED + RANDOM), random, ids)
    return batch._replace(ids=ids), answers


def loss(model: Any, batch: Batch, answers: Tensor) -> Tensor:
    """Mean cross-entropy over the hidden sub-words, in nats; float32 or better.

    model : a BertForMaskedLM- or RobertaForMaskedLM-like model; its head sees only the
        states of hidden sub-words, which gives the same value as the dense head
    """
    states = forward(model, batch)[0]
    places = answers != IGNORED
    head = model.cls if hasattr(model, "cls") else model.lm_head
    logits = head(states[places])
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return functional.cross_entropy(wide, answers[places])
