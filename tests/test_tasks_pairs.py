"""Pairs of sentences where the encoder has no pooler or no sub-word in front."""

import numpy as np
import pandas as pd
import pytest
import torch
from models import (
    TEXTS,
    WORDS,
    build_encoder,
    build_mt5,
    build_unigram,
    first_points,
    sequences,
    word_pieces_of,
)
from torch.nn import functional

from isogloss.config.tasks import Nli, Paraphrase
from isogloss.encoders.batches import forward, pack
from isogloss.encoders.tokenizer import build_tokenizer, train_vocabulary
from isogloss.metrics.standard import score_of
from isogloss.tables import arrange
from isogloss.tasks import nli, paraphrase
from isogloss.tasks.pairs import Classifier
from isogloss.training.score import batch_of, points_of

TASK = Paraphrase(kind="paraphrase", corpus="x", max_length=12)
T5 = build_unigram(word_pieces_of(WORDS), t5=True)
BERT = build_tokenizer(train_vocabulary(TEXTS, 120, "bert", min_count=1), "bert", 64)


def frame_of(lengths: list[tuple[int, int]]) -> pd.DataFrame:
    """Pairs of so many words, labelled in turn."""
    generator = np.random.default_rng(0)
    rows = []
    for number, pair in enumerate(lengths):
        texts = [" ".join(generator.choice(WORDS, size)) for size in pair]
        rows.append((number + 5, *texts, paraphrase.LABELS[number % 2]))
    return pd.DataFrame(rows, columns=["id", "premise", "hypothesis", "label"])


def test_paraphrases_are_cut_from_the_longer_sentence() -> None:
    frame = frame_of([(2, 3), (9, 2), (7, 7)])
    assert paraphrase.labels(TASK, frame) == ("different", "paraphrase")
    found = paraphrase.features(frame, BERT, TASK, paraphrase.LABELS)
    expected = BERT(
        frame["premise"].tolist(),
        frame["hypothesis"].tolist(),
        truncation="longest_first",
        max_length=12,
    )
    assert [item.ids.tolist() for (item,) in found.windows] == expected["input_ids"]
    assert [item.types.tolist() for (item,) in found.windows] == expected["token_type_ids"]
    assert found.lengths == [8, 12, 12]
    assert [answer.item() for answer in found.answers] == [0, 1, 0]
    assert found.ids.tolist() == [5, 6, 7]
    predictions = paraphrase.predictions(
        frame, found, [np.array([1]), np.array([1]), np.array([0])], paraphrase.LABELS
    )
    arrange("predictions", predictions.assign(language="en"))
    assert predictions["prediction"].tolist() == ["paraphrase", "paraphrase", "different"]
    assert score_of("paraphrase")(predictions) == {"accuracy": pytest.approx(200 / 3)}


def test_t5_is_read_at_its_last_sub_word() -> None:
    frame = frame_of([(2, 3), (9, 2), (7, 7)])
    features = paraphrase.features(frame, T5, TASK, paraphrase.LABELS)
    assert features.lengths == [7, 12, 12]
    assert [int(item.ids[-1]) for (item,) in features.windows] == [T5.eos_token_id] * 3
    assert features.first.tolist() == [[0, 6], [0, 11], [0, 11]]
    assert [point.tolist() for point in features.points] == [[[0, 6]], [[0, 11]], [[0, 11]]]
    assert not any(item.types.any() for (item,) in features.windows)

    encoder = build_mt5(False, vocab_size=len(T5)).double()
    head = paraphrase.build_head(encoder, TASK, paraphrase.LABELS, 1).double().eval()
    assert not head.pooler
    batch = batch_of(features, [2, 0, 1], 0, 0)
    points = points_of(features, [2, 0, 1], batch)
    found = head.loss(forward(encoder, batch)[0], points, encoder)
    logits = []
    for place in (2, 0, 1):
        ids = torch.from_numpy(features.windows[place][0].ids)[None]
        logits.append(head.output(encoder(input_ids=ids).last_hidden_state[0, -1]))
    expected = functional.cross_entropy(torch.stack(logits), torch.tensor([0, 0, 1]))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


def test_without_a_pooler_the_state_itself_is_read() -> None:
    encoder = build_encoder("bert").double()
    batch = pack(sequences([4, 11, 7, 2]), 0)
    states, points = forward(encoder, batch)[0], first_points(batch)
    plain = Classifier(encoder, 3, False, seed=1).double().eval()
    pooled = Classifier(encoder, 3, True, seed=1).double().eval()
    found, other = (head.logits(states, points, encoder) for head in (plain, pooled))
    for index in range(4):
        mine = batch.sequence == index + 1
        output = encoder(input_ids=batch.ids[mine][None], token_type_ids=batch.types[mine][None])
        expected = plain.output(output.last_hidden_state[0, 0])
        torch.testing.assert_close(found[index], expected, rtol=0, atol=1e-10)
        expected = plain.output(output.pooler_output[0])
        torch.testing.assert_close(other[index], expected, rtol=0, atol=1e-10)
    assert (found - other).abs().max() > 0.01


def test_the_setting_reaches_the_head() -> None:
    encoder = build_encoder("bert")
    for pooler in (True, False):
        task = TASK.model_copy(update={"pooler": pooler})
        assert paraphrase.build_head(encoder, task, paraphrase.LABELS, 0).pooler == pooler
        other = Nli(kind="nli", corpus="x", pooler=pooler)
        assert nli.build_head(encoder, other, nli.LABELS, 0).pooler == pooler
