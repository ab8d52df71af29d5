"""What the study of Muller et al. 2021 asks for: runs, parallel text, encoders of one language."""

import copy
import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from isogloss.check import load_config
from isogloss.config.muller2021 import Muller2021, groups_of, targets_of
from isogloss.config.runs import parse_recipe
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.errors import ConfigError
from isogloss.inputs import check_tables
from isogloss.plan import Plan, Run
from isogloss.plan_disk import all_runs, keeps_weights
from isogloss.plan_muller2021 import StudyPlan, reference_runs, study_runs, unseen_runs

Raw = dict[str, Any]
SEEDS = [1, 2, 3]


def read(root: Path, name: str) -> Raw:
    raw: Raw = yaml.safe_load((root / "config" / name).read_text(encoding="utf-8"))
    return raw


def plan_of(root: Path, raw: Raw) -> StudyPlan:
    plan = Plan(
        load_config(raw),
        read_datasets(root / "config" / "datasets.csv"),
        read_languages(root / "config" / "languages.csv"),
    )
    study = plan.config.studies.muller2021
    assert study is not None
    return StudyPlan(plan, study)


@pytest.fixture(scope="module")
def paper(root: Path) -> StudyPlan:
    """The study of the full protocols."""
    return plan_of(root, read(root, "paper.yaml"))


def settings(**changes: Any) -> Raw:
    """A study of one task with unseen languages."""
    unseen = {
        "encoders": {
            "original": {"adapted": "mlm", "alone": "alone", "baseline": "bilstm"},
            "latin": {"adapted": "mlm-latin"},
        },
        "tasks": {
            "POS": {
                "task": "tags",
                "recipe": "brief",
                "baseline_recipe": "long",
                "seeds": SEEDS,
                "languages": ["ug", "wo"],
                "controls": ["ru"],
                "latin": {"task": "tags-latin", "languages": ["ug", "ru"]},
                "permuted": {"task": "tags-permuted", "languages": ["ug", "ru"]},
            }
        },
    }
    return {
        "encoder": "base",
        "tasks": {"POS": {"task": "pos", "recipe": "brief", "seeds": SEEDS}},
        "sources": ["en", "ru"],
        "targets": ["de", "en", "fr"],
        "alignment": {"texts": {"pud": {"corpus": "pud", "split": "test"}}},
        "unseen": unseen,
    } | changes


def configuration(study: Raw) -> Raw:
    """What the study above names."""
    hub = {"kind": "hub", "repository": "owner/name", "revision": "main", "layers": 4}
    writings = {name: {"writing": name} for name in ("latin", "permuted")}
    text = [{"corpus": "wikipedia"}]
    adapted = {"kind": "adapted", "base": "base", "epochs": 1, "text": text}
    return {
        "corpora": {
            "ud": {"dataset": "ud", "home": "url"},
            **{
                f"ud-{name}": {"dataset": "ud", "home": "url"} | own
                for name, own in writings.items()
            },
            "pud": {"dataset": "pud", "home": "url"},
            "wikipedia": {"dataset": "wikipedia", "home": "hub"},
        },
        "encoders": {
            "base": hub,
            "mlm": adapted | {"each": ["ug", "wo"]},
            "mlm-latin": adapted | {"each": ["ug"]},
            "alone": {"kind": "pretrained", "each": ["ug", "wo"], "text": text},
            "bilstm": {"kind": "bilstm", "each": ["ug", "wo"], "text": text},
        },
        "tasks": {
            "pos": {"kind": "pos", "corpus": "ud"},
            "tags": {"kind": "pos", "corpus": "ud"},
            "tags-latin": {"kind": "pos", "corpus": "ud-latin"},
            "tags-permuted": {"kind": "pos", "corpus": "ud-permuted"},
        },
        "recipes": {"brief": {"epochs": 1}, "long": {"epochs": 2}},
        "studies": {"muller2021": study},
    }


