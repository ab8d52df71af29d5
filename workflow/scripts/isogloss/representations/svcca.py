"""Singular vector canonical correlation analysis (Raghu et al. 2017, Section 2).

Mean canonical correlation of the directions that hold 99 percent of each set's variance. It is
inflated unless directions are few beside examples: two random spaces of k and l directions share
one of k + l - N or more. With 600 sentences and states of 768 dimensions it is high for any pair.
"""

import numpy as np

from isogloss.representations.space import Space

VARIANCE = 0.99


def prepare(space: Space) -> np.ndarray:
    """What SVCCA needs of one set of states.

    Returns
    -------
    left singular vectors of the centred states, the fewest that hold `VARIANCE` of the sum of
    squares, float64 (N, k); k = 0 where the states are constant
    """
    x = space.centred
    count, width = x.shape
    # eigenvectors of the smaller of the two matrices of products
    values, vectors = np.linalg.eigh(space.gram if count <= width else x.T @ x)
    values = np.maximum(values, 0)
    total = values.sum()
    if total == 0:
        return np.empty((count, 0))
    held = np.cumsum(values[::-1]) / total
    kept = int(np.searchsorted(held, VARIANCE)) + 1
    # the least of these values is above 1 percent of their mean, so a root keeps its digits
    return vectors[:, -kept:] if count <= width else x @ vectors[:, -kept:] / values[-kept:] ** 0.5


def compare(first: np.ndarray, second: np.ndarray) -> float:
    """Mean of the min(k, l) canonical correlations, in [0, 1], of two sets from `prepare`."""
    if not (first.shape[1] and second.shape[1]):
        return float("nan")
    return float(np.linalg.svd(first.T @ second, compute_uv=False).mean())
