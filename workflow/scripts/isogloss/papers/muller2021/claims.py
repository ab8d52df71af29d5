"""What the talk says of Muller et al. 2021, statement by statement, held against a run.

A statement is a number with a 95 percent interval and a bound. It holds where the whole interval
is on the right side of the bound, does not hold where the whole interval is on the other side, and
is undecided where the interval holds the bound: a tie is no result. A value without an interval
(one seed) is judged alone, and its rule says so. The talk gives no bounds; each one below is
ours and stands with its reason.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from isogloss.config.muller2021 import Muller2021
from isogloss.papers.muller2021.gap import AFTER, BEFORE, MEAN, NONE, chosen
from isogloss.papers.muller2021.random_init import centre, half, sides
from isogloss.papers.muller2021.unseen import ADAPTED, HARD, ORIGINAL, PRETRAINED
from isogloss.statistics.crossed import combine
from isogloss.statistics.paths import MeanInterval, mean_interval

HOLDS, FAILS, UNDECIDED, ABSENT = "holds", "does not hold", "undecided", "not attempted"
COLUMNS = ["claim", "statement", "where", "measure", "value", "low", "high", "n", "bound", "rule"]
COLUMNS += ["verdict"]

# "Null or small" (points): the largest same-language drop that the talk prints is 2.14, and it
# uses the same words of upper layers across languages, where the largest printed drop is 1.70.
SMALL = 2.2
# Fall of a similarity between 0 and 1 that still counts as preserved: two curves that lie this
# near to each other have the same shape in a figure with such an axis.
PRESERVED = 0.1
# Gain (points) below which transliteration does not help a language that the encoder has seen.
NO_HELP = 1.0
# Order in which a language's task is chosen: the talk's figures of unseen languages show parsing.
MAIN_TASKS = ("Parsing", "POS", "NER")

LAYERS = "What layers contribute to CL transfer?, table of RANDOM-INIT"
MECHANISMS = "What internal mechanisms support CL transfer?"
TYPOLOGY = "The Three Categories of Unseen Languages"
SCRIPT = "Transliterating Uyghur to the Latin Script, Takeaways"


class Evidence(NamedTuple):
    """What statements are held against.

    changes : result of `random_init.changes`
    layers : depth of the encoder
    summary : result of `alignment.summary`, or None
    correlations : result of `gap.correlations`, or None
    categories : columns task, language and category (Easy, Intermediate, Hard, or a tie that names
        the categories that are possible), or None
    contrasts : table kind `contrasts`, or None
    names : printed name by configured task
    """

    changes: pd.DataFrame
    layers: int
    summary: pd.DataFrame | None
    correlations: pd.DataFrame | None
    categories: pd.DataFrame | None
    contrasts: pd.DataFrame | None
    names: Mapping[str, str]
    settings: Muller2021


class Claim(NamedTuple):
    """A short name, what the talk says, and on which of its slides."""

    slug: str
    says: str
    where: str


class Measured(NamedTuple):
    """A value, its interval, and the n units that it comes from."""

    value: float
    low: float
    high: float
    n: int


class Bound(NamedTuple):
    """The side of a number on which a statement holds."""

    side: Literal["above", "below"]
    value: float


_Row = tuple[Claim, str, Measured, Bound]
MISSING = Measured(math.nan, math.nan, math.nan, 0)


def claims(evidence: Evidence) -> pd.DataFrame:
    """All statements with what a run has to say about them.

    Returns
    -------
    DataFrame
        columns `COLUMNS`: claim (short name), statement, where (slide), measure, value, low, high
        (95 percent), n (units), bound, rule in words, and verdict: holds, does not hold,
        undecided, or not attempted where the run has no such numbers
    """
    of_layers = [*_random_init(evidence), *_alignment(evidence), *_transfer(evidence)]
    written = [
        *(_written(*row) for row in of_layers),
        _hard(evidence),
        *(_written(*row) for row in _scripts(evidence)),
    ]
    return pd.DataFrame(written, columns=COLUMNS)


def verdict(found: Measured, bound: Bound) -> str:
    """Where an interval, or a value without one, lies from a bound."""
    if math.isnan(found.value):
        return ABSENT
    low, high = found.low, found.high
    if math.isnan(low) or math.isnan(high):
        low = high = found.value
    right, wrong = low > bound.value, high < bound.value
    if bound.side == "below":
        right, wrong = wrong, right
    return HOLDS if right else FAILS if wrong else UNDECIDED


def _written(claim: Claim, measure: str, found: Measured, bound: Bound) -> tuple[object, ...]:
    end = "lower" if bound.side == "above" else "upper"
    rule = f"{end} end {bound.side} {bound.value:g}"
    if math.isnan(found.low) and not math.isnan(found.value):
        rule += " (no interval: the value alone)"
    return (*claim, measure, *found, bound.value, rule, verdict(found, bound))


def _over(values: pd.Series) -> Measured:
    """Mean over units with Student's t; units count as independent, though some share a source."""
    known = values.dropna()
    return Measured(*mean_interval(known.to_numpy(dtype=float)), len(known))


