"""How much disk the weights of runs take, before anything is made."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from isogloss.check import load_config
from isogloss.config.encoders import BilstmEncoder, HubEncoder, PretrainedEncoder
from isogloss.config.whole import Config
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.plan import Plan, Run
from isogloss.plan_disk import (
    DIFFERENCE_SHARE,
    Disk,
    all_runs,
    bytes_of,
    disk_note,
    disk_of,
    keeps_weights,
    parameters_of,
)
from isogloss.plan_wu2022 import study_runs

Raw = dict[str, Any]
MILLION = 10**6
# 4 bytes per parameter.
BASE, LARGE = 400 * MILLION, 2000 * MILLION


def hub(parameters: int | None) -> Raw:
    return {
        "kind": "hub",
        "repository": "owner/name",
        "revision": "main",
        "layers": 12,
        "parameters": parameters,
    }


def raw_config(**study: Any) -> Raw:
    """Two encoders, a task, recipes by what they keep; two sources and two targets."""
    recipes = {
        name: {"epochs": 1, "keep_weights": keep, "store": store}
        for name, keep, store in (
            ("kept", "all", "full"),
            ("single", "monolingual", "full"),
            ("passing", "none", "full"),
            ("small", "none", "difference"),
        )
    }
    tasks = {"POS": {"task": "pos", "recipe": "single", "seeds": [1, 2]}}
    wu2022 = {
        "encoders": ["base"],
        "tasks": tasks,
        "sources": ["en", "ar"],
        "targets": ["ar", "de"],
    }
    return {
        "corpora": {"ud": {"dataset": "ud", "home": "url"}},
        "encoders": {"base": hub(100), "large": hub(500), "folder": hub(None)},
        "tasks": {"pos": {"kind": "pos", "corpus": "ud"}},
        "recipes": recipes,
        "studies": {"wu2022": wu2022 | study},
    }


def config_of(**study: Any) -> Config:
    return load_config(raw_config(**study))


def run_of(trained_on: str, recipe: str, encoder: str = "base", seed: int = 1) -> Run:
    return Run(encoder, "pos", trained_on, recipe, seed)


def pretrained(**changes: Any) -> PretrainedEncoder:
    settings: Raw = {"kind": "pretrained", "languages": ["en"], "text": [{"corpus": "ud"}]}
    return PretrainedEncoder.model_validate(settings | changes)


SHAPES = [
    {"architecture": architecture, "layers": layers, "hidden": 24, "heads": 2} | changes
    for architecture in ("bert", "roberta")
    for layers, changes in (
        (1, {"intermediate": 40, "vocabulary": 150, "max_length": 16}),
        (3, {"intermediate": 24, "vocabulary": 101, "max_length": 37}),
    )
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_size_of_a_pretrained_encoder_is_that_of_its_weights(shape: Raw) -> None:
    from transformers import BertModel, RobertaModel

    from isogloss.training.pretrain import build_masked_lm

    settings = pretrained(**shape)
    pad = 0 if settings.architecture == "bert" else 1
    built = build_masked_lm(settings, settings.vocabulary, pad)
    kind = BertModel if settings.architecture == "bert" else RobertaModel
    encoder = kind(built.config, add_pooling_layer=True)
    found = parameters_of(settings)
    assert found == sum(tensor.numel() for tensor in encoder.parameters())


def test_the_formula_gives_the_sizes_of_published_encoders() -> None:
    base = {"layers": 12, "hidden": 768, "heads": 12, "intermediate": 3072, "max_length": 512}
    multilingual = pretrained(**base, vocabulary=119_547)
    assert parameters_of(multilingual) == 177_853_440
    roberta = pretrained(**base, architecture="roberta", vocabulary=250_002)
    assert parameters_of(roberta) == 278_043_648
    large = {"layers": 24, "hidden": 1024, "heads": 16, "intermediate": 4096, "max_length": 512}
    roberta = pretrained(**large, architecture="roberta", vocabulary=250_002)
    assert parameters_of(roberta) == 559_890_432


@pytest.mark.parametrize("layers", [1, 3])
def test_the_size_of_a_bilstm_is_that_of_its_weights(layers: int) -> None:
    from isogloss.encoders.bilstm import BilstmConfig, BilstmModel

    shape = {"layers": layers, "hidden": 12, "embedding": 7, "composed": 10, "vocabulary": 110}
    settings = BilstmEncoder.model_validate(
        {"kind": "bilstm", "languages": ["en"], "text": [{"corpus": "ud"}]} | shape
    )
    built = BilstmModel(
        BilstmConfig(
            vocab_size=110,
            hidden_size=12,
            num_hidden_layers=layers,
            embedding_size=7,
            composed_size=10,
        )
    )
    assert parameters_of(settings) == sum(tensor.numel() for tensor in built.parameters())


def test_an_adapted_encoder_is_as_large_as_its_base() -> None:
    text: Raw = {"languages": ["de"], "text": [{"corpus": "ud"}]}
    adapted = {"kind": "adapted", "epochs": 1} | text
    raw = raw_config()
    raw["encoders"] |= {
        "here": {"kind": "pretrained", "layers": 2} | text,
        "of-base": adapted | {"base": "base"},
        "of-here": adapted | {"base": "here"},
        "of-folder": adapted | {"base": "folder"},
        "named": adapted | {"base": "folder", "parameters": 7},
    }
    encoders = load_config(raw).encoders
    sizes = {name: parameters_of(encoders[name], encoders) for name in encoders}
    assert sizes["of-base"] == sizes["base"] == 100 * MILLION
    assert sizes["of-here"] == sizes["here"] == parameters_of(encoders["here"]) != sizes["base"]
    assert sizes["of-folder"] is None and sizes["named"] == 7 * MILLION


def test_the_size_of_another_encoder_is_the_configured_one() -> None:
    assert parameters_of(HubEncoder.model_validate(hub(178))) == 178 * MILLION
    assert parameters_of(HubEncoder.model_validate(hub(None))) is None


def test_sizes_in_the_paper_configuration_are_those_of_the_shapes(root: Path) -> None:
    encoders = plan_of(root, "paper.yaml").config.encoders
    known = {"mbert": 177_853_440, "xlmr": 278_043_648, "xlmr-large": 559_890_432}
    for name, size in known.items():
        assert parameters_of(encoders[name]) == round(size / MILLION) * MILLION


@pytest.mark.parametrize(
    ("recipe", "trained_on", "kept"),
    [
        ("kept", "en", True),
        ("kept", "en+de", True),
        ("single", "en", True),
        ("single", "en-100", True),
        ("single", "en+de", False),
        ("single", "en+de-100", False),
        ("passing", "en", False),
        ("passing", "en+de", False),
        ("passing-freeze-1-2", "en", False),
        ("kept-freeze-philippy2023.A", "en", True),
    ],
)
def test_whose_weights_are_kept(recipe: str, trained_on: str, kept: bool) -> None:
    assert keeps_weights(config_of(), run_of(trained_on, recipe)) == kept


def test_bytes_of_a_run() -> None:
    config = config_of()
    assert bytes_of(config, run_of("en", "kept")) == BASE
    assert bytes_of(config, run_of("en", "kept", "large")) == LARGE
    assert bytes_of(config, run_of("en", "small")) == round(DIFFERENCE_SHARE * BASE)
    assert bytes_of(config, run_of("en", "kept", "folder")) is None


def test_weights_that_are_kept_are_all_there_is() -> None:
    runs = [run_of(language, "kept") for language in ("en", "de", "fr")]
    expected = Disk(3 * BASE, 3 * BASE, 3 * BASE, 3, [])
    assert disk_of(config_of(), runs, 1) == disk_of(config_of(), runs, 8) == expected


def test_weights_that_pass_by_take_two_places_per_job() -> None:
    kept = [run_of("en", "kept"), run_of("de", "kept")]
    passing = [run_of("en", "passing", seed=seed) for seed in range(20)]
    runs = [*kept, *passing]
    for jobs in (1, 3):
        expected = Disk(22 * BASE, 2 * BASE, (2 + 2 * jobs) * BASE, 22, [])
        assert disk_of(config_of(), runs, jobs) == expected
    # No more than there are.
    assert disk_of(config_of(), runs, 100).peak == 22 * BASE


def test_the_largest_run_that_passes_by_counts() -> None:
    passing = [run_of("en", "passing", seed=seed) for seed in range(9)]
    large = [run_of("en", "passing", "large"), run_of("de", "kept", "large")]
    expected = Disk(9 * BASE + 2 * LARGE, LARGE, 3 * LARGE, 11, [])
    assert disk_of(config_of(), [*passing, *large], 1) == expected
    # Not one that is kept.
    assert disk_of(config_of(), [*passing, large[1]], 1).peak == LARGE + 2 * BASE


def test_runs_of_encoders_of_unknown_size_are_named_and_not_counted() -> None:
    runs = [run_of("en", "kept"), run_of("en", "kept", "folder"), run_of("en", "small", "folder")]
    assert disk_of(config_of(), runs, 1) == Disk(BASE, BASE, BASE, 1, ["folder"])
    assert disk_of(config_of(), runs[1:], 2) == Disk(0, 0, 0, 0, ["folder"])


def test_nothing_takes_nothing() -> None:
    assert disk_of(config_of(), [], 4) == Disk(0, 0, 0, 0, [])


def test_bilingual_runs_go_and_monolingual_ones_stay() -> None:
    config = config_of()
    study = config.studies.wu2022
    assert study is not None
    runs = study_runs(study)
    # Three languages and three pairs (Arabic is no target of its own), two seeds.
    assert len(runs) == 12
    assert disk_of(config, runs, 1) == Disk(12 * BASE, 6 * BASE, 8 * BASE, 12, [])


def many_seeds(recipe: str) -> Raw:
    return {"POS": {"task": "pos", "recipe": recipe, "seeds": list(range(10))}}


@pytest.mark.parametrize(
    ("recipe", "changes", "peak"),
    [
        ("single", {}, 32),
        # Monolingual runs are read by jobs of several pairs.
        ("passing", {}, 32),
        # Such a job waits for several bilingual runs.
        ("single", {"targets_per_job": 2}, 60),
        # It does not fit where a fine-tuning has ended.
        ("single", {"threads": 2}, 60),
    ],
)
def test_weights_that_wait_for_other_runs_count_as_a_whole(
    recipe: str, changes: Raw, peak: int
) -> None:
    config = config_of(tasks=many_seeds(recipe), **changes)
    study = config.studies.wu2022
    assert study is not None
    found = disk_of(config, study_runs(study), 1)
    assert found.peak == peak * BASE
    assert found.kept == (30 * BASE if recipe == "single" else 0)


NAMES = st.sampled_from(["en", "de", "ar", "en+de", "ar+de", "fr+de"])
RUNS = st.lists(
    st.builds(
        run_of,
        NAMES,
        st.sampled_from(["kept", "single", "passing", "small"]),
        st.sampled_from(["base", "large", "folder"]),
        st.integers(1, 3),
    ),
    unique=True,
    max_size=30,
)


@given(RUNS, st.integers(1, 6))
def test_less_is_kept_than_there_is_on_the_way(runs: list[Run], jobs: int) -> None:
    config = config_of()
    found, more = disk_of(config, runs, jobs), disk_of(config, runs, jobs + 1)
    assert 0 <= found.kept <= found.peak <= more.peak <= found.all_kept
    assert (found.kept, found.all_kept, found.runs) == (more.kept, more.all_kept, more.runs)
    assert disk_of(config, runs[::-1], jobs) == found
    counted = [run for run in runs if run.encoder != "folder"]
    assert disk_of(config, counted, jobs) == found._replace(unknown=[])
    sizes = {run: bytes_of(config, run) or 0 for run in counted}
    assert found.kept == sum(size for run, size in sizes.items() if keeps_weights(config, run))


# Runs of all studies


def plan_of(root: Path, name: str) -> Plan:
    raw = yaml.safe_load((root / "config" / name).read_text(encoding="utf-8"))
    return Plan(
        load_config(raw),
        read_datasets(root / "config" / "datasets.csv"),
        read_languages(root / "config" / "languages.csv"),
    )


def test_all_runs_of_the_full_protocols(root: Path) -> None:
    runs = all_runs(plan_of(root, "paper.yaml"))
    assert len(runs) == len(set(runs)) == 18 + (201 + 102) + 576 + (315 + 930)
    ours = [run for run in runs if run.recipe == "wu2022"]
    # Nine languages and 15 pairs, four tasks, three seeds, two encoders.
    assert len(ours) == (9 + 15) * 4 * 3 * 2
    assert len({run.trained_on for run in ours if "+" in run.trained_on}) == 15
    assert {run.encoder for run in ours} == {"mbert", "xlmr-large"}


def test_runs_of_two_studies_count_once(root: Path) -> None:
    plan = plan_of(root, "config.yaml")
    runs = all_runs(plan)
    assert len(runs) == len(set(runs))
    # Of Philippy et al.'s study, and of Yun et al.'s for natural language inference.
    assert sum(run.task == "nli" and "freeze" not in run.recipe for run in runs) == 8
    transfer = plan.config.studies.transfer["ner"]
    sources = {run.trained_on for run in runs if run.task == "ner"}
    assert sources == set(transfer.sources)


def test_the_full_protocols_fit_on_a_disk_of_200_gb(root: Path) -> None:
    plan = plan_of(root, "paper.yaml")
    found = disk_of(plan.config, all_runs(plan), 4)
    assert found.unknown == []
    assert found.kept < found.peak < 200e9 < found.all_kept


def test_a_configuration_without_studies_has_no_runs() -> None:
    config = load_config(raw_config() | {"studies": {}})
    assert all_runs(Plan(config, [], {})) == []


# The note


def test_small_studies_get_no_note(root: Path) -> None:
    plan = plan_of(root, "config.yaml")
    assert disk_note(disk_of(plan.config, all_runs(plan), 4)) is None
    assert disk_note(Disk(10**10 - 1, 0, 0, 5, ["folder"])) is None


def test_a_note_on_weights_that_go() -> None:
    assert disk_note(Disk(627 * 10**9, 124 * 10**9, 133 * 10**9, 897, [])) == (
        "The weights of 897 runs take up to 133 GB of disk at a time and 124 GB in the end; "
        "all of them would take 627 GB."
    )


def test_a_note_on_weights_that_stay() -> None:
    assert disk_note(Disk(10**10, 10**10, 10**10, 25, [])) == (
        "The weights of 25 runs take up to 10 GB of disk."
    )


def test_a_note_names_what_it_does_not_know() -> None:
    note = disk_note(Disk(1_234 * 10**9, 1_234 * 10**9, 1_234 * 10**9, 600, ["folder", "other"]))
    assert note is not None
    assert note.splitlines() == [
        "The weights of 600 runs take up to 1,234 GB of disk.",
        "Not counted, because the key parameters is not set: runs of folder, other.",
    ]
