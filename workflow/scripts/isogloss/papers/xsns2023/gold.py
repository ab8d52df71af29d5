"""Gold scores of transfer, and what a choice of source gets of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.errors import TableError

Floats = NDArray[np.float64]


class Gold(NamedTuple):
    """Scores of fine-tuned models.

    scores : percent, shape (seeds, sources, targets); the first targets are the sources
    sources, targets : languages; targets may go on with languages that are no sources
    """

    scores: Floats
    sources: list[str]
    targets: list[str]

    @property
    def mean(self) -> pd.DataFrame:
        """Means over seeds, percent, rows sources, columns targets."""
        return pd.DataFrame(self.scores.mean(0), index=self.sources, columns=self.targets)

    @property
    def own(self) -> NDArray[np.bool_]:
        """Where source and target are one language, shape (sources, targets)."""
        return np.array([[s == t for t in self.targets] for s in self.sources])

    def among_sources(self) -> "Gold":
        """The scores on targets that are sources too."""
        return Gold(self.scores[:, :, : len(self.sources)], self.sources, list(self.sources))


def gold_scores(
    scores: pd.DataFrame, sources: Sequence[str], targets: Sequence[str], metric: str
) -> Gold:
    """Arrange scores of runs, one per source and seed.

    scores : table kind `scores` of one encoder, task and recipe

    Raises
    ------
    TableError
        if a score is missing
    """
    chosen = scores[scores["metric"] == metric]
    seeds = sorted(chosen["seed"].unique())
    by_cell = chosen.pivot(index=["seed", "trained_on"], columns="language", values="value")
    wanted = pd.MultiIndex.from_product([seeds, sources])
    full = by_cell.reindex(index=wanted, columns=list(targets))
    holes = full.isna()
    if not seeds or holes.to_numpy().any():
        where = "any run"
        if seeds:
            seed, source = holes.index[holes.any(axis=1)][0]
            where = f"source {source!r}, seed {seed},"
        raise TableError(f"scores: {metric} of {where} is missing on some target")
    shape = (len(seeds), len(sources), len(targets))
    return Gold(full.to_numpy(dtype=np.float64).reshape(shape), list(sources), list(targets))


def choices(gold: Gold, predicted: Floats, source: str) -> pd.DataFrame:
    """What the usual source, the predicted one and the best one reach on each target.

    Parameters
    ----------
    predicted : mean over seeds, shape (sources, targets), higher is better
    source : the usual one

    Returns
    -------
    DataFrame
        columns target, choice (`usual`, `predicted`, `best`), source and score (percent, mean
        over seeds); a target is no source of itself, and has no row of the usual source if it is
        that language
    """
    means = gold.mean
    rows = []
    for place, target in enumerate(gold.targets):
        open_to = ~gold.own[:, place]
        orders = {
            "usual": np.array([float(name == source) for name in gold.sources]),
            "predicted": predicted[:, place],
            "best": means[target].to_numpy(),
        }
        for choice, values in orders.items():
            if choice == "usual" and target == source:
                continue
            best = int(np.argmax(np.where(open_to, values, -np.inf)))
            rows.append((target, choice, gold.sources[best], means[target].iloc[best]))
    return pd.DataFrame(rows, columns=["target", "choice", "source", "score"])


def gaps(gold: Gold) -> pd.DataFrame:
    """P_s - P_o of Figure 5: score from another source minus that of the target's own model.

    Returns
    -------
    DataFrame
        columns source, target, value (points, means over seeds); own pairs are left out
    """
    here = gold.among_sources()
    means = here.scores.mean(0)
    values = means - np.diag(means)
    rows = [
        (source, target, float(values[i, j]))
        for j, target in enumerate(here.targets)
        for i, source in enumerate(here.sources)
        if source != target
    ]
    return pd.DataFrame(rows, columns=["source", "target", "value"])
