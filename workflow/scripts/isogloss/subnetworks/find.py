"""Sub-networks of a language in one setting: levels by seed and number of examples."""

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from isogloss.config.subnetworks import SubNetwork
from isogloss.subnetworks.estimate import estimate
from isogloss.subnetworks.levels import column_name
from isogloss.subnetworks.masks import levels, select
from isogloss.subnetworks.objectives import Sample
from isogloss.subnetworks.sums import Sums, flat_mean, load_sums, save_sums, tensors_of


class Found(NamedTuple):
    """Sub-networks of a language.

    columns : uint8 (parameters,) by seed and number of examples, for `levels.write_levels`
    tensors : name, block and size of each tensor
    selections : columns of table kind `selections` that do not name the language
    """

    columns: dict[str, np.ndarray]
    tensors: list[tuple[str, int, int]]
    selections: pd.DataFrame


def find(
    load: Callable[[int], Any],
    draw: Callable[[int], Sample],
    settings: SubNetwork,
    sums_file: Callable[[int], Path] | None = None,
) -> Found:
    """Find the sub-networks of all seeds and sizes.

    A language with fewer rows than a size has the sub-network of all its rows there; `examples` in
    the selections says how many were read.

    Parameters
    ----------
    load : gives the model of a seed
    draw : gives the sample of a seed
    sums_file : where sums of a seed are kept, to be gone on with when more examples are asked for
    """
    columns: dict[str, np.ndarray] = {}
    tensors: list[tuple[str, int, int]] = []
    rows: dict[str, pd.DataFrame] = {}
    asked = [*sorted(settings.sizes), settings.examples]
    for seed in settings.seeds:
        model, sample = load(seed), draw(seed)
        path = sums_file(seed) if sums_file else None
        start = _start(path, sample, settings)
        # Sums are as large as the encoder: each is reduced to levels before the next one comes.
        for sums in chain([start] if start else [], estimate(model, sample, settings, seed, start)):
            whole = sums.examples == len(sample.examples)
            sizes = [n for n in asked if n == sums.examples or (whole and n > sums.examples)]
            if sizes:
                kept, facts = _levels(sums, settings.grid)
                for size in sizes:
                    columns[column_name(seed, size)] = kept
                    rows[column_name(seed, size)] = facts.assign(seed=seed, asked=size)
            if whole and path is not None:
                save_sums(path, sums)
            tensors = tensors_of(sums)
    return Found(columns, tensors, pd.concat(rows.values(), ignore_index=True))


def _levels(sums: Sums, grid: Sequence[float]) -> tuple[np.ndarray, pd.DataFrame]:
    """Levels of all parameters, and what each p kept."""
    fisher = flat_mean(sums)
    chosen = select(fisher, grid)
    facts = pd.DataFrame(chosen).assign(
        examples=sums.examples, parameters=len(fisher), clipped=sums.clipped_share
    )
    return levels(fisher, [item.threshold for item in chosen]), facts


def _start(path: Path | None, sample: Sample, settings: SubNetwork) -> Sums | None:
    """Sums that were kept, if those of one pass can be reached from them.

    They cannot where a sub-network of fewer examples is asked for, or where the sums end with a
    smaller batch and there are further examples.
    """
    if path is None or not path.exists():
        return None
    kept = load_sums(path)
    last = len(sample.examples)
    fits = kept.examples <= min(last, settings.examples, *settings.sizes)
    whole = settings.estimator == "per_sample" or kept.examples % settings.batch == 0
    return kept if fits and (whole or kept.examples == last) else None
