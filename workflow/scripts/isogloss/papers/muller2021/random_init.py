"""RANDOM-INIT: what new weights in some layers cost in the source language and elsewhere.

`task` is the printed name of a task (Parsing, POS, NER). A group is a set of layers, written as
1-2; REF is the run whose layers all stay as they were pretrained.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd

from isogloss.config.muller2021 import Muller2021, groups_of, targets_of
from isogloss.config.runs import reinitialised_recipe
from isogloss.errors import TableError
from isogloss.statistics.paths import mean_interval

STUDY = "muller2021"
REFERENCE = "REF"
# The mean over a source's targets, as the published table names it.
OTHERS = "X_mean"
CELL = ["study", "item", "row", "column", "unit", "value"]
_RUN = ["task", "trained_on", "recipe", "seed", "language"]


def references(
    scores: pd.DataFrame,
    settings: Muller2021,
    names: Mapping[str, str],
    metrics: Mapping[str, str],
) -> pd.DataFrame:
    """Scores of the reference runs on their own language and on their targets.

    Parameters
    ----------
    scores : table kind `scores`; other runs, languages and metrics in it are left out
    names : printed name by configured task
    metrics : metric by configured task

    Returns
    -------
    DataFrame
        columns task, source, target (the source itself among them), seed and value (percent)

    Raises
    ------
    TableError
        if a task has no name or metric, or a run's score is missing or there twice
    """
    wanted = _wanted(settings, names, [()])
    found = _scored(wanted, scores, settings, metrics)
    return found[["task", "source", "target", "seed", "value"]]


def changes(
    scores: pd.DataFrame,
    settings: Muller2021,
    names: Mapping[str, str],
    metrics: Mapping[str, str],
    layers: int,
) -> pd.DataFrame:
    """What each group of new layers changes, run by run: the same seed with and without them.

    Parameters and errors as of `references`; `layers` is the depth of the encoder.

    Returns
    -------
    DataFrame
        columns task, source, target (the source itself among them), group, seed, value (REF,
        percent), changed (the score with new layers, percent) and change (points)
    """
    before = references(scores, settings, names, metrics)
    wanted = _wanted(settings, names, groups_of(settings, layers))
    after = _scored(wanted, scores, settings, metrics).rename(columns={"value": "changed"})
    key = ["task", "source", "target", "seed"]
    paired = after[[*key, "group", "changed"]].merge(before, on=key, validate="m:1")
    paired["change"] = paired["changed"] - paired["value"]
    return paired[["task", "source", "target", "group", "seed", "value", "changed", "change"]]


def layers_of(group: str) -> tuple[int, ...]:
    """Layers of a group; `group_name` makes the name."""
    return tuple(int(layer) for layer in group.split("-"))


def group_name(layers: Sequence[int]) -> str:
    """Name of a set of layers: 1-2."""
    return "-".join(str(layer) for layer in sorted(layers))


def centre(group: str) -> float:
    """Mean number of a group's layers, its depth."""
    layers = layers_of(group)
    return sum(layers) / len(layers)


def half(group: str, layers: int) -> Literal["lower", "upper", "middle"]:
    """Which half of an encoder of so many layers the centre of a group lies in."""
    middle = (1 + layers) / 2
    if centre(group) == middle:
        return "middle"
    return "lower" if centre(group) < middle else "upper"


def sides(changed: pd.DataFrame) -> pd.DataFrame:
    """Own language, and mean over the targets, of every run.

    Parameters
    ----------
    changed : result of `changes`

    Returns
    -------
    DataFrame
        columns task, source, side (same or cross), group, seed, value (REF, percent) and
        change (points); in the order of `changed`
    """
    side = (changed["source"] == changed["target"]).map({True: "same", False: "cross"})
    key = ["task", "source", "side", "group", "seed"]
    grouped = changed.assign(side=side).groupby(key, sort=False)
    return grouped[["value", "change"]].mean().reset_index()


def table(changed: pd.DataFrame) -> pd.DataFrame:
    """The talk's table of RANDOM-INIT with intervals over seeds, in long form.

    Parameters
    ----------
    changed : result of `changes`

    Returns
    -------
    DataFrame
        columns task, row (en-en, en-X_mean), group, reference (percent), change, low, high (points;
        Student's t over seeds of the means over targets, 95 percent; nan for one seed) and seeds;
        rows of own languages first, as the talk has them
    """
    runs = sides(changed)
    tasks, sources = (list(dict.fromkeys(runs[name])) for name in ("task", "source"))
    rows = []
    for (task, source, side, group), part in runs.groupby(
        ["task", "source", "side", "group"], sort=False
    ):
        row = f"{source}-{source if side == 'same' else OTHERS}"
        change = mean_interval(part["change"].to_numpy(dtype=float))
        place = (tasks.index(task), side != "same", sources.index(source))
        rows.append((place, (task, row, group, part["value"].mean(), *change, len(part))))
    columns = ["task", "row", "group", "reference", "change", "low", "high", "seeds"]
    ordered = [row for _, row in sorted(rows, key=lambda item: item[0])]
    return pd.DataFrame(ordered, columns=columns)


