"""The BiLSTM encoder: its states word by word, packing, the folder, and weights by seed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import TEXTS, sequences
from torch import nn

from isogloss.config.encoders import BilstmEncoder
from isogloss.encoders.batches import Encoded, forward, pack
from isogloss.encoders.bilstm import BilstmConfig, BilstmModel, build_bilstm, grouped
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
from isogloss.encoders.manifest import checked_folder, write_manifest
from isogloss.encoders.vocabulary import compact, expand
from isogloss.errors import EncoderError
from isogloss.training.pretrain import Document
from isogloss.training.start import start_bilstm

SHAPE: dict[str, Any] = {
    "vocab_size": 60,
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "embedding_size": 7,
    "composed_size": 6,
}
SETTINGS = BilstmEncoder(
    kind="bilstm",
    layers=2,
    hidden=12,
    embedding=7,
    composed=6,
    vocabulary=100,
    max_length=64,
    languages=["en"],
    text=[{"corpus": "x"}],
)
ITEMS = [Document("en", (text,), None) for text in TEXTS]


def build(seed: int = 0) -> BilstmModel:
    """A model whose sub-words from 30 on go on with a word."""
    model = BilstmModel(BilstmConfig(**SHAPE))
    model.draw(seed)
    # biases are random too
    generator = torch.Generator().manual_seed(seed + 1)
    for name, parameter in model.named_parameters():
        if "bias" in name:
            nn.init.normal_(parameter, std=0.3, generator=generator)
    model.begins[30:] = False
    return model.eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bilstm")
    start_bilstm(ITEMS, SETTINGS, place)
    return place


def step(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, w: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """One step of an LSTM, float64: gates input, forget, cell, output."""
    gates = w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"]
    enter, forget, new, leave = np.split(gates, 4)
    c = c / (1 + np.exp(-forget)) + np.tanh(new) / (1 + np.exp(-enter))
    return np.tanh(c) / (1 + np.exp(-leave)), c


def both_ways(lstm: nn.LSTM, items: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Outputs at each item, and the last states, of both directions side by side."""
    found = []
    for suffix, order in (("", items), ("_reverse", items[::-1])):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        w = {n: getattr(lstm, f"{n}_l0{suffix}").detach().double().numpy() for n in names}
        h = c = np.zeros(w["weight_hh"].shape[1])
        states = []
        for item in order:
            h, c = step(item, h, c, w)
            states.append(h)
        found.append(states)
    ahead, back = found[0], found[1][::-1]
    outputs = [np.concatenate(pair) for pair in zip(ahead, back, strict=True)]
    return outputs, np.concatenate([ahead[-1], back[0]])


def states_of(model: BilstmModel, ids: np.ndarray) -> np.ndarray:
    """States of one sequence, word by word in float64: (layers + 1, sub-words, hidden)."""
    begins = model.begins.tolist()
    words: list[list[int]] = []
    for place, number in enumerate(ids.tolist()):
        if begins[number] or not place:
            words.append([])
        words[-1].append(number)
    table = model.get_input_embeddings().weight.detach().double().numpy()
    widen = model.embeddings.widen
    weight, bias = (t.detach().double().numpy() for t in (widen.weight, widen.bias))
    composed = [both_ways(model.embeddings.compose, [table[i] for i in w])[1] for w in words]
    layers = [[weight @ state + bias for state in composed]]
    for number, layer in enumerate(blocks(model)):
        assert isinstance(layer, nn.LSTM)
        read, _ = both_ways(layer, layers[-1])
        if number:
            read = [new + old for new, old in zip(read, layers[-1], strict=True)]
        layers.append(read)
    return np.array([[s for s, w in zip(layer, words, strict=True) for _ in w] for layer in layers])


@given(st.lists(st.integers(1, 14), min_size=1, max_size=9), st.integers(0, 99))
@settings(deadline=None, max_examples=25)
def test_packed_states_are_those_word_by_word(lengths: list[int], seed: int) -> None:
    model, inputs = build(seed), sequences(lengths, seed)
    batch = pack(inputs, 0)
    with torch.inference_mode():
        layers = forward(model, batch, all_layers=True)
        (last,) = forward(model, batch)
    assert len(layers) == 3
    assert torch.equal(last, layers[-1])
    for number, item in enumerate(inputs, start=1):
        mine = batch.sequence == number
        found = np.stack([layer[mine].numpy() for layer in layers])
        np.testing.assert_allclose(found, states_of(model, item.ids), atol=1e-5)
    assert all(bool((layer[batch.sequence == 0] == 0).all()) for layer in layers)


