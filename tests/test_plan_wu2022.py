"""What the study of Wu et al. 2022 asks for: runs, grids and files."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from isogloss.check import load_config
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.papers.wu2022.names import figure_names, plane_name, table_names
from isogloss.plan import Plan
from isogloss.plan_wu2022 import StudyPlan, cases, pair_runs, pairs_of, study_runs

FOLDER = "results/landscapes/small/pos/pairs/1/ana"


def study_plan(root: Path, name: str, **changes: Any) -> StudyPlan:
    """The plan of a configuration's study with some of its keys changed."""
    raw = yaml.safe_load((root / "config" / name).read_text(encoding="utf-8"))
    raw["studies"]["wu2022"] |= changes
    plan = Plan(
        load_config(raw),
        read_datasets(root / "config" / "datasets.csv"),
        read_languages(root / "config" / "languages.csv"),
    )
    study = plan.config.studies.wu2022
    assert study is not None
    return StudyPlan(plan, study)


@pytest.fixture
def plan(root: Path) -> StudyPlan:
    """The study of the default configuration."""
    return study_plan(root, "config.yaml")


def at(**names: str) -> Any:
    """Wildcards of a pair."""
    usual = {"encoder": "small", "task": "pos", "recipe": "pairs", "seed": "1", "source": "ana"}
    return SimpleNamespace(**{**usual, **names})


def test_the_paper_trains_576_models(root: Path) -> None:
    study = study_plan(root, "paper.yaml").study
    runs = study_runs(study)
    assert len(runs) == len(set(runs)) == 576
    assert len(pairs_of(study)) == 15 and ("ar", "ar") not in pairs_of(study)
    assert len(cases(study)) == 2 * 4
    trained = {run.trained_on for run in runs}
    assert len(trained) == 24 and {"en", "de", "en+ar", "ar+de"} <= trained
    assert "ar+en" not in trained and "ar+ar" not in trained


def test_runs_of_a_job_are_the_source_and_two_for_each_target() -> None:
    runs = pair_runs(at(targets="ari+bel"))
    assert [run.trained_on for run in runs] == ["ana", "ari", "ana+ari", "bel", "ana+bel"]
    assert {run[:2] + run[3:] for run in runs} == {("small", "pos", "pairs", 1)}


def test_files_of_a_job(plan: StudyPlan) -> None:
    wildcards = at(targets="ari+bel", grid="paths")
    assert plan.weights(wildcards)[2] == "results/runs/small/pos/ana+ari/pairs/1/model.safetensors"
    assert plan.facts(wildcards)[0] == "results/runs/small/pos/ana/pairs/1/run.json"
    assert plan.source_weights(wildcards) == plan.weights(wildcards)[0]
    assert plan.source_facts(wildcards) == plan.facts(wildcards)[0]
    assert plan.languages(wildcards) == ["ana", "ari", "bel"]
    assert plan.all_languages(wildcards) == ["ana", "ari", "bel", "bim"]
    assert plan.rows(wildcards) == [
        f"results/corpora/ud/{language}/dev.parquet" for language in ("ana", "ari", "bel")
    ]
    assert plan.all_rows(wildcards)[-1] == "results/corpora/ud/bim/dev.parquet"


def test_grids_have_their_own_alphas_and_parts(plan: StudyPlan) -> None:
    lines, plane = at(targets="bel", grid="paths"), at(targets="bel", grid="planes")
    assert len(plan.alphas(lines)) == 33 and len(plan.alphas(plane)) == 21
    assert plan.parts(lines) == ["all", "encoder", "head"] and plan.parts(plane) == ["all"]


def test_jobs_take_as_many_targets_as_asked(root: Path, plan: StudyPlan) -> None:
    assert f"{FOLDER}/ari+bel+bim/paths.parquet" in plan.path_files()
    assert len(plan.path_files()) == len(plan.direction_files()) == 2 * 2
    single = study_plan(root, "config.yaml", targets_per_job=1)
    assert f"{FOLDER}/bel/paths.parquet" in single.path_files()
    assert len(single.path_files()) == 2 * 2 * 3
    uneven = study_plan(root, "config.yaml", targets_per_job=2)
    assert [Path(file).parent.name for file in uneven.path_files()[:2]] == ["ari+bel", "bim"]


def test_planes_are_of_chosen_pairs_and_tasks(root: Path, plan: StudyPlan) -> None:
    assert plan.plane_files() == [
        f"results/landscapes/small/pos/pairs/{seed}/ana/bel/planes.parquet" for seed in (1, 2)
    ]
    planes = {"pairs": ["ana+bel", "ana+bim"]}
    every = study_plan(root, "config.yaml", planes=planes)
    assert len(every.plane_files()) == 2 * 2 * 2
    assert study_plan(root, "config.yaml", planes=None).plane_files() == []


def test_steps_are_around_each_source(root: Path, plan: StudyPlan) -> None:
    assert plan.sharpness_files()[0] == f"{FOLDER}/sharpness.parquet"
    assert len(plan.sharpness_files()) == 2 * 2
    assert study_plan(root, "config.yaml", sharpness=None).sharpness_files() == []


def test_counted_rows_are_those_of_table_1(root: Path, plan: StudyPlan) -> None:
    # tagging and parsing read the same trees
    assert len(plan.counted()) == len(plan.counted_files()) == 4 * 2
    paper = study_plan(root, "paper.yaml")
    assert len(paper.counted()) == 3 * 9 * 2
    corpora = {row[0]: row[1] for row in paper.counted()}
    assert set(corpora.values()) == {"xnli", "wikiann", "ud-2.7"}
    assert not any(row[4] for row in paper.counted())
    assert paper.metrics()["trees-of-wu2022"] == "las_without_punctuation"


def test_names_of_figures_and_tables(root: Path, plan: StudyPlan) -> None:
    study = plan.study
    assert figure_names(study) == [
        *("figure2", "figure4", "parts", "layers", "figure8", "figure7", "figure5", "sharpness"),
        "figure3-pos-ana-bel",
    ]
    assert "flatness" in table_names(study)
    planes = {"pairs": ["ana+bel", "ana+bim"], "tasks": ["Parsing"]}
    other = study_plan(root, "config.yaml", planes=planes, sharpness=None).study
    assert plane_name(other, "Parsing", "ana+bim") == "figure10-parsing-ana-bim"
    assert {"figure3-parsing-ana-bel", "figure10-parsing-ana-bim"} <= set(figure_names(other))
    assert "sharpness" not in figure_names(other)
    one = {name: {**item, "seeds": [1]} for name, item in study.model_dump()["tasks"].items()}
    assert "figure5" not in figure_names(study_plan(root, "config.yaml", tasks=one).study)
    assert "flatness" not in table_names(study_plan(root, "config.yaml", planes=None).study)


def test_the_default_leaves_the_study_to_its_target(plan: StudyPlan) -> None:
    assert not plan.plan.asked("wu2022")
