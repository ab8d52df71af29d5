"""Linear centred kernel alignment (Kornblith et al. 2019), of one pair and of many.

The published protocol of Philippy et al. 2023 is the biased, centred estimate. `linear_cka` uses
features: N x m memory and O(N m^2) time. `prepare` and `compare`, for one set of states in many
pairs, use Gram matrices: N x N memory, O(N^2 m) per set and O(N^2) per pair.
"""

from typing import NamedTuple

import numpy as np

from isogloss.representations.space import Space, normalised

# Examples that the debiased estimate needs.
MINIMUM = 4


class Similarity(NamedTuple):
    """Biased (plug-in) and debiased (unbiased HSIC) linear CKA; nan where a state is constant."""

    biased: float
    debiased: float


class _Centred(NamedTuple):
    """Centred states (N, m), their row norms squared (N,), and self-similarity."""

    states: np.ndarray
    norms: np.ndarray


def linear_cka(first: np.ndarray, second: np.ndarray) -> Similarity:
    """Linear CKA of two sets of states of the same N examples.

    Parameters
    ----------
    first, second : (N, m) and (N, k), any float type; computed in float64

    Raises
    ------
    ValueError
        if the numbers of examples differ or are below 4 (the debiased estimate needs 4)
    """
    if len(first) != len(second) or len(first) < MINIMUM:
        raise ValueError(
            f"need the same {MINIMUM} or more examples, got {len(first)} and {len(second)}"
        )
    x, y = _centre(first), _centre(second)
    pairs = ((x, y), (x, x), (y, y))
    biased = [_hsic(a, b) for a, b in pairs]
    debiased = [_unbiased_hsic(plain, a, b) for plain, (a, b) in zip(biased, pairs, strict=True)]
    return Similarity(_ratio(*biased), _ratio(*debiased))


def prepare(space: Space) -> np.ndarray:
    """What linear CKA needs of one set of states.

    Returns
    -------
    centred Gram matrix of Frobenius norm 1, float64 (N, N); nan where the states are constant
    """
    return normalised(space.gram)


def compare(first: np.ndarray, second: np.ndarray) -> float:
    """Biased linear CKA, in [0, 1], of two sets of the same N examples from `prepare`."""
    return float(np.vdot(first, second))


def _centre(states: np.ndarray) -> _Centred:
    found = Space(states).centred
    return _Centred(found, np.einsum("ij,ij->i", found, found))


def _hsic(x: _Centred, y: _Centred) -> float:
    """Squared Frobenius norm of X'Y."""
    return float(np.square(x.states.T @ y.states).sum())


def _unbiased_hsic(plain: float, x: _Centred, y: _Centred) -> float:
    """Unbiased HSIC (Song et al. 2012, Equation 5) times N (N - 3), in feature form.

    With K = XX' and L = YY' without their diagonals: tr(KL) + sum(K) sum(L) / ((N-1)(N-2))
    - 2 / (N-2) * sum(KL). Centred rows give K1 = -diag(XX'), so no N x N matrix is needed.

    plain : `_hsic` of the two, tr(KL) with the diagonals
    """
    n = len(x.norms)
    trace = plain - float(x.norms @ y.norms)
    sums = float(x.norms.sum()) * float(y.norms.sum()) / ((n - 1) * (n - 2))
    return trace + sums - 2 / (n - 2) * float(x.norms @ y.norms)


def _ratio(cross: float, first: float, second: float) -> float:
    return cross / float(np.sqrt(first * second)) if first > 0 and second > 0 else float("nan")
