"""Scores of answers, against torchmetrics and by hand."""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional.text.squad import squad

from isogloss.errors import TableError
from isogloss.metrics.answers import answer_scores, language_words, squad_words

LANGUAGES = ("ar", "bn", "en", "fi", "id", "ko", "ru", "sw", "te")
WORDS = st.sampled_from(["a", "The", "cat", "Cat.", "in", "1,000", "«ja»", "%", "\u00a0", "an-d"])
TEXT = st.lists(WORDS, max_size=6).map(" ".join)


def frame_of(rows: list[tuple[list[str], str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["answers", "prediction"])
    return frame.assign(language="en", id=np.arange(len(rows)))


def scores_of_torchmetrics(rows: list[tuple[list[str], str]]) -> dict[str, float]:
    given_, right = [], []
    for place, (answers, prediction) in enumerate(rows):
        given_.append({"id": str(place), "prediction_text": prediction})
        texts = {"text": answers, "answer_start": [0] * len(answers)}
        right.append({"id": str(place), "answers": texts})
    return {name: float(value) for name, value in squad(given_, right).items()}


@given(st.lists(TEXT, min_size=1, max_size=3), TEXT)
def test_equal_to_torchmetrics(answers: list[str], prediction: str) -> None:
    found = answer_scores(frame_of([(answers, prediction)]).assign(language="en"))
    expected = scores_of_torchmetrics([(answers, prediction)])
    assert found["exact_match"] == expected["exact_match"]
    assert found["f1"] == pytest.approx(expected["f1"], rel=1e-6)


@given(st.lists(TEXT, min_size=1, max_size=3), TEXT, st.sampled_from(["en", "de", "zh", "fi"]))
def test_exact_match_is_a_full_f1(answers: list[str], prediction: str, language: str) -> None:
    found = answer_scores(frame_of([(answers, prediction)]).assign(language=language))
    assert all(0 <= value <= 100 for value in found.values())
    assert found["exact_match"] <= found["f1"]
    assert found["exact_match_language"] <= found["f1_language"]
    best = answer_scores(frame_of([([*answers, prediction], prediction)]).assign(language=language))
    assert set(best.values()) == {100}


def test_mean_over_questions_of_the_best_answer() -> None:
    rows = [(["a red house", "green"], "the green house"), (["x"], "y"), (["x y"], "X, y!")]
    found = answer_scores(frame_of(rows).assign(language="en"))
    # shares one of two words with "green": precision 1/2, recall 1
    assert found["f1"] == pytest.approx(100 * (2 / 3 + 0 + 1) / 3)
    assert found["exact_match"] == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "The «Cat» and a hat", ["cat", "and", "hat"]),
        ("de", "Die Katze, ein Hut", ["katze", "hut"]),
        ("de", "Dieter", ["dieter"]),
        ("es", "¿Las casas de una tía?", ["casas", "de", "tía"]),
        ("vi", "những con mèo của tôi", ["con", "mèo", "tôi"]),
        ("hi", "बिल्ली।", ["बिल्ली"]),
        ("ar", "البيت، الكبير", ["بيت", "كبير"]),
        ("zh", "在1997年，Tom Lee 到", ["在", "1997", "年", "tom", "lee", "到"]),
        ("zh-hant", "一。隻貓", ["一", "隻", "貓"]),
        ("ja", "東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("th", "แมว 2", ["แ", "ม", "ว", "2"]),
        ("fi", "Die the «1997»", ["die", "the", "1997"]),
        ("ko", "고양이 집", ["고양이", "집"]),
    ],
)
def test_words_of_a_language(language: str, text: str, words: list[str]) -> None:
    assert language_words(text, language) == words


@pytest.mark.parametrize(
    ("language", "articles"),
    [
        ("de", "der die das den dem des ein eine einen einem eines einer"),
        ("en", "a an the"),
        ("es", "el la los las un una unos unas"),
        ("vi", "của là cái chiếc những"),
        ("ar", "ال"),
    ],
)
def test_articles_are_left_out(language: str, articles: str) -> None:
    assert language_words(articles.title(), language) == []
    assert language_words(articles, "fi") == articles.split()


def test_english_rules_leave_other_marks_alone() -> None:
    assert squad_words("The «Cat», 一。隻") == ["«cat»", "一。隻"]


@given(st.text(max_size=12), st.sampled_from(["en", "fi", "ru"]))
def test_words_hold_no_punctuation(text: str, language: str) -> None:
    marks = set(string.punctuation) | set("«»。、¿¡—–…“”")
    assert not marks & set("".join(language_words(text, language)))


def test_a_question_without_right_answer_is_refused() -> None:
    with pytest.raises(TableError, match="id 1: found no right answer; allowed: at least one"):
        answer_scores(frame_of([(["x"], "x"), ([], "x")]).assign(language="en"))
    with pytest.raises(TableError, match="found no row"):
        answer_scores(frame_of([]).assign(language="en"))


def real_rows(path: Path, seed: int) -> list[tuple[list[str], str]]:
    """Right answers of a SQuAD file with guesses: a piece of the passage around the answer."""
    generator = np.random.default_rng(seed)
    rows: list[tuple[list[str], str]] = []
    paragraphs: list[dict[str, Any]] = [
        part
        for article in json.loads(path.read_text("utf-8"))["data"]
        for part in article["paragraphs"]
    ]
    for part in paragraphs:
        for question in part["qas"]:
            answers = [answer["text"] for answer in question["answers"]]
            start = question["answers"][0]["answer_start"]
            first, last = generator.integers(-3, 4, 2).cumsum()
            guess = part["context"][max(start + first, 0) : start + len(answers[0]) + last]
            other = part["context"][: int(generator.integers(1, 40))]
            kind = generator.integers(4)
            rows.append((answers, [answers[0], guess, guess.upper() + ".", other][kind]))
    return rows


@pytest.mark.shared
@pytest.mark.parametrize("language", LANGUAGES)
def test_equal_to_torchmetrics_on_real_files(shared: Path, language: str) -> None:
    name = f"tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{language}.dev.json"
    rows = real_rows(shared / "data" / name, seed=3)
    found = answer_scores(frame_of(rows).assign(language=language))
    expected = scores_of_torchmetrics(rows)
    assert found["exact_match"] == pytest.approx(expected["exact_match"], rel=1e-6)
    # torchmetrics sums in float32
    assert found["f1"] == pytest.approx(expected["f1"], rel=1e-5)
    assert 20 < found["exact_match"] < found["f1"] < 95
    for row in rows:
        alone = answer_scores(frame_of([row]).assign(language=language))
        assert alone["f1"] == pytest.approx(scores_of_torchmetrics([row])["f1"], rel=1e-6)
