"""What each study measures of a layer: damage of new weights, Phi, overlap, movement.

Damage is how much a score falls when a group of layers starts from new weights (Muller et al.
2021, RANDOM-INIT): minus the change of the score, so that more is worse. Of the other studies every
pair of two languages counts once, as the mean over its seeds; a language with itself takes no part.
`task` and `encoder` are configured names.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from isogloss.errors import TableError
from isogloss.papers.across.names import (
    ALL,
    CROSS,
    DAMAGES,
    DEPTH,
    EXCESS,
    MOVEMENT,
    NO_TASK,
    OVERLAP,
    PHI,
)
from isogloss.papers.muller2021.random_init import layers_of
from isogloss.statistics.paths import mean_interval

UNIT = ["task", "source"]
OTHER = ["quantity", "encoder", "task"]
PAIR = [*OTHER, "source", "target", "layer"]


def damages(changes: pd.DataFrame, tasks: Mapping[str, str]) -> pd.DataFrame:
    """Damage of each group of layers, by seed.

    Parameters
    ----------
    changes : result of `papers.muller2021.random_init.changes`: columns task (printed), source,
        target, group, seed and change (points), among others
    tasks : configured task by printed name

    Returns
    -------
    DataFrame
        columns damage, task, source, group, seed and value (points): `cross-lingual` is minus the
        mean change over all targets but the source, `cross-lingual less same-language` the same
        less the damage on the source itself

    Raises
    ------
    TableError
        if a run lacks the score on its own source, or has no other one
    """
    keys = [*UNIT, "group", "seed"]
    own = changes["source"] == changes["target"]
    fall = changes.assign(task=changes["task"].map(dict(tasks)), fall=-changes["change"])
    cross = fall[~own].groupby(keys)["fall"].mean()
    same = fall[own].groupby(keys)["fall"].mean()
    alone = cross.index.symmetric_difference(same.index)
    if len(alone):
        where = ", ".join(f"{key} {part}" for key, part in zip(keys, alone[0], strict=True))
        raise TableError(
            f"changes: {where} has not both a score on its source and one on another language; "
            "damage needs both"
        )
    parts = {CROSS: cross, EXCESS: cross - same}
    frames = [
        part.rename("value").reset_index().assign(damage=name) for name, part in parts.items()
    ]
    return pd.concat(frames, ignore_index=True)[["damage", *keys, "value"]]


def of_groups(damage: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of `damages`: columns damage, task, source, group and value."""
    names = ["damage", *UNIT, "group"]
    return damage.groupby(names, sort=False)["value"].mean().reset_index()


def phi(cka: pd.DataFrame, base: str) -> pd.DataFrame:
    """Phi of each pair and layer (Philippy et al. 2023), against one base.

    cka : table kind `cka`

    Returns
    -------
    DataFrame
        columns quantity, encoder, task, source, target, layer and value (1 - CKA)

    Raises
    ------
    TableError
        if the table has no such base
    """
    rows = cka[cka["base"] == base]
    if rows.empty:
        found = ", ".join(sorted(cka["base"].unique()))
        raise TableError(f"cka: no base {base!r}; allowed: {found}")
    names = {"trained_on": "source", "language": "target", "phi": "value"}
    return _pairs(rows.rename(columns=names), PHI)


def overlap(table: pd.DataFrame, p: float) -> pd.DataFrame:
    """Jaccard coefficient of each pair and block (Yun et al. 2023); layer 0 is all together.

    Parameters
    ----------
    table : table kind `overlap`; of each task the sub-networks of the most examples are taken
    p : fraction of the parameters that a sub-network keeps

    Returns
    -------
    DataFrame
        as of `phi`; a value is nan where all seeds have empty masks

    Raises
    ------
    TableError
        if the table has no such p
    """
    most = table.groupby(["encoder", "task"])["asked"].transform("max")
    rows = table[(table["asked"] == most) & np.isclose(table["p"], p, rtol=0, atol=1e-9)]
    if rows.empty:
        found = ", ".join(map(str, sorted(table["p"].unique())))
        raise TableError(f"overlap: no p = {p}; allowed: {found}")
    return _pairs(rows.rename(columns={"jaccard": "value"}), OVERLAP)