# Layers that are re-initialised together


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (1, ["1"]),
        (3, ["1-2", "3"]),
        (4, ["1-2", "3-4"]),
        (5, ["1-2", "3-4", "5"]),
        (6, ["1-2", "3-4", "5-6"]),
        (12, ["1-2", "3-4", "5-6", "7-8", "9-10", "11-12"]),
        (24, [f"{first}-{first + 1}" for first in range(1, 24, 2)]),
    ],
)
def test_pairs_follow_the_depth(layers: int, expected: list[str]) -> None:
    study = Muller2021.model_validate(settings())
    assert ["-".join(map(str, group)) for group in groups_of(study, layers)] == expected
    recipes = list(dict.fromkeys(run.recipe for run in study_runs(study, layers)))
    assert recipes == ["brief", *(f"brief-reinit-{group}" for group in expected)]


@given(st.integers(1, 60))
def test_each_layer_is_in_one_pair(layers: int) -> None:
    groups = groups_of(Muller2021.model_validate(settings()), layers)
    assert list(itertools.chain(*groups)) == list(range(1, layers + 1))
    assert {len(group) for group in groups[:-1]} <= {2} and len(groups[-1]) == 2 - layers % 2


def test_any_sets_of_layers_may_be_asked_for() -> None:
    study = Muller2021.model_validate(settings(groups=[[4, 1, 2], [3]]))
    assert groups_of(study, 12) == [(1, 2, 4), (3,)]
    runs = study_runs(study, 12)
    assert len(runs) == (1 + 2) * 2 * len(SEEDS)
    changed = parse_recipe(runs[-1].recipe)
    assert (changed.recipe, changed.kind, changed.layers) == ("brief", "reinit", (3,))


@given(st.integers(1, 30), st.integers(1, 3), st.lists(st.integers(0, 9), min_size=1, unique=True))
def test_runs_are_tasks_times_sources_times_groups_times_seeds(
    layers: int, sources: int, seeds: list[int]
) -> None:
    tasks = {
        name: {"task": name.lower(), "recipe": "brief", "seeds": seeds}
        for name in ("Parsing", "POS", "NER")
    }
    languages = ["en", "ru", "ar"][:sources]
    study = Muller2021.model_validate(settings(tasks=tasks, sources=languages))
    runs = study_runs(study, layers)
    groups = layers // 2 + layers % 2
    assert len(runs) == len(set(runs)) == 3 * sources * (1 + groups) * len(seeds)
    assert reference_runs(study) == [run for run in runs if parse_recipe(run.recipe).kind is None]


# Unseen languages


def test_models_of_an_unseen_language(root: Path) -> None:
    plan = plan_of(root, configuration(settings()))
    found = unseen_runs(plan.study)
    runs = [item.run for item in found]
    assert len(runs) == len(set(runs))
    models = {(item.writing, item.language, item.model): item.run for item in found}
    expected = {
        ("original", "ug", "pretrained"): ("base", "tags", "brief"),
        ("original", "ug", "adapted"): ("mlm-ug", "tags", "brief"),
        ("original", "ug", "alone"): ("alone-ug", "tags", "brief"),
        ("original", "ug", "baseline"): ("bilstm-ug", "tags", "long"),
        ("original", "wo", "pretrained"): ("base", "tags", "brief"),
        ("original", "wo", "adapted"): ("mlm-wo", "tags", "brief"),
        ("original", "wo", "alone"): ("alone-wo", "tags", "brief"),
        ("original", "wo", "baseline"): ("bilstm-wo", "tags", "long"),
        ("original", "ru", "pretrained"): ("base", "tags", "brief"),
        ("latin", "ug", "pretrained"): ("base", "tags-latin", "brief"),
        ("latin", "ug", "adapted"): ("mlm-latin-ug", "tags-latin", "brief"),
        ("latin", "ru", "pretrained"): ("base", "tags-latin", "brief"),
        ("permuted", "ug", "pretrained"): ("base", "tags-permuted", "brief"),
        ("permuted", "ru", "pretrained"): ("base", "tags-permuted", "brief"),
    }
    assert {key: (run.encoder, run.task, run.recipe) for key, run in models.items()} == expected
    assert len(runs) == len(expected) * len(SEEDS)
    assert all(item.run.trained_on == item.language for item in found)
    assert {run.encoder for run in runs} <= set(plan.plan.config.encoders)
    assert len(plan.prediction_files()) == len(plan.contrast_runs()) == len(runs)
    # The task is named as in the original writing, so that writings can be set beside each other.
    assert {row[0] for row in plan.contrast_runs()} == {"tags"}


