"""EMB: similarity of mean sentence states (Yun et al. 2023, Appendix B; Muller et al. 2023).

The text takes the last layer; the released notebook reads files of layers 5 and 2. All layers
are given here, and the caller chooses.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.errors import TableError
from isogloss.predictors import pair_table

Floats = NDArray[np.float64]


def embedding_similarity(means: Floats, languages: Sequence[str]) -> pd.DataFrame:
    """Cosine of mean states at each layer, for all pairs of languages.

    Parameters
    ----------
    means : any float type, shape (languages, layers + 1, hidden): per language and layer the
        mean over sentences of mean-pooled states; layer 0 is the embedding layer. Computed in
        float64.
    languages : in the order of the first axis

    Returns
    -------
    DataFrame
        columns source, target, layer, value; value -1 to 1, missing where a mean is 0 in all
        its elements

    Raises
    ------
    TableError
        if shapes do not fit or a mean is not finite
    """
    states = np.asarray(means, dtype=np.float64)
    if states.ndim != 3 or len(states) != len(languages):
        raise TableError(
            f"predictor EMB: means of shape {states.shape} for {len(languages)} languages; "
            "allowed is (languages, layers + 1, hidden)"
        )
    if not np.isfinite(states).all():
        place, layer = np.argwhere(~np.isfinite(states).all(axis=2))[0]
        raise TableError(
            f"predictor EMB: the mean of {languages[place]!r} at layer {layer} is not finite"
        )
    frames = [
        pair_table(_cosines(states[:, layer]), languages, languages).assign(layer=layer)
        for layer in range(states.shape[1])
    ]
    columns = ["source", "target", "layer", "value"]
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)[columns]


def _cosines(states: Floats) -> Floats:
    norms = np.linalg.norm(states, axis=1, keepdims=True)
    units = states / np.where(norms > 0, norms, np.nan)
    return np.clip(units @ units.T, -1, 1)
