"""What the study of Yun et al. 2023 asks for: runs, sub-networks, texts and files."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from isogloss.check import load_config
from isogloss.config.subnetworks import Rank
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.errors import ConfigError
from isogloss.plan import Plan, Run
from isogloss.plan_xsns2023 import (
    Case,
    RankPlan,
    StudyPlan,
    case_of,
    cases,
    gold_runs,
    mixture_runs,
    sources_and_targets,
    subnetworks_of,
    targets_of,
)

SOURCES = ["ana", "anu", "ari", "bel"]
SMALL, OTHER = Case("small", "pos", "POS"), Case("other", "pos", "POS")
AT = SimpleNamespace(encoder="small", task="pos")
LEVELS = "results/subnetworks/{}/{}/{}/{}/{}/levels.parquet"


def study_plan(root: Path, changes: Mapping[str, Any] | None = None) -> StudyPlan:
    """The plan of the smallest study; changes by dotted key."""
    name = root / "tests" / "workflow" / "prediction.yaml"
    raw = yaml.safe_load(name.read_text(encoding="utf-8"))
    for key, value in (changes or {}).items():
        *path, last = key.split("/")
        held = raw
        for part in path:
            held = held[part]
        held[last] = value
    plan = Plan(
        load_config(raw),
        read_datasets(root / "config" / "datasets.csv"),
        read_languages(root / "config" / "languages.csv"),
    )
    study = plan.config.studies.xsns2023
    assert study is not None
    return StudyPlan(plan, study)


@pytest.fixture
def plan(root: Path) -> StudyPlan:
    """The smallest study, with two seeds."""
    return study_plan(root, {"studies/xsns2023/tasks/POS/seeds": [1, 2]})


def at(**names: str) -> Any:
    """Wildcards of the study's encoder and task, and others."""
    return SimpleNamespace(**{"encoder": "small", "task": "pos", **names})


def test_cases_are_the_encoders_tasks_and_other_models(root: Path, plan: StudyPlan) -> None:
    assert cases(plan.study) == [SMALL, OTHER]
    assert plan.own_cases() == [SMALL] and case_of(plan.study, "other", "pos") == OTHER
    # the study's encoder may stand among the models of Table 4
    both = {"mBERT": "other", "XLM-R": "small"}
    again = study_plan(root, {"studies/xsns2023/models": both})
    assert cases(again.study) == [SMALL, OTHER]


def test_models_are_for_their_task_only(root: Path, plan: StudyPlan) -> None:
    tasks = plan.study.model_dump(mode="json")["tasks"]
    tasks["NER"] = {**tasks["POS"], "task": "names", "low_resource": []}
    changes = {
        "corpora/ner": {"dataset": "ner", "home": "family"},
        "tasks/names": {"kind": "ner", "corpus": "ner", "max_length": 64, "context": 16},
        "studies/xsns2023/tasks": tasks,
        "studies/xsns2023/mixtures/tasks": ["NER"],
    }
    two = study_plan(root, changes)
    names = Case("small", "names", "NER")
    assert cases(two.study) == [SMALL, names, OTHER]
    assert two.mixed_cases() == [names]
    assert two.metrics() == {"pos": "accuracy", "names": "f1"}
    assert two.text_files(at(task="names"))[0] == "results/corpora/ner/ana/train.parquet"
    assert len(two.all_gold_files()) == 2 * 4 * 2
    assert [file.split("/")[-1] for file in two.main_overlap_files()] == [
        "overlap-pos.parquet",
        "overlap-names.parquet",
    ]


def test_a_run_is_planned_once(plan: StudyPlan) -> None:
    runs = gold_runs(plan.study, SMALL)
    assert len(runs) == len(set(runs)) == 4 * 2
    assert runs[0] == Run("small", "pos", "ana", "brief", 1)
    assert {run.trained_on for run in runs} == set(SOURCES) and {run.seed for run in runs} == {1, 2}
    assert plan.gold_files(AT) == [f"{run.folder}/scores.parquet" for run in runs]
    assert plan.all_gold_files() == plan.gold_files(AT)
    others = plan.gold_files(at(encoder="other"))
    assert len(others) == 8 and not set(others) & set(plan.gold_files(AT))


def test_other_encoders_have_the_main_sub_network_only(plan: StudyPlan) -> None:
    assert subnetworks_of(plan.study, SMALL) == ["text", "labels", "wikipedia", "authors"]
    assert subnetworks_of(plan.study, OTHER) == ["text"]
    folder = "results/subnetworks/small"
    assert plan.overlap_files(AT) == [
        f"{folder}/{name}/overlap-pos.parquet"
        for name in ("text", "labels", "wikipedia", "authors")
    ]
    assert plan.overlap_files(at(encoder="other")) == [
        "results/subnetworks/other/text/overlap-pos.parquet"
    ]
    assert plan.main_overlap_files() == [f"{folder}/text/overlap-pos.parquet"]


