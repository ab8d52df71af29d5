"""Differences of two models on the same sentences, against plain loops and simulated data."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from isogloss.errors import TableError
from isogloss.statistics import contrasts
from isogloss.statistics.contrasts import Scored, contrast, score

Integers = NDArray[np.int64]


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def scored(counts: object) -> Scored:
    table = np.asarray(counts, dtype=np.int64)
    return Scored(np.arange(table.shape[1]), table)


def random_runs(seed: int, runs: int, sentences: int = 30, level: float = 0.6) -> Scored:
    source = np.random.default_rng(seed)
    words = np.broadcast_to(source.integers(1, 20, sentences), (runs, sentences))
    right = source.binomial(words, level)
    return scored(np.stack([right, words], axis=-1))


TABLES = st.integers(1, 5).flatmap(
    lambda n: st.lists(
        st.lists(
            st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: sorted(pair)),
            min_size=n,
            max_size=n,
        ),
        min_size=2,
        max_size=5,
    )
)


@given(TABLES)
@settings(max_examples=50, deadline=None)
def test_values_are_means_over_runs_of_ratios(table: list[list[list[int]]]) -> None:
    expected = []
    for run in table:
        right, words = (sum(pair[n] for pair in run) for n in (0, 1))
        expected.append(100 * right / words if words else 0.0)
    model, other = scored(table[:1]), scored(table[1:])
    found = contrast(model, other, 3, generator())
    assert found.value == expected[0]
    assert found.other_value == pytest.approx(np.mean(expected[1:]), abs=1e-12)
    assert found.difference == found.value - found.other_value
    assert found.value == score(model.counts)
    assert found.low <= found.high


def test_draws_equal_enumeration() -> None:
    """Three sentences have 27 draws; the quantiles are those of all of them."""
    model, other = scored([[[1, 2], [4, 5], [0, 3]]]), scored([[[2, 2], [1, 5], [1, 3]]])
    every = []
    for draw in itertools.product(range(3), repeat=3):
        sums = [part.counts[0][list(draw)].sum(axis=0) for part in (model, other)]
        every.append(100 * (sums[0][0] / sums[0][1] - sums[1][0] / sums[1][1]))
    found = contrast(model, other, 100_000, generator())
    ranked = np.sort(every)
    # the most extreme draws, each with probability 1/27, are the ends
    assert (found.low, found.high) == pytest.approx((ranked[0], ranked[-1]))


def test_draws_equal_a_loop() -> None:
    """The same streams, draw by draw, in plain Python."""
    model, other = random_runs(1, 4, 12), random_runs(2, 3, 12)
    streams = generator(5).spawn(3)
    n, draws = 12, 50
    times = [streams[0].multinomial(n, np.full(n, 1 / n)) for _ in range(draws)]
    drawn = []
    for part, stream in zip((model, other), streams[1:], strict=True):
        runs = len(part.counts)
        chosen = [stream.multinomial(runs - 1, np.full(runs, 1 / runs)) for _ in range(draws)]
        means = []
        for sentences, weights in zip(times, chosen, strict=True):
            total = 0.0
            for run, weight in enumerate(weights):
                right = sum(w * c[0] for w, c in zip(sentences, part.counts[run], strict=True))
                words = sum(w * c[1] for w, c in zip(sentences, part.counts[run], strict=True))
                total += weight * 100 * right / words
            means.append(total / (runs - 1))
        drawn.append(means)
    differences = np.subtract(*drawn)
    found = contrast(model, other, draws, generator(5))
    assert found.low == pytest.approx(np.percentile(differences, 2.5), abs=1e-10)
    assert found.high == pytest.approx(np.percentile(differences, 97.5), abs=1e-10)


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_exchanged_models_exchange_signs(seed: int) -> None:
    model, other = random_runs(seed, 1), random_runs(seed + 1, 1, level=0.7)
    there = contrast(model, other, 200, generator(seed))
    back = contrast(other, model, 200, generator(seed))
    assert back.difference == -there.difference
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=1e-9)


def test_exchanged_models_with_several_runs_exchange_signs_but_for_chance() -> None:
    model, other = random_runs(3, 5, 200), random_runs(4, 5, 200, level=0.65)
    there = contrast(model, other, 20_000, generator())
    back = contrast(other, model, 20_000, generator())
    assert back.difference == -there.difference
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=0.1)


def test_a_model_does_not_differ_from_itself() -> None:
    model = random_runs(1, 1)
    assert contrast(model, model, 100, generator())[2:] == (0, 0, 0)


def test_equal_gains_in_every_sentence_have_no_interval() -> None:
    words = np.full((2, 20), 10)
    model = scored(np.stack([np.full((2, 20), 7), words], axis=-1))
    other = scored(np.stack([np.full((2, 20), 5), words], axis=-1))
    assert contrast(model, other, 100, generator())[2:] == pytest.approx((20, 20, 20))


def test_shared_difficulty_of_sentences_cancels() -> None:
    """Sentences differ much, the models by the same in each: pairing must see it."""
    right = np.tile([1, 17], 50)
    words = np.full(100, 20)
    model = scored(np.stack([right + 2, words], axis=-1)[None])
    other = scored(np.stack([right, words], axis=-1)[None])
    found = contrast(model, other, 500, generator())
    assert (found.low, found.high) == pytest.approx((10, 10))
    shuffled = scored(other.counts[:, generator().permutation(100)])
    unpaired = contrast(model, shuffled, 500, generator())
    assert unpaired.high - unpaired.low > 10


def test_runs_widen_the_interval() -> None:
    """One sentence of many words: all chance is that of runs."""
    model = scored([[[500, 1000]], [[600, 1000]], [[700, 1000]]])
    other = scored([[[100, 1000]]])
    found = contrast(model, other, 4000, generator())
    assert found.difference == pytest.approx(50)
    # two of three runs: 50 and 50 is drawn once in nine times, as is 70 and 70
    assert (found.low, found.high) == pytest.approx((40, 60))


def test_variance_over_runs_is_that_of_their_mean() -> None:
    """S - 1 of S runs are drawn, so the variance of a draw is that of a mean, unbiased."""
    weights = contrasts._weights(4, 200_000, generator())
    values = np.array([3.0, 5.0, 4.0, 9.0])
    drawn = weights @ values
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert drawn.var() == pytest.approx(values.var(ddof=1) / 4, rel=0.02)


def test_blocks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    model, other = random_runs(1, 3), random_runs(2, 3)
    whole = contrast(model, other, 100, generator())
    monkeypatch.setattr(contrasts, "BLOCK", 211)
    assert contrast(model, other, 100, generator()) == pytest.approx(whole, abs=1e-12)


def test_draws_follow_the_generator() -> None:
    model, other = random_runs(1, 3), random_runs(2, 3)
    first, again, another = (contrast(model, other, 100, generator(n)) for n in (1, 1, 2))
    assert first == again
    assert first[:3] == another[:3] and first[3:] != another[3:]


def simulated(source: np.random.Generator, runs: int, spread: float) -> tuple[Scored, Scored]:
    """Two equally good models: sentences differ, models differ by sentence, runs by chance."""
    words = source.integers(5, 30, 100)
    difficulty = source.normal(0.6, 0.15, 100)
    sides = []
    for _ in range(2):
        level = difficulty + source.normal(0, 0.08, 100)
        by_run = level + source.normal(0, spread, (runs, 1))
        right = np.rint(words * np.clip(by_run, 0, 1)).astype(np.int64)
        sides.append(scored(np.stack([right, np.broadcast_to(words, right.shape)], axis=-1)))
    return sides[0], sides[1]


@pytest.mark.parametrize(("runs", "spread"), [(1, 0.0), (5, 0.004), (8, 0.02)])
def test_interval_covers_the_truth_in_95_of_100(runs: int, spread: float) -> None:
    source = np.random.default_rng(17)
    covered = []
    for _ in range(400):
        found = contrast(*simulated(source, runs, spread), 200, source)
        covered.append(found.low <= 0 <= found.high)
    # 3 standard errors of a share of 400 are 3.3 percent
    assert np.mean(covered) == pytest.approx(0.95, abs=0.033)


def test_other_sentences_are_refused() -> None:
    model, other = random_runs(1, 2), random_runs(2, 2)
    moved = other._replace(ids=other.ids[::-1])
    with pytest.raises(TableError, match="found 30 and 30 sentences that are not the same"):
        contrast(model, moved, 10, generator())
    fewer = Scored(other.ids[:-1], other.counts[:, :-1])
    with pytest.raises(TableError, match="found 30 and 29 sentences"):
        contrast(model, fewer, 10, generator())


@pytest.mark.parametrize("shape", [(30, 2), (2, 29, 2), (0, 30, 2), (2, 30, 3), (2, 0, 2)])
def test_counts_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    ids = np.arange(0 if math.prod(shape) == 0 and shape[0] else 30)
    odd = Scored(ids, np.zeros(shape, dtype=np.int64))
    with pytest.raises(TableError, match="allowed: \\(runs, sentences, 2\\)"):
        contrast(odd, random_runs(1, 2), 10, generator())


def test_no_draws_are_refused() -> None:
    with pytest.raises(TableError, match="found 0 draws; allowed: at least 1"):
        contrast(random_runs(1, 2), random_runs(2, 2), 0, generator())
