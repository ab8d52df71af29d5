"""How well each method ranks the sources of a target (Yun et al. 2023, Section 4.3)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from isogloss.papers.xsns2023.gold import Floats, Gold
from isogloss.statistics.ranking import always, chance_scores, evaluate_ranking, oracle

METHOD = "X-SNS"
# Setting of a method that fills the tables, where it has several.
MAIN_SETTING = {"SuE": "text", "EMB": "last"}


class Method(NamedTuple):
    """A predictor in one setting.

    values : shape (seeds, sources, targets), or (1, sources) for one order of all targets' sources;
        higher is better
    asked, layer, p : of a sub-network, else 0
    """

    name: str
    setting: str
    values: Floats
    asked: int = 0
    layer: int = 0
    p: float = 0.0


def matrices(frame: pd.DataFrame, value: str, gold: Gold) -> Floats:
    """Values by seed, source and target, shape (seeds, sources, targets).

    frame : columns seed, source, target and `value`
    """
    wide = frame.pivot(index=["seed", "source"], columns="target", values=value)
    seeds = sorted(frame["seed"].unique())
    wanted = pd.MultiIndex.from_product([seeds, gold.sources])
    full = wide.reindex(index=wanted, columns=gold.targets)
    shape = (len(seeds), len(gold.sources), len(gold.targets))
    return full.to_numpy(dtype=np.float64).reshape(shape)


def main_overlap(overlap: pd.DataFrame, p: float, gold: Gold) -> Floats:
    """Jaccard coefficients that fill the tables, shape (seeds, sources, targets).

    overlap : table kind `overlap` of one sub-network; of the most examples, all blocks together
    """
    usual = (overlap["asked"] == overlap["asked"].max()) & (overlap["layer"] == 0)
    return matrices(overlap[usual & (overlap["p"] == p)], "jaccard", gold)


def overlap_methods(overlap: pd.DataFrame, p: float, main: bool, gold: Gold) -> Iterator[Method]:
    """X-SNS in the settings that tables and figures show.

    Parameters
    ----------
    overlap : table kind `overlap` of one sub-network
    p : of the tables
    main : whether figures show the sub-network: all p, numbers of examples and blocks too
    """
    name = str(overlap["subnetwork"].iloc[0])
    asked = int(overlap["asked"].max())
    shown = (overlap["asked"] == asked) & (overlap["layer"] == 0)
    if main:
        one_p = overlap["p"] == p
        shown |= one_p & ((overlap["asked"] == asked) | (overlap["layer"] == 0))
    else:
        shown &= overlap["p"] == p
    for _, group in overlap[shown].groupby(["asked", "layer", "p"]):
        first = group.iloc[0]
        values = matrices(group, "jaccard", gold)
        yield Method(
            METHOD, name, values, int(first["asked"]), int(first["layer"]), float(first["p"])
        )


def predictor_methods(predictors: pd.DataFrame, gold: Gold) -> Iterator[Method]:
    """All others, from table kind `predictors`."""
    for (name, setting), group in predictors.groupby(["method", "setting"]):
        yield Method(str(name), str(setting), matrices(group, "value", gold))


def lines(gold: Gold, source: str) -> Iterator[Method]:
    """What a method must beat, and what none can: the usual source, and the best one."""
    yield Method("usual", source, always(gold.sources.index(source), len(gold.sources))[None])
    yield Method("oracle", "-", oracle(gold.scores)[None])


def rank(methods: Iterable[Method], gold: Gold) -> pd.DataFrame:
    """Metrics of each method for each target, means over combinations of seeds, fractions.

    Returns
    -------
    DataFrame
        columns of table kind `rankings` without encoder and task; the method `random` is the
        expectation of a random order
    """
    frames = [_random(gold)]
    for item in methods:
        found = evaluate_ranking(gold.scores, item.values, gold.own)
        frames.append(
            found.assign(
                target=[gold.targets[place] for place in found["target"]],
                method=item.name,
                setting=item.setting,
                asked=item.asked,
                layer=item.layer,
                p=item.p,
            )
        )
    return pd.concat(frames, ignore_index=True)


def _random(gold: Gold) -> pd.DataFrame:
    rows = []
    for place, target in enumerate(gold.targets):
        candidates = gold.scores[:, ~gold.own[:, place], place]
        values = {
            "top1": 1 / candidates.shape[1],
            "top1_ties": 1 / candidates.shape[1],
            "ndcg_ranks": float(np.mean([chance_scores(rankdata(row)) for row in candidates])),
            "ndcg_scores": float(np.mean([chance_scores(row) for row in candidates])),
        }
        rows += [(target, metric, value) for metric, value in values.items()]
    frame = pd.DataFrame(rows, columns=["target", "metric", "value"])
    return frame.assign(method="random", setting="-", asked=0, layer=0, p=0.0, n=1)
