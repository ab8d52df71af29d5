"""Distances rebuilt from lang2vec's wheel reproduce what was published with its own."""

import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from isogloss.errors import ConfigError
from isogloss.languages import uriel
from isogloss.languages.distances import (
    DISTANCES,
    family_distances,
    placeholders,
    unconfirmed,
    uriel_distances,
)
from isogloss.papers.published import read_published, restore_accuracy
from isogloss.tables import arrange

# codes of the released code of Philippy et al. 2023
AUTHORS = {
    "ar": "ara",
    "bg": "bul",
    "de": "deu",
    "el": "ell",
    "en": "eng",
    "es": "spa",
    "fr": "fra",
    "hi": "hin",
    "ru": "rus",
    "sw": "swa",
    "th": "tha",
    "tr": "tur",
    "ur": "urd",
    "vi": "vie",
    "zh": "zho",
}
REAL = AUTHORS | {"ar": "arb", "sw": "swh", "zh": "cmn"}
MORE = {
    "eo": "epo",
    "et": "est",
    "eu": "eus",
    "frr": "frr",
    "he": "heb",
    "ku": "kur",
    "nl": "nld",
}


@pytest.fixture(scope="module")
def published(root: Path) -> pd.DataFrame:
    return read_published(root / "resources/published/published.csv")


@pytest.fixture(scope="module")
def accuracy(published: pd.DataFrame) -> pd.DataFrame:
    return restore_accuracy(published)


@pytest.fixture(scope="module")
def authors() -> pd.DataFrame:
    return uriel_distances(AUTHORS)


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    return uriel_distances(REAL | MORE)


def square(table: pd.DataFrame, distance: str) -> pd.DataFrame:
    chosen = table[table["distance"] == distance]
    return chosen.pivot(index="first", columns="second", values="value")


def correlate(coefficient: str, first: np.ndarray, second: np.ndarray) -> float:
    function = stats.pearsonr if coefficient == "pearson" else stats.spearmanr
    return function(first.ravel(), second.ravel()).statistic


def printed(published: pd.DataFrame, item: str, row: str, column: str) -> str:
    chosen = published[(published["study"] == "philippy2023") & (published["item"] == item)]
    return chosen.set_index(["row", "column"]).loc[(row, column), "value"]


# ---- acceptance: published numbers without any training


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("coefficient", ["pearson", "spearman"])
def test_table1(
    distance: str,
    coefficient: str,
    authors: pd.DataFrame,
    accuracy: pd.DataFrame,
    published: pd.DataFrame,
) -> None:
    matrix = square(authors, distance).loc[accuracy.index, accuracy.columns]
    value = correlate(coefficient, matrix.to_numpy(), accuracy.to_numpy())
    assert f"{value:.4f}" == printed(published, "table1", distance, coefficient)


@pytest.mark.parametrize("distance", DISTANCES)
def test_table3_row1(
    distance: str, authors: pd.DataFrame, accuracy: pd.DataFrame, published: pd.DataFrame
) -> None:
    row = square(authors, distance).loc["en", accuracy.columns]
    value = correlate("pearson", row.to_numpy(), accuracy.loc["en"].to_numpy())
    assert f"{value:.4f}" == printed(published, "table3", "baseline", distance)


def test_table3_row1_accuracy(accuracy: pd.DataFrame, published: pd.DataFrame) -> None:
    mean = accuracy.loc["en"].mean()
    assert f"{mean:.2f}" == printed(published, "table3", "baseline", "CLTP") == "66.70"


@pytest.mark.parametrize(
    ("distance", "pearson", "spearman"),
    [
        ("SYN", -0.4883, -0.5697),
        ("GEO", -0.2859, -0.2709),
        ("INV", -0.1833, -0.0282),
        ("GEN", -0.3364, -0.3935),
        ("PHON", -0.3220, -0.3406),
    ],
)
def test_table1_with_codes_that_have_data(
    distance: str, pearson: float, spearman: float, accuracy: pd.DataFrame
) -> None:
    """Not in the paper: an independent computation with the same rules."""
    matrix = square(uriel_distances(REAL), distance).loc[accuracy.index, accuracy.columns]
    values = [
        correlate(name, matrix.to_numpy(), accuracy.to_numpy()) for name in ("pearson", "spearman")
    ]
    assert np.round(values, 4).tolist() == [pearson, spearman]


