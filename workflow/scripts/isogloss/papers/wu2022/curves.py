"""Scores along lines and over planes between the runs of a pair, and around the source's model.

`task` is the configured name of a task, `side` says which language of the pair was scored
("source" or "target"), `bilingual` is the mean over seeds of the bilingual model on that side.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.errors import TableError
from isogloss.statistics.paths import (
    Flatness,
    PathDescription,
    describe_path,
    describe_surface,
    mean_interval,
    unit_bands,
)

Floats = NDArray[np.float64]
Variance = Literal["mean", "squared_mean", "variance"]

PAIR = ["encoder", "task", "source", "target"]
LINE = [*PAIR, "part", "start"]
PLANE = [*PAIR, "part"]
AXES = ["alpha_source", "alpha_target"]
# What a band or an interval draws.
UNIT = ["source", "target", "task"]
DESCRIPTION = ["quantity", "value", "low", "high", "seeds"]


def mean_scores(paths: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Mean and variance over seeds of every point of every line.

    Parameters
    ----------
    paths : table kind `paths`
    metrics : the metric of each task

    Returns
    -------
    DataFrame
        columns encoder, task, source, target, part, start, alpha, side, mean (percent), variance
        (n - 1 in the denominator, percent squared; nan for one seed) and seeds (their number)

    Raises
    ------
    TableError
        if a task or its metric is missing, a language is none of its pair's, or a seed has two
        scores of a point
    """
    return _over_seeds(_sided(paths, metrics, "paths"), [*LINE, "alpha", "side"], "paths")


def normalise(frame: pd.DataFrame, variance: Variance) -> pd.DataFrame:
    """Divide by the bilingual model of the same pair and side (Section 4).

    Parameters
    ----------
    frame : result of `mean_scores`
    variance : what a variance is divided by, of the bilingual model: its mean, its squared
        mean, or its variance. The paper says performance

    Returns
    -------
    DataFrame
        `frame` with the columns bilingual (percent: alpha 1, part all), performance (share of
        it) and normalised_variance; nan where the divisor is 0

    Raises
    ------
    TableError
        if a pair has no bilingual model
    """
    ends = frame[(frame["alpha"] == 1) & (frame["part"] == "all")]
    # lines from both ends lead to the same bilingual model
    of_pair = ends.groupby([*PAIR, "side"])[["mean", "variance"]].mean()
    of_pair.columns = pd.Index(["bilingual", "_spread"])
    joined = frame.join(of_pair, on=[*PAIR, "side"])
    _check_bilingual(joined, "paths", "alpha 1 of part all")
    divisor = {
        "mean": joined["bilingual"],
        "squared_mean": joined["bilingual"] ** 2,
        "variance": joined["_spread"],
    }[variance]
    return joined.assign(
        performance=joined["mean"] / _not_zero(joined["bilingual"]),
        normalised_variance=joined["variance"] / _not_zero(divisor),
    ).drop(columns="_spread")


def bands(
    frame: pd.DataFrame, by: Sequence[str], value: str, resamples: int, seed: int
) -> pd.DataFrame:
    """Mean and 95 percent bootstrap interval over pairs and tasks (Figure 2).

    All alphas of a group share their resamples, and so do groups of equally many units.

    Parameters
    ----------
    frame : for instance result of `normalise`; columns source, target, task, `by` and `value`
    by : columns of a group; alpha may be among them

    Returns
    -------
    DataFrame
        columns `by`, mean, low, high and n (units with a value); sorted by `by`

    Raises
    ------
    TableError
        if a unit has several values in a group
    """
    points = [name for name in by if name == "alpha"]
    names = [name for name in by if name != "alpha"]
    rows = frame.assign(**({} if points else {"alpha": 0.0}))
    parts = []
    for group in [part for _, part in rows.groupby(names)] if names else [rows]:
        twice = group[group.duplicated([*UNIT, "alpha"])]
        if len(twice):
            where = ", ".join(f"{name} {twice.iloc[0][name]}" for name in UNIT)
            raise TableError(f"bands: several values of {where}; allowed is one per group of {by}")
        wide = group.pivot(index=UNIT, columns="alpha", values=value).sort_index()
        found = unit_bands(wide.to_numpy(dtype=np.float64), resamples, seed)
        same = group[names].iloc[[0] * wide.shape[1]].reset_index(drop=True)
        part = pd.DataFrame(found._asdict()).assign(alpha=wide.columns.to_numpy())
        parts.append(pd.concat([same, part], axis=1))
    columns = [*by, "mean", "low", "high", "n"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns].sort_values(list(by), ignore_index=True)


