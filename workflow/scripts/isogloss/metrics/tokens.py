"""Columns of lists, laid end to end."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.errors import TableError


class Tokens(NamedTuple):
    """List columns end to end, each (tokens,), and the number of tokens per row (rows,) int64."""

    columns: dict[str, np.ndarray]
    lengths: np.ndarray


def lay_out(frame: pd.DataFrame, columns: Sequence[str]) -> Tokens:
    """Lay the lists of some columns end to end; a column of whole numbers becomes int64.

    Raises
    ------
    TableError
        for no token at all, or a row whose lists are not equally long
    """
    lengths = {name: np.fromiter(map(len, frame[name]), np.int64) for name in columns}
    first = columns[0]
    for name in columns[1:]:
        unequal = np.flatnonzero(lengths[name] != lengths[first])
        if unequal.size:
            place = unequal[0]
            raise TableError(
                f"predictions, id {frame['id'].iloc[place]}: {lengths[name][place]} in {name!r} "
                f"and {lengths[first][place]} in {first!r}; allowed: one of each per token"
            )
    if not lengths[first].sum():
        raise TableError("predictions: found no token; allowed: at least one to score")
    return Tokens({name: _end_to_end(frame[name]) for name in columns}, lengths[first])


def _end_to_end(column: pd.Series) -> np.ndarray:
    cells = list(chain.from_iterable(column))
    if isinstance(cells[0], str):
        return np.array(cells, dtype=object)
    return np.array(cells, dtype=np.int64)


def sentence_accuracy(correct: np.ndarray, lengths: np.ndarray) -> float:
    """Mean over sentences of the share of right tokens, in percent.

    Parameters
    ----------
    correct : (tokens,) bool
    lengths : tokens of each sentence; sentences without any are left out
    """
    lengths = lengths[lengths > 0]
    starts = np.cumsum(lengths) - lengths
    right = np.add.reduceat(correct.astype(np.int64), starts)
    return float(100 * np.mean(right / lengths))
