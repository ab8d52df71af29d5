"""Overlap of sub-networks: Jaccard coefficients of masks, for all pairs, all p and each block.

Yun et al. 2023, Section 3. Masks are bits in words of 64, counted with the processor's population
count. Parameters come one block at a time and are packed in pieces, so that memory holds one block
of all languages and the masks of a piece only.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isogloss.errors import TableError

Levels = NDArray[np.uint8]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]
# levels of a language in a block, uint8 (parameters of the block,)
Read = Callable[[str, int], Levels]

WORD = 64
# parameters at once: fewer cost more calls, more do not stay in the processor's cache
PIECE = 1 << 19


class Counts(NamedTuple):
    """Parameters in both masks and in either mask.

    intersection, union : int64 (sources, targets, blocks, grid), or without blocks where added up
    """

    intersection: Integers
    union: Integers


def within(read: Read, languages: Sequence[str], blocks: Sequence[int], grid: int) -> Counts:
    """Overlap of all pairs of one list of languages; each pair is counted once.

    Parameters
    ----------
    read : gives the levels (`masks.levels`) of a language in a block, for instance from
        `levels.LevelsFile`; called once for each
    grid : number of p

    Returns
    -------
    Counts
        symmetric in sources and targets; both counts of a language with itself are its mask's size

    Raises
    ------
    TableError
        if there are no languages, levels of a block differ in their number, or exceed the grid
    """
    both = np.zeros((len(languages), len(languages), len(blocks), grid), np.int64)
    for place, block in enumerate(blocks):
        held = _levels(read, languages, block, grid)
        for piece in _pieces(held):
            packed = _pack_all(held, piece, grid)
            both[:, :, place] += shared(packed, packed, symmetric=True)
    own = np.einsum("iibp->ibp", both)
    return Counts(both, own[:, None] + own - both)


def between(
    read_source: Read,
    sources: Sequence[str],
    read_target: Read,
    targets: Sequence[str],
    blocks: Sequence[int],
    grid: int,
) -> Counts:
    """Overlap of each source with each target, whose levels come from another text.

    Parameters, errors and result are those of `within`.
    """
    both = np.zeros((len(sources), len(targets), len(blocks), grid), np.int64)
    either = np.zeros_like(both)
    for place, block in enumerate(blocks):
        first = _levels(read_source, sources, block, grid)
        second = _levels(read_target, targets, block, grid)
        _check_lengths([*first, *second], [*sources, *targets], block)
        for piece in _pieces(first):
            packed = _pack_all(first, piece, grid), _pack_all(second, piece, grid)
            both[:, :, place] += shared(*packed)
            own, other = (_sizes(masks) for masks in packed)
            either[:, :, place] += own[:, None] + other
    return Counts(both, either - both)


def total(counts: Counts) -> Counts:
    """Counts of all blocks together, int64 (sources, targets, grid)."""
    return Counts(*(part.sum(axis=2) for part in counts))


def jaccard(counts: Counts) -> NDArray[np.float64]:
    """Intersection over union, float64 in the shape of the counts; nan where both masks are empty.

    The mask of a whole encoder is never empty, that of a block can be.
    """
    with np.errstate(invalid="ignore"):
        return counts.intersection / counts.union


def pack(levels: Levels, grid: int) -> Words:
    """Masks of all p as bits, uint64 (grid, words); bits behind the last parameter are 0."""
    packed = np.zeros((grid, -(-len(levels) // WORD)), np.uint64)
    _pack_into(packed, levels)
    return packed


def shared(first: Words, second: Words, symmetric: bool = False) -> Integers:
    """Number of parameters that two masks share, int64 (sources, targets, grid).

    Parameters
    ----------
    first, second : masks as bits, uint64 (grid, languages, words), fewer than 2**26 words
    symmetric : whether both are the same, so that half of the pairs need not be counted
    """
    both = np.zeros((len(first), first.shape[1], second.shape[1]), np.int64)
    room = np.empty(second.shape[1:], np.uint64)
    ones = np.empty(second.shape[1:], np.uint8)
    for place, masks in enumerate(second):
        for source, mask in enumerate(first[place]):
            start = source if symmetric else 0
            np.bitwise_and(mask, masks[start:], out=room[start:])
            np.bitwise_count(room[start:], out=ones[start:])
            # summing to uint32 takes half the time of int64
            both[place, source, start:] = ones[start:].sum(axis=1, dtype=np.uint32)
    if symmetric:
        both = np.maximum(both, both.swapaxes(1, 2))
    return np.moveaxis(both, 0, -1)


def _sizes(masks: Words) -> Integers:
    """Parameters of each mask, (grid, languages, words) -> int64 (languages, grid)."""
    return np.bitwise_count(masks).sum(axis=-1, dtype=np.int64).T


def _pack_into(packed: Words, levels: Levels) -> None:
    """Fill (grid, words); words need not follow each other in memory from p to p."""
    grid = len(packed)
    reached = np.empty(len(levels), bool)
    for place in range(grid):
        np.greater_equal(levels, grid - place, out=reached)
        bits = np.packbits(reached)
        packed[place].view(np.uint8)[: len(bits)] = bits


def _pack_all(held: Sequence[Levels], piece: slice, grid: int) -> Words:
    """Masks of a piece of all languages, (grid, languages, words)."""
    words = -(-len(held[0][piece]) // WORD)
    packed = np.zeros((grid, len(held), words), np.uint64)
    for language, levels in enumerate(held):
        _pack_into(packed[:, language], levels[piece])
    return packed


def _levels(read: Read, languages: Sequence[str], block: int, grid: int) -> list[Levels]:
    if not languages:
        raise TableError("overlap: got no languages; at least one is needed")
    held = [read(language, block) for language in languages]
    for language, levels in zip(languages, held, strict=True):
        highest = levels.max(initial=0)
        if levels.dtype != np.uint8 or highest > grid:
            raise TableError(
                f"overlap: levels of {language!r} in block {block} are {levels.dtype} up to "
                f"{highest}; allowed: uint8 up to {grid}, the number of p"
            )
    _check_lengths(held, languages, block)
    return held


def _check_lengths(held: Sequence[Levels], languages: Sequence[str], block: int) -> None:
    for language, levels in zip(languages, held, strict=True):
        if len(levels) != len(held[0]):
            raise TableError(
                f"overlap: block {block} has {len(held[0])} parameters for {languages[0]!r} and "
                f"{len(levels)} for {language!r}; only sub-networks of the same encoder compare"
            )


def _pieces(held: Sequence[Levels]) -> list[slice]:
    return [slice(start, start + PIECE) for start in range(0, len(held[0]), PIECE)]
