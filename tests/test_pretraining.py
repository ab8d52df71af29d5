"""Pretraining: which documents become which inputs, and an encoder that can be loaded."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import ARCHITECTURES, TEXTS, WORDS

from isogloss.config.encoders import PretrainedEncoder
from isogloss.encoders.load import check_layers, load_encoder, load_tokenizer
from isogloss.encoders.tokenizer import Architecture, build_tokenizer, train_vocabulary
from isogloss.errors import EncoderError
from isogloss.tables import arrange
from isogloss.training import loop
from isogloss.training.pretrain import Document, Texts, build_masked_lm, documents, pretrain

SETTINGS: dict[str, Any] = {
    "kind": "pretrained",
    "layers": 2,
    "hidden": 16,
    "heads": 2,
    "intermediate": 24,
    "max_length": 16,
    "vocabulary": 150,
    "languages": ["en", "de"],
    "text": [{"corpus": "family"}],
    "steps": 12,
    "batch": 8,
    "warmup_steps": 2,
    "threads": 1,
}


def settings_of(**changes: Any) -> PretrainedEncoder:
    return PretrainedEncoder.model_validate({**SETTINGS, **changes})


def texts_of(items: list[Document], **changes: Any) -> Texts:
    settings = settings_of(**changes)
    vocabulary = train_vocabulary(TEXTS, 120, settings.architecture, min_count=1)
    tokenizer = build_tokenizer(vocabulary, settings.architecture, settings.max_length)
    return Texts(items, tokenizer, settings)


def translated(count: int, seed: int = 0) -> list[Document]:
    """Two languages whose words are the same in capitals."""
    generator = np.random.default_rng(seed)
    found = []
    for place in range(count):
        text = " ".join(generator.choice(WORDS, 5))
        for language, segment in (("en", text), ("de", text.upper())):
            found.append(Document(language, (segment, segment), ("family", place)))
    return found


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sameness of bytes is promised on the CPU."""
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))


def test_documents_of_each_kind_of_table() -> None:
    # row 1 has no translation in this language
    pairs = pd.DataFrame({"id": [0, 2], "premise": ["a", "b"], "hypothesis": ["c", "d"]})
    assert documents(pairs, "pairs", "en", "x") == [
        Document("en", ("a", "c"), ("x", 0)),
        Document("en", ("b", "d"), ("x", 2)),
    ]
    trees = pd.DataFrame({"id": [0, 1], "text": ["a", "b"]})
    assert documents(trees, "treebank", "en", None) == [
        Document("en", ("a",), None),
        Document("en", ("b",), None),
    ]
    lines = pd.DataFrame({"id": range(5), "document": [4, 2, 4, 4, 2], "text": list("abcde")})
    assert documents(lines, "lines", "en", "y") == [
        Document("en", ("b", "e"), ("y", 0)),
        Document("en", ("a", "c"), ("y", 1)),
        Document("en", ("d",), ("y", 2)),
    ]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_inputs_are_framed_as_the_tokenizer_does(architecture: Architecture) -> None:
    items = [Document("en", ("cats see dogs", "not all"), None), Document("en", ("cats",), None)]
    texts = texts_of(items, architecture=architecture)
    for place, item in enumerate(items):
        found = texts._encode(place, 1.0, 0.0)
        wanted = texts.tokenizer(*item.segments, return_token_type_ids=True)
        assert found.ids.tolist() == wanted["input_ids"]
        assert found.types.tolist() == wanted["token_type_ids"]


@given(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 40)), st.integers(8, 17))
def test_long_segments_lose_their_ends(first: int, second: int | None, longest: int) -> None:
    texts = JOINED[longest]
    one = list(range(100, 100 + first))
    two = None if second is None else list(range(200, 200 + second))
    ids = texts._join(one, two).ids.tolist()
    room = longest - (2 if two is None else 3)
    kept = [sum(low <= i < low + 100 for i in ids) for low in (100, 200)]
    assert kept[0] + kept[1] == min(first + (second or 0), room)
    assert ids[1 : 1 + kept[0]] == one[: kept[0]]
    if two is not None:
        assert ids[2 + kept[0] : -1] == two[: kept[1]]
        # only what is longer than its share is cut
        for length, part in ((first, kept[0]), (len(two), kept[1])):
            assert part == length or part >= room // 2


JOINED = {
    longest: texts_of([Document("en", ("cats",), None)], max_length=longest)
    for longest in range(8, 18)
}


def test_languages_are_drawn_by_the_power_of_their_size() -> None:
    items = [Document("en", ("cats",), None)] * 90 + [Document("de", ("dogs",), None)] * 10
    for power, share in ((1.0, 0.9), (0.5, 0.75), (0.0, 0.5)):
        texts = texts_of(items, sampling=power)
        drawn = texts.draw(torch.Generator().manual_seed(0), 2000)
        cats = sum(item.ids[1] == texts.segments[0][0][0] for item in drawn) / 2000
        assert cats == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 2000))