def test_a_study_without_unseen_languages_has_none_of_their_runs(root: Path) -> None:
    raw = configuration(settings(unseen=None, alignment=None))
    plan = plan_of(root, raw)
    assert unseen_runs(plan.study) == []
    assert plan.prediction_files() == plan.row_files() == plan.similarity_files() == []
    assert len(all_runs(plan.plan)) == (1 + 2) * 2 * len(SEEDS)


def test_encoders_that_each_makes_are_named_after_key_and_language() -> None:
    config = load_config(configuration(settings()))
    assert list(config.encoders) == [
        *("base", "mlm-ug", "mlm-wo", "mlm-latin-ug"),
        *("alone-ug", "alone-wo", "bilstm-ug", "bilstm-wo"),
    ]
    assert config.encoders["mlm-latin-ug"].layers == config.encoders["base"].layers == 4


def test_a_name_that_each_makes_twice_is_refused() -> None:
    raw = configuration(settings())
    raw["encoders"]["mlm-wo"] = raw["encoders"]["base"]
    with pytest.raises(ConfigError, match=r"encoders\.mlm\.each: found 'wo'; .*mlm-wo"):
        load_config(raw)


@pytest.mark.parametrize("kind", ["mlm", "alone", "bilstm", "mlm-latin"])
def test_a_language_without_its_encoder_is_refused(kind: str) -> None:
    raw = configuration(settings())
    raw["encoders"][kind] = raw["encoders"][kind] | {"each": ["wo"]}
    with pytest.raises(ConfigError, match=f"found no encoder '{kind}-ug'"):
        load_config(raw)


# Parallel text


def test_each_source_is_compared_with_all_other_languages(root: Path) -> None:
    plan = plan_of(root, configuration(settings()))
    before = SimpleNamespace(encoder="base", parallel="pud", model="pretrained")
    after = SimpleNamespace(encoder="base", parallel="pud", model="pos/ru/brief/2")
    assert plan.parallel_languages(before) == ["en", "ru", "de", "fr"]
    of_en = [["en", "ru"], ["en", "de"], ["en", "fr"]]
    of_ru = [["ru", "en"], ["ru", "de"], ["ru", "fr"]]
    assert plan.parallel_pairs(before) == of_en + of_ru
    assert plan.parallel_pairs(after) == of_ru
    # Of runs only those with all layers as they were.
    files = plan.similarity_files()
    assert len(files) == len(set(files)) == 1 + 2 * len(SEEDS)
    assert not any("reinit" in file for file in files)


# Trainings that studies share


@pytest.mark.parametrize("seeds", [[1, 2], [1, 2, 3]])
def test_trainings_shared_with_other_studies_are_planned_once(root: Path, seeds: list[int]) -> None:
    """Matrices of the default configuration have the reference runs of two seeds."""
    raw = read(root, "config.yaml")
    raw["studies"] = {
        name: value
        for name, value in raw["studies"].items()
        if name not in ("muller2021", "across")
    }
    raw.pop("all")
    transfer = copy.deepcopy(raw["studies"]["transfer"])
    tasks = {
        printed: {"task": name, "recipe": transfer[name]["recipe"], "seeds": seeds}
        for printed, name in (("Parsing", "parsing"), ("POS", "pos"), ("NER", "ner"))
    }
    sources, targets = transfer["pos"]["sources"], transfer["pos"]["targets"]
    without = all_runs(Plan(load_config(raw), [], {}))
    study = {"encoder": "small", "tasks": tasks, "sources": sources, "targets": targets}
    raw["studies"]["muller2021"] = study
    config = load_config(raw)
    runs = all_runs(Plan(config, [], {}))
    assert len(runs) == len(set(runs))
    new = set(runs) - set(without)
    assert set(without) < set(runs)
    assert config.studies.muller2021 is not None
    shared = set(reference_runs(config.studies.muller2021)) & set(without)
    assert len(shared) == 3 * len(sources) * 2
    groups, further = 2, len(seeds) - 2
    assert len(new) == 3 * len(sources) * (groups * len(seeds) + further)
    # Yun et al.'s study has some of them as well.
    assert Run("small", "pos", "bel", "words", 1) in shared


