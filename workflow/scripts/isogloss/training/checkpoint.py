"""Resumable states of a training: safetensors, written atomically, nothing pickled."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from isogloss.tables import write_atomically


class Best(NamedTuple):
    """Highest dev score so far, the number of steps it was reached after, and its weights."""

    score: float
    step: int
    weights: dict[str, Tensor]


def save_state(
    path: Path,
    key: str,
    step: int,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    curve: list[list[float]],
    checks: list[tuple[int, float]],
    best: Best | None = None,
) -> None:
    """Write all that a training needs to go on after `step` steps as if never stopped.

    Parameters
    ----------
    key : identity of the training (data, recipe, code); `load_state` wants the same
    checks, best : for selection by dev score
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for place, slots in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{place}.{slot}": value for slot, value in slots.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    facts = {"key": key, "step": step, "curve": curve, "checks": checks}
    if best is not None:
        tensors |= {f"best.{name}": tensor for name, tensor in best.weights.items()}
        facts |= {"best_score": best.score, "best_step": best.step}
    blob = save(
        {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()},
        metadata={"isogloss": json.dumps(facts)},
    )
    write_atomically(path, lambda file: file.write(blob))


def load_state(
    path: Path, key: str, model: nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[int, list[list[float]], list[tuple[int, float]], Best | None] | None:
    """Restore model, optimiser and random state from `path`.

    Returns
    -------
    steps done, curve, dev scores and best so far; None where there is no state, or one of another
    training
    """
    # A writer that was killed leaves its unfinished file behind.
    for unfinished in path.parent.glob(f".{path.name}.*"):
        unfinished.unlink()
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("isogloss", "{}"))
            if facts.get("key") != key:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError:
        return None
    model.load_state_dict(_part(tensors, "model."))
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _part(tensors, "optimiser.").items():
        place, slot = name.split(".", 1)
        slots.setdefault(int(place), {})[slot] = tensor
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": slots, "param_groups": groups})
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    best = None
    if "best_step" in facts:
        best = Best(facts["best_score"], facts["best_step"], _part(tensors, "best."))
    checks = [(int(done), float(score)) for done, score in facts["checks"]]
    return facts["step"], facts["curve"], checks, best


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
