"""Similarity of states against the definition, and the files that hold states."""

from collections.abc import Iterator
from pathlib import Path

import mpmath
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.representations.cka import linear_cka
from isogloss.representations.impact import impact_frame
from isogloss.representations.states import StatesFile, write_states

SHAPES = st.tuples(st.integers(4, 30), st.integers(1, 40), st.integers(1, 40), st.integers(0, 999))


def states_of(count: int, first: int, second: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of states that share a part, with a direction that outweighs the others."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(size=(count, 3))
    x = shared @ generator.normal(size=(3, first)) + generator.normal(size=(count, first)) + 3
    y = shared @ generator.normal(size=(3, second)) + generator.normal(size=(count, second))
    x[:, 0] *= 5
    return x, y


def gram_biased(x: np.ndarray, y: np.ndarray) -> float:
    """Kornblith et al. 2019, Equations 2 and 3, with Gram matrices."""
    n = len(x)
    centring = np.eye(n) - 1 / n
    grams = [centring @ (z @ z.T) @ centring for z in (x, y)]
    norms = [np.sqrt(np.trace(gram @ gram)) for gram in grams]
    return float(np.trace(grams[0] @ grams[1]) / (norms[0] * norms[1]))


def gram_debiased(x: np.ndarray, y: np.ndarray) -> float:
    """Song et al. 2012, Equation 5, with Gram matrices."""
    n = len(x)

    def hsic(a: np.ndarray, b: np.ndarray) -> float:
        k, m = a @ a.T, b @ b.T
        np.fill_diagonal(k, 0)
        np.fill_diagonal(m, 0)
        one = np.ones(n)
        whole = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
        return float(np.trace(k @ m) + whole - 2 / (n - 2) * (one @ k @ m @ one))

    # a similarity does not depend on the mean; without it less cancels
    x, y = x - x.mean(0), y - y.mean(0)
    own = hsic(x, x) * hsic(y, y)
    return hsic(x, y) / np.sqrt(own) if min(hsic(x, x), hsic(y, y)) > 0 else np.nan


@given(SHAPES)
def test_both_estimates_equal_gram_matrices(shape: tuple[int, int, int, int]) -> None:
    x, y = states_of(*shape)
    found = linear_cka(x, y)
    assert found.biased == pytest.approx(gram_biased(x, y), abs=1e-10)
    expected = gram_debiased(x, y)
    if abs(expected) < 1e3:  # else a self-similarity is all but 0
        assert found.debiased == pytest.approx(expected, abs=1e-10, rel=1e-10)


@given(SHAPES, st.floats(0.01, 100), st.floats(-50, 50))
def test_turning_scaling_and_shifting_change_nothing(
    shape: tuple[int, int, int, int], scale: float, shift: float
) -> None:
    x, y = states_of(*shape)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(x.shape[1],) * 2))
    found, changed = linear_cka(x, y), linear_cka(x @ turn * scale + shift, y - shift)
    assert changed.biased == pytest.approx(found.biased, abs=1e-9)
    assert 0 <= found.biased <= 1 + 1e-12
    if abs(found.debiased) < 100:
        assert changed.debiased == pytest.approx(found.debiased, abs=1e-6)
    assert linear_cka(y, x).biased == pytest.approx(found.biased, abs=1e-12)


@given(SHAPES)
def test_other_linear_maps_change_something(shape: tuple[int, int, int, int]) -> None:
    x, _ = states_of(*shape)
    if x.shape[1] > 1:
        stretched = x * np.array([10.0] + [1.0] * (x.shape[1] - 1))
        assert linear_cka(x, stretched).biased < 1 - 1e-9


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_equal_states_have_similarity_one(dtype: type) -> None:
    x: np.ndarray = states_of(50, 20, 20, 0)[0].astype(dtype)
    found = linear_cka(x, x.copy())
    assert found == pytest.approx((1, 1), abs=1e-14)


def test_similarity_is_computed_in_float64() -> None:
    x, y = (part.astype(np.float16) for part in states_of(200, 30, 30, 0))
    expected = linear_cka(x.astype(np.float64), y.astype(np.float64))
    assert linear_cka(x, y) == expected
    before = x.copy()
    linear_cka(x, y)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("size", [1e-3, 1e-5, 1e-6])
def test_nearly_equal_states_keep_their_difference(size: float) -> None:
    x, y = states_of(24, 6, 6, 0)
    y = x + size * y
    with mpmath.workdps(60):

        def centred(z: np.ndarray) -> mpmath.matrix:
            rows = mpmath.matrix(z.tolist())
            for column in range(rows.cols):
                mean = sum(rows[row, column] for row in range(rows.rows)) / rows.rows
                for row in range(rows.rows):
                    rows[row, column] -= mean
            return rows

        a, b = centred(x), centred(y)
        cross, first, second = (
            sum(entry**2 for entry in (p.T * q)) for p, q in ((a, b), (a, a), (b, b))
        )
        phi = float(1 - cross / mpmath.sqrt(first * second))
    found = 1 - linear_cka(x, y).biased
    assert phi > 0
    # what float64 can hold of a number so near to 1
    assert found == pytest.approx(phi, abs=2e-15)


def test_too_few_or_other_examples() -> None:
    x = np.ones((3, 2))
    with pytest.raises(ValueError, match="same 4 or more examples, got 3 and 3"):
        linear_cka(x, x)
    with pytest.raises(ValueError, match="got 5 and 6"):
        linear_cka(np.ones((5, 2)), np.ones((6, 2)))