def las_table(
    scores: pd.DataFrame,
    settings: Muller2021,
    names: Mapping[str, str],
    metrics: Mapping[str, str],
) -> pd.DataFrame:
    """Scores of the first source's reference runs, task by task (the talk prints parsing).

    Parameters and errors as of `references`.

    Returns
    -------
    DataFrame
        columns task, source, target (the source, its targets, and X_mean for their mean), value,
        low, high (percent; Student's t over seeds, 95 percent; nan for one seed) and seeds
    """
    source = settings.sources[0]
    whole = references(scores, settings, names, metrics)
    own = whole[whole["source"] == source]
    others = own[own["target"] != source].groupby(["task", "source", "seed"], sort=False)["value"]
    mean = others.mean().reset_index().assign(target=OTHERS)
    order = [source, *targets_of(settings, source), OTHERS]
    grouped = dict(list(pd.concat([own, mean]).groupby(["task", "target"])["value"]))
    rows = [
        (task, source, target, *mean_interval(values.to_numpy(dtype=float)), len(values))
        for task in dict.fromkeys(own["task"])
        for target in order
        for values in [grouped[task, target]]
    ]
    columns = ["task", "source", "target", "value", "low", "high", "seeds"]
    return pd.DataFrame(rows, columns=columns)


def cells(random_init: pd.DataFrame, las: pd.DataFrame) -> pd.DataFrame:
    """Numbers of the talk's tables, as a table of kind `cells`.

    Items random_init_parsing and mbert_parsing are published; the same of other tasks are named
    random_init_pos and random_init_ner. Only pairs of consecutive layers stand in the talk.

    Parameters
    ----------
    random_init : result of `table`
    las : result of `las_table`
    """
    rows: list[tuple[str, str, str, str, float]] = []
    for key, part in random_init.groupby(["task", "row"], sort=False):
        task, row = (str(name) for name in key)
        item = f"random_init_{task.lower()}"
        rows.append((item, row, REFERENCE, "percent", float(part["reference"].iloc[0])))
        rows += [
            (item, row, group, "points", float(change))
            for group, change in part[["group", "change"]].itertuples(index=False)
            if _consecutive(group)
        ]
    parsing = las[las["task"] == "Parsing"]
    rows += [
        ("mbert_parsing", source, target, "percent", float(value))
        for source, target, value in parsing[["source", "target", "value"]].itertuples(index=False)
    ]
    return pd.DataFrame([(STUDY, *row) for row in rows], columns=CELL)


def _consecutive(group: str) -> bool:
    layers = layers_of(group)
    return len(layers) == 2 and layers[1] == layers[0] + 1


def _wanted(
    settings: Muller2021, names: Mapping[str, str], groups: Sequence[tuple[int, ...]]
) -> pd.DataFrame:
    """Runs and languages that the study needs; the empty group stands for REF."""
    rows = []
    for item in settings.tasks.values():
        if item.task not in names:
            raise TableError(f"names: none of task {item.task!r}; allowed: one for each task")
        for group in groups:
            recipe = reinitialised_recipe(item.recipe, group) if group else item.recipe
            for source in settings.sources:
                for target in [source, *targets_of(settings, source)]:
                    place = (names[item.task], item.task, source, target, group_name(group), recipe)
                    rows += [(*place, seed) for seed in item.seeds]
    columns = ["printed", "task", "source", "target", "group", "recipe", "seed"]
    return pd.DataFrame(rows, columns=columns)


def _scored(
    wanted: pd.DataFrame, scores: pd.DataFrame, settings: Muller2021, metrics: Mapping[str, str]
) -> pd.DataFrame:
    """`wanted` with the column value and printed names for tasks."""
    unknown = set(wanted["task"]) - set(metrics)
    if unknown:
        raise TableError(f"metrics: none of task {min(unknown)!r}; allowed: one for each task")
    right = (scores["encoder"] == settings.encoder) & (
        scores["metric"] == scores["task"].map(dict(metrics))
    )
    chosen = scores.loc[right, [*_RUN, "value"]]
    named = wanted.assign(trained_on=wanted["source"], language=wanted["target"])
    found = named.merge(chosen, on=_RUN, how="left", sort=False)
    for wrong, what in (
        (found["value"].isna(), "no score"),
        (found.duplicated(_RUN), "two scores"),
    ):
        if wrong.any():
            row = found[wrong].iloc[0]
            run = "/".join(str(row[name]) for name in ("task", "trained_on", "recipe", "seed"))
            raise TableError(
                f"scores: {what} ({metrics[row['task']]}) of run {settings.encoder}/{run} on "
                f"language {row['language']!r}; allowed: one"
            )
    return found.drop(columns="task").rename(columns={"printed": "task"})
