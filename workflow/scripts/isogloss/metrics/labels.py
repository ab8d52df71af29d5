"""Scores of one label per example."""

import pandas as pd

from isogloss.errors import TableError


def accuracy(frame: pd.DataFrame) -> dict[str, float]:
    """Share of examples whose predicted label is the right one, in percent.

    Parameters
    ----------
    frame : table kind `predictions`, one language

    Raises
    ------
    TableError
        for a frame without rows
    """
    if frame.empty:
        raise TableError("predictions: found no row; allowed: at least one to score")
    right = int((frame["label"].to_numpy() == frame["prediction"].to_numpy()).sum())
    return {"accuracy": 100 * right / len(frame)}