def test_constant_states_have_no_similarity() -> None:
    x = states_of(10, 3, 3, 0)[0]
    for pair in ((x, np.ones((10, 3))), (np.ones((10, 3)), x), (np.zeros((10, 3)),) * 2):
        assert np.isnan(linear_cka(*pair)).all()


def parts(
    seed: int = 0, layers: int = 3, count: int = 9
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """States of two languages whose ids differ."""
    generator = np.random.default_rng(seed)
    return [
        (language, np.arange(count) * 2 + place, generator.normal(size=(count, layers + 1, 5)))
        for place, language in enumerate(("sw", "en"))
    ]


def test_states_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_states(tmp_path / "a.parquet", iter(parts()))
    write_states(tmp_path / "b.parquet", iter(parts()))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    file = StatesFile(tmp_path / "a.parquet")
    assert file.languages == ["sw", "en"]
    assert file.layers == 3
    for language, ids, states in parts():
        assert file.ids(language).tolist() == ids.tolist()
        for layer in range(4):
            found = file.layer(language, layer)
            assert found.dtype == np.float16
            np.testing.assert_array_equal(found, states[:, layer].astype(np.float16))
    raw = pq.ParquetFile(tmp_path / "a.parquet")
    assert raw.num_row_groups == 2
    names = ["language", "id", "layer_00", "layer_01", "layer_02", "layer_03"]
    assert raw.schema_arrow.names == names
    assert str(raw.schema_arrow.field("layer_00").type).startswith("fixed_size_list<")
    assert set(pd.read_parquet(tmp_path / "a.parquet")["language"]) == {"sw", "en"}


def test_layers_beyond_nine_keep_their_order(tmp_path: Path) -> None:
    write_states(tmp_path / "x", parts(layers=12))
    file = StatesFile(tmp_path / "x")
    assert file.layers == 12
    np.testing.assert_array_equal(
        file.layer("en", 10), parts(layers=12)[1][2][:, 10].astype(np.float16)
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, 70000.0])
@pytest.mark.filterwarnings("ignore:overflow")
def test_states_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    spoilt = parts()
    spoilt[1][2][3, 2, 1] = value
    with pytest.raises(TableError, match=r"x: states of 'en' exceed float16 \(65504\)"):
        write_states(tmp_path / "x", spoilt)
    assert list(tmp_path.iterdir()) == []


def test_an_error_on_the_way_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        yield parts()[0]
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_states(tmp_path / "x", broken())
    with pytest.raises(TableError, match="no states to write"):
        write_states(tmp_path / "x", [])
    assert list(tmp_path.iterdir()) == []


def test_what_a_file_does_not_hold(tmp_path: Path) -> None:
    write_states(tmp_path / "x", parts())
    file = StatesFile(tmp_path / "x")
    with pytest.raises(TableError, match="x: no states of 'de'; it holds sw, en"):
        file.ids("de")
    for layer in (-1, 4):
        with pytest.raises(TableError, match=f"no layer {layer}; it holds 0 to 3"):
            file.layer("en", layer)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no table")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "table")
    for name, message in (
        ("text", "not a readable Parquet file"),
        ("absent", "not a readable Parquet file"),
        ("table", "does not hold hidden states"),
    ):
        with pytest.raises(TableError, match=message):
            StatesFile(tmp_path / name)


def opened(folder: Path, **files: list) -> dict[str, StatesFile]:
    for name, content in files.items():
        write_states(folder / name, content)
    return {name: StatesFile(folder / name) for name in files}


def test_impact_equals_a_plain_loop(tmp_path: Path) -> None:
    tuned, *bases = parts(0), parts(1), parts(2)
    files = opened(tmp_path, tuned=tuned, first=bases[0], second=bases[1])
    frame = impact_frame(files["tuned"], {"one": files["first"], "two": files["second"]})
    expected = []
    for base, before in zip(("one", "two"), bases, strict=True):
        for (language, _, old), (_, _, new) in zip(before, tuned, strict=True):
            for layer in (1, 2, 3):
                x, y = (z[:, layer].astype(np.float16).astype(float) for z in (old, new))
                biased = gram_biased(x, y)
                row = (base, language, layer, 9, biased, gram_debiased(x, y), 1 - biased)
                expected.append(row)
    columns = ["base", "language", "layer", "n", "biased", "debiased", "phi"]
    pd.testing.assert_frame_equal(frame, pd.DataFrame(expected, columns=columns), rtol=1e-9)


def test_impact_of_nothing_is_nothing(tmp_path: Path) -> None:
    files = opened(tmp_path, tuned=parts(), base=parts())
    frame = impact_frame(files["tuned"], {"base": files["base"]})
    assert frame["phi"].abs().max() < 1e-14


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (parts()[:1], parts(), "no states of 'en'; it holds sw"),
        (parts(layers=2), parts(), "2 and 3 layers"),
        (parts(count=8), parts(), "other examples of 'sw'"),
        ([(code, ids + 1, s) for code, ids, s in parts()], parts(), "other examples of 'sw'"),
        (parts(count=3), parts(count=3), "3 examples of 'sw'; CKA needs 4 or more"),
    ],
)
def test_states_that_cannot_be_compared(
    before: list, after: list, message: str, tmp_path: Path
) -> None:
    files = opened(tmp_path, base=before, tuned=after)
    with pytest.raises(TableError, match=message):
        impact_frame(files["tuned"], {"base": files["base"]})
