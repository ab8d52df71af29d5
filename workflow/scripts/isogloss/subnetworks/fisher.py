"""The exact diagonal of the empirical Fisher information: mean squares of examples' gradients.

Yun et al. 2023, Equation 2. One backward pass serves a whole batch: the gradient of a linear
layer's weight for one example is the product of the output's gradient and the input over the
sub-words of that example (Goodfellow 2015, "Efficient Per-Example Gradient Computations"). It is
made in a buffer that stays in the cache, and is squared and added from there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from isogloss.encoders.load import blocks
from isogloss.errors import EncoderError, TrainingError
from isogloss.subnetworks.objectives import Objective, named_rows, padded, places_of
from isogloss.subnetworks.theta import Layer, encoder_of, layers

# Numbers in the buffer for products of several examples: about what a GPU's cache holds.
BUFFER = 2**24

# Adds the squares for one layer, from its input and the gradient of its output.
Use = Callable[[Layer, Tensor, Tensor], None]


class Tokens(NamedTuple):
    """Where the sub-words of N examples stand, for products of several examples at a time.

    rows, there : as `padded` gives them
    lengths : sub-words of each example
    """

    rows: Tensor
    there: Tensor
    lengths: list[int]


def add_squares(
    model: Any,
    objective: Objective,
    members: Sequence[int],
    values: dict[str, Tensor],
    half: bool = False,
    chunked: bool | None = None,
) -> None:
    """Add the squared gradient of each example's mean loss to the sums.

    Parameters
    ----------
    model : in whose forward pass dropout is off and no parameter requires a gradient (`alone`)
    members : places in the sample
    values : sums by name in `theta`, changed in place; float32 or float64
    half : whether to compute in bf16 (autocast); the sums are not touched by it
    chunked : whether products of several examples are made at a time; None: on a GPU

    Raises
    ------
    TrainingError
        if a loss is not finite
    EncoderError
        if a block has a layer whose gradients are not known here
    """
    made = objective.work(members)
    places = places_of(made)
    first = next(iter(values.values()))
    device = first.device
    dtype = torch.bfloat16 if half else first.dtype
    known = layers(model)
    largest = max(layer.module.weight.numel() for layer in known)
    several = device.type == "cuda" if chunked is None else chunked
    room = torch.empty(max(largest, BUFFER) if several else largest, dtype=dtype, device=device)
    if several:
        rows, there = (part.to(device) for part in padded(places))
        use = _by_chunk(Tokens(rows, there, [len(row) for row in places]), values, room)
    else:
        use = _by_example([_rows(row, device) for row in places], values, room)
    with _observed(model, known, use):
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            losses = objective.losses(made.to(device))
        if not bool(torch.isfinite(losses).all()):
            raise TrainingError(
                "the loss of an example is not finite, so no sub-network can be found; rows: "
                f"{named_rows(objective, members)}; fp32 may help"
            )
        losses.sum().backward()


@contextmanager
def alone(model: Any, wanted: Sequence[nn.Parameter], training: bool) -> Iterator[None]:
    """Let these parameters alone require gradients, with dropout on or off; undone at the end."""
    before = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    mode = model.training
    try:
        model.requires_grad_(False).train(training)
        for parameter in wanted:
            parameter.requires_grad_(True)
        yield
    finally:
        model.train(mode)
        for parameter, required in before:
            parameter.requires_grad_(required)


@contextmanager
def _observed(model: Any, known: Sequence[Layer], use: Use) -> Iterator[None]:
    """While open, `use` is called in each backward pass, once per layer.

    Gradients stop before the first block: those of embeddings are not needed, and large.
    """

    def enter(module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return (given[0].detach().requires_grad_(), *given[1:])

    def watch(layer: Layer) -> Callable[..., None]:
        def seen(module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
            if output.requires_grad:
                held = given[0].detach()
                output.register_hook(lambda gradient: use(layer, held, gradient))

        return seen

    hooks = [blocks(encoder_of(model))[0].register_forward_pre_hook(enter)]
    hooks += [layer.module.register_forward_hook(watch(layer)) for layer in known]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _rows(places: np.ndarray, device: torch.device) -> slice | Tensor:
    """Places as a slice where they follow each other, which copies nothing."""
    start, count = int(places[0]), len(places)
    if int(places[-1]) == start + count - 1 and bool((np.diff(places) == 1).all()):
        return slice(start, start + count)
    return torch.from_numpy(places).to(device)


def _by_example(rows: Sequence[slice | Tensor], values: dict[str, Tensor], room: Tensor) -> Use:
    """One product at a time: on a CPU the buffer and the sum stay in the cache."""

    def use(layer: Layer, given: Tensor, gradient: Tensor) -> None:
        total = values[layer.weight]
        given, gradient = given.flatten(0, -2), gradient.flatten(0, -2)
        if isinstance(layer.module, nn.Linear):
            held = room[: total.numel()].view(total.shape)
            x, g = given.to(room.dtype), gradient.to(room.dtype)
            for span in rows:
                torch.mm(g[span].T, x[span], out=held)
                total.addcmul_(held, held)
        else:
            scaled = gradient.to(total.dtype) * _normalised(layer.module, given).to(total.dtype)
            _add_sums(scaled, rows, total)
        if layer.bias is not None:
            _add_sums(gradient, rows, values[layer.bias])

    return use


def _add_sums(gradient: Tensor, rows: Sequence[slice | Tensor], total: Tensor) -> None:
    for span in rows:
        one = gradient[span].sum(0, dtype=total.dtype)
        total.addcmul_(one, one)


def _by_chunk(where: Tokens, values: dict[str, Tensor], room: Tensor) -> Use:
    """Products of as many examples at a time as the buffer holds: few launches on a GPU."""

    def use(layer: Layer, given: Tensor, gradient: Tensor) -> None:
        total = values[layer.weight]
        given, gradient = given.flatten(0, -2), gradient.flatten(0, -2)
        if isinstance(layer.module, nn.Linear):
            step = room.numel() // total.numel()
            x, g = given.to(room.dtype), gradient.to(room.dtype)
            for start in range(0, len(where.lengths), step):
                _add_products(x, g, where, slice(start, start + step), total, room)
        else:
            scaled = gradient.to(total.dtype) * _normalised(layer.module, given).to(total.dtype)
            _add_padded_sums(scaled, where, total)
        if layer.bias is not None:
            _add_padded_sums(gradient, where, values[layer.bias])

    return use


def _add_products(
    x: Tensor, g: Tensor, where: Tokens, part: slice, total: Tensor, room: Tensor
) -> None:
    """Squares of the weight's gradient for the examples of a part, x (tokens, in), g (.., out)."""
    width = max(where.lengths[part])
    rows, there = where.rows[part, :width], where.there[part, :width]
    held = room[: len(rows) * total.numel()].view(len(rows), *total.shape)
    torch.bmm((g[rows] * there[..., None]).transpose(1, 2), x[rows], out=held)
    norms = torch.linalg.vector_norm(held, dim=0, dtype=total.dtype)
    total.addcmul_(norms, norms)


def _add_padded_sums(gradient: Tensor, where: Tokens, total: Tensor) -> None:
    found = gradient[where.rows] * where.there[..., None]
    total.add_(found.sum(1, dtype=total.dtype).square().sum(0))


def _normalised(module: Any, given: Tensor) -> Tensor:
    """Input of a norm's weight: the states after LayerNorm or T5's norm, before scale and shift.

    Raises
    ------
    EncoderError
        for another kind of layer
    """
    if isinstance(module, nn.LayerNorm):
        return functional.layer_norm(given, module.normalized_shape, None, None, module.eps)
    if not hasattr(module, "variance_epsilon"):
        raise EncoderError(
            f"the encoder's blocks hold a {type(module).__name__}; sub-networks are found in "
            "linear layers, LayerNorm and T5LayerNorm only"
        )
    # As T5 does: float32 whatever the states are.
    variance = given.to(torch.float32).pow(2).mean(-1, keepdim=True)
    return given * torch.rsqrt(variance + module.variance_epsilon)
