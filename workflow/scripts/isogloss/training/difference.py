"""A run's weights as their exact difference to those of the encoder it started from.

Fine-tuning moves most weights by a thousandth of their size and leaves most rows of a large
embedding table as they are. In the exclusive or of the bits of old and new the first bytes are
nearly all zero then, and compress to little once they stand together.

What the folder of the encoder does not hold (the head, and a pooler, which may be new) is stored
as it is. Such weights are drawn, and draws are not the same bits everywhere: an orthogonal matrix
depends on the number of threads and on the machine's linear algebra.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from safetensors import safe_open
from safetensors.numpy import save
from torch import Tensor, nn

from isogloss.encoders.load import weights_hash
from isogloss.tables import write_atomically

WIDTH = 4  # bytes of a weight, float32


class Origin(NamedTuple):
    """What a difference is one to.

    seed : the run's, from which head and new pooler were drawn; not needed to read it
    encoder_weights : `weights_hash` of the encoder without its pooler
    shapes : of each parameter of the run, by name
    """

    seed: int
    encoder_weights: str
    shapes: dict[str, list[int]]


def encode(weights: np.ndarray, initial: np.ndarray | None) -> np.ndarray:
    """Compress the difference of two arrays.

    Parameters
    ----------
    weights, initial : float32 of one shape, contiguous; None stands for zeros

    Returns
    -------
    uint8 (k,), one zstd frame: the first bytes (little-endian) of the exclusive or of all
    elements, then the second ones, and so on
    """
    new = _bytes(weights)
    old = None if initial is None else _bytes(initial)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        for place in range(WIDTH):
            plane = new[:, place] if old is None else new[:, place] ^ old[:, place]
            stream.write(np.ascontiguousarray(plane))
    return np.frombuffer(sink.getvalue(), np.uint8)


def decode(packed: np.ndarray, weights: np.ndarray) -> None:
    """Apply a difference in place: initial weights, or zeros, become those of the run.

    Parameters
    ----------
    packed : uint8 (k,), of `encode`
    weights : float32, contiguous, writable

    Raises
    ------
    ValueError
        if the difference is one of an array of another size, or damaged
    """
    new = _bytes(weights)
    try:
        with pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(packed)), "zstd") as stream:
            for place in range(WIDTH):
                plane = np.frombuffer(stream.read(len(new)), np.uint8)
                if len(plane) != len(new):
                    raise ValueError("fewer bytes than weights")
                new[:, place] ^= plane
            if stream.read(1):
                raise ValueError("more bytes than weights")
    except OSError as error:
        raise ValueError(f"damaged: {error}") from error


def save_difference(path: Path, model: nn.Module, initial: nn.Module, seed: int) -> None:
    """Write a run as its difference to the encoder it started from, safetensors of uint8.

    Parameters
    ----------
    model, initial : the run and the same before training (`training.model.Model`)
    seed : the run's
    """
    given = dict(_given(initial).named_parameters())
    packed, shapes = {}, {}
    for name, parameter in model.named_parameters():
        old = _array(given[name]) if name in given else None
        packed[name] = encode(_array(parameter), old)
        shapes[name] = list(parameter.shape)
    origin = Origin(seed, weights_hash(_given(initial)), shapes)
    facts = {"store": "difference", **origin._asdict()}
    blob = save(packed, metadata={"isogloss": json.dumps(facts, sort_keys=True)})
    write_atomically(path, lambda file: file.write(blob))


def origin_of(path: Path) -> Origin | None:
    """What a run's file is a difference to; None where it holds the weights as they are.

    Raises
    ------
    SafetensorError
        if the file is no safetensors file
    """
    with safe_open(path, framework="np") as file:
        facts = json.loads((file.metadata() or {}).get("isogloss", "{}"))
    if facts.pop("store", None) != "difference":
        return None
    return Origin(**facts)


def apply_difference(path: Path, origin: Origin, model: nn.Module) -> None:
    """Turn a model before training into the run, in place and one tensor at a time.

    Raises
    ------
    ValueError
        if the model has other parameters than the run, or an encoder of other weights
    SafetensorError
        if the file is damaged
    """
    parameters = dict(model.named_parameters())
    if {name: list(tensor.shape) for name, tensor in parameters.items()} != origin.shapes:
        raise ValueError("other names or shapes of weights")
    given = _given(model)
    if weights_hash(given) != origin.encoder_weights:
        raise ValueError("a difference to an encoder of other weights")
    kept = dict(given.named_parameters())
    with safe_open(path, framework="np") as file:
        for name, parameter in parameters.items():
            weights = _array(parameter)
            if name not in kept:
                weights[...] = 0
            decode(file.get_tensor(name), weights)


def _given(model: nn.Module) -> nn.ModuleDict:
    """The part of a run's model whose initial weights its encoder's folder holds."""
    parts = model.get_submodule("encoder").named_children()
    kept = {name: part for name, part in parts if name != "pooler"}
    return nn.ModuleDict({"encoder": nn.ModuleDict(kept)})


def _array(parameter: Tensor) -> np.ndarray:
    """Weights as an array; on a CPU it is the parameter's own memory."""
    array: np.ndarray = parameter.detach().cpu().contiguous().numpy()
    return array


def _bytes(weights: np.ndarray) -> np.ndarray:
    """The bytes of each element, uint8 (n, 4), in the array's own memory."""
    assert weights.dtype == np.float32, weights.dtype
    return weights.reshape(-1).view(np.uint8).reshape(-1, WIDTH)
