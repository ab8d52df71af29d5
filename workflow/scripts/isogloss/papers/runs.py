"""Scores and similarities of many runs, brought into a study's matrices."""

from collections.abc import Collection, Sequence

import pandas as pd

from isogloss.errors import TableError


def accuracy_matrix(scores: pd.DataFrame, languages: Sequence[str]) -> pd.DataFrame:
    """Accuracy in percent, rows sources, columns targets, from table kind `scores`.

    Raises
    ------
    TableError
        if a pair is missing
    """
    return score_matrix(scores, languages, languages, "accuracy")


def score_matrix(
    scores: pd.DataFrame, sources: Sequence[str], targets: Sequence[str], metric: str
) -> pd.DataFrame:
    """Mean over seeds of one metric in percent, rows training sets, columns targets.

    scores : table kind `scores`

    Raises
    ------
    TableError
        if a pair is missing
    """
    chosen = scores[scores["metric"] == metric]
    means = chosen.pivot_table(index="trained_on", columns="language", values="value")
    matrix = means.reindex(index=list(sources), columns=list(targets))
    if matrix.isna().to_numpy().any():
        holes = matrix.isna()
        source = holes.index[holes.any(axis=1)][0]
        target = holes.columns[holes.loc[source]][0]
        raise TableError(f"scores: no {metric} of source {source!r} on target {target!r}")
    return matrix.rename_axis(index="source", columns="target")


def experiment_row(scores: pd.DataFrame, languages: Sequence[str]) -> pd.Series:
    """Accuracy in percent by target, of one run (table kind `scores`)."""
    row = scores.set_index("language")["value"].reindex(list(languages))
    if row.isna().any():
        raise TableError(f"scores: no accuracy on target {row.index[row.isna()][0]!r}")
    return row


def impact(cka: pd.DataFrame) -> pd.DataFrame:
    """Phi by source, target, layer and base, from table kind `cka`."""
    return cka.rename(columns={"trained_on": "source", "language": "target"})[
        ["source", "target", "layer", "base", "phi"]
    ]


def absences(
    published: pd.DataFrame,
    languages: Sequence[str],
    layers: int,
    experiments: Collection[str],
) -> dict[tuple[str, ...], str]:
    """Why published cells of Philippy et al. 2023 have no counterpart in a run.

    Returns
    -------
    (study, item, row, column) -> reason
    """
    reasons: dict[tuple[str, ...], str] = {}
    for study, item, row, column in published[["study", "item", "row", "column"]].itertuples(
        index=False
    ):
        if item == "figure3":
            absent = [code for code in (row, column) if code not in (*languages, "AVG")]
            if absent:
                reasons[study, item, row, column] = f"language {absent[0]!r} is not in this run"
        elif item in ("figure1", "figure2", "table2") and row.isdigit() and int(row) > layers:
            reasons[study, item, row, column] = f"the encoder has {layers} layers"
        elif item == "table3" and row not in ("baseline", *experiments):
            reasons[study, item, row, column] = f"experiment {row} is not in this run"
    return reasons
