"""RANDOM-INIT of Muller et al. 2021: pairs of runs, tables, and the talk's own numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from isogloss.config.muller2021 import Muller2021
from isogloss.errors import TableError
from isogloss.papers.muller2021.random_init import (
    cells,
    centre,
    changes,
    group_name,
    half,
    las_table,
    layers_of,
    references,
    sides,
    table,
)
from isogloss.papers.published import compare, read_published
from isogloss.tables import arrange

NAMES = {"trees": "Parsing", "tags": "POS"}
METRICS = {"trees": "las", "tags": "accuracy"}


def settings(**changed: Any) -> Muller2021:
    """A study of two tasks, two sources and three targets."""
    tasks = {
        "Parsing": {"task": "trees", "recipe": "words", "seeds": [1, 2, 3]},
        "POS": {"task": "tags", "recipe": "words", "seeds": [1, 2]},
    }
    plain = {"encoder": "mbert", "tasks": tasks, "sources": ["en", "ru"]}
    return Muller2021.model_validate({**plain, "targets": ["de", "en", "fr"], **changed})


def made_up(study: Muller2021, recipes: list[str], seed: int = 0) -> pd.DataFrame:
    """Table kind `scores` of all runs of the study, with rows that are not the study's."""
    generator = np.random.default_rng(seed)
    rows = [
        (encoder, item.task, source, recipe, run, language, metric)
        for encoder in (study.encoder, "other")
        for item in study.tasks.values()
        for source in (*study.sources, "ja")
        for recipe in (*recipes, "words-freeze-1-2")
        for run in (*item.seeds, 99)
        for language in ("de", "en", "fr", "ru", "ja")
        for metric in ("las", "accuracy")
    ]
    columns = ["encoder", "task", "trained_on", "recipe", "seed", "language", "metric"]
    frame = pd.DataFrame(rows, columns=columns)
    values = generator.uniform(20, 90, len(frame))
    return frame.assign(split="test", n=100, value=values).sample(frac=1, random_state=seed)


def score(scores: pd.DataFrame, task: str, source: str, recipe: str, seed: int, on: str) -> float:
    """One number, looked up by brute force."""
    (value,) = [
        row.value
        for row in scores.itertuples()
        if (row.encoder, row.task, row.metric) == ("mbert", task, METRICS[task])
        and (row.trained_on, row.recipe, row.seed, row.language) == (source, recipe, seed, on)
    ]
    return float(value)


RECIPES = ["words", "words-reinit-1-2", "words-reinit-3-4"]


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return made_up(settings(), RECIPES)


def test_a_change_is_the_difference_of_the_same_seed(scores: pd.DataFrame) -> None:
    found = changes(scores, settings(), NAMES, METRICS, 4)
    # en has de and fr, ru has de, en and fr, and each its own: 3 + 4 scores of each run
    assert len(found) == (3 + 4) * 2 * (3 + 2)
    assert set(found["group"]) == {"1-2", "3-4"}
    configured = {printed: task for task, printed in NAMES.items()}
    for row in found.sample(8, random_state=1).itertuples():
        task = configured[row.task]
        before = score(scores, task, row.source, "words", row.seed, row.target)
        recipe = f"words-reinit-{row.group}"
        after = score(scores, task, row.source, recipe, row.seed, row.target)
        assert (row.value, row.changed) == (before, after)
        assert row.change == pytest.approx(after - before, abs=1e-12)


def test_the_mean_and_its_interval_are_students_t_over_seeds(scores: pd.DataFrame) -> None:
    found = table(changes(scores, settings(), NAMES, METRICS, 4)).set_index(
        ["task", "row", "group"]
    )
    of_seeds = [
        np.mean(
            [
                score(scores, "trees", "ru", "words-reinit-3-4", seed, target)
                - score(scores, "trees", "ru", "words", seed, target)
                for target in ("de", "en", "fr")
            ]
        )
        for seed in (1, 2, 3)
    ]
    row = found.loc[("Parsing", "ru-X_mean", "3-4")]
    low, high = stats.t.interval(0.95, 2, np.mean(of_seeds), stats.sem(of_seeds))
    assert row["change"] == pytest.approx(np.mean(of_seeds), abs=1e-9)
    assert [row["low"], row["high"]] == pytest.approx([low, high], abs=1e-9)
    reference = [
        score(scores, "trees", "ru", "words", seed, target)
        for seed in (1, 2, 3)
        for target in ("de", "en", "fr")
    ]
    assert row["reference"] == pytest.approx(np.mean(reference), abs=1e-9)
    assert (row["seeds"], found.loc[("POS", "ru-X_mean", "3-4"), "seeds"]) == (3, 2)


