"""Tables of Muller et al. 2021 in the talk's form, with its printed numbers beside ours."""

import math
from collections import Counter
from collections.abc import Callable, Mapping

import pandas as pd

from isogloss.config.muller2021 import Muller2021, groups_of
from isogloss.papers.muller2021.gap import AFTER, BEFORE, COMPARED, MEAN, NONE, chosen
from isogloss.papers.muller2021.random_init import REFERENCE, STUDY, group_name
from isogloss.papers.muller2021.unseen import ITEM, PRINTED_NAMES
from isogloss.papers.published import Address
from isogloss.papers.views import EN_DASH, MINUS

# Categories of the languages that the slides name; the others are in no table of the talk.
STATED = {"gsw": "Easy", "wo": "Intermediate", "ug": "Hard"}
TALK = "talk"
SCORED = ["task", "metric", "language", "model", "writing", "value"]


def numbers(published: pd.DataFrame, item: str) -> dict[tuple[str, str], float]:
    """Printed numbers of an item by row and column.

    published : rows of this study, as `papers.published.read_published` gives them
    """
    own = published[(published["item"] == item) & (published["unit"] != "text")]
    keys = zip(own["row"], own["column"], strict=True)
    return dict(zip(keys, own["value"].astype(float), strict=True))


def las(table: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Scores of the first source with the talk's beside those of parsing.

    table : result of `random_init.las_table`
    """
    known = numbers(published, "mbert_parsing")
    keys = table[["task", "source", "target"]].itertuples(index=False)
    talk = [known.get((row[1], row[2])) if row[0] == "Parsing" else None for row in keys]
    return table.rename(columns={"value": "score"}).assign(**{TALK: pd.Series(talk, dtype=float)})


def random_init(table: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Changes by group of new layers with the talk's beside them.

    table : result of `random_init.table`

    Returns
    -------
    DataFrame
        columns task, row, layers, reference, "talk's reference" (percent), change, low, high,
        "talk's change" (points) and seeds
    """
    items = {task: numbers(published, f"random_init_{task.lower()}") for task in set(table["task"])}
    rows = list(table[["task", "row", "group"]].itertuples(index=False))
    before = [items[task].get((row, REFERENCE)) for task, row, _ in rows]
    after = [items[task].get((row, group)) for task, row, group in rows]
    found = table.rename(columns={"group": "layers"}).assign(
        **{
            "talk's reference": pd.Series(before, dtype=float),
            "talk's change": pd.Series(after, dtype=float),
        }
    )
    order = ["task", "row", "layers", "reference", "talk's reference", "change", "low", "high"]
    return found[[*order, "talk's change", "seeds"]]


def in_the_talks_form(table: pd.DataFrame) -> pd.DataFrame:
    """One row per task and row of the talk's table, one column per group of new layers.

    table : result of `random_init.table`
    """
    groups = list(dict.fromkeys(table["group"]))
    keys = ["task", "row"]
    wide = table.pivot(index=keys, columns="group", values="change")[groups]
    first = table.drop_duplicates(keys).set_index(keys)["reference"].rename(REFERENCE)
    joined = pd.concat([first, wide.reindex(first.index)], axis=1)
    return joined.reset_index().rename_axis(columns=None)


def gap(
    correlations: pd.DataFrame, published: pd.DataFrame, settings: Muller2021
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Correlations of the mean over layers, with the talk's number; and those of each layer.

    Parameters
    ----------
    correlations : result of `gap.correlations`

    Returns
    -------
    table : columns task, text, protocol, index, stage, value, n, p, p_permutation, low, high, talk
        (in the rows that are held against it)
    layers : the same with the integer column layer and without that of the talk
    """
    known = numbers(published, "xgap")
    mean = correlations[correlations["layer"] == MEAN]
    shown = chosen(mean, settings)
    held = set(shown[shown["stage"] == AFTER].index)
    talk = [
        known.get((task.lower(), "spearman")) if place in held else None
        for place, task in mean["task"].items()
    ]
    table = mean.drop(columns="layer").assign(**{TALK: pd.Series(talk, mean.index, dtype=float)})
    layers = correlations[correlations["layer"] != MEAN].astype({"layer": "int64"})
    return table.reset_index(drop=True), layers.reset_index(drop=True)


def similarity(profile: pd.DataFrame) -> pd.DataFrame:
    """Mean over pairs of languages by layer, one column per stage.

    profile : result of `alignment.profile`

    Returns
    -------
    DataFrame
        columns text, protocol, index, layer (0 to L), before, one for each task after fine-tuning,
        and pairs
    """
    means = profile[profile["source"] == NONE]
    stages = [
        BEFORE if stage == BEFORE else f"after {task}"
        for stage, task in means[["stage", "task"]].itertuples(index=False)
    ]
    keys = [*COMPARED, "layer"]
    rows = means.assign(column=stages)
    wide = rows.pivot(index=keys, columns="column", values="value")[list(dict.fromkeys(stages))]
    pairs = rows.groupby(keys)["n"].max().rename("pairs")
    first = pd.MultiIndex.from_frame(rows[keys].drop_duplicates())
    joined = wide.join(pairs).reindex(first)
    return joined.reset_index().rename_axis(columns=None)


def model_scores(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Score of each model in each writing, once: both sides of every contrast.

    contrasts : table kind `contrasts`

    Returns
    -------
    DataFrame
        columns `SCORED`; value in percent, mean over seeds; languages in the order of `contrasts`
    """
    other = {"other_model": "model", "other_writing": "writing", "other_value": "value"}
    first = contrasts[SCORED]
    second = contrasts.drop(columns=list(other.values())).rename(columns=other)[SCORED]
    both = pd.concat([first, second], ignore_index=True)
    return both.drop_duplicates([*SCORED[:-1]], ignore_index=True)


def in_order(frame: pd.DataFrame, settings: Muller2021) -> pd.DataFrame:
    """Rows of unseen languages in the order in which the configuration names tasks and languages.

    frame : columns task (printed) and language; rows of other tasks or languages are left out
    """
    assert settings.unseen is not None
    tasks = settings.unseen.tasks
    places = {
        (task, language): (i, j)
        for i, (task, item) in enumerate(tasks.items())
        for j, language in enumerate([*item.languages, *item.controls])
    }
    keys = list(zip(frame["task"], frame["language"], strict=True))
    known = [place for place, key in enumerate(keys) if key in places]
    return frame.iloc[sorted(known, key=lambda i: places[keys[i]])].reset_index(drop=True)


def unseen(
    categories: pd.DataFrame,
    settings: Muller2021,
    languages: Mapping[str, Mapping[str, str]],
    rows: Mapping[str, int],
    published: pd.DataFrame,
) -> pd.DataFrame:
    """Unseen languages with what the talk prints of them, scores, differences and category.

    Parameters
    ----------
    categories : result of `unseen.categories` with printed names of tasks
    languages : row of the table of languages by code
    rows : number of raw sentences by language

    Returns
    -------
    DataFrame
        columns language (name), script, family and "talk's sentences" (as printed, missing for
        other languages), sentences, task (with its metric), main (yes or no), pretrained,
        adapted, alone, baseline (percent), differences from the baseline as text with their
        intervals (points), category, by_means, and "talk's category" (of three languages)
    """
    assert settings.unseen is not None
    asked = {
        (task, code) for task, item in settings.unseen.tasks.items() for code in item.languages
    }
    found = in_order(categories, settings)
    keys = zip(found["task"], found["language"], strict=True)
    found = found[[key in asked for key in keys]].reset_index(drop=True)
    printed = published[published["item"] == ITEM].set_index(["row", "column"])["value"].to_dict()
    codes = found["language"]
    names = [PRINTED_NAMES.get(code, code) for code in codes]
    sentences = [printed.get((name, "sentences")) for name in names]
    columns = {
        "language": _names(codes, languages),
        "script": [languages.get(code, {}).get("script", "") for code in codes],
        "family": [printed.get((name, "family"), "") for name in names],
        "talk's sentences": pd.Series(sentences, dtype=float).astype("Int64"),
        "sentences": pd.Series([rows.get(code) for code in codes], dtype="Int64"),
        "task": found["task"] + " " + found["metric"],
        "main": found["main"].map({True: "yes", False: "no"}),
        **{name: found[name] for name in ("pretrained", "adapted", "alone", "baseline")},
        **{
            f"{name} less baseline": [
                difference(*ends)
                for ends in found[[f"{name}_difference", f"{name}_low", f"{name}_high"]].itertuples(
                    index=False
                )
            ]
            for name in ("pretrained", "adapted", "alone")
        },
        "category": found["category"],
        "by_means": found["by_means"],
        "talk's category": [STATED.get(code, "") for code in codes],
    }
    return pd.DataFrame(columns)


def difference(value: float, low: float, high: float) -> str:
    """A difference with its interval as text; an en dash for none."""
    if math.isnan(value):
        return EN_DASH
    return f"{value:+.2f} [{low:.2f}, {high:.2f}]".replace("-", MINUS)


def transliteration(
    effects: pd.DataFrame, settings: Muller2021, languages: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    """What another writing changes, unseen languages and controls.

    effects : result of `unseen.transliteration` with printed names of tasks

    Returns
    -------
    DataFrame
        columns language (name), seen (yes for controls), task (with its metric), model, writing,
        original, rewritten (percent), difference, low, high (points), effect and seeds
    """
    assert settings.unseen is not None
    found = in_order(effects, settings)
    controls = {code for item in settings.unseen.tasks.values() for code in item.controls}
    told = found.assign(
        seen=["yes" if code in controls else "no" for code in found["language"]],
        language=_names(found["language"], languages),
        task=found["task"] + " " + found["metric"],
    )
    columns = ["language", "seen", "task", "model", "writing", "original", "rewritten"]
    return told[[*columns, "difference", "low", "high", "effect", "seeds"]]


def _names(codes: pd.Series, languages: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Names of languages; codes of those that share a name, as the generated ones do."""
    named = {code: row.get("name", code) for code, row in languages.items()}
    often = Counter(named.values())
    return [named[code] if often[named.get(code, "")] == 1 else code for code in codes]


def absences(
    published: pd.DataFrame, cells: pd.DataFrame, settings: Muller2021, layers: int
) -> dict[Address, str]:
    """Why published numbers have no counterpart in a run: (study, item, row, column) -> reason.

    cells : numbers that have one, table kind `cells`
    """
    explain: dict[str, Callable[[str, str, Muller2021, int], str]] = {
        "random_init_parsing": _of_random_init,
        "mbert_parsing": _of_las,
        "xgap": _of_gap,
        "unseen_languages": _of_unseen,
    }
    here = set(cells[["item", "row", "column"]].itertuples(index=False, name=None))
    printed = published.loc[published["unit"] != "text", ["item", "row", "column"]]
    return {
        (STUDY, *cell): explain[cell[0]](cell[1], cell[2], settings, layers)
        for cell in printed.itertuples(index=False, name=None)
        if cell not in here
    }


def _of_random_init(row: str, column: str, settings: Muller2021, layers: int) -> str:
    source = row.partition("-")[0]
    if "Parsing" not in settings.tasks:
        return "parsing is no task of this run"
    if source not in settings.sources:
        return f"source {source!r} is not in this run"
    groups = {group_name(group) for group in groups_of(settings, layers)}
    numbered = [int(layer) for layer in column.split("-") if layer.isdecimal()]
    if column not in groups and max(numbered, default=0) > layers:
        return f"the encoder has {layers} layers"
    return f"layers {column} are no group of this run"


def _of_las(row: str, column: str, settings: Muller2021, layers: int) -> str:
    if "Parsing" not in settings.tasks:
        return "parsing is no task of this run"
    if row != settings.sources[0]:
        return f"{row!r} is not the first source of this run"
    return f"{column!r} is no target of this run"


def _of_gap(row: str, column: str, settings: Muller2021, layers: int) -> str:
    if row not in [task.lower() for task in settings.tasks]:
        return f"{row} is no task of this run"
    if settings.alignment is None:
        return "similarity is not measured in this run"
    if "mean" not in settings.alignment.protocols:
        return "protocol mean is not in this run"
    return "fewer than four pairs of languages, or no spread among them"


def _of_unseen(row: str, column: str, settings: Muller2021, layers: int) -> str:
    if settings.unseen is None:
        return "unseen languages are not in this run"
    return f"{row} is no unseen language of this run"
