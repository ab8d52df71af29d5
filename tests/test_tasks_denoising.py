"""Span corruption hides what the targets hold, and its loss is that of the library."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import save_mt5
from torch.nn import functional

from isogloss.encoders.load import load_language_model, load_tokenizer
from isogloss.errors import EncoderError, TrainingError
from isogloss.tasks.denoising import corrupt, loss, sentinels_of

SENTINELS = list(range(1000, 1100))
END = 1


def restored(inputs: np.ndarray, targets: np.ndarray) -> list[int]:
    """The text with each sentinel replaced by its span."""
    spans: dict[int, list[int]] = {}
    for number in targets[:-1].tolist():
        if number >= 1000:
            spans[number] = []
        else:
            spans[list(spans)[-1]].append(number)
    return [
        word
        for number in inputs[:-1].tolist()
        for word in (spans[number] if number >= 1000 else [number])
    ]


@given(st.integers(2, 200), st.integers(0, 5), st.floats(0.05, 0.9), st.floats(1, 8))
def test_spans_and_rest_make_the_text(length: int, seed: int, share: float, mean: float) -> None:
    ids = np.arange(2, 2 + length)
    found = corrupt(ids, SENTINELS, END, np.random.default_rng(seed), share, mean)
    assert restored(*found) == ids.tolist()
    assert found.inputs[-1] == found.targets[-1] == END
    used = [number for number in found.inputs.tolist() if number >= 1000]
    assert used == SENTINELS[: len(used)] and used
    # two spans do not touch, and no text begins with one
    marks = found.inputs >= 1000
    assert not marks[0] and not (marks[1:] & marks[:-1]).any()
    hidden = len(found.targets) - 1 - len(used)
    assert hidden == np.clip(round(length * share), 1, length - 1)


def test_a_span_is_three_sub_words_on_average() -> None:
    texts = [
        corrupt(np.arange(2, 202), SENTINELS, END, np.random.default_rng(seed)) for seed in range(9)
    ]
    assert {len(text.targets) - 1 for text in texts} == {30 + 10}
    assert len({tuple(text.inputs.tolist()) for text in texts}) == 9


def test_a_text_of_one_sub_word_is_refused() -> None:
    with pytest.raises(TrainingError, match="a text of 1 sub-words"):
        corrupt(np.array([5]), SENTINELS, END, np.random.default_rng(0))


def test_loss_is_that_of_each_text_alone(tmp_path: Path) -> None:
    folder = save_mt5(tmp_path / "mt5", whole=True)
    model = load_language_model(folder)
    generator = np.random.default_rng(3)
    ids = np.arange(5, 25)
    texts = [corrupt(part, [3, 4], END, generator) for part in (ids, ids[:6])]
    sums, count = torch.zeros(()), 0
    for text in texts:
        labels = torch.from_numpy(text.targets)[None]
        logits = model(input_ids=torch.from_numpy(text.inputs)[None], labels=labels).logits
        sums = sums + functional.cross_entropy(logits[0], labels[0], reduction="sum")
        count += labels.numel()
    found = loss(model, texts, 0)
    torch.testing.assert_close(found, sums / count)
    found.backward()
    assert model.encoder.block[0].layer[0].SelfAttention.q.weight.grad.abs().sum() > 0


def test_sentinels_are_found_by_name(tmp_path: Path, bert_folder: Path) -> None:
    with pytest.raises(EncoderError, match="has no <extra_id_0>"):
        sentinels_of(load_tokenizer(bert_folder))
    tokenizer = load_tokenizer(save_mt5(tmp_path / "mt5", whole=True))
    tokenizer.add_tokens(["<extra_id_1>", "<extra_id_0>"])
    vocabulary = tokenizer.get_vocab()
    assert sentinels_of(tokenizer) == [vocabulary["<extra_id_0>"], vocabulary["<extra_id_1>"]]