def test_examples_of_the_lang2vec_readme() -> None:
    """Syntactic distances, before they are cut to the 2 decimals of the later archive."""
    features = uriel.read_uriel(["eng", "fra", "frr", "dan", "deu"])
    known = uriel.has_data(features)["SYN"]
    assert known.tolist() == [True, True, False, True, True]
    matrix = uriel._angular(features.syntax, known, uriel.BETWEEN_PLACEHOLDERS["SYN"]).round(4)
    assert matrix[0, 1] == 0.4569
    assert matrix[2, 3] == 0.6629
    assert matrix[2, 4] == 0.5788
    assert matrix[3, 4] == 0.4852


# ---- the rules


def test_genetic_integers() -> None:
    features = uriel.read_uriel(list(AUTHORS.values()))
    index = {code: row for row, code in enumerate(features.codes)}
    counted = features.families.sum(axis=1) + 1
    differing = {code for code in uriel.DEPTHS if counted[index[code]] != uriel.DEPTHS[code]}
    assert differing == {"fra"}
    shared = uriel._shared(features.families)
    special = {("bul", "rus"): 3, ("deu", "eng"): 4, ("fra", "spa"): 9, ("hin", "urd"): 7}
    family = [*uriel.DEPTHS, "urd"]
    for first in family:
        for second in family:
            if first < second:
                expected = special.get((first, second), 1)
                assert shared[index[first], index[second]] == expected


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ("bg", "ru", 1 - 3 / 7),
        ("de", "en", 1 - 4 / 7),
        ("fr", "es", 1 - 9 / 16),
        ("hi", "ur", 1 - 7 / 8),
        ("en", "ru", 1 - 1 / 10),
        ("ru", "ur", 1 - 1 / 5),
        ("en", "tr", 1.0),
        ("ar", "zh", 1.0),
    ],
)
def test_genetic_distance(first: str, second: str, value: float, authors: pd.DataFrame) -> None:
    matrix = square(authors, "GEN")
    assert matrix.loc[first, second] == matrix.loc[second, first] == round(value, 4)


def test_placeholders_are_equally_far(authors: pd.DataFrame) -> None:
    for distance, value in {"SYN": 0.57, "INV": 0.5983, "PHON": 0.5687, "GEO": 1.0}.items():
        assert square(authors, distance).loc["en", ["ar", "sw", "zh"]].tolist() == [value] * 3
    among = {name: square(authors, name).loc["ar", "zh"] for name in DISTANCES}
    assert among == {"SYN": 0.0, "INV": 0.0, "PHON": 0.0002, "GEO": 1.0, "GEN": 1.0}
    assert square(authors, "PHON").loc["ur", "zh"] == 0.0002


def test_placeholder_cells() -> None:
    cells = placeholders(AUTHORS)
    pairs = {(first, second) for distance, first, second in cells if distance == "GEO"}
    assert len(pairs) == 78
    assert all({"ar", "sw", "zh"} & set(pair) for pair in pairs)
    assert {cell[0] for cell in cells} == set(DISTANCES)
    phonology = {cell[1:] for cell in cells if cell[0] == "PHON"}
    assert phonology - pairs == {
        pair
        for other in AUTHORS
        if other not in ("ar", "sw", "zh", "ur")
        for pair in (("ur", other), (other, "ur"))
    }
    assert not any(first == second for _, first, second in cells)
    with_data = placeholders(REAL)
    assert {distance for distance, first, second in with_data if first == "ar" != second} == {
        "INV",
        "PHON",
    }


def test_vector_without_a_one_is_a_placeholder(mixed: pd.DataFrame) -> None:
    cells = placeholders(REAL | MORE)
    assert ("PHON", "he", "en") in cells
    assert ("PHON", "eo", "en") in cells
    assert square(mixed, "PHON").loc["he", "eo"] == 0.0002
    assert ("GEO", "ku", "en") not in cells
    assert square(mixed, "GEO").loc["ku", "en"] < 1
    assert ("SYN", "ku", "en") in cells


def test_unconfirmed_cells() -> None:
    assert unconfirmed(AUTHORS) == set()
    cells = unconfirmed(REAL | MORE)
    assert {second for name, first, second in cells if name == "SYN" and first == "zh"} == (
        set(REAL | MORE) - {"zh"}
    )
    assert ("GEN", "en", "nl") not in cells  # English comes first: its depth is read off
    assert ("GEN", "ar", "he") in cells
    assert ("GEN", "he", "ar") in cells
    assert not any(name == "GEN" and "eu" in pair for name, *pair in cells)


def test_relatives_beyond_the_study(mixed: pd.DataFrame) -> None:
    matrix = square(mixed, "GEN")
    assert 0 < matrix.loc["ar", "he"] < 1
    assert matrix.loc["de", "nl"] < matrix.loc["en", "nl"] < matrix.loc["fr", "nl"]
    assert (matrix.loc["eu"].drop("eu") == 1).all()


