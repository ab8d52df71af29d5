"""Unseen languages: what helps there, in differences with intervals, and their categories.

Easy is a language in which the pretrained encoder outperforms the baseline, Intermediate one in
which it does so only once it is adapted to the language, Hard one in which it does so neither
way (Muller 2022, "The Three Categories of Unseen Languages"). The talk compares scores; here a
difference whose interval contains 0 is a tie.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from isogloss.config.learnt import MODELS
from isogloss.errors import TableError
from isogloss.metrics.counts import COUNTABLE, gold_digest, sentence_counts
from isogloss.seeds import named_seed
from isogloss.statistics.contrasts import Scored, contrast

STUDY, ITEM, UNIT = "muller2021", "unseen_languages", "sentences"
PRETRAINED, ADAPTED, ALONE, BASELINE = MODELS
ORIGINAL = "original"
REWRITTEN = ("latin", "permuted")
# Differences within a writing: model minus other model.
PAIRS = (
    (PRETRAINED, BASELINE),
    (ADAPTED, BASELINE),
    (ALONE, BASELINE),
    (ADAPTED, PRETRAINED),
    (ALONE, PRETRAINED),
)
# Columns of `categories` for a difference from the baseline, and for what adapting adds.
DIFFERENCES = {
    PRETRAINED: (PRETRAINED, BASELINE),
    ADAPTED: (ADAPTED, BASELINE),
    ALONE: (ALONE, BASELINE),
    "adaptation": (ADAPTED, PRETRAINED),
}
EASY, INTERMEDIATE, HARD = CATEGORIES = ("Easy", "Intermediate", "Hard")
TIE = "tie"
GAINS, LOSES = "gains", "loses"
# Metrics of parsing, which the talk's figure shows, of POS and of NER: the task that stands for a
# language is the first one that it has.
PREFERENCE = tuple(
    itertools.chain(*(COUNTABLE[kind].metrics for kind in ("parsing", "pos", "ner")))
)
# Language -> name in the talk's table: codes as printed there, and of the treebanks where they
# differ (Faroese, Maltese, Buryat, Narabizi).
PRINTED_NAMES = {
    "bm": "Bambara",
    "bxr": "Buryat",
    "bxu": "Buryat",
    "ckb": "Sorani",
    "fao": "Faroese",
    "fo": "Faroese",
    "gsw": "Swiss German",
    "mhr": "Mari",
    "mlt": "Maltese",
    "mt": "Maltese",
    "myv": "Erzya",
    "nrz": "Narabizi",
    "olo": "Livvi",
    "pcm": "Naija",
    "qaf": "Narabizi",
    "sd": "Sindhi",
    "ug": "Uyghur",
    "wo": "Wolof",
    "xmf": "Mingrelian",
}
_CELL = ["task", "language", "metric"]
_SIDE = [*_CELL, "model", "writing"]

Interval = tuple[float, float]
# A row of table kind `contrasts`.
Row = Mapping[Any, Any]


class ScoredRun(NamedTuple):
    """A run whose predictions are counted; `params.runs` of the script holds these fields.

    task : configured task of the original writing, whatever task the run has learnt
    kind, metric : of the task, as in `metrics.counts.COUNTABLE`
    language : whose test rows are scored
    model : one of `MODELS`
    writing : original, latin or permuted
    seed : of the run
    """

    task: str
    kind: str
    metric: str
    language: str
    model: str
    writing: str
    seed: int


class _Counted(NamedTuple):
    """Runs of one model on a language's test rows; `gold` is their digest."""

    scored: Scored
    gold: str
    seeds: tuple[int, ...]


