"""Indices of similarity against their formulas."""

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import rankdata, spearmanr

from isogloss.config import muller2021
from isogloss.representations import rbf_cka, rsa, svcca
from isogloss.representations.indices import INDICES, similarity
from isogloss.representations.space import Space

NAMES = list(INDICES)
# Names of sets of states that any index has to agree with its formula on.
SHAPES = {"wide": (20, 48), "deep": (90, 12), "square": (30, 30), "few": (4, 9)}
SIZES = st.tuples(st.integers(4, 24), st.integers(3, 30), st.integers(0, 999))


def states_of(count: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of states that share a part, with a direction that outweighs the others."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(size=(count, 3))
    x, y = (
        shared @ generator.normal(size=(3, width)) + generator.normal(size=(count, width))
        for _ in range(2)
    )
    x[:, 0] *= 4
    return x + 1, y - 1


def near_constant(count: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """States like those of [CLS] in a low layer: float16, an offset, and hardly a difference."""
    offset = np.random.default_rng(7).normal(size=width) * 3
    return tuple((offset + 0.01 * part).astype(np.float16) for part in states_of(count, width))


def with_doubles(count: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """States where one sentence occurs three times, in one language and in both."""
    x, y = states_of(count, width)
    x[[1, 3]] = x[0]
    y[1] = y[0]
    return x, y


def cka_of(x: np.ndarray, y: np.ndarray) -> float:
    """Kornblith et al. 2019, Equations 2 and 3, with linear kernels."""
    return kernels_of(*(z.astype(float) @ z.astype(float).T for z in (x, y)))


def kernels_of(k: np.ndarray, m: np.ndarray) -> float:
    n = len(k)
    h = np.eye(n) - 1 / n

    def hsic(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.trace(h @ a @ h @ h @ b @ h))

    return hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))


def rbf_cka_of(x: np.ndarray, y: np.ndarray) -> float:
    """As the released script: sigma is the root of the median of all entries that are not 0."""
    kernels = []
    for z in (x, y):
        d = cdist(z.astype(float), z.astype(float), "sqeuclidean")
        sigma = np.sqrt(np.median(d[d != 0]))
        kernels.append(np.exp(-0.5 / sigma**2 * d))
    return kernels_of(*kernels)


def svcca_of(x: np.ndarray, y: np.ndarray) -> float:
    """Singular value decomposition of each set; cosines of the angles between the spaces."""
    spaces = []
    for z in (x, y):
        u, s, _ = np.linalg.svd(z.astype(float) - z.astype(float).mean(0), full_matrices=False)
        held = np.cumsum(s**2) / (s**2).sum()
        spaces.append(u[:, : int((held < 0.99).sum()) + 1])
    return float(np.cos(subspace_angles(*spaces)).mean())


def rsa_of(x: np.ndarray, y: np.ndarray) -> float:
    """Loops over pairs of sentences; scipy's Spearman."""
    upper = np.triu_indices(len(x), 1)
    found = []
    for z in (x.astype(np.longdouble), y.astype(np.longdouble)):
        rows = z - z.mean(1, keepdims=True)
        rows /= np.sqrt((rows**2).sum(1, keepdims=True))
        # no product of matrices: long doubles are added in the same order for each pair
        found.append([float(1 - (rows[i] * rows[j]).sum()) for i, j in zip(*upper, strict=True)])
    return float(spearmanr(*found).statistic)


def retrieval_of(x: np.ndarray, y: np.ndarray) -> float:
    """One sentence at a time; right only where no other one is as near."""
    right = 0
    for one, other in ((x, y), (y, x)):
        for place, query in enumerate(one.astype(np.longdouble)):
            rows = other.astype(np.longdouble)
            cosines = [
                float((query * row).sum() / np.sqrt((query**2).sum() * (row**2).sum()))
                for row in rows
            ]
            others = [value for number, value in enumerate(cosines) if number != place]
            right += cosines[place] > max(others) + 1e-15
    return right / (2 * len(x))


FORMULAS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "cka": cka_of,
    "rbf_cka": rbf_cka_of,
    "svcca": svcca_of,
    "rsa": rsa_of,
    "retrieval": retrieval_of,
}


def test_every_index_of_the_settings_is_there() -> None:
    assert set(get_args(muller2021.Index)) == set(INDICES) == set(FORMULAS)


