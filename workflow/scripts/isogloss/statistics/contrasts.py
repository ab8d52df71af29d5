"""Difference between two models that are scored on the same test sentences, and its interval.

A paired bootstrap (Koehn 2004; Efron and Tibshirani 1993, chapter 8): a draw takes as many
sentences as there are, with replacement and the same ones for both models, and within each model
it draws runs (seeds). The interval thus speaks of other test sentences and of other seeds.

Chance that belongs to a sentence in one run is drawn with both, and counts up to three times
(Owen 2007): where runs of one model differ much sentence by sentence but little in their scores,
intervals are somewhat wider than they need to be. Where the scores of very few runs differ much,
they are too narrow, as a bootstrap of two or three numbers is.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isogloss.errors import TableError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# numbers held at once while drawing sentences
BLOCK = 4_000_000
ENDS = (0.025, 0.975)


class Scored(NamedTuple):
    """Runs of one model on the same sentences.

    ids : (N,), of the sentences
    counts : int64 (S, N, 2), numerator and denominator of the score for each run and sentence
    """

    ids: NDArray
    counts: Integers


class Contrast(NamedTuple):
    """Scores of two models (percent), their difference and its 95 percent interval (points)."""

    value: float
    other_value: float
    difference: float
    low: float
    high: float


def contrast(
    model: Scored, other: Scored, resamples: int, generator: np.random.Generator
) -> Contrast:
    """What a model scores above another one on the same sentences.

    A model's score is the mean over its runs of 100 * sum(numerators) / sum(denominators), 0
    where nothing is to be divided by.

    Parameters
    ----------
    model, other : the same ids in the same order; numbers of runs may differ
    resamples : draws; of S runs a draw takes S - 1 with replacement, so that their variance is
        not underestimated by the factor (S - 1) / S (McCarthy and Snowden 1985), which is a
        fifth for five seeds. One run has no such variance: the interval is of sentences alone.
    generator : source of the draws

    Returns
    -------
    Contrast
        `low` and `high` are the 2.5th and 97.5th percentile of the draws' differences

    Raises
    ------
    TableError
        for other sentences, no run or no sentence, counts of another shape, or no draws
    """
    _check(model, other, resamples)
    sentences, runs, other_runs = generator.spawn(3)
    drawn = _drawn_ratios((model.counts, other.counts), resamples, sentences)
    means = [
        (ratios * _weights(ratios.shape[1], resamples, stream)).sum(axis=1)
        for ratios, stream in zip(drawn, (runs, other_runs), strict=True)
    ]
    low, high = np.quantile(means[0] - means[1], ENDS)
    value, other_value = (score(part.counts) for part in (model, other))
    return Contrast(value, other_value, value - other_value, float(low), float(high))


def score(counts: Integers) -> float:
    """Mean over runs of the score in percent; counts as in `Scored`."""
    above, below = np.moveaxis(counts.sum(axis=1), -1, 0)
    return float(_ratios(above, below).mean())


def _ratios(above: NDArray, below: NDArray) -> Floats:
    """100 * above / below, and 0 where below is 0."""
    percent = 100 * above.astype(np.float64)
    return np.divide(percent, below, out=np.zeros_like(percent), where=below > 0)


def _drawn_ratios(
    counts: tuple[Integers, Integers], resamples: int, generator: np.random.Generator
) -> list[Floats]:
    """Score of each run in each draw of sentences, (resamples, S) for each model."""
    n = counts[0].shape[1]
    runs = [part.shape[0] for part in counts]
    # (N, runs of both, 2), so that one product gives all sums of a draw
    table = np.concatenate(counts).transpose(1, 0, 2).reshape(n, -1).astype(np.float64)
    rows = max(1, BLOCK // n)
    blocks = []
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        times = generator.multinomial(n, np.full(n, 1 / n), size=size).astype(np.float64)
        sums = (times @ table).reshape(size, sum(runs), 2)
        blocks.append(_ratios(sums[..., 0], sums[..., 1]))
    return np.split(np.concatenate(blocks), [runs[0]], axis=1)


def _weights(runs: int, resamples: int, generator: np.random.Generator) -> Floats:
    """Share of each run in each draw, (resamples, runs)."""
    taken = max(runs - 1, 1)
    times = generator.multinomial(taken, np.full(runs, 1 / runs), size=resamples)
    return times / taken


def _check(model: Scored, other: Scored, resamples: int) -> None:
    if resamples < 1:
        raise TableError(f"contrast: found {resamples} draws; allowed: at least 1")
    for part in (model, other):
        shape = np.shape(part.counts)
        if len(shape) != 3 or shape[1:] != (len(part.ids), 2) or not math.prod(shape):
            raise TableError(
                f"contrast: found counts of shape {shape} of {len(part.ids)} sentences; allowed: "
                "(runs, sentences, 2), at least one run and one sentence"
            )
    if not np.array_equal(model.ids, other.ids):
        raise TableError(
            f"contrast: found {len(model.ids)} and {len(other.ids)} sentences that are not the "
            "same; allowed: the same ids in the same order"
        )
