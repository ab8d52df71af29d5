"""X-Gap: what a model loses between its own language and a target, and what goes with it.

The talk correlates the gap with the similarity of two languages, prints positive numbers, and
names neither the sign nor the layer. Here similarity is correlated with minus the gap: positive
means that languages that look more alike have the smaller gap.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.config.muller2021 import Muller2021
from isogloss.errors import TableError
from isogloss.papers.muller2021.random_init import CELL, STUDY, references
from isogloss.statistics.crossed import correlate_crossed

Floats = NDArray[np.float64]

BEFORE, AFTER = "before", "after"
# The mean over all blocks; the embeddings, layer 0, are none.
MEAN = "mean"
COMPARED = ["text", "protocol", "index"]
# What stands for a task before fine-tuning.
NONE = "-"


def gaps(
    scores: pd.DataFrame,
    settings: Muller2021,
    names: Mapping[str, str],
    metrics: Mapping[str, str],
) -> pd.DataFrame:
    """Score on the own language less that on the target, of every reference run.

    Parameters and errors as of `random_init.references`.

    Returns
    -------
    DataFrame
        columns task (printed), source, target, seed, own, cross (percent) and gap (points)
    """
    found = references(scores, settings, names, metrics)
    own = found["source"] == found["target"]
    run = ["task", "source", "seed"]
    alone = found[own].rename(columns={"value": "own"})[[*run, "own"]]
    both = found[~own].rename(columns={"value": "cross"}).merge(alone, on=run, validate="m:1")
    both["gap"] = both["own"] - both["cross"]
    return both[["task", "source", "target", "seed", "own", "cross", "gap"]]


def stages(
    similarity: pd.DataFrame, settings: Muller2021, names: Mapping[str, str]
) -> pd.DataFrame:
    """Similarity of the study's models: the encoder before fine-tuning, and its reference runs.

    Parameters
    ----------
    similarity : table kind `similarity`; rows of other runs are left out, and in a run those of
        other sources than the one it was trained on
    names : printed name by configured task

    Returns
    -------
    DataFrame
        columns text, protocol, index, stage (before or after), task (printed, "-" before),
        source, target, seed, layer (0 to L) and value
    """
    rows = similarity[similarity["encoder"] == settings.encoder]
    before = rows[(rows["task"] == NONE) & (rows["trained_on"] == NONE)].assign(stage=BEFORE)
    parts = [before]
    for item in settings.tasks.values():
        run = (rows["task"] == item.task) & (rows["recipe"] == item.recipe)
        run &= (rows["trained_on"] == rows["source"]) & rows["seed"].isin(item.seeds)
        parts.append(rows[run].assign(stage=AFTER, task=names[item.task]))
    found = pd.concat(parts, ignore_index=True)
    return found[[*COMPARED, "stage", "task", "source", "target", "seed", "layer", "value"]]


def correlations(
    gap_rows: pd.DataFrame,
    similarity: pd.DataFrame,
    settings: Muller2021,
    names: Mapping[str, str],
) -> pd.DataFrame:
    """Spearman's rho of similarity and minus the gap over pairs of source and target.

    Both are means over seeds first. Before fine-tuning the similarity is the encoder's, after it
    that of the runs on the pair's source.

    Parameters
    ----------
    gap_rows : result of `gaps`
    similarity, names : as of `stages`

    Returns
    -------
    DataFrame
        columns task, text, protocol, index, stage, layer ("mean" for the mean over layers 1 to L,
        then 0 to L), value, n (pairs), p (pairs taken as independent), p_permutation, low and
        high as `statistics.crossed.correlate_crossed` gives; nan with fewer than four pairs,
        and where a quantity is constant or undefined

    Raises
    ------
    TableError
        if a source of a text has no similarity with a target that another source has
    """
    known = stages(similarity, settings, names)
    columns = ["task", *COMPARED, "stage", "layer", "value", "n", "p", "p_permutation"]
    columns += ["low", "high"]
    rows: list[tuple[object, ...]] = []
    for task in dict.fromkeys(gap_rows["task"]):
        gap = gap_rows[gap_rows["task"] == task].groupby(["source", "target"])["gap"].mean()
        models = known[(known["stage"] == BEFORE) | (known["task"] == task)]
        for key, part in models.groupby([*COMPARED, "stage"], sort=False):
            crossed = _crossed(part, gap, f"{task}, {', '.join(map(str, key))}")
            for layer, found in _correlated(crossed, settings):
                rows.append((task, *key, layer, *found))
    return pd.DataFrame(rows, columns=columns)


def chosen(frame: pd.DataFrame, settings: Muller2021, index: str | None = None) -> pd.DataFrame:
    """Rows that tables and claims rest on: the first text, states as means, and one index.

    Parameters
    ----------
    frame : columns text, protocol and index
    index : None for the study's first one
    """
    if settings.alignment is None:
        return frame.iloc[:0]
    text = next(iter(settings.alignment.texts))
    wanted = index or settings.alignment.indices[0]
    right = (frame["text"] == text) & (frame["index"] == wanted) & (frame["protocol"] == MEAN)
    return frame[right]


def cells(found: pd.DataFrame, settings: Muller2021) -> pd.DataFrame:
    """The talk's table of X-Gap as a table of kind `cells`; undefined numbers are left out.

    Parameters
    ----------
    found : result of `correlations`; the rows after fine-tuning with the mean over layers count,
        which is a choice of ours
    """
    rows = chosen(found, settings)
    rows = rows[(rows["stage"] == AFTER) & (rows["layer"] == MEAN) & rows["value"].notna()]
    values = [
        (STUDY, "xgap", task.lower(), "spearman", "correlation", float(value))
        for task, value in rows[["task", "value"]].itertuples(index=False)
    ]
    return pd.DataFrame(values, columns=CELL)


class _Crossed(NamedTuple):
    """Similarity by layer, (L + 1, S, T), and the gap, (S, T); nan on a language's own cell."""

    layers: Sequence[int]
    similarity: Floats
    gap: Floats
    sources: list[str]
    targets: list[str]


