"""The models of the configuration, and the page and schema made from them."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from isogloss.check import load_config
from isogloss.config.encoders import PretrainedEncoder
from isogloss.config.recipes import Recipe
from isogloss.config.values import Model
from isogloss.config.whole import Config
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.inputs import check_tables
from isogloss.reference import groups, main, page
from isogloss.schema import Schema, shown

CONFIGS = sorted(path.name for path in (Path(__file__).parent.parent / "config").glob("*.yaml"))


def descendants(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Models below a model; `Config` brings all of the configuration's."""
    return [item for child in model.__subclasses__() for item in (child, *descendants(child))]


# What several kinds of task share is no group of keys of its own.
MODELS = [model for model in descendants(Model) if not model.__name__.startswith("_")]


def read(root: Path, name: str) -> dict[str, object]:
    return yaml.safe_load((root / "config" / name).read_text(encoding="utf-8"))


def test_the_three_sizes_are_there() -> None:
    assert {"config.yaml", "sample.yaml", "paper.yaml"} <= set(CONFIGS)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_configuration_passes_all_checks(name: str, root: Path) -> None:
    config = load_config(read(root, name))
    datasets = read_datasets(root / config.datasets)
    check_tables(config, datasets, read_languages(root / config.languages))
    assert config.studies.philippy2023 is not None


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_survives_the_way_into_a_job(name: str, root: Path) -> None:
    config = load_config(read(root, name))
    dumped = json.loads(json.dumps(config.model_dump(mode="json")))
    assert Config.model_validate(dumped) == config


@pytest.mark.parametrize("name", CONFIGS)
def test_the_json_schema_takes_what_the_models_take(name: str, root: Path) -> None:
    validator = jsonschema.Draft202012Validator(Schema().root)
    raw = read(root, name)
    assert list(validator.iter_errors(raw)) == []
    assert list(validator.iter_errors({**raw, "encodres": {}})) != []


@given(st.floats(1e-12, 1, exclude_min=True))
def test_a_number_may_be_written_as_yaml_text(rate: float) -> None:
    written = f"{rate:e}"
    assert Recipe(epochs=1, learning_rate=written).learning_rate == float(written)  # type: ignore


def test_yaml_reads_2e_5_as_text_and_so_do_users() -> None:
    raw = yaml.safe_load("{epochs: 3, learning_rate: 2e-5}")
    assert raw["learning_rate"] == "2e-5"
    assert Recipe.model_validate(raw).learning_rate == 2e-5


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_says_what_it_means(model: type[BaseModel]) -> None:
    assert model.__doc__ and model.__doc__ is not Model.__doc__
    silent = [name for name, field in model.model_fields.items() if not field.description]
    assert silent == []


def test_every_key_has_one_row_of_the_page() -> None:
    text = page(Schema())
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(group.node["properties"]) for group in groups(Schema()))
    assert {group.node["title"] for group in groups(Schema())} == {
        model.__name__ for model in MODELS
    }
    assert all(row.count(" | ") == 3 for row in rows)


def test_page_and_schema_are_in_step(root: Path, tmp_path: Path) -> None:
    main([str(tmp_path / "config.md"), str(tmp_path / "schema.json")])
    for made, kept in (("config.md", "docs/config.md"), ("schema.json", "config/schema.json")):
        expected = (root / kept).read_text(encoding="utf-8")
        assert (tmp_path / made).read_text(encoding="utf-8") == expected, "run `make docs`"


def test_page_and_schema_depend_on_no_hash_seed(root: Path) -> None:
    code = (
        "from isogloss.reference import page, schema_text; from isogloss.schema import Schema;"
        "import hashlib; print(hashlib.sha256((page(Schema()) + schema_text(Schema())).encode())"
        ".hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(root / "workflow/scripts"), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_what_snakemake_reads_is_light(root: Path) -> None:
    code = (
        "import sys; import isogloss.check, isogloss.plan, isogloss.fingerprint;"
        "print(sorted({'torch', 'pandas', 'numpy', 'transformers'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root / "workflow/scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("model", "key", "words"),
    [
        (Recipe, "warmup", "a number, 0 to 1"),
        (Recipe, "clip", "a number, above 0; or null"),
        (Recipe, "betas", "a list of 2, each a number, at least 0 and below 1"),
        (Recipe, "freeze", "a list, each a whole number, at least 1"),
        (Recipe, "threads", "a whole number, 1 to 64"),
        (PretrainedEncoder, "warm_start", "a group of keys; or null"),
        (PretrainedEncoder, "architecture", "bert or roberta"),
    ],
)
def test_limits_in_plain_words(model: type[BaseModel], key: str, words: str) -> None:
    schema = Schema()
    assert schema.allowed(schema.definitions[model.__name__]["properties"][key]) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [("no", "'no'"), (False, "false"), (None, "null"), ([1, "a"], '[1, "a"]'), ({}, "an empty")],
)
def test_values_are_shown_as_in_yaml(value: object, text: str) -> None:
    assert shown(value).startswith(text)
    assert len(shown(["word"] * 99)) == 80
