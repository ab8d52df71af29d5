"""Transfer scores by regression: one overlap against many features (Table 3)."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from isogloss.papers.xsns2023.gold import Floats, Gold
from isogloss.statistics.ranking import evaluate_ranking
from isogloss.statistics.regression import Kind, regress, rmse

SINGLE, MULTIPLE = "X-SNS (sing.)", "X-POS (multi)"
# Regressors of de Vries et al. 2022 as `predictors.xpos.pair_features` names them.
XPOS = (
    *("family_same", "script_same", "script_type_same", "sov_order_same"),
    *("pretrained_source", "pretrained_target", "pretrained_both", "ldnd"),
)
KINDS: dict[str, Kind] = {"OLS": "ols", "MER": "mer"}
# Random intercepts of de Vries et al. 2022; one feature has no families.
GROUPS = {SINGLE: ("source", "target"), MULTIPLE: ("source", "target", "target_family")}


def pair_frame(gold: Gold, overlap: Floats, features: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of different languages, with its score and all features.

    Parameters
    ----------
    gold : of targets that are sources too
    overlap : mean over seeds, shape (sources, targets)
    features : table kind `pair_features`

    Returns
    -------
    DataFrame
        columns source, target, score (percent), jaccard, and a column per feature
    """
    wide = features.pivot(index=["source", "target"], columns="feature", values="value")
    means = gold.scores.mean(0)
    rows = [
        (source, target, means[i, j], overlap[i, j])
        for i, source in enumerate(gold.sources)
        for j, target in enumerate(gold.targets)
        if source != target
    ]
    frame = pd.DataFrame(rows, columns=["source", "target", "score", "jaccard"])
    return frame.join(wide, on=["source", "target"])


def regressions(frame: pd.DataFrame) -> pd.DataFrame:
    """All regressions of Table 3, columns of table kind `regressions` without encoder and task.

    frame : result of `pair_frame`
    """
    known = [name for name in XPOS if name in frame.columns and frame[name].notna().any()]
    parts = []
    for label, features in ((SINGLE, ["jaccard"]), (MULTIPLE, known)):
        groups = [name for name in GROUPS[label] if name in frame.columns]
        for name, kind in KINDS.items() if features else ():
            found = regress(frame, features, kind, groups)
            parts.append(found.assign(features=label, regression=name))
    columns = ["features", "regression", "source", "target", "score", "in_sample", "held_out"]
    return pd.concat(parts, ignore_index=True)[columns]


def regression_table(fitted: pd.DataFrame, gold: Gold) -> pd.DataFrame:
    """Errors of each regression, and how well its predictions rank.

    Returns
    -------
    DataFrame
        columns features, regression, rmse and rmse_held_out (points), top1 and ndcg3 (percent,
        of predictions in the sample as published), top1_held_out and ndcg3_held_out
    """
    return pd.DataFrame(list(_errors(fitted, gold)))


def _errors(fitted: pd.DataFrame, gold: Gold) -> Iterator[dict[str, object]]:
    for (features, regression), group in fitted.groupby(["features", "regression"], sort=False):
        row: dict[str, object] = {"features": features, "regression": regression}
        for column, ending in (("in_sample", ""), ("held_out", "_held_out")):
            row[f"rmse{ending}"] = rmse(group, column)
            top1, ndcg = _ranked(group, column, gold)
            row[f"top1{ending}"], row[f"ndcg3{ending}"] = 100 * top1, 100 * ndcg
        yield row


def _ranked(group: pd.DataFrame, column: str, gold: Gold) -> tuple[float, float]:
    predicted = _matrix(group, column, gold.sources, gold.targets)
    found = evaluate_ranking(gold.scores, predicted[None], gold.own)
    means = found.groupby("metric")["value"].mean()
    return float(means["top1"]), float(means["ndcg_ranks"])


def _matrix(
    group: pd.DataFrame, column: str, sources: Sequence[str], targets: Sequence[str]
) -> Floats:
    wide = group.pivot(index="source", columns="target", values=column)
    return wide.reindex(index=list(sources), columns=list(targets)).to_numpy(dtype=np.float64)