def test_places_are_where_they_should_be() -> None:
    features = uriel.read_uriel(["eng", "swh", "jpn"])
    matrix = uriel._geographic(features, np.array([True, True, True]))
    degrees = {"eng": (53.0, -1.0), "swh": (-8.25, 37.62)}
    points = uriel._on_sphere(np.array(list(degrees.values())))
    expected = np.arccos(points[0] @ points[1]) / np.pi
    assert abs(matrix[0, 1] - expected) < 0.002
    assert matrix[0, 2] > matrix[0, 1]


# ---- properties


def test_schema_and_order(authors: pd.DataFrame) -> None:
    assert arrange("distances", authors).num_rows == 5 * 15 * 15
    key = ["distance", "first", "second"]
    assert authors.equals(authors.sort_values(key, ignore_index=True))


def test_stored_decimals(mixed: pd.DataFrame) -> None:
    for distance, places in {"SYN": 2, "GEO": 1, "INV": 4, "GEN": 4, "PHON": 4}.items():
        matrix = square(mixed, distance).to_numpy()
        assert (matrix == matrix.round(places)).all()


@settings(max_examples=12, deadline=None)
@given(st.sets(st.sampled_from(sorted(REAL | MORE)), min_size=1))
def test_symmetric_bounded_and_independent_of_company(
    mixed: pd.DataFrame, chosen: set[str]
) -> None:
    table = uriel_distances({name: (REAL | MORE)[name] for name in chosen})
    for distance in DISTANCES:
        matrix = square(table, distance)
        assert matrix.equals(matrix.T.rename_axis(index="first", columns="second"))
        assert (np.diag(matrix) == 0).all()
        assert matrix.to_numpy().min() >= 0
        assert matrix.to_numpy().max() <= 1
        assert matrix.equals(square(mixed, distance).loc[matrix.index, matrix.columns])


def test_two_languages_of_one_code_are_the_same() -> None:
    table = uriel_distances({"a": "ara", "b": "ara", "en": "eng"})
    same = table[table["first"].isin(["a", "b"]) & table["second"].isin(["a", "b"])]
    assert (same["value"] == 0).all()
    assert placeholders({"a": "ara", "b": "ara"}) == set()


def test_package_is_found_without_importing_it() -> None:
    assert (uriel.wheel_folder() / "features.npz").is_file()
    assert "lang2vec" not in sys.modules


# ---- refusals


def test_unknown_code_is_named() -> None:
    with pytest.raises(ConfigError, match=r"does not know the code 'engl'.*7970.*'?eng"):
        uriel_distances({"en": "engl"})


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(ConfigError, match=r"pip install lang2vec==1\.1\.2"):
        uriel_distances({"en": "eng"})


# ---- the generated family


def family(folder: Path, drop: int | None = None, value: str = "0.25") -> Path:
    lines = [
        f"{distance},{first},{second},{'0' if first == second else value}"
        for distance in DISTANCES
        for first in ("ana", "anu", "bel")
        for second in ("ana", "anu", "bel")
    ]
    if drop is not None:
        del lines[drop]
    path = folder / "distances.csv"
    path.write_text("\n".join(["distance,first,second,value", *lines, ""]), "utf-8")
    return path


def test_family(tmp_path: Path) -> None:
    path = family(tmp_path)
    path.write_text(path.read_text("utf-8") + "SCRIPT,ana,bel,1.0\n", "utf-8")
    table = family_distances(path, ["bel", "ana"])
    assert set(table["distance"]) == set(DISTANCES)
    assert arrange("distances", table).num_rows == 5 * 4
    assert square(table, "GEO").to_numpy().tolist() == [[0, 0.25], [0.25, 0]]


def test_family_refusals(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no row for .*'ana', 'anu'"):
        family_distances(family(tmp_path, drop=1), ["ana", "anu"])
    with pytest.raises(ConfigError, match=r"no row for .*'cet'"):
        family_distances(family(tmp_path), ["ana", "cet"])
    with pytest.raises(ConfigError, match="from 0 to 1"):
        family_distances(family(tmp_path, value="1.5"), ["ana", "anu"])
    path = family(tmp_path)
    path.write_text(path.read_text("utf-8") + "SYN,ana,anu,0.25\n", "utf-8")
    with pytest.raises(ConfigError, match="twice"):
        family_distances(path, ["ana", "anu"])
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(ConfigError, match="columns"):
        family_distances(path, ["ana", "anu"])
