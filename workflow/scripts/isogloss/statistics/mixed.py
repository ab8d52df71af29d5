"""Linear mixed-effects regression with crossed random intercepts.

The profiled restricted likelihood of lme4 (Bates et al. 2015), in which only the ratios of
standard deviations are searched. statsmodels has the same model and is what the tests
compare with, but (0.15) stops up to 17 units of log-likelihood short of the maximum
where a variance is 0, an ordinary case with few languages, or ends in a singular matrix.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# of the search: absolute, in -2 log-likelihood and in ratios of standard deviations
PRECISION = 1e-9
RATIO_PRECISION = 1e-6
# searches, each from the end of the one before, until one gains nothing
RESTARTS = 10
# largest ratio of standard deviations: beyond it, products lose their precision
LARGEST = 1e3
# share of the size of the scores below which their residuals are rounding
ROUNDING = 1e-14
# share of the sum of squares below which it counts as explained
EXACT = 1e-12


class MixedFit(NamedTuple):
    """Coefficients (p,), one variance per group, and intercepts (q_i,) of each group's levels.

    `residual` : residual variance
    `log_likelihood` : restricted
    `converged` : whether the search reached its precision; never where scores are explained
        (almost) exactly, residuals below a thousandth of the intercepts, as the likelihood
        then has no maximum
    """

    coefficients: Floats
    variances: Floats
    residual: float
    effects: tuple[Floats, ...]
    log_likelihood: float
    converged: bool


class _Products(NamedTuple):
    """Cross products of dummies Z (n, q) and of data A = (X, y) (n, p + 1), all that is needed."""

    zz: Floats
    za: Floats
    aa: Floats
    sizes: tuple[int, ...]  # levels of each group
    n: int


class _Profile(NamedTuple):
    """What ratios of standard deviations entail: -2 log-likelihood, coefficients, variance."""

    deviance: float
    coefficients: Floats
    residual: float
    exact: bool


def fit_crossed(score: Floats, exog: Floats, codes: Sequence[Integers]) -> MixedFit:
    """Regression with a random intercept for each level of each group, by restricted likelihood.

    Parameters
    ----------
    score : (n,)
    exog : (n, p), of full column rank with n > p
    codes : for each of one or more groups (n,), level of each row in 0 .. q_i - 1, each in use

    Returns
    -------
    MixedFit
        a variance at or near 0 is an ordinary estimate: nothing tells the levels apart
    """
    basis, triangle = np.linalg.qr(exog)
    start = basis.T @ score
    rest = score - basis @ start
    if np.linalg.norm(rest) <= ROUNDING * np.linalg.norm(score):
        rest = np.zeros_like(rest)
    products = _products(rest, basis, codes)
    ratios, found, converged = np.ones(len(codes)), math.inf, False
    for _ in range(RESTARTS):
        result = optimize.minimize(
            lambda x: _profile(x, products).deviance,
            ratios,
            method="Nelder-Mead",
            options={
                "initial_simplex": _simplex(ratios),
                "xatol": RATIO_PRECISION,
                "fatol": PRECISION,
            },
        )
        gain, ratios, found = found - result.fun, _bounded(result.x), result.fun
        converged = bool(result.success) and gain < 10 * PRECISION
        if converged:
            break
    profile = _profile(ratios, products)
    # the likelihood of the given columns, not of their basis
    deviance = profile.deviance + 2 * float(np.log(np.abs(np.diag(triangle))).sum())
    return MixedFit(
        linalg.solve_triangular(triangle, start + profile.coefficients),
        ratios**2 * profile.residual,
        profile.residual,
        _effects(ratios, products, profile.coefficients),
        -deviance / 2,
        converged and not profile.exact and bool((ratios < LARGEST).all()),
    )


def _bounded(ratios: Floats) -> Floats:
    """Ratios as they count: the sign is free, so that the search can pass through 0."""
    return np.minimum(np.abs(ratios), LARGEST)


def _simplex(ratios: Floats) -> Floats:
    """Corners (k + 1, k) around a point, wide enough to leave 0."""
    return np.vstack([ratios, ratios + np.diag(np.maximum(0.1, ratios / 2))])


def _products(score: Floats, exog: Floats, codes: Sequence[Integers]) -> _Products:
    sizes = tuple(int(code.max()) + 1 for code in codes)
    z = np.hstack([np.eye(size)[code] for size, code in zip(sizes, codes, strict=True)])
    a = np.column_stack([exog, score])
    return _Products(z.T @ z, z.T @ a, a.T @ a, sizes, len(score))


def _factor(ratios: Floats, products: _Products) -> tuple[Floats, Floats]:
    """Scale (q,) of each intercept, and the lower Cholesky factor of I + S Z'Z S."""
    scale = np.repeat(_bounded(ratios), products.sizes)
    inner = np.eye(len(scale)) + scale[:, None] * products.zz * scale
    return scale, np.linalg.cholesky(inner).astype(np.float64, copy=False)


def _profile(ratios: Floats, products: _Products) -> _Profile:
    """Restricted likelihood, profiled over coefficients and residual variance (Bates et al.)."""
    p = len(products.aa) - 1
    scale, lower = _factor(ratios, products)
    part = linalg.solve_triangular(lower, scale[:, None] * products.za, lower=True)
    crossed = products.aa - part.T @ part
    fixed = np.linalg.cholesky(crossed[:p, :p])
    right = linalg.solve_triangular(fixed, crossed[:p, p], lower=True)
    squares = float(crossed[p, p] - right @ right)
    floor = EXACT * float(products.aa[p, p]) + np.finfo(np.float64).tiny
    residual = max(squares, floor) / (products.n - p)
    determinants = 2 * float(np.log(np.diag(lower)).sum() + np.log(np.diag(fixed)).sum())
    deviance = determinants + (products.n - p) * (1 + math.log(2 * math.pi * residual))
    coefficients = linalg.solve_triangular(fixed.T, right)
    return _Profile(deviance, coefficients, float(residual), bool(squares <= floor))


def _effects(ratios: Floats, products: _Products, coefficients: Floats) -> tuple[Floats, ...]:
    """Best linear unbiased predictions of the intercepts of each group."""
    scale, lower = _factor(ratios, products)
    right = scale * (products.za[:, -1] - products.za[:, :-1] @ coefficients)
    found = scale * linalg.cho_solve((lower, True), right)
    return tuple(np.split(found, np.cumsum(products.sizes)[:-1]))
