"""A set of states, with the products that several indices of similarity need of it."""

from functools import cached_property

import numpy as np


class Space:
    """States of N examples.

    Parameters
    ----------
    states : (N, m), any float type; all else is computed from it in float64, once, when it is
        first asked for. What is computed is shared: it must not be written to
    """

    def __init__(self, states: np.ndarray) -> None:
        self.states = states

    @cached_property
    def constant(self) -> bool:
        """Whether all rows are equal."""
        return bool((self.states == self.states[:1]).all())

    @cached_property
    def centred(self) -> np.ndarray:
        """States less their mean over examples, float64 (N, m); exactly 0 where all are equal."""
        if self.constant:
            # the mean of equal numbers need not be that number
            return np.zeros(self.states.shape)
        found = self.states.astype(np.float64)
        found -= found.mean(0)
        return found

    @cached_property
    def gram(self) -> np.ndarray:
        """Products of all pairs of centred states, float64 (N, N)."""
        return self.centred @ self.centred.T


def normalised(values: np.ndarray) -> np.ndarray:
    """Values over the root of the sum of their squares; nan where all are 0."""
    norm = float(np.linalg.norm(values))
    return values / norm if norm > 0 else np.full(values.shape, np.nan)