@given(st.lists(st.integers(1, 20), min_size=2, max_size=12), st.integers(0, 99))
@settings(deadline=None, max_examples=25)
def test_alone_padded_or_packed_the_states_are_the_same(lengths: list[int], seed: int) -> None:
    model, inputs = build(), sequences(lengths, seed)
    batch = pack(inputs, 0)
    longest = max(lengths)
    rows = torch.zeros(len(inputs), longest, dtype=torch.int64)
    mask = torch.zeros_like(rows)
    for row, item in enumerate(inputs):
        rows[row, : len(item.ids)] = torch.from_numpy(item.ids)
        mask[row, : len(item.ids)] = 1
    with torch.inference_mode():
        (packed,) = forward(model, batch)
        padded = model(rows, attention_mask=mask).last_hidden_state
        for row, item in enumerate(inputs):
            alone = model(torch.from_numpy(item.ids)[None]).last_hidden_state[0]
            torch.testing.assert_close(packed[batch.sequence == row + 1], alone, atol=1e-5, rtol=0)
            torch.testing.assert_close(padded[row, : len(item.ids)], alone, atol=1e-5, rtol=0)


def test_a_sequence_that_begins_inside_a_word_does_not_join_the_one_before() -> None:
    model = build()
    inside = Encoded(np.array([35, 40, 7]), np.zeros(3, dtype=np.int64))
    batch = pack([inside, inside], 0)
    assert batch.ids.shape[0] < 3
    with torch.inference_mode():
        (states,) = forward(model, batch)
    for number in (1, 2):
        found = states[batch.sequence == number].numpy()
        np.testing.assert_allclose(found, states_of(model, inside.ids)[-1], atol=1e-5)


def test_sub_words_of_a_word_share_a_state_and_words_do_not() -> None:
    model = build()
    with torch.inference_mode():
        states = model(torch.tensor([[5, 31, 32, 5, 31]])).last_hidden_state[0]
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2])
    assert torch.equal(states[3], states[4])
    assert not torch.allclose(states[0], states[3], atol=1e-3)


def test_a_word_is_the_same_composed_once_or_twice() -> None:
    model = build()
    with torch.inference_mode():
        found = model(torch.tensor([[5, 31, 6, 5, 31]]), output_hidden_states=True)
    words = found.hidden_states[0][0]
    assert torch.equal(words[0], words[3])
    assert not torch.allclose(words[0], words[2], atol=1e-3)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=9))
def test_groups(lengths: list[int]) -> None:
    starts = torch.tensor([not place for n in lengths for place in range(n)])
    groups = grouped(starts)
    assert groups.lengths.tolist() == lengths
    assert groups.of.tolist() == [group for group, n in enumerate(lengths) for _ in range(n)]
    assert groups.place.tolist() == [place for n in lengths for place in range(n)]


def test_gradients_are_those_of_finite_differences() -> None:
    model = build().double()
    batch = pack(sequences([5, 3], seed=2), 0)
    forward(model, batch)[0].square().sum().backward()
    table = model.get_input_embeddings().weight
    for parameter in (table, *blocks(model)[1].parameters(), model.embeddings.compose.weight_hh_l0):
        assert parameter.grad is not None
        place = int(parameter.grad.abs().argmax())
        flat = parameter.data.view(-1)
        values = []
        for shift in (1e-5, -2e-5):
            flat[place] += shift
            values.append(forward(model, batch)[0].square().sum().item())
        flat[place] += 1e-5
        expected = (values[0] - values[1]) / 2e-5
        assert parameter.grad.view(-1)[place].item() == pytest.approx(expected, rel=1e-5)


def test_dropout_is_in_training_only_and_of_the_share_that_is_asked_for(folder: Path) -> None:
    batch = pack(sequences([9, 4]), 0)
    model = load_encoder(folder, 0, 0.0)
    assert dropout_of(model) == 0.0
    assert {m.p for m in model.modules() if isinstance(m, nn.Dropout)} == {0.0}
    assert torch.equal(forward(model.train(), batch)[0], forward(model.eval(), batch)[0])
    model = load_encoder(folder, 0)
    assert {m.p for m in model.modules() if isinstance(m, nn.Dropout)} == {SETTINGS.dropout}
    assert not torch.equal(forward(model.train(), batch)[0], forward(model.eval(), batch)[0])


def test_the_folder_holds_encoder_and_tokenizer(folder: Path, tmp_path: Path) -> None:
    encoder, tokenizer = load_encoder(folder, 0), load_tokenizer(folder)
    assert isinstance(encoder, BilstmModel)
    assert not encoder.training
    assert position_offset(encoder) == 0
    assert encoder.config.vocab_size == len(tokenizer)
    assert deviation_of(encoder) == encoder.config.initializer_range
    pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    assert encoder.begins.tolist() == [not piece.startswith("##") for piece in pieces]
    assert 5 < int(encoder.begins.sum()) < len(pieces)
    assert encoder.begins[tokenizer.all_special_ids].all()
    write_manifest(tmp_path / "encoder.json", folder, {"kind": "bilstm"})
    assert checked_folder(tmp_path / "encoder.json") == folder.resolve()
    config = (folder / "config.json").read_text()
    assert '"model_type": "isogloss-bilstm"' in config


