"""What an encoder and its tokenizer make of a language's text: a mean state, and sub-words."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from isogloss.encoders.batches import Encoded
from isogloss.tasks.task import Features
from isogloss.training.score import run_pass


class Description(NamedTuple):
    """A text in numbers.

    means : mean over texts of the mean over a text's sub-words, float64 (layers + 1, hidden),
        embedding output first (Yun et al. 2023, Appendix B, EMB)
    subwords, counts : int64 (k,), sub-words that are not special and how often they occur
    texts : number of texts
    """

    means: np.ndarray
    subwords: np.ndarray
    counts: np.ndarray
    texts: int


def describe(
    encoder: Any, texts: Sequence[Encoded], pad: int, special: Sequence[int]
) -> Description:
    """Mean state of some texts at every layer, and counts of their sub-words."""
    count = len(texts)
    nothing = np.empty((0, 2), dtype=np.int64)
    features = Features(
        np.arange(count),
        [(text,) for text in texts],
        np.zeros((count, 2), dtype=np.int64),
        [nothing] * count,
        [nothing] * count,
    )
    states = run_pass(encoder, features, pad, special, ["mean"]).states["mean"]
    ids = np.concatenate([text.ids for text in texts])
    subwords, counts = np.unique(ids[~np.isin(ids, special)], return_counts=True)
    return Description(states.astype(np.float64).mean(0), subwords, counts, count)


def description_tables(
    found: Description, language: str, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of table kinds `means` and `subwords`."""
    means = pd.DataFrame(
        {
            "layer": np.arange(len(found.means)),
            "examples": found.texts,
            "value": list(found.means),
        }
    ).assign(language=language, seed=seed)
    subwords = pd.DataFrame({"subword": found.subwords, "count": found.counts}).assign(
        language=language, seed=seed
    )
    return means, subwords