def test_a_sub_network_of_two_roles_is_found_once(root: Path) -> None:
    changes = {"studies/xsns2023/subnetworks": {"T/L": "text", "W/L": "text"}}
    again = study_plan(root, {**changes, "studies/xsns2023/others": ["text", "authors"]})
    assert subnetworks_of(again.study, SMALL) == ["text", "authors"]


def test_languages(plan: StudyPlan) -> None:
    assert plan.languages(AT) == SOURCES
    assert plan.all_languages(AT) == [*SOURCES, "bok"] == targets_of(plan.study.tasks["POS"])
    # lists of the configuration stay as they are
    plan.languages(AT).append("x")
    assert plan.languages(AT) == SOURCES
    assert plan.plan.targets(AT) == [*SOURCES, "bok"]
    assert plan.scripts(AT) == dict.fromkeys([*SOURCES, "bok"], "latin")
    assert plan.pretrained_languages(AT) == [*SOURCES, "bok"]


def test_texts_are_read_once_where_the_split_is_one(plan: StudyPlan) -> None:
    wanted = [[language, "train"] for language in [*SOURCES, "bok"]]
    assert plan.compared(at(subnetwork="text")) == wanted
    assert plan.splits(at(subnetwork="text")) == ["train", "train"]
    files = plan.level_files(at(subnetwork="text"))
    assert files == [LEVELS.format("small", "text", "pos", *pair) for pair in wanted]


def test_targets_may_have_a_split_of_their_own(root: Path) -> None:
    plan = study_plan(root, {"subnetworks/labels/target_split": "test"})
    wanted = [[one, "train"] for one in SOURCES] + [[one, "test"] for one in [*SOURCES, "bok"]]
    assert plan.compared(at(subnetwork="labels")) == wanted
    assert plan.splits(at(subnetwork="labels")) == ["train", "test"]
    chosen = plan.study.tasks["POS"]
    assert sources_and_targets(plan.plan.config, "labels", chosen) == wanted
    files = plan.level_files(at(subnetwork="labels"))
    assert files[-1] == LEVELS.format("small", "labels", "pos", "bok", "test")
    assert len(set(files)) == 9


def test_text_of_another_corpus_has_its_name(plan: StudyPlan) -> None:
    files = plan.level_files(at(subnetwork="wikipedia"))
    assert files[0] == LEVELS.format("small", "wikipedia", "text", "ana", "train")
    rows = SimpleNamespace(text="text", language="ana", split="train")
    assert plan.plan.text_rows(rows) == "results/corpora/text/ana/train.parquet"
    assert plan.plan.text_task(rows) is None
    rows.text = "pos"
    assert plan.plan.text_rows(rows) == "results/corpora/ud/ana/train.parquet"
    task = plan.plan.text_task(rows)
    assert task is not None and task["kind"] == "pos"


def test_selections_are_those_of_training_texts(root: Path, plan: StudyPlan) -> None:
    found = plan.main_selection_files()
    wanted = LEVELS.replace("levels", "selections")
    assert found == [wanted.format("small", "text", "pos", one, "train") for one in SOURCES]
    wikipedia = study_plan(root, {"studies/xsns2023/subnetworks": {"T/L": "wikipedia"}})
    found = wikipedia.main_selection_files()
    assert found[0] == wanted.format("small", "wikipedia", "text", "ana", "train")


def test_further_files(plan: StudyPlan) -> None:
    languages = [*SOURCES, "bok"]
    assert plan.text_files(AT) == [f"results/corpora/ud/{one}/train.parquet" for one in languages]
    assert plan.baseline_files() == [
        f"results/baselines/small/pos/{one}.parquet" for one in SOURCES
    ]
    assert plan.metrics() == {"pos": "accuracy"} and plan.metric(AT) == "accuracy"
    assert plan.main_settings()["examples"] == 24


def test_a_metric_can_be_chosen(root: Path) -> None:
    plan = study_plan(root, {"studies/xsns2023/tasks/POS/metric": "sentence_accuracy"})
    assert plan.metric(AT) == "sentence_accuracy" and plan.metric(at(encoder="other")) == (
        "sentence_accuracy"
    )


def test_typology_of_generated_text(plan: StudyPlan) -> None:
    assert plan.typology_kind() == "family"
    assert plan.typology_files() == ["results/distances/family.parquet"]
    assert plan.uriel_codes(AT) == {}


