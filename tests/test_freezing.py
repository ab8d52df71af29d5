"""The choice of layers to freeze, on the published numbers and on made-up ones."""

import math
from pathlib import Path

import pandas as pd
import pytest

from isogloss.errors import TableError
from isogloss.papers.freezing import Choice, choose_layers
from isogloss.papers.published import read_published


@pytest.fixture(scope="module")
def published(root: Path) -> pd.DataFrame:
    whole = read_published(root / "resources" / "published" / "published.csv")
    return whole[whole["study"] == "philippy2023"]


def published_choice(
    published: pd.DataFrame,
) -> tuple[dict[int, float], pd.DataFrame, pd.DataFrame]:
    """Table 2 (Pearson), Figure 2 and its stars, by layer."""
    table2 = published[(published["item"] == "table2") & (published["column"] == "pearson")]
    figure2 = published[published["item"] == "figure2"]
    table2, figure2 = table2[table2["row"] != "All"], figure2[figure2["row"] != "AVG"]
    impact = {
        int(row): float(value) for row, value in zip(table2["row"], table2["value"], strict=True)
    }
    figure2 = figure2.assign(layer=figure2["row"].astype(int), r=figure2["value"].astype(float))
    return (
        impact,
        figure2.pivot(index="layer", columns="column", values="r"),
        figure2.pivot(index="layer", columns="column", values="stars") != "",
    )


def test_the_rule_yields_the_published_choice(published: pd.DataFrame) -> None:
    assert choose_layers(*published_choice(published)) == {
        "A": Choice((2,), ("INV",)),
        "B": Choice((5,), ("PHON",)),
        "C": Choice((1, 2, 6), ("INV", "PHON", "SYN")),
    }


def grid(values: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(values, index=range(1, len(values) + 1), columns=["GEO", "SYN"])


IMPACT = {1: 0.9, 2: -0.1, 3: 0.2, 4: 0.8}
NONE = grid([[0.0, 0.0]] * 4) > 0


@pytest.mark.parametrize(
    ("values", "c"),
    [
        # layer 2's strongest is negative, layer 3's is positive
        ([[-0.9, 0.9], [-0.4, 0.3], [-0.2, 0.5], [0.9, -0.9]], Choice((2,), ("GEO",))),
        ([[-0.9, 0.9], [-0.4, 0.3], [0.2, -0.5], [0.9, -0.9]], Choice((2, 3), ("GEO", "SYN"))),
        # both strongest are positive: the layer of A
        ([[-0.9, 0.9], [-0.2, 0.3], [-0.3, 0.5], [0.9, -0.9]], Choice((3,), ("GEO",))),
        ([[-0.9, 0.9], [0.2, 0.3], [0.1, 0.5], [0.9, -0.9]], Choice((3,), ("GEO",))),
    ],
)
def test_c_without_significant_candidates(values: list[list[float]], c: Choice) -> None:
    assert choose_layers(IMPACT, grid(values), NONE)["C"] == c


@pytest.mark.parametrize(("layers", "candidates"), [(2, 2), (3, 2), (4, 2), (7, 3), (12, 4)])
def test_a_third_of_the_layers_may_be_frozen(layers: int, candidates: int) -> None:
    values = grid([[-0.5, -0.4]] * layers)
    impact = {layer: layer / 100 for layer in range(1, layers + 1)}
    found = choose_layers(impact, values, values < 0)
    assert found["C"].layers == tuple(range(1, candidates + 1))


def test_only_candidates_are_chosen() -> None:
    values = grid([[-0.9, 0.9], [-0.4, 0.3], [-0.2, 0.5], [0.9, -0.9]])
    found = choose_layers(IMPACT, values, values.abs() > 0.1)
    assert found["A"] == Choice((2,), ("GEO",))
    assert found["B"] == Choice((3,), ("SYN",))
    assert found["C"] == Choice((2, 3), ("GEO",))


def test_undefined_correlations_are_passed_over() -> None:
    values = grid([[-0.9, 0.9], [math.nan, 0.3], [-0.2, math.nan], [0.9, -0.9]])
    found = choose_layers(IMPACT | {1: math.nan}, values, NONE)
    assert (found["A"].layers, found["B"].layers, found["C"].layers) == ((3,), (2,), (3,))
    with pytest.raises(TableError, match="undefined for layers"):
        choose_layers(IMPACT, values * math.nan, NONE)
    with pytest.raises(TableError, match="no row for layers"):
        choose_layers(IMPACT, values.drop(index=2), NONE)