def described(paths: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Shape of every line on [0, 1], computed for each seed on scores in percent.

    Parameters and errors as of `mean_scores`, and those of `describe_path`.

    Returns
    -------
    DataFrame
        columns encoder, task, source, target, part, start, side, quantity (a field of
        `PathDescription`), value (mean over seeds), low, high (Student's t, 95 percent; nan for
        one seed) and seeds (those that have the quantity)
    """
    rows = _sided(paths, metrics, "paths")
    _check_once(rows, [*LINE, "alpha", "side", "seed"], "paths")
    names = [*LINE, "side"]
    found = []
    for key, group in rows.groupby(names, sort=True):
        wide = group.pivot(index="seed", columns="alpha", values="value")
        alphas = wide.columns.to_numpy(dtype=np.float64)
        shapes = [describe_path(alphas, row) for row in wide.to_numpy(dtype=np.float64)]
        found += _summaries(key, PathDescription._fields, np.array(shapes))
    return pd.DataFrame(found, columns=[*names, *DESCRIPTION])


def relative(descriptions: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Shapes of lines as shares of the bilingual model's score.

    Parameters
    ----------
    descriptions : result of `described`
    curves : result of `normalise`

    Returns
    -------
    DataFrame
        one row per line and side with a column for each quantity: all but linearity, which has
        no unit, divided by the bilingual model's mean (nan where that is 0)
    """
    names = [*LINE, "side"]
    wide = descriptions.pivot(index=names, columns="quantity", values="value")
    wide = wide.reindex(columns=list(PathDescription._fields)).reset_index()
    of_pair = curves.groupby([*PAIR, "side"])["bilingual"].first()
    scale = _not_zero(wide.join(of_pair, on=[*PAIR, "side"])["bilingual"])
    scaled = [name for name in PathDescription._fields if name != "linearity"]
    wide[scaled] = wide[scaled].div(scale, axis=0)
    return wide.rename_axis(columns=None)


def mean_planes(planes: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Mean over seeds of every point of every plane, normalised (Figures 3 and 10).

    Parameters
    ----------
    planes : table kind `planes`
    metrics : the metric of each task

    Returns
    -------
    DataFrame
        columns encoder, task, source, target, part, alpha_source, alpha_target, side, mean,
        variance and seeds as of `mean_scores`, bilingual (percent: the point (0, 0)) and
        performance (share of it; nan where that is 0)

    Raises
    ------
    TableError
        as `mean_scores`, and if a plane lacks the point (0, 0)
    """
    frame = _over_seeds(_sided(planes, metrics, "planes"), [*PLANE, *AXES, "side"], "planes")
    centre = frame[(frame["alpha_source"] == 0) & (frame["alpha_target"] == 0)]
    of_plane = centre.set_index([*PLANE, "side"])["mean"].rename("bilingual")
    joined = frame.join(of_plane, on=[*PLANE, "side"])
    _check_bilingual(joined, "planes", "the point (0, 0)")
    return joined.assign(performance=joined["mean"] / _not_zero(joined["bilingual"]))


def flatness(planes: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """How flat every plane is, computed for each seed on shares of the bilingual mean.

    Parameters and errors as of `mean_planes`, and those of `describe_surface`.

    Returns
    -------
    DataFrame
        columns encoder, task, source, target, part, side, quantity, value (mean over seeds), low,
        high (Student's t, 95 percent; nan for one seed) and seeds. Quantities are the fields of
        `Flatness`; at_first and at_second belong to the source's and the target's model. All
        are nan where the bilingual model's mean is 0
    """
    rows = _sided(planes, metrics, "planes")
    _check_once(rows, [*PLANE, *AXES, "side", "seed"], "planes")
    means = mean_planes(planes, metrics)
    names = [*PLANE, "side"]
    rows = rows.join(means.groupby(names)["bilingual"].first(), on=names)
    found = []
    for key, group in rows.groupby(names, sort=True):
        shapes = [_flatness_of(plane) for _, plane in group.groupby("seed", sort=True)]
        found += _summaries(key, Flatness._fields, np.array(shapes))
    return pd.DataFrame(found, columns=[*names, *DESCRIPTION])


def kept_shares(sharpness: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Scores after steps in random directions as shares of the model's own.

    Parameters
    ----------
    sharpness : table kind `sharpness`
    metrics : the metric of each task

    Returns
    -------
    DataFrame
        columns encoder, task, source, seed, target (the language scored), side (source or target),
        radius and share, mean over directions; nan where the model itself scores 0
    """
    rows = sharpness[sharpness["metric"] == sharpness["task"].map(dict(metrics))]
    run = ["encoder", "task", "source", "seed", "language"]
    own = rows[rows["radius"] == 0].set_index(run)["value"]
    moved = rows[rows["radius"] > 0].groupby([*run, "radius"])["value"].mean().reset_index()
    moved = moved.join(own.where(own > 0).rename("own"), on=run)
    moved = moved.assign(
        share=moved["value"] / moved["own"],
        side=np.where(moved["language"] == moved["source"], "source", "target"),
        target=moved["language"],
    )
    names = ["encoder", "task", "source", "seed", "target", "side", "radius", "share"]
    return moved[names].reset_index(drop=True)


def excess_losses(sharpness: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """How much more of its score a target loses than the source at the same distance.

    Parameters as of `kept_shares`.

    Returns
    -------
    DataFrame
        columns encoder, task, source, seed, radius and excess: mean loss of the targets, as a share
        of the model's own score, less that of the source; nan where a score of the model itself is
        0 or a side is missing
    """
    shares = kept_shares(sharpness, metrics)
    names = ["encoder", "task", "source", "seed", "radius"]
    # a mean over the targets that are left would compare other languages in each run
    sides = shares.groupby([*names, "side"])["share"].mean(skipna=False).unstack()
    sides = sides.reindex(columns=["source", "target"])
    return (sides["source"] - sides["target"]).rename("excess").reset_index()


def _flatness_of(plane: pd.DataFrame) -> Flatness:
    """Of one seed's rows, with the mean of the bilingual model beside them."""
    wide = plane.pivot(index="alpha_source", columns="alpha_target", values="value")
    bilingual = float(plane["bilingual"].iloc[0])
    axes = [axis.to_numpy(dtype=np.float64) for axis in (wide.index, wide.columns)]
    if bilingual == 0:
        return Flatness(*[math.nan] * len(Flatness._fields))
    return describe_surface(axes[0], axes[1], wide.to_numpy(dtype=np.float64) / bilingual)


def _sided(rows: pd.DataFrame, metrics: Mapping[str, str], kind: str) -> pd.DataFrame:
    """Rows of each task's metric in the order of their keys, with the side that was scored."""
    unknown = sorted(set(rows["task"]) - set(metrics))
    if unknown:
        raise TableError(
            f"{kind}: no metric is given for task {unknown[0]!r}; given are {sorted(metrics)}"
        )
    chosen = rows[rows["metric"] == rows["task"].map(dict(metrics))]
    absent = sorted(set(rows["task"]) - set(chosen["task"]))
    if absent:
        there = sorted(set(rows.loc[rows["task"] == absent[0], "metric"]))
        raise TableError(
            f"{kind}: no {metrics[absent[0]]} of task {absent[0]!r}; there are {there}"
        )
    other = chosen[_side(chosen) == ""]
    if len(other):
        row = other.iloc[0]
        raise TableError(
            f"{kind}: language {row['language']!r} of pair {row['source']}+{row['target']}; "
            "allowed are the two of the pair"
        )
    # sums follow the order of rows, and so do their last digits
    order = [name for name in (*LINE, "alpha", *AXES, "language", "seed") if name in chosen]
    return chosen.assign(side=_side(chosen)).sort_values(order, ignore_index=True)


def _side(rows: pd.DataFrame) -> pd.Series:
    names = np.select(
        [rows["language"] == rows["source"], rows["language"] == rows["target"]],
        ["source", "target"],
        "",
    )
    return pd.Series(names, index=rows.index, dtype="str")


def _over_seeds(rows: pd.DataFrame, names: list[str], kind: str) -> pd.DataFrame:
    _check_once(rows, [*names, "seed"], kind)
    grouped = rows.groupby(names, sort=True)["value"]
    return grouped.agg(mean="mean", variance="var", seeds="size").reset_index()


def _check_once(rows: pd.DataFrame, names: list[str], kind: str) -> None:
    twice = rows.duplicated(names)
    if twice.any():
        row = rows[twice].iloc[0]
        where = ", ".join(f"{name} {row[name]}" for name in names)
        raise TableError(f"{kind}: two scores of {where}; allowed is one")


def _check_bilingual(joined: pd.DataFrame, kind: str, what: str) -> None:
    lost = joined["bilingual"].isna()
    if lost.any():
        row = joined[lost].iloc[0]
        where = ", ".join(f"{name} {row[name]}" for name in (*PAIR, "side"))
        raise TableError(f"{kind}: no bilingual model of {where}; {what} is required")


def _not_zero(values: pd.Series) -> pd.Series:
    return values.where(values != 0)


def _summaries(
    key: tuple[object, ...], quantities: Sequence[str], shapes: Floats
) -> list[tuple[object, ...]]:
    """Mean and interval over seeds of each quantity; shapes (seeds, quantities)."""
    return [
        (*key, quantity, *mean_interval(column), int(np.sum(~np.isnan(column))))
        for quantity, column in zip(quantities, shapes.T, strict=True)
    ]
