"""Runs from one start as corners, and weights anywhere between them.

All parameters are views of one vector, and the corners are vectors of the same layout on the
same device: a point is one weighted sum, in float64 and from the corners each time, so that no
error adds up on the way through a grid.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from isogloss.encoders.vocabulary import compact
from isogloss.errors import LandscapeError
from isogloss.landscapes.points import Point
from isogloss.training.model import Model, load_run

LOG = logging.getLogger("isogloss")

# Parameters that are summed at once: what a CPU core's cache holds in float64, or most of a GPU's
# small models.
CHUNK = {"cpu": 1 << 16, "cuda": 1 << 26}


class RunFiles(NamedTuple):
    """Files of a run: its weights and its facts (`run.json`)."""

    weights: Path
    facts: Path


class Corners(NamedTuple):
    """A model whose weights can be set to points between some runs.

    model : its parameters are views of `weights`
    weights : float32 (P,), the encoder's parameters first
    corners : float64 (P,) each, what points are shares of
    head_at : place of the head's first parameter
    """

    model: Model
    weights: Tensor
    corners: tuple[Tensor, ...]
    head_at: int


def read_labels(runs: Sequence[RunFiles]) -> list[str]:
    """Labels that all the runs share.

    Logs a warning where runs did not start from the same bits: two kinds of machine may draw a
    parser's head with other last digits from the same seed.

    Raises
    ------
    LandscapeError
        if runs know other labels, so that their heads do not fit each other
    """
    facts = [json.loads(run.facts.read_text(encoding="utf-8")) for run in runs]
    for run, found in zip(runs[1:], facts[1:], strict=True):
        if found["labels"] != facts[0]["labels"]:
            raise LandscapeError(
                f"{run.facts}: other labels than {runs[0].facts}; allowed: runs of one task"
            )
        if found["initial_weights"] != facts[0]["initial_weights"]:
            LOG.warning("%s: other initial weights than %s", run.facts, runs[0].facts)
    return list(facts[0]["labels"])


def open_corners(
    folder: Path,
    layers: int,
    task: Any,
    labels: Sequence[str],
    runs: Sequence[RunFiles],
    kept: np.ndarray,
    device: torch.device,
) -> Corners:
    """Load runs as corners, with the sub-word embeddings `kept` only."""
    vectors = []
    for run in runs:
        model = load_run(folder, layers, task, labels, run.weights)
        compact(model.encoder, kept)
        vectors.append(flatten(model).to(device, torch.float64))
    return corners_of(model, tuple(vectors), device)


def corners_of(model: Model, corners: tuple[Tensor, ...], device: torch.device) -> Corners:
    """Make a model's parameters views of one vector, which starts at its own weights."""
    weights = flatten(model).to(device)
    model.to(device).eval().requires_grad_(False)
    at = 0
    for parameter in ordered(model):
        parameter.data = weights[at : at + parameter.numel()].view_as(parameter)
        at += parameter.numel()
    head = sum(parameter.numel() for parameter in model.head.parameters())
    return Corners(model, weights, corners, at - head)


def ordered(model: Model) -> list[Tensor]:
    """Parameters in the order of the vector: the encoder's, then the head's."""
    return [*model.encoder.parameters(), *model.head.parameters()]


def flatten(model: Model) -> Tensor:
    """All parameters end to end, float32 (P,)."""
    return torch.cat([parameter.detach().flatten() for parameter in ordered(model)])


def set_point(corners: Corners, point: Point) -> None:
    """Set the model's weights to a point."""
    for shares, part in (
        (point.encoder, slice(0, corners.head_at)),
        (point.head, slice(corners.head_at, None)),
    ):
        mix(corners.weights[part], [corner[part] for corner in corners.corners], shares)


def mix(out: Tensor, values: Sequence[Tensor], shares: Sequence[float]) -> None:
    """Write the sum of values (float64) times shares into `out` (float32), rounded once."""
    used = [(value, share) for value, share in zip(values, shares, strict=True) if share != 0.0]
    chunk = CHUNK[out.device.type]
    buffer = torch.empty(min(chunk, len(out)), dtype=torch.float64, device=out.device)
    for start in range(0, len(out), chunk):
        part = slice(start, min(start + chunk, len(out)))
        sums = buffer[: part.stop - start]
        torch.mul(used[0][0][part], used[0][1], out=sums)
        for value, share in used[1:]:
            sums.add_(value[part], alpha=share)
        out[part].copy_(sums)
