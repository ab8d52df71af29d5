"""The plan: from the configuration to runs and files."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.io import regex_from_filepattern, update_wildcard_constraints

from isogloss.check import load_config
from isogloss.config.runs import frozen_recipe, parse_recipe
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.papers.published import read_published
from isogloss.plan import RUN, Plan, Run, experiment_runs, last_source, one_of, source_runs
from isogloss.plan_disk import trained_on_by_weights
from isogloss.plan_xsns2023 import Case, StudyPlan, cases, gold_runs, subnetworks_of


def plan_of(root: Path, name: str) -> Plan:
    raw = yaml.safe_load((root / "config" / name).read_text(encoding="utf-8"))
    return Plan(
        load_config(raw),
        read_datasets(root / "config" / "datasets.csv"),
        read_languages(root / "config" / "languages.csv"),
    )


KEPT = {"all": {"en", "sw-100", "en+de", "ar+de-100+en"}, "monolingual": {"en", "sw-100"}}


@pytest.mark.parametrize("recipe", ["always", "single", "never", "single-and-more"])
@pytest.mark.parametrize("trained_on", sorted(KEPT["all"]))
@pytest.mark.parametrize("intervention", ["", "-freeze-1-12", "-freeze-philippy2023.A"])
def test_one_rule_makes_a_runs_weights(
    root: Path, recipe: str, trained_on: str, intervention: str
) -> None:
    settings = {"always": "all", "single": "monolingual", "never": "none"}
    # A recipe whose name begins like that of another one.
    settings["single-and-more"] = "all"
    plan = plan_of(root, "config.yaml")
    recipes = {
        name: plan.config.recipes["words"].model_copy(update={"keep_weights": keep})
        for name, keep in settings.items()
    }
    plan = replace(plan, config=plan.config.model_copy(update={"recipes": recipes}))
    run = Run("small", "pos", trained_on, f"{recipe}{intervention}", 1)
    constraints = {"recipe": rf"({one_of(recipes)})(-freeze-[a-zA-Z0-9.-]+)?"}
    made = {}
    for kept in (True, False):
        own = {"trained_on": trained_on_by_weights(plan.config, kept)}
        output = update_wildcard_constraints(f"{RUN}/model.safetensors", own, constraints)
        pattern = regex_from_filepattern(output)
        made[kept] = re.match(pattern, f"{run.folder}/model.safetensors")
    expected = trained_on in KEPT.get(settings[recipe], set())
    found = made[expected]
    assert found is not None and made[not expected] is None
    assert found["trained_on"] == trained_on and found["recipe"] == f"{recipe}{intervention}"


def test_a_run_depends_on_how_its_weights_are_stored_but_not_on_whether(root: Path) -> None:
    plan = plan_of(root, "config.yaml")
    words = plan.config.recipes["words"]

    def settings(**changed: str) -> dict[str, object]:
        recipes = {"words": words.model_copy(update=changed)}
        config = plan.config.model_copy(update={"recipes": recipes})
        return replace(plan, config=config).recipe_settings(SimpleNamespace(recipe="words"))

    assert settings(keep_weights="none") == settings(keep_weights="all") == settings()
    assert settings(store="difference") != settings(store="full") == settings()


@given(st.lists(st.integers(1, 48), min_size=1, max_size=6, unique=True))
def test_a_recipe_name_keeps_its_layers(layers: list[int]) -> None:
    name = frozen_recipe("philippy2023", "philippy2023", "A", layers)
    assert parse_recipe(name) == ("philippy2023", "freeze", tuple(sorted(layers)), None, None)


def test_a_recipe_name_keeps_who_chooses_its_layers() -> None:
    name = frozen_recipe("plain", "philippy2023", "B", "rule")
    assert parse_recipe(name) == ("plain", "freeze", (), "philippy2023", "B")
    assert parse_recipe("plain") == ("plain", None, (), None, None)


def test_the_full_protocol_trains_eighteen_models(root: Path) -> None:
    study = plan_of(root, "paper.yaml").config.studies.philippy2023
    assert study is not None
    runs = [*source_runs(study).values(), *experiment_runs(study).values()]
    assert len(set(runs)) == 18
    assert {run.trained_on for run in experiment_runs(study).values()} == {"en"}
    assert last_source(study) == Run("mbert", "nli", "zh", "philippy2023", 42)
    folder = "results/runs/mbert/nli/en/philippy2023-freeze-1-2-6/42"
    assert experiment_runs(study)["C"].folder == folder


def study_plan_of(root: Path, name: str) -> StudyPlan:
    plan = plan_of(root, name)
    study = plan.config.studies.xsns2023
    assert study is not None
    return StudyPlan(plan, study)


def test_predicted_transfer_trains_its_gold_scores_and_two_more_encoders(root: Path) -> None:
    study = study_plan_of(root, "paper.yaml").study
    runs = {case: gold_runs(study, case) for case in cases(study)}
    main = [run for case, found in runs.items() if case.encoder == "xlmr" for run in found]
    assert len(set(main)) == len(main) == (17 + 20 + 15 + 7 + 8) * 3
    others = [run for case, found in runs.items() if case.encoder != "xlmr" for run in found]
    assert len(set(others)) == len(others) == 2 * 17 * 3
    assert {(run.encoder, run.task) for run in others} == {("mbert", "names"), ("mt5", "names")}
    assert {run.seed for run in main + others} == {42, 16, 10}


def test_languages_of_predicted_transfer_are_the_printed_ones(root: Path) -> None:
    study = study_plan_of(root, "paper.yaml").study
    rows = read_published(root / "resources" / "published" / "published.csv")
    rows = rows[(rows["study"] == "xsns2023") & (rows["item"] == "languages")]
    printed: dict[str, list[str]] = {}
    for row in rows[rows["column"] == "code"].to_dict("records"):
        printed.setdefault(row["row"].partition("/")[0], []).append(row["value"])
    configured = {key: chosen.languages for key, chosen in study.tasks.items()}
    (low,) = [key for key in printed if key not in configured]
    assert printed[low] == study.tasks["NER"].low_resource
    assert {key: printed[key] for key in configured} == configured


def test_files_of_predicted_transfer(root: Path) -> None:
    plan = study_plan_of(root, "paper.yaml")
    names = SimpleNamespace(encoder="xlmr", task="names")
    assert plan.metric(names) == "sentence_accuracy"
    assert plan.metric(SimpleNamespace(encoder="xlmr", task="questions")) == "f1"
    assert len(plan.level_files(SimpleNamespace(**vars(names), subnetwork="authors"))) == 17 + 15
    # The text of a target is another one than that of a source.
    assert len(plan.level_files(SimpleNamespace(**vars(names), subnetwork="text"))) == 17 + 17 + 15
    # Wikipedia's text of a language is read once, whichever tasks have the language.
    wikipedia = {
        file
        for case in plan.own_cases()
        for file in plan.level_files(SimpleNamespace(**case._asdict(), subnetwork="wikipedia"))
    }
    languages = {
        language
        for chosen in plan.study.tasks.values()
        for language in chosen.languages + chosen.low_resource
    }
    assert len(wikipedia) == len(languages)
    assert subnetworks_of(plan.study, Case("mt5", "names", "NER")) == ["authors"]
    assert [case.key for case in plan.mixed_cases()] == ["NER", "POS"]


def test_predicted_transfer_leaves_the_other_studys_runs_alone(root: Path) -> None:
    plan = plan_of(root, "paper.yaml")
    assert plan.recipe(SimpleNamespace(recipe="xsns2023")).keep_weights == "none"
    assert plan.recipe(SimpleNamespace(recipe="philippy2023")).keep_weights == "all"
    # The task of the other study is another one, with inputs of another length.
    assert plan.targets(SimpleNamespace(encoder="xlmr", task="nli")) == []
    assert len(plan.targets(SimpleNamespace(encoder="mbert", task="names"))) == 17 + 15


def test_a_training_of_two_studies_is_planned_once(root: Path) -> None:
    study = study_plan_of(root, "config.yaml")
    other = study.plan.config.studies.philippy2023
    assert other is not None
    (inference,) = [case for case in study.own_cases() if case.key == "NLI"]
    ours, theirs = gold_runs(study.study, inference), list(source_runs(other).values())
    assert {run.folder for run in ours} == {run.folder for run in theirs}
    wanted = SimpleNamespace(encoder=inference.encoder, task=inference.task)
    targets = study.plan.targets(wanted)
    assert len(targets) == len(set(targets)) == 8
    counted = [tuple(row) for row in study.plan.counted()]
    assert len(counted) == len(set(counted))


def test_a_run_is_scored_where_a_study_that_trains_it_asks(root: Path) -> None:
    plan = plan_of(root, "sample.yaml")
    unseen = {"encoder": "sample", "task": "pos-unseen"}
    assert plan.targets(SimpleNamespace(**unseen, trained_on="wo")) == ["wo"]
    everything = plan.targets(SimpleNamespace(**unseen))
    assert len(everything) == 7 + 3
    # A run of one's own is scored on all that is there.
    assert plan.targets(SimpleNamespace(**unseen, trained_on="wo+ug-100")) == everything


def test_training_rows_are_held_against_dev_and_test(root: Path) -> None:
    plan = plan_of(root, "sample.yaml")
    train = SimpleNamespace(corpus="xnli", language="sw", split="train")
    assert plan.upstream_file(train) == "data/mirror/xnli/multinli.train.sw.tsv"
    expected = ["data/mirror/xnli/dev-sw.tsv", "data/mirror/xnli/test-sw.tsv"]
    assert plan.held_out_files(train) == expected
    assert plan.held_out_formats(train) == ["xtreme-pairs"] * 2
    assert plan.held_out_files(SimpleNamespace(corpus="xnli", language="sw", split="test")) == []


def test_groups_of_translations_are_apart(root: Path) -> None:
    texts = plan_of(root, "sample.yaml").pretraining_texts(SimpleNamespace(encoder="sample"))
    group = {language: text for corpus, language, _, text in texts if corpus == "xnli"}
    assert group["en"] == group["zh"] != group["ru"] == group["th"]
    assert {text for corpus, _, _, text in texts if corpus == "udhr"} == {None}


def test_only_the_studys_own_encoder_has_targets(root: Path) -> None:
    plan = plan_of(root, "config.yaml")
    assert len(plan.targets(SimpleNamespace(encoder="small", task="nli"))) == 8
    assert plan.targets(SimpleNamespace(encoder="other", task="nli")) == []


def test_a_base_is_the_encoder_or_the_last_source(root: Path) -> None:
    files = plan_of(root, "paper.yaml").base_files(SimpleNamespace(encoder="mbert", task="nli"))
    assert files == [
        "results/base/mbert/nli/states.parquet",
        "results/runs/mbert/nli/zh/philippy2023/42/states.parquet",
    ]


@pytest.mark.parametrize(("names", "matched"), [(["a", "b.c"], ["a", "b.c"]), ([], [])])
def test_one_of_matches_its_names_only(names: list[str], matched: list[str]) -> None:
    found = [text for text in ("a", "b.c", "bxc", "") if re.fullmatch(one_of(names), text)]
    assert found == matched
