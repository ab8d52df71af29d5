"""Regressions of transfer scores, against statsmodels, least squares and dense likelihoods."""

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.statistics.mixed import MixedFit, fit_crossed
from isogloss.statistics.regression import (
    Fit,
    fit_mer,
    fit_ols,
    predict,
    predict_interval,
    regress,
    rmse,
)

FAMILY = ("source", "target", "family")
COMPONENTS = {group: f"0 + C({group})" for group in FAMILY}


def pairs(
    languages: int = 8,
    seed: int = 0,
    source: float = 3.0,
    target: float = 6.0,
    family: float = 0.0,
    noise: float = 2.0,
) -> pd.DataFrame:
    """Scores 50 + 3 x - 2 z + random intercepts of the given standard deviations."""
    generator = np.random.default_rng(seed)
    s, t = np.array([(s, t) for s in range(languages) for t in range(languages) if s != t]).T
    families = t % max(2, languages // 3)
    frame = pd.DataFrame({"source": s, "target": t, "family": families})
    frame = frame.map(lambda code: f"l{code:02d}")
    frame["x"] = generator.normal(size=len(s))
    frame["z"] = generator.random(len(s)) > 0.5
    effects = [
        deviation * generator.normal(size=languages)[codes]
        for deviation, codes in ((source, s), (target, t), (family, families))
    ]
    error = noise * generator.normal(size=len(s))
    frame["score"] = 50 + 3 * frame["x"] - 2 * frame["z"] + sum(effects) + error
    return frame


def reference(frame: pd.DataFrame, groups: tuple[str, ...]) -> Any:
    """statsmodels' fit of `score ~ x + z`, with a simplex that is precise enough."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return smf.mixedlm(
            "score ~ x + z",
            frame.assign(z=frame["z"].astype(float)),
            groups=np.ones(len(frame)),
            vc_formula={group: COMPONENTS[group] for group in groups},
        ).fit(reml=True, method="nm", ftol=1e-11, maxiter=5000)


def restricted_likelihood(
    frame: pd.DataFrame, groups: tuple[str, ...], variances: dict[str, float]
) -> float:
    """Restricted log-likelihood from the n x n covariance of scores."""
    n = len(frame)
    x = np.column_stack([np.ones(n), frame["x"], frame["z"].astype(float)])
    y = frame["score"].to_numpy()
    covariance = variances["residual"] * np.eye(n)
    for group in groups:
        z = pd.get_dummies(frame[group]).to_numpy(float)
        covariance += variances[group] * z @ z.T
    inverse = np.linalg.inv(covariance)
    fixed = x.T @ inverse @ x
    residual = y - x @ np.linalg.solve(fixed, x.T @ inverse @ y)
    logs = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(fixed)[1]
    return -0.5 * (logs + residual @ inverse @ residual + (n - 3) * math.log(2 * math.pi))


def crossed(frame: pd.DataFrame, groups: tuple[str, ...]) -> MixedFit:
    exog = np.column_stack([np.ones(len(frame)), frame["x"], frame["z"].astype(float)])
    codes = [pd.factorize(frame[group], sort=True)[0] for group in groups]
    return fit_crossed(frame["score"].to_numpy(), exog, codes)


def by_hand(frame: pd.DataFrame, features: list[str]) -> np.ndarray:
    """Leave-one-target-out least squares."""
    x = np.column_stack([np.ones(len(frame)), frame[features].astype(float)])
    y, found = frame["score"].to_numpy(), np.empty(len(frame))
    for target in set(frame["target"]):
        out = (frame["target"] == target).to_numpy()
        found[out] = x[out] @ np.linalg.lstsq(x[~out], y[~out], rcond=None)[0]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_least_squares_equal_statsmodels_formula(seed: int) -> None:
    frame = pairs(seed=seed)
    expected = smf.ols("score ~ x + z", frame.assign(z=frame["z"].astype(float))).fit()
    found = fit_ols(frame, ["x", "z"])
    np.testing.assert_allclose([found.intercept, *found.coefficients], expected.params)
    np.testing.assert_allclose(found.fitted, expected.fittedvalues)
    assert found.variances["residual"] == pytest.approx(expected.mse_resid)
    assert found.converged and not found.effects and found.features == ("x", "z")


def test_one_feature_is_the_authors_line() -> None:
    frame = pairs()
    slope, intercept = np.polyfit(frame["x"], frame["score"], 1)
    found = fit_ols(frame, ["x"])
    assert (found.intercept, found.coefficients[0]) == pytest.approx((intercept, slope))
    error = frame["score"] - (intercept + slope * frame["x"])
    assert rmse(regress(frame, ["x"], "ols"), "in_sample") == pytest.approx(
        math.sqrt((error**2).mean())
    )


def test_no_feature_gives_the_mean() -> None:
    frame = pairs()
    assert fit_ols(frame, []).fitted == pytest.approx(np.full(len(frame), frame["score"].mean()))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
@settings(max_examples=12, deadline=None)
def test_units_of_a_feature_do_not_matter(shift: float, scale: float) -> None:
    frame = pairs(5)
    moved = frame.assign(x=frame["x"] * scale + shift)
    for fit in (fit_ols, fit_mer):
        expected, found = fit(frame, ["x", "z"]), fit(moved, ["x", "z"])
        np.testing.assert_allclose(found.fitted, expected.fitted, atol=1e-3)
        assert found.coefficients[0] * scale == pytest.approx(expected.coefficients[0], rel=1e-3)


@pytest.mark.parametrize("groups", [("source",), ("source", "target"), FAMILY])
@pytest.mark.parametrize("seed", range(3))
def test_mixed_effects_equal_statsmodels(groups: tuple[str, ...], seed: int) -> None:
    frame = pairs(9, seed, family=4)
    expected, found = reference(frame, groups), fit_mer(frame, ["x", "z"], groups)
    assert found.converged
    np.testing.assert_allclose(
        [found.intercept, *found.coefficients], expected.fe_params, rtol=1e-3
    )
    assert found.variances["residual"] == pytest.approx(expected.scale, rel=1e-3)
    assert crossed(frame, groups).log_likelihood == pytest.approx(expected.llf, abs=1e-4)
    known = dict(zip(expected.model.exog_vc.names, expected.vcomp, strict=True))
    for group in groups:
        assert found.variances[group] == pytest.approx(known[group], rel=0.01, abs=1e-3)
    if (expected.vcomp > 0.1).all():
        intercepts = expected.random_effects[1]
        for group in groups:
            for level, value in found.effects[group].items():
                name = f"{group}[C({group})[{level}]]"
                assert value == pytest.approx(intercepts[name], abs=0.02)


@pytest.mark.parametrize("seed", range(6))
def test_no_other_variances_are_likelier_even_at_the_boundary(seed: int) -> None:
    frame = pairs(7, seed, source=0, family=0)
    found = fit_mer(frame, ["x", "z"], FAMILY)
    best = restricted_likelihood(frame, FAMILY, dict(found.variances))
    assert crossed(frame, FAMILY).log_likelihood == pytest.approx(best, abs=1e-6)
    for group in (*FAMILY, "residual"):
        for factor, step in ((0.9, 0), (1.1, 0), (1, 0.05), (1, 1)):
            other = {**found.variances, group: found.variances[group] * factor + step}
            assert restricted_likelihood(frame, FAMILY, other) <= best + 1e-7


def test_random_intercepts_are_best_linear_predictions() -> None:
    frame = pairs(6, 1)
    found = fit_mer(frame, ["x"])
    z = [pd.get_dummies(frame[group]).to_numpy(float) for group in ("source", "target")]
    shares = [found.variances[group] * d.T for group, d in zip(found.effects, z, strict=True)]
    covariance = sum(d @ share for d, share in zip(z, shares, strict=True))
    covariance = covariance + found.variances["residual"] * np.eye(len(frame))
    rest = frame["score"] - found.intercept - found.coefficients[0] * frame["x"]
    weighted = np.linalg.solve(covariance, rest)
    for effects, share in zip(found.effects.values(), shares, strict=True):
        np.testing.assert_allclose(list(effects.values()), share @ weighted, atol=1e-8)


def test_known_variances_are_recovered() -> None:
    found = [
        fit_mer(pairs(24, seed, source=3, target=6, family=5), ["x", "z"], FAMILY).variances
        for seed in range(8)
    ]
    mean = pd.DataFrame(found).mean()
    assert mean["residual"] == pytest.approx(4, rel=0.06)
    assert mean["source"] == pytest.approx(9, rel=0.3)
    assert mean["target"] == pytest.approx(36, rel=0.3)
    assert 10 < mean["family"] < 50


def test_shrinkage_ends_between_least_squares_and_dummies() -> None:
    frame = pairs(8, 2)
    plain, mixed = fit_ols(frame, ["x", "z"]), fit_mer(frame, ["x", "z"])
    dummies = smf.ols(
        "score ~ x + z + C(source) + C(target)", frame.assign(z=frame["z"].astype(float))
    ).fit()
    squares = [float(((frame["score"] - f) ** 2).sum()) for f in (plain.fitted, mixed.fitted)]
    assert dummies.ssr < squares[1] < squares[0]
    for effects in mixed.effects.values():
        assert sum(effects.values()) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("source", [0.0, 2.5])
def test_scores_that_are_explained_exactly_are_not_called_converged(source: float) -> None:
    frame = pairs(6, source=source, noise=0, target=0)
    found = fit_mer(frame, ["x", "z"])
    np.testing.assert_allclose(found.fitted, frame["score"], atol=1e-3)
    assert not found.converged


def test_equal_scores_have_no_variance() -> None:
    found = fit_mer(pairs(6).assign(score=70.0), ["x"], FAMILY)
    np.testing.assert_allclose(found.fitted, 70)
    assert max(found.variances.values()) < 1e-20
    assert not found.converged


def test_rows_tell_whether_their_fits_converged() -> None:
    frame = pairs(6, source=0, target=2, noise=0)
    noisy = frame["target"] == "l01"
    frame.loc[noisy, "score"] += np.array([1.0, -2.0, 3.0, -1.0, 2.0])
    found = regress(frame, ["x", "z"], "mer")
    assert list(found["converged"]) == list(~noisy)


def test_a_group_of_one_level_is_named_and_left_out() -> None:
    frame = pairs().assign(family="all")
    found = fit_mer(frame, ["x"], FAMILY)
    assert found.dropped == {"family": "constant"} and set(found.effects) == {"source", "target"}
    alone = fit_mer(frame, ["x"], ["family"])
    np.testing.assert_allclose(alone.fitted, fit_ols(frame, ["x"]).fitted)
    assert alone.dropped == {"family": "constant"}


def test_missing_values_take_the_mean_and_are_counted() -> None:
    frame = pairs()
    frame.loc[[2, 5, 9], "x"] = math.nan
    filled = frame.assign(x=frame["x"].fillna(frame["x"].mean()))
    found, expected = fit_ols(frame, ["x", "z"]), fit_ols(filled, ["x", "z"])
    np.testing.assert_allclose(found.fitted, expected.fitted)
    np.testing.assert_allclose(predict(found, frame), expected.fitted)
    assert found.imputed == {"x": 3} and expected.imputed == {}
    table = regress(frame, ["x", "z"], "ols")
    assert list(table.index[table["imputed"] == 1]) == [2, 5, 9] and table["imputed"].sum() == 3


def test_useless_features_are_named() -> None:
    frame = pairs().assign(one=1.0, none=math.nan, near=0.3)
    frame["near"] += np.arange(len(frame)) % 2 * 1e-17
    frame["both"] = 2 * frame["x"] - frame["z"] + 7
    found = fit_ols(frame, ["one", "x", "none", "z", "both", "near"])
    assert found.features == ("x", "z")
    assert found.dropped == {
        "one": "constant",
        "none": "missing",
        "both": "collinear",
        "near": "constant",
    }
    np.testing.assert_allclose(found.fitted, fit_ols(frame, ["x", "z"]).fitted)
    assert fit_mer(frame, ["one", "x"]).dropped == {"one": "constant"}


def test_features_may_be_nullable() -> None:
    frame = pairs()
    nullable = frame.assign(z=frame["z"].astype("boolean"))
    np.testing.assert_allclose(fit_ols(nullable, ["z"]).fitted, fit_ols(frame, ["z"]).fitted)
    nullable.loc[0, "z"] = pd.NA
    assert fit_ols(nullable, ["z"]).imputed == {"z": 1}


def test_held_out_least_squares_equal_those_by_hand() -> None:
    frame = pairs(seed=3).sample(frac=1, random_state=1)
    found = regress(frame, ["x", "z"], "ols")
    assert list(found.columns) == [
        *("source", "target", "score", "in_sample", "held_out", "imputed", "converged")
    ]
    for column in ("source", "target", "score"):
        assert list(found[column]) == list(frame[column])
    np.testing.assert_allclose(found["held_out"], by_hand(frame, ["x", "z"]))
    np.testing.assert_allclose(found["in_sample"], fit_ols(frame, ["x", "z"]).fitted)


def test_held_out_scores_are_never_seen() -> None:
    frame = pairs(6)
    changed = frame.copy()
    changed.loc[frame["target"] == "l02", "score"] = 1000
    for kind in ("ols", "mer"):
        before, after = (regress(f, ["x"], kind) for f in (frame, changed))
        chosen = frame["target"] == "l02"
        np.testing.assert_array_equal(before["held_out"][chosen], after["held_out"][chosen])
        assert not np.allclose(before["held_out"][~chosen], after["held_out"][~chosen])


def test_held_out_mixed_effects_know_the_source_only() -> None:
    frame = pairs(6, 4)
    found = regress(frame, ["x"], "mer")
    out = frame["target"] == "l03"
    part: Fit = fit_mer(frame[~out], ["x"])
    expected = [
        part.intercept + part.coefficients[0] * row.x + part.effects["source"][row.source]
        for row in frame[out].itertuples()
        if row.source in part.effects["source"]
    ]
    np.testing.assert_allclose(found["held_out"][out], expected)
    assert "l03" not in part.effects["target"] and "l03" in part.effects["source"]
    np.testing.assert_allclose(found["in_sample"], predict(fit_mer(frame, ["x"]), frame))


def test_a_shared_family_helps_unseen_targets() -> None:
    frame = pairs(10, 1, source=0, target=0.5, family=15)
    alone, shared = (regress(frame, ["x"], "mer", groups) for groups in (FAMILY[:2], FAMILY))
    assert rmse(shared, "held_out") < 0.5 * rmse(alone, "held_out")
    assert rmse(alone, "in_sample") < rmse(alone, "held_out")


def test_the_same_frame_gives_the_same_bytes() -> None:
    frame = pairs(6)
    first, second = (regress(frame, ["x", "z"], "mer", FAMILY) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_rmse_of_two_rows() -> None:
    frame = pd.DataFrame({"score": [1.0, 2.0], "held_out": [4.0, 6.0]})
    assert rmse(frame, "held_out") == pytest.approx(math.sqrt((9 + 16) / 2))


@pytest.mark.parametrize(
    ("change", "features", "groups", "message"),
    [
        ({}, ["y"], FAMILY, "regression on 'y': not a column; there are 'source'"),
        ({}, ["source"], FAMILY, "column 'source' of a regression holds str"),
        ({"x": math.inf}, ["z", "x"], FAMILY, "column 'x' of a regression holds infinity"),
        ({"score": math.nan}, ["x"], FAMILY, "30 rows of a regression have no score"),
        ({"target": None}, ["x"], FAMILY, "column 'target' lacks 30 values"),
        ({"target": range(30)}, ["x"], FAMILY, "group 'target' has another level in each of 30"),
        ({}, ["x"], ["script"], "regression on 'script': not a column"),
    ],
)
def test_unusable_frames(change: dict, features: list, groups: list, message: str) -> None:
    with pytest.raises(TableError, match=message):
        fit_mer(pairs(6).assign(**change), features, groups)


def test_too_few_rows_or_targets() -> None:
    with pytest.raises(TableError, match="2 rows on 1 features: allowed are 3 rows or more"):
        fit_ols(pairs().head(2), ["x"])
    with pytest.raises(TableError, match="leaving one out needs two or more"):
        regress(pairs().assign(target="l00"), ["x"], "ols")


def held_out(errors: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(t, 50 + e, 50.0) for t, found in errors.items() for e in found]
    return pd.DataFrame(rows, columns=["target", "score", "held_out"])


def test_the_margin_weighs_targets_equally() -> None:
    errors = held_out({"c": [5.0, -4.0, 5.0, 4.0], "b": [3.0], "a": [-2.0, 1.0]})
    fit, x = fit_ols(pairs(), ["x"]), np.array([0.0, 1.0])
    # shares of 1/8, 2/8, 4/8, then sixteenths up to 3/4
    for level, margin in ((0.125, 1), (0.25, 2), (0.5, 3), (0.55, 4), (0.75, 5)):
        assert predict_interval(fit, errors, x, level).margin == margin
    assert predict_interval(fit, errors, x, 0.76).margin == math.inf
    found = predict_interval(fit, errors, x)
    np.testing.assert_allclose(found.values, fit.intercept + fit.coefficients[0] * x)
    assert found.targets == 3


def test_the_interval_covers_new_targets() -> None:
    covered = []
    for seed in range(30):
        frame = pairs(12, seed)
        new = frame["target"] == "l00"
        studied, unseen = frame[~new].drop(columns="z"), frame[new]
        table = regress(studied, ["x"], "ols")
        found = predict_interval(fit_ols(studied, ["x"]), table, unseen["x"].to_numpy(), 0.8)
        covered.append(np.mean(np.abs(unseen["score"] - found.values) <= found.margin))
    assert 0.72 < np.mean(covered) < 0.96


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5])
def test_an_impossible_level(level: float) -> None:
    with pytest.raises(TableError, match="allowed is a share between 0 and 1"):
        predict_interval(fit_ols(pairs(), ["x"]), held_out({"a": [1.0]}), np.zeros(1), level)


def test_an_interval_from_another_regression() -> None:
    for fit in (fit_ols(pairs(), ["x", "z"]), fit_ols(pairs(), []), fit_mer(pairs(), ["x"])):
        with pytest.raises(TableError, match="ordinary least squares on one feature"):
            predict_interval(fit, held_out({"a": [1.0]}), np.zeros(1))
