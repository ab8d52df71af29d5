"""Analysis of Philippy, Guo and Haddadan 2023, against plain loops and published numbers."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from isogloss import tables
from isogloss.errors import TableError
from isogloss.languages.distances import uriel_distances
from isogloss.papers.freezing import Choice, choose_from_correlations
from isogloss.papers.philippy2023 import (
    PUBLISHED_TREATMENT,
    cells,
    correlations,
    distance_matrix,
)
from isogloss.papers.published import compare, read_published, restore_accuracy
from isogloss.statistics.correlation import stars

LANGUAGES = ["bb", "aa", "dd", "cc", "ee"]
LAYERS = [1, 2, 3]
BASES = ["last_source", "pretrained"]
SOURCE = "cc"
DRAWS = {"permutations": 200, "resamples": 50, "seed": 3}
NLI_CODES = {
    **{"ar": "ara", "bg": "bul", "de": "deu", "el": "ell", "en": "eng", "es": "spa"},
    **{"fr": "fra", "hi": "hin", "ru": "rus", "sw": "swa", "th": "tha", "tr": "tur"},
    **{"ur": "urd", "vi": "vie", "zh": "zho"},
}


@pytest.fixture(scope="module")
def accuracy() -> pd.DataFrame:
    values = np.random.default_rng(1).uniform(30, 90, size=(5, 5))
    return pd.DataFrame(values, index=LANGUAGES, columns=LANGUAGES[::-1])


@pytest.fixture(scope="module")
def phi() -> pd.DataFrame:
    keys = list(itertools.product(BASES, LAYERS, LANGUAGES, LANGUAGES))
    frame = pd.DataFrame(keys, columns=["base", "layer", "source", "target"])
    values = np.random.default_rng(2).uniform(size=len(frame))
    # the released code compares the last source with itself
    own = (frame["base"] == "last_source") & (frame["source"] == "ee")
    return frame.assign(phi=np.where(own, 0.0, values)).sample(frac=1, random_state=0)


@pytest.fixture(scope="module")
def distances() -> dict[str, pd.DataFrame]:
    generator = np.random.default_rng(3)
    found = {}
    for name in ("second", "first"):
        rows = [
            (distance, a, b, 0.0 if a == b else generator.uniform())
            for distance in ("SYN", "GEN")
            for a in LANGUAGES
            for b in LANGUAGES
        ]
        found[name] = pd.DataFrame(rows, columns=["distance", "first", "second", "value"])
    return found


@pytest.fixture(scope="module")
def experiments(accuracy: pd.DataFrame) -> dict[str, pd.Series]:
    noise = np.random.default_rng(4).normal(size=(2, 5))
    return {name: accuracy.loc[SOURCE] + noise[i] for i, name in enumerate("AC")}


@pytest.fixture(scope="module")
def table(
    accuracy: pd.DataFrame,
    phi: pd.DataFrame,
    distances: dict[str, pd.DataFrame],
    experiments: dict[str, pd.Series],
) -> pd.DataFrame:
    return correlations(accuracy, phi, distances, experiments, SOURCE, **DRAWS)


def plain(
    first: dict[tuple[str, str], float],
    second: dict[tuple[str, str], float],
    coefficient: str,
    same_language: str,
    source: str | None = None,
) -> tuple[float, int, float]:
    """Correlate over a loop of pairs."""
    x, y = [], []
    for s, t in itertools.product(LANGUAGES, LANGUAGES):
        if (source is None or s == source) and (s != t or same_language == "included"):
            x.append(first[s, t])
            y.append(second[s, t])
    test = stats.pearsonr if coefficient == "pearson" else stats.spearmanr
    found = test(x, y)
    return found.statistic, len(x), found.pvalue


def expected(
    row: pd.Series,
    accuracy: pd.DataFrame,
    phi: pd.DataFrame,
    distances: dict[str, pd.DataFrame],
    experiments: dict[str, pd.Series],
) -> tuple[float, int, float]:
    """Value, n and p of one row of the table of correlations."""
    item, name = row["item"], row["row"]
    impact = {}
    if row["base"] != "-":
        chosen = phi[phi["base"] == row["base"]]
        if name not in ("AVG", "All"):
            chosen = chosen[chosen["layer"] == int(name)]
        impact = chosen.groupby(["source", "target"])["phi"].mean().to_dict()
    transfer = {(s, t): accuracy.loc[s, t] for s in LANGUAGES for t in LANGUAGES}
    away = {}
    if row["distances"] != "-":
        frame = distances[row["distances"]]
        kind = name if item == "table1" else row["column"]
        chosen = frame[frame["distance"] == kind]
        away = chosen.set_index(["first", "second"])["value"].to_dict()
    if item == "table3" and name != "baseline":
        transfer = {(SOURCE, t): experiments[name][t] for t in LANGUAGES}
    quantities = {
        "table1": (transfer, away),
        "table2": (impact, transfer),
        "table3": (transfer, away),
        "figure1": (impact, away),
        "figure2": (impact, away),
    }[item]
    only = SOURCE if item in ("table3", "figure2") else None
    return plain(*quantities, row["coefficient"], row["same_language"], only)


def test_every_correlation_equals_a_plain_loop(
    table: pd.DataFrame,
    accuracy: pd.DataFrame,
    phi: pd.DataFrame,
    distances: dict[str, pd.DataFrame],
    experiments: dict[str, pd.Series],
) -> None:
    for _, row in table.iterrows():
        value, n, p = expected(row, accuracy, phi, distances, experiments)
        assert (row["value"], row["n"]) == (pytest.approx(value, abs=1e-12), n), row.to_dict()
        assert row["p"] == pytest.approx(p, rel=1e-9)


def test_every_item_is_there_in_every_variant(table: pd.DataFrame) -> None:
    sets, bases, treatments = 2, 2, 2
    # rows x columns (x coefficients) of one variant
    assert table.groupby("item").size().to_dict() == {
        "table1": 2 * 2 * sets * treatments,
        "table2": 4 * 2 * bases * treatments,
        "table3": 3 * 2 * sets * treatments,
        "figure1": 4 * 2 * sets * bases * treatments,
        "figure2": 4 * 2 * sets * bases * treatments,
    }
    assert set(table.loc[table["item"] == "table2", "row"]) == {"1", "2", "3", "All"}
    assert set(table.loc[table["item"] == "figure1", "row"]) == {"1", "2", "3", "AVG"}
    assert set(table.loc[table["item"] == "table3", "row"]) == {"baseline", "A", "C"}


def test_q_is_the_false_discovery_rate_of_one_table(table: pd.DataFrame) -> None:
    chosen = table[
        (table["item"] == "figure1")
        & (table["distances"] == "first")
        & (table["base"] == "pretrained")
        & (table["same_language"] == "excluded")
    ]
    assert len(chosen) == 8
    wanted = stats.false_discovery_control(chosen["p_permutation"])
    assert chosen["q"].to_numpy() == pytest.approx(wanted, abs=1e-15)


def test_coefficients_of_a_table_have_a_q_of_their_own(table: pd.DataFrame) -> None:
    for _, part in table[table["item"] == "table2"].groupby(
        ["base", "same_language", "coefficient"]
    ):
        wanted = stats.false_discovery_control(part["p_permutation"])
        assert part["q"].to_numpy() == pytest.approx(wanted, abs=1e-15)


def test_correlations_and_cells_follow_their_schemas(
    table: pd.DataFrame,
    accuracy: pd.DataFrame,
    experiments: dict[str, pd.Series],
    tmp_path: Path,
) -> None:
    shown = cells(table, accuracy, experiments, SOURCE, "first", "pretrained")
    for kind, frame in (("correlations", table), ("cells", shown)):
        tables.write_table(tmp_path / kind, kind, frame)
        assert len(tables.read_table(tmp_path / kind, kind)) == len(frame)


def test_the_same_seed_gives_the_same_table(
    table: pd.DataFrame,
    accuracy: pd.DataFrame,
    phi: pd.DataFrame,
    distances: dict[str, pd.DataFrame],
    experiments: dict[str, pd.Series],
) -> None:
    order = LANGUAGES[::-1]
    shuffled = accuracy.loc[order, order]
    again = correlations(shuffled, phi.iloc[::-1], distances, experiments, SOURCE, **DRAWS)
    pd.testing.assert_frame_equal(table, again)


def test_a_quantity_that_does_not_vary_is_nan_and_spoils_no_q(
    accuracy: pd.DataFrame, phi: pd.DataFrame, distances: dict[str, pd.DataFrame]
) -> None:
    table = correlations(accuracy, phi, distances, {}, "ee", **DRAWS)
    still = (table["item"] == "figure2") & (table["base"] == "last_source")
    numbers = ["value", "p", "p_permutation", "low", "high", "q"]
    assert table.loc[still, numbers].isna().to_numpy().all()
    assert table.loc[~still, "q"].notna().all()
    shown = cells(table, accuracy, {}, "ee", "first", "last_source")
    assert set(shown["item"]) == {"table1", "table2", "table3", "figure1", "figure3"}


def test_cells_take_the_published_treatment(
    table: pd.DataFrame, accuracy: pd.DataFrame, experiments: dict[str, pd.Series]
) -> None:
    shown = cells(table, accuracy, experiments, SOURCE, "first", "last_source")
    values = shown.set_index(["item", "row", "column"])["value"]
    rows = table[table["distances"].isin(["first", "-"])]
    rows = rows[rows["base"].isin(["last_source", "-"])]
    rows = rows[rows["same_language"] == [PUBLISHED_TREATMENT[i] for i in rows["item"]]]
    assert len(rows) == 4 + 8 + 6 + 8 + 8
    for row in rows.itertuples():
        assert values[row.item, row.row, row.column] == row.value
    counts = {"table1": 25, "table2": 25, "table3": 5, "figure1": 20, "figure2": 4}
    assert rows.groupby("item")["n"].unique().explode().to_dict() == counts


def test_cells_hold_means(
    table: pd.DataFrame, accuracy: pd.DataFrame, experiments: dict[str, pd.Series]
) -> None:
    shown = cells(table, accuracy, experiments, SOURCE, "first", "pretrained")
    values = shown.set_index(["item", "row", "column"])["value"]
    assert values["table3", "baseline", "CLTP"] == pytest.approx(accuracy.loc[SOURCE].mean())
    assert values["table3", "A", "CLTP"] == pytest.approx(experiments["A"].mean())
    assert values["figure3", "bb", "dd"] == accuracy.loc["bb", "dd"]
    assert values["figure3", "bb", "AVG"] == pytest.approx(accuracy.loc["bb"].mean())
    assert values["figure3", "AVG", "bb"] == pytest.approx(accuracy["bb"].mean())
    assert (shown["item"] == "figure3").sum() == 25 + 10


@pytest.mark.parametrize("variant", [("third", "pretrained"), ("first", "other")])
def test_cells_of_an_unknown_variant_are_refused(
    table: pd.DataFrame, accuracy: pd.DataFrame, variant: tuple[str, str]
) -> None:
    with pytest.raises(TableError, match="allowed: "):
        cells(table, accuracy, {}, SOURCE, *variant)


def test_without_phi_only_its_items_are_left_out(
    table: pd.DataFrame,
    accuracy: pd.DataFrame,
    distances: dict[str, pd.DataFrame],
    experiments: dict[str, pd.Series],
) -> None:
    alone = correlations(accuracy, None, distances, experiments, SOURCE, **DRAWS)
    wanted = table[table["item"].isin(["table1", "table3"])]
    pd.testing.assert_frame_equal(alone, wanted.reset_index(drop=True))


def test_missing_values_are_named(
    accuracy: pd.DataFrame, phi: pd.DataFrame, distances: dict[str, pd.DataFrame]
) -> None:
    with pytest.raises(TableError, match="'zz' is not among"):
        correlations(accuracy, phi, distances, {}, "zz", **DRAWS)
    with pytest.raises(TableError, match="differ"):
        correlations(accuracy.drop(columns="aa"), phi, distances, {}, SOURCE, **DRAWS)
    with pytest.raises(TableError, match="every source needs every target"):
        correlations(accuracy.where(accuracy < 80), phi, distances, {}, SOURCE, **DRAWS)
    with pytest.raises(TableError, match="experiment 'A': no accuracy for targets"):
        short = {"A": accuracy.loc[SOURCE].drop("aa")}
        correlations(accuracy, phi, distances, short, SOURCE, **DRAWS)
    with pytest.raises(TableError, match="no value for"):
        correlations(accuracy, phi.iloc[1:], distances, {}, SOURCE, **DRAWS)
    with pytest.raises(TableError, match="stands twice"):
        twice = pd.concat([phi, phi.iloc[:1]])
        correlations(accuracy, twice, distances, {}, SOURCE, **DRAWS)
    with pytest.raises(TableError, match="every ordered pair"):
        distance_matrix(distances["first"].iloc[1:], "SYN", LANGUAGES)


def test_a_directed_distance_keeps_its_direction() -> None:
    rows = [("SYN", a, b, value) for (a, b), value in DIRECTED.items()]
    frame = pd.DataFrame(rows, columns=["distance", "first", "second", "value"])
    assert distance_matrix(frame, "SYN", ["y", "x"]).tolist() == [[0, 0.7], [0.2, 0]]


DIRECTED = {("x", "x"): 0.0, ("x", "y"): 0.2, ("y", "x"): 0.7, ("y", "y"): 0.0}


def test_layers_are_chosen_from_the_tables_of_correlations(table: pd.DataFrame) -> None:
    chosen = table[table["base"] == "pretrained"]
    table2 = chosen[
        (chosen["item"] == "table2")
        & (chosen["coefficient"] == "pearson")
        & (chosen["same_language"] == "included")
        & (chosen["row"] != "All")
    ]
    figure2 = chosen[
        (chosen["item"] == "figure2")
        & (chosen["distances"] == "first")
        & (chosen["same_language"] == "excluded")
        & (chosen["row"] != "AVG")
    ]
    near = table2.assign(size=table2["value"].abs()).nsmallest(2, "size")["row"]
    figure2 = figure2[figure2["row"].isin(near)]
    lowest = figure2.loc[figure2["value"].idxmin()]
    highest = figure2.loc[figure2["value"].idxmax()]
    found = choose_from_correlations(table, "first", "pretrained")
    assert found["A"] == Choice((int(lowest["row"]),), (lowest["column"],))
    assert found["B"] == Choice((int(highest["row"]),), (highest["column"],))
    with pytest.raises(TableError, match="distances 'third'"):
        choose_from_correlations(table, "third", "pretrained")


# the published numbers, from the published accuracies


@pytest.fixture(scope="module")
def published(root: Path) -> pd.DataFrame:
    whole = read_published(root / "resources" / "published" / "published.csv")
    return whole[whole["study"] == "philippy2023"]


@pytest.fixture(scope="module")
def from_figure3(published: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Restored accuracies and what is computed from them alone."""
    accuracy = restore_accuracy(published)
    distances = {"uriel-authors": uriel_distances(NLI_CODES)}
    return accuracy, correlations(
        accuracy, None, distances, {}, "en", permutations=99, resamples=99
    )


