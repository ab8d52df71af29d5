"""The parameters that sub-networks are taken from: weights, biases and norms of the blocks.

Yun et al. 2023, Section 3, and their released code: of XLM-R's 12 blocks 85,054,464 numbers. No
embeddings, pooler or head; of T5 the encoder's blocks without the embedding of distances.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import nn

from isogloss.encoders.load import blocks
from isogloss.training.model import Model


class Weight(NamedTuple):
    """One tensor of theta.

    name : as in the encoder's own weights, such as encoder.layer.0.output.dense.bias
    block : from 1
    """

    name: str
    block: int
    tensor: nn.Parameter


class Layer(NamedTuple):
    """A module that holds tensors of theta, and what its weight and bias are called there."""

    module: Any
    weight: str
    bias: str | None


def encoder_of(model: Any) -> Any:
    """The encoder of a model with a task's head, of a language model, or the encoder itself."""
    return model.encoder if isinstance(model, Model) else model.base_model


def theta(model: Any) -> list[Weight]:
    """Tensors of the blocks, the first block first; the same names whatever the head.

    Parameters
    ----------
    model : what `isogloss.encoders.load` or `isogloss.training.model` loads
    """
    return [
        Weight(f"{path}.{inner}", block, tensor)
        for path, block, module in _modules(model)
        for inner, tensor in module.named_parameters(recurse=False)
    ]


def layers(model: Any) -> list[Layer]:
    """Modules that hold the tensors of theta, in their order."""
    found = []
    for path, _, module in _modules(model):
        names = [name for name, _ in module.named_parameters(recurse=False)]
        if names:
            bias = f"{path}.bias" if "bias" in names else None
            found.append(Layer(module, f"{path}.weight", bias))
    return found


def block_of(name: str) -> int:
    """Block (from 1) of a tensor of theta by its name."""
    return 1 + int(name.split(".")[2])


def _modules(model: Any) -> Iterator[tuple[str, int, nn.Module]]:
    encoder = encoder_of(model)
    stack = "layer" if hasattr(encoder.encoder, "layer") else "block"
    for place, block in enumerate(blocks(encoder)):
        for path, module in block.named_modules():
            if not isinstance(module, nn.Embedding):
                yield f"encoder.{stack}.{place}.{path}", place + 1, module
