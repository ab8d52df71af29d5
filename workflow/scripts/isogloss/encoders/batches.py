"""Batches without padding: several sequences share a row, and do not see each other.

A batch of random examples has lengths from a few sub-words to many. Its sequences are
spread over rows of nearly equal fill. Attention is masked to each sequence's own sub-words
and positions restart, so every sequence gets exactly the states it would get alone.
"""

import heapq
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

# Answer of a point at which nothing is to be predicted.
IGNORED = -100


class Fit(NamedTuple):
    """How sequences are put into rows.

    slack : sub-words computed, over the fewest possible, that narrower rows may cost
    widest : width of a row at most, in lengths of the longest sequence
    """

    slack: float
    widest: int


LOOSE = Fit(1.02, 3)
# For sequences of about the same length, of which few fill a row badly.
TIGHT = Fit(1.01, 4)


class Encoded(NamedTuple):
    """One tokenised input: ids and segment types, both int64 of shape (length,)."""

    ids: np.ndarray
    types: np.ndarray


class Batch(NamedTuple):
    """Packed sequences. R rows of T sub-words hold N sequences.

    ids, types, positions : int64 (R, T)
    sequence : int64 (R, T), 1 + place of the sequence in the batch, 0 where there is none
    first : int64 (N, 2), row and column of each sequence's first sub-word
    """

    ids: Tensor
    types: Tensor
    positions: Tensor
    sequence: Tensor
    first: Tensor

    @property
    def tokens(self) -> int:
        """Real sub-words."""
        return int((self.sequence > 0).sum())

    @property
    def processed(self) -> int:
        """Sub-words computed, padding included."""
        return self.sequence.numel()

    def to(self, device: torch.device) -> "Batch":
        """Copy to a device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


def place(lengths: Sequence[int], fit: Fit = LOOSE) -> tuple[list[tuple[int, int]], int]:
    """Row and column for each sequence, and the width of a row.

    One sequence per row and rows of one to `fit.widest` times the longest sequence are tried. The
    most rows are taken that compute few more sub-words than the fewest: attention costs the square
    of a row's width.
    """
    total, longest = sum(lengths), max(lengths)
    counts = range(max(1, total // longest), max(1, total // (fit.widest * longest)) - 1, -1)
    tried = [(count, *_spread(lengths, count)) for count in (len(lengths), *counts)]
    fewest = min(count * width for count, _, width in tried)
    return next(
        (places, width) for count, places, width in tried if count * width <= fit.slack * fewest
    )


def _spread(lengths: Sequence[int], count: int) -> tuple[list[tuple[int, int]], int]:
    """Sequences by falling length into the emptiest of `count` rows (Graham 1969, LPT rule)."""
    filled = [(0, row) for row in range(count)]
    places = [(0, 0)] * len(lengths)
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        column, row = heapq.heappop(filled)
        places[index] = (row, column)
        heapq.heappush(filled, (column + lengths[index], row))
    return places, max(filled)[0]


def pack(sequences: Sequence[Encoded], pad: int, offset: int = 0, fit: Fit = LOOSE) -> Batch:
    """Pack sequences into rows of nearly equal fill.

    Parameters
    ----------
    pad : id of the padding sub-word
    offset : position of a first sub-word (`encoders.load.position_offset`)
    """
    lengths = [len(item.ids) for item in sequences]
    places, width = place(lengths, fit)
    rows = 1 + max(row for row, _ in places)
    ids = np.full((rows, width), pad, dtype=np.int64)
    types = np.zeros((rows, width), dtype=np.int64)
    positions = np.full((rows, width), offset, dtype=np.int64)
    owner = np.zeros((rows, width), dtype=np.int64)
    for index, (item, (row, column)) in enumerate(zip(sequences, places, strict=True)):
        span = slice(column, column + len(item.ids))
        ids[row, span] = item.ids
        types[row, span] = item.types
        positions[row, span] = np.arange(offset, offset + len(item.ids))
        owner[row, span] = index + 1
    return Batch(
        torch.from_numpy(ids),
        torch.from_numpy(types),
        torch.from_numpy(positions),
        torch.from_numpy(owner),
        torch.tensor(places, dtype=torch.int64),
    )


def forward(encoder: Any, batch: Batch, all_layers: bool = False) -> tuple[Tensor, ...]:
    """Hidden states of a packed batch.

    T5-like encoders have neither positions nor segments: they know how far two sub-words are
    apart, which packing into one row does not change. A BiLSTM has no attention to mask, and is
    told which sequence each sub-word is of.

    Returns
    -------
    the last layer's states, or those of all layers (embedding output first),
    each of shape (R, T, hidden)
    """
    model = encoder.base_model
    if getattr(model, "reads_packed", False):
        places = {"sequence": batch.sequence}
    else:
        allowed = batch.sequence[:, None, :, None] == batch.sequence[:, None, None, :]
        places = {"attention_mask": allowed}
        if hasattr(model, "embeddings"):
            places |= {"token_type_ids": batch.types, "position_ids": batch.positions}
    output = model(input_ids=batch.ids, output_hidden_states=all_layers, **places)
    return output.hidden_states if all_layers else (output.last_hidden_state,)


def first_states(states: Tensor, batch: Batch) -> Tensor:
    """State of each sequence's first sub-word ([CLS] or <s>): (R, T, H) -> (N, H)."""
    return states[batch.first[:, 0], batch.first[:, 1]]