def _crossed(part: pd.DataFrame, gap: pd.Series, where: str) -> _Crossed:
    """Bring one model's similarity and the gap into matrices; what a text lacks is left out."""
    means = part.groupby(["source", "target", "layer"])["value"].mean().unstack("layer")
    means = means[means.index.isin(gap.index)]
    sources, targets = (sorted(set(means.index.get_level_values(i))) for i in (0, 1))
    grid = pd.MultiIndex.from_product([sources, targets], names=["source", "target"])
    held = set(means.index)
    absent = [pair for pair in grid if pair[0] != pair[1] and pair not in held]
    if absent:
        raise TableError(
            f"similarity ({where}): none of source {absent[0][0]!r} and target {absent[0][1]!r}; "
            "allowed: every source with the same targets"
        )
    shape = (len(sources), len(targets))
    values = means.reindex(grid).to_numpy(dtype=np.float64).T.reshape(means.shape[1], *shape)
    of_gap = gap.reindex(grid).to_numpy(dtype=np.float64).reshape(shape)
    return _Crossed([int(layer) for layer in means.columns], values, of_gap, sources, targets)


def _correlated(crossed: _Crossed, settings: Muller2021) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Correlation of the mean over layers 1 to L, then of each layer."""
    blocks = [place for place, layer in enumerate(crossed.layers) if layer > 0]
    # a plain mean: a layer without a value must not make the others stand for it
    mean = crossed.similarity[blocks].sum(axis=0) / max(1, len(blocks))
    found = correlate_crossed(
        np.concatenate([mean[None], crossed.similarity]),
        -crossed.gap,
        crossed.sources,
        crossed.targets,
        settings.permutations,
        settings.resamples,
        settings.statistics_seed,
    )
    for layer, value in zip([MEAN, *map(str, crossed.layers)], found, strict=True):
        yield layer, (value.value, value.n, value.p, value.p_permutation, value.low, value.high)
