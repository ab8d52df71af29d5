"""Span corruption, the language-modelling loss of T5: hidden spans are written out by the decoder.

Raffel et al. 2020, Sections 3.1.4 and 3.3.4: 15 percent of the sub-words in spans of 3 on average;
each span becomes one sentinel in the input, and the target has the sentinels with their spans.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from isogloss.encoders.batches import IGNORED
from isogloss.errors import EncoderError, TrainingError

# T5's name of a sentinel, and mT5's.
SENTINELS = ("<extra_id_{}>", "\N{LOWER ONE EIGHTH BLOCK}<extra_id_{}>")


class Corrupted(NamedTuple):
    """A text with hidden spans, and the spans: int64 (inputs,) and (targets,)."""

    inputs: np.ndarray
    targets: np.ndarray


def sentinels_of(tokenizer: Any) -> list[int]:
    """Ids of a tokenizer's sentinels, the first one first.

    Raises
    ------
    EncoderError
        if it has none
    """
    known = tokenizer.get_vocab()
    for form in SENTINELS:
        names = iter(form.format(number) for number in range(len(known)))
        found = [int(known[name]) for name in takewhile(known.__contains__, names)]
        if found:
            return found
    raise EncoderError(f"the tokenizer has no {SENTINELS[0].format(0)}; span corruption needs it")


def corrupt(
    ids: np.ndarray,
    sentinels: Sequence[int],
    end: int,
    generator: np.random.Generator,
    share: float = 0.15,
    mean: float = 3.0,
) -> Corrupted:
    """Hide spans of a text.

    Parameters
    ----------
    ids : int64 (n,), without special sub-words, n at least 2
    end : id that closes inputs and targets
    share, mean : share of the sub-words that is hidden, and mean length of a span

    Raises
    ------
    TrainingError
        for a text of less than two sub-words
    """
    if len(ids) < 2:
        raise TrainingError(f"a text of {len(ids)} sub-words; span corruption needs two or more")
    hidden = int(np.clip(round(len(ids) * share), 1, len(ids) - 1))
    count = min(max(1, round(hidden / mean)), hidden, len(ids) - hidden, len(sentinels))
    spans = _parts(hidden, count, generator)
    gaps = _parts(len(ids) - hidden, count, generator)
    inputs: list[int] = []
    targets: list[int] = []
    place = 0
    for sentinel, gap, span in zip(sentinels, gaps, spans, strict=False):
        inputs += [*ids[place : place + gap].tolist(), sentinel]
        targets += [sentinel, *ids[place + gap : place + gap + span].tolist()]
        place += gap + span
    return Corrupted(np.array([*inputs, end]), np.array([*targets, end]))


def _parts(total: int, count: int, generator: np.random.Generator) -> list[int]:
    """A sum as `count` parts of at least 1, each way of cutting as likely as the others."""
    cuts = np.sort(generator.choice(total - 1, count - 1, replace=False)) + 1
    return np.diff([0, *cuts.tolist(), total]).tolist()


def loss(model: Any, texts: Sequence[Corrupted], pad: int) -> Tensor:
    """Mean cross-entropy over the targets' sub-words through the whole model, in nats.

    model : an MT5ForConditionalGeneration-like model
    """
    device = next(model.parameters()).device
    ids = _padded([text.inputs for text in texts], pad).to(device)
    lengths = torch.tensor([len(text.inputs) for text in texts], device=device)
    there = torch.arange(ids.shape[1], device=device)[None] < lengths[:, None]
    labels = _padded([text.targets for text in texts], IGNORED).to(device)
    found: Tensor = model(input_ids=ids, attention_mask=there.long(), labels=labels).loss
    return found


def _padded(rows: Sequence[np.ndarray], fill: int) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(
        [torch.from_numpy(row.astype(np.int64)) for row in rows],
        batch_first=True,
        padding_value=fill,
    )
