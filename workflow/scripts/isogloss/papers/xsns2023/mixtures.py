"""Training on the three sources that a method puts first (Section 6.4, Figure 4)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from isogloss.errors import TableError
from isogloss.papers.xsns2023.gold import Floats, Gold
from isogloss.papers.xsns2023.rankings import MAIN_SETTING, METHOD, predictor_methods

SIZE = 3


def chosen_mixtures(gold: Gold, predicted: Mapping[str, Floats]) -> pd.DataFrame:
    """The sources that each method puts first for each target, joined as a training set's name.

    Parameters
    ----------
    gold : of targets that are sources too
    predicted : by method, mean over seeds, shape (sources, targets), higher is better

    Returns
    -------
    DataFrame
        columns method, target and sources (sorted by letter and joined by +, so that equal sets
        have one name); a target is no source of itself, and ties go to the first source
    """
    rows = []
    for method, values in predicted.items():
        for place, target in enumerate(gold.targets):
            known = np.nan_to_num(values[:, place], nan=-np.finfo(np.float64).max)
            open_to = np.where(gold.own[:, place], -np.inf, known)
            first = np.argsort(-open_to, kind="stable")[:SIZE]
            names = sorted(gold.sources[i] for i in first)
            rows.append((method, target, "+".join(names)))
    return pd.DataFrame(rows, columns=["method", "target", "sources"])


def mixture_scores(
    mixtures: pd.DataFrame, scores: pd.DataFrame, metric: str, gold: Gold
) -> pd.DataFrame:
    """Mean over targets of what each method's mixtures reach, in percent.

    Parameters
    ----------
    mixtures : result of `chosen_mixtures`
    scores : table kind `scores` of the runs on mixtures

    Returns
    -------
    DataFrame
        columns method, score and sets (different mixtures); methods of `mixtures`, and BEST-1,
        the single best source of each target

    Raises
    ------
    TableError
        if a mixture has no score on its target
    """
    means = scores[scores["metric"] == metric].groupby(["trained_on", "language"])["value"].mean()
    rows = []
    for method, group in mixtures.groupby("method", sort=False):
        cells = list(zip(group["sources"], group["target"], strict=True))
        absent = [cell for cell in cells if cell not in means.index]
        if absent:
            raise TableError(f"scores: no {metric} of mixture {absent[0][0]} on {absent[0][1]}")
        rows.append((method, float(means.loc[cells].mean()), group["sources"].nunique()))
    single = np.where(gold.own, -np.inf, gold.scores.mean(0)).max(0).mean()
    rows.append(("BEST-1", float(single), len(gold.sources)))
    return pd.DataFrame(rows, columns=["method", "score", "sets"])


def mixture_predictions(
    methods: Sequence[str], overlap: Floats, predictors: pd.DataFrame, gold: Gold
) -> dict[str, Floats]:
    """What each method puts sources in order by, shape (sources, targets).

    overlap : of X-SNS, mean over seeds
    predictors : table kind `predictors`
    """
    found = {METHOD: overlap, "oracle": gold.scores.mean(0)}
    for item in predictor_methods(predictors, gold):
        if MAIN_SETTING.get(item.name, item.setting) == item.setting:
            found[item.name] = item.values.mean(0)
    return {name: found[name] for name in methods}
