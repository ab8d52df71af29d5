"""The diagonal of the Fisher information is the mean of squares that single examples give."""

import importlib.util
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from models import (
    ARCHITECTURES,
    WORDS,
    build_encoder,
    build_mt5,
    build_unigram,
    config_of,
    sequences,
    word_pieces_of,
)
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertForMaskedLM, XLMRobertaForMaskedLM

from isogloss.config.subnetworks import SubNetwork
from isogloss.config.tasks import task_of
from isogloss.encoders.batches import IGNORED, Encoded, Points
from isogloss.errors import EncoderError, TrainingError
from isogloss.seeds import named_seed
from isogloss.subnetworks.estimate import sample_inputs
from isogloss.subnetworks.fisher import add_squares, alone
from isogloss.subnetworks.objectives import (
    Example,
    Objective,
    Sample,
    Signs,
    hide,
    hide_spans,
    objective_of,
)
from isogloss.subnetworks.sums import empty
from isogloss.subnetworks.theta import theta
from isogloss.tasks.task import task_module
from isogloss.training.model import Model

RAGGED = [3, 17, 5, 9, 1, 12, 30, 8, 2]
MASKS = Signs(0, 60, np.arange(5), 2, 4, None, ())
SPANS = Signs(0, 60, np.array([0, 1, 2]), 2, None, 1, (59, 58, 57, 56))
FRAME = (3, 4)  # special sub-words around a text
SHARE, SEED = 0.3, 7
KINDS = ("bert", "roberta", "mt5")


def language_model(kind: str, seed: int = 0) -> Any:
    """A small language model in float64, without dropout; attention as it is loaded."""
    if kind == "mt5":
        return build_mt5(True, seed, attn_implementation="sdpa").double().eval()
    build = XLMRobertaForMaskedLM if kind == "roberta" else BertForMaskedLM
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build(config_of(kind, attn_implementation="sdpa"))
        for parameter in model.parameters():
            if parameter.ndim == 1:
                nn.init.normal_(parameter, mean=parameter.mean().item(), std=0.1)
    return model.double().eval()


def texts(kind: str, lengths: Sequence[int] = RAGGED, seed: int = 0) -> Sample:
    """Random texts with special sub-words around them; ids do not follow the places."""
    types = 2 if kind == "bert" else 1
    extra = int(kind == "mt5")
    found = []
    for place, text in enumerate(sequences([n + extra for n in lengths], seed, types)):
        inner = np.minimum(text.ids, 55)
        ids = np.r_[inner, 1] if kind == "mt5" else np.r_[FRAME[0], inner, FRAME[1]]
        kinds = np.zeros(len(ids), dtype=np.int64)
        if kind == "bert":
            kinds[1:] = np.r_[text.types, text.types[-1]]
        found.append(Example(100 - 3 * place, (Encoded(ids, kinds),)))
    return Sample(tuple(found), 0, SPANS if kind == "mt5" else MASKS)


def squares_of(model: Any, loss: Tensor) -> dict[str, Tensor]:
    """Squared gradients of a scalar by plain differentiation."""
    parts = theta(model)
    found = torch.autograd.grad(loss, [part.tensor for part in parts])
    return {part.name: g.square() for part, g in zip(parts, found, strict=True)}


def plain_loss(model: Any, example: Example, signs: Signs, least: int = 1) -> Tensor:
    """The library's own loss of one example by itself, not padded."""
    if signs.mask is None:
        text = hide_spans(example, signs, SHARE, SEED)
        inputs, targets = (torch.from_numpy(part)[None] for part in text)
        return model(input_ids=inputs, labels=targets).loss
    generator = np.random.default_rng(named_seed(SEED, "mask", example.id))
    window = example.windows[0]
    hidden, answers = hide(window.ids, signs, SHARE, generator, least)
    return model(
        input_ids=torch.from_numpy(hidden)[None],
        token_type_ids=torch.from_numpy(window.types)[None],
        labels=torch.from_numpy(answers)[None],
    ).loss


