"""Ways to the diagonal of the Fisher information that `fisher.py` compares, and their data."""

import importlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertForMaskedLM

from isogloss.encoders.batches import IGNORED, Encoded, by_length
from isogloss.seeds import named_seed
from isogloss.subnetworks.fisher import add_squares, alone
from isogloss.subnetworks.objectives import Example, Sample, Signs, hide, objective_of
from isogloss.subnetworks.theta import theta
from isogloss.training.score import TOKENS

SHARE, SEED = 0.15, 1
# Ids of padding, unknown, first, last and mask, and where ordinary sub-words begin.
PAD, UNKNOWN, OPENING, CLOSING, MASK, ORDINARY = 0, 1, 2, 3, 4, 5
# Examples whose gradients a peer holds at a time: 340 MB each at BERT's size.
HELD = 2


class Settings(NamedTuple):
    """Size of the model and of a run. `ragged`: lengths differ, up to `length`."""

    layers: int = 12
    width: int = 768
    vocabulary: int = 119_547
    length: int = 64
    examples: int = 16
    repeats: int = 3
    precision: str = "auto"
    ragged: bool = False


# Where all arms are compared in float64.
SMALL = Settings(layers=2, width=24, vocabulary=90, length=12, examples=7)

# Adds the squares of all examples to sums by name.
Arm = Callable[[Any, Sample, dict[str, Tensor], bool], None]


def draw_sample(settings: Settings) -> Sample:
    """Random sub-words; ragged lengths are log-normal with a median of 0.56 of the longest."""
    generator = np.random.default_rng(named_seed(SEED, "sample"))
    lengths = np.full(settings.examples, settings.length)
    if settings.ragged:
        drawn = generator.lognormal(np.log(0.56 * settings.length), 0.42, settings.examples)
        lengths = np.clip(drawn.round(), 5, settings.length).astype(int)
    examples = []
    for place, length in enumerate(lengths.tolist()):
        inner = generator.integers(ORDINARY, settings.vocabulary, length - 2)
        ids = np.r_[OPENING, inner, CLOSING].astype(np.int64)
        examples.append(Example(place, (Encoded(ids, np.zeros(length, dtype=np.int64)),)))
    signs = Signs(PAD, settings.vocabulary, np.arange(ORDINARY), UNKNOWN, MASK, None, ())
    return Sample(tuple(examples), 0, signs)


def build_model(settings: Settings, device: torch.device) -> Any:
    """BERT with a head, new weights; biases and norms are random too."""
    shape = BertConfig(
        vocab_size=settings.vocabulary,
        hidden_size=settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=max(1, settings.width // 64),
        intermediate_size=4 * settings.width,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="sdpa",
    )
    torch.manual_seed(SEED)
    model = BertForMaskedLM(shape)
    for parameter in model.parameters():
        if parameter.ndim == 1:
            nn.init.normal_(parameter, mean=parameter.mean().item(), std=0.02)
    return model.to(device).eval()


def hidden(sample: Sample, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """Ids and answers of each example, as the objective hides them."""
    found = []
    for example in sample.examples:
        generator = np.random.default_rng(named_seed(SEED, "mask", example.id))
        drawn = hide(example.windows[0].ids, sample.signs, SHARE, generator)
        found.append(tuple(torch.from_numpy(part).to(device) for part in drawn))
    return found  # type: ignore[return-value]


def by_batches(model: Any, sample: Sample, values: dict[str, Tensor], half: bool) -> None:
    """This project's way."""
    objective = objective_of(model, sample, SHARE, SEED)
    tokens = TOKENS[next(iter(values.values())).device.type]
    with alone(model, (), training=False):
        for members in by_length([example.length for example in sample.examples], tokens):
            add_squares(model, objective, members, values, half)


def by_loop(model: Any, sample: Sample, values: dict[str, Tensor], half: bool) -> None:
    """One example at a time: the library's model with its dense head, and all gradients."""
    device = next(iter(values.values())).device
    parts = theta(model)
    for ids, answers in hidden(sample, device):
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            loss = model(input_ids=ids[None], labels=answers[None]).loss
        loss.backward()
        for part in parts:
            gradient = part.tensor.grad
            assert gradient is not None
            values[part.name].addcmul_(gradient, gradient)
        model.zero_grad(set_to_none=True)


class Padded(NamedTuple):
    """Ids, answers (B, T) and which sub-words see each other (B, 1, 1, T, T)."""

    ids: Tensor
    answers: Tensor
    allowed: Tensor


def padded_batches(sample: Sample, device: torch.device, count: int) -> Iterator[Padded]:
    """Batches of `count` examples of about the same length."""
    rows = sorted(hidden(sample, device), key=lambda row: len(row[0]))
    for start in range(0, len(rows), count):
        part = rows[start : start + count]
        ids = pad_sequence([ids for ids, _ in part], True, PAD)
        answers = pad_sequence([answers for _, answers in part], True, IGNORED)
        there = pad_sequence([torch.ones_like(ids) for ids, _ in part], True).bool()
        allowed = there[:, None, None, None, :].expand(-1, 1, 1, ids.shape[1], -1)
        yield Padded(ids, answers, allowed.contiguous())


def by_vmap(model: Any, sample: Sample, values: dict[str, Tensor], half: bool) -> None:
    """`torch.func`: vmap over the gradient function of one example."""
    device = next(iter(values.values())).device
    weights = {f"bert.{part.name}": part.tensor.detach() for part in theta(model)}

    def loss(weights: dict[str, Tensor], ids: Tensor, answers: Tensor, allowed: Tensor) -> Tensor:
        given = {"input_ids": ids[None], "attention_mask": allowed}
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            logits = torch.func.functional_call(model, weights, (), given).logits[0]
        return functional.cross_entropy(logits, answers, ignore_index=IGNORED)

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0, 0))
    with warnings.catch_warnings(), alone(model, (), training=False):
        warnings.simplefilter("ignore")
        for batch in padded_batches(sample, device, HELD):
            _add_squared(each(weights, *batch), values)


