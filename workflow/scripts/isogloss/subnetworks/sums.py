"""Sums of squared gradients: they can be kept, and continued with further examples."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from isogloss.errors import TableError
from isogloss.subnetworks.theta import block_of, theta
from isogloss.tables import write_atomically


class Sums(NamedTuple):
    """Sums over some examples.

    values : by name in `theta`, of the shape of the tensor; squared nats per unit
    n : squares that were added: examples (per_sample), or batches (batch_squared)
    examples : examples that were read
    tensors : gradients of tensors that were compared with the largest norm
    clipped : how many of them exceeded it
    """

    values: dict[str, Tensor]
    n: int
    examples: int
    tensors: int
    clipped: int

    @property
    def clipped_share(self) -> float:
        """Fraction of the tensors' gradients that were clipped, 0 where none is compared."""
        return self.clipped / self.tensors if self.tensors else 0.0


def empty(model: Any) -> Sums:
    """Sums over nothing, where the model is; float32, or float64 for a float64 model."""
    values = {
        part.name: torch.zeros_like(
            part.tensor,
            dtype=torch.promote_types(part.tensor.dtype, torch.float32),
            requires_grad=False,
        )
        for part in theta(model)
    }
    return Sums(values, 0, 0, 0, 0)


def copy(sums: Sums, device: torch.device) -> Sums:
    """The same sums in memory of their own."""
    return sums._replace(values={n: t.detach().to(device).clone() for n, t in sums.values.items()})


def add(first: Sums, second: Sums) -> Sums:
    """Sums over the examples of both.

    Raises
    ------
    ValueError
        if they are not of the same tensors
    """
    if first.values.keys() != second.values.keys():
        raise ValueError("sums of two encoders cannot be added; need the same tensors")
    values = {name: value + second.values[name] for name, value in first.values.items()}
    return Sums(values, *(a + b for a, b in zip(first[1:], second[1:], strict=True)))


def mean(sums: Sums) -> dict[str, Tensor]:
    """The diagonal of the empirical Fisher information, by name; squared nats per unit.

    Raises
    ------
    ValueError
        for sums over nothing
    """
    if sums.n < 1:
        raise ValueError("no squares were added; need one or more examples")
    return {name: value / sums.n for name, value in sums.values.items()}


def flat_mean(sums: Sums) -> np.ndarray:
    """`mean` as one array, the tensors one after the other in the order of theta, (parameters,)."""
    return torch.cat([value.flatten() for value in mean(sums).values()]).cpu().numpy()


def tensors_of(sums: Sums) -> list[tuple[str, int, int]]:
    """Name, block (from 1) and number of parameters of each tensor, in the order of theta."""
    return [(name, block_of(name), value.numel()) for name, value in sums.values.items()]


def save_sums(path: str | Path, sums: Sums) -> None:
    """Write sums as safetensors, with their counts in the metadata."""
    values = {name: value.detach().cpu().contiguous() for name, value in sums.values.items()}
    # The library sorts tensors; layer 10 would come before layer 2.
    facts = {"names": list(values), **{name: getattr(sums, name) for name in Sums._fields[1:]}}
    blob = save(values, metadata={"isogloss": json.dumps(facts)})
    write_atomically(path, lambda file: file.write(blob))


def load_sums(path: str | Path) -> Sums:
    """Read what `save_sums` wrote.

    Raises
    ------
    TableError
        if the file is not one of sums
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["isogloss"])
            values = {name: file.get_tensor(name) for name in facts["names"]}
        return Sums(values, *(int(facts[name]) for name in Sums._fields[1:]))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise TableError(
            f"{path}: holds no sums of squared gradients ({error!r}); allowed: a file that this "
            "workflow wrote"
        ) from error
