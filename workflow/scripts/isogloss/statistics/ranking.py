"""How well predicted scores rank the candidate source languages of each target language.

The metrics of Yun et al. 2023, Section 4.3, as their released code computes them: for each
target, all languages but its own are candidates; a value is averaged over all pairs of a
fine-tuning seed and a sub-network seed, then over targets. Beside them stand the values of a
random order, lines that need no prediction, and intervals over targets. All values are
fractions; higher predictions stand for better transfer.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from isogloss.errors import TableError
from isogloss.seeds import named_seed
from isogloss.statistics.correlation import NEARLY_CONSTANT

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# numbers held at once while resampling or flipping signs
BLOCK = 4_000_000
# sums of flipped differences closer than this share of their largest sum are the same
TOLERANCE = 1e-12


class TargetScores(NamedTuple):
    """Metrics of one target, as fractions.

    `pearson`, `spearman` : nan where gold or predicted scores are constant
    `top1` : whether the first best prediction is the first best gold score, 0 or 1; first in
        the order of the candidates, as in the authors' code
    `ndcg_ranks` : gains are ranks of gold scores, 1 for the worst, means over ties (authors)
    `ndcg_scores` : gains are gold scores
    `top1_ties` : probability that one of the best predictions, drawn at random, has the best
        gold score; unlike `top1` it does not depend on the order of candidates
    """

    pearson: float
    spearman: float
    top1: float
    ndcg_ranks: float
    ndcg_scores: float
    top1_ties: float


class Chance(NamedTuple):
    """Expected NDCG (gains are untied ranks) and Top-1 of a random order, as fractions."""

    ndcg_ranks: float
    top1: float


class Interval(NamedTuple):
    """Mean over n targets and its bootstrap interval; nan without targets."""

    mean: float
    low: float
    high: float
    n: int


class PairedInterval(NamedTuple):
    """Mean difference over n targets, its bootstrap interval and two-sided sign-flip p."""

    mean: float
    low: float
    high: float
    p: float
    n: int


class _Rows(NamedTuple):
    """Scores of the same n candidates in m rows, and what the metrics need of them."""

    values: Floats  # (m, n), 0 throughout a row that is not finite
    unit: Floats  # (m, n), centred, of norm 1; nan where constant
    unit_ranks: Floats  # (m, n), the same of ranks
    best: Flags  # (m, n), candidates of the highest score
    first: NDArray[np.intp]  # (m,), first of them
    finite: Flags  # (m,)


def rank_target(gold: Floats, predicted: Floats, k: int = 3) -> TargetScores:
    """Metrics of one target's ranking of its candidates.

    Parameters
    ----------
    gold, predicted : (n,), scores of n candidate sources, the target's own language left out
    k : candidates that NDCG looks at

    Returns
    -------
    TargetScores
        `pearson` and `spearman` as scipy, NDCG as `sklearn.metrics.ndcg_score`: gains are not
        exponentiated, tied predictions share the mean of their discounts, and NDCG is 0 where
        all gains are 0. All nan where a value is not finite.

    Raises
    ------
    TableError
        if shapes differ, candidates are fewer than two, k < 1 or a gold score is negative
    """
    if np.ndim(gold) != 1 or np.shape(gold) != np.shape(predicted):
        raise TableError(
            f"ranking of shapes {np.shape(gold)} and {np.shape(predicted)}: allowed are two "
            "equal shapes (n,)"
        )
    rows = [np.asarray(values, dtype=np.float64)[None] for values in (gold, predicted)]
    return TargetScores(*(float(value[0, 0]) for value in _metrics(rows[0], rows[1], k)))


def evaluate_ranking(gold: Floats, predicted: Floats, own: Flags, k: int = 3) -> pd.DataFrame:
    """Metrics of each target, averaged over all pairs of a gold and a predicted matrix.

    Parameters
    ----------
    gold : (g, S, T), scores of S sources on T targets, one matrix for each fine-tuning seed
    predicted : (f, S, T), or (f, S) for predictions that do not depend on the target; one for
        each sub-network seed
    own : (S, T) of bool, pairs that are no candidates: a target's own language, or one that no
        method under comparison can rank
    k : candidates that NDCG looks at

    Returns
    -------
    DataFrame
        `target` (position, int), `metric` (a field of TargetScores), `value` (mean) and `n`,
        the pairs behind it: of g x f, those for which the metric is defined. A pair in which a
        candidate's score is not finite has no metric at all. `value` is nan where n is 0.

    Raises
    ------
    TableError
        if shapes do not fit, or a target breaks the conditions of `rank_target`
    """
    gold, predicted = np.asarray(gold, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    own = np.asarray(own, dtype=bool)
    if predicted.ndim == 2 and gold.ndim == 3:
        predicted = np.repeat(predicted[:, :, None], gold.shape[2], axis=2)
    if not gold.ndim == predicted.ndim == 3 or not (
        gold.shape[1:] == predicted.shape[1:] == own.shape
    ):
        raise TableError(
            f"ranking of gold {gold.shape}, predicted {predicted.shape} and own {own.shape}: "
            "allowed are (g, S, T), (f, S, T) or (f, S), and (S, T)"
        )
    columns = [
        _metrics(gold[:, ~own[:, target], target], predicted[:, ~own[:, target], target], k)
        for target in range(gold.shape[2])
    ]
    values = np.array(columns).reshape(len(columns), len(TargetScores._fields), -1)
    known = np.isfinite(values)
    n = known.sum(axis=2)
    means = np.where(known, values, 0).sum(axis=2) / np.where(n > 0, n, 1)
    return pd.DataFrame(
        {
            "target": np.repeat(np.arange(len(columns)), len(TargetScores._fields)),
            "metric": list(TargetScores._fields) * len(columns),
            "value": np.where(n > 0, means, np.nan).ravel(),
            "n": n.ravel(),
        }
    )


def chance(n: int, k: int = 3) -> Chance:
    """Expected metrics of a random order of n candidates whose gold scores have no ties.

    With d_i = 1 / log2(i + 1), a random order has (n + 1) / 2 as the mean gain of each place:
    NDCG@k is (n + 1) / 2 (d_1 + ... + d_k) / (n d_1 + ... + (n - k + 1) d_k).

    Raises
    ------
    TableError
        if n < 2 or k < 1
    """
    return Chance(chance_scores(np.arange(1, n + 1, dtype=np.float64), k), 1 / n)


def chance_scores(gold: Floats, k: int = 3) -> float:
    """Expected NDCG of a random order whose gains are the gold scores (n,).

    Ranks of tied gold scores as `gold` give the chance level of `ndcg_ranks` with ties.

    Raises
    ------
    TableError
        if there are fewer than two candidates, k < 1 or a gold score is negative
    """
    gains = np.asarray(gold, dtype=np.float64).reshape(1, -1)
    _check(gains, k)
    discounts = _discounts(gains.shape[1], k)
    ideal = float(_ideal(gains, discounts)[0])
    return float(gains.mean() * discounts.sum() / ideal) if ideal > 0 else 0.0


def always(index: int, sources: int) -> Floats:
    """Prediction (S,) that the source at `index` is best and all others are equal.

    Only Top-1 and NDCG of it are of use; for the target of that language it is constant.

    Raises
    ------
    TableError
        if `index` is not among the sources
    """
    if not 0 <= index < sources:
        raise TableError(f"source {index} is not among {sources} sources: allowed are 0 to S - 1")
    return np.eye(sources)[index]


def oracle(gold: Floats) -> Floats:
    """Prediction (S, T) from the scores themselves, (g, S, T): their mean over seeds.

    What remains below 1 is the spread between fine-tuning seeds, which no prediction that is
    the same for all seeds can follow.
    """
    return np.asarray(gold, dtype=np.float64).mean(axis=0)


def interval(
    values: Floats, resamples: int = 2000, seed: int = 42, level: float = 0.95
) -> Interval:
    """Mean over targets with a percentile bootstrap that draws targets.

    Parameters
    ----------
    values : (T,), one value for each target; those that are nan are left out
    resamples : bootstrap samples
    level : share of samples inside the interval

    Returns
    -------
    Interval
        bounds are nan with fewer than two targets or no resamples
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    mean = float(known.mean()) if len(known) else float("nan")
    return Interval(mean, *_bounds(known, resamples, seed, level), len(known))


