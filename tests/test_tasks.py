"""Inference: features, head, answers, score, and what a trivial baseline gets."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from models import ARCHITECTURES, TEXTS, WORDS, build_encoder, config_of, pairs, sequences
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from transformers import BertForSequenceClassification

from isogloss.encoders.batches import Batch, forward, pack
from isogloss.encoders.load import position_offset
from isogloss.encoders.tokenizer import Architecture, build_tokenizer, train_vocabulary
from isogloss.tables import arrange
from isogloss.tasks import baselines, nli


def tokenizer_of(architecture: Architecture) -> Any:
    vocabulary = train_vocabulary(TEXTS, 120, architecture, min_count=1)
    return build_tokenizer(vocabulary, architecture, 64)


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
    found = nli.features(frame, tokenizer, 12)
    expected = tokenizer(
        frame["premise"].tolist(),
        frame["hypothesis"].tolist(),
        truncation="longest_first",
        max_length=12,
        return_token_type_ids=True,
    )
    assert [item.ids.tolist() for item in found.inputs] == expected["input_ids"]
    assert [item.types.tolist() for item in found.inputs] == expected["token_type_ids"]
    assert max(len(item.ids) for item in found.inputs) == 12
    assert found.ids.tolist() == frame["id"].tolist()
    assert [nli.LABELS[place] for place in found.labels.tolist()] == frame["label"].tolist()
    types = {int(kind) for item in found.inputs for kind in item.types}
    assert types == ({0, 1} if architecture == "bert" else {0})


def test_a_long_hypothesis_changes_its_whole_block_and_no_other() -> None:
    tokenizer = TOKENIZERS["bert"]
    rows = [(20, 6)] * 2300
    rows[1500] = (20, 40)
    frame = frame_of(rows)
    found = nli.features(frame, tokenizer, 16, "authors")
    expected, refused = authors_features(frame, tokenizer, 16, 1000)
    assert refused == 1
    assert [item.ids.tolist() for item in found.inputs] == expected
    premises = [Counter(item.types.tolist())[0] - 2 for item in found.inputs]
    assert set(premises[:1000]) == set(premises[2000:]) == {7}
    # longest first takes from both once they are equally long
    plain = nli.features(frame, tokenizer, 16).inputs
    assert [i.ids.tolist() for i in found.inputs[1000:2000]] == [
        i.ids.tolist() for i in plain[1000:2000]
    ]
    assert found.inputs[0].ids.tolist() == plain[0].ids.tolist()


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 14)), min_size=1, max_size=12),
    st.sampled_from(ARCHITECTURES),
)
@example([(0, 9), (9, 7)], "bert")  # fits as it is, however long the hypothesis
def test_truncation_of_the_authors(rows: list[tuple[int, int]], architecture: Architecture) -> None:
    tokenizer, frame = TOKENIZERS[architecture], frame_of(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nli, "BLOCK", 3)
        found = nli.features(frame, tokenizer, 12, "authors")
    expected, _ = authors_features(frame, tokenizer, 12, 3)
    assert [item.ids.tolist() for item in found.inputs] == expected


def test_both_truncations_differ_where_the_hypothesis_is_longer() -> None:
    frame = frame_of([(9, 7)])
    for truncation, kept in (("authors", (3, 7)), ("longest_first", (5, 5))):
        item = nli.features(frame, TOKENIZERS["bert"], 13, truncation).inputs[0]  # type: ignore[arg-type]
        counts = Counter(item.types.tolist())
        assert (counts[0] - 2, counts[1] - 1) == kept


def batch_for(encoder: Any) -> Batch:
    items = sequences([4, 11, 7, 2], types=encoder.config.type_vocab_size)
    return pack(items, encoder.config.pad_token_id, position_offset(encoder))


def test_head_is_that_of_the_library() -> None:
    encoder = build_encoder("bert").double()
    ours = nli.Classifier(encoder, seed=3).double().eval()
    theirs = BertForSequenceClassification(config_of("bert", num_labels=3)).double()
    theirs.bert.load_state_dict(encoder.state_dict())
    theirs.classifier.load_state_dict(ours.output.state_dict())
    batch = batch_for(encoder)
    logits = ours.logits(forward(encoder, batch)[0], batch)
    for index in range(4):
        mine = batch.sequence == index + 1
        output = theirs.eval()(
            input_ids=batch.ids[mine][None], token_type_ids=batch.types[mine][None]
        )
        torch.testing.assert_close(logits[index], output.logits[0], rtol=0, atol=1e-10)


def test_head_comes_from_its_seed() -> None:
    before = torch.get_rng_state()
    settings: dict[str, Any] = {
        "hidden_size": 64,
        "initializer_range": 0.02,
        "num_attention_heads": 4,
    }
    first, again, other = (
        nli.Classifier(build_encoder("roberta", **settings), seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first.output.weight, again.output.weight)
    assert not torch.equal(first.output.weight, other.output.weight)
    assert first.output.weight.std().item() == pytest.approx(0.02, rel=0.2)
    assert not first.output.bias.any()
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_is_between_pooler_and_linear_layer() -> None:
    encoder = build_encoder("bert", hidden_dropout_prob=0.5)
    model = nli.Classifier(encoder, seed=1)
    assert model.dropout.p == 0.5
    batch = batch_for(encoder)
    with torch.no_grad():
        states = forward(encoder, batch)[0]
        model.dropout.p = 1.0
        assert not model.train().logits(states, batch).any()


def test_loss_is_the_mean_cross_entropy() -> None:
    logits = torch.tensor([[2.0, 0, 0], [0, 1, 0]], dtype=torch.float64)
    labels = torch.tensor([0, 2])
    by_hand = -(2 - np.log(np.exp(2) + 2) + 0 - np.log(np.exp(1) + 2)) / 2
    assert nli.loss(logits, labels).item() == pytest.approx(by_hand, abs=1e-12)
    assert nli.loss(logits.bfloat16(), labels).dtype == torch.float32


def test_labels_have_the_order_of_the_published_data() -> None:
    assert nli.LABELS == ("entailment", "neutral", "contradiction")
    assert nli.decode(torch.eye(3)[[2, 0, 1]]) == ["contradiction", "entailment", "neutral"]


@given(st.lists(st.tuples(st.sampled_from(nli.LABELS), st.sampled_from(nli.LABELS)), min_size=1))
def test_score_is_accuracy(rows: list[tuple[str, str]]) -> None:
    labels, predictions = zip(*rows, strict=True)
    expected = 100 * accuracy_score(labels, predictions)
    assert nli.score(labels, predictions) == pytest.approx(expected)


def test_score_wants_as_many_predictions_as_labels() -> None:
    with pytest.raises(ValueError, match="shorter"):
        nli.score(["neutral", "neutral"], ["neutral"])


def test_majority_breaks_ties_by_the_alphabet() -> None:
    train = pd.DataFrame({"label": ["neutral", "contradiction", "neutral", "contradiction"]})
    test = pd.DataFrame({"label": ["entailment"] * 3})
    assert baselines.majority(train, test).tolist() == ["contradiction"] * 3
    more = pd.concat([train, train.head(1)])
    assert baselines.majority(more, test).tolist() == ["neutral"] * 3


def test_bag_of_words_is_a_logistic_regression_on_marked_words() -> None:
    train, test = pairs(60, seed=1), pairs(40, seed=2)

    def marked(frame: pd.DataFrame) -> list[str]:
        return [
            " ".join([f"0{word}" for word in p.split()] + [f"1{word}" for word in h.split()])
            for p, h in zip(frame["premise"], frame["hypothesis"], strict=True)
        ]

    counts = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), binary=True)
    model = LogisticRegression(C=0.1, max_iter=300)
    model.fit(counts.fit_transform(marked(train)), train["label"])
    expected = model.predict(counts.transform(marked(test)))
    found = baselines.bag_of_words(train, {"en": test}, ["premise", "hypothesis"])
    assert found["en"].tolist() == expected.tolist()


def test_scores_of_the_baselines() -> None:
    train = pairs(90, seed=1)
    tests = {"en": pairs(40, seed=2), "de": pairs(30, seed=3).assign(hypothesis="Vögel")}
    frame = baselines.score_baselines(train, tests, "nli", "en", "test")
    arrange("baselines", frame)
    values = frame.set_index(["language", "method"])["value"]
    assert len(values) == 8
    most = train["label"].value_counts().sort_index().idxmax()
    for language, test in tests.items():
        assert values[language, "majority"] == pytest.approx(100 * (test["label"] == most).mean())
        assert values[language, "chance"] == pytest.approx(33.3333, abs=1e-3)
    # the hypothesis gives the label away in one language, and nothing in the other
    assert values["en", "hypothesis_only"] == 100
    assert values["de", "hypothesis_only"] < 60
    assert frame.groupby("language")["n"].first().to_dict() == {"en": 40, "de": 30}
    facts = frame[["task", "trained_on", "split", "metric"]].drop_duplicates()
    assert facts.to_numpy().tolist() == [["nli", "en", "test", "accuracy"]]


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
    found = nli.features(frame, tokenizer, length, "authors")
    assert [item.ids.tolist() for item in found.inputs] == expected
    assert refused >= 1
