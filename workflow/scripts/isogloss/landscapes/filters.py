"""Random directions whose steps are as long, filter by filter, as the filters' weights."""

from typing import Any

import torch
from torch import Tensor


def random_direction(model: Any, generator: torch.Generator) -> list[Tensor]:
    """Draw a Gaussian direction and normalise it filter by filter (Li et al. 2018, Section 4).

    A filter is what a first index selects: a row of a matrix, such as a neuron's weights or the
    embedding of a sub-word, or a matrix of a tensor with three dimensions. Its direction gets the
    norm of its weights, so a step of radius r changes it by r times its norm. Vectors, which are
    biases and norms, stay as they are, like biases and batch norms in the authors' code
    (`--xignore biasbn`).

    Parameters
    ----------
    model : `isogloss.training.model.Model`
    generator : on the CPU, where everything is computed: a direction is the same on all devices

    Returns
    -------
    one tensor per parameter, the encoder's first (`isogloss.landscapes.corners.ordered`), float32,
    of its shape and on its device
    """
    parameters = [*model.encoder.parameters(), *model.head.parameters()]
    return [_drawn(p.detach(), generator).to(p.device) for p in parameters]


def _drawn(weights: Tensor, generator: torch.Generator) -> Tensor:
    """Direction of one tensor, on the CPU."""
    if weights.ndim < 2:
        return torch.zeros(weights.shape, dtype=torch.float32)
    direction = torch.randn(weights.shape, generator=generator, dtype=torch.float32)
    filters = direction.flatten(1)
    wanted = _norms(weights.to("cpu", torch.float32).flatten(1))
    drawn = _norms(filters)
    # A filter of one number may be drawn as 0.
    filters.mul_(torch.where(drawn > 0, wanted / drawn, 0.0)[:, None])
    return direction


def _norms(filters: Tensor) -> Tensor:
    """Norm of each row, (n, k) to (n,)."""
    return torch.linalg.vector_norm(filters, dim=1)
