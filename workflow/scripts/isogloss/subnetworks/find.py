"""Sub-networks of a language in one setting: levels by seed and number of examples."""

from collections.abc import Callable
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
    rows: list[pd.DataFrame] = []
    asked = [*sorted(settings.sizes), settings.examples]
    for seed in settings.seeds:
        model, sample = load(seed), draw(seed)
        path = sums_file(seed) if sums_file else None
        start = _start(path, sample, settings)
        found = {start.examples: start} if start else {}
        for sums in estimate(model, sample, settings, seed, start):
            found[sums.examples] = sums
        last = found[len(sample.examples)]
        if path is not None:
            save_sums(path, last)
        tensors = tensors_of(last)
        for size in asked:
            sums = found.get(size, last)
            fisher = flat_mean(sums)
            chosen = select(fisher, settings.grid)
            columns[column_name(seed, size)] = levels(fisher, [item.threshold for item in chosen])
            rows.append(
                pd.DataFrame(chosen).assign(
                    seed=seed,
                    asked=size,
                    examples=sums.examples,
                    parameters=len(fisher),
                    clipped=sums.clipped_share,
                )
            )
    return Found(columns, tensors, pd.concat(rows, ignore_index=True))


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
