"""Inference: features, head, answers and score."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from models import (
    ARCHITECTURES,
    TEXTS,
    WORDS,
    build_encoder,
    config_of,
    first_points,
    pairs,
    sequences,
)
from sklearn.metrics import accuracy_score
from transformers import BertForSequenceClassification

from isogloss.config.tasks import Nli
from isogloss.encoders.batches import Batch, forward, pack
from isogloss.encoders.load import position_offset
from isogloss.encoders.tokenizer import Architecture, build_tokenizer, train_vocabulary
from isogloss.metrics.standard import score_of
from isogloss.tasks import nli
from isogloss.tasks.pairs import Classifier


def tokenizer_of(architecture: Architecture) -> Any:
    vocabulary = train_vocabulary(TEXTS, 120, architecture, min_count=1)
    return build_tokenizer(vocabulary, architecture, 64)


def task_of(length: int, truncation: str = "longest_first") -> Nli:
    return Nli.model_validate(
        {"kind": "nli", "corpus": "x", "max_length": length, "truncation": truncation}
    )


def ids_of(features: nli.Features) -> list[list[int]]:
    return [window.ids.tolist() for (window,) in features.windows]


TOKENIZERS = {architecture: tokenizer_of(architecture) for architecture in ARCHITECTURES}


def authors_features(
    frame: pd.DataFrame, tokenizer: Any, length: int, block: int
) -> tuple[list[list[int]], int]:
    """Ids by the authors' way, and how many blocks the tokenizer did not accept."""
    ids, refused = [], 0
    for start in range(0, len(frame), block):
        part = frame.iloc[start : start + block]
        texts = (part["premise"].tolist(), part["hypothesis"].tolist())
        try:
            coded = tokenizer(*texts, truncation="only_first", max_length=length)
        except Exception as error:
            assert "Truncation error" in str(error)
            coded = tokenizer(*texts, truncation="longest_first", max_length=length)
            refused += 1
        ids += coded["input_ids"]
    return ids, refused


def frame_of(rows: list[tuple[int, int]]) -> pd.DataFrame:
    """Pairs of so many words; each word is one sub-word."""
    texts = [tuple(" ".join((WORDS * 3)[:n]) for n in row) for row in rows]
    frame = pd.DataFrame(texts, columns=["premise", "hypothesis"])
    return frame.assign(id=np.arange(len(rows)) + 100, label="neutral")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_features_are_those_of_the_tokenizer(architecture: Architecture) -> None:
    tokenizer, frame = TOKENIZERS[architecture], pairs(30)
    found = nli.features(frame, tokenizer, task_of(12))
    expected = tokenizer(
        frame["premise"].tolist(),
        frame["hypothesis"].tolist(),
        truncation="longest_first",
        max_length=12,
        return_token_type_ids=True,
    )
    assert ids_of(found) == expected["input_ids"]
    assert [item.types.tolist() for (item,) in found.windows] == expected["token_type_ids"]
    assert max(found.lengths) == 12
    assert found.first.tolist() == [[0, 0]] * 30
    assert [point.tolist() for point in found.points] == [[[0, 0]]] * 30
    assert found.ids.tolist() == frame["id"].tolist()
    assert [nli.LABELS[place.item()] for place in found.answers] == frame["label"].tolist()
    types = {int(kind) for (item,) in found.windows for kind in item.types}
    assert types == ({0, 1} if architecture == "bert" else {0})


def test_a_long_hypothesis_changes_its_whole_block_and_no_other() -> None:
    tokenizer = TOKENIZERS["bert"]
    rows = [(20, 6)] * 2300
    rows[1500] = (20, 40)
    frame = frame_of(rows)
    found = nli.features(frame, tokenizer, task_of(16, "authors"))
    expected, refused = authors_features(frame, tokenizer, 16, 1000)
    assert refused == 1
    assert ids_of(found) == expected
    premises = [Counter(item.types.tolist())[0] - 2 for (item,) in found.windows]
    assert set(premises[:1000]) == set(premises[2000:]) == {7}
    # longest first takes from both once they are equally long
    plain = ids_of(nli.features(frame, tokenizer, task_of(16)))
    assert expected[1000:2000] == plain[1000:2000]
    assert expected[0] == plain[0]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 14)), min_size=1, max_size=12),
    st.sampled_from(ARCHITECTURES),
)
@example([(0, 9), (9, 7)], "bert")  # fits as it is, however long the hypothesis
def test_truncation_of_the_authors(rows: list[tuple[int, int]], architecture: Architecture) -> None:
    tokenizer, frame = TOKENIZERS[architecture], frame_of(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nli, "BLOCK", 3)
        found = nli.features(frame, tokenizer, task_of(12, "authors"))
    expected, _ = authors_features(frame, tokenizer, 12, 3)
    assert ids_of(found) == expected


def test_both_truncations_differ_where_the_hypothesis_is_longer() -> None:
    frame = frame_of([(9, 7)])
    for truncation, kept in (("authors", (3, 7)), ("longest_first", (5, 5))):
        found = nli.features(frame, TOKENIZERS["bert"], task_of(13, truncation))
        item = found.windows[0][0]
        counts = Counter(item.types.tolist())
        assert (counts[0] - 2, counts[1] - 1) == kept


