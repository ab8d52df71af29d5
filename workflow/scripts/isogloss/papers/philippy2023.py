"""Tables and figures of Philippy, Guo and Haddadan 2023 (arXiv 2305.02151).

Three quantities of a pair source, target are correlated with one another: accuracy of the
target after fine-tuning on the source, impact phi of that fine-tuning on the target's
representation space, and distance of the two languages. The study keeps pairs of a
language with itself in Tables 1 to 3 and drops them in Figures 1 and 2 (text and authors'
released code); here every item is computed both ways.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.errors import TableError
from isogloss.statistics.correlation import (
    Coefficient,
    Correlation,
    Floats,
    benjamini_hochberg,
    correlate_many,
)

STUDY = "philippy2023"
BASELINE = "baseline"
MEAN = "AVG"
# the study's names of the layers' mean in Table 2 and in its figures
MEAN_ROW = {"table2": "All", "figure1": MEAN, "figure2": MEAN}
NOT_USED = "-"
INCLUDED, EXCLUDED = "included", "excluded"
PUBLISHED_TREATMENT = {
    "table1": INCLUDED,
    "table2": INCLUDED,
    "table3": INCLUDED,
    "figure1": EXCLUDED,
    "figure2": EXCLUDED,
}
COEFFICIENTS: tuple[Coefficient, ...] = ("pearson", "spearman")
FAMILY_OF_TESTS = ["item", "distances", "base", "same_language", "coefficient"]

Row = dict[str, object]

authors_p_note = (
    "The study's stars rest on tests that take pairs of languages as independent; pairs "
    "share their languages, so these p-values are too small. p_permutation relabels "
    "languages instead, low and high come from redrawing languages, and q bounds the "
    "false discovery rate within one table."
)


class _Inputs(NamedTuple):
    """The study's quantities as arrays over n languages in one order.

    accuracy (n, n); runs: rows of Table 3, (n,) each; impacts: per base the names of the
    layers with their mean and phi (layers + 1, n, n); at: index of the single source;
    draws: permutations, resamples and seed.
    """

    accuracy: Floats
    runs: dict[str, Floats]
    impacts: dict[str, tuple[list[str], Floats]]
    at: int
    draws: tuple[int, int, int]


def correlations(
    accuracy: pd.DataFrame,
    phi: pd.DataFrame | None,
    distances: Mapping[str, pd.DataFrame],
    experiments: Mapping[str, pd.Series],
    source: str,
    permutations: int = 9999,
    resamples: int = 2000,
    seed: int = 42,
) -> pd.DataFrame:
    """All correlations of the study in all variants, as a table of kind `correlations`.

    Table 1 (accuracy, distance), Table 2 (accuracy, phi), Table 3 (accuracy of one source,
    distance), Figure 1 (phi, distance) and Figure 2 (phi of one source, distance); each
    with and without same-language pairs, for every set of distances and every base.

    Parameters
    ----------
    accuracy : percent, index = sources, columns = targets, the same languages in both
    phi : columns source, target, layer, base, phi; None leaves out what rests on phi, so
        that published accuracies alone can be analysed
    distances : by name, tables of kind `distances`
    experiments : by row of Table 3, percent per target after fine-tuning on `source`; the
        row `baseline` comes from `accuracy`
    source : the language of Figure 2 and Table 3
    permutations, resamples, seed : see `isogloss.statistics.correlation.correlate`

    Returns
    -------
    DataFrame
        `q` is the false discovery rate (Benjamini and Hochberg) over the permutation
        p-values of one item, variant and coefficient. A correlation of a quantity that
        does not vary is nan.

    Raises
    ------
    TableError
        where a language or a pair is missing
    """
    languages = _languages(accuracy, source)
    inputs = _Inputs(
        accuracy=accuracy.loc[languages, languages].to_numpy(np.float64),
        runs=_experiment_rows(accuracy, experiments, source, languages),
        impacts={} if phi is None else _impacts(phi, languages),
        at=languages.index(source),
        draws=(permutations, resamples, seed),
    )
    rows: list[Row] = []
    for treatment in (INCLUDED, EXCLUDED):
        rows += _without_distances(inputs, treatment)
        for name, frame in distances.items():
            for distance in sorted(frame["distance"].unique()):
                matrix = distance_matrix(frame, distance, languages)
                rows += _with_distance(inputs, treatment, name, distance, matrix)
    table = pd.DataFrame(rows)
    table["q"] = table.groupby(FAMILY_OF_TESTS)["p_permutation"].transform(
        lambda p: benjamini_hochberg(p.to_numpy())
    )
    return table


def cells(
    table: pd.DataFrame,
    accuracy: pd.DataFrame,
    experiments: Mapping[str, pd.Series],
    source: str,
    distances: str,
    base: str,
) -> pd.DataFrame:
    """The study's numbers as it computes and names them, as a table of kind `cells`.

    Parameters
    ----------
    table : result of `correlations`
    accuracy, experiments, source : as there
    distances, base : the variant to show; the treatment of same-language pairs is the
        published one of each item

    Returns
    -------
    DataFrame
        units `correlation` and `percent`; a correlation that is not defined has no cell

    Raises
    ------
    TableError
        where the table holds no such variant
    """
    for column, name in (("distances", distances), ("base", base)):
        held = sorted(set(table[column]) - {NOT_USED})
        if held and name not in held:
            raise TableError(f"correlations: no {column} {name!r}; allowed: {', '.join(held)}")
    chosen = (
        (table["same_language"] == table["item"].map(PUBLISHED_TREATMENT))
        & table["distances"].isin([distances, NOT_USED])
        & table["base"].isin([base, NOT_USED])
        & table["value"].notna()
    )
    shown = table.loc[chosen, ["item", "row", "column", "value"]].assign(unit="correlation")
    languages = _languages(accuracy, source)
    means = pd.DataFrame(
        [
            ("table3", run, "CLTP", float(values.mean()), "percent")
            for run, values in _experiment_rows(accuracy, experiments, source, languages).items()
        ],
        columns=["item", "row", "column", "value", "unit"],
    )
    whole = pd.concat([shown, means, _figure3(accuracy, languages)], ignore_index=True)
    return whole.assign(study=STUDY)[["study", "item", "row", "column", "unit", "value"]]


def distance_matrix(frame: pd.DataFrame, distance: str, languages: Sequence[str]) -> Floats:
    """One distance between all languages, shape (n, n), rows = first, columns = second.

    Raises
    ------
    TableError
        where an ordered pair is missing
    """
    rows = frame[frame["distance"] == distance]
    given = rows.pivot(index="first", columns="second", values="value")
    matrix = given.reindex(index=list(languages), columns=list(languages)).to_numpy(np.float64)
    if np.isnan(matrix).any():
        first, second = np.argwhere(np.isnan(matrix))[0]
        raise TableError(
            f"distance {distance!r}: no value for {languages[first]}, {languages[second]}; "
            "every ordered pair of the study's languages needs one"
        )
    return matrix


def _without_distances(inputs: _Inputs, treatment: str) -> list[Row]:
    """Table 2, for every base."""
    rows: list[Row] = []
    for base, (layers, phi) in inputs.impacts.items():
        variant = (NOT_USED, base, treatment)
        for coefficient in COEFFICIENTS:
            found = correlate_many(
                phi, inputs.accuracy, coefficient, treatment == INCLUDED, None, *inputs.draws
            )
            rows += _rows("table2", layers, coefficient, coefficient, variant, found)
    return rows


def _with_distance(
    inputs: _Inputs, treatment: str, name: str, distance: str, matrix: Floats
) -> list[Row]:
    """The rows of Tables 1 and 3 and of Figures 1 and 2 that rest on one distance."""
    same, at, draws = treatment == INCLUDED, inputs.at, inputs.draws
    variant = (name, NOT_USED, treatment)
    rows: list[Row] = []
    for coefficient in COEFFICIENTS:
        found = correlate_many(inputs.accuracy[None], matrix, coefficient, same, None, *draws)
        rows += _rows("table1", [distance], coefficient, coefficient, variant, found)
    runs = np.stack(list(inputs.runs.values()))
    found = correlate_many(runs, matrix[at], "pearson", same, at, *draws)
    rows += _rows("table3", list(inputs.runs), distance, "pearson", variant, found)
    for base, (layers, phi) in inputs.impacts.items():
        for item, source in (("figure1", None), ("figure2", at)):
            found = correlate_many(phi, matrix, "pearson", same, source, *draws)
            rows += _rows(item, layers, distance, "pearson", (name, base, treatment), found)
    return rows


def _languages(accuracy: pd.DataFrame, source: str) -> list[str]:
    """The study's languages, sorted; checked to be sources and targets alike."""
    sources, targets = set(accuracy.index), set(accuracy.columns)
    if sources != targets:
        raise TableError(
            f"accuracy: sources {sorted(sources)} and targets {sorted(targets)} differ; "
            "the study needs every language as both"
        )
    if source not in sources:
        raise TableError(f"accuracy: source {source!r} is not among {sorted(sources)}")
    if not np.isfinite(accuracy.to_numpy(np.float64)).all():
        raise TableError("accuracy: a pair has no value; every source needs every target")
    return sorted(sources)