def by_loop(model: Any, sample: Sample, loss_of: Callable[[Example], Tensor]) -> dict[str, Tensor]:
    """Sums of squares over examples, one forward and backward pass each."""
    found = [squares_of(model, loss_of(example)) for example in sample.examples]
    return {name: torch.stack([one[name] for one in found]).sum(0) for name in found[0]}


def ours(
    model: Any, objective: Objective, groups: Sequence[Sequence[int]], chunked: bool = False
) -> dict[str, Tensor]:
    values = empty(model).values
    with alone(model, (), training=False):
        for members in groups:
            add_squares(model, objective, members, values, chunked=chunked)
    return values


def check(found: dict[str, Tensor], wanted: dict[str, Tensor], zero: str = "key.bias") -> None:
    """Equal tensor by tensor; the bias of keys shifts all scores alike, so its gradient is 0.

    zero : ends of names of tensors whose gradient is 0 but for rounding
    """
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        if name.endswith(tuple(zero.split())):
            assert float(value.abs().max()) < 1e-25 and float(found[name].abs().max()) < 1e-25
            continue
        largest = float(value.max())
        assert largest > 1e-12, name
        assert float((found[name] - value).abs().max()) <= 1e-12 * largest, name


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_language_model_gives_what_single_examples_give(kind: str, chunked: bool) -> None:
    model, sample = language_model(kind), texts(kind)
    wanted = by_loop(model, sample, lambda one: plain_loss(model, one, sample.signs))
    objective = objective_of(model, sample, SHARE, SEED)
    for groups in ([range(len(RAGGED))], [[4, 8], [6], [5, 0, 1, 7, 3, 2]]):
        check(ours(model, objective, groups, chunked), wanted)


def words_of(generator: np.random.Generator, count: int) -> list[str]:
    return ["".join(generator.choice(WORDS, 2)) for _ in range(count)]


def rows_of(kind: str, seed: int = 3) -> pd.DataFrame:
    """Rows of a task; some need several windows, or make several inputs."""
    generator = np.random.default_rng(seed)
    lengths = [3, 14, 1, 7]
    ids = [11, 5, 2, 9]
    if kind == "pos":
        forms = [words_of(generator, n) for n in lengths]
        tags = [generator.choice(["NOUN", "VERB", "_"], n).tolist() for n in lengths]
        tags[2] = ["ADJ"]
        return pd.DataFrame({"id": ids, "form": forms, "tag": tags})
    if kind == "parsing":
        forms = [words_of(generator, n) for n in lengths]
        heads = [list(range(n)) for n in lengths]
        names = [["root", *["obj"] * (n - 1)] for n in lengths]
        return pd.DataFrame({"id": ids, "form": forms, "head": heads, "deprel": names})
    sentences = [" ".join(generator.choice(WORDS, n)) for n in lengths]
    if kind == "qa":
        frame = pd.DataFrame({"id": ids, "question": ["not all", "red", "old cats", "big"]})
        frame["context"] = [sentence + " cats see" for sentence in sentences]
        frame["answers"] = [[sentence.split()[-1]] for sentence in sentences]
        frame["starts"] = [[len(sentence) - len(sentence.split()[-1])] for sentence in sentences]
        return frame
    labels = ["neutral", "entailment", "neutral", "contradiction"]
    return pd.DataFrame({"id": ids, "premise": sentences, "hypothesis": "red", "label": labels})


SETTINGS: dict[str, dict[str, Any]] = {
    "pos": {"max_length": 12, "context": 4},
    "parsing": {"max_length": 12, "context": 4, "arc_size": 5, "relation_size": 4},
    "nli": {"max_length": 12},
    "qa": {"max_length": 16, "stride": 3, "question_length": 4},
}


