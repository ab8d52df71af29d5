"""Accuracy of labels, and scores of many languages at once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from isogloss.errors import TableError
from isogloss.metrics.answers import answer_scores
from isogloss.metrics.labels import accuracy
from isogloss.metrics.names import MAIN_METRIC
from isogloss.metrics.spans import span_scores
from isogloss.metrics.standard import Score, score_frame, score_of
from isogloss.metrics.tags import tag_scores
from isogloss.metrics.trees import tree_scores

LABELS = ("entailment", "neutral", "contradiction")
ROWS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1)


def frame_of(rows: list[tuple[str, str]], language: str = "en") -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["label", "prediction"])
    return frame.assign(language=language, id=np.arange(len(rows)))


@given(ROWS)
def test_accuracy_is_that_of_scikit_learn(rows: list[tuple[str, str]]) -> None:
    found = accuracy(frame_of(rows))
    expected = 100 * accuracy_score(*zip(*rows, strict=True))
    assert found == {"accuracy": pytest.approx(expected, abs=1e-12)}


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(TableError, match="found no row; allowed: at least one"):
        accuracy(frame_of([]))


def test_scores_per_language_are_sorted() -> None:
    frame = pd.concat(
        [
            frame_of([("neutral", "neutral")] * 3 + [("neutral", "entailment")], "sw"),
            frame_of([("neutral", "entailment"), ("neutral", "neutral")], "de"),
        ]
    )
    found = score_frame(accuracy, frame.sample(frac=1, random_state=1), "dev")
    assert found.columns.tolist() == ["language", "split", "metric", "value", "n"]
    assert found.to_numpy().tolist() == [
        ["de", "dev", "accuracy", 50.0, 2],
        ["sw", "dev", "accuracy", 75.0, 4],
    ]
    assert found.dtypes[["value", "n"]].tolist() == [np.float64, np.int64]


def test_values_are_those_of_one_language_alone() -> None:
    generator = np.random.default_rng(4)
    rows = [list(row) for row in generator.choice(["O", "B-A", "I-A"], (60, 7))]
    frame = pd.DataFrame({"label": rows[:30], "prediction": rows[30:], "id": range(30)})
    frame["language"] = ["en", "de", "de"] * 10
    found = score_frame(span_scores, frame, "test").set_index(["language", "metric"])["value"]
    for language, group in frame.groupby("language"):
        assert found[language].to_dict() == span_scores(group)


def test_the_language_is_handed_on_to_whom_it_concerns() -> None:
    row = {"id": 1, "answers": ["das Haus"], "prediction": "Haus"}
    frame = pd.DataFrame([{"language": "de", **row}, {"language": "sw", **row}])
    found = score_frame(answer_scores, frame, "test").set_index(["language", "metric"])["value"]
    assert found["de", "exact_match_language"] == 100
    assert found["sw", "exact_match_language"] == 0


TAGS = pd.DataFrame([{"id": 1, "label": ["O"], "prediction": ["O"]}])
TREES = TAGS.assign(
    upos=[["X"]], head=[[0]], deprel=[["root"]], predicted_head=[[0]], predicted_deprel=[["root"]]
)
ANSWERS = pd.DataFrame([{"id": 1, "answers": ["a"], "prediction": "a"}])


def test_rows_are_sorted_as_the_table_is() -> None:
    found = score_frame(tree_scores, TREES.assign(language="en"), "test")
    names = ["las", "las_subtypes", "las_without_punctuation", "uas", "uas_without_punctuation"]
    assert found["metric"].tolist() == names


@pytest.mark.parametrize(
    ("kind", "score", "frame"),
    [
        ("nli", accuracy, frame_of([("neutral", "neutral")])),
        ("paraphrase", accuracy, frame_of([("neutral", "neutral")])),
        ("pos", tag_scores, TAGS),
        ("ner", span_scores, TAGS),
        ("parsing", tree_scores, TREES),
        ("qa", answer_scores, ANSWERS.assign(language="en")),
    ],
)
def test_the_main_metric_comes_first(kind: str, score: Score, frame: pd.DataFrame) -> None:
    assert score_of(kind) is score
    assert next(iter(score(frame))) == MAIN_METRIC[kind]
