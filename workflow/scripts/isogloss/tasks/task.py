"""What every task has, and how a task's module is found.

A task is one module of this room, named by its kind: `features` reads rows into inputs,
`build_head` makes the part with a loss and a decoder, and `predictions` puts what was decoded
beside the rows. How good that is, the room `metrics` says.
"""

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from isogloss.encoders.batches import Encoded, Points


class Features(NamedTuple):
    """Examples as inputs; N of them, in the order of the rows.

    ids : int64 (N,), row of each example; rising, and repeated where a row makes several
    windows : one sequence per example, or more where a sentence does not fit into one
    first : int64 (N, 2), window and offset of the sub-word that stands for the whole input
    points : int64 (k, 2) per example, windows and offsets that the head reads
    answers : int64 (k, a) per example, what is to be predicted there, IGNORED for nothing
    spans : int64 (k, 2) per example, characters of the context, for question answering only
    """

    ids: np.ndarray
    windows: Sequence[tuple[Encoded, ...]]
    first: np.ndarray
    points: list[np.ndarray]
    answers: list[np.ndarray]
    spans: list[np.ndarray] | None = None

    @property
    def lengths(self) -> list[int]:
        """Sub-words of each example, over all its windows."""
        return [sum(len(window.ids) for window in item) for item in self.windows]


def join_features(parts: Sequence[Features]) -> Features:
    """Examples of several languages, one after the other; without characters of contexts."""
    return Features(
        np.concatenate([part.ids for part in parts]),
        [item for part in parts for item in part.windows],
        np.concatenate([part.first for part in parts]),
        [item for part in parts for item in part.points],
        [item for part in parts for item in part.answers],
    )


def renumber(features: Features, kept: np.ndarray) -> Features:
    """Inputs with places in `kept` (rising ids) for sub-words, as for `vocabulary.compact`."""
    windows = [
        tuple(window._replace(ids=kept.searchsorted(window.ids)) for window in item)
        for item in features.windows
    ]
    return features._replace(windows=windows)


class Head(Protocol):
    """What a task puts on an encoder.

    Both methods take states (R, T, H) of the last layer and P points of N examples.
    """

    def loss(self, states: Tensor, points: Points, encoder: Any) -> Tensor:
        """Mean loss of the batch in nats, a scalar."""

    def decode(self, states: Tensor, points: Points, encoder: Any) -> list[np.ndarray]:
        """What is predicted for each of the N examples."""


class TaskModule(Protocol):
    """The parts of a task. `PREDICTIONS` is the table kind of its predictions."""

    PREDICTIONS: str

    def labels(self, task: Any, frame: pd.DataFrame) -> tuple[str, ...]:
        """What the head can answer with; from the training rows where that is not fixed."""

    def features(
        self, frame: pd.DataFrame, tokenizer: Any, task: Any, labels: Sequence[str]
    ) -> Features:
        """Rows as inputs with points and answers."""

    def build_head(self, encoder: Any, task: Any, labels: Sequence[str], seed: int) -> nn.Module:
        """A head with new weights drawn from `seed`; it is a `Head` too."""

    def predictions(
        self,
        frame: pd.DataFrame,
        features: Features,
        decoded: Sequence[np.ndarray],
        labels: Sequence[str],
    ) -> pd.DataFrame:
        """Table kind `PREDICTIONS` without the column language."""


def task_module(kind: str) -> TaskModule:
    """Module of a kind of task.

    By name, so that a change of one task's module is no change of the others' runs: the
    fingerprint of a rule does not follow it, and the rule adds that of its own task.
    """
    return cast(TaskModule, importlib.import_module(f"isogloss.tasks.{kind}"))


def linear(width: int, outputs: int, deviation: float, seed: int) -> nn.Linear:
    """A linear layer N(0, deviation) with bias 0, which moves no other random stream."""
    layer = nn.utils.skip_init(nn.Linear, width, outputs)
    generator = torch.Generator().manual_seed(seed)
    nn.init.normal_(layer.weight, std=deviation, generator=generator)
    nn.init.zeros_(layer.bias)
    return cast(nn.Linear, layer)


def wide(values: Tensor) -> Tensor:
    """Values in float32 or better: losses of half precision are not taken there."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
