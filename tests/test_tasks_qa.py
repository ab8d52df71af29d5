"""Questions: windows over passages, and the best span that the rules allow."""

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import ARCHITECTURES, TEXTS, WORDS, build_encoder, build_unigram, word_pieces_of
from torch import Tensor, nn

from isogloss.config.tasks import Qa
from isogloss.corpora.questions import read_goldp
from isogloss.encoders.batches import Points, forward
from isogloss.encoders.load import position_offset
from isogloss.encoders.tokenizer import build_tokenizer, train_vocabulary
from isogloss.errors import TaskError
from isogloss.metrics.standard import score_of
from isogloss.tables import arrange
from isogloss.tasks import qa
from isogloss.tasks.qa import Reader
from isogloss.tasks.task import Features
from isogloss.training.score import batch_of, points_of

# Without a sub-word of its own, and at the end of some Telugu answers.
JOINER = "\N{ZERO WIDTH NON-JOINER}"
LABELS = ("start", "end")
TOKENIZERS: dict[str, Any] = {
    **{
        kind: build_tokenizer(train_vocabulary(TEXTS, 120, kind, min_count=1), kind, 64)
        for kind in ARCHITECTURES
    },
    "t5": build_unigram(word_pieces_of(WORDS), t5=True),
}


def task_of(**changes: Any) -> Qa:
    small = {"max_length": 20, "stride": 4, "question_length": 4, "answer_length": 3}
    return Qa.model_validate({"kind": "qa", "corpus": "x", **small, **changes})


def frame_of(passages: list[int], questions: list[int], seed: int = 0) -> pd.DataFrame:
    """Passages and questions of so many words; an answer is one to three words of its passage."""
    generator = np.random.default_rng(seed)
    rows = []
    for number, (words, asked) in enumerate(zip(passages, questions, strict=True)):
        passage = generator.choice(WORDS, words).tolist()
        first = int(generator.integers(words))
        answer = " ".join(passage[first : first + int(generator.integers(1, 4))])
        start = len(" ".join(passage[:first])) + (first > 0)
        question = " ".join(generator.choice(WORDS, asked))
        rows.append((number + 5, f"q{number}", " ".join(passage), question, [answer], [start]))
    names = ["id", "question_id", "context", "question", "answers", "starts"]
    return pd.DataFrame(rows, columns=names)


def texts_of(features: Features, frame: pd.DataFrame) -> list[list[str]]:
    """Text of each point of each window but the first."""
    contexts = dict(zip(frame["id"], frame["context"], strict=True))
    assert features.spans is not None
    return [
        [contexts[row][start:end].strip() for start, end in spans]
        for row, spans in zip(features.ids, features.spans, strict=True)
    ]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_windows_cover_the_passage(name: str) -> None:
    tokenizer, task = TOKENIZERS[name], task_of()
    frame = frame_of([3, 40, 12, 25], [3, 4, 2, 9])
    found = qa.features(frame, tokenizer, task, LABELS)
    assert qa.labels(task, frame) == LABELS
    assert sorted(found.ids) == found.ids.tolist()
    counts = [found.ids.tolist().count(row) for row in frame["id"]]
    assert counts[0] == 1 and counts[1] > 2
    texts = texts_of(found, frame)
    for row, context, question in zip(
        frame["id"], frame["context"], frame["question"], strict=True
    ):
        mine = [place for place, owner in enumerate(found.ids) if owner == row]
        words: list[str] = []
        for number, place in enumerate(mine):
            (window,) = found.windows[place]
            points = found.points[place]
            assert len(window.ids) <= 20
            assert not points[:, 0].any()
            shared = 4 if number else 0
            assert words[len(words) - shared :] == texts[place][:shared]
            words += texts[place][shared:]
            # one word is one sub-word here, and a question keeps four
            asked = tokenizer(" ".join(question.split()[:4]), add_special_tokens=False)
            assert (
                window.ids[name != "t5" :].tolist()[: len(asked["input_ids"])] == asked["input_ids"]
            )
            inside = window.ids[points[1:, 1]]
            special = tokenizer.num_special_tokens_to_add(pair=True)
            assert len(window.ids) == len(asked["input_ids"]) + len(inside) + special
            plain = tokenizer(" ".join(texts[place]), add_special_tokens=False)["input_ids"]
            assert inside.tolist() == plain
            summary = len(window.ids) - 1 if name == "t5" else 0
            assert points[0, 1] == summary
            assert found.first[place].tolist() == [0, summary]
            kinds = set(window.types[points[1:, 1]].tolist())
            assert kinds == ({1} if name == "bert" else {0})
        assert words == context.split()


