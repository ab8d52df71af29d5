"""CKA with a Gaussian kernel (Kornblith et al. 2019, Sections 3 and 4), of prepared states.

The width is that of the released script of Muller et al. 2021: sigma^2 is the median of the
squared distances that are not 0, in each set of states by itself.
"""

import numpy as np
from scipy.spatial.distance import squareform

from isogloss.representations.space import Space, normalised

# Squared distances below this share of the two squared norms lose digits in a Gram matrix.
CLOSE = 1e-6


def prepare(space: Space) -> np.ndarray:
    """What this CKA needs of one set of states.

    Returns
    -------
    H K H over its Frobenius norm, float64 (N, N), K = exp(-d^2 / (2 sigma^2)), H = I - 1/N;
    nan where the states are constant
    """
    distances = squared_distances(space)
    apart = distances[distances > 0]
    if not len(apart):
        return np.full(space.gram.shape, np.nan)
    kernel = squareform(np.exp(distances / (-2 * np.median(apart))), checks=False)
    np.fill_diagonal(kernel, 1)
    mean = kernel.mean(0)
    kernel -= mean
    kernel -= (mean - mean.mean())[:, None]
    return normalised(kernel)


def compare(first: np.ndarray, second: np.ndarray) -> float:
    """CKA, in [0, 1], of two sets of the same N examples from `prepare`."""
    return float(np.vdot(first, second))


def squared_distances(space: Space) -> np.ndarray:
    """Squared Euclidean distances of all pairs of examples.

    From a Gram matrix, and from differences where rows are so close that this would lose digits.
    Equal rows are exactly 0 apart, and equally far from all others.

    Returns
    -------
    float64 (N (N - 1) / 2,), in the order of `scipy.spatial.distance.pdist`
    """
    norms = space.gram.diagonal()
    sums = norms + norms[:, None]
    square = sums - 2 * space.gram
    close = np.triu(square <= CLOSE * sums, 1)
    for row in np.flatnonzero(close.any(1)):
        others = np.flatnonzero(close[row])
        # of the states as they are: centring has rounded
        difference = space.states[others].astype(np.float64) - space.states[row]
        exact = np.einsum("ij,ij->i", difference, difference)
        square[row, others] = square[others, row] = exact
    np.fill_diagonal(square, 0)
    if close.any():
        alike = (square == 0).argmax(1)
        square = square[np.ix_(alike, alike)]
    return squareform(square, checks=False)
