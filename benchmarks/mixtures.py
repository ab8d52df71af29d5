"""Ways to set weights between runs and to score pairs there that `interpolation.py` compares."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from trainings import PAD, SHAPES, SPECIAL, Shape, draw_data
from transformers import BertConfig, BertModel

from isogloss.encoders.batches import Batch
from isogloss.encoders.vocabulary import compact, used_ids
from isogloss.landscapes.corners import Corners, corners_of, flatten, set_point
from isogloss.landscapes.evaluation import DevSets
from isogloss.landscapes.points import Point, Shares
from isogloss.seeds import named_seed
from isogloss.tasks.nli import LABELS
from isogloss.tasks.pairs import Classifier
from isogloss.tasks.task import Features, join_features, renumber
from isogloss.training.model import Model
from isogloss.training.score import points_of

SIZES = SHAPES | {"xlmr-large": Shape(24, 1024, 16, 250_002, 16_000)}
# Pairs of XNLI's dev set in each language.
XNLI = 2490
# What fine-tuning moves a weight by; any value gives the same times.
MOVE = 1e-3
# Weights that are compared with exact ones at once.
CHUNK = 1 << 22
State = dict[str, Tensor]


class Runs(NamedTuple):
    """The source's, the target's and the bilingual run, as corners and as state dicts."""

    corners: Corners
    states: list[State]


class Way(NamedTuple):
    """A way to set a point. `weights` : what was set, None where that is not the point."""

    set: Callable[[Point], Any]
    weights: Callable[[], Tensor] | None
    corners: Corners


def open_runs(shape: Shape, seed: int, kept: np.ndarray | None, device: torch.device) -> Runs:
    """Three random runs from one start; state dicts only where all sub-words are kept."""
    vectors, states = [], []
    for run in ("source", "target", "both"):
        model = _build(shape, seed)
        _move(model, named_seed(seed, run))
        if kept is None:
            model.to(device)
            states.append({name: held.detach() for name, held in model.state_dict().items()})
        else:
            compact(model.encoder, kept)
        vectors.append(flatten(model).to(device, torch.float64))
    # The last run's state dict keeps weights of its own.
    return Runs(corners_of(copy.deepcopy(model), tuple(vectors), device), states)


def _build(shape: Shape, seed: int) -> Model:
    """Encoder and classifier of pairs with random weights."""
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.hidden,
        attn_implementation="sdpa",
    )
    with torch.random.fork_rng():
        torch.manual_seed(named_seed(seed, "encoder"))
        encoder = BertModel(config, add_pooling_layer=True)
    head = Classifier(encoder, len(LABELS), True, named_seed(seed, "head"))
    return Model(encoder, head).eval().requires_grad_(False)


def _move(model: Model, seed: int) -> None:
    """Change all weights a little, as another training would."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=MOVE)


def ways_of(used: Runs, full: Runs, line: bool) -> dict[str, Way]:
    """All ways to set a point, on a line from the source's run or in the plane.

    used, full : with the sub-words that occur, and with all
    """
    plain = copy.deepcopy(full.corners.model)
    copies: list[Model] = []

    def copied(point: Point) -> None:
        # The last copy goes first, as in a loop over points.
        copies.clear()
        copies.append(_by_copy(plain, full.states, point.encoder))

    found = {
        "isogloss": Way(
            lambda point: set_point(used.corners, point), lambda: used.corners.weights, used.corners
        ),
        "isogloss, all sub-words": Way(
            lambda point: set_point(full.corners, point), lambda: full.corners.weights, full.corners
        ),
        "copy.deepcopy, loop over state dicts, load_state_dict": Way(
            copied, lambda: flatten(copies[0]), full.corners
        ),
    }
    if line:
        found |= {
            "load_state_dict alone": Way(
                lambda _: plain.load_state_dict(full.states[0]), None, full.corners
            ),
            "torch.lerp in place, float32": Way(
                lambda point: _by_lerp(plain, full.states, point.encoder[2]),
                lambda: flatten(plain),
                full.corners,
            ),
        }
    return found


