"""Indices of similarity by name, and their table for pairs of languages.

Each index has a module with `prepare`, what is done once per set of states, and `compare`, what
is left to do per pair. Muller et al. 2021 print one index; which one the others would give is
what the table is for.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.errors import TableError
from isogloss.representations import cka, rbf_cka, retrieval, rsa, svcca
from isogloss.representations.space import Space
from isogloss.representations.states import StatesFile

# Sentences that a comparison needs, by protocol.
MINIMUM = {"mean": 4, "authors": 8}
# Windows of the released script; each holds the N // WINDOWS sentences from its number on.
WINDOWS = 4
# The one index of the released script.
AUTHORS = "rbf_cka"

Pair = tuple[str, str]
# A language and the ids of its sentences, as bytes: what is prepared once.
Part = tuple[str, bytes]


class Index(NamedTuple):
    """What an index needs of one set of states, and its value for two of these."""

    prepare: Callable[[Space], np.ndarray]
    compare: Callable[[np.ndarray, np.ndarray], float]


INDICES: dict[str, Index] = {
    "cka": Index(cka.prepare, cka.compare),
    "rbf_cka": Index(rbf_cka.prepare, rbf_cka.compare),
    "svcca": Index(svcca.prepare, svcca.compare),
    "rsa": Index(rsa.prepare, rsa.compare),
    "retrieval": Index(retrieval.prepare, retrieval.compare),
}


def similarity(name: str, first: np.ndarray, second: np.ndarray) -> float:
    """Similarity of two sets of states whose rows translate each other.

    Parameters
    ----------
    name : key of INDICES
    first, second : (N, m) and (N, k), any float type; computed in float64. Retrieval compares
        the states themselves and needs m = k

    Returns
    -------
    the index, in [0, 1] ([-1, 1] for rsa); nan where a set of states is constant

    Raises
    ------
    ValueError
        if the numbers of examples differ or are below 4
    """
    least = MINIMUM["mean"]
    if len(first) != len(second) or len(first) < least:
        raise ValueError(
            f"need the same {least} or more examples, got {len(first)} and {len(second)}"
        )
    index = INDICES[name]
    return index.compare(index.prepare(Space(first)), index.prepare(Space(second)))


def similarity_frame(
    file: StatesFile,
    pairs: Iterable[Pair],
    indices: Sequence[str],
    sentences: int,
    protocol: str = "mean",
    threads: int = 1,
) -> pd.DataFrame:
    """Similarity of pairs of languages in all layers of one file of states.

    A pair is compared on the first `sentences` ids, in rising order, that both languages hold;
    rows of the same id translate each other. Each language, layer and index is prepared once,
    or once for each set of ids where pairs share different ones.

    Parameters
    ----------
    file : states, whose sub-words are averaged as the protocol has it
    pairs : source and target
    indices : keys of INDICES
    sentences : most sentences of a pair
    protocol : "mean", all sentences at once, or "authors", the mean over the four windows
        [i : i + n // 4], i = 0..3, of the n sentences, as the released script of Muller et al.
        2021 has it; defined for rbf_cka only, other indices are left out
    threads : languages, then pairs, at a time; each computes in one thread, so that the values
        are the same for any number, if the caller has set numpy's own threads to one

    Returns
    -------
    columns protocol, index, source, target, layer, n, value, ordered by index, pair and layer;
    layer 0 is the embedding output; n counts the sentences of the pair; value is nan where the
    states of a language are constant

    Raises
    ------
    TableError
        if a language is missing or holds an id twice, or a pair shares fewer than 4 sentences
        (8 for "authors")
    """
    pairs = list(pairs)
    rows, parts = _shared_rows(file, pairs, sentences, protocol)
    names = [name for name in indices if protocol == "mean" or name == AUTHORS]
    layers = range(file.layers + 1)
    prepare = partial(_prepare, names=names, protocol=protocol)
    values = []
    with ThreadPoolExecutor(threads) as pool:
        for layer in layers:
            whole = {language: file.layer(language, layer) for language, _ in rows}
            # every index computes in float64; float16 is slow to convert and to compare
            states = [
                whole[language][places].astype(float) for (language, _), places in rows.items()
            ]
            prepared = dict(zip(rows, pool.map(prepare, states), strict=True))
            sides = [[prepared[part] for part in side] for side in zip(*parts, strict=True)]
            values.append(list(pool.map(_compare, *sides)))
    found = [
        (protocol, name, *pair, layer, len(rows[first]), values[layer][place][name])
        for name in names
        for place, (pair, (first, _)) in enumerate(zip(pairs, parts, strict=True))
        for layer in layers
    ]
    columns = ["protocol", "index", "source", "target", "layer", "n", "value"]
    return pd.DataFrame(found, columns=columns)


def _shared_rows(
    file: StatesFile, pairs: Iterable[Pair], sentences: int, protocol: str
) -> tuple[dict[Part, np.ndarray], list[tuple[Part, Part]]]:
    """Rows of each part, in the order of their ids, and the two parts of each pair."""
    rows: dict[Part, np.ndarray] = {}
    parts = []
    for pair in pairs:
        held = [_ids(file, language) for language in pair]
        found = np.intersect1d(held[0], held[1], assume_unique=True, return_indices=True)
        ids, *places = (values[:sentences] for values in found)
        if len(ids) < MINIMUM[protocol]:
            source, target = pair
            raise TableError(
                f"{file.path}: {source!r} and {target!r} are compared on {len(ids)} sentences; "
                f"protocol {protocol!r} needs {MINIMUM[protocol]} or more"
            )
        first, second = ((language, ids.tobytes()) for language in pair)
        rows |= {first: places[0], second: places[1]}
        parts.append((first, second))
    return rows, parts


def _ids(file: StatesFile, language: str) -> np.ndarray:
    ids = file.ids(language)
    if len(np.unique(ids)) < len(ids):
        raise TableError(f"{file.path}: {language!r} holds an id twice; once is allowed")
    return ids


def _prepare(
    states: np.ndarray, names: Sequence[str], protocol: str
) -> dict[str, list[np.ndarray]]:
    """What each index needs of each window of some states."""
    spaces = [Space(window) for window in _windows(states, protocol)]
    return {name: [INDICES[name].prepare(space) for space in spaces] for name in names}


def _compare(
    first: dict[str, list[np.ndarray]], second: dict[str, list[np.ndarray]]
) -> dict[str, float]:
    """Mean value of each index over the windows of two sets of states."""
    return {
        name: float(np.mean(list(map(INDICES[name].compare, windows, second[name]))))
        for name, windows in first.items()
    }


def _windows(states: np.ndarray, protocol: str) -> list[np.ndarray]:
    if protocol == "mean":
        return [states]
    size = len(states) // WINDOWS
    return [states[start : start + size] for start in range(WINDOWS)]
