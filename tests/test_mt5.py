"""The encoder half of mT5: as the library computes it, trained and read back like the others."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sentencepiece
import torch
from models import NOUNS_AND_VERBS, WORDS, build_mt5, save_mt5, sequences
from transformers import MT5ForConditionalGeneration

from isogloss.config.recipes import Recipe
from isogloss.config.tasks import Pos
from isogloss.corpora.conllu import UPOS
from isogloss.encoders.batches import forward, pack
from isogloss.encoders.load import (
    blocks,
    check_layers,
    check_length,
    deviation_of,
    dropout_of,
    freeze,
    load_encoder,
    load_language_model,
    load_tokenizer,
    position_offset,
    weights_hash,
)
from isogloss.encoders.manifest import encoder_files
from isogloss.encoders.words import frame_of, word_pieces
from isogloss.errors import EncoderError
from isogloss.tasks.denoising import sentinels_of
from isogloss.training import finetune as room
from isogloss.training import loop
from isogloss.training.finetune import Rows, Run, finetune
from isogloss.training.model import load_run, save_run

TASK = Pos(kind="pos", corpus="family", max_length=16, context=4)
MIXED = [3, 17, 1, 9, 5, 5, 2, 12, 30, 8]


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a whole mT5, with its decoder, as on the hub."""
    return save_mt5(tmp_path_factory.mktemp("mt5"), whole=True)


def tagged(count: int, seed: int) -> pd.DataFrame:
    """Sentences whose tags are those of their words."""
    generator = np.random.default_rng(seed)
    rows = []
    for row in range(count):
        words = generator.choice(WORDS, int(generator.integers(1, 9))).tolist()
        tags = ["NOUN" if word in NOUNS_AND_VERBS else "ADJ" for word in words]
        rows.append((row, words, tags))
    return pd.DataFrame(rows, columns=["id", "form", "tag"])


def run(folder: Path, seed: int = 1, **changes: Any) -> Run:
    settings = {"steps": 6, "batch": 8, "learning_rate": 0.01, "dropout": 0.0, **changes}
    return finetune(folder, 2, TASK, Recipe(**settings), seed, [Rows("en", tagged(40, 1))])


@pytest.mark.parametrize("whole", [True, False])
def test_the_encoder_half_is_loaded(whole: bool, tmp_path: Path) -> None:
    save_mt5(tmp_path, whole)
    expected = build_mt5(whole, vocab_size=load_encoder(tmp_path, 0).config.vocab_size)
    encoder = load_encoder(tmp_path, 0)
    assert weights_hash(encoder.encoder) == weights_hash(expected.encoder)
    assert not hasattr(encoder, "decoder")
    assert not encoder.training
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
    assert load_tokenizer(tmp_path)(WORDS[0])["input_ids"][-1] == 1
    check_layers(encoder, 2, tmp_path)
    with pytest.raises(EncoderError, match="has 2 layers; the configuration says 8"):
        check_layers(encoder, 8, tmp_path)
    check_length(encoder, 10_000, tmp_path)
    assert position_offset(encoder) == 0
    assert deviation_of(encoder) == 0.02


def test_a_missing_weight_is_refused(folder: Path, tmp_path: Path) -> None:
    save_mt5(tmp_path)
    with pytest.raises(EncoderError, match=r"the weights lack \d+ tensors .*decoder"):
        load_language_model(tmp_path)
    load_language_model(folder)


def test_the_whole_model_is_loaded(folder: Path) -> None:
    model = load_language_model(folder)
    assert isinstance(model, MT5ForConditionalGeneration)
    assert not model.training
    expected = build_mt5(True, vocab_size=model.config.vocab_size)
    assert weights_hash(model) == weights_hash(expected)


@pytest.mark.parametrize("layers", [2, 8])
def test_states_of_all_layers_equal_those_alone(layers: int) -> None:
    encoder = build_mt5(False, num_layers=layers).double()
    items = sequences(MIXED, types=1)
    batch = pack(items, encoder.config.pad_token_id, position_offset(encoder))
    assert len(batch.ids) < len(items)
    with torch.inference_mode():
        found = forward(encoder, batch, all_layers=True)
        assert len(found) == layers + 1
        torch.testing.assert_close(forward(encoder, batch)[0], found[-1], rtol=0, atol=0)
        for index, item in enumerate(items):
            ids = torch.from_numpy(item.ids)[None]
            alone = encoder(input_ids=ids, output_hidden_states=True).hidden_states
            mine = batch.sequence == index + 1
            for states, expected in zip(found, alone, strict=True):
                torch.testing.assert_close(states[mine], expected[0], rtol=0, atol=1e-9)
    # relative positions matter here: the other way round the states are others
    ids = torch.from_numpy(items[1].ids.copy())[None]
    turned = encoder(input_ids=ids.flip(1)).last_hidden_state.flip(1)
    assert (turned - encoder(input_ids=ids).last_hidden_state).abs().max() > 0.01


def test_a_run_learns(folder: Path) -> None:
    _, curve, facts = run(folder, steps=100, dropout=0.1)
    first, last = curve["loss"]
    assert last < 0.3 < first
    assert facts["labels"] == list(UPOS)


