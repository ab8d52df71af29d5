"""Overlap of all pairs of a task's languages, as a table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from isogloss.errors import TableError
from isogloss.subnetworks.levels import LevelsFile, check_comparable
from isogloss.subnetworks.overlap import Counts, between, jaccard, total, within

# Language and split of a file of levels.
Text = tuple[str, str]
ALL_BLOCKS = 0


def compare(
    files: Mapping[Text, LevelsFile],
    sources: Sequence[str],
    targets: Sequence[str],
    splits: tuple[str, str],
) -> pd.DataFrame:
    """Jaccard coefficients by sub-network, pair, block and p.

    Parameters
    ----------
    files : of the text of all sources and all targets
    splits : of the sources' text and the targets'; where they are the same, the targets have the
        sources among them

    Returns
    -------
    DataFrame
        columns of table kind `overlap` without encoder, subnetwork and task; blocks one by one
        only for the sub-networks of the most examples

    Raises
    ------
    TableError
        if files do not fit each other, or share no sub-network
    """
    held = list(files.values())
    check_comparable(held)
    shared = [name for name in held[0].columns if all(name in file.columns for file in held)]
    if not shared:
        raise TableError(
            f"{held[0].path}: no sub-network of the same seed and number of examples as in the "
            f"other files; it has {', '.join(held[0].columns)}"
        )
    columns = [_parse(name) for name in shared]
    most = max(asked for _, asked in columns)
    return pd.concat(
        [
            _frame(
                _counts(files, sources, targets, splits, f"{seed}-{asked}"),
                sources,
                targets,
                held[0],
                asked == most,
            ).assign(seed=seed, asked=asked)
            for seed, asked in columns
        ],
        ignore_index=True,
    )


def _parse(column: str) -> tuple[int, int]:
    seed, _, asked = column.partition("-")
    return int(seed), int(asked)


def _counts(
    files: Mapping[Text, LevelsFile],
    sources: Sequence[str],
    targets: Sequence[str],
    splits: tuple[str, str],
    column: str,
) -> Counts:
    first = next(iter(files.values()))
    blocks, grid = first.blocks, len(first.grid)

    def source_levels(language: str, block: int) -> np.ndarray:
        return files[language, splits[0]].levels(column, block)

    def target_levels(language: str, block: int) -> np.ndarray:
        return files[language, splits[1]].levels(column, block)

    if splits[0] != splits[1]:
        return between(source_levels, sources, target_levels, targets, blocks, grid)
    counts = within(source_levels, targets, blocks, grid)
    rows = [list(targets).index(source) for source in sources]
    return Counts(counts.intersection[rows], counts.union[rows])


def _frame(
    counts: Counts, sources: Sequence[str], targets: Sequence[str], file: LevelsFile, blocks: bool
) -> pd.DataFrame:
    whole = Counts(*(part[:, :, None] for part in total(counts)))
    found = [(whole, [ALL_BLOCKS]), *([(counts, file.blocks)] if blocks else [])]
    frames = []
    for part, layers in found:
        index = pd.MultiIndex.from_product(
            [sources, targets, layers, file.grid], names=["source", "target", "layer", "p"]
        )
        values = {
            "intersection": part.intersection.ravel(),
            "union": part.union.ravel(),
            "jaccard": jaccard(part).ravel(),
        }
        frames.append(pd.DataFrame(values, index=index).reset_index())
    return pd.concat(frames, ignore_index=True)
