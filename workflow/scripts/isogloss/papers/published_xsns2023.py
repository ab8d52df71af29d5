"""Rankings of sources against scores that others have published, without any training.

De Vries et al. 2022 fine-tuned the same encoder on the languages and the data set of the
part-of-speech task of Yun et al. 2023 (one run per source, another recipe). With their scores as
gold, the metrics of Table 2 can be computed for every predictor that needs no encoder.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.papers.page import Section, write_page
from isogloss.papers.views import comparison_summary, comparison_table, write_views
from isogloss.predictors.xpos import FEATURES
from isogloss.statistics.ranking import chance, evaluate_ranking
from isogloss.statistics.regression import regress, rmse

Floats = NDArray[np.float64]

STUDY = "xsns2023"
L2V = "L2V"
RANDOM = "random order"
XPOS = "X-POS, OLS"
XPOS_HELD_OUT = "X-POS, OLS without the target"
# predictor -> feature of a pair, and whether a high value stands for good transfer
SINGLE = {
    "LDND": ("ldnd", -1),
    "same family": ("family_same", 1),
    "same script": ("script_same", 1),
    "same word order": ("sov_order_same", 1),
}
# column of the table -> metric of `evaluate_ranking`
METRICS = {"pearson": "pearson", "spearman": "spearman", "top1": "top1", "ndcg3": "ndcg_ranks"}
# not in the paper: Top-1 where one of tied predictions is drawn at random
TIES = "top1_ties"
TABLE3_ROW = "POS/OLS/X-POS (multi)"
CAPTION = (
    "Predictors of transfer against the published scores of part-of-speech tagging, percent; "
    "means over 20 targets."
)
NOTE = (
    "Pearson and Spearman are means over the targets in the column 'targets': for the others a "
    "predictor is the same for all sources. Gains of NDCG@3 are ranks of scores, as in the "
    "released code; its value for a random order is an expectation. Top 1 takes the first of "
    "tied predictions, in the order of codes; 'top1 ties' is its expectation if one of them is "
    "drawn at random."
)


def predictions(
    accuracy: pd.DataFrame, typology: Mapping[str, pd.DataFrame], features: pd.DataFrame
) -> dict[str, Floats]:
    """Values of every predictor, shape (sources, targets), higher for better transfer.

    Parameters
    ----------
    accuracy : percent, rows sources, columns targets
    typology : name -> source, target, value, as from `typological_similarity`
    features : as from `pair_features`
    """
    found = {name: _matrix(frame, "value", accuracy) for name, frame in typology.items()}
    for name, (feature, sign) in SINGLE.items():
        found[name] = sign * _matrix(features, feature, accuracy)
    regressed = regress_pairs(accuracy, features)
    found[XPOS] = _matrix(regressed, "in_sample", accuracy)
    found[XPOS_HELD_OUT] = _matrix(regressed, "held_out", accuracy)
    return found


def regress_pairs(accuracy: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Scores of pairs of different languages by least squares on the features of X-POS.

    Returns
    -------
    DataFrame
        as `isogloss.statistics.regression.regress`
    """
    pairs = features[features["source"] != features["target"]].reset_index(drop=True)
    scores = accuracy.rename_axis(index="source", columns="target").reset_index()
    long = scores.melt(id_vars="source", var_name="target", value_name="score")
    return regress(pairs.merge(long, on=["source", "target"]), list(FEATURES), "ols")


def ranking_table(accuracy: pd.DataFrame, predicted: Mapping[str, Floats]) -> pd.DataFrame:
    """The metrics of Table 2 for each predictor, the target's own language left out.

    Parameters
    ----------
    accuracy : percent, rows sources, columns targets
    predicted : result of `predictions`

    Returns
    -------
    DataFrame
        columns predictor, pearson, spearman, top1, ndcg3, top1_ties (percent, means over
        targets) and targets, those with a correlation; the last row is the expectation of a
        random order
    """
    own = np.array([[s == t for t in accuracy.columns] for s in accuracy.index])
    gold = accuracy.to_numpy(dtype=np.float64)[None]
    rows = []
    for name, values in predicted.items():
        found = evaluate_ranking(gold, values[None], own)
        means = 100 * found.groupby("metric")["value"].mean()
        known = found.loc[found["metric"] == "pearson", "value"].notna().sum()
        rows.append(
            {
                "predictor": name,
                **{column: float(means[metric]) for column, metric in METRICS.items()},
                TIES: float(means[TIES]),
                "targets": int(known),
            }
        )
    random = chance(len(accuracy) - 1)
    rows.append(
        {
            "predictor": RANDOM,
            "pearson": 0.0,
            "spearman": 0.0,
            "top1": 100 * random.top1,
            "ndcg3": 100 * random.ndcg_ranks,
            TIES: 100 * random.top1,
            "targets": accuracy.shape[1],
        }
    )
    return pd.DataFrame(rows)


def cells(table: pd.DataFrame, regressed: pd.DataFrame) -> pd.DataFrame:
    """Numbers that the paper prints too, as a table of kind `cells`: L2V and X-POS with OLS.

    Parameters
    ----------
    table : result of `ranking_table`
    regressed : result of `regress_pairs`
    """
    by_name = table.set_index("predictor")[list(METRICS)].to_dict("index")
    rows: list[tuple[str, str, str, str, float]] = [
        ("table2", "POS/L2V", column, "percent", by_name[L2V][column]) for column in METRICS
    ]
    rows += [
        ("table3", TABLE3_ROW, column, "percent", by_name[XPOS][column])
        for column in ("top1", "ndcg3")
    ]
    rows.append(("table3", TABLE3_ROW, "rmse", "points", rmse(regressed, "in_sample")))
    frame = pd.DataFrame(rows, columns=["item", "row", "column", "unit", "value"])
    return frame.assign(study=STUDY)[["study", "item", "row", "column", "unit", "value"]]


def present_published(
    folder: Path, intro: list[str], table: pd.DataFrame, comparison: pd.DataFrame
) -> None:
    """Write tables and page.

    Parameters
    ----------
    table : result of `ranking_table`
    comparison : table of this kind
    """
    write_views(table, folder / "table2", CAPTION, NOTE)
    cells_table = comparison_table(comparison)
    write_views(cells_table, folder / "comparison", "All numbers beside the published ones.", "")
    sections = [
        Section("Predictors that need no encoder", CAPTION, None, table, [NOTE]),
        Section(
            "Comparison, summary", "Number of cells.", None, comparison_summary(comparison), []
        ),
        Section("Comparison, all cells", "", None, cells_table, []),
    ]
    title = "Yun et al. 2023, predictors against the scores of de Vries et al. 2022"
    write_page(folder / "index.html", title, intro, sections)


def _matrix(frame: pd.DataFrame, column: str, accuracy: pd.DataFrame) -> Floats:
    """A column as (sources, targets), nan where a pair has no row."""
    wide = frame.pivot(index="source", columns="target", values=column)
    return wide.reindex(index=accuracy.index, columns=accuracy.columns).to_numpy(dtype=np.float64)
