"""New weights for named blocks of an encoder: the ablation RANDOM-INIT of Muller et al. 2021."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from isogloss.encoders.load import blocks, deviation_of
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed

Initialisation = Literal["bert", "linear"]


def reinitialise(
    encoder: nn.Module, layers: Sequence[int], initialisation: Initialisation, seed: int
) -> None:
    """Draw all weights of some blocks anew, before fine-tuning.

    A block's weights depend on the seed and its number alone, so runs of one seed that share a
    block start from the same weights there.

    Parameters
    ----------
    layers : blocks counted from 1
    initialisation : `bert`: N(0, initializer_range) and biases 0, as Muller et al.'s released
        fine-tuning code draws them; `linear`: those of torch.nn.Linear, U(-a, a) with
        a = 1 / sqrt(inputs) for weights and biases, which is what their later port of the code
        leaves. Layer norms are 1 and 0 in both.
    seed : the run's

    Raises
    ------
    EncoderError
        for a block the encoder does not have, or one with other parts than BERT's
    """
    for layer in layers:
        if not 1 <= layer <= len(blocks(encoder)):
            raise EncoderError(
                f"layer {layer} cannot be re-initialised; allowed: 1 to {len(blocks(encoder))}"
            )
        generator = torch.Generator().manual_seed(named_seed(seed, "reinitialise", layer))
        for name, part in blocks(encoder)[layer - 1].named_modules():
            if any(True for _ in part.parameters(recurse=False)):
                _draw(part, f"{layer}.{name}", initialisation, deviation_of(encoder), generator)


def _draw(
    part: nn.Module,
    name: str,
    initialisation: Initialisation,
    deviation: float,
    generator: torch.Generator,
) -> None:
    """Draw the weights of one part of a block."""
    if isinstance(part, nn.LayerNorm):
        nn.init.ones_(part.weight)
        nn.init.zeros_(part.bias)
    elif not isinstance(part, nn.Linear) or part.bias is None:
        raise EncoderError(
            f"layer {name}: a part of type {type(part).__name__} cannot be re-initialised; "
            "allowed: encoders like BERT or RoBERTa"
        )
    elif initialisation == "bert":
        nn.init.normal_(part.weight, std=deviation, generator=generator)
        nn.init.zeros_(part.bias)
    else:
        bound = 1 / math.sqrt(part.in_features)
        nn.init.uniform_(part.weight, -bound, bound, generator=generator)
        nn.init.uniform_(part.bias, -bound, bound, generator=generator)
