"""Retrieval of translations by nearest states, as XTREME scores Tatoeba (Hu et al. 2020)."""

import numpy as np

from isogloss.representations.space import Space

# Cosines nearer to each other than float64 tells apart in a sum of products are tied.
TIE = 1e-13


def prepare(space: Space) -> np.ndarray:
    """What retrieval needs of one set of states.

    Returns
    -------
    rows of length 1, float64 (N, m), a row of zeros as it is; nan where the states are constant
    """
    if space.constant:
        return np.full(space.states.shape, np.nan)
    return unit_rows(space.states.astype(np.float64))


def compare(first: np.ndarray, second: np.ndarray) -> float:
    """Share of examples whose nearest one of the other set is the one of the same row.

    By cosine; mean of both directions, in [0, 1]; a tie with another row is wrong.

    first, second : two sets of the same N examples from `prepare`
    """
    cosines = first @ second.T
    own = cosines.diagonal() - TIE
    if np.isnan(own).any():
        return float("nan")
    np.fill_diagonal(cosines, -np.inf)
    shares = [float((own > cosines.max(axis)).mean()) for axis in (0, 1)]
    return sum(shares) / 2


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows (N, m) of floats, in place, over their lengths; a row of zeros stays as it is."""
    lengths = np.linalg.norm(rows, axis=1)
    rows /= np.where(lengths > 0, lengths, 1)[:, None]
    return rows
