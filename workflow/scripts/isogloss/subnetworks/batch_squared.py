"""Squares of batches' mean gradients, each tensor's clipped: Yun et al.'s released code.

Their text (Section 3) has the mean over examples of squares, `isogloss.subnetworks.fisher`; their
code squares the mean gradient of a batch, with dropout, after it has cut the gradient of every
tensor by itself to a norm of 1. The result depends on the size of the batches and on their order.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from isogloss.errors import TrainingError
from isogloss.seeds import named_seed
from isogloss.subnetworks.objectives import Objective, named_rows
from isogloss.subnetworks.theta import Weight


def add_batch(
    model: Any,
    parts: Sequence[Weight],
    objective: Objective,
    members: Sequence[int],
    values: dict[str, Tensor],
    clip: float | None,
    seed: int,
    half: bool = False,
) -> int:
    """Add the squared gradient of a batch's mean loss to the sums.

    Parameters
    ----------
    model : in which `parts` alone require gradients (`fisher.alone`)
    parts : theta
    members : places of the batch's examples in the sample
    values : sums by name, changed in place
    clip : largest norm of each tensor's gradient, or None
    seed : of this batch's dropout
    half : whether to compute in bf16 (autocast)

    Returns
    -------
    number of tensors whose gradient was longer than `clip`

    Raises
    ------
    TrainingError
        if the loss is not finite
    """
    device = parts[0].tensor.device
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            loss = objective.mean(objective.work(members).to(device))
        # Nothing is predicted: a gradient of 0.
        if loss is None:
            return 0
        if not bool(torch.isfinite(loss)):
            raise TrainingError(
                "the loss of a batch is not finite, so no sub-network can be found; rows: "
                f"{named_rows(objective, members)}; fp32 may help"
            )
        loss.backward()
    exceeded = torch.zeros((), dtype=torch.int64, device=device)
    for part in parts:
        gradient = part.tensor.grad
        if gradient is None:
            continue
        if clip is not None:
            exceeded += torch.nn.utils.clip_grad_norm_(part.tensor, clip) > clip
        values[part.name].addcmul_(gradient, gradient)
        part.tensor.grad = None
    return int(exceeded)


def dropout_seed(seed: int, number: int) -> int:
    """Seed of the dropout of a batch, numbered from 0."""
    return named_seed(seed, "dropout", number)
