"""Runs stored as their difference to the encoder: every bit comes back, and no other encoder's."""

import hashlib
import json
import runpy
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from models import pairs, save_encoder, save_mt5
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from test_mt5 import tagged
from test_tasks_parsing import treebank
from torch import nn

from isogloss.config.recipes import Recipe
from isogloss.config.tasks import Ner, Nli, Parsing, Pos
from isogloss.corpora.conllu import UPOS
from isogloss.encoders.load import weights_hash
from isogloss.encoders.manifest import write_manifest
from isogloss.errors import EncoderError
from isogloss.tables import write_table
from isogloss.tasks.task import task_module
from isogloss.training import loop
from isogloss.training.difference import (
    apply_difference,
    decode,
    encode,
    origin_of,
    save_difference,
)
from isogloss.training.finetune import Rows, Run, finetune
from isogloss.training.model import Model, build_model, load_run, save_run

POS = Pos(kind="pos", corpus="x", max_length=16, context=4)
TASKS: dict[str, Any] = {
    "nli": Nli(kind="nli", corpus="x", max_length=12),
    "pos": POS,
    "ner": Ner(kind="ner", corpus="x", max_length=16, context=4),
    "parsing": Parsing(
        kind="parsing", corpus="x", max_length=20, context=6, arc_size=7, relation_size=5
    ),
}
BITS = arrays(np.uint32, array_shapes(max_dims=3, max_side=9))
# Infinities, not-a-numbers with different payloads, both zeros, subnormal ones.
SPECIAL = np.array(
    [0x7F800000, 0xFF800000, 0x7FC00000, 0x7FC00001, 0xFFABCDEF, 0, 0x80000000, 1], np.uint32
)


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))


