"""Numerators and denominators per sentence, against the scores of all sentences."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from isogloss.errors import ConfigError, TableError
from isogloss.metrics.counts import COUNTABLE, gold_digest, prediction_table, sentence_counts
from isogloss.metrics.names import METRICS
from isogloss.metrics.standard import score_of
from isogloss.tasks.task import task_module

TAG = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
WORD = st.tuples(
    st.sampled_from(["NOUN", "PUNCT", "SYM", "VERB"]),
    st.integers(0, 2),
    st.sampled_from(["nmod", "nmod:poss", "punct"]),
    st.integers(0, 2),
    st.sampled_from(["nmod", "nmod:poss", "punct"]),
)
LABELS = st.sampled_from(["entailment", "neutral", "contradiction"])
TREE = ["upos", "head", "deprel", "predicted_head", "predicted_deprel"]
CASES = [(kind, metric) for kind, known in COUNTABLE.items() for metric in known.metrics]


def of_labels(rows: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["label", "prediction"])


def of_lists(rows: list[list[tuple]], columns: list[str]) -> pd.DataFrame:
    cells = [[[word[n] for word in words] for n in range(len(columns))] for words in rows]
    return pd.DataFrame(cells, columns=columns)


def sentences(word: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(st.lists(word, max_size=6), min_size=1, max_size=7).filter(any)


FRAMES = {
    "nli": st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=9).map(of_labels),
    "pos": sentences(st.tuples(TAG, TAG)).map(lambda rows: of_lists(rows, ["label", "prediction"])),
    "ner": sentences(st.tuples(TAG, TAG)).map(lambda rows: of_lists(rows, ["label", "prediction"])),
    "parsing": sentences(WORD).map(lambda rows: of_lists(rows, TREE)),
}


@st.composite
def frames(draw: st.DrawFn, kind: str) -> pd.DataFrame:
    """Predictions with ids in any order."""
    frame = draw(FRAMES[kind])
    ids = draw(st.permutations(range(3, 3 + len(frame))))
    return frame.assign(language="ug", id=list(ids))


@pytest.mark.parametrize(("kind", "metric"), CASES)
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_sums_are_the_score(kind: str, metric: str, data: st.DataObject) -> None:
    frame = data.draw(frames(kind))
    counts = sentence_counts(kind, metric, frame)
    assert counts.shape == (len(frame), 2) and counts.dtype == np.int64
    right, all_of_them = counts.sum(axis=0)
    expected = score_of(kind)(frame)[metric]
    found = 100 * int(right) / int(all_of_them) if all_of_them else 0.0
    if kind == "ner":
        # there the score is a ratio of ratios
        assert found == pytest.approx(expected, abs=1e-12)
    else:
        assert found == expected


@pytest.mark.parametrize(("kind", "metric"), CASES)
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_each_sentence_has_the_counts_it_has_alone(
    kind: str, metric: str, data: st.DataObject
) -> None:
    frame = data.draw(frames(kind))
    counts = sentence_counts(kind, metric, frame)
    ordered = frame.sort_values("id")
    for place in range(len(ordered)):
        row = ordered.iloc[[place]]
        if kind != "nli" and not any(map(len, row.iloc[:, 0])):
            assert counts[place].tolist() == [0, 0]
        else:
            assert counts[place].tolist() == sentence_counts(kind, metric, row)[0].tolist()


def test_counts_by_hand() -> None:
    tags = of_lists(
        [[("B-PER", "B-PER"), ("I-PER", "O")], [("B-LOC", "B-LOC"), ("O", "B-LOC")], []],
        ["label", "prediction"],
    ).assign(id=[2, 0, 1], language="ug")
    assert sentence_counts("ner", "f1", tags).tolist() == [[2, 3], [0, 0], [0, 2]]
    assert sentence_counts("pos", "accuracy", tags).tolist() == [[1, 2], [0, 0], [1, 2]]
    words = [("NOUN", 2, "nmod:poss", 2, "nmod"), ("PUNCT", 1, "punct", 1, "punct")]
    trees = of_lists([words], TREE).assign(id=0, language="ug")
    found = {name: sentence_counts("parsing", name, trees).tolist() for name in METRICS["parsing"]}
    assert found == {
        "las": [[2, 2]],
        "uas": [[2, 2]],
        "las_without_punctuation": [[1, 1]],
        "uas_without_punctuation": [[1, 1]],
        "las_subtypes": [[1, 2]],
    }


@pytest.mark.parametrize(
    ("kind", "metric", "message"),
    [
        ("qa", "f1", "found task kind 'qa'; allowed: nli, pos, ner, parsing"),
        ("ner", "precision", "found metric 'precision' of ner; allowed: f1"),
        ("pos", "sentence_accuracy", "found metric 'sentence_accuracy' of pos; allowed: accuracy"),
        ("parsing", "accuracy", "found metric 'accuracy' of parsing; allowed: las, uas"),
    ],
)
def test_other_metrics_are_refused(kind: str, metric: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sentence_counts(kind, metric, pd.DataFrame())


def test_rows_that_cannot_be_counted_are_refused() -> None:
    frame = of_labels([("neutral", "neutral")] * 2).assign(language=["ug", "wo"], id=[7, 7])
    with pytest.raises(TableError, match="id 7: found two rows; allowed: one for each id"):
        sentence_counts("nli", "accuracy", frame)
    with pytest.raises(TableError, match="found no row; allowed: at least one"):
        sentence_counts("nli", "accuracy", frame[:0])
    empty = pd.DataFrame({"id": [0], "label": [[]], "prediction": [[]]})
    with pytest.raises(TableError, match="found no token"):
        sentence_counts("pos", "accuracy", empty)


@pytest.mark.parametrize("kind", COUNTABLE)
def test_what_is_counted_are_metrics_of_the_kinds_predictions(kind: str) -> None:
    assert prediction_table(kind) == task_module(kind).PREDICTIONS
    assert set(COUNTABLE[kind].metrics) <= set(METRICS[kind])


def test_kinds_without_counts_have_no_table() -> None:
    with pytest.raises(ConfigError, match="found task kind 'qa'"):
        prediction_table("qa")


@pytest.mark.parametrize("kind", COUNTABLE)
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_digest_knows_gold_and_ids_alone(kind: str, data: st.DataObject) -> None:
    frame = data.draw(frames(kind))
    digest = gold_digest(kind, frame)
    assert digest == gold_digest(kind, frame.sample(frac=1, random_state=1))
    guessed = [name for name in frame if name.startswith("predict")]
    other: dict[str, Any] = {name: frame[name].to_numpy()[::-1] for name in guessed}
    assert digest == gold_digest(kind, frame.assign(**other))
    assert digest != gold_digest(kind, frame.assign(id=frame["id"] + 1))
    gold = COUNTABLE[kind].gold[-1]
    backwards = list(frame[gold])[::-1]
    assume(backwards != list(frame[gold]))
    assert digest != gold_digest(kind, frame.assign(**{gold: backwards}))


def test_digest_does_not_ask_how_lists_are_held() -> None:
    rows = [[(1, 2), (3, 4)], [(5, 6)]]
    lists = of_lists(rows, ["head", "predicted_head"]).assign(
        id=[0, 1], upos=[["X", "Y"], ["Z"]], deprel=[["a", "b"], ["c"]]
    )
    arrays = lists.assign(
        head=[np.array(cell, dtype=np.int64) for cell in lists["head"]],
        upos=[np.array(cell, dtype=object) for cell in lists["upos"]],
    )
    assert gold_digest("parsing", lists) == gold_digest("parsing", arrays)
    moved = lists.assign(upos=[["X"], ["Y", "Z"]])
    digests = {gold_digest("parsing", frame) for frame in (lists, moved)}
    assert len(digests) == 2


def test_all_kinds_and_metrics_are_tried() -> None:
    assert len(CASES) == 8
    assert set(itertools.chain(FRAMES)) == set(COUNTABLE)
