"""Transfer scores predicted from features of pairs of languages.

Yun et al. 2023, Section 5.3, regress scores on one similarity or on the features of de Vries et
al. 2022, by ordinary least squares (OLS) or mixed-effects regression (MER) with random
intercepts that are crossed: source, target, and for the latter also the target's family. Their
errors are in-sample. Beside them stand errors on targets that the regression has not seen.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from isogloss.errors import TableError
from isogloss.statistics.correlation import NEARLY_CONSTANT
from isogloss.statistics.mixed import fit_crossed

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Kind = Literal["ols", "mer"]

GROUPS = ("source", "target")
# share of a column's spread that must be left when earlier columns are taken out of it
INDEPENDENT = 1e-7


class Fit(NamedTuple):
    """A regression of scores on features.

    `features` : those that take part, in the given order
    `dropped` : the others, and groups with one level, each with its reason: "missing" (no value
        at all), "constant", or "collinear" with features before it
    `imputed` : for each feature that takes part and lacks values, how many rows lack it
    `means` : (f,), means of the known values, which stand in for missing ones
    `intercept`, `coefficients` : scores per unit of each feature, (f,)
    `variances` : of each group's random intercepts and of the "residual"
    `effects` : random intercept of each level of each group; empty for OLS
    `fitted` : (n,), predictions of the rows themselves, with their random intercepts
    `converged` : whether the optimiser reached its precision; always for OLS
    """

    features: tuple[str, ...]
    dropped: Mapping[str, str]
    imputed: Mapping[str, int]
    means: Floats
    intercept: float
    coefficients: Floats
    variances: Mapping[str, float]
    effects: Mapping[str, Mapping[object, float]]
    fitted: Floats
    converged: bool


class Prediction(NamedTuple):
    """Predicted scores (m,) of a new target, and the half width of their interval."""

    values: Floats
    margin: float
    targets: int


class _Design(NamedTuple):
    """Ones and f features in standard units, missing values at their mean 0: (n, 1 + f)."""

    exog: Floats
    features: tuple[str, ...]
    means: Floats
    scales: Floats
    dropped: Mapping[str, str]
    imputed: Mapping[str, int]


def fit_ols(frame: pd.DataFrame, features: Sequence[str]) -> Fit:
    """Ordinary least squares of `score` on features.

    Parameters
    ----------
    frame : one row for each pair, with `score` (percent) and the features: numbers or truth
        values, missing ones allowed. An interaction is a column of its own. A pair of a
        language with itself takes part if its row is there (the authors leave it out).
    features : names of columns; none gives the mean score

    Returns
    -------
    Fit
        a missing value takes the mean of the feature's known values

    Raises
    ------
    TableError
        if a column is missing or not numeric, a score is not finite, a feature infinite, or the
        rows are too few
    """
    design, score = _design(frame, features), _scores(frame)
    result = sm.OLS(score, design.exog).fit()
    fixed = _fixed(design, np.asarray(result.params))
    return fixed._replace(variances={"residual": float(result.mse_resid)})


def fit_mer(frame: pd.DataFrame, features: Sequence[str], groups: Sequence[str] = GROUPS) -> Fit:
    """Mixed-effects regression of `score` on features with crossed random intercepts.

    The model of de Vries et al. 2022, `score ~ features + (1 | group) + ...` in the terms of
    lme4, by restricted maximum likelihood.

    Parameters
    ----------
    frame, features : as in `fit_ols`
    groups : columns whose levels have random intercepts

    Returns
    -------
    Fit
        `effects` are best linear unbiased predictions. A variance at or near 0 is an ordinary
        estimate: data do not tell the group's intercepts apart. Without a group of two or more
        levels the fit is that of `fit_ols`.

    Raises
    ------
    TableError
        as `fit_ols`, or if a group's column lacks a value or has another level in each row
    """
    design, score = _design(frame, features), _scores(frame)
    factored = {group: pd.factorize(_levels(frame, group), sort=True) for group in groups}
    constant = {group: "constant" for group, (_, levels) in factored.items() if len(levels) < 2}
    factored = {group: found for group, found in factored.items() if group not in constant}
    if not factored:
        plain = fit_ols(frame, features)
        return plain._replace(dropped={**plain.dropped, **constant})
    _check_groups(factored)
    codes = [codes for codes, _ in factored.values()]
    found = fit_crossed(score, design.exog, codes)
    fixed = _fixed(design, found.coefficients)
    random = sum(effects[code] for effects, code in zip(found.effects, codes, strict=True))
    return fixed._replace(
        dropped={**design.dropped, **constant},
        variances={
            **dict(zip(factored, map(float, found.variances), strict=True)),
            "residual": found.residual,
        },
        effects={
            group: dict(zip(levels, map(float, effects), strict=True))
            for (group, (_, levels)), effects in zip(factored.items(), found.effects, strict=True)
        },
        fitted=fixed.fitted + random,
        converged=found.converged,
    )


def predict(fit: Fit, frame: pd.DataFrame) -> Floats:
    """Predicted scores (n,) of the rows of a frame with the features and groups of a fit.

    A level that the fit has not seen has the random intercept 0, its expectation. A missing
    value takes the mean that the fit has recorded.
    """
    values = _numbers(frame, fit.features)
    filled = np.where(np.isnan(values), fit.means, values)
    predicted = fit.intercept + filled @ fit.coefficients
    for group, effects in fit.effects.items():
        predicted = predicted + np.array([effects.get(v, 0.0) for v in _levels(frame, group)])
    return np.asarray(predicted, dtype=np.float64)


def regress(
    frame: pd.DataFrame, features: Sequence[str], kind: Kind, groups: Sequence[str] = GROUPS
) -> pd.DataFrame:
    """Scores of all pairs, predicted in-sample and on targets that are left out.

    Parameters
    ----------
    frame : as in `fit_ols`, with `source` and `target`
    kind : "ols", or "mer" with random intercepts of `groups`

    Returns
    -------
    DataFrame
        one row for each of the frame, in its order: `source`, `target`, `score`, `in_sample`,
        `held_out`, `imputed` (features that the row lacks) and `converged` (of both fits behind
        the row). `held_out` comes from a fit without any row of that target, its means and
        dropped features included: it knows the random intercept of the source, and of the
        target's family where another target shares it, but not of the target. Rows in which
        the target's language is a source stay.

    Raises
    ------
    TableError
        as the fits, or if there are fewer than two targets
    """
    fit = (
        partial(fit_mer, features=features, groups=groups)
        if kind == "mer"
        else partial(fit_ols, features=features)
    )
    targets = _levels(frame, "target")
    if targets.nunique() < 2:
        raise TableError("regression with one target: leaving one out needs two or more")
    whole = fit(frame)
    held_out, converged = np.empty(len(frame)), np.full(len(frame), whole.converged)
    for target in targets.unique():
        left_out = (targets == target).to_numpy()
        part = fit(frame[~left_out])
        held_out[left_out] = predict(part, frame[left_out])
        converged[left_out] &= part.converged
    return pd.DataFrame(
        {
            "source": _levels(frame, "source").to_numpy(),
            "target": targets.to_numpy(),
            "score": _scores(frame),
            "in_sample": whole.fitted,
            "held_out": held_out,
            "imputed": np.isnan(_numbers(frame, features)).sum(axis=1),
            "converged": converged,
        }
    )


def rmse(frame: pd.DataFrame, column: str) -> float:
    """Root mean squared error of a column of predictions of `score`, in units of the score."""
    error = _scores(frame) - _numbers(frame, [column])[:, 0]
    return float(np.sqrt(np.mean(error**2)))


def predict_interval(fit: Fit, held_out: pd.DataFrame, x: Floats, level: float = 0.8) -> Prediction:
    """Scores of m sources on a target without labelled data, from one feature.

    Parameters
    ----------
    fit : by `fit_ols` on one feature
    held_out : what `regress` returns for the same frame and feature
    x : (m,), the feature of each source with the new target
    level : share of scores that the interval is to cover

    Returns
    -------
    Prediction
        the interval is values +- margin, not cut to 0..100. The margin is the `level` quantile
        of the absolute held-out errors in which each of T studied targets weighs 1 / (T + 1),
        shared among its pairs, and infinity weighs 1 / (T + 1) (Lee, Barber and Willett 2023,
        hierarchical conformal prediction; here with errors of leaving targets out in place of a
        separate sample). It is infinite where level > T / (T + 1). It holds on average over
        targets and sources, and assumes that the new target is like the studied ones, as if
        drawn from the same languages; the choice of the best source is not accounted for.

    Raises
    ------
    TableError
        if the fit does not have exactly one feature, or level is not between 0 and 1
    """
    if len(fit.features) != 1 or fit.effects:
        raise TableError(
            f"interval from {len(fit.features)} features and {len(fit.effects)} groups: allowed "
            "is ordinary least squares on one feature that varies"
        )
    if not 0 < level < 1:
        raise TableError(f"interval at level {level:g}: allowed is a share between 0 and 1")
    values = fit.intercept + fit.coefficients[0] * np.asarray(x, dtype=np.float64)
    error = np.abs(_scores(held_out) - _numbers(held_out, ["held_out"])[:, 0])
    targets = _levels(held_out, "target")
    pairs = targets.map(targets.value_counts()).to_numpy(dtype=float)
    order = np.argsort(error, kind="stable")
    share = np.cumsum(1 / pairs[order]) / (targets.nunique() + 1)
    # sums of shares fall short by rounding
    reached = np.flatnonzero(share >= level - 1e-12)
    margin = float(error[order[reached[0]]]) if len(reached) else math.inf
    return Prediction(values, margin, int(targets.nunique()))


def _columns(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise TableError(
            f"regression on {', '.join(map(repr, missing))}: not a column; there are "
            f"{', '.join(map(repr, frame.columns))}"
        )
    return frame[list(names)]


def _numbers(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Columns as (n, f), nan where missing."""
    chosen = _columns(frame, names)
    for name, kind in chosen.dtypes.items():
        if not (is_numeric_dtype(kind) or is_bool_dtype(kind)):
            raise TableError(
                f"column {name!r} of a regression holds {kind}: allowed are numbers and "
                "truth values"
            )
    values = chosen.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        name = names[int(np.isinf(values).any(axis=0).argmax())]
        raise TableError(f"column {name!r} of a regression holds infinity: allowed are numbers")
    return values