@pytest.mark.parametrize("kind", [states_of, near_constant, with_doubles])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_an_index_equals_its_formula(name: str, shape: str, kind: Callable) -> None:
    x, y = kind(*SHAPES[shape])
    found = similarity(name, x, y)
    assert found == pytest.approx(FORMULAS[name](x, y), abs=1e-8)
    assert name == "retrieval" or abs(found) > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_an_index_equals_its_formula_at_the_size_of_an_encoder(name: str) -> None:
    x, y = (part.astype(np.float16) for part in states_of(40, 768, 5))
    assert similarity(name, x, y) == pytest.approx(FORMULAS[name](x, y), abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
@given(SIZES)
def test_an_index_is_bounded_and_symmetric(name: str, size: tuple[int, int, int]) -> None:
    x, y = states_of(*size)
    found = similarity(name, x, y)
    assert (-1 if name == "rsa" else 0) - 1e-12 <= found <= 1 + 1e-12
    assert similarity(name, y, x) == pytest.approx(found, abs=1e-12)
    assert similarity(name, x, x) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
@given(SIZES, st.floats(0.01, 100))
def test_scale_and_order_of_sentences_change_nothing(
    name: str, size: tuple[int, int, int], scale: float
) -> None:
    x, y = states_of(*size)
    found = similarity(name, x, y)
    order = np.random.default_rng(size[2]).permutation(len(x))
    assert similarity(name, x[order], y[order]) == pytest.approx(found, abs=1e-9)
    assert similarity(name, x * scale, y) == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize("name", ["cka", "rbf_cka", "svcca"])
@given(SIZES, st.floats(-20, 20))
def test_a_turn_and_a_shift_of_one_language_change_nothing(
    name: str, size: tuple[int, int, int], shift: float
) -> None:
    x, y = states_of(*size)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(size[1],) * 2))
    changed = similarity(name, x @ turn + shift, y)
    assert changed == pytest.approx(similarity(name, x, y), abs=1e-8)


@given(SIZES)
def test_retrieval_is_the_same_where_both_languages_are_turned(size: tuple[int, int, int]) -> None:
    x, y = states_of(*size)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(size[1],) * 2))
    assert similarity("retrieval", x @ turn, y @ turn) == similarity("retrieval", x, y)


@given(SIZES, st.floats(0.5, 5), st.floats(-5, 5))
def test_each_sentence_has_a_scale_of_its_own_in_rsa(
    size: tuple[int, int, int], scale: float, shift: float
) -> None:
    x, y = states_of(*size)
    changed = x.copy()
    changed[1] = changed[1] * scale + shift
    assert similarity("rsa", changed, y) == pytest.approx(similarity("rsa", x, y), abs=1e-8)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 0.1, -3.7])
@pytest.mark.parametrize("name", NAMES)
def test_a_constant_state_has_no_similarity(name: str, value: float) -> None:
    x, _ = states_of(11, 6)
    constant = np.full((11, 6), value)
    same = np.tile(x[0] * value, (11, 1))
    for other in (constant, same, constant.astype(np.float16)):
        for pair in ((x, other), (other, x), (other, other)):
            assert np.isnan(similarity(name, *pair))


@pytest.mark.filterwarnings("error")
def test_a_sentence_of_zeros_is_no_crash() -> None:
    x, y = states_of(12, 6)
    x[2] = 0
    for name in NAMES:
        assert np.isnan(similarity(name, x, y)) == (name == "rsa")
    assert similarity("retrieval", x, x) == pytest.approx(11 / 12)


def test_equal_translations_are_never_right() -> None:
    x = np.random.default_rng(0).normal(size=(50, 33))
    y = x.copy()
    y[[10, 20]] = y[30]
    x[[10, 20]] = x[30]
    assert similarity("retrieval", x, y) == pytest.approx(47 / 50)
    # the same direction at another length is as near
    x[10] *= 1.7
    y[20] *= 0.3
    assert similarity("retrieval", x, y) == pytest.approx(47 / 50)


def test_retrieval_tells_directions_apart() -> None:
    x = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [-1.0, 0.2]])
    y = np.array([[1.0, 0.01], [-0.1, -1.0], [0.0, 1.0], [-1.0, 0.2]])
    # x to y: 0, 2, 3 are right; y to x: 0, 2, 3 and the nearest to y[1] is another
    assert similarity("retrieval", x, y) == pytest.approx(6 / 8)
    y[2] = y[3]
    # x[2] and x[3] find two sentences alike; y[2] finds x[3]
    assert similarity("retrieval", x, y) == pytest.approx((1 / 4 + 2 / 4) / 2)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_ranks_are_those_of_scipy(values: list[int]) -> None:
    given_values = np.array(values, dtype=float)
    np.testing.assert_array_equal(rsa.average_ranks(given_values), rankdata(given_values))


@given(SIZES, st.floats(-100, 100))
def test_squared_distances_are_those_of_scipy(size: tuple[int, int, int], shift: float) -> None:
    x, _ = with_doubles(*size[:2])
    # one pair that is so close that a Gram matrix has no digits of it
    x[2] = x[0] * (1 + 1e-9)
    found = rbf_cka.squared_distances(Space(x + shift))
    expected = pdist(x + shift, "sqeuclidean")
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=0)
    square = squareform(found)
    assert square[0, 1] == 0
    np.testing.assert_array_equal(square[0], square[1])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("count", [101, 140])
def test_a_share_that_is_met_exactly_is_enough(count: int, seed: int) -> None:
    # 100 directions of the same variance: 99 hold 99 percent of it
    rows = np.random.default_rng(seed).normal(size=(count, 100))
    u, _, _ = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    found = svcca.prepare(Space(u))
    assert found.shape[1] == 99
    np.testing.assert_allclose(found.T @ found, np.eye(99), atol=1e-10)


def test_too_few_or_other_examples() -> None:
    with pytest.raises(ValueError, match="same 4 or more examples, got 3 and 3"):
        similarity("cka", np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="got 5 and 6"):
        similarity("rsa", np.ones((5, 2)), np.ones((6, 2)))