def test_rows_of_own_languages_come_first(scores: pd.DataFrame) -> None:
    found = table(changes(scores, settings(), NAMES, METRICS, 4))
    parsing = found.loc[found["task"] == "Parsing", "row"]
    assert list(dict.fromkeys(parsing)) == ["en-en", "ru-ru", "en-X_mean", "ru-X_mean"]
    assert list(dict.fromkeys(found["task"])) == ["Parsing", "POS"]
    assert found["group"].tolist() == ["1-2", "3-4"] * 8


def test_one_seed_has_no_interval() -> None:
    one = {"Parsing": {"task": "trees", "recipe": "words", "seeds": [1]}}
    study = settings(tasks=one)
    found = table(changes(made_up(study, RECIPES), study, NAMES, METRICS, 4))
    assert found[["low", "high"]].isna().to_numpy().all()
    assert found["change"].notna().all()


def test_any_set_of_layers_has_its_name() -> None:
    study = settings(groups=[[5, 1, 2], [2, 3], [4], [6, 1]])
    recipes = ["words", "words-reinit-1-2-5", "words-reinit-2-3", "words-reinit-4"]
    recipes.append("words-reinit-1-6")
    scores = made_up(study, recipes)
    found = table(changes(scores, study, NAMES, METRICS, 6))
    assert list(dict.fromkeys(found["group"])) == ["1-2-5", "2-3", "4", "1-6"]
    shown = cells(found, las_table(scores, study, NAMES, METRICS))
    of_layers = shown[shown["item"].str.startswith("random_init")]
    assert set(of_layers["column"]) == {"REF", "2-3"}  # only pairs of neighbours stand in the talk


@pytest.mark.parametrize(
    ("recipe", "source", "seed", "language"),
    [("words", "en", 2, "fr"), ("words-reinit-3-4", "ru", 3, "ru")],
)
def test_a_missing_run_is_named(
    scores: pd.DataFrame, recipe: str, source: str, seed: int, language: str
) -> None:
    gone = (scores["encoder"] == "mbert") & (scores["recipe"] == recipe)
    gone &= (scores["task"] == "trees") & (scores["trained_on"] == source)
    gone &= (scores["seed"] == seed) & (scores["language"] == language)
    run = rf"no score \(las\) of run mbert/trees/{source}/{recipe}/{seed} on language '{language}'"
    with pytest.raises(TableError, match=run):
        changes(scores[~gone], settings(), NAMES, METRICS, 4)


def test_two_scores_of_a_run_are_an_error(scores: pd.DataFrame) -> None:
    twice = pd.concat([scores, scores.assign(split="dev")])
    with pytest.raises(TableError, match="two scores"):
        changes(twice, settings(), NAMES, METRICS, 4)


@pytest.mark.parametrize(("names", "metrics"), [({}, METRICS), (NAMES, {"trees": "las"})])
def test_a_task_without_name_or_metric_is_an_error(
    scores: pd.DataFrame, names: dict[str, str], metrics: dict[str, str]
) -> None:
    with pytest.raises(TableError, match="none of task"):
        references(scores, settings(), names, metrics)


def test_the_table_of_the_first_source(scores: pd.DataFrame) -> None:
    found = las_table(scores, settings(), NAMES, METRICS)
    parsing = found[found["task"] == "Parsing"].set_index("target")
    assert parsing.index.tolist() == ["en", "de", "fr", "X_mean"]
    assert set(found["source"]) == {"en"}
    values = [score(scores, "trees", "en", "words", seed, "de") for seed in (1, 2, 3)]
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    expected = [np.mean(values), low, high, 3]
    assert parsing.loc["de"].to_list()[2:] == pytest.approx(expected, abs=1e-9)
    mean = parsing.loc[["de", "fr"], "value"].mean()
    assert parsing.loc["X_mean", "value"] == pytest.approx(mean, abs=1e-9)


@given(layers=st.sets(st.integers(1, 24), min_size=1))
def test_names_of_groups_are_read_back(layers: set[int]) -> None:
    name = group_name(list(layers))
    assert layers_of(name) == tuple(sorted(layers))
    assert centre(name) == pytest.approx(np.mean(sorted(layers)))


