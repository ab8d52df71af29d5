"""LEX: divergence of sub-word distributions (Yun et al. 2023, Appendix B; Muller et al. 2023)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

from isogloss.errors import TableError
from isogloss.predictors import pair_table

Floats = NDArray[np.float64]


def lexical_similarity(counts: pd.DataFrame) -> pd.DataFrame:
    """Minus the Jensen-Shannon divergence of sub-word unigrams, for all pairs of languages.

    Parameters
    ----------
    counts : table kind `subwords`: columns language, subword, count (occurrences)

    Returns
    -------
    DataFrame
        columns source, target, value in nats, -ln 2 (no sub-word shared) to 0. The appendix
        leaves the base open; it has no influence on ranks or correlations. The divergence is
        taken, not its root, which scipy's `jensenshannon` gives: the root would change
        Pearson's coefficient.

    Raises
    ------
    TableError
        for a negative count, a sub-word counted twice, or a language without any
    """
    languages, table = _matrix(counts)
    shares = table / table.sum(axis=1, keepdims=True)
    return pair_table(-_divergences(shares), languages, languages)


def subword_overlap(counts: pd.DataFrame) -> pd.DataFrame:
    """Jaccard coefficient of the sets of sub-words in use, for all pairs of languages.

    A control for LEX that ignores frequencies.

    Parameters
    ----------
    counts : as in `lexical_similarity`

    Returns
    -------
    DataFrame
        columns source, target, value from 0 to 1

    Raises
    ------
    TableError
        as `lexical_similarity`
    """
    languages, table = _matrix(counts)
    used = (table > 0).astype(np.float64)
    shared = used @ used.T
    sizes = np.diag(shared)
    union = sizes[:, None] + sizes[None, :] - shared
    return pair_table(shared / union, languages, languages)


def _matrix(counts: pd.DataFrame) -> tuple[list[str], Floats]:
    """Languages in order, and counts of shape (languages, sub-words in any of them)."""
    if counts.duplicated(["language", "subword"]).any():
        twice = counts.loc[counts.duplicated(["language", "subword"])].iloc[0]
        raise TableError(
            f"table 'subwords': sub-word {twice['subword']} of {twice['language']!r} stands there "
            "twice; allowed: one row each"
        )
    if (counts["count"] < 0).any():
        raise TableError("table 'subwords': a negative count; allowed: 0 and more")
    languages, rows = np.unique(counts["language"].to_numpy(dtype=str), return_inverse=True)
    subwords, columns = np.unique(counts["subword"].to_numpy(), return_inverse=True)
    table = np.zeros((len(languages), len(subwords)))
    table[rows, columns] = counts["count"].to_numpy(dtype=np.float64)
    empty = [
        str(name) for name, total in zip(languages, table.sum(axis=1), strict=True) if not total
    ]
    if empty:
        raise TableError(f"table 'subwords': {empty[0]!r} has no occurrence; allowed: 1 or more")
    return [str(name) for name in languages], table


def _divergences(shares: Floats) -> Floats:
    """Jensen-Shannon divergences, shape (n, n), nats."""
    n = len(shares)
    divergences = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            # where rounding turns the divergence of near-equal rows negative, its root is nan
            root = np.nan_to_num(jensenshannon(shares[i], shares[j]))
            divergences[i, j] = divergences[j, i] = min(root**2, np.log(2))
    return divergences
