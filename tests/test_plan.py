"""The plan: from the configuration to runs and files."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from isogloss.check import load_config
from isogloss.config.runs import frozen_recipe, parse_recipe
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.plan import Plan, Run, experiment_runs, last_source, one_of, source_runs


def plan_of(root: Path, name: str) -> Plan:
    raw = yaml.safe_load((root / "config" / name).read_text(encoding="utf-8"))
    return Plan(
        load_config(raw),
        read_datasets(root / "config" / "datasets.csv"),
        read_languages(root / "config" / "languages.csv"),
    )


@given(st.lists(st.integers(1, 48), min_size=1, max_size=6, unique=True))
def test_a_recipe_name_keeps_its_layers(layers: list[int]) -> None:
    name = frozen_recipe("philippy2023", "philippy2023", "A", layers)
    assert parse_recipe(name) == ("philippy2023", tuple(sorted(layers)), None, None)


def test_a_recipe_name_keeps_who_chooses_its_layers() -> None:
    name = frozen_recipe("plain", "philippy2023", "B", "rule")
    assert parse_recipe(name) == ("plain", (), "philippy2023", "B")
    assert parse_recipe("plain") == ("plain", (), None, None)


def test_the_full_protocol_trains_eighteen_models(root: Path) -> None:
    study = plan_of(root, "paper.yaml").config.studies.philippy2023
    assert study is not None
    runs = [*source_runs(study).values(), *experiment_runs(study).values()]
    assert len(set(runs)) == 18
    assert {run.trained_on for run in experiment_runs(study).values()} == {"en"}
    assert last_source(study) == Run("mbert", "nli", "zh", "philippy2023", 42)
    folder = "results/runs/mbert/nli/en/philippy2023-freeze-1-2-6/42"
    assert experiment_runs(study)["C"].folder == folder


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