def paired_interval(
    first: Floats,
    second: Floats,
    resamples: int = 2000,
    permutations: int = 9999,
    seed: int = 42,
    level: float = 0.95,
) -> PairedInterval:
    """Mean difference first - second over targets, its interval, and a sign-flip test.

    Parameters
    ----------
    first, second : (T,), the same targets in the same order; a target at which one of the two
        is nan is left out
    resamples : bootstrap samples of targets
    permutations : sign flips that are drawn; where targets have no more than that, all 2^T
        are used and p is exact

    Returns
    -------
    PairedInterval
        `p` is the share of sign flips whose mean is at least as far from 0, two-sided; with
        drawn flips (1 + count) / (1 + permutations). nan without targets or permutations.

    Raises
    ------
    TableError
        if the shapes differ
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise TableError(
            f"difference of shapes {first.shape} and {second.shape}: allowed are two equal "
            "shapes (T,)"
        )
    difference = first - second
    mean, low, high, n = interval(difference, resamples, seed, level)
    p = _sign_flip_p(difference[~np.isnan(difference)], permutations, seed)
    return PairedInterval(mean, low, high, p, n)


def _metrics(gold: Floats, predicted: Floats, k: int) -> tuple[Floats, ...]:
    """Metrics of gold (g, n) against predicted (f, n), each (g, f), in TargetScores' order."""
    _check(gold, k)
    true, guess = _rows(gold), _rows(predicted)
    usable = true.finite[:, None] & guess.finite[None]
    weights = _weights(guess.values, k)
    hits = (true.best.astype(float) @ guess.best.T.astype(float)) / guess.best.sum(axis=1)
    found = (
        np.clip(true.unit @ guess.unit.T, -1, 1),
        np.clip(true.unit_ranks @ guess.unit_ranks.T, -1, 1),
        (true.first[:, None] == guess.first[None]).astype(float),
        _ndcg(stats.rankdata(true.values, axis=1), weights, k),
        _ndcg(true.values, weights, k),
        hits,
    )
    return tuple(np.where(usable, values, np.nan) for values in found)


