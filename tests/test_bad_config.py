"""What a user gets wrong: one message with the key, what was found and what is allowed."""

import copy
import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from isogloss.check import load_config
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.errors import ConfigError
from isogloss.inputs import check_paths, check_tables

Raw = dict[str, Any]
DELETE = object()
STUDY = "studies.philippy2023"
PYDANTIC = re.compile(r"input should|expected tag|discriminator|pydantic|valid |constrained", re.I)


@pytest.fixture
def raw(root: Path) -> Raw:
    """The default configuration."""
    text = (root / "config" / "config.yaml").read_text(encoding="utf-8")
    # Parts that stand once and are named again are parts of their own here.
    return json.loads(json.dumps(yaml.safe_load(text)))


def edited(raw: Raw, path: str, value: object) -> Raw:
    """The configuration with one key set or deleted."""
    changed = copy.deepcopy(raw)
    *holders, last = path.split(".")
    place: Any = changed
    for key in holders:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if value is DELETE:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return changed


def refusal(raw: Any, root: Path, workdir: Path) -> str:
    """Message of the first check that refuses a configuration, in the Snakefile's order."""
    with pytest.raises(ConfigError) as caught:
        config = load_config(raw)
        check_paths(config, workdir, root)
        check_tables(
            config,
            read_datasets(root / config.datasets),
            read_languages(root / config.languages),
        )
    return str(caught.value)


BAD: dict[str, Raw] = yaml.safe_load(
    Path(__file__).with_name("bad_config.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", BAD)
def test_one_line_names_key_value_and_what_is_allowed(
    name: str, raw: Raw, root: Path, tmp_path: Path
) -> None:
    bad = BAD[name]
    changed = edited(raw, bad.get("set") or bad["delete"], bad.get("to", DELETE))
    for path, value in bad.get("and", {}).items():
        changed = edited(changed, path, value)
    message = refusal(changed, root, tmp_path)
    assert len(message.splitlines()) == 1, message
    assert "allowed" in message
    for word in bad["says"]:
        assert word in message
    assert not PYDANTIC.search(message), message


@pytest.mark.parametrize("bad", [None, [], "encoders", 3])
def test_what_is_no_group_of_keys_is_refused(bad: object, root: Path, tmp_path: Path) -> None:
    assert re.search("configuration: found .*; allowed: a group", refusal(bad, root, tmp_path))


def test_a_family_home_needs_the_family(raw: Raw, root: Path, tmp_path: Path) -> None:
    lines = refusal(edited(raw, "family", DELETE), root, tmp_path).splitlines()
    assert len(lines) == len(raw["corpora"]) + 1
    assert lines[0] == "corpora.nli.home: found 'family'; allowed: only with the key 'family'"
    assert lines[-1].startswith("distances.family.kind: found 'family'; allowed: only")


def test_every_mistake_has_its_line(raw: Raw, root: Path, tmp_path: Path) -> None:
    bad = edited(edited(raw, "encoders.small.steps", 0), "tasks.nli.kind", "tagging")
    lines = refusal(edited(bad, f"{STUDY}.seed", -1), root, tmp_path).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "encoders.small.steps",
        "tasks.nli.kind",
        f"{STUDY}.seed",
    ]


def test_an_encoder_may_be_called_as_its_kind(raw: Raw, root: Path, tmp_path: Path) -> None:
    bad = edited(raw, "encoders.hub", {"kind": "hub", "repository": "a/b", "revision": "1"})
    assert refusal(bad, root, tmp_path).startswith("encoders.hub.layers: missing; allowed: a whole")


def test_dates_are_refused_with_their_key(raw: Raw, root: Path, tmp_path: Path) -> None:
    text = "revision: 2024-01-31"
    bad = edited(raw, "encoders.other", {"kind": "hub", **yaml.safe_load(text)})
    assert refusal(bad, root, tmp_path).startswith("encoders.other.revision: found a value of type")


@pytest.mark.parametrize(
    ("language", "words"),
    [("xx", "allowed: af, am, ana, anu, ar"), ("sw", "data set 'ud' (mirror, train)")],
)
def test_languages_that_a_data_set_cannot_name_are_refused(
    language: str, words: str, raw: Raw, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "mirror").mkdir()
    raw = edited(raw, "mirror", str(tmp_path / "mirror"))
    raw = edited(raw, "corpora.trees", {"dataset": "ud", "home": "mirror"})
    raw = edited(raw, "encoders.small.text", [{"corpus": "trees"}])
    languages = ["en", "de", "fr", language]
    message = refusal(edited(raw, "encoders.small.languages", languages), root, tmp_path)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"encoders.small.languages: found {language!r}; ")
    assert words in message