def batch_for(encoder: Any) -> Batch:
    items = sequences([4, 11, 7, 2], types=encoder.config.type_vocab_size)
    return pack(items, encoder.config.pad_token_id, position_offset(encoder))


def test_head_is_that_of_the_library() -> None:
    encoder = build_encoder("bert").double()
    ours = Classifier(encoder, 3, True, seed=3).double().eval()
    theirs = BertForSequenceClassification(config_of("bert", num_labels=3)).double()
    theirs.bert.load_state_dict(encoder.state_dict())
    theirs.classifier.load_state_dict(ours.output.state_dict())
    batch = batch_for(encoder)
    states, points = forward(encoder, batch)[0], first_points(batch, [0, 2, 1, 2])
    logits = ours.logits(states, points, encoder)
    for index in range(4):
        mine = batch.sequence == index + 1
        output = theirs.eval()(
            input_ids=batch.ids[mine][None], token_type_ids=batch.types[mine][None]
        )
        torch.testing.assert_close(logits[index], output.logits[0], rtol=0, atol=1e-10)
    best = logits.argmax(1).tolist()
    assert [place.tolist() for place in ours.decode(states, points, encoder)] == [
        [place] for place in best
    ]


def test_head_comes_from_its_seed() -> None:
    before = torch.get_rng_state()
    settings: dict[str, Any] = {
        "hidden_size": 64,
        "initializer_range": 0.02,
        "num_attention_heads": 4,
    }
    first, again, other = (
        Classifier(build_encoder("roberta", **settings), 3, True, seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first.output.weight, again.output.weight)
    assert not torch.equal(first.output.weight, other.output.weight)
    assert first.output.weight.std().item() == pytest.approx(0.02, rel=0.2)
    assert not first.output.bias.any()
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_is_between_pooler_and_linear_layer() -> None:
    encoder = build_encoder("bert", hidden_dropout_prob=0.5)
    model = Classifier(encoder, 3, True, seed=1)
    assert model.dropout.p == 0.5
    batch = batch_for(encoder)
    with torch.no_grad():
        states = forward(encoder, batch)[0]
        model.dropout.p = 1.0
        assert not model.train().logits(states, first_points(batch), encoder).any()


def test_loss_is_the_mean_cross_entropy(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = build_encoder("bert")
    head, batch = Classifier(encoder, 3, True, seed=1), batch_for(encoder)
    logits = torch.tensor([[2.0, 0, 0], [0, 1, 0]], dtype=torch.float64)
    points = first_points(batch, [0, 2, 0, 0])
    points = points._replace(answers=points.answers[:2])
    monkeypatch.setattr(head, "logits", lambda *_: logits)
    by_hand = -(2 - np.log(np.exp(2) + 2) + 0 - np.log(np.exp(1) + 2)) / 2
    assert head.loss(logits, points, encoder).item() == pytest.approx(by_hand, abs=1e-12)
    monkeypatch.setattr(head, "logits", lambda *_: logits.bfloat16())
    assert head.loss(logits, points, encoder).dtype == torch.float32


def test_labels_have_the_order_of_the_published_data() -> None:
    frame = pairs(3)
    assert nli.labels(task_of(12), frame) == nli.LABELS
    assert nli.LABELS == ("entailment", "neutral", "contradiction")
    features = nli.features(frame, TOKENIZERS["bert"], task_of(12))
    decoded = [np.array([place]) for place in (2, 0, 1)]
    found = nli.predictions(frame, features, decoded, nli.LABELS)
    assert found["prediction"].tolist() == ["contradiction", "entailment", "neutral"]
    assert found["label"].tolist() == frame["label"].tolist()
    assert found["id"].tolist() == frame["id"].tolist()


@given(st.lists(st.tuples(st.sampled_from(nli.LABELS), st.sampled_from(nli.LABELS)), min_size=1))
def test_score_is_accuracy(rows: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["label", "prediction"])
    expected = 100 * accuracy_score(frame["label"], frame["prediction"])
    assert score_of("nli")(frame) == {"accuracy": pytest.approx(expected)}


def test_predictions_are_as_many_as_rows() -> None:
    frame = pairs(2)
    features = nli.features(frame, TOKENIZERS["bert"], task_of(12))
    with pytest.raises(ValueError, match="Length of values"):
        nli.predictions(frame, features, [np.array([1])], nli.LABELS)


@pytest.mark.shared
def test_authors_truncation_on_real_pairs(shared: Path) -> None:
    lines = (shared / "data/xnli/test-en.tsv").read_text("utf-8").splitlines()[:1500]
    cells = [line.split("\t") for line in lines]
    frame = pd.DataFrame(cells, columns=["premise", "hypothesis", "label"])
    frame["id"] = np.arange(len(frame))
    tokenizer = build_tokenizer(train_vocabulary(frame["premise"], 1000), "bert", 512)
    longest = max(len(ids) for ids in tokenizer(frame["hypothesis"].tolist())["input_ids"][:1000])
    # the longest hypothesis of the first block, with its two special sub-words, just fits not
    length = longest + 1
    expected, refused = authors_features(frame, tokenizer, length, 1000)
    found = nli.features(frame, tokenizer, task_of(length, "authors"))
    assert ids_of(found) == expected
    assert refused >= 1
