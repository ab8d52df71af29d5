"""Warm embeddings bring translations together, and are the same each time."""

import subprocess
import sys
from itertools import chain, pairwise
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.encoders.tokenizer import build_tokenizer, train_vocabulary
from isogloss.encoders.warm_start import warm_embeddings
from isogloss.errors import EncoderError

NOUNS, VERBS = 30, 10
WORDS = NOUNS + VERBS  # word i of one toy language is translated by i + WORDS of the other
SPECIAL = 5


def toy_corpus(seed: int, lines: int = 400) -> list[list[list[int]]]:
    """Meanings in two languages: verbs choose their nouns; SVO order in one, SOV in the other."""
    rng = np.random.default_rng(seed)
    corpus = []
    for verb in rng.integers(0, VERBS, lines):
        agent, patient = verb * 3 + rng.integers(0, 5, 2)
        words = [agent % NOUNS, NOUNS + verb, patient % NOUNS]
        first = [int(word) + SPECIAL for word in words]
        corpus.append([first, [first[0] + WORDS, first[2] + WORDS, first[1] + WORDS]])
    return corpus


def toy_embeddings(seed: int = 0, hidden: int = 32, std: float = 0.02) -> np.ndarray:
    corpus = toy_corpus(seed)
    size = SPECIAL + 2 * WORDS
    return warm_embeddings(corpus, chain.from_iterable(corpus), size, hidden, std, seed)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ppmi(counts: np.ndarray) -> np.ndarray:
    """PPMI entry by entry from its definition."""
    total = counts.sum()
    out = np.zeros_like(counts)
    for i, j in zip(*np.nonzero(counts), strict=True):
        ratio = (counts[i, j] / total) / (counts[i].sum() / total * counts[:, j].sum() / total)
        out[i, j] = max(0.0, log(ratio))
    return out


def reduced(matrix: np.ndarray, size: int) -> np.ndarray:
    left, values, _ = np.linalg.svd(matrix, full_matrices=False)
    return left[:, :size] * np.sqrt(values[:size])


def scaled(vectors: np.ndarray, std: float) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    return centred * std / centred.std()