def _random_init(evidence: Evidence) -> Iterator[_Row]:
    """Own language, lower layers, depth, and upper layers."""
    runs = sides(evidence.changes)
    place = runs["group"].map(lambda group: half(group, evidence.layers))
    same, cross = runs["side"] == "same", runs["side"] == "cross"
    small = Bound("below", SMALL)
    yield (
        Claim(
            "same-language",
            "The same-language performance drop is null or small across the entire model",
            LAYERS,
        ),
        "largest mean drop over tasks, sources and groups (points)",
        _largest_drop(runs[same]),
        small,
    )
    key = ["task", "source", "seed", "group"]
    change = runs.pivot(index=key, columns="side", values="change")
    extra = (change["cross"] - change["same"]).rename("extra").reset_index()
    lower = extra[extra["group"].map(lambda group: half(group, evidence.layers)) == "lower"]
    yield (
        Claim(
            "lower-layers",
            "Lower layers are critical for cross-lingual transfer: new ones cost more there than "
            "in the same language",
            LAYERS,
        ),
        "cross-lingual less same-language change, groups of the lower half (points); units are "
        "tasks, sources and seeds",
        _over(lower.groupby(["task", "source", "seed"])["extra"].mean()),
        Bound("below", 0.0),
    )
    yield (
        Claim("depth", "The cross-lingual drop shrinks from lower to upper layers", LAYERS),
        "Spearman's rho of a group's depth and the cross-lingual change; units are tasks, sources "
        "and seeds",
        _depth(runs[cross]),
        Bound("above", 0.0),
    )
    yield (
        Claim(
            "upper-layers",
            "The cross-lingual drop is null or small for upper layers",
            LAYERS,
        ),
        "largest mean drop over tasks, sources and groups of the upper half (points)",
        _largest_drop(runs[cross & (place == "upper")]),
        small,
    )


def _largest_drop(runs: pd.DataFrame) -> Measured:
    """Largest mean over seeds of minus the change, over tasks, sources and groups.

    The ends are the largest lower and the largest upper end of all these means: all drops are
    below a bound only if each upper end is, and one is above it if its lower end is.
    """
    cells = runs.groupby(["task", "source", "group"])["change"]
    drops = np.array([mean_interval(-part.to_numpy(dtype=float)) for _, part in cells])
    if not len(drops):
        return MISSING
    value, low, high = (float(end) for end in drops.max(axis=0))  # nan where one has no interval
    return Measured(value, low, high, len(drops))


def _depth(runs: pd.DataFrame) -> Measured:
    """Mean rank correlation of depth and change; its ends are cut at what a correlation can be."""
    found = []
    for _, part in runs.groupby(["task", "source", "seed"]):
        depths = part["group"].map(centre).to_numpy(dtype=float)
        change = part["change"].to_numpy(dtype=float)
        varies = np.ptp(depths) > 0 and np.ptp(change) > 0
        found.append(float(stats.spearmanr(depths, change).statistic) if varies else math.nan)
    mean = _over(pd.Series(found, dtype=float))
    low, high = (float(np.clip(end, -1, 1)) for end in (mean.low, mean.high))
    return mean._replace(low=low, high=high)


def _indices(settings: Muller2021) -> list[str]:
    return [NONE] if settings.alignment is None else list(settings.alignment.indices)


def _alignment(evidence: Evidence) -> Iterator[_Row]:
    """Where similarity arises and whether it stays; readers dispute which index to trust."""
    settings = evidence.settings
    arises = Claim("aligns-below", "Alignment occurs in the lower part of the model", MECHANISMS)
    stays = Claim("preserved", "Alignment is preserved during fine-tuning", MECHANISMS)
    measure = "rise of {} over the lower half, less its rise over the upper half; units are pairs"
    for index in _indices(settings):
        found = _quantity(evidence, index, BEFORE, NONE, "rise_excess")
        yield arises, measure.format(index), found, Bound("above", 0.0)
    for task in settings.tasks:
        for index in _indices(settings):
            found = _quantity(evidence, index, AFTER, task, "change")
            text = f"{task}: change of {index} by fine-tuning, mean of layers; units are pairs"
            yield stays, text, found, Bound("above", -PRESERVED)


def _quantity(evidence: Evidence, index: str, stage: str, task: str, quantity: str) -> Measured:
    if evidence.summary is None:
        return MISSING
    rows = chosen(evidence.summary, evidence.settings, index)
    right = (rows["stage"] == stage) & (rows["task"] == task) & (rows["quantity"] == quantity)
    return _first(rows[right])