def _add_squared(gradients: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    """Add squares of gradients (B, ...) whose names have the model's prefix."""
    for name, gradient in gradients.items():
        for one in gradient:
            values[name.removeprefix("bert.")].addcmul_(one, one)


def _sum_of_means(model: Any, batch: Padded) -> Tensor:
    """Sum over the examples of a padded batch of their mean losses."""
    logits = model(input_ids=batch.ids, attention_mask=batch.allowed[:, 0]).logits
    found = functional.cross_entropy(
        logits.transpose(1, 2), batch.answers, ignore_index=IGNORED, reduction="none"
    )
    return (found.sum(1) / (batch.answers != IGNORED).sum(1)).sum()


def by_opacus(model: Any, sample: Sample, values: dict[str, Tensor], half: bool) -> None:
    """Opacus: gradients of single examples from hooks, kept as (B, ...) tensors."""
    opacus = importlib.import_module("opacus")
    device = next(iter(values.values())).device
    parts = theta(model)
    # The library records only in training mode; dropout is 0 here.
    with alone(model, [part.tensor for part in parts], training=True):
        wrapped = opacus.GradSampleModule(model, loss_reduction="sum", strict=False)
        for batch in padded_batches(sample, device, HELD):
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                loss = _sum_of_means(wrapped, batch)
            loss.backward()
            found: dict[str, Any] = {p.name: getattr(p.tensor, "grad_sample") for p in parts}  # noqa: B009
            _add_squared(found, values)
            wrapped.zero_grad(set_to_none=True)
        wrapped.to_standard_module()


def by_backpack(model: Any, sample: Sample, values: dict[str, Tensor], half: bool) -> None:
    """BackPACK's SumGradSquared, of linear layers only: it has none for LayerNorm."""
    library = importlib.import_module("backpack")
    extension = importlib.import_module("backpack.extensions").SumGradSquared()
    device = next(iter(values.values())).device
    linear = [module for module in model.bert.encoder.modules() if isinstance(module, nn.Linear)]
    weights = [tensor for module in linear for tensor in module.parameters()]
    chosen = {id(tensor) for tensor in weights}
    for module in linear:
        library.extend(module)
    with alone(model, weights, training=False):
        for batch in padded_batches(sample, device, HELD):
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                loss = _sum_of_means(model, batch)
            with library.backpack(extension):
                loss.backward()
            for part in theta(model):
                if id(part.tensor) in chosen:
                    found: Any = part.tensor
                    values[part.name].add_(found.sum_grad_squared)
                    del found.sum_grad_squared
            model.zero_grad(set_to_none=True)


ARMS: dict[str, tuple[str, Arm, str | None]] = {
    "isogloss": ("isogloss", by_batches, None),
    "loop": ("loop over single examples", by_loop, None),
    "vmap": ("torch.func.vmap", by_vmap, None),
    "opacus": ("Opacus", by_opacus, "opacus"),
    "backpack": ("BackPACK (no LayerNorm)", by_backpack, "backpack"),
}
REFERENCE = "loop"


def installed(name: str) -> bool:
    """Whether an arm's library is there."""
    module = ARMS[name][2]
    return module is None or importlib.util.find_spec(module) is not None