def _scores(frame: pd.DataFrame) -> Floats:
    score = _numbers(frame, ["score"])[:, 0]
    if np.isnan(score).any():
        raise TableError(
            f"{int(np.isnan(score).sum())} rows of a regression have no score: allowed are rows "
            "with one"
        )
    return score


def _levels(frame: pd.DataFrame, group: str) -> pd.Series:
    """Levels of a group, (n,)."""
    found = _columns(frame, [group])[group]
    if found.isna().any():
        raise TableError(
            f"column {group!r} lacks {int(found.isna().sum())} values: a group needs a level in "
            "each row"
        )
    return found


def _design(frame: pd.DataFrame, features: Sequence[str]) -> _Design:
    """Features in standard units; those without information are left out, as lme4 does."""
    values = _numbers(frame, features)
    dropped: dict[str, str] = {}
    kept: list[int] = []
    exog = np.ones((len(values), 1))
    moments = [_moments(column) for column in values.T]
    for i, (mean, scale) in enumerate(moments):
        column = np.where(np.isnan(values[:, i]), 0, (values[:, i] - mean) / (scale or 1))
        basis = np.linalg.qr(exog)[0]
        rest = column - basis @ (basis.T @ column)
        if not scale:
            dropped[features[i]] = "missing" if math.isnan(mean) else "constant"
        elif np.linalg.norm(rest) < INDEPENDENT * np.linalg.norm(column):
            dropped[features[i]] = "collinear"
        else:
            kept.append(i)
            exog = np.column_stack([exog, column])
    if len(values) < len(kept) + 2:
        raise TableError(
            f"regression of {len(values)} rows on {len(kept)} features: allowed are "
            f"{len(kept) + 2} rows or more"
        )
    means, scales = np.array([moments[i] for i in kept]).reshape(-1, 2).T
    lacking = np.isnan(values).sum(axis=0)
    imputed = {features[i]: int(lacking[i]) for i in kept if lacking[i]}
    return _Design(exog, tuple(features[i] for i in kept), means, scales, dropped, imputed)


def _moments(column: Floats) -> tuple[float, float]:
    """Mean and standard deviation of known values; 0 where they vary by rounding only."""
    known = column[~np.isnan(column)]
    if not len(known):
        return math.nan, 0.0
    mean, scale = float(known.mean()), float(known.std())
    constant = np.ptp(known) == 0 or scale * math.sqrt(len(known)) < NEARLY_CONSTANT * abs(mean)
    return mean, 0.0 if constant else scale


def _fixed(design: _Design, params: Floats) -> Fit:
    """A fit without random intercepts; params are in the standard units of the design."""
    coefficients = params[1:] / design.scales
    return Fit(
        features=design.features,
        dropped=design.dropped,
        imputed=design.imputed,
        means=design.means,
        intercept=float(params[0] - coefficients @ design.means),
        coefficients=coefficients,
        variances={},
        effects={},
        fitted=design.exog @ params,
        converged=True,
    )


def _check_groups(factored: Mapping[str, tuple[Integers, pd.Index]]) -> None:
    for group, (codes, levels) in factored.items():
        if len(levels) == len(codes):
            raise TableError(
                f"group {group!r} has another level in each of {len(codes)} rows: allowed are "
                "groups that some rows share"
            )