def mean_states(
    states: Tensor, batch: Batch, special: Tensor, example: Tensor | None = None
) -> Tensor:
    """Mean over the sub-words without special ones: (R, T, H) -> (N, H).

    Parameters
    ----------
    special : ids of special sub-words, int64 (k,)
    example : int64 (sequences,), rising, the example 0 to N - 1 that each sequence is a window
        of; None where each is an example. Sub-words that windows repeat count as often.
    """
    owner = torch.where(torch.isin(batch.ids, special), 0, batch.sequence)
    if example is not None:
        owner = torch.cat([example.new_zeros(1), example + 1])[owner]
    return _means(states, owner, len(batch.first) if example is None else int(example[-1]) + 1)


def inner_states(states: Tensor, batch: Batch) -> Tensor:
    """Mean over all sub-words but a sequence's first and last: (R, T, H) -> (N, H)."""
    edge = batch.sequence.new_zeros(len(batch.sequence), 1)
    before = torch.cat([edge, batch.sequence[:, :-1]], 1)
    after = torch.cat([batch.sequence[:, 1:], edge], 1)
    inside = (batch.sequence == before) & (batch.sequence == after)
    return _means(states, torch.where(inside, batch.sequence, 0), len(batch.first))


def _means(states: Tensor, owner: Tensor, count: int) -> Tensor:
    """Mean of the states (R, T, H) of each owner 1 to count, (count, H); owner 0 is none."""
    of, flat = owner.flatten(), states.flatten(0, 1)
    sums = flat.new_zeros(count + 1, flat.shape[1]).index_add(0, of, flat)
    number = flat.new_zeros(count + 1).index_add(0, of, flat.new_ones(len(of)))
    return sums[1:] / number[1:, None].clamp(min=1)


class Points(NamedTuple):
    """Places in a packed batch at which a head reads states: P points of N examples.

    row, column : int64 (P,), where the state stands
    owner : int64 (P,), place of the example, 0 to N - 1, rising
    place : int64 (P,), number of the point within its example
    answers : int64 (P, a), what is to be predicted at the point; IGNORED where nothing is
    """

    row: Tensor
    column: Tensor
    owner: Tensor
    place: Tensor
    answers: Tensor

    def to(self, device: torch.device) -> "Points":
        """Copy to a device."""
        return Points(*(tensor.to(device, non_blocking=True) for tensor in self))


def locate(
    windows: Sequence[int],
    points: Sequence[np.ndarray],
    answers: Sequence[np.ndarray],
    batch: Batch,
) -> Points:
    """Find the points of examples whose windows were packed one after the other.

    Parameters
    ----------
    windows : number of sequences of each of the N examples
    points : int (k, 2) per example: window and offset in it
    answers : int (k, a) per example
    """
    counts = [len(part) for part in points]
    flat = np.concatenate(points)
    before = np.concatenate([[0], np.cumsum(windows)[:-1]])
    owner = np.repeat(np.arange(len(points)), counts)
    starts = batch.first.numpy()[before[owner] + flat[:, 0]]
    place = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = (starts[:, 0], starts[:, 1] + flat[:, 1], owner, place, np.concatenate(answers))
    return Points(*(torch.from_numpy(part.astype(np.int64)) for part in found))


def gather(states: Tensor, points: Points) -> Tensor:
    """States at the points: (R, T, H) -> (P, H)."""
    return states[points.row, points.column]


def spread(values: Tensor, points: Points, fill: float = 0.0) -> Tensor:
    """Values by example and place: (P, ...) -> (N, K, ...), `fill` where an example has fewer."""
    count, most = int(points.owner[-1]) + 1, int(points.place.max()) + 1
    whole = values.new_full((count, most, *values.shape[1:]), fill)
    whole[points.owner, points.place] = values
    return whole


def by_length(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Group places of examples, sorted by length, into batches of about `tokens` sub-words."""
    groups: list[list[int]] = []
    held = 0
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        length = lengths[index]
        if not groups or held + length > tokens:
            groups.append([])
            held = 0
        groups[-1].append(index)
        held += length
    return groups