# The full protocol


def test_the_paper_re_initialises_six_pairs_of_layers(paper: StudyPlan) -> None:
    runs = study_runs(paper.study, paper.layers)
    assert len(runs) == len(set(runs)) == 3 * 3 * (1 + 6) * 5 == 315
    assert {run.encoder for run in runs} == {"mbert"}
    groups = [(), (1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12)]
    found = Counter(parse_recipe(run.recipe).layers for run in runs)
    assert found == dict.fromkeys(groups, 3 * 3 * 5)
    for source in ("en", "ru", "ar"):
        assert len(targets_of(paper.study, source)) == 17
    assert len(paper.similarity_files()) == 2 * (1 + 3 * 3 * 5)


def test_the_paper_learns_13_unseen_languages(paper: StudyPlan) -> None:
    found = unseen_runs(paper.study)
    # Four models of an unseen language, one of a control, in each writing; of permuted letters one.
    trees = (10 * 4 + 3) + (4 * 4 + 3) + 4
    names = (6 * 4 + 3) + (5 * 4 + 3) + 4
    assert len(found) == len({item.run for item in found}) == (2 * trees + names) * 5 == 930
    seen = {"ar", "ru", "ja"}
    assert len({item.language for item in found} - seen) == 13
    assert {item.language for item in found if item.model != "pretrained"}.isdisjoint(seen)
    latin = {item.language for item in found if item.writing == "latin"}
    rows = paper.plan.languages
    assert all(rows[language]["script"] != "latin" for language in latin)
    unseen = {item.language for item in found} - seen
    assert unseen - latin == {code for code in unseen if rows[code]["script"] == "latin"}


def test_unseen_languages_of_the_paper_have_a_text_each(paper: StudyPlan) -> None:
    texts = paper.raw_texts()
    assert len(texts) == len({language for _, language, _ in texts}) == 13
    assert {corpus for corpus, language, _ in texts if language != "qaf"} == {"wikipedia"}
    assert ["ud-unseen", "qaf", "train"] in texts


def test_tables_have_all_that_the_paper_reads(paper: StudyPlan) -> None:
    check_tables(paper.plan.config, paper.plan.datasets, paper.plan.languages)
    source = SimpleNamespace(corpus="ud-of-muller2021", split="test")
    trees = paper.plan.source(source).location
    rows = paper.plan.languages
    stems = {
        code: trees.format(**rows[code], version="r2.8").rpartition("/")[2]
        for code in paper.study.targets
    }
    own = {"ar": "ar_padt", "en": "en_ewt", "ru": "ru_gsd"}
    assert stems == {
        code: f"{own.get(code, f'{code}_pud')}-ud-test.conllu" for code in paper.study.targets
    }


def test_no_weights_of_the_paper_s_runs_stay(paper: StudyPlan) -> None:
    config = paper.plan.config
    runs = study_runs(paper.study, paper.layers)
    runs += [item.run for item in unseen_runs(paper.study)]
    assert not any(keeps_weights(config, run) for run in runs)


def test_dev_sets_are_asked_for_where_there_are_some(paper: StudyPlan) -> None:
    """Buryat, Livvi and Erzya have none, so no run on an unseen language selects by one."""
    recipes = paper.plan.config.recipes
    study = paper.study
    assert {recipes[item.recipe].select for item in study.tasks.values()} == {"best_dev"}
    assert study.unseen is not None
    for item in study.unseen.tasks.values():
        assert recipes[item.recipe].select == recipes[item.baseline_recipe].select == "last"
    splits = {row.split for row in paper.plan.datasets if row.dataset == "ud-2.17"}
    assert splits == {"train", "test"}


def test_planning_imports_no_heavy_library(root: Path) -> None:
    """Snakemake imports these modules each time it reads its rules."""
    code = (
        "import sys, isogloss.plan_muller2021, isogloss.plan_disk; "
        "print(sorted({'torch', 'pandas', 'numpy', 'transformers'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert (ended.returncode, ended.stdout.strip()) == (0, "[]"), ended.stderr