def task_model(kind: str, architecture: str) -> tuple[Model, Sample]:
    """A model with a task's head in float64, and rows as `estimate.sample_inputs` reads them."""
    tokenizer = build_unigram(word_pieces_of(WORDS), t5=architecture == "mt5")
    if architecture == "mt5":
        tokenizer.add_special_tokens({"additional_special_tokens": ["<extra_id_0>"]})
        encoder = build_mt5(False, vocab_size=len(tokenizer))
    else:
        tokenizer.add_special_tokens({"mask_token": "<mask>"})
        encoder = build_encoder(architecture, vocab_size=len(tokenizer), pad_token_id=0)
    task = task_of({"kind": kind, "corpus": "x", **SETTINGS[kind]})
    module, frame = task_module(kind), rows_of(kind)
    labels = module.labels(task, frame)
    head = module.build_head(encoder, task, labels, 4)
    if kind == "parsing":
        # bilinear forms begin at 0, so that nothing reaches the encoder
        for parameter in head.parameters():
            nn.init.normal_(parameter, std=0.3)
    tables = {"pos": "tagged", "parsing": "treebank", "nli": "pairs", "qa": "questions"}
    settings = SubNetwork.model_validate({"objective": "task", "examples": 10})
    sample = sample_inputs(frame, tables[kind], tokenizer, settings, None, task, labels, 1)
    return Model(encoder, head).double().eval(), sample


def states_alone(encoder: Any, windows: Sequence[Encoded]) -> list[Tensor]:
    """Last states of windows, read one by one and not padded."""
    found = []
    for window in windows:
        given = {"input_ids": torch.from_numpy(window.ids)[None]}
        if hasattr(encoder, "embeddings"):
            given["token_type_ids"] = torch.from_numpy(window.types)[None]
        found.append(encoder(**given).last_hidden_state[0])
    return found


def task_loss(kind: str, model: Model, example: Example) -> Tensor:
    """The loss of one row by its definition."""
    head: Any = model.head
    states = states_alone(model.encoder, example.windows)
    ends = np.cumsum([0, *example.inputs])
    inputs = [states[a:b] for a, b in pairwise(ends.tolist())]
    at = [
        torch.stack([held[window][offset] for window, offset in points.tolist()])
        for held, points in zip(inputs, example.points, strict=True)
    ]
    answers = [torch.from_numpy(part) for part in example.answers]
    if kind == "nli":
        state = at[0]
        if head.pooler:
            pooler = model.encoder.pooler
            state = torch.tanh(functional.linear(state, pooler.dense.weight, pooler.dense.bias))
        return functional.cross_entropy(head.output(state), answers[0][:, 0])
    if kind == "pos":
        return functional.cross_entropy(head.output(at[0]), answers[0][:, 0], ignore_index=IGNORED)
    if kind == "qa":
        found = [
            functional.cross_entropy(head.output(state)[:, side], right[:, side].argmax())
            for state, right in zip(at, answers, strict=True)
            for side in (0, 1)
        ]
        return torch.stack(found).mean()
    count = len(at[0])
    zero, place = torch.zeros(count, dtype=torch.int64), torch.arange(count)
    return head.loss(at[0][None], Points(zero, place, zero, place, answers[0]), model.encoder)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize("architecture", KINDS)
def test_a_task_gives_what_single_examples_give(
    architecture: str, kind: str, chunked: bool
) -> None:
    model, sample = task_model(kind, architecture)
    most = max(len(example.windows) for example in sample.examples)
    assert most == 1 if kind == "nli" else most > 1
    assert (max(len(example.inputs) for example in sample.examples) > 1) == (kind == "qa")
    wanted = by_loop(model, sample, lambda one: task_loss(kind, model, one))
    objective = objective_of(model, sample, SHARE, SEED)
    # a reader compares places, so what shifts the states of all of them changes nothing
    zero = "key.bias layer.1.output.LayerNorm.bias" if kind == "qa" else "key.bias"
    check(ours(model, objective, [[2, 0], [1, 3]], chunked), wanted, zero)
    check(ours(model, objective, [range(4)], chunked), wanted, zero)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_those_of_single_examples(kind: str) -> None:
    model, sample = language_model(kind), texts(kind)
    objective = objective_of(model, sample, SHARE, SEED)
    with torch.no_grad():
        found = objective.losses(objective.work(range(len(RAGGED))))
        wanted = [plain_loss(model, one, sample.signs) for one in sample.examples]
    torch.testing.assert_close(found, torch.stack(wanted), rtol=1e-12, atol=0)