def test_dropout_of_the_encoder_unless_the_recipe_says_otherwise(tmp_path: Path) -> None:
    save_mt5(tmp_path, dropout_rate=0.3)
    for given, expected in ((None, 0.3), (0.05, 0.05)):
        model = run(tmp_path, steps=1, dropout=given).model
        assert dropout_of(model.encoder) == model.head.dropout.p == expected
        found = {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)}
        assert found == {expected}


def test_leaving_out_unused_rows_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, Any] = {"weight_decay": 0.2, "dropout": 0.1}
    found = run(folder, **changes).model
    table = found.encoder.get_input_embeddings().weight
    everything = np.arange(len(table))
    monkeypatch.setattr(room, "used_ids", lambda *_: everything)
    expected = run(folder, **changes).model
    assert found.state_dict().keys() == expected.state_dict().keys()
    for name, weights in found.state_dict().items():
        torch.testing.assert_close(
            weights, expected.state_dict()[name], rtol=1e-4, atol=1e-6, msg=name
        )
    # the embeddings stand in two places of the model, and both have the new ones
    tied = found.encoder.encoder.embed_tokens.weight
    assert table.data_ptr() == tied.data_ptr()
    before = load_encoder(folder, 0).get_input_embeddings().weight
    assert (table - before).abs().amax(1).min() > 0


def test_a_run_is_read_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    model = run(folder, steps=3).model
    weights = tmp_path / "weights.safetensors"
    save_run(weights, model)
    first = weights.read_bytes()
    again = load_run(folder, 2, TASK, UPOS, weights)
    assert weights_hash(again) == weights_hash(model)
    assert not again.training
    items = sequences([7, 4], types=1)
    batch = pack([item._replace(ids=item.ids % 40) for item in items], 0)
    with torch.inference_mode():
        expected = forward(model.encoder, batch)[0]
        torch.testing.assert_close(forward(again.encoder, batch)[0], expected, rtol=0, atol=0)
    save_run(weights, again)
    assert weights.read_bytes() == first
    with pytest.raises(EncoderError, match="does not fit the encoder"):
        load_run(folder, 2, TASK, UPOS[:3], weights)


def test_same_seed_same_bytes_other_seed_other_head(folder: Path) -> None:
    hashes = [weights_hash(run(folder, seed, dropout=0.1, steps=3).model) for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_freezing_counts_blocks_from_one() -> None:
    encoder = build_mt5(False, num_layers=4)
    freeze(encoder, [2, 4], embeddings=False)
    trained = [all(p.requires_grad for p in block.parameters()) for block in blocks(encoder)]
    fixed = [not any(p.requires_grad for p in block.parameters()) for block in blocks(encoder)]
    assert trained == [True, False, True, False]
    assert fixed == [False, True, False, True]
    assert encoder.get_input_embeddings().weight.requires_grad
    freeze(encoder, [], embeddings=True)
    assert not encoder.get_input_embeddings().weight.requires_grad
    for layer in (0, 5):
        with pytest.raises(EncoderError, match=f"layer {layer} cannot be frozen; allowed: 1 to 4"):
            freeze(encoder, [layer], embeddings=False)


def test_frozen_parts_stay_and_others_move(folder: Path) -> None:
    before = load_encoder(folder, 0)
    after = run(folder, freeze=[2], freeze_embeddings=True, weight_decay=0.1).model.encoder
    assert weights_hash(blocks(after)[1]) == weights_hash(blocks(before)[1])
    assert weights_hash(after.get_input_embeddings()) == weights_hash(before.get_input_embeddings())
    for name, weights in blocks(after)[0].state_dict().items():
        assert not torch.equal(weights, blocks(before)[0].state_dict()[name]), name


def test_a_tokenizer_that_is_a_sentencepiece_model_only(tmp_path: Path) -> None:
    """As in mT5's repository; its sentinels are pieces with a blank mark."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(WORDS), "cats see \u5317\u4eac"] * 20),
        model_writer=model,
        vocab_size=80,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        user_defined_symbols=["\u2581<extra_id_1>", "\u2581<extra_id_0>"],
        minloglevel=2,
    )
    build_mt5(True, vocab_size=90).save_pretrained(tmp_path)
    (tmp_path / "spiece.model").write_bytes(model.getvalue())
    names = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    settings = {"tokenizer_class": "T5Tokenizer", "extra_ids": 0, **names}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    assert tmp_path / "spiece.model" in encoder_files(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    assert frame_of(tokenizer) == ([], [1])
    vocabulary = tokenizer.get_vocab()
    wanted = [vocabulary[f"\u2581<extra_id_{number}>"] for number in range(2)]
    assert sentinels_of(tokenizer) == wanted
    pieces = word_pieces(["cats", "\u5317\u4eac"], tokenizer)
    assert tokenizer.convert_ids_to_tokens(pieces["cats"])[0].startswith("\u2581")
    # the blank mark that stands alone before Chinese pieces is left out
    assert vocabulary["\u2581"] not in pieces["\u5317\u4eac"]