def test_published_tables_are_reproduced_from_figure_3(
    published: pd.DataFrame, from_figure3: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    accuracy, table = from_figure3
    shown = cells(table, accuracy, {}, "en", "uriel-authors", "pretrained")
    attempted = compare(published, shown, {}).dropna(subset="here")
    counts = {"figure3": 255, "table1": 10, "table3": 6}
    assert attempted.groupby("item").size().to_dict() == counts
    assert set(attempted["status"]) == {"matched"}


def test_published_stars_are_those_of_the_textbook_test(
    published: pd.DataFrame, from_figure3: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    table = from_figure3[1]
    rows = table[(table["item"] == "table1") & (table["same_language"] == "included")]
    printed = published[published["item"] == "table1"].set_index(["row", "column"])["stars"]
    assert len(rows) == len(printed) == 10
    for row in rows.itertuples():
        assert stars(row.p) == printed[row.row, row.column]


# Pearson and Spearman over the 210 pairs of different languages, recomputed from Figure 3
# with the study's codes; the study does not print them
DIFFERENT_LANGUAGES = {
    "SYN": (-0.2046, -0.4238),
    "GEO": (-0.2629, -0.2479),
    "INV": (0.0355, -0.0326),
    "GEN": (-0.2490, -0.3251),
    "PHON": (-0.0862, -0.1817),
}


def test_table_1_without_same_language_pairs(
    from_figure3: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    table = from_figure3[1]
    rows = table[(table["item"] == "table1") & (table["same_language"] == "excluded")]
    assert set(rows["n"]) == {210}
    found = rows.set_index(["row", "column"])["value"]
    for distance, wanted in DIFFERENT_LANGUAGES.items():
        both = (found[distance, "pearson"], found[distance, "spearman"])
        assert both == pytest.approx(wanted, abs=1.01e-4)