def _by_copy(model: Model, states: Sequence[State], shares: Shares) -> Model:
    """The plain way: mix state dicts name by name, and load the result into a copy."""
    found = copy.deepcopy(model)
    used = [(share, state) for share, state in zip(shares, states, strict=True) if share]
    found.load_state_dict(
        {name: sum(share * state[name] for share, state in used) for name in states[0]}
    )
    return found


def _by_lerp(model: Model, states: Sequence[State], alpha: float) -> None:
    """In place, tensor by tensor."""
    for name, parameter in model.named_parameters():
        torch.lerp(states[0][name], states[2][name], alpha, out=parameter.data)


def error_of(way: Way, point: Point) -> float | None:
    """Largest error of the float32 weights, in units in the last place of sum or summands.

    Of the largest of them: where summands cancel, an error is large beside their sum.
    """
    if way.weights is None:
        return None
    way.set(point)
    weights, worst = way.weights(), 0.0
    for start in range(0, len(weights), CHUNK):
        part = slice(start, start + CHUNK)
        exact = torch.zeros_like(weights[part], dtype=torch.float64)
        largest = torch.zeros_like(weights[part])
        for share, corner in zip(point.encoder, way.corners.corners, strict=True):
            exact += share * corner[part]
            largest = torch.maximum(largest, (share * corner[part]).abs().float())
        largest = torch.maximum(largest, exact.abs().float())
        unit = torch.nextafter(largest, torch.full_like(largest, torch.inf)) - largest
        worst = max(worst, float(((weights[part] - exact).abs() / unit).max()))
    return worst


def draw_sets(
    shape: Shape, pairs: int, seed: int
) -> tuple[dict[str, pd.DataFrame], dict[str, Features], np.ndarray]:
    """Rows and inputs of two languages: random sub-words, lengths as mBERT's on XNLI.

    Returns
    -------
    frames and inputs by language, `pairs` each, and the sub-words that occur in as many pairs
    as XNLI's dev sets have, so that setting a point does not depend on how many are scored
    """
    count = max(pairs, XNLI)
    data = draw_data(shape, 2 * count, seed, None)
    frames, parts = {}, {}
    for language, at in (("source", 0), ("target", count)):
        ids, first = np.arange(pairs), np.zeros((pairs, 2), dtype=np.int64)
        answers = list(data.labels[at : at + pairs].numpy().reshape(pairs, 1, 1))
        windows = [(item,) for item in data.inputs[at : at + pairs]]
        parts[language] = Features(ids, windows, first, [row[None] for row in first], answers)
        labels = [LABELS[int(answer.item())] for answer in answers]
        frames[language] = pd.DataFrame({"id": ids, "label": labels})
    return frames, parts, used_ids(data.inputs, SPECIAL)


def padded(
    sets: DevSets, kept: np.ndarray, size: int, width: int | None, device: torch.device
) -> DevSets:
    """The same rows in their own order, `size` to a batch, padded to `width` or the longest."""
    inputs = renumber(join_features(list(sets.parts.values())), kept)
    count = len(inputs.windows)
    members = [list(range(at, min(at + size, count))) for at in range(0, count, size)]
    batches = []
    for places in members:
        windows = [inputs.windows[place][0] for place in places]
        shape = (len(places), width or max(len(window.ids) for window in windows))
        ids = torch.full(shape, int(kept.searchsorted(PAD)))
        types, owner = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, window in enumerate(windows):
            span = slice(0, len(window.ids))
            ids[row, span] = torch.from_numpy(window.ids)
            types[row, span] = torch.from_numpy(window.types)
            owner[row, span] = row + 1
        rows = torch.arange(len(places))
        first = torch.stack([rows, torch.zeros_like(rows)], 1)
        batch = Batch(ids, types, torch.arange(shape[1]).expand(shape), owner, first)
        batches.append((batch.to(device), points_of(inputs, places, batch).to(device)))
    return sets._replace(members=members, batches=batches)


def padded_states(model: Model, sets: DevSets) -> Iterator[Tensor]:
    """States by the library's own way to call an encoder: ids and a mask of padding."""
    for batch, _ in sets.batches:
        with torch.inference_mode():
            yield model.encoder(
                input_ids=batch.ids,
                token_type_ids=batch.types,
                attention_mask=(batch.sequence > 0).long(),
            ).last_hidden_state
