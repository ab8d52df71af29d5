"""How far, and which way, the monolingual models of a pair lie from their bilingual one.

Per pair of directions all numbers follow from the triangular factor R of a QR decomposition of
the two as columns: norms are those of its columns, and the angle is that between them. Factors
of parts, put on top of each other and decomposed again, give the factor of the whole (TSQR,
Demmel et al. 2012). Unlike an arccosine of sums of products, this keeps all digits of angles near
0 and 180 degrees.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor

from isogloss.encoders.load import blocks
from isogloss.errors import LandscapeError

# Parameters of a tensor that are held in float64 at once: 1 MiB of two directions.
CHUNK = 1 << 16
LEVELS = ("all", "part", "layer", "tensor")
COLUMNS = ("level", "name", "parameters", "norm_source", "norm_target", "ratio", "angle")


class Piece(NamedTuple):
    """One tensor: its name on each of `LEVELS`, its parameters, and R, float64 (2, 2)."""

    names: tuple[str, ...]
    parameters: int
    factor: Tensor


def compare_directions(source: Any, target: Any, both: Any, layers: int) -> pd.DataFrame:
    """Compare the directions from the bilingual model to the monolingual ones.

    Equation 3, footnote 3 and Figure 4 of Wu et al. 2022, and the same per part of the model.
    A tensor that two places share counts once.

    Parameters
    ----------
    source, target, both : models of one encoder and task (`isogloss.training.model.Model`)
    layers : blocks of the encoder

    Returns
    -------
    columns level, name, parameters (int64), norm_source, norm_target, ratio (source over target)
    and angle (degrees, 0 to 180), float64. Levels in this order: `all`; `part`, encoder and head;
    `layer`, embeddings, blocks from 1, final_norm (T5), pooler and head, as far as there are
    any; `tensor`, by its name in the model. The ratio is nan where the target's direction is 0,
    the angle where one of the two is.

    Raises
    ------
    LandscapeError
        if the models differ in more than their weights, have another number of blocks, or hold
        weights that are not finite
    """
    pieces = list(_pieces(source, target, both, layers))
    rows = []
    for place, level in enumerate(LEVELS):
        for name in dict.fromkeys(piece.names[place] for piece in pieces):
            members = [piece for piece in pieces if piece.names[place] == name]
            parameters = sum(piece.parameters for piece in members)
            factor = _merge([piece.factor for piece in members])
            rows.append((level, name, parameters, *_numbers(factor)))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"parameters": "int64"})


def _pieces(source: Any, target: Any, both: Any, layers: int) -> Iterator[Piece]:
    layer_of = _layers(both, layers)
    models = [dict(model.named_parameters()) for model in (both, source, target)]
    shapes = [{name: tensor.shape for name, tensor in model.items()} for model in models]
    for what, found in zip(("source", "target"), shapes[1:], strict=True):
        if found != shapes[0]:
            name = min(name for name, _ in found.items() ^ shapes[0].items())
            raise LandscapeError(
                f"{name}: not the same tensor in the {what}'s model and the bilingual one; "
                "allowed: runs of one encoder and task"
            )
    for name, tensor in models[0].items():
        names = ("all", name.split(".")[0], layer_of[id(tensor)], name)
        factor = _factor(name, *(model[name].detach().flatten() for model in models))
        yield Piece(names, tensor.numel(), factor)


def _layers(model: Any, layers: int) -> dict[int, str]:
    """Layer of each parameter, by the parameter's `id`."""
    encoder = model.encoder
    stack = blocks(encoder)
    if len(stack) != layers:
        raise LandscapeError(f"the models have {len(stack)} blocks; expected: {layers}")
    modules = {
        "embeddings": getattr(encoder, "embeddings", encoder.get_input_embeddings()),
        **{str(number): block for number, block in enumerate(stack, 1)},
        "pooler": getattr(encoder, "pooler", None),
        # T5 normalises once more after its last block; everything else is taken by now.
        "final_norm": encoder,
        "head": model.head,
    }
    found: dict[int, str] = {}
    for name, module in modules.items():
        for parameter in module.parameters() if module is not None else ():
            found.setdefault(id(parameter), name)
    return found


def _factor(name: str, both: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """R of a tensor's two directions, float64 (2, 2)."""
    factors = []
    for start in range(0, len(both), CHUNK):
        origin, *ends = (
            tensor[start : start + CHUNK].to("cpu", torch.float64)
            for tensor in (both, source, target)
        )
        columns = torch.stack([end - origin for end in ends])
        if not columns.isfinite().all():
            raise LandscapeError(f"{name}: not finite in one of the models of a pair")
        # Transposed it lies in memory as LAPACK wants it.
        factors.append(torch.linalg.qr(columns.T, mode="r").R)
    return _merge(factors)


def _merge(factors: Sequence[Tensor]) -> Tensor:
    """R of the whole from the R of its parts, float64 (2, 2)."""
    # Zeros change nothing, and R has two rows even where there is one number.
    rows = torch.cat([torch.zeros(2, 2, dtype=torch.float64), *factors])
    return torch.linalg.qr(rows, mode="r").R


def _numbers(factor: Tensor) -> tuple[float, float, float, float]:
    """Both norms, their ratio and the angle in degrees."""
    (along, across), (_, beside) = factor.tolist()
    source, target = abs(along), math.hypot(across, beside)
    ratio = source / target if target > 0 else math.nan
    angle = math.degrees(math.atan2(abs(beside), math.copysign(1, along) * across))
    return source, target, ratio, angle if source > 0 and target > 0 else math.nan