def contrast_models(
    runs: Iterable[tuple[ScoredRun, pd.DataFrame]], resamples: int, seed: int
) -> pd.DataFrame:
    """Differences between models, and between writings, wherever both have runs.

    Within a writing those of `PAIRS`; for each model latin and permuted against original. Every
    difference has a stream of its own, so none depends on which others there are.

    Parameters
    ----------
    runs : each with its predictions, of the table kind of its task and of one or more languages;
        taken one by one, so that a generator holds one file at a time
    resamples : draws behind an interval
    seed : of the draws

    Returns
    -------
    DataFrame
        table kind `contrasts`

    Raises
    ------
    TableError
        for an unknown model or writing, a run that stands twice, predictions without the
        language, and two sides of a difference with other seeds or other test sentences
    """
    models = _by_model(runs)
    rows = []
    for names, others in _sides(models):
        first, second = (models[side] for side in (names, others))
        _require_same(names, others, first, second)
        stream = named_seed(seed, "contrasts", *names, *others[len(_CELL) :])
        found = contrast(first.scored, second.scored, resamples, np.random.default_rng(stream))
        rows.append(
            [*names, *others[len(_CELL) :], *found, len(first.scored.ids), len(first.seeds)]
        )
    columns = [*_SIDE, "other_model", "other_writing"]
    columns += ["value", "other_value", "difference", "low", "high", "n", "seeds"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(columns[: len(_SIDE) + 2], ignore_index=True)


def category(pretrained_vs_baseline: Interval, adapted_vs_baseline: Interval) -> str:
    """Category of a language from two intervals (low, high) of differences, points.

    An interval above 0 is a win and one below 0 a defeat. One that contains 0, ends included,
    is either: then every category that either gives is possible.

    Returns
    -------
    Easy, Intermediate or Hard; or a tie of those that are possible, in this order, for instance
    "tie: Easy or Hard" or "tie: Easy, Intermediate or Hard"

    Raises
    ------
    TableError
        for an interval with an end that is not a number, or with its ends exchanged
    """
    outcomes = [_outcomes(ends) for ends in (pretrained_vs_baseline, adapted_vs_baseline)]
    possible = {_decided(*wins) for wins in itertools.product(*outcomes)}
    names = [name for name in CATEGORIES if name in possible]
    if len(names) == 1:
        return names[0]
    return f"{TIE}: {', '.join(names[:-1])} or {names[-1]}"


def categories(contrasts: pd.DataFrame, writing: str = ORIGINAL) -> pd.DataFrame:
    """Category of each language by each task, in one writing.

    Parameters
    ----------
    contrasts : table kind `contrasts`

    Returns
    -------
    DataFrame
        one row per task (as configured) and language that has the pretrained and the adapted
        encoder against the baseline. Columns task, language, metric; main, whether this is the
        task that stands for the language (parsing, else POS, else NER); category; by_means, the
        category if only means are compared; scores pretrained, adapted, alone and baseline
        (percent); for each of pretrained, adapted and alone NAME_difference, NAME_low and
        NAME_high from the baseline, and adaptation_* for adapted minus pretrained (points); n
        (sentences) and seeds. What there is no encoder for is nan.
    """
    within = contrasts[(contrasts["writing"] == writing) & (contrasts["other_writing"] == writing)]
    rows = [
        _row(key, {(row["model"], row["other_model"]): row for row in group.to_dict("records")})
        for key, group in within.groupby(_CELL, sort=True)
        if {(PRETRAINED, BASELINE), (ADAPTED, BASELINE)}
        <= set(zip(group["model"], group["other_model"], strict=True))
    ]
    columns = [*_CELL, "main", "category", "by_means", *MODELS]
    columns += [f"{name}_{part}" for name in DIFFERENCES for part in ("difference", "low", "high")]
    frame = pd.DataFrame(rows, columns=[*columns, "n", "seeds"])
    order = frame.assign(rank=frame["metric"].map(_rank)).sort_values(["rank", "task"])
    frame["main"] = ~order["language"].duplicated().reindex(frame.index).astype(bool)
    return frame


def transliteration(contrasts: pd.DataFrame) -> pd.DataFrame:
    """What another writing changes for each model.

    Returns
    -------
    DataFrame
        columns task, language, metric, model, writing (latin or permuted), original and
        rewritten (percent), difference (rewritten minus original), low and high (points),
        effect (gains, loses, or tie where the interval contains 0), n (sentences) and seeds
    """
    chosen = contrasts[
        contrasts["writing"].isin(REWRITTEN)
        & (contrasts["other_writing"] == ORIGINAL)
        & (contrasts["model"] == contrasts["other_model"])
    ]
    effects = [_effect(ends) for ends in zip(chosen["low"], chosen["high"], strict=True)]
    frame = chosen.rename(columns={"other_value": "original", "value": "rewritten"})
    frame = frame.assign(effect=np.array(effects, dtype=object))
    columns = [*_SIDE, "original", "rewritten", "difference", "low", "high"]
    ordered = frame.assign(place=frame["model"].map(_place_in(MODELS))).sort_values(
        [*_CELL, "place", "writing"], kind="stable", ignore_index=True
    )
    return ordered[[*columns, "effect", "n", "seeds"]]


def cells(sentences: Mapping[str, int], names: Mapping[str, str] = PRINTED_NAMES) -> pd.DataFrame:
    """Numbers of the talk's table of unseen languages, as a table of kind `cells`.

    Parameters
    ----------
    sentences : raw sentences that encoders are adapted on here, by language
    names : name in the talk's table, by language; another language goes by its code
    """
    rows = [
        (STUDY, ITEM, names.get(language, language), "sentences", UNIT, float(number))
        for language, number in sentences.items()
    ]
    frame = pd.DataFrame(rows, columns=["study", "item", "row", "column", "unit", "value"])
    return frame.astype({"value": "float64"}).sort_values("row", ignore_index=True)


def _outcomes(ends: Interval) -> tuple[bool, ...]:
    """Whether a model outperforms the other one: one answer, or both for a tie."""
    low, high = ends
    if math.isnan(low) or math.isnan(high) or low > high:
        raise TableError(
            f"category: found the interval {low:g} to {high:g}; allowed: two numbers, the lower "
            "one first"
        )
    return (low > 0,) if low > 0 or high < 0 else (True, False)


def _decided(pretrained: bool, adapted: bool) -> str:
    """The talk's rule, from whether each model outperforms the baseline."""
    if pretrained:
        return EASY
    return INTERMEDIATE if adapted else HARD


def _effect(ends: Interval) -> str:
    outcomes = _outcomes(ends)
    if len(outcomes) > 1:
        return TIE
    return GAINS if outcomes[0] else LOSES


def _row(key: tuple, pairs: Mapping[tuple[str, str], Row]) -> list:
    """Values of a row of `categories`; `main` is set where all rows are known."""
    absent = dict.fromkeys(["value", "difference", "low", "high"], math.nan)
    found = {name: pairs.get(pair, absent) for name, pair in DIFFERENCES.items()}
    ends = [(found[name]["low"], found[name]["high"]) for name in (PRETRAINED, ADAPTED)]
    means = [found[name]["difference"] > 0 for name in (PRETRAINED, ADAPTED)]
    scores = [found[name]["value"] for name in (PRETRAINED, ADAPTED, ALONE)]
    first = pairs[PRETRAINED, BASELINE]
    parts = [found[name][part] for name in found for part in ("difference", "low", "high")]
    verdicts = [category(ends[0], ends[1]), _decided(means[0], means[1])]
    return [
        *key,
        False,
        *verdicts,
        *scores,
        first["other_value"],
        *parts,
        first["n"],
        first["seeds"],
    ]


def _rank(metric: str) -> int:
    return PREFERENCE.index(metric) if metric in PREFERENCE else len(PREFERENCE)


def _place_in(names: Sequence[str]) -> Callable[[str], int]:
    return {name: place for place, name in enumerate(names)}.__getitem__


def _by_model(runs: Iterable[tuple[ScoredRun, pd.DataFrame]]) -> dict[tuple, _Counted]:
    """Counts of all runs of each (task, language, metric, model, writing), seeds in order."""
    found: dict[tuple, dict[int, tuple]] = {}
    for run, predictions in runs:
        if run.model not in MODELS or run.writing not in (ORIGINAL, *REWRITTEN):
            raise TableError(
                f"{_named(run)}: found model {run.model!r} in writing {run.writing!r}; allowed: "
                f"{', '.join(MODELS)} in {', '.join((ORIGINAL, *REWRITTEN))}"
            )
        seeds = found.setdefault(_side(run), {})
        if run.seed in seeds:
            raise TableError(f"{_named(run)}: found two runs of seed {run.seed}; allowed: one")
        own = predictions[predictions["language"] == run.language]
        if own.empty:
            raise TableError(
                f"predictions of {_named(run)}, seed {run.seed}: found no row of "
                f"{run.language!r}; allowed: predictions of its test rows"
            )
        ids = np.sort(own["id"].to_numpy())
        counts = sentence_counts(run.kind, run.metric, own)
        seeds[run.seed] = (ids, counts, gold_digest(run.kind, own))
    return {side: _joined(side, seeds) for side, seeds in found.items()}


def _joined(side: tuple, seeds: Mapping[int, tuple]) -> _Counted:
    """Counts (S, N, 2) of a model's runs, which must be of the same sentences."""
    order = tuple(sorted(seeds))
    ids, _, gold = seeds[order[0]]
    for seed in order[1:]:
        if seeds[seed][2] != gold:
            raise TableError(
                f"predictions of {' '.join(side)}: found other test sentences with seed {seed} "
                f"than with seed {order[0]}; allowed: the same"
            )
    counts = np.stack([seeds[seed][1] for seed in order])
    return _Counted(Scored(ids, counts), gold, order)


def _sides(models: Mapping[tuple, _Counted]) -> Iterator[tuple[tuple, tuple]]:
    """Both sides of every difference that there is."""
    for side in models:
        *cell, model, writing = side
        others = [(*cell, other, writing) for name, other in PAIRS if name == model]
        if writing in REWRITTEN:
            others.append((*cell, model, ORIGINAL))
        yield from ((side, other) for other in others if other in models)


def _require_same(names: tuple, others: tuple, first: _Counted, second: _Counted) -> None:
    pair = f"{' '.join(names)} and {' '.join(others[len(_CELL) :])}"
    if first.seeds != second.seeds:
        raise TableError(
            f"contrast of {pair}: found seeds {list(first.seeds)} and {list(second.seeds)}; "
            "allowed: the same"
        )
    if first.gold != second.gold:
        raise TableError(
            f"contrast of {pair}: found {len(first.scored.ids)} and {len(second.scored.ids)} test "
            "sentences that are not the same; allowed: the same sentences and labels in the same "
            "order"
        )


def _side(run: ScoredRun) -> tuple[str, ...]:
    return (run.task, run.language, run.metric, run.model, run.writing)


def _named(run: ScoredRun) -> str:
    return " ".join(_side(run))
