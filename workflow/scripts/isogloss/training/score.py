"""Scoring a run: predictions and hidden states of a language in one pass."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from isogloss.encoders.batches import (
    Encoded,
    by_length,
    first_states,
    forward,
    mean_states,
    pack,
)
from isogloss.encoders.load import position_offset
from isogloss.tasks import nli
from isogloss.training.loop import pick_device

# Sub-words per batch: large enough to fill a GPU, small enough for a CPU's caches.
TOKENS = {"cuda": 16384, "cpu": 1024}
Pooling = Literal["cls", "mean"]


class Pass(NamedTuple):
    """What one pass yields, in the order of the inputs.

    predictions : labels, or None for an encoder without a head
    states : by pooling, float16 (N, layers + 1, hidden), embedding output first
    """

    predictions: list[str] | None
    states: dict[str, np.ndarray]


def run_pass(
    encoder: Any,
    inputs: Sequence[Encoded],
    pad: int,
    special: Sequence[int] = (),
    poolings: Sequence[str] = (),
    head: nli.Classifier | None = None,
) -> Pass:
    """Encode inputs once, sorted by length; predict with `head` and keep pooled states.

    In float32 also on a GPU: near-identical states differ by less than bf16 resolves.
    """
    device = pick_device()
    (head or encoder).to(device).eval()
    offset = position_offset(encoder)
    marks = torch.tensor(sorted(special), dtype=torch.int64, device=device)
    shape = (len(inputs), encoder.config.num_hidden_layers + 1, encoder.config.hidden_size)
    states = {pooling: np.empty(shape, dtype=np.float16) for pooling in poolings}
    predictions = [""] * len(inputs)
    for members in by_length(inputs, TOKENS[device.type]):
        batch = pack([inputs[place] for place in members], pad, offset).to(device)
        with torch.inference_mode():
            layers = forward(encoder, batch, all_layers=bool(poolings))
            if head is not None:
                for place, label in zip(
                    members, nli.decode(head.logits(layers[-1], batch)), strict=True
                ):
                    predictions[place] = label
            for pooling, kept in states.items():
                pooled = [
                    first_states(layer, batch)
                    if pooling == "cls"
                    else mean_states(layer, batch, marks)
                    for layer in layers
                ]
                kept[members] = torch.stack(pooled, 1).to(torch.float16).cpu().numpy()
    return Pass(predictions if head is not None else None, states)


def predict(model: nli.Classifier, inputs: Sequence[Encoded], pad: int) -> list[str]:
    """Predicted label of each input."""
    return run_pass(model.encoder, inputs, pad, head=model).predictions or []
