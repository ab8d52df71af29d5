"""Word embeddings from parallel text, without a gradient.

A small encoder pretrained for minutes does not learn by itself which sub-words of two
languages translate each other. Counting does: translations occur in the same parallel lines,
and then among neighbours that translate each other.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from isogloss.errors import EncoderError

Ids = Sequence[int] | np.ndarray


def warm_embeddings(
    aligned: Sequence[Sequence[Ids]],
    running: Iterable[Ids],
    vocabulary: int,
    hidden: int,
    deviation: float,
    seed: int,
) -> np.ndarray:
    """Compute word embeddings in which translations lie close together.

    The first half of the dimensions are the singular vectors of the positive pointwise mutual
    information (PPMI) of sub-words and parallel lines. The second half are those of the mean
    of these vectors over a sub-word's left and over its right neighbours, weighted by PPMI.

    Parameters
    ----------
    aligned : for each meaning (a line of parallel text) the sub-word ids of its translations;
        no special tokens
    running : sub-word ids of all lines of text, parallel or not
    vocabulary : rows of the result
    hidden : columns of the result
    deviation : standard deviation of the encoder's initialiser, which the result takes on
    seed : of the randomised singular value decomposition and of the rows drawn

    Returns
    -------
    float32 array of shape (vocabulary, hidden). Rows of sub-words that occur have mean 0 in
    each column; both halves have the standard deviation `deviation`. Rows of sub-words that
    occur nowhere, special tokens among them, are drawn from a normal distribution, as the
    initialiser would: they stay apart from each other even where embeddings are frozen.

    Raises
    ------
    EncoderError : fewer parallel lines or sub-words than `hidden` / 2

    References
    ----------
    Levy, Søgaard and Goldberg 2017 (sub-words by the parallel lines they occur in); PPMI and
    the square root of the singular values: Levy, Goldberg and Dagan 2015.
    """
    first, second = hidden // 2, hidden - hidden // 2
    lines = _incidence(aligned, vocabulary)
    following = _following(running, vocabulary)
    seen = np.flatnonzero(lines.sum(axis=1) + following.sum(axis=1) + following.sum(axis=0))
    if min(lines.shape[1], len(seen)) < second:
        raise EncoderError(
            f"warm start: {lines.shape[1]} parallel lines with {len(seen)} sub-words are too few "
            f"for hidden size {hidden}; each must be at least {second}"
        )
    meaning = _reduce(_ppmi(lines), first, seed)
    sides = [_weighted_mean(_ppmi(side), meaning) for side in (following.T.tocsr(), following)]
    context = _reduce(np.hstack(sides), second, seed)
    embeddings = np.random.default_rng(seed).normal(0.0, deviation, (vocabulary, hidden))
    embeddings[seen] = np.hstack([_scaled(half[seen], deviation) for half in (meaning, context)])
    return embeddings.astype(np.float32)


def _incidence(aligned: Sequence[Sequence[Ids]], vocabulary: int) -> sparse.csr_array:
    """Count, for each sub-word and meaning, the translations that hold the sub-word."""
    rows = [np.unique(np.asarray(ids, int)) for lines in aligned for ids in lines]
    meanings = [i for i, lines in enumerate(aligned) for _ in lines]
    columns = np.repeat(np.asarray(meanings, int), [len(row) for row in rows])
    return _counts(rows, [columns], (vocabulary, len(aligned)))


def _following(running: Iterable[Ids], vocabulary: int) -> sparse.csr_array:
    """Count how often sub-word j stands right behind sub-word i."""
    lines = [np.asarray(ids, int) for ids in running]
    left, right = [ids[:-1] for ids in lines], [ids[1:] for ids in lines]
    return _counts(left, right, (vocabulary, vocabulary))


def _counts(
    rows: list[np.ndarray], columns: list[np.ndarray], shape: tuple[int, int]
) -> sparse.csr_array:
    empty = [np.zeros(0, int)]
    places = np.concatenate(rows + empty), np.concatenate(columns + empty)
    return sparse.csr_array((np.ones(len(places[0])), places), shape)  # sums what repeats


def _ppmi(counts: sparse.csr_array) -> sparse.csr_array:
    """Keep log(p(i, j) / p(i) p(j)) where it is positive."""
    entries = counts.tocoo()
    rows, columns = entries.coords
    expected = counts.sum(axis=1)[rows] * counts.sum(axis=0)[columns] / counts.sum()
    information = np.maximum(np.log(entries.data / expected), 0.0)
    return sparse.csr_array((information, (rows, columns)), counts.shape)


def _weighted_mean(weights: sparse.csr_array, vectors: np.ndarray) -> np.ndarray:
    totals = weights.sum(axis=1)[:, None]
    return (weights @ vectors) / np.where(totals > 0, totals, 1.0)


def _reduce(matrix: sparse.csr_array | np.ndarray, size: int, seed: int) -> np.ndarray:
    with threadpool_limits(1):  # sums split over threads round differently
        left, values, _ = randomized_svd(matrix, size, flip_sign=True, random_state=seed)
    return left * np.sqrt(values)


def _scaled(vectors: np.ndarray, deviation: float) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    found = centred.std()
    return centred * (deviation / found) if found > 0 else centred