def test_typology_of_real_languages(root: Path) -> None:
    raw = yaml.safe_load((root / "config" / "sample.yaml").read_text(encoding="utf-8"))
    config = load_config(raw)
    study = config.studies.xsns2023
    assert study is not None
    tables = root / "config"
    plan = StudyPlan(
        Plan(
            config,
            read_datasets(tables / "datasets.csv"),
            read_languages(tables / "languages.csv"),
        ),
        study,
    )
    assert plan.typology_kind() == "lang2vec" and plan.typology_files() == []
    chosen = study.tasks["POS"]
    codes = plan.uriel_codes(SimpleNamespace(encoder=study.encoder, task=chosen.task))
    assert list(codes) == targets_of(chosen) and codes["en"] == "eng"
    rank = RankPlan(plan, Rank(text="mine.txt", task=chosen.task, language="de"))
    assert rank.uriel_codes()["de"] == "deu" and set(codes) <= set(rank.uriel_codes())
    assert RankPlan(plan, Rank(text="mine.txt", task=chosen.task)).uriel_codes() == {}


def test_mixtures(root: Path, plan: StudyPlan, tmp_path: Path) -> None:
    assert plan.mixed_cases() == [SMALL]
    assert plan.mixture_methods() == ["X-SNS", "LEX", "oracle"]
    assert mixture_runs(plan.study, SMALL, "ana+anu+ari") == [
        Run("small", "pos", "ana+anu+ari", "brief", 1)
    ]
    chosen = tmp_path / "mixtures.csv"
    chosen.write_text(
        "method,target,sources\nX-SNS,bel,ana+anu+ari\nLEX,ana,anu+ari+bel\nLEX,bel,ana+anu+ari\n",
        encoding="utf-8",
    )
    folder = "results/runs/small/pos/{}/brief/1/scores.parquet"
    assert plan.mixture_files(SMALL, str(chosen)) == [
        folder.format("ana+anu+ari"),
        folder.format("anu+ari+bel"),
    ]
    without = study_plan(root, {"studies/xsns2023/mixtures": None})
    assert without.mixed_cases() == without.mixture_methods() == []
    assert mixture_runs(without.study, SMALL, "ana+anu+ari") == []


def test_low_resource_targets(root: Path, plan: StudyPlan) -> None:
    assert plan.has_low_resource()
    assert not study_plan(root, {"studies/xsns2023/tasks/POS/low_resource": []}).has_low_resource()
    assert not study_plan(root, {"studies/xsns2023/low_resource_task": "NER"}).has_low_resource()


def test_a_ranking_asks_for_sub_networks_of_candidates_only(plan: StudyPlan) -> None:
    rank = RankPlan(plan, Rank(text="mine.txt", task="pos"))
    assert rank.case() == SMALL and rank.setting() == "text"
    assert rank.texts() == ["mine.txt"] and rank.candidates() == SOURCES
    wanted = [LEVELS.format("small", "text", "pos", one, "train") for one in SOURCES]
    assert rank.candidate_files() == wanted
    assert rank.uriel_codes() == {}
    several = RankPlan(plan, Rank(text=["a.txt", "b.conllu"], task="pos"))
    assert several.texts() == ["a.txt", "b.conllu"]


def test_scores_are_used_where_both_files_are_there(
    plan: StudyPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rank = RankPlan(plan, Rank(text="mine.txt", task="pos"))
    wanted = [
        "results/subnetworks/small/text/overlap-pos.parquet",
        "results/papers/xsns2023/small/pos/regressions.parquet",
    ]
    assert rank.study_files() == []
    for count, name in enumerate(wanted):
        assert rank.study_files() == [] or count == 2
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert rank.study_files() == wanted


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"studies/xsns2023/p": 0.2}, r"studies\.xsns2023\.p: found 0\.2; allowed: a value of"),
        ({"studies/xsns2023/subnetworks": {"W/L": "text"}}, "without T/L"),
        ({"studies/xsns2023/encoder": "none"}, r"studies\.xsns2023\.encoder"),
        ({"studies/xsns2023/others": ["none"]}, r"studies\.xsns2023\.others"),
        ({"studies/xsns2023/mixtures/tasks": ["NER"]}, r"studies\.xsns2023\.mixtures\.tasks"),
        ({"studies/xsns2023/source": "bok"}, r"studies\.xsns2023\.source"),
        ({"studies/xsns2023/tasks/POS/metric": "f1"}, r"tasks\.POS\.metric"),
        ({"studies/xsns2023/tasks/POS/low_resource": ["ana"]}, "'ana' more than once"),
        ({"subnetworks/text/sizes": [24]}, r"found sizes \[24\]; allowed: below examples"),
        ({"rank": {"text": "x", "task": "nli"}}, r"rank\.task"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    root: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        study_plan(root, changes)


@pytest.mark.parametrize("key", ["studies/xsns2023/tasks/POS/seeds", "subnetworks/text/seeds"])
def test_a_seed_of_two_runs_is_refused(root: Path, key: str) -> None:
    """Two rows of a table would have one name."""
    with pytest.raises(ConfigError, match=r"seeds: found 1 more than once; allowed: once each"):
        study_plan(root, {key: [1, 1]})