def test_squares_of_a_batch_are_another_quantity() -> None:
    model, sample = language_model("bert"), texts("bert", [9, 9])
    objective = objective_of(model, sample, SHARE, SEED)
    exact = ours(model, objective, [[0, 1]])
    batch = squares_of(model, objective.losses(objective.work([0, 1])).sum())
    name = "encoder.layer.0.output.dense.weight"
    assert float((exact[name] - batch[name]).abs().max()) > 0.1 * float(exact[name].max())


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize("chunked", [False, True])
def test_half_precision_is_near(kind: str, chunked: bool) -> None:
    model = language_model(kind).float()
    sample = texts(kind)
    objective = objective_of(model, sample, SHARE, SEED)
    values = empty(model).values
    assert {value.dtype for value in values.values()} == {torch.float32}
    with alone(model, (), training=False):
        add_squares(model, objective, range(9), values, half=True, chunked=chunked)
    wanted = ours(model, objective, [range(9)])
    for name, value in wanted.items():
        assert values[name].dtype == torch.float32
        if not name.endswith("key.bias"):
            difference = float((values[name] - value).norm() / value.norm())
            assert 0 < difference < 0.1, name


def test_single_precision_is_nearer() -> None:
    model, sample = language_model("bert"), texts("bert")
    wanted = ours(model, objective_of(model, sample, SHARE, SEED), [range(9)])
    model.float()
    found = ours(model, objective_of(model, sample, SHARE, SEED), [range(9)])
    for name, value in wanted.items():
        if not name.endswith("key.bias"):
            assert float((found[name] - value).norm() / value.norm()) < 1e-4, name


def test_a_model_is_left_as_it_was() -> None:
    model, sample = language_model("bert"), texts("bert")
    model.train()
    parts = theta(model)
    parts[0].tensor.requires_grad_(False)
    before = [parameter.requires_grad for parameter in model.parameters()]
    objective = objective_of(model, sample, SHARE, SEED)
    ours(model, objective, [range(3)])
    assert model.training
    assert [parameter.requires_grad for parameter in model.parameters()] == before
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_loss_that_is_no_number_is_refused() -> None:
    model, sample = language_model("bert"), texts("bert")
    with torch.no_grad():
        model.cls.predictions.bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"not finite.*rows: 100, 97"):
        ours(model, objective_of(model, sample, SHARE, SEED), [range(3)])


def test_a_layer_of_another_kind_is_refused() -> None:
    model, sample = language_model("bert"), texts("bert")
    dense = model.bert.encoder.layer[0].intermediate
    dense.dense = nn.Sequential(nn.PReLU(dtype=torch.float64), dense.dense)
    with pytest.raises(EncoderError, match="PReLU"):
        ours(model, objective_of(model, sample, SHARE, SEED), [range(3)])


def test_ways_of_the_benchmark_agree(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(root / "benchmarks")
    spec = importlib.util.spec_from_file_location("fisher", root / "benchmarks" / "fisher.py")
    assert spec is not None and spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    sizes = ["--layers=1", "--width=24", "--vocabulary=80", "--length=9", "--examples=4"]
    file = tmp_path / "f.json"
    benchmark.main([*sizes, "--repeats=1", "--ragged", "--device=cpu", f"--json={file}"])
    arms = json.loads(file.read_text(encoding="utf-8"))["arms"]
    assert set(arms) == {"isogloss", "loop", "vmap", "opacus", "backpack"}
    assert 0 < arms["isogloss"]["difference"] < 1e-12 and 0 < arms["vmap"]["difference"] < 1e-12
    for name in ("isogloss", "loop", "vmap"):
        (one,) = arms[name]["repetitions"]
        loop = arms["loop"]["repetitions"][0]
        assert arms[name]["summary"]["speed_up"] == pytest.approx(loop["wall"] / one["wall"])