def test_two_starts_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    start_bilstm(ITEMS[::-1], SETTINGS, tmp_path / "a")
    other = SETTINGS.model_copy(update={"seed": 2})
    start_bilstm(ITEMS, other, tmp_path / "b")
    for path in folder.iterdir():
        assert (tmp_path / "a" / path.name).read_bytes() == path.read_bytes(), path.name
        same = (tmp_path / "b" / path.name).read_bytes() == path.read_bytes()
        assert same == (path.suffix != ".safetensors"), path.name


def test_layers_lengths_and_freezing(folder: Path) -> None:
    encoder = load_encoder(folder, 0)
    check_layers(encoder, 2, folder)
    with pytest.raises(EncoderError, match="has 2 layers; the configuration says 3"):
        check_layers(encoder, 3, folder)
    check_length(encoder, 64, folder)
    with pytest.raises(EncoderError, match="64 sub-words; the task's max_length is 65"):
        check_length(encoder, 65, folder)
    freeze(encoder, [2], True)
    fixed = {name for name, p in encoder.named_parameters() if not p.requires_grad}
    wanted = {n for n, _ in encoder.named_parameters() if n.startswith(("embeddings", "encoder.l"))}
    assert fixed == {n for n in wanted if ".layer.0." not in n}
    with pytest.raises(EncoderError, match="layer 3 cannot be frozen"):
        freeze(encoder, [3], False)


def test_it_has_no_language_model(folder: Path) -> None:
    with pytest.raises(EncoderError, match="no encoder can be loaded"):
        load_language_model(folder)


def test_a_folder_without_some_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    encoder = load_encoder(folder, 0)
    kept = {name: t for name, t in encoder.state_dict().items() if "layer.1" not in name}
    encoder.save_pretrained(tmp_path, state_dict=kept)
    with pytest.raises(EncoderError, match="the weights lack 8 tensors"):
        load_encoder(tmp_path, 0)


def test_used_rows_alone_give_the_same_states(folder: Path) -> None:
    encoder = load_encoder(folder, 0)
    before = weights_hash(encoder)
    ids = [Encoded(np.arange(2, 40, 3), np.zeros(13, dtype=np.int64))]
    kept = np.union1d(np.arange(5), ids[0].ids)
    with torch.inference_mode():
        expected = forward(encoder, pack(ids, 0), all_layers=True)
    full = compact(encoder, kept)
    small = [item._replace(ids=kept.searchsorted(item.ids)) for item in ids]
    with torch.inference_mode():
        found = forward(encoder, pack(small, 0), all_layers=True)
    for new, old in zip(found, expected, strict=True):
        torch.testing.assert_close(new, old, atol=1e-6, rtol=0)
    expand(encoder, kept, full)
    assert weights_hash(encoder) == before
    with torch.inference_mode():
        again = forward(encoder, pack(ids, 0), all_layers=True)
    assert all(torch.equal(new, old) for new, old in zip(again, expected, strict=True))


def test_weights_are_drawn_as_said() -> None:
    shape = {**SHAPE, "vocab_size": 500, "embedding_size": 50, "hidden_size": 80}
    model = BilstmModel(BilstmConfig(**shape))
    torch.manual_seed(1)
    state = torch.get_rng_state()
    model.draw(3)
    assert torch.equal(torch.get_rng_state(), state)
    first = weights_hash(model)
    table = model.get_input_embeddings().weight
    assert table[1:].std().item() == pytest.approx(model.config.initializer_range, rel=0.02)
    assert not table[0].any()
    layer = blocks(model)[0]
    assert isinstance(layer, nn.LSTM)
    bound = (6 / (40 + 80)) ** 0.5
    assert 0.99 * bound < layer.weight_ih_l0.max().item() <= bound
    bound = (6 / (40 + 40)) ** 0.5
    assert 0.99 * bound < layer.weight_hh_l0_reverse.max().item() <= bound
    # of torch's gates the forget gate is the second
    assert layer.bias_ih_l0.tolist() == [0.0] * 40 + [1.0] * 40 + [0.0] * 80
    assert not layer.bias_hh_l0.any()
    model.draw(4)
    assert weights_hash(model) != first
    model.draw(3)
    assert weights_hash(model) == first


def test_what_does_not_fit_is_refused(folder: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(folder)
    with pytest.raises(EncoderError, match="vocab_size 60; allowed: the tokenizer's"):
        build_bilstm(BilstmConfig(**SHAPE), tokenizer, 0)
    with pytest.raises(EncoderError, match="text to learn a vocabulary from is empty"):
        start_bilstm([], SETTINGS, tmp_path)
