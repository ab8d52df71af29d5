"""AdamW and the learning rate of each step."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import nn


def rate_factor(
    step: int, steps: int, warmup: int, decay: Literal["linear", "constant"], power: float = 1.0
) -> float:
    """Share of the peak learning rate that step `step` (from 0) uses.

    Rises linearly over `warmup` steps, then falls as (1 - t)^power to 0 after the last
    step, as transformers' linear schedule does for power 1.
    """
    if step < warmup:
        return step / warmup
    if decay == "constant":
        return 1.0
    return max(0.0, (steps - step) / max(1, steps - warmup)) ** power


def build_adamw(
    parameters: Iterable[nn.Parameter],
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float,
) -> torch.optim.AdamW:
    """Fused AdamW over the parameters that are trained (Loshchilov and Hutter 2019)."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    return torch.optim.AdamW(
        trained,
        lr=learning_rate,
        betas=betas,
        eps=epsilon,
        weight_decay=weight_decay,
        fused=True,
    )
