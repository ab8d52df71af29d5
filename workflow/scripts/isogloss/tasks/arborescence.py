"""Heads of words that form a tree: maximum spanning arborescences with one root."""

from collections.abc import Sequence

import numpy as np
from ufal.chu_liu_edmonds import chu_liu_edmonds


def best_heads(scores: np.ndarray, counts: Sequence[int] | np.ndarray) -> list[np.ndarray]:
    """Heads of the best tree of each sentence, with exactly one word under the root.

    Where the best head of each word already makes such a tree, it is the answer; only the other
    sentences go through the algorithm of Chu and Liu (1965) and Edmonds (1967) in the library
    ufal.chu_liu_edmonds. One root is had by lowering all its arcs alike, by more than all other
    arcs of a tree can differ.

    Parameters
    ----------
    scores : float (N, W, W + 1), of word i + 1 (row i) having the head j; 0 is the root
    counts : number of words of each sentence

    Returns
    -------
    int64 (words,) per sentence: 0 for the root, else the 1-based head
    """
    scores = scores.astype(np.float64)
    words = np.arange(scores.shape[1])
    scores[:, words, words + 1] = -np.inf  # no word is its own head
    inside = words[None, :] < np.asarray(counts)[:, None]
    scores[:, :, 1:][~np.broadcast_to(inside[:, None, :], scores[:, :, 1:].shape)] = -np.inf
    greedy = scores.argmax(-1)
    greedy[~inside] = 0
    done = _are_trees(greedy, inside)
    return [
        greedy[place, :count] if done[place] else _single_root(scores[place, :count, : count + 1])
        for place, count in enumerate(counts)
    ]


def _are_trees(heads: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Whether heads (N, W) of the words `inside` reach the root, with one word under it."""
    reached = np.concatenate([np.zeros((len(heads), 1), dtype=np.int64), heads], axis=1)
    for _ in range(max(1, heads.shape[1].bit_length())):
        # Each pass looks twice as far up.
        reached = np.take_along_axis(reached, reached, axis=1)
    roots = ((heads == 0) & inside).sum(1)
    return (reached == 0).all(1) & (roots == 1)


def _single_root(scores: np.ndarray) -> np.ndarray:
    """Heads (W,) of the best tree with one root; scores (W, W + 1)."""
    count = len(scores)
    square = np.full((count + 1, count + 1), np.nan)
    square[1:] = scores
    square[~np.isfinite(square)] = np.nan  # the library leaves such arcs out
    finite = square[np.isfinite(square)]
    square[:, 0] -= (finite.max() - finite.min() + 1) * count
    square[0] = np.nan
    heads, _ = chu_liu_edmonds(square)
    return np.asarray(heads[1:], dtype=np.int64)