def _check(gold: Floats, k: int) -> None:
    if gold.shape[1] < 2:
        raise TableError(f"a ranking of {gold.shape[1]} candidates: allowed are two or more")
    if k < 1:
        raise TableError(f"NDCG at k = {k}: allowed are 1 and more")
    if (gold < 0).any():
        raise TableError(
            f"a gold score of {np.nanmin(gold):g}: allowed are 0 and more, because NDCG's gains "
            "cannot be negative"
        )


def _rows(values: Floats) -> _Rows:
    finite: Flags = np.asarray(np.isfinite(values).all(axis=1))
    values = np.where(finite[:, None], values, 0)
    constant = _constant(values)
    best = values == values.max(axis=1, keepdims=True)
    return _Rows(
        values,
        _unit(values, constant),
        _unit(stats.rankdata(values, axis=1), constant),
        best,
        best.argmax(axis=1),
        finite,
    )


def _constant(values: Floats) -> Flags:
    """Rows (m,) that spread no more widely than rounding does, as `correlate` has it."""
    mean = values.mean(axis=1)
    spread = np.linalg.norm(values - mean[:, None], axis=1)
    return (np.ptp(values, axis=1) == 0) | (spread < NEARLY_CONSTANT * np.abs(mean))


def _unit(values: Floats, constant: Flags) -> Floats:
    """Rows centred and of norm 1, nan where constant."""
    centred = values - values.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1)
    return centred / np.where(constant, np.nan, norms)[:, None]


def _discounts(n: int, k: int) -> Floats:
    """1 / log2(place + 1) of n places, 0 after place k."""
    discounts = 1 / np.log2(np.arange(n) + 2)
    discounts[k:] = 0
    return discounts


def _weights(predicted: Floats, k: int) -> Floats:
    """Discount of each candidate's place, (f, n); ties share the mean of their places.

    McSherry and Najork 2008, as in scikit-learn: the expectation over random tie breaks.
    """
    sums = np.concatenate([[0], np.cumsum(_discounts(predicted.shape[1], k))])
    before = stats.rankdata(-predicted, method="min", axis=1).astype(np.int64) - 1
    through = stats.rankdata(-predicted, method="max", axis=1).astype(np.int64)
    return (sums[through] - sums[before]) / (through - before)


def _ideal(gains: Floats, discounts: Floats) -> Floats:
    """Discounted gain (m,) of the best order of gains (m, n)."""
    return -np.sort(-gains, axis=1) @ discounts


def _ndcg(gains: Floats, weights: Floats, k: int) -> Floats:
    """NDCG (g, f) of gains (g, n) under the weights (f, n) of a predicted order."""
    ideal = _ideal(gains, _discounts(gains.shape[1], k))[:, None]
    return np.where(ideal > 0, gains @ weights.T / np.where(ideal > 0, ideal, 1), 0)


def _bounds(values: Floats, resamples: int, seed: int, level: float) -> tuple[float, float]:
    if len(values) < 2 or resamples < 1:
        return float("nan"), float("nan")
    n = len(values)
    generator = np.random.default_rng(named_seed(seed, "ranking", "bootstrap"))
    counts = generator.multinomial(n, np.full(n, 1 / n), size=resamples)
    low, high = np.quantile(counts @ values / n, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _sign_flip_p(difference: Floats, permutations: int, seed: int) -> float:
    n = len(difference)
    if n == 0 or permutations < 1:
        return float("nan")
    bound = abs(difference.sum()) - TOLERANCE * np.abs(difference).sum()
    exact = 2**n <= permutations
    total = 2**n if exact else permutations
    generator = np.random.default_rng(named_seed(seed, "ranking", "signs"))
    count, step = 0, max(1, BLOCK // n)
    for start in range(0, total, step):
        rows = min(step, total - start)
        numbers = np.arange(start, start + rows)[:, None]
        bits = numbers >> np.arange(n) & 1 if exact else generator.integers(0, 2, (rows, n))
        count += int((np.abs((1 - 2 * bits) @ difference) >= bound).sum())
    return count / total if exact else (1 + count) / (1 + total)
