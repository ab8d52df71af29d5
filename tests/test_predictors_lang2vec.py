"""L2V and its stand-in for generated languages, and the table of pairs."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cosine

from isogloss.errors import ConfigError, TableError
from isogloss.languages.uriel import wheel_folder
from isogloss.predictors import pair_table
from isogloss.predictors.lang2vec import (
    family_similarity,
    typological_similarity,
    typological_vectors,
)

CODES = {"en": "eng", "de": "deu", "zh": "cmn", "no": "nor", "ar": "arb"}


@given(hnp.arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_pair_table_keeps_cells(values: np.ndarray) -> None:
    sources = [f"s{i}" for i in range(values.shape[0])]
    targets = [f"t{i}" for i in range(values.shape[1])]
    frame = pair_table(values, sources, targets)
    assert list(frame.columns) == ["source", "target", "value"]
    assert list(zip(frame["source"], frame["target"], strict=True)) == list(
        itertools.product(sources, targets)
    )
    np.testing.assert_array_equal(frame["value"], values.ravel())


@pytest.mark.parametrize(("sources", "targets"), [(["a"], ["b", "c"]), (["a", "a"], ["b", "c"])])
def test_pair_table_rejects_other_names(sources: list[str], targets: list[str]) -> None:
    with pytest.raises(TableError, match="pairs of"):
        pair_table(np.zeros((2, 2)), sources, targets)


def test_vectors_are_syntax_phonology_and_inventory() -> None:
    vectors = typological_vectors(["eng", "cmn"])
    archive = np.load(wheel_folder() / "feature_predictions.npz")
    for row, code in enumerate(["eng", "cmn"]):
        place = archive["langs"].tolist().index(code)
        values = archive["data"][place, :, 0]
        expected = [
            value
            for prefix in ("S_", "P_", "INV_")
            for name, value in zip(archive["feats"].tolist(), values, strict=True)
            if name.startswith(prefix)
        ]
        assert len(expected) == 103 + 28 + 158
        np.testing.assert_array_equal(vectors[row], expected)
    assert set(np.unique(vectors)) == {0.0, 1.0}


def test_similarity_is_the_cosine() -> None:
    frame = typological_similarity(CODES)
    vectors = dict(zip(CODES, typological_vectors(list(CODES.values())), strict=True))
    assert len(frame) == len(CODES) ** 2
    for source, target, value in frame.itertuples(index=False):
        expected = 1 - cosine(vectors[source], vectors[target])
        assert value == pytest.approx(expected, abs=1e-11)


def test_similarity_bounds_and_symmetry() -> None:
    matrix = typological_similarity(CODES).pivot(index="source", columns="target", values="value")
    values = matrix.to_numpy()
    np.testing.assert_array_equal(np.diag(values), 1.0)
    np.testing.assert_array_equal(values, values.T)
    assert values.min() > 0 and values.max() <= 1
    assert matrix.loc["en", "de"] > matrix.loc["en", "zh"]


def test_two_languages_may_share_a_code() -> None:
    frame = typological_similarity({"a": "eng", "b": "eng"})
    np.testing.assert_array_equal(frame["value"], 1.0)


def test_equal_cosines_are_tied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 2 / sqrt(2 * 8) and 1 / sqrt(1 * 4) are both 1/2
    rows = {
        "aaa": [1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        "bbb": [1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
        "ccc": [0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
        "ddd": [0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
    }
    _write_archive(tmp_path, rows)
    monkeypatch.setattr("isogloss.predictors.lang2vec.wheel_folder", lambda: tmp_path)
    values = typological_similarity({code: code for code in rows}).set_index(["source", "target"])
    assert values["value"]["aaa", "bbb"] == values["value"]["ccc", "ddd"] == 0.5


def test_unknown_code() -> None:
    with pytest.raises(ConfigError, match=r"no vector of the code 'xxx'.*7970"):
        typological_similarity({"en": "eng", "x": "xxx"})


def test_empty_vector(tmp_path: Path) -> None:
    _write_archive(tmp_path, {"aaa": [0] * 10})
    with pytest.raises(ConfigError, match="vector of 'aaa' has no feature"):
        typological_vectors(["aaa"], tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"feature_predictions\.npz is missing"):
        typological_vectors(["eng"], tmp_path)


def test_family_similarity_by_hand() -> None:
    frame = family_similarity(_distances())
    values = frame.set_index(["source", "target"])["value"]
    assert values["a", "b"] == pytest.approx(1 - (0.1 + 0.2 + 0.6) / 3)
    assert values["a", "a"] == values["b", "b"] == 1
    assert len(frame) == 4


def test_family_similarity_leaves_other_distances_out() -> None:
    distances = _distances()
    other = distances.assign(distance="GEO", value=1.0).drop_duplicates(["first", "second"])
    with_other = family_similarity(pd.concat([distances, other]))
    pd.testing.assert_frame_equal(with_other, family_similarity(distances))


def test_family_similarity_needs_all_pairs() -> None:
    with pytest.raises(ConfigError, match="no distance of 'a' and 'b'"):
        family_similarity(_distances().query("not (distance == 'INV' and first < second)"))


def _write_archive(folder: Path, rows: dict[str, list[int]]) -> None:
    np.savez(
        folder / "feature_predictions.npz",
        langs=np.array(list(rows)),
        feats=np.array(
            [f"{prefix}{i}" for i in range(2) for prefix in ("S_", "P_")]
            + [f"INV_{i}" for i in range(6)]
        ),
        data=np.array(list(rows.values()), dtype=np.float32)[:, :, None],
    )


def _distances() -> pd.DataFrame:
    values = {"SYN": 0.1, "PHON": 0.2, "INV": 0.6}
    rows = [
        (distance, first, second, 0.0 if first == second else value)
        for distance, value in values.items()
        for first in "ab"
        for second in "ab"
    ]
    return pd.DataFrame(rows, columns=["distance", "first", "second", "value"])