def _experiment_rows(
    accuracy: pd.DataFrame,
    experiments: Mapping[str, pd.Series],
    source: str,
    languages: list[str],
) -> dict[str, Floats]:
    """Accuracy per target, shape (n,), for each row of Table 3; the baseline first."""
    given = {**experiments, BASELINE: accuracy.loc[source]}
    rows = {}
    for run in [BASELINE, *(name for name in given if name != BASELINE)]:
        missing = sorted(set(languages) - set(given[run].dropna().index))
        if missing:
            raise TableError(f"experiment {run!r}: no accuracy for targets {missing}")
        rows[run] = given[run].loc[languages].to_numpy(np.float64)
    return rows


def _impacts(phi: pd.DataFrame, languages: list[str]) -> dict[str, tuple[list[str], Floats]]:
    """Per base the layers with their mean, and phi of shape (layers + 1, n, n)."""
    stacks = {}
    for base, rows in phi.groupby("base"):
        layers = sorted(rows["layer"].unique())
        cube = rows.set_index(["layer", "source", "target"])["phi"]
        if cube.index.has_duplicates:
            twice = cube.index[cube.index.duplicated()][0]
            raise TableError(f"phi, base {base!r}: (layer, source, target) {twice} stands twice")
        wanted = pd.MultiIndex.from_product([layers, languages, languages])
        missing = wanted[~wanted.isin(cube.index)]
        if len(missing):
            raise TableError(
                f"phi, base {base!r}: no value for (layer, source, target) {missing[0]}; "
                "every pair needs one at every layer"
            )
        n = len(languages)
        values = cube.reindex(wanted).to_numpy(np.float64).reshape(len(layers), n, n)
        names = [*(str(layer) for layer in layers), MEAN]
        stacks[str(base)] = names, np.concatenate([values, values.mean(axis=0, keepdims=True)])
    return stacks


def _rows(
    item: str,
    names: Sequence[str],
    column: str,
    coefficient: Coefficient,
    variant: tuple[str, str, str],
    found: Sequence[Correlation],
) -> list[Row]:
    """Rows of the table of correlations, one for each name; variant without q."""
    distances, base, same_language = variant
    return [
        {
            "item": item,
            "row": MEAN_ROW[item] if name == MEAN and item in MEAN_ROW else name,
            "column": column,
            "coefficient": coefficient,
            "distances": distances,
            "base": base,
            "same_language": same_language,
            **correlation._asdict(),
        }
        for name, correlation in zip(names, found, strict=True)
    ]


def _figure3(accuracy: pd.DataFrame, languages: list[str]) -> pd.DataFrame:
    """Accuracies with the means of rows and columns; the corner stays empty."""
    matrix = accuracy.loc[languages, languages].astype(np.float64)
    bordered = matrix.assign(**{MEAN: matrix.mean(axis=1)})
    bordered.loc[MEAN] = matrix.mean(axis=0)
    long = bordered.rename_axis("row").reset_index().melt(id_vars="row", var_name="column")
    return long.dropna().assign(item="figure3", unit="percent")
