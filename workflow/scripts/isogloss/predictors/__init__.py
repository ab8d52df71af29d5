"""Predictors of transfer that X-SNS is compared with (Yun et al. 2023, Appendix B).

Every function gives values for ordered pairs of languages, a language with itself included,
and a higher value stands for better predicted transfer: divergences and angles are negated.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.errors import TableError

COLUMNS = ["source", "target", "value"]


def pair_table(
    values: NDArray[np.float64], sources: Sequence[str], targets: Sequence[str]
) -> pd.DataFrame:
    """Bring a matrix into one row per ordered pair.

    Parameters
    ----------
    values : shape (sources, targets)

    Returns
    -------
    DataFrame
        columns source, target, value; sources in the given order, then targets

    Raises
    ------
    TableError
        if the shape does not fit, or a language is named twice
    """
    for names in (sources, targets):
        if len(set(names)) != len(names):
            raise TableError(f"pairs of {list(names)}: allowed are languages named once each")
    if values.shape != (len(sources), len(targets)):
        raise TableError(
            f"pairs of shape {values.shape}: allowed is {(len(sources), len(targets))}, "
            "sources by targets"
        )
    pairs = pd.MultiIndex.from_product([list(sources), list(targets)], names=COLUMNS[:2])
    return pairs.to_frame(index=False).assign(value=np.asarray(values, dtype=np.float64).ravel())