def test_documents_are_drawn_uniformly_and_repeatably() -> None:
    items = [Document("en", (word,), None) for word in WORDS]
    texts = texts_of(items)
    drawn, again, other = (
        [tuple(item.ids) for item in texts.draw(torch.Generator().manual_seed(seed), 800)]
        for seed in (0, 0, 1)
    )
    assert drawn == again != other
    counts = Counter(drawn)
    assert len(counts) == 16
    assert max(counts.values()) < 50 + 5 * math.sqrt(50)


def test_second_segments_of_another_language() -> None:
    words = ("cats see", "dogs hear", "birds like")
    items = [
        Document(language, (text, f"{text} {mark}"), ("family", place))
        for place, text in enumerate(words)
        for language, mark in (("de", "big"), ("en", "small"), ("fr", "red"))
    ]
    items.append(Document("en", ("not all", "no"), None))
    texts = texts_of(items, cross_lingual=0.5)
    for place in range(9):
        own = texts._encode(place, 0.5, 0.0)
        assert own.ids.tolist() == texts._join(*texts.segments[place]).ids.tolist()
        others = {tuple(texts._encode(place, 0.4, chance).ids) for chance in (0.0, 0.4, 0.6, 0.999)}
        first = texts.segments[place][0]
        # first segments of the two others; here all three are the same sub-words
        assert others == {tuple(texts._join(first, first).ids)}
    assert texts._encode(9, 0.0, 0.0).ids.tolist() == texts._join(*texts.segments[9]).ids.tolist()
    assert [len(group) for group in texts.aligned()] == [3, 3, 3]
    assert len(list(texts.running())) == 20


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_new_weights_come_from_the_seed(architecture: Architecture) -> None:
    before = torch.get_rng_state()
    first, again, other = (
        build_masked_lm(settings_of(architecture=architecture, seed=seed), 150, 1)
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.get_rng_state(), before)
    tables = [model.get_input_embeddings().weight for model in (first, again, other)]
    assert torch.equal(tables[0], tables[1])
    assert not torch.equal(tables[0], tables[2])
    assert tables[0].std().item() == pytest.approx(0.05, rel=0.1)
    assert first.base_model.embeddings.position_embeddings.weight.shape[0] >= 16


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_pretraining_saves_an_encoder(architecture: Architecture, tmp_path: Path) -> None:
    items = translated(40)
    settings = settings_of(architecture=architecture, steps=60, learning_rate=5e-3)
    curve = pretrain(items, settings, tmp_path / "a")
    pretrain(items, settings, tmp_path / "b")
    arrange("curve", curve)
    assert curve["step"].max() == 60
    assert curve["loss"].iloc[-1] < curve["loss"].iloc[0] - 0.3
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names >= {"config.json", "model.safetensors", "tokenizer.json"}
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    encoder, tokenizer = load_encoder(tmp_path / "a", 0), load_tokenizer(tmp_path / "a")
    check_layers(encoder, 2, "a")
    assert encoder.config.vocab_size == len(tokenizer)
    # the longest input has positions for all of its sub-words
    ids = tokenizer(" ".join(WORDS * 2), truncation=True, max_length=16, return_tensors="pt")
    assert encoder(**ids).last_hidden_state.shape == (1, 16, 16)


def test_a_pretraining_goes_on_from_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, settings = translated(20), settings_of(dropout=0.1)
    pretrain(items, settings, tmp_path / "whole")
    real = loop.Plan

    def short_lived(**arguments: Any) -> loop.Plan:
        return real(**arguments, save_every=5)

    class Stopped(Exception):
        pass

    state = tmp_path / "state"
    with monkeypatch.context() as patch:
        patch.setattr("isogloss.training.pretrain.Plan", short_lived)
        save = loop.save_state

        def save_and_stop(*arguments: Any) -> None:
            save(*arguments)
            raise Stopped

        patch.setattr(loop, "save_state", save_and_stop)
        with pytest.raises(Stopped):
            pretrain(items, settings, tmp_path / "stopped", state, "key")
    assert state.exists()
    assert not (tmp_path / "stopped").exists()
    pretrain(items, settings, tmp_path / "stopped", state, "key")
    name = "model.safetensors"
    assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("frozen", [True, False])
def test_warm_embeddings(frozen: bool, tmp_path: Path) -> None:
    items = translated(60)
    tables = {}
    for steps in (1, 8):
        settings = settings_of(steps=steps, warm_start={"frozen": frozen})
        pretrain(items, settings, tmp_path / str(steps))
        encoder = load_encoder(tmp_path / str(steps), 0)
        tables[steps] = encoder.embeddings.word_embeddings.weight.detach()
    # the first step of a warm-up has a rate of 0
    assert torch.equal(tables[1], tables[8]) == frozen
    tokenizer = load_tokenizer(tmp_path / "1")

    def likeness(one: str, other: str) -> float:
        rows = [
            tables[1][tokenizer.encode(w, add_special_tokens=False)].mean(0) for w in (one, other)
        ]
        return float(torch.cosine_similarity(rows[0], rows[1], dim=0))

    own = np.mean([likeness(word, word.upper()) for word in WORDS])
    others = np.mean([likeness(a, b.upper()) for a, b in zip(WORDS, WORDS[3:], strict=False)])
    assert own > others + 0.2


def test_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="text to pretrain on is empty"):
        pretrain([], settings_of(), tmp_path)