def _first(rows: pd.DataFrame) -> Measured:
    for value, low, high, n in rows[["value", "low", "high", "n"]].itertuples(index=False):
        return Measured(float(value), float(low), float(high), int(n))
    return MISSING


def _transfer(evidence: Evidence) -> Iterator[_Row]:
    """Similarity goes with transfer; the talk calls .47 strong too, so the sign is what counts."""
    settings = evidence.settings
    claim = Claim(
        "correlates",
        "Alignment correlates strongly with cross-lingual transfer",
        f"{MECHANISMS}, table of X-Gap",
    )
    for task in settings.tasks:
        for index in _indices(settings):
            found = MISSING
            if evidence.correlations is not None:
                rows = chosen(evidence.correlations, settings, index)
                right = (rows["task"] == task) & (rows["stage"] == AFTER) & (rows["layer"] == MEAN)
                found = _first(rows[right])
            text = f"{task}: Spearman's rho of {index} and minus the gap; units are pairs"
            yield claim, text, found, Bound("above", 0.0)


def _main(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Rows of one task for each language: parsing, else POS, else NER."""
    task = frame["task"].map(lambda name: names.get(name, name))
    known = frame[task.isin(MAIN_TASKS)]
    order = task[known.index].map(MAIN_TASKS.index)
    first = order.sort_values(kind="stable").index
    return known.loc[first].drop_duplicates("language")


def _hard(evidence: Evidence) -> tuple[object, ...]:
    """Number of Hard languages, from those that are to those that ties leave open.

    Hard languages are there, and few: at least one, and fewer than half (3 of 17 in the talk).
    """
    claim = Claim("hard", "Some languages are Hard, but few (3 of 17)", TYPOLOGY)
    measure = "languages that are Hard; the interval ends with those that ties leave open"
    rule = "from one to fewer than half"
    if evidence.categories is None or evidence.categories.empty:
        return (*claim, measure, *MISSING, math.nan, rule, ABSENT)
    rows = _main(evidence.categories, evidence.names)
    sure, n = int((rows["category"] == HARD).sum()), len(rows)
    possible = int(rows["category"].str.contains(HARD).sum())
    if sure >= 1 and possible < n / 2:
        found = HOLDS
    elif possible == 0 or sure >= n / 2:
        found = FAILS
    else:
        found = UNDECIDED
    return (*claim, measure, float(sure), float(sure), float(possible), n, n / 2, rule, found)


def _scripts(evidence: Evidence) -> Iterator[_Row]:
    """Latin script less the original one, model by model."""
    hard: set[str] = set()
    if evidence.categories is not None:
        rows = _main(evidence.categories, evidence.names)
        hard = set(rows.loc[rows["category"].str.contains(HARD), "language"])
    unseen = evidence.settings.unseen
    controls = (
        {code for item in unseen.tasks.values() for code in item.controls} if unseen else set()
    )
    helps, no_help = Bound("above", 0.0), Bound("below", NO_HELP)
    for model in (ADAPTED, PRETRAINED):
        rows = _latin(evidence, model)
        of_unseen = rows[~rows["language"].isin(controls)]
        gain = f"gain of {model} in Latin script (points)"
        claim = Claim("latin-hard", "Transliteration to Latin helps Hard languages", SCRIPT)
        may_be = of_unseen[of_unseen["language"].isin(hard)]
        text = f"{gain}, languages that are Hard or, in a tie, may be"
        yield claim, text, _combined(may_be), helps
        claim = Claim(
            "latin-unseen",
            "Transliteration is highly impactful in languages of another script",
            SCRIPT,
        )
        yield claim, f"{gain}, all unseen languages that are rewritten", _combined(of_unseen), helps
        claim = Claim("latin-seen", "Transliteration does not help seen languages", SCRIPT)
        yield claim, f"{gain}, controls", _combined(rows[rows["language"].isin(controls)]), no_help


def _latin(evidence: Evidence, model: str) -> pd.DataFrame:
    """Contrasts of Latin and original writing of a model, one task for each language."""
    table = evidence.contrasts
    if table is None:
        return pd.DataFrame(columns=["task", "language", "difference", "low", "high"])
    right = (table["model"] == model) & (table["other_model"] == model)
    right &= (table["writing"] == "latin") & (table["other_writing"] == ORIGINAL)
    return _main(table[right], evidence.names)


def _combined(rows: pd.DataFrame) -> Measured:
    """Mean of languages, of these alone; their test sentences are independent."""
    columns = (rows[name].to_numpy(dtype=float) for name in ("difference", "low", "high"))
    found: MeanInterval = combine(*columns)
    return Measured(*found, len(rows))
