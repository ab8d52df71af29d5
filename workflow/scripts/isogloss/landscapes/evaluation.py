"""Held-out rows of several languages, encoded once and scored in one pass for any weights."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from isogloss.encoders.batches import Batch, Points, forward
from isogloss.metrics.standard import score_of
from isogloss.tasks.task import Features, join_features, renumber, task_module
from isogloss.training.model import Model
from isogloss.training.score import packed

# language -> metric -> percent, the main metric first
Scores = dict[str, dict[str, float]]


class DevSets(NamedTuple):
    """Rows of some languages as batches on the device, sorted by length.

    frames, parts : rows and inputs by language
    members : places of each batch's examples, counted over all languages
    batches : what the encoder reads, and where the head reads its states
    """

    kind: str
    labels: Sequence[str]
    frames: Mapping[str, pd.DataFrame]
    parts: Mapping[str, Features]
    members: list[list[int]]
    batches: list[tuple[Batch, Points]]


def prepare(
    kind: str,
    labels: Sequence[str],
    frames: Mapping[str, pd.DataFrame],
    parts: Mapping[str, Features],
    kept: np.ndarray,
    pad: int,
    offset: int,
    device: torch.device,
) -> DevSets:
    """Pack the inputs of all languages together.

    kept : ids of the sub-words whose embeddings the encoder has (`encoders.vocabulary.compact`)
    pad, offset : id of the padding sub-word in the whole vocabulary, position of a first sub-word
    """
    inputs = renumber(join_features(list(parts.values())), kept)
    found = list(packed(inputs, int(kept.searchsorted(pad)), offset, device))
    batches = [(batch, points) for _, batch, points in found]
    return DevSets(kind, labels, frames, parts, [members for members, *_ in found], batches)


def states_of(model: Model, sets: DevSets) -> Iterator[Tensor]:
    """States of the last layer (R, T, H), batch by batch."""
    for batch, _ in sets.batches:
        with torch.inference_mode():
            yield forward(model.encoder, batch)[0]


def scores_of(model: Model, sets: DevSets, states: Iterator[Tensor] | Sequence[Tensor]) -> Scores:
    """All metrics of each language, for states of the model's encoder (`states_of`)."""
    decoded: list[np.ndarray] = [np.empty(0)] * sum(map(len, sets.members))
    for members, (_, points), state in zip(sets.members, sets.batches, states, strict=True):
        with torch.inference_mode():
            found = model.head.decode(state, points, model.encoder)
        for place, answer in zip(members, found, strict=True):
            decoded[place] = answer
    module, judge = task_module(sets.kind), score_of(sets.kind)
    scores: Scores = {}
    start = 0
    for language, part in sets.parts.items():
        own = decoded[start : start + len(part.windows)]
        start += len(part.windows)
        predictions = module.predictions(sets.frames[language], part, own, sets.labels)
        scores[language] = judge(predictions.assign(language=language))
    return scores
