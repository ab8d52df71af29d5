"""Encoders come from their folder whole or not at all."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from models import ARCHITECTURES, TEXTS, build_encoder, save_encoder, sequences
from safetensors.torch import load_file
from transformers import BertForMaskedLM, DistilBertConfig, DistilBertModel

from isogloss.encoders.load import (
    blocks,
    check_layers,
    freeze,
    load_encoder,
    load_tokenizer,
    position_offset,
    weights_hash,
)
from isogloss.encoders.manifest import checked_folder, sha256_of, write_manifest
from isogloss.encoders.tokenizer import Architecture
from isogloss.encoders.vocabulary import compact, expand, used_ids
from isogloss.errors import EncoderError


@pytest.fixture
def folder(bert_folder: Path, tmp_path: Path) -> Path:
    """Copy of the tiny BERT that a test may spoil."""
    return Path(shutil.copytree(bert_folder, tmp_path / "encoder"))


def change(path: Path, **settings: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_weights_and_settings_are_those_of_the_folder(encoder_folder: Path) -> None:
    encoder = load_encoder(encoder_folder, seed=0)
    stored = load_file(encoder_folder / "model.safetensors")
    assert stored.keys() == encoder.state_dict().keys()
    for name, weights in encoder.state_dict().items():
        assert weights.dtype == torch.float32
        assert torch.equal(weights, stored[name])
    assert not encoder.training
    assert encoder.config.hidden_dropout_prob == 0.1
    other = load_encoder(encoder_folder, seed=0, dropout=0.0)
    assert other.config.hidden_dropout_prob == other.config.attention_probs_dropout_prob == 0.0
    assert not any(m.p for m in other.modules() if isinstance(m, torch.nn.Dropout))
    tokenizer = load_tokenizer(encoder_folder)
    assert tokenizer(TEXTS[0])["input_ids"][0] == tokenizer.cls_token_id


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_absent_pooler_comes_from_the_seed(architecture: Architecture, tmp_path: Path) -> None:
    save_encoder(tmp_path, architecture, pooler=False)
    before = torch.get_rng_state()
    first, again, other = (load_encoder(tmp_path, seed) for seed in (7, 7, 8))
    assert torch.equal(torch.get_rng_state(), before)
    assert weights_hash(first) == weights_hash(again) != weights_hash(other)
    assert not torch.equal(first.pooler.dense.weight, other.pooler.dense.weight)
    assert weights_hash(first.encoder) == weights_hash(other.encoder)
    deviation = first.pooler.dense.weight.std().item()
    assert deviation == pytest.approx(first.config.initializer_range, rel=0.2)


def test_a_present_pooler_does_not_depend_on_the_seed(encoder_folder: Path) -> None:
    assert weights_hash(load_encoder(encoder_folder, 1)) == weights_hash(
        load_encoder(encoder_folder, 2)
    )


def test_weights_in_several_files(folder: Path, tmp_path: Path) -> None:
    whole = load_encoder(folder, seed=0)
    whole.save_pretrained(tmp_path / "shards", max_shard_size="8KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 2
    assert weights_hash(load_encoder(tmp_path / "shards", seed=1)) == weights_hash(whole)


def test_weights_below_a_head_are_found(tmp_path: Path) -> None:
    encoder = build_encoder("bert")
    model = BertForMaskedLM(encoder.config)
    model.bert.load_state_dict(encoder.state_dict(), strict=False)
    model.save_pretrained(tmp_path)
    loaded = load_encoder(tmp_path, seed=0)
    assert weights_hash(loaded.encoder) == weights_hash(encoder.encoder)
    assert weights_hash(loaded.embeddings) == weights_hash(encoder.embeddings)


def test_half_precision_weights_are_widened(tmp_path: Path) -> None:
    build_encoder("bert").half().save_pretrained(tmp_path)
    assert {p.dtype for p in load_encoder(tmp_path, seed=0).parameters()} == {torch.float32}


def only_pickled(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def truncated(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def other_model(folder: Path) -> None:
    settings = DistilBertConfig(vocab_size=9, dim=8, n_layers=1, n_heads=1, hidden_dim=8)
    DistilBertModel(settings).save_pretrained(folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (only_pickled, "no encoder can be loaded"),
        (truncated, "no encoder can be loaded"),
        (other_model, "no encoder can be loaded|is not a BERT"),
        (lambda f: (f / "config.json").unlink(), "no encoder can be loaded"),
        (lambda f: (f / "config.json").write_text("{"), "no encoder can be loaded"),
        (lambda f: change(f / "config.json", model_type="none"), "no encoder can be loaded"),
        (lambda f: change(f / "config.json", hidden_size=20), "no encoder can be loaded"),
        (lambda f: change(f / "config.json", num_hidden_layers=3), "lack 16 tensors .*layer.2"),
    ],
)
def test_a_folder_without_a_whole_encoder_is_refused(
    spoil: Callable[[Path], object], message: str, folder: Path
) -> None:
    spoil(folder)
    with pytest.raises(EncoderError, match=message) as caught:
        load_encoder(folder, seed=0)
    assert str(caught.value).startswith(f"{folder}: ")


def test_a_folder_without_tokenizer_is_refused(tmp_path: Path) -> None:
    build_encoder("bert").save_pretrained(tmp_path)
    with pytest.raises(EncoderError, match="no tokenizer can be loaded"):
        load_tokenizer(tmp_path)


def test_no_code_of_the_folder_runs(folder: Path) -> None:
    change(folder / "config.json", auto_map={"AutoModel": "trap.Trap"}, model_type="trap")
    (folder / "trap.py").write_text("raise SystemExit('ran')")
    with pytest.raises(EncoderError, match="no encoder can be loaded"):
        load_encoder(folder, seed=0)


def test_layers_are_counted() -> None:
    encoder = build_encoder("bert")
    check_layers(encoder, 2, "here")
    with pytest.raises(EncoderError, match="here: has 2 layers; the configuration says 12"):
        check_layers(encoder, 12, "here")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_position_offset_is_what_the_library_adds(architecture: Architecture) -> None:
    encoder = build_encoder(architecture)
    ids = torch.from_numpy(sequences([6])[0].ids)[None]
    table = encoder.embeddings.position_embeddings
    seen: list[torch.Tensor] = []
    table.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    encoder(ids)
    assert seen[0].flatten().tolist() == list(range(position_offset(encoder), 6 + seen[0].min()))


def test_freezing_counts_blocks_from_one() -> None:
    encoder = build_encoder("bert", num_hidden_layers=4)
    freeze(encoder, [1, 3], embeddings=False)
    trained = [all(p.requires_grad for p in block.parameters()) for block in blocks(encoder)]
    fixed = [not any(p.requires_grad for p in block.parameters()) for block in blocks(encoder)]
    assert trained == [False, True, False, True]
    assert fixed == [True, False, True, False]
    assert all(p.requires_grad for p in encoder.embeddings.parameters())
    freeze(encoder, [], embeddings=True)
    assert not any(p.requires_grad for p in encoder.embeddings.parameters())
    for layer in (0, 5):
        with pytest.raises(EncoderError, match=f"layer {layer} cannot be frozen; allowed: 1 to 4"):
            freeze(encoder, [layer], embeddings=False)


def test_hash_of_weights_sees_names_shapes_and_values() -> None:
    def layer(weight: torch.Tensor, name: str = "a") -> torch.nn.Module:
        return torch.nn.ParameterDict({name: torch.nn.Parameter(weight)})

    one = weights_hash(layer(torch.ones(2, 3)))
    assert one == weights_hash(layer(torch.ones(2, 3)))
    assert one == weights_hash(layer(torch.ones(3, 2).T))
    others = [
        layer(torch.ones(3, 2)),
        layer(torch.ones(2, 3), "b"),
        layer(torch.full((2, 3), 1 + 1e-7)),
    ]
    assert len({one, *map(weights_hash, others)}) == 4


def test_rows_of_the_vocabulary_go_and_come_back() -> None:
    encoder = build_encoder("bert")
    before = encoder.embeddings.word_embeddings.weight.detach().clone()
    items = sequences([5, 9])
    kept = used_ids(items, [3, 0])
    assert kept.tolist() == sorted({0, 3, *items[0].ids.tolist(), *items[1].ids.tolist()})
    full = compact(encoder, kept)
    small = encoder.embeddings.word_embeddings.weight
    assert torch.equal(small, before[kept])
    with torch.no_grad():
        small += 1
    expand(encoder, kept, full, shrink=0.5)
    found = encoder.embeddings.word_embeddings.weight
    others = np.setdiff1d(np.arange(60), kept)
    assert torch.equal(found[kept], before[kept] + 1)
    assert torch.equal(found[others], before[others] * 0.5)
    assert encoder.embeddings.word_embeddings.padding_idx == 0


def test_frozen_embeddings_stay_frozen_and_do_not_shrink() -> None:
    encoder = build_encoder("bert")
    freeze(encoder, [], embeddings=True)
    before = encoder.embeddings.word_embeddings.weight.clone()
    full = compact(encoder, np.arange(0, 60, 7))
    assert not encoder.embeddings.word_embeddings.weight.requires_grad
    expand(encoder, np.arange(0, 60, 7), full, shrink=0.5)
    assert torch.equal(encoder.embeddings.word_embeddings.weight, before)
    assert not encoder.embeddings.word_embeddings.weight.requires_grad


def test_manifest_beside_and_elsewhere(folder: Path, tmp_path: Path) -> None:
    inside, outside = folder / "encoder.json", tmp_path / "x" / "encoder.json"
    for path in (inside, outside):
        write_manifest(path, folder, {"kind": "folder"})
        assert checked_folder(path).resolve() == folder.resolve()
    facts = json.loads(inside.read_text())
    names = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert facts["sha256"].keys() == names
    assert facts["folder"] == "."
    assert facts["origin"] == {"kind": "folder"}
    moved = folder.rename(tmp_path / "moved")
    assert checked_folder(moved / "encoder.json") == moved
    with pytest.raises(EncoderError, match="gone; delete"):
        checked_folder(outside)


def test_a_changed_or_missing_file_is_refused(folder: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "encoder.json"
    write_manifest(manifest, folder, {})
    change(folder / "config.json", hidden_dropout_prob=0.2)
    with pytest.raises(EncoderError, match=r"config\.json: changed since .*encoder\.json was"):
        checked_folder(manifest)
    (folder / "config.json").unlink()
    with pytest.raises(EncoderError, match=r"config\.json: gone; delete .*encoder\.json to have"):
        checked_folder(manifest)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (only_pickled, "no weights in safetensors; nothing is unpickled here"),
        (lambda f: (f / "config.json").unlink(), "no config.json; an encoder folder in hub layout"),
        (shutil.rmtree, "no config.json"),
    ],
)
def test_no_manifest_of_an_unusable_folder(
    spoil: Callable[[Path], object], message: str, folder: Path, tmp_path: Path
) -> None:
    spoil(folder)
    with pytest.raises(EncoderError, match=message):
        write_manifest(tmp_path / "encoder.json", folder, {})
    assert not (tmp_path / "encoder.json").exists()


def test_expected_checksums(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "encoder.json"
    right = {"config.json": sha256_of(folder / "config.json")}
    write_manifest(path, folder, {}, right)
    for wrong in ({"config.json": "0" * 64}, {"absent.json": "0" * 64}):
        with pytest.raises(EncoderError, match="expected 0000"):
            write_manifest(path, folder, {}, wrong)
