"""EMB: cosine of mean states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cosine
from sklearn.metrics.pairwise import cosine_similarity

from isogloss.errors import TableError
from isogloss.predictors.embedding import embedding_similarity

shapes = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5))
states = hnp.arrays(np.float64, shapes, elements=st.floats(-10, 10, allow_subnormal=False))


def names(means: np.ndarray) -> list[str]:
    return [f"l{i}" for i in range(len(means))]


@given(states)
def test_bounds_symmetry_and_own_pairs(means: np.ndarray) -> None:
    frame = embedding_similarity(means, names(means))
    assert len(frame) == means.shape[1] * len(means) ** 2
    assert frame["value"].dropna().between(-1, 1).all()
    for layer, group in frame.groupby("layer"):
        values = group.pivot(index="source", columns="target", values="value").to_numpy()
        np.testing.assert_allclose(values, values.T, atol=1e-15)
        zero = ~means[:, layer].any(axis=1)
        norms = np.linalg.norm(means[:, layer], axis=1)
        np.testing.assert_allclose(np.diag(values)[norms > 1e-100], 1, atol=1e-12)
        assert np.isnan(values[zero]).all()


def test_against_scipy_and_sklearn() -> None:
    means = np.random.default_rng(3).normal(size=(5, 4, 16))
    frame = embedding_similarity(means, names(means)).set_index(["source", "target", "layer"])
    for layer in range(4):
        expected = cosine_similarity(means[:, layer])
        for i in range(5):
            for j in range(5):
                found = frame["value"][f"l{i}", f"l{j}", layer]
                assert found == pytest.approx(expected[i, j], abs=1e-12)
                assert found == pytest.approx(
                    1 - cosine(means[i, layer], means[j, layer]), abs=1e-12
                )


def test_layers_are_not_mixed() -> None:
    means = np.array([[[1.0, 0], [1, 0]], [[1, 0], [0, 1]]])
    frame = embedding_similarity(means, ["a", "b"]).set_index(["layer", "source", "target"])
    assert frame["value"][0, "a", "b"] == 1
    assert frame["value"][1, "a", "b"] == 0


def test_float32_is_computed_in_float64() -> None:
    means = np.random.default_rng(4).normal(size=(3, 1, 8)).astype(np.float32)
    wide = embedding_similarity(means.astype(np.float64), names(means))
    np.testing.assert_array_equal(embedding_similarity(means, names(means))["value"], wide["value"])


@given(states, st.floats(0.01, 100))
def test_length_is_irrelevant(means: np.ndarray, factor: float) -> None:
    norms = np.linalg.norm(means, axis=2)
    if (norms < 1e-100).any():
        return
    longer = embedding_similarity(factor * means, names(means))
    expected = embedding_similarity(means, names(means))
    np.testing.assert_allclose(longer["value"], expected["value"], atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 4), (2, 2, 2, 2)])
def test_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(TableError, match="means of shape"):
        embedding_similarity(np.ones(shape), ["a", "b"])


def test_not_finite() -> None:
    means = np.ones((2, 3, 4))
    means[1, 2, 0] = np.nan
    with pytest.raises(TableError, match="'b' at layer 2 is not finite"):
        embedding_similarity(means, ["a", "b"])