@pytest.mark.parametrize("name", TOKENIZERS)
def test_marks_are_at_the_answer_where_a_window_holds_it(name: str) -> None:
    frame = frame_of([30, 25, 3, 40], [2, 3, 4, 1], seed=3)
    found = qa.features(frame, TOKENIZERS[name], task_of(), LABELS)
    texts = texts_of(found, frame)
    assert found.spans is not None
    held = dict.fromkeys(frame["id"], 0)
    for row, spans, answers, words in zip(
        found.ids, found.spans, found.answers, texts, strict=True
    ):
        given_row = frame[frame["id"] == row].iloc[0]
        start = given_row["starts"][0]
        end = start + len(given_row["answers"][0])
        assert answers.sum(0).tolist() == [1, 1]
        first, last = answers.argmax(0)
        if spans[0, 0] <= start and end <= spans[-1, 1]:
            held[row] += 1
            assert " ".join(words[first - 1 : last]) == given_row["answers"][0]
        else:
            assert (first, last) == (0, 0)
    assert all(held.values())
    assert any(answers[0, 0] for answers in found.answers)


def test_only_the_first_answer_is_learnt() -> None:
    frame = frame_of([10], [2])
    context = frame["context"][0]
    words = context.split()
    frame.at[0, "answers"] = [words[4], words[0]]
    frame.at[0, "starts"] = [len(" ".join(words[:4])) + 1, 0]
    found = qa.features(frame, TOKENIZERS["bert"], task_of(), LABELS)
    assert found.answers[0].argmax(0).tolist() == [5, 5]


def test_a_passage_without_text_is_refused() -> None:
    frame = frame_of([4, 4], [2, 2])
    frame.at[1, "context"] = " \n"
    with pytest.raises(TaskError, match="row 6 has a passage without text"):
        qa.features(frame, TOKENIZERS["bert"], task_of(), LABELS)


def test_a_passage_without_sub_words_has_an_empty_answer() -> None:
    frame = frame_of([4, 4], [2, 2])
    frame.at[1, "context"] = "\N{ZERO WIDTH SPACE}"
    found = qa.features(frame, TOKENIZERS["bert"], task_of(), LABELS)
    assert [len(points) for points in found.points] == [5, 1]
    assert found.answers[1].tolist() == [[1, 1]]
    reader, (states, points) = plain_reader(), logits_as_states([np.ones((5, 2)), np.ones((1, 2))])
    decoded = reader.decode(states, points, None)
    texts = qa.predictions(frame, found, decoded, LABELS)["prediction"].tolist()
    assert texts[1] == "" and texts[0] in frame["context"][0]


def plain_reader(**changes: Any) -> Reader:
    """A reader whose logits are the states."""
    settings = SimpleNamespace(hidden_size=2, hidden_dropout_prob=0.0, initializer_range=0.1)
    reader = Reader(SimpleNamespace(config=settings), task_of(**changes), 0)
    reader.output = nn.Identity()  # type: ignore[assignment]
    return reader.eval()


def logits_as_states(parts: list[np.ndarray], answers: list[np.ndarray] | None = None) -> Any:
    """One row per example whose states are the logits (K, 2) of its points."""
    width = max(map(len, parts))
    states = torch.full((len(parts), width, 2), torch.nan, dtype=torch.float64)
    for row, part in enumerate(parts):
        states[row, : len(part)] = torch.from_numpy(part)
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    place = np.concatenate([np.arange(len(part)) for part in parts])
    wanted = [np.zeros((len(part), 2), dtype=int) for part in parts] if answers is None else answers
    columns = (owner, place, owner, place, np.concatenate(wanted))
    return states, Points(*(torch.from_numpy(column) for column in columns))


def best_span(logits: np.ndarray, n_best: int, longest: int) -> float:
    """Highest sum over spans of the best starts and ends, or that of one sub-word."""
    inside = range(1, len(logits))
    starts, ends = (
        sorted(range(len(logits)), key=lambda i: -logits[i, side] if i else np.inf)[:n_best]
        for side in (0, 1)
    )
    sums = [
        logits[start, 0] + logits[end, 1]
        for start, end in itertools.product(starts, ends)
        if start in inside and end in inside and 0 <= end - start < longest
    ]
    return max(sums) if sums else max(logits[1:].sum(1))


