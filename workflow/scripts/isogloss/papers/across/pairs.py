"""What each study measures of a pair of languages, source and target.

`task` and `encoder` are configured names; a pair's value is a mean over its seeds.
"""

from collections.abc import Mapping

import pandas as pd

from isogloss.config.muller2021 import Alignment
from isogloss.errors import TableError
from isogloss.papers.across.layers import OTHER, UNIT
from isogloss.papers.across.names import (
    NO_TASK,
    OVERLAP,
    PHI,
    PHI_LAST,
    PHI_MEAN,
    SIMILARITY,
    SLOPE,
)
from isogloss.papers.muller2021.random_init import half
from isogloss.papers.wu2022.curves import described

PAIR = [*OTHER, "source", "target"]


def damage(changes: pd.DataFrame, tasks: Mapping[str, str], layers: int) -> pd.DataFrame:
    """Mean damage of new weights in the lower half, by pair.

    A group lies in the half in which the mean number of its layers does.

    Parameters
    ----------
    changes : result of `papers.muller2021.random_init.changes`
    tasks : configured task by printed name
    layers : blocks of the encoder

    Returns
    -------
    DataFrame
        columns task, source, target and value (points: minus the change, mean over groups and
        seeds); no rows where no group lies in the lower half
    """
    lower = changes["group"].map(lambda group: half(group, layers)) == "lower"
    chosen = lower & (changes["source"] != changes["target"])
    rows = changes[chosen]
    rows = rows.assign(task=rows["task"].map(dict(tasks)), value=-rows["change"])
    return rows.groupby([*UNIT, "target"], sort=True)["value"].mean().reset_index()


def phi(values: pd.DataFrame) -> pd.DataFrame:
    """Phi of the last layer, and its mean over all layers.

    values : result of `layers.phi`

    Returns
    -------
    DataFrame
        columns quantity, encoder, task, source, target and value
    """
    rows = values[values["quantity"] == PHI].sort_values("layer", kind="stable")
    pairs = rows.groupby(PAIR[1:], sort=True)["value"]
    parts = {PHI_LAST: pairs.last(skipna=False), PHI_MEAN: pairs.mean(skipna=False)}
    frames = [part.reset_index().assign(quantity=name) for name, part in parts.items()]
    return pd.concat(frames, ignore_index=True)[[*PAIR, "value"]]


def overlap(values: pd.DataFrame) -> pd.DataFrame:
    """Overlap of all blocks together, in the columns of `phi`.

    values : result of `layers.overlap`
    """
    rows = values[(values["quantity"] == OVERLAP) & (values["layer"] == 0)]
    return rows[[*PAIR, "value"]].reset_index(drop=True)


def slope(paths: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Slope of the target's score on the line from the source's model to the bilingual one.

    Parameters
    ----------
    paths : table kind `paths`
    metrics : the metric of each task

    Returns
    -------
    DataFrame
        in the columns of `phi`; points per unit of alpha

    Raises
    ------
    TableError
        as `papers.wu2022.curves.described`
    """
    whole = paths[(paths["part"] == "all") & (paths["start"] == "source")]
    found = described(whole, metrics)
    rows = found[(found["side"] == "target") & (found["quantity"] == "slope")]
    return rows.assign(quantity=SLOPE)[[*PAIR, "value"]].reset_index(drop=True)


def similarity(table: pd.DataFrame, alignment: Alignment) -> pd.DataFrame:
    """Similarity of two languages' states, mean over layers from 1; task `-` before fine-tuning.

    Parameters
    ----------
    table : table kind `similarity`; the first text and index of the study, and protocol `mean`
        or else the first
    alignment : of the study

    Returns
    -------
    DataFrame
        in the columns of `phi`; nan where a layer has no value

    Raises
    ------
    TableError
        if the table has no such rows
    """
    protocols = alignment.protocols
    wanted = {
        "text": next(iter(alignment.texts)),
        "index": alignment.indices[0],
        "protocol": "mean" if "mean" in protocols else protocols[0],
    }
    rows = table[(table["layer"] > 0) & (table["source"] != table["target"])]
    for column, setting in wanted.items():
        rows = rows[rows[column] == setting]
    # of a run the pairs of its own source
    rows = rows[(rows["task"] == NO_TASK) | (rows["trained_on"] == rows["source"])]
    if rows.empty:
        raise TableError(f"similarity: no row with {wanted}")
    names = [*PAIR, "seed"]
    seeds = rows.assign(quantity=SIMILARITY).groupby(names, sort=True)["value"].mean(skipna=False)
    return seeds.groupby(level=PAIR, sort=True).mean(skipna=False).reset_index()
