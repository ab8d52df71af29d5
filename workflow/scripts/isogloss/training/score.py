"""Scoring a run: what is predicted, and hidden states, in one pass over a language's examples."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from isogloss.encoders.batches import (
    LOOSE,
    TIGHT,
    Batch,
    Fit,
    Points,
    by_length,
    forward,
    inner_states,
    locate,
    mean_states,
    pack,
)
from isogloss.encoders.load import position_offset
from isogloss.tasks.task import Features
from isogloss.training.loop import pick_device

# Sub-words per batch: large enough to fill a GPU, small enough for a CPU's caches.
TOKENS = {"cuda": 16384, "cpu": 1024}
# State of an example: of its first sub-word, the mean without special sub-words, or without the
# sub-words at its two ends (of examples of one window).
Pooling = Literal["cls", "mean", "inner"]


class Pass(NamedTuple):
    """What one pass yields, in the order of the examples.

    decoded : what the head decodes for each, or None for an encoder without a head
    states : by pooling, float16 (N, layers + 1, hidden), embedding output first
    tokens, processed : sub-words of the examples, and computed with padding
    """

    decoded: list[np.ndarray] | None
    states: dict[str, np.ndarray]
    tokens: int
    processed: int


def batch_of(
    features: Features,
    members: Sequence[int] | np.ndarray,
    pad: int,
    offset: int,
    fit: Fit = LOOSE,
) -> Batch:
    """Windows of some examples, packed one after the other."""
    windows = [window for place in members for window in features.windows[place]]
    return pack(windows, pad, offset, fit)


def points_of(features: Features, members: Sequence[int] | np.ndarray, batch: Batch) -> Points:
    """Points of some examples in their packed batch."""
    return locate(
        [len(features.windows[place]) for place in members],
        [features.points[place] for place in members],
        [features.answers[place] for place in members],
        batch,
    )


def packed(
    features: Features, pad: int, offset: int, device: torch.device
) -> Iterator[tuple[list[int], Batch, Points]]:
    """Examples in batches of about the same length, on the device: places, inputs and points."""
    for members in by_length(features.lengths, TOKENS[device.type]):
        batch = batch_of(features, members, pad, offset, TIGHT)
        yield members, batch.to(device), points_of(features, members, batch).to(device)


def run_pass(
    encoder: Any,
    features: Features,
    pad: int,
    special: Sequence[int] = (),
    poolings: Sequence[str] = (),
    head: Any = None,
) -> Pass:
    """Encode examples once, sorted by length; decode with `head` and keep pooled states.

    In float32 also on a GPU: near-identical states differ by less than bf16 resolves.
    """
    device = pick_device()
    encoder.to(device).eval()
    if head is not None:
        head.to(device).eval()
    offset = position_offset(encoder)
    marks = torch.tensor(sorted(special), dtype=torch.int64, device=device)
    lengths = features.lengths
    shape = (len(lengths), encoder.config.num_hidden_layers + 1, encoder.config.hidden_size)
    states = {pooling: np.empty(shape, dtype=np.float16) for pooling in poolings}
    pools: dict[str, Callable[..., Tensor]] = {
        "cls": _first,
        "mean": partial(_mean, special=marks),
        "inner": _inner,
    }
    decoded: list[np.ndarray] = [np.empty(0)] * len(lengths)
    processed = 0
    for members, batch, points in packed(features, pad, offset, device):
        at = (features.first[members], [len(features.windows[place]) for place in members])
        processed += batch.processed
        with torch.inference_mode():
            layers = forward(encoder, batch, all_layers=bool(poolings))
            if head is not None:
                found = head.decode(layers[-1], points, encoder)
                for place, answer in zip(members, found, strict=True):
                    decoded[place] = answer
            for pooling, kept in states.items():
                pooled = [pools[pooling](layer, batch, *at) for layer in layers]
                kept[members] = torch.stack(pooled, 1).to(torch.float16).cpu().numpy()
    return Pass(decoded if head is not None else None, states, sum(lengths), processed)


def _first(states: Tensor, batch: Batch, first: np.ndarray, windows: Sequence[int]) -> Tensor:
    """State of the sub-word that stands for each example: (R, T, H) -> (N, H)."""
    before = np.concatenate([[0], np.cumsum(windows)[:-1]])
    starts = batch.first[torch.from_numpy(before + first[:, 0]).to(states.device)]
    offsets = torch.from_numpy(first[:, 1]).to(states.device)
    return states[starts[:, 0], starts[:, 1] + offsets]


def _mean(
    states: Tensor, batch: Batch, first: np.ndarray, windows: Sequence[int], special: Tensor
) -> Tensor:
    """Mean state of each example: (R, T, H) -> (N, H)."""
    example = torch.from_numpy(np.repeat(np.arange(len(windows)), windows)).to(states.device)
    return mean_states(states, batch, special, example)


def _inner(states: Tensor, batch: Batch, first: np.ndarray, windows: Sequence[int]) -> Tensor:
    """State of each example between its ends: (R, T, H) -> (N, H)."""
    return inner_states(states, batch)