@given(
    st.lists(st.integers(2, 12), min_size=1, max_size=5),
    st.integers(1, 14),
    st.integers(1, 6),
    st.integers(0, 2**32),
)
@settings(max_examples=150, deadline=None)
def test_the_best_span_is_that_of_trying_all(
    sizes: list[int], n_best: int, longest: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    parts = [generator.normal(size=(size, 2)) for size in sizes]
    for part in parts:
        part[0] = 100  # the sub-word for the whole input is no span
    reader = plain_reader(n_best=n_best, answer_length=longest)
    found = reader.decode(*logits_as_states(parts), None)
    for part, (start, end, score) in zip(parts, found, strict=True):
        assert score == pytest.approx(best_span(part, n_best, longest))
        assert part[int(start), 0] + part[int(end), 1] == pytest.approx(score)
        assert 1 <= start <= end < len(part)
        assert end - start < longest
        if n_best >= len(part):
            every = [
                part[i, 0] + part[j, 1]
                for i in range(1, len(part))
                for j in range(i, min(len(part), i + longest))
            ]
            assert score == pytest.approx(max(every))


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_loss_and_spans_equal_those_of_windows_alone(name: Any) -> None:
    tokenizer, frame = TOKENIZERS[name], frame_of([30, 3, 12], [2, 3, 4])
    features = qa.features(frame, tokenizer, task_of(), LABELS)
    encoder = build_encoder(name, vocab_size=len(tokenizer)).double()
    head = Reader(encoder, task_of(), 1).double().eval()
    members = range(len(features.windows))
    batch = batch_of(features, members, encoder.config.pad_token_id, position_offset(encoder))
    points = points_of(features, members, batch)
    with torch.inference_mode():
        states = forward(encoder, batch)[0]
        loss, decoded = head.loss(states, points, encoder), head.decode(states, points, encoder)
        losses = []
        for place, ((window,), span) in enumerate(zip(features.windows, decoded, strict=True)):
            inputs = {"input_ids": torch.from_numpy(window.ids)[None]}
            inputs["token_type_ids"] = torch.from_numpy(window.types)[None]
            reached = encoder(**inputs).last_hidden_state[0, features.points[place][:, 1]]
            logits = head.output(reached)
            assert span[2] == pytest.approx(best_span(logits.numpy(), 20, 3))
            wanted = torch.from_numpy(features.answers[place].argmax(0))
            losses.append(nn.functional.cross_entropy(logits.T, wanted))
    torch.testing.assert_close(loss, torch.stack(losses).mean(), rtol=0, atol=1e-10)


def test_head_comes_from_its_seed() -> None:
    before = torch.get_rng_state()
    encoder = build_encoder("bert", hidden_dropout_prob=0.2)
    first, again, other = (qa.build_head(encoder, task_of(), LABELS, n) for n in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    weights: list[Tensor] = [head.output.weight for head in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert weights[0].shape == (2, 16) and not first.output.bias.any()
    assert first.dropout.p == 0.2


def test_a_prediction_is_that_of_the_best_window() -> None:
    frame = frame_of([30, 4], [2, 2])
    features = qa.features(frame, TOKENIZERS["bert"], task_of(), LABELS)
    counts = [features.ids.tolist().count(row) for row in (5, 6)]
    assert counts[0] > 2 and counts[1] == 1
    texts = texts_of(features, frame)
    decoded = [np.array([1.0, 1.0, float(-place)]) for place in range(len(texts))]
    decoded[1] = np.array([2.0, 3.0, 7.0])
    found = qa.predictions(frame, features, decoded, LABELS)
    arrange("answer_predictions", found.assign(language="en"))
    assert found["prediction"].tolist() == [" ".join(texts[1][1:3]), texts[-1][0]]
    assert found["answers"].tolist() == frame["answers"].tolist()
    # of equal windows the first one, whatever the order of the rows
    decoded = [np.array([1.0, 1.0, 0.0])] * len(texts)
    turned = qa.predictions(frame[::-1], features, decoded, LABELS)
    assert turned["prediction"].tolist() == [texts[-1][0], texts[0][0]]
    assert turned["id"].tolist() == [6, 5]


def test_score_wants_the_language() -> None:
    frame = pd.DataFrame({"id": [0], "answers": [["der Hund"]], "prediction": ["Hund"]})
    german, english = (score_of("qa")(frame.assign(language=language)) for language in ("de", "en"))
    assert next(iter(german)) == "f1"
    assert german["f1"] == english["f1"] < german["f1_language"] == 100


@pytest.mark.shared
@pytest.mark.parametrize(
    ("language", "share"), [("en", 0.98), ("fi", 0.98), ("ko", 0.85), ("ru", 0.98), ("te", 0.75)]
)
def test_answers_come_back_from_perfect_logits(
    shared: Path, multilingual: Any, language: str, share: float
) -> None:
    folder = shared / "data" / "tydiqa" / "tydiqa-goldp-v1.1-dev"
    frame = read_goldp(folder / f"tydiqa.goldp.{language}.dev.json")
    task = Qa(kind="qa", corpus="x", answer_length=300)
    features = qa.features(frame, multilingual, task, LABELS)
    assert len(features.windows) >= len(frame)
    reader = plain_reader(answer_length=300)
    states, points = logits_as_states([10.0 * marks for marks in features.answers])
    found = qa.predictions(frame, features, reader.decode(states, points, None), LABELS)
    exact = 0
    for prediction, answers, context in zip(
        found["prediction"], frame["answers"], frame["context"], strict=True
    ):
        assert prediction in context
        # sub-words may reach beyond the answer, by less than a word on either side
        answer = answers[0].strip(f"{JOINER} ")
        assert answer in prediction
        assert len(prediction.split()) == len(answer.split())
        exact += prediction == answer
    assert exact >= share * len(frame)