def movement(directions: pd.DataFrame) -> pd.DataFrame:
    """How far each layer of the source's model lies from the bilingual one (Wu et al. 2022).

    directions : table kind `directions`

    Returns
    -------
    DataFrame
        as of `phi`; value is the Euclidean norm. Embeddings, pooler and head are left out
    """
    rows = directions[(directions["level"] == "layer") & directions["name"].str.isdecimal()]
    rows = rows.assign(layer=rows["name"].astype("int64"), value=rows["norm_source"])
    return _pairs(rows, MOVEMENT)


def depth(encoder: str, layers: int, sources: Sequence[str]) -> pd.DataFrame:
    """The number of the layer itself, with which the others are to be compared.

    Returns
    -------
    DataFrame
        as of `by_layer`
    """
    rows = [
        (DEPTH, encoder, NO_TASK, source, layer, float(layer), 0)
        for source in sources
        for layer in range(1, layers + 1)
    ]
    return pd.DataFrame(rows, columns=[*OTHER, "source", "layer", "value", "n"])


def _pairs(rows: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Means over seeds of pairs of two languages, in order."""
    two = rows[rows["source"] != rows["target"]].assign(quantity=quantity)
    return two.groupby(PAIR, sort=True)["value"].mean().reset_index()


def by_layer(values: pd.DataFrame) -> pd.DataFrame:
    """Mean over the targets of each source and layer.

    values : columns of `phi`, of any quantities; layer 0 is left out

    Returns
    -------
    DataFrame
        columns quantity, encoder, task, source, layer, value and n (targets with a value)
    """
    grouped = values[values["layer"] > 0].groupby([*OTHER, "source", "layer"], sort=False)["value"]
    return grouped.agg(value="mean", n="count").reset_index()


def of_group(values: pd.Series, groups: Iterable[str]) -> list[float]:
    """Mean over the layers of each group; nan where one has no value.

    values : by layer
    """
    found = []
    for group in groups:
        chosen = values.reindex(list(layers_of(group)))
        found.append(float(chosen.mean(skipna=False)))
    return found


def layer_table(damage: pd.DataFrame, quantities: pd.DataFrame, encoder: str) -> pd.DataFrame:
    """All quantities by layer; of damage, each layer has the mean over the groups that hold it.

    Parameters
    ----------
    damage : result of `damages`
    quantities : result of `by_layer`
    encoder : of RANDOM-INIT

    Returns
    -------
    DataFrame
        columns quantity, encoder, task, source (RANDOM-INIT's; `all`: mean over them), layer,
        value, low and high (of damage: Student's t over the seeds' means, 95 percent; else nan)
        and n (of damage seeds, else targets or sources)
    """
    held = damage.assign(layer=damage["group"].map(lambda group: list(layers_of(group)))).explode(
        "layer"
    )
    held = held.astype({"layer": "int64"})
    seeds = held.groupby(["damage", *UNIT, "layer", "seed"], sort=False)["value"].mean()
    # a task's seeds are the same for all sources
    whole = seeds.groupby(level=["damage", "task", "layer", "seed"], sort=False).mean()
    frames = [seeds.reset_index(), whole.reset_index().assign(source=ALL)]
    rows = [
        (str(name), encoder, task, source, layer, *mean_interval(values), len(values))
        for frame in frames
        for (name, task, source, layer), part in frame.groupby(
            ["damage", *UNIT, "layer"], sort=False
        )
        for values in [part["value"].to_numpy(dtype=np.float64)]
    ]
    columns = [*OTHER, "source", "layer", "value", "low", "high", "n"]
    shared = quantities[quantities["source"].isin(set(damage["source"]))]
    means = shared.groupby([*OTHER, "layer"], sort=False)["value"]
    pooled = means.agg(value="mean", n="count").reset_index().assign(source=ALL)
    found = pd.concat([pd.DataFrame(rows, columns=columns), shared, pooled], ignore_index=True)
    names = list(dict.fromkeys([*DAMAGES, *found["quantity"]]))
    keys = found.assign(
        quantity=found["quantity"].map(names.index), pooled=found["source"] == ALL
    ).sort_values([*OTHER, "pooled", "source", "layer"], kind="stable")
    return found.loc[keys.index, columns].reset_index(drop=True)
