"""Tables of Wu et al. 2022, and the numbers that it prints."""

from collections.abc import Mapping, Sequence

import pandas as pd

from isogloss.config.landscapes import Wu2022
from isogloss.papers.wu2022.curves import PLANE, UNIT

STUDY = "wu2022"
# Printed name of a task -> column of Table 1; tagging and parsing share one.
COUNTED = {"XNLI": "XNLI", "NER": "NER", "POS": "POS_and_parsing", "Parsing": "POS_and_parsing"}
# Numbers that say whether a curve is flat, smooth and linear.
SHAPES = ("gain", "barrier", "slope", "linearity", "fall", "roughness")
# Quantities of a plane in words.
SURFACES = {
    "gradient": "gradient",
    "inner_gradient": "gradient between 0 and 1",
    "at_first": "gradient at source's model",
    "at_second": "gradient at target's model",
    "high": "share of high points",
}
LEVELS = ("all", "part", "layer")
# After the numbered layers.
LAST = ("pooler", "encoder", "head")
# Columns of `ends`: which start, alpha and side each shows.
ENDS = {
    "source, own model": ("source", 0.0, "source"),
    "target, own model": ("target", 0.0, "target"),
    "target, zero-shot": ("source", 0.0, "target"),
    "source, zero-shot": ("target", 0.0, "source"),
    "source, bilingual": ("source", 1.0, "source"),
    "target, bilingual": ("source", 1.0, "target"),
}


def printed(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """A frame with the paper's names of tasks.

    names : printed name by configured task
    """
    return frame.assign(task=frame["task"].map(names)).reset_index(drop=True)


def ends(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of the models themselves, percent: one row per encoder, task and pair.

    scores : result of `curves.mean_scores`
    """
    whole = scores[scores["part"] == "all"]
    columns = {}
    for name, (start, alpha, side) in ENDS.items():
        here = (whole["start"] == start) & (whole["alpha"] == alpha) & (whole["side"] == side)
        columns[name] = whole[here].set_index(["encoder", *UNIT])["mean"]
    return pd.DataFrame(columns).reset_index()


def shapes(described: pd.DataFrame) -> pd.DataFrame:
    """Shape of every line of all weights, points; R squared for linearity.

    described : result of `curves.described`
    """
    rows = described[(described["part"] == "all") & described["quantity"].isin(SHAPES)]
    return rows.drop(columns="part").reset_index(drop=True)


def surfaces(flatness: pd.DataFrame) -> pd.DataFrame:
    """Shape of every plane, its quantities in words and in one order.

    flatness : result of `curves.flatness`
    """
    known = list(SURFACES)
    rows = flatness.sort_values(
        "quantity", key=lambda names: names.map(known.index), kind="stable"
    ).sort_values([*PLANE, "side"], kind="stable", ignore_index=True)
    return rows.assign(quantity=rows["quantity"].map(SURFACES))


def directions(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean norm ratio and angle by encoder, task and part of the model, over pairs and seeds.

    frame : table kind `directions`

    Returns
    -------
    DataFrame
        columns encoder, task, level, name, parameters, ratio, angle, lowest angle, highest angle
        and n (pairs and seeds with an angle); layers by number, not by letter
    """
    rows = frame[frame["level"].isin(LEVELS)]
    places = [_place(level, name) for level, name in rows[["level", "name"]].to_numpy()]
    rows = rows.iloc[sorted(range(len(rows)), key=lambda i: places[i])]
    found = rows.groupby(["encoder", "task", "level", "name"], as_index=False, sort=False).agg(
        parameters=("parameters", "first"),
        ratio=("ratio", "mean"),
        angle=("angle", "mean"),
        lowest=("angle", "min"),
        highest=("angle", "max"),
        n=("angle", "count"),
    )
    return found.rename(columns={"lowest": "lowest angle", "highest": "highest angle"})


def _place(level: str, name: str) -> tuple[int, int, int]:
    """Where a part of the model stands: embeddings, layers by number, pooler, head."""
    if name.isdecimal():
        return LEVELS.index(level), 1, int(name)
    if name in LAST:
        return LEVELS.index(level), 2, LAST.index(name)
    return LEVELS.index(level), 0, 0


def cells(sizes: pd.DataFrame, settings: Wu2022, corpora: Mapping[str, str]) -> pd.DataFrame:
    """Numbers that the paper prints too, as a table of kind `cells`: examples, and alphas.

    Parameters
    ----------
    sizes : result of `corpora.sizes.count_corpora`
    corpora : corpus by printed name of the task
    """
    rows: list[tuple[str, str, str, str, float]] = []
    for name, column in _columns(corpora).items():
        counted = sizes[(sizes["corpus"] == name) & (sizes["status"] != "cut here")]
        rows += [
            ("table1", f"{language}/{split}", column, "examples", float(count))
            for language, split, count in counted[["language", "split", "rows"]].to_numpy()
        ]
    rows += [("alphas", str(alpha), "alpha", "fraction", alpha) for alpha in settings.alphas]
    frame = pd.DataFrame(rows, columns=["item", "row", "column", "unit", "value"])
    return frame.assign(study=STUDY)[["study", "item", "row", "column", "unit", "value"]]


def absences(
    published: pd.DataFrame, sizes: pd.DataFrame, corpora: Mapping[str, str]
) -> dict[tuple[str, ...], str]:
    """Why published cells have no counterpart in a run: (study, item, row, column) -> reason."""
    reasons: dict[tuple[str, ...], str] = {(STUDY, "alphas"): "not a point of this run's lines"}
    names = {column: name for name, column in _columns(corpora).items()}
    known = set(zip(sizes["corpus"], sizes["language"] + "/" + sizes["split"], strict=True))
    table1 = published[published["item"] == "table1"]
    for row, column in table1[["row", "column"]].itertuples(index=False):
        if column not in names:
            reason = "no task of this run reads such examples"
        elif (names[column], row) in known:
            reason = "the corpus is cut here"
        else:
            reason = f"language {row.partition('/')[0]!r} or its split is not in this run"
        reasons[STUDY, "table1", row, column] = reason
    return reasons


def _columns(corpora: Mapping[str, str]) -> dict[str, str]:
    """Column of Table 1 by corpus; the first corpus of a column."""
    found: dict[str, str] = {}
    for task, name in corpora.items():
        if COUNTED[task] not in found.values():
            found.setdefault(name, COUNTED[task])
    return found


def in_order(frame: pd.DataFrame, settings: Wu2022, names: Sequence[str]) -> pd.DataFrame:
    """Rows in the order in which the configuration names encoders, sources and targets."""
    orders: dict[str, list[str]] = {
        "encoder": settings.encoders,
        "task": list(settings.tasks),
        "source": settings.sources,
        "target": settings.targets,
    }
    keys = {name: frame[name].map(orders[name].index) for name in names}
    order = pd.DataFrame(keys).sort_values(list(names), kind="stable").index
    return frame.loc[order].reset_index(drop=True)