@pytest.mark.parametrize("seed", range(4))
def test_equals_a_dense_computation_from_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, hidden, std = 14, 7, 0.05
    aligned = [[rng.integers(0, size, rng.integers(1, 7)) for _ in range(2)] for _ in range(12)]
    running = [*chain.from_iterable(aligned), np.arange(size)]  # every sub-word occurs

    lines, following = np.zeros((size, len(aligned))), np.zeros((size, size))
    for meaning, translations in enumerate(aligned):
        for ids in translations:
            for word in set(ids.tolist()):
                lines[word, meaning] += 1
    for ids in running:
        for left, right in pairwise(ids.tolist()):
            following[left, right] += 1
    meaning_vectors = reduced(ppmi(lines), hidden // 2)
    sides = []
    for counts in (following.T, following):
        weights = ppmi(counts)
        totals = weights.sum(axis=1, keepdims=True)
        sides.append(weights @ meaning_vectors / np.where(totals == 0, 1, totals))
    context_vectors = reduced(np.hstack(sides), hidden - hidden // 2)

    found = warm_embeddings(aligned, running, size, hidden, std, seed)
    for half, expected in (
        (found[:, : hidden // 2], scaled(meaning_vectors, std)),
        (found[:, hidden // 2 :], scaled(context_vectors, std)),
    ):
        # singular vectors are known up to their sign
        np.testing.assert_allclose(np.abs(half), np.abs(expected), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_translations_are_nearest_neighbours(seed: int) -> None:
    words = unit(toy_embeddings(seed)[SPECIAL:])
    similarity = words @ words.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = similarity.argmax(axis=1)
    translation = (np.arange(2 * WORDS) + WORDS) % (2 * WORDS)
    # chance is 1 / 79; most that miss are verbs, which have other neighbours in SOV
    assert (nearest == translation).mean() > 0.75
    assert (nearest == translation)[:NOUNS].mean() > 0.9


def test_translations_share_the_first_half_exactly_and_meet_in_the_second() -> None:
    embeddings = toy_embeddings()[SPECIAL:]
    first, second = embeddings[:, :16], unit(embeddings[:, 16:])
    # a word and its translation occur in the same lines equally often
    np.testing.assert_allclose(first[:WORDS], first[WORDS:], atol=1e-6)
    similarity = second[:WORDS] @ second[WORDS:].T
    assert np.diag(similarity).mean() > similarity.mean() + 0.05


def test_shape_mean_and_deviation() -> None:
    embeddings = toy_embeddings(hidden=20, std=0.05)
    assert embeddings.shape == (SPECIAL + 2 * WORDS, 20)
    assert embeddings.dtype == np.float32
    words = embeddings[SPECIAL:]
    np.testing.assert_allclose(words.mean(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose([words[:, :10].std(), words[:, 10:].std()], 0.05, rtol=1e-5)


def test_unseen_rows_are_drawn_as_the_initialiser_would() -> None:
    corpus = toy_corpus(0)
    size = SPECIAL + 2 * WORDS + 2000
    embeddings = warm_embeddings(corpus, chain.from_iterable(corpus), size, 16, 0.02, 3)
    unseen = np.vstack([embeddings[:SPECIAL], embeddings[SPECIAL + 2 * WORDS :]])
    assert abs(unseen.std() - 0.02) < 1e-3
    assert abs(unseen.mean()) < 1e-3
    assert len(np.unique(unseen, axis=0)) == len(unseen)
    words = embeddings[SPECIAL : SPECIAL + 2 * WORDS]
    np.testing.assert_allclose(words.mean(axis=0), 0, atol=1e-7)


def test_order_of_running_text_does_not_matter_and_its_content_does() -> None:
    corpus = toy_corpus(0)
    lines = list(chain.from_iterable(corpus))
    forward, backward, changed = (
        warm_embeddings(corpus, running, SPECIAL + 2 * WORDS, 16, 0.02, 0)
        for running in (lines, lines[::-1], [line[::-1] for line in lines[:50]] + lines[50:])
    )
    np.testing.assert_array_equal(forward, backward)
    np.testing.assert_array_equal(forward[:, :8], changed[:, :8])
    assert np.abs(forward[:, 8:] - changed[:, 8:]).max() > 1e-4


def test_words_known_from_running_text_only_get_a_row() -> None:
    corpus = toy_corpus(0)
    size = SPECIAL + 2 * WORDS + 1
    neighbour, new = SPECIAL, size - 1
    lines = [*chain.from_iterable(corpus), [neighbour, new], [new, neighbour], [], [neighbour]]
    embeddings = warm_embeddings(corpus, lines, size, 16, 0.02, 0)
    np.testing.assert_allclose(embeddings[SPECIAL:].mean(axis=0), 0, atol=1e-7)
    drawn = np.random.default_rng(0).normal(0, 0.02, embeddings.shape).astype(np.float32)
    np.testing.assert_array_equal(embeddings[:SPECIAL], drawn[:SPECIAL])
    assert np.abs(embeddings[new] - drawn[new]).min() > 0


def test_same_bytes_whatever_the_hash_seed_and_threads(root: Path) -> None:
    command = (
        "import hashlib, numpy as np\n"
        "from isogloss.encoders.warm_start import warm_embeddings\n"
        "lines = list(np.random.default_rng(0).integers(0, 3000, (4000, 9)))\n"
        "aligned = list(zip(lines[::2], lines[1::2]))\n"
        "found = warm_embeddings(aligned, lines, 3000, 64, 0.02, 0)\n"
        "print(hashlib.sha256(found.tobytes()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", command],
            env={
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": str(root / "workflow/scripts"),
                "OMP_NUM_THREADS": seed,
                "OPENBLAS_NUM_THREADS": seed,
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 11), max_size=6), min_size=6, max_size=20))
def test_any_lines_give_finite_repeatable_rows(lines: list[list[int]]) -> None:
    # the last line makes sure that enough sub-words occur
    lines = [*lines, list(range(12))]
    aligned = [[line, line[::-1]] for line in lines]
    first, again = (warm_embeddings(aligned, lines, 12, 8, 0.02, 5) for _ in range(2))
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("lines", [[], [[[1, 2], [3]]] * 3, [[[1], [2]]] * 20])
def test_too_little_text_is_an_error(lines: list[list[list[int]]]) -> None:
    with pytest.raises(EncoderError, match=r"are too few for hidden size 16; .* at least 8"):
        warm_embeddings(lines, chain.from_iterable(lines), 50, 16, 0.02, 0)


@pytest.mark.shared
def test_real_parallel_lines_that_were_not_counted_are_found(shared: Path) -> None:
    folder = shared / "data" / "ntrex"
    texts = [
        (folder / f"newstest2019-{name}.txt").read_text("utf-8").splitlines()
        for name in ("src.eng", "ref.deu", "ref.spa", "ref.fra")
    ]
    vocabulary = train_vocabulary(chain.from_iterable(texts), 5000)
    encode = build_tokenizer(vocabulary, "bert", 512).backend_tokenizer.encode
    ids = [[encode(line, add_special_tokens=False).ids for line in lines] for lines in texts]
    counted = len(ids[0]) * 4 // 5
    embeddings = warm_embeddings(
        list(zip(*(lines[:counted] for lines in ids), strict=True)),
        chain.from_iterable(lines[:counted] for lines in ids),
        len(vocabulary),
        128,
        0.02,
        0,
    )
    drawn = np.random.default_rng(0).normal(size=embeddings.shape)

    def found(vectors: np.ndarray, target: int) -> float:
        """Part of the English lines whose nearest line in the target is their translation."""
        sides = []
        for lines in (ids[0][counted:], ids[target][counted:]):
            means = np.array([vectors[line].mean(axis=0) for line in lines])
            sides.append(unit(means - means.mean(axis=0)))
        return float(((sides[0] @ sides[1].T).argmax(axis=1) == np.arange(len(sides[0]))).mean())

    for target in (1, 2, 3):
        # chance is 1 / 200; equal sub-words (names, digits) alone find some
        assert found(embeddings, target) > found(drawn, target) + 0.1
        assert found(embeddings, target) > 0.2