@pytest.mark.parametrize("layers", [2, 3, 4, 5, 6, 12, 24])
def test_halves_mirror_each_other(layers: int) -> None:
    mirrored = {"lower": "upper", "upper": "lower", "middle": "middle"}
    for first in range(1, layers + 1):
        for last in range(first, layers + 1):
            group, other = (first, last), (layers + 1 - last, layers + 1 - first)
            name, mirror = (group_name(sorted(set(part))) for part in (group, other))
            assert half(mirror, layers) == mirrored[half(name, layers)]
    assert half("1", layers) == "lower"


def test_halves_of_the_talks_pairs() -> None:
    groups = ["1-2", "3-4", "5-6", "7-8", "9-10", "11-12"]
    assert [half(group, 12) for group in groups] == ["lower"] * 3 + ["upper"] * 3
    assert [half(group, 6) for group in groups[:3]] == ["lower", "middle", "upper"]


def test_sides_are_means_over_targets(scores: pd.DataFrame) -> None:
    changed = changes(scores, settings(), NAMES, METRICS, 4)
    found = sides(changed).set_index(["task", "source", "side", "group", "seed"])
    assert len(found) == 2 * 2 * 2 * (3 + 2)
    rows = changed[(changed["task"] == "POS") & (changed["source"] == "ru")]
    rows = rows[(rows["group"] == "1-2") & (rows["seed"] == 2)].set_index("target")
    others = rows.loc[["de", "en", "fr"], "change"].mean()
    assert found.loc[("POS", "ru", "cross", "1-2", 2), "change"] == pytest.approx(others)
    own = rows.loc["ru", "change"]
    assert found.loc[("POS", "ru", "same", "1-2", 2), "change"] == pytest.approx(own)


def printed_study(root: Path, seeds: list[int]) -> tuple[pd.DataFrame, Muller2021, pd.DataFrame]:
    """The talk's table as scores of a run: one target that stands for the mean of all."""
    published = read_published(root / "resources" / "published" / "published.csv")
    rows = published[published["item"] == "random_init_parsing"]
    value = rows.set_index(["row", "column"])["value"].astype(float)
    tasks = {"Parsing": {"task": "trees", "recipe": "words", "seeds": seeds}}
    study = Muller2021.model_validate(
        {"encoder": "mbert", "tasks": tasks, "sources": ["en", "ru", "ar"], "targets": ["de"]}
    )
    made = []
    for (row, column), delta in value.items():
        source, side = str(row).split("-", 1)
        language = "de" if side == "X_mean" else source
        reference = column == "REF"
        recipe = "words" if reference else f"words-reinit-{column}"
        reached = delta if reference else value[row, "REF"] + delta
        made += [(source, recipe, seed, language, reached) for seed in seeds]
    scores = pd.DataFrame(made, columns=["trained_on", "recipe", "seed", "language", "value"])
    facts = {"encoder": "mbert", "task": "trees", "split": "test", "metric": "las", "n": 100}
    return arrange("scores", scores.assign(**facts)).to_pandas(), study, published


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3, 4, 5]])
def test_the_talks_numbers_give_back_its_cells(root: Path, seeds: list[int]) -> None:
    scores, study, published = printed_study(root, seeds)
    changed = changes(scores, study, NAMES, METRICS, 12)
    shown = cells(table(changed), las_table(scores, study, NAMES, METRICS))
    assert len(arrange("cells", shown)) == 42 + 3
    talk = published[published["study"] == "muller2021"]
    compared = compare(talk, shown, {})
    of_layers = compared[compared["item"] == "random_init_parsing"]
    assert len(of_layers) == 42
    assert set(of_layers["status"]) == {"matched"}
    las = compared[compared["item"] == "mbert_parsing"].set_index("column")["status"]
    assert las["X_mean"] == "matched"
    # the talk prints two scores of English parsing, 90.0 and 88.98
    assert las["en"] == "differs by -1.0"


@pytest.mark.shared
def test_the_published_file_says_the_same(shared: Path, root: Path) -> None:
    scores, study, _ = printed_study(root, [1])
    found = table(changes(scores, study, NAMES, METRICS, 12))
    printed = pd.read_csv(shared / "published" / "muller2022" / "random_init_parsing_las.csv")
    assert len(printed) == 6
    for row in printed.to_dict("records"):
        rows = found[found["row"] == f"{row['source']}-{row['target']}"]
        deltas = {group: row[f"delta_layers_{group.replace('-', '_')}"] for group in rows["group"]}
        assert rows["change"].tolist() == pytest.approx(list(deltas.values()), abs=1e-9)
        assert rows["reference"].tolist() == pytest.approx([row["REF_las"]] * 6, abs=1e-9)
