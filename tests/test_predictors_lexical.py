"""LEX and the overlap of sub-words."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from isogloss.errors import TableError
from isogloss.predictors.lexical import lexical_similarity, subword_overlap

LN2 = math.log(2)
Counts = dict[int, int]

counted = st.dictionaries(st.integers(0, 12), st.integers(1, 10**6), min_size=1, max_size=8)
texts = st.dictionaries(st.sampled_from(["aa", "bb", "cc", "dd"]), counted, min_size=1)


def table(languages: dict[str, Counts]) -> pd.DataFrame:
    rows = [(name, word, n) for name, counts in languages.items() for word, n in counts.items()]
    return pd.DataFrame(rows, columns=["language", "subword", "count"])


def value(frame: pd.DataFrame, source: str, target: str) -> float:
    return float(frame.set_index(["source", "target"])["value"][source, target])


def divergence(first: Counts, second: Counts) -> float:
    """Jensen-Shannon divergence by its definition, nats."""
    words = sorted(set(first) | set(second))
    p, q = (np.array([c.get(word, 0) for word in words], dtype=float) for c in (first, second))
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    return float((entropy(p, middle) + entropy(q, middle)) / 2)


def test_by_hand() -> None:
    found = lexical_similarity(table({"a": {1: 1, 2: 1}, "b": {1: 2}}))
    # halves against a whole: middle is 3/4, 1/4
    kl_a = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    expected = (kl_a + math.log(1 / 0.75)) / 2
    assert value(found, "a", "b") == pytest.approx(-expected, rel=1e-12)


@given(texts)
def test_against_the_definition(languages: dict[str, Counts]) -> None:
    found = lexical_similarity(table(languages))
    assert len(found) == len(languages) ** 2
    for source, first in languages.items():
        for target, second in languages.items():
            expected = -divergence(first, second)
            assert value(found, source, target) == pytest.approx(expected, abs=1e-12)


@given(texts)
def test_properties(languages: dict[str, Counts]) -> None:
    matrix = lexical_similarity(table(languages)).pivot(
        index="source", columns="target", values="value"
    )
    values = matrix.to_numpy()
    np.testing.assert_array_equal(values, values.T)
    np.testing.assert_array_equal(np.diag(values), 0)
    assert (values <= 0).all() and (values >= -LN2).all()


@given(counted, st.integers(1, 50))
def test_more_text_of_the_same_kind_changes_nothing(counts: Counts, factor: int) -> None:
    more = {word: n * factor for word, n in counts.items()}
    found = lexical_similarity(table({"a": counts, "b": more}))
    assert value(found, "a", "b") == pytest.approx(0, abs=1e-12)


def test_nothing_shared_is_ln_2() -> None:
    found = lexical_similarity(table({"a": {1: 3, 2: 5}, "b": {3: 7}}))
    assert value(found, "a", "b") == pytest.approx(-LN2, rel=1e-12)


def test_order_of_rows_is_irrelevant() -> None:
    rows = table({"b": {4: 1, 1: 5}, "a": {1: 2, 9: 3}, "c": {9: 1}})
    shuffled = rows.sample(frac=1, random_state=1)
    for function in (lexical_similarity, subword_overlap):
        pd.testing.assert_frame_equal(function(rows), function(shuffled))


@given(texts)
def test_overlap_is_jaccard(languages: dict[str, Counts]) -> None:
    found = subword_overlap(table(languages))
    for source, first in languages.items():
        for target, second in languages.items():
            expected = len(set(first) & set(second)) / len(set(first) | set(second))
            assert value(found, source, target) == pytest.approx(expected, rel=1e-15)


def test_overlap_ignores_sub_words_that_do_not_occur() -> None:
    found = subword_overlap(table({"a": {1: 1, 2: 0}, "b": {1: 4, 3: 1}}))
    assert value(found, "a", "b") == 0.5


@pytest.mark.parametrize("function", [lexical_similarity, subword_overlap])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", 1, 1), ("a", 1, 2)], "twice"),
        ([("a", 1, -1)], "negative"),
        ([("a", 1, 2), ("b", 1, 0)], "'b' has no occurrence"),
    ],
)
def test_errors(
    function: Callable[[pd.DataFrame], pd.DataFrame], rows: list[tuple[str, int, int]], message: str
) -> None:
    with pytest.raises(TableError, match=message):
        function(pd.DataFrame(rows, columns=["language", "subword", "count"]))
