"""Accuracy of tags, against loops and against the authors' way through scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from isogloss.errors import TableError
from isogloss.metrics.tags import tag_scores
from isogloss.tables import read_table, write_table

TAG = st.sampled_from(["NOUN", "VERB", "O", "B-PER"])
SENTENCES = st.lists(st.lists(st.tuples(TAG, TAG), min_size=1, max_size=6), min_size=1, max_size=8)


def frame_of(sentences: list[list[tuple[str, str]]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "language": "en",
            "id": np.arange(len(sentences)),
            "label": [[gold for gold, _ in words] for words in sentences],
            "prediction": [[found for _, found in words] for words in sentences],
        }
    )


@given(SENTENCES)
def test_equal_to_counting(sentences: list[list[tuple[str, str]]]) -> None:
    tokens = [pair for words in sentences for pair in words]
    right = sum(gold == found for gold, found in tokens)
    shares = [sum(gold == found for gold, found in words) / len(words) for words in sentences]
    assert tag_scores(frame_of(sentences)) == {
        "accuracy": pytest.approx(100 * right / len(tokens), abs=1e-11),
        "sentence_accuracy": pytest.approx(100 * sum(shares) / len(shares), abs=1e-11),
    }


@given(SENTENCES)
def test_sentence_accuracy_is_what_the_authors_call_micro_f1(
    sentences: list[list[tuple[str, str]]],
) -> None:
    values = [
        precision_recall_fscore_support(*zip(*words, strict=True), average="micro")[2]
        for words in sentences
    ]
    found = tag_scores(frame_of(sentences))["sentence_accuracy"]
    assert found == pytest.approx(100 * np.mean(values), abs=1e-11)


def test_short_sentences_weigh_as_much_as_long_ones() -> None:
    frame = frame_of([[("NOUN", "NOUN")], [("NOUN", "VERB")] * 3])
    assert tag_scores(frame) == {"accuracy": 25, "sentence_accuracy": 50}


def test_a_sentence_without_words_counts_nowhere() -> None:
    frame = frame_of([[], [("NOUN", "NOUN"), ("NOUN", "VERB")], []])
    assert tag_scores(frame) == {"accuracy": 50, "sentence_accuracy": 50}


def test_a_table_read_scores_as_the_frame_written(tmp_path) -> None:
    generator = np.random.default_rng(2)
    words = generator.choice(["NOUN", "VERB", "X"], (40, 9, 2))
    frame = frame_of([[tuple(pair) for pair in row[: 1 + n % 9]] for n, row in enumerate(words)])
    write_table(tmp_path / "t.parquet", "tag_predictions", frame)
    read = read_table(tmp_path / "t.parquet", "tag_predictions")
    assert isinstance(read["label"].iloc[0], np.ndarray)
    assert tag_scores(read) == tag_scores(frame)


def test_unequal_lengths_are_refused() -> None:
    frame = frame_of([[("NOUN", "NOUN")], [("NOUN", "VERB")] * 3]).assign(id=[7, 9])
    frame.at[1, "prediction"] = ["VERB"]
    with pytest.raises(TableError, match="id 9: 1 in 'prediction' and 3 in 'label'; allowed"):
        tag_scores(frame)


@pytest.mark.parametrize("sentences", [[], [[]]])
def test_nothing_to_score_is_refused(sentences: list) -> None:
    with pytest.raises(TableError, match="found no token; allowed: at least one"):
        tag_scores(frame_of(sentences))