@pytest.fixture(scope="module", params=["bert", "roberta", "no pooler", "mt5"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an encoder, with and without a pooler."""
    place = tmp_path_factory.mktemp("encoder")
    if request.param == "mt5":
        return save_mt5(place, whole=True)
    if request.param == "no pooler":
        return save_encoder(place, "roberta", pooler=False)
    return save_encoder(place, request.param)


def rows_of(kind: str, seed: int) -> pd.DataFrame:
    """Tiny rows of a task."""
    if kind == "nli":
        return pairs(12, seed)
    if kind == "parsing":
        return treebank([3, 5, 2, 4], seed)
    frame = tagged(12, seed)
    if kind == "ner":
        frame["tag"] = [["B-PER" if tag == "NOUN" else "O" for tag in row] for row in frame["tag"]]
    return frame


def run(folder: Path, kind: str, seed: int = 1, languages: Sequence[str] = ("en",)) -> Run:
    recipe = Recipe(steps=2, batch=8, learning_rate=0.01, weight_decay=0.1)
    rows = [Rows(name, rows_of(kind, place)) for place, name in enumerate(languages)]
    return finetune(folder, 2, TASKS[kind], recipe, seed, rows)


def start(folder: Path, kind: str = "pos", seed: int = 1) -> Model:
    task = TASKS[kind]
    labels = task_module(kind).labels(task, rows_of(kind, 0))
    return build_model(folder, 2, task, labels, seed)


def spoilt(model: nn.Module, seed: int = 0) -> nn.Module:
    """Some weights of each tensor with other bits, among them those that are no numbers."""
    generator = np.random.default_rng(seed)
    for parameter in model.parameters():
        bits = parameter.detach().numpy().reshape(-1).view(np.uint32)
        chosen = generator.integers(len(bits), size=8)
        bits[chosen] = generator.permutation(SPECIAL)
    return model


def planes(new: np.ndarray, old: np.ndarray) -> bytes:
    """Exclusive or of two arrays of bits, its bytes by place, one at a time."""
    both = zip(new.ravel().tolist(), old.ravel().tolist(), strict=True)
    differences = [a ^ b for a, b in both]
    return bytes(d >> 8 * place & 255 for place in range(4) for d in differences)


@given(BITS, st.integers(0, 2**32 - 1), st.booleans())
@settings(deadline=None)
def test_all_bits_come_back(new: np.ndarray, seed: int, whole: bool) -> None:
    old = np.random.default_rng(seed).integers(0, 2**32, new.shape, np.uint32)
    if whole:
        old[...] = 0
    packed = encode(new.view(np.float32), None if whole else old.view(np.float32))
    assert packed.dtype == np.uint8
    found = pa.Codec("zstd").decompress(packed, 4 * new.size)
    assert found.to_pybytes() == planes(new, old)
    before = new.copy()
    decode(packed, old.view(np.float32))
    np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(new, before)


def test_what_does_not_change_costs_nothing() -> None:
    generator = np.random.default_rng(0)
    old = generator.normal(size=(20_000, 16)).astype(np.float32)
    new = old.copy()
    assert len(encode(new, old)) < 300
    assert len(encode(new, None)) > 0.8 * old.nbytes
    new[:50] *= 1.001
    assert 50 * 16 < len(encode(new, old)) < 50 * 16 * 4 + 500
    moved = old * (1 + 1e-3 * generator.normal(size=old.shape)).astype(np.float32)
    assert len(encode(moved, old)) < 0.6 * old.nbytes


@pytest.mark.parametrize("size", [1, 9, 11, 4000])
def test_a_difference_of_another_size_is_refused(size: int) -> None:
    packed = encode(np.ones(10, np.float32), np.zeros(10, np.float32))
    with pytest.raises(ValueError, match="bytes than weights"):
        decode(packed, np.zeros(size, np.float32))


@pytest.mark.parametrize("length", [0, 5, 40])
def test_a_cut_difference_is_refused(length: int) -> None:
    new = np.random.default_rng(0).normal(size=500).astype(np.float32)
    with pytest.raises(ValueError, match=r"fewer bytes than weights|damaged"):
        decode(encode(new, None)[:length], np.zeros(500, np.float32))


def test_other_bytes_than_a_frame_are_refused() -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode(np.full(50, 7, np.uint8), np.zeros(5, np.float32))


def test_a_run_is_read_back_bit_by_bit(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    model = spoilt(start(folder))
    assert sum(int(p.isnan().sum()) for p in model.parameters()) > 3
    save_difference(path, model, start(folder), 1)
    again = load_run(folder, 2, POS, UPOS, path)
    assert not again.training
    wanted = dict(model.named_parameters())
    found = dict(again.named_parameters())
    assert found.keys() == wanted.keys()
    for name, parameter in found.items():
        assert parameter.requires_grad
        bits = parameter.detach().numpy().view(np.uint32)
        np.testing.assert_array_equal(bits, wanted[name].detach().numpy().view(np.uint32), name)


def test_both_ways_to_store_give_the_same_model(folder: Path, tmp_path: Path) -> None:
    trained = run(folder, "pos")
    full, small = tmp_path / "full", tmp_path / "small"
    save_run(full, trained.model)
    save_difference(small, trained.model, start(folder), 1)
    first = small.read_bytes()
    save_difference(small, trained.model, start(folder), 1)
    assert small.read_bytes() == first
    assert {path.name for path in tmp_path.iterdir()} == {"full", "small"}
    models = [load_run(folder, 2, POS, trained.facts["labels"], path) for path in (full, small)]
    assert {weights_hash(model) for model in models} == {weights_hash(trained.model)}
    assert trained.facts["initial_weights"] == weights_hash(start(folder))
    # weights that two places share still are one
    for model in models:
        table = model.encoder.get_input_embeddings().weight
        inner = getattr(model.encoder.encoder, "embed_tokens", None)
        assert inner is None or inner.weight is table


@pytest.mark.parametrize("kind", list(TASKS))
def test_heads_of_all_tasks(kind: str, tmp_path: Path, bert_folder: Path) -> None:
    trained = run(bert_folder, kind)
    path = tmp_path / "run"
    save_difference(path, trained.model, start(bert_folder, kind), 1)
    again = load_run(bert_folder, 2, TASKS[kind], trained.facts["labels"], path)
    assert weights_hash(again) == weights_hash(trained.model)


def test_the_file_says_what_it_is(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    model = run(folder, "pos", 7).model
    initial = start(folder, seed=7)
    save_difference(path, model, initial, 7)
    with safe_open(path, framework="np") as file:
        facts = json.loads(file.metadata()["isogloss"])
    digest = hashlib.sha256()
    for name, tensor in sorted(initial.named_parameters()):
        if name.startswith("encoder.") and not name.startswith("encoder.pooler."):
            digest.update(json.dumps([name, list(tensor.shape)]).encode())
            digest.update(tensor.detach().numpy().tobytes())
    assert facts == {
        "store": "difference",
        "seed": 7,
        "encoder_weights": digest.hexdigest(),
        "shapes": {name: list(p.shape) for name, p in model.named_parameters()},
    }
    tensors = load_file(path)
    assert tensors.keys() == facts["shapes"].keys()
    assert {(t.dtype, t.ndim) for t in tensors.values()} == {(np.dtype(np.uint8), 1)}
    origin = origin_of(path)
    assert origin is not None
    assert origin._asdict() == {name: facts[name] for name in origin._fields}


def test_a_full_file_has_no_origin(bert_folder: Path, tmp_path: Path) -> None:
    save_run(tmp_path / "full", start(bert_folder))
    assert origin_of(tmp_path / "full") is None
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "bare")
    assert origin_of(tmp_path / "bare") is None


def test_drawn_weights_need_not_be_drawn_again(folder: Path, tmp_path: Path) -> None:
    """Another machine may draw another head or pooler from the same seed."""
    path = tmp_path / "run"
    model = run(folder, "parsing").model
    save_difference(path, model, start(folder, "parsing"), 1)
    expected = load_file(path)
    other = start(folder, "parsing")
    for name, parameter in other.named_parameters():
        if name.startswith(("head.", "encoder.pooler.")):
            parameter.detach().add_(1.0)
    save_difference(path, model, other, 1)
    found = load_file(path)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor, name)
    origin = origin_of(path)
    assert origin is not None
    apply_difference(path, origin, other)
    assert weights_hash(other) == weights_hash(model)


def test_weights_of_another_encoder_are_refused(bert_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    save_difference(path, run(bert_folder, "pos").model, start(bert_folder), 1)
    twin = save_encoder(tmp_path / "twin", "bert", seed=1)
    with pytest.raises(EncoderError) as caught:
        load_run(twin, 2, POS, UPOS, path)
    reason = "(a difference to an encoder of other weights)"
    assert str(caught.value) == f"{path}: does not fit the encoder {twin} {reason}"
    deep = save_encoder(tmp_path / "deep", "bert", num_hidden_layers=3)
    with pytest.raises(EncoderError, match=r"does not fit .*\(other names or shapes of weights"):
        load_run(deep, 3, POS, UPOS, path)
    with pytest.raises(EncoderError, match=r"does not fit .*\(other names or shapes of weights"):
        load_run(bert_folder, 2, POS, UPOS[:3], path)
    with pytest.raises(EncoderError, match="has 2 layers; the configuration says 3"):
        load_run(bert_folder, 3, POS, UPOS, path)


def test_a_damaged_file_is_refused(bert_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    save_difference(path, run(bert_folder, "pos").model, start(bert_folder), 1)
    with safe_open(path, framework="np") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    name = "encoder.encoder.layer.1.output.dense.weight"
    save_file({**tensors, name: tensors[name][:-20]}, path, metadata)
    with pytest.raises(EncoderError, match=r"does not fit .*(fewer bytes|damaged)"):
        load_run(bert_folder, 2, POS, UPOS, path)
    save_file({n: t for n, t in tensors.items() if n != name}, path, metadata)
    with pytest.raises(EncoderError, match=f"does not fit .*{name}"):
        load_run(bert_folder, 2, POS, UPOS, path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(EncoderError, match="does not fit the encoder"):
        load_run(bert_folder, 2, POS, UPOS, path)


def test_the_script_stores_as_the_recipe_says(
    bert_folder: Path, root: Path, tmp_path: Path
) -> None:
    write_manifest(tmp_path / "encoder.json", bert_folder, {})
    write_table(tmp_path / "train", "tagged", rows_of("pos", 0))
    hashes, facts = set(), {}
    for store in ("full", "difference"):
        output = {n: str(tmp_path / store / n) for n in ("weights", "curve", "facts")}
        job = SimpleNamespace(
            log=[str(tmp_path / "log")],
            wildcards=SimpleNamespace(recipe="small", trained_on="en", seed="5"),
            input=SimpleNamespace(
                train=[tmp_path / "train"], dev=[], encoder=tmp_path / "encoder.json"
            ),
            output=SimpleNamespace(**output),
            params=SimpleNamespace(
                recipe={"steps": 2, "store": store, "dropout": 0.1},
                task=POS.model_dump(),
                dev_languages=[],
                layers=2,
                code="",
                task_code="",
                score_code="",
            ),
        )
        runpy.run_path(str(root / "workflow/scripts/finetune.py"), {"snakemake": job})
        weights = Path(output["weights"])
        hashes.add(weights_hash(load_run(bert_folder, 2, POS, UPOS, weights)))
        facts[store] = Path(output["facts"]).read_bytes()
        origin = origin_of(weights)
        assert (None if origin is None else origin.seed) == (5 if store == "difference" else None)
    assert len(hashes) == 1
    assert facts["full"] == facts["difference"]


@pytest.mark.parametrize("kind", list(TASKS))
def test_runs_of_a_seed_start_from_the_same_weights(kind: str, bert_folder: Path) -> None:
    trainings = (["en"], ["de"], ["en", "de"], ["de", "en"])
    found = {
        seed: {run(bert_folder, kind, seed, names).facts["initial_weights"] for names in trainings}
        for seed in (1, 2)
    }
    assert [len(hashes) for hashes in found.values()] == [1, 1]
    assert found[1] != found[2]
    assert found[1] == {weights_hash(start(bert_folder, kind, 1))}
