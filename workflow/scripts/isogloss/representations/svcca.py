"""Singular vector canonical correlation analysis (Raghu et al. 2017, Section 2).

Mean canonical correlation of the directions that hold 99 percent of each set's variance. It is
inflated unless directions are few beside examples: two random spaces of k and l directions share
one of k + l - N or more. With 600 sentences and states of 768 dimensions it is high for any pair.
"""

from typing import NamedTuple

import numpy as np

from isogloss.representations.cka import centred

VARIANCE = 0.99


class Directions(NamedTuple):
    """Orthonormal directions of N examples: those kept (N, k), and others.

    rest : what is left of the N-dimensional space, (N, N - k), where it is at hand and smaller
    """

    kept: np.ndarray
    rest: np.ndarray | None


def prepare(states: np.ndarray) -> Directions:
    """What SVCCA needs of one set of states.

    Parameters
    ----------
    states : (N, m), any float type; computed in float64

    Returns
    -------
    left singular vectors of the centred states, the fewest that hold `VARIANCE` of the sum of
    squares, float64; k = 0 where the states are constant
    """
    x = centred(states)
    count, width = x.shape
    # eigenvectors of the smaller of the two matrices of products
    products = x @ x.T if count <= width else x.T @ x
    values, vectors = np.linalg.eigh(products)
    values = np.maximum(values, 0)
    total = values.sum()
    if total == 0:
        return Directions(np.empty((count, 0)), None)
    held = np.cumsum(values[::-1]) / total
    kept = int(np.searchsorted(held, VARIANCE)) + 1
    if count <= width:
        return Directions(vectors[:, -kept:], vectors[:, :-kept] if 2 * kept > count else None)
    # the least of these values is above 1 percent of their mean, so a root keeps its digits
    return Directions(x @ vectors[:, -kept:] / values[-kept:] ** 0.5, None)


def compare(first: Directions, second: Directions) -> float:
    """Mean of the min(k, l) canonical correlations, in [0, 1], of two sets from `prepare`.

    Two spaces of k and l of N dimensions share k + l - N or more directions. Their other canonical
    correlations are those of the two spaces that are left (by the CS decomposition), which are
    small where k and l are large.
    """
    count, widths = len(first.kept), (first.kept.shape[1], second.kept.shape[1])
    if not all(widths):
        return float("nan")
    if first.rest is None or second.rest is None:
        return _cosines(first.kept, second.kept) / min(widths)
    return (sum(widths) - count + _cosines(first.rest, second.rest)) / min(widths)


def _cosines(first: np.ndarray, second: np.ndarray) -> float:
    """Sum of the cosines of the principal angles between two spaces."""
    return float(np.linalg.svd(first.T @ second, compute_uv=False).sum())