def test_languages_without_a_code_of_the_authors_are_refused(root: Path) -> None:
    raw = yaml.safe_load((root / "config" / "paper.yaml").read_text(encoding="utf-8"))
    raw = edited(raw, f"{STUDY}.languages.1", "ug")
    with pytest.raises(ConfigError) as caught:
        check_tables(
            load_config(raw),
            read_datasets(root / "config" / "datasets.csv"),
            read_languages(root / "config" / "languages.csv"),
        )
    found = str(caught.value)
    assert found.startswith(f"{STUDY}.languages, for distances.uriel-authors: found 'ug'; ")
    assert found.endswith("allowed: ar, bg, de, el, en, es, fr, hi, ru, sw, th, tr, ur, vi, zh")


def test_layer_13_of_12_is_refused(root: Path, tmp_path: Path) -> None:
    raw = yaml.safe_load((root / "config" / "paper.yaml").read_text(encoding="utf-8"))
    expected = f"{STUDY}.experiments.C: found layer 13; allowed: 1 to 12, the layers of encoder"
    bad = edited(raw, f"{STUDY}.experiments.C", [1, 13])
    assert refusal(bad, root, tmp_path).startswith(expected)


# At the command line


def dry_run(root: Path, workdir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["--snakefile", str(root / "Snakefile"), "--directory", str(workdir), "-n"]
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *command, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=workdir,
    )


def wrong_key(raw: Raw, root: Path) -> Raw:
    return edited(raw, "recipes.philippy2023.epoch", 3)


def wrong_value(raw: Raw, root: Path) -> Raw:
    return edited(raw, "recipes.philippy2023.warmup", 1.5)


def wrong_language(raw: Raw, root: Path) -> Raw:
    return edited(raw, f"{STUDY}.languages.7", "tlh")


def no_mirror(raw: Raw, root: Path) -> Raw:
    sample = yaml.safe_load((root / "config" / "sample.yaml").read_text(encoding="utf-8"))
    return edited(sample, "mirror", "nowhere")


def no_data_set(raw: Raw, root: Path) -> Raw:
    return edited(raw, "corpora.nli.dataset", "snli")


def no_template_value(raw: Raw, root: Path) -> Raw:
    few = ["en", "sw"]
    own = {"kind": "pretrained", "languages": few, "text": [{"corpus": "trees"}]}
    bad = edited(raw, "corpora.trees", {"dataset": "ud", "home": "url"})
    return edited(bad, "encoders.own", own)


LINES: dict[Callable[[Raw, Path], Raw], str] = {
    wrong_key: "recipes.philippy2023.epoch: unknown key; did you mean 'epochs'? allowed: batch, ",
    wrong_value: "recipes.philippy2023.warmup: found 1.5; allowed: a number, 0 to 1",
    wrong_language: f"{STUDY}.languages: found 'tlh'; ",
    no_mirror: "mirror: found 'nowhere'; allowed: a folder that exists",
    no_data_set: "corpora.nli.dataset: found 'snli'; did you mean 'xnli'? allowed: ",
    no_template_value: "encoders.own.languages: found 'sw'; data set 'ud' (url, train)",
}


@pytest.mark.workflow
@pytest.mark.parametrize("edit", LINES, ids=lambda edit: edit.__name__)
def test_snakemake_refuses_before_any_job(
    edit: Callable[[Raw, Path], Raw], raw: Raw, root: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(yaml.safe_dump(edit(raw, root)), encoding="utf-8")
    ended = dry_run(root, tmp_path, "--configfile", str(file))
    output = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "Traceback" not in output
    assert output.count("Configuration: ") == 1
    assert f"Configuration: {LINES[edit]}" in output
    assert "rule " not in output
    assert not (tmp_path / "results").exists()


@pytest.mark.workflow
def test_snakemake_refuses_a_broken_table(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "config" / "languages.csv"
    table.parent.mkdir()
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["language", "name"], ["en", "English"]])
    ended = dry_run(root, tmp_path)
    output = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "Traceback" not in output
    assert "config/languages.csv:1: columns are language, name; allowed: language, name, " in output
