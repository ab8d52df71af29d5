"""The configurations that come with the project can be planned."""

import re
from pathlib import Path

import pytest
import study
import yaml

from isogloss.check import load_config
from isogloss.plan_muller2021 import reference_runs, study_runs, unseen_runs
from isogloss.plan_xsns2023 import cases, gold_runs

pytestmark = pytest.mark.workflow


def plan(
    root: Path,
    folder: Path,
    config: str,
    *options: str,
    targets: tuple[str, ...] = ("philippy2023",),
    **variables: str,
) -> dict[str, int]:
    """Jobs for one study, or for a call without target, in an empty working directory."""
    call = study.snakemake(
        folder,
        *(*targets, "--dry-run", "--snakefile", str(root / "Snakefile")),
        *("--configfile", str(root / "config" / config), *options),
        **variables,
    )
    return study.planned(call)


def test_full_protocol_is_planned_without_network(
    root: Path, tmp_path: Path, no_network: dict[str, str]
) -> None:
    jobs = plan(root, tmp_path, "paper.yaml", **no_network)
    assert jobs["finetune"] == 18
    assert jobs["evaluate_run"] == 18
    assert jobs["fetch_encoder"] == 1
    assert "pretrain_encoder" not in jobs


def test_default_is_planned(root: Path, tmp_path: Path) -> None:
    jobs = plan(root, tmp_path, "config.yaml")
    assert jobs["generate_family"] == jobs["pretrain_encoder"] == 1
    assert jobs["finetune"] == jobs["evaluate_run"]


def test_full_protocol_of_predicted_transfer_is_planned_without_network(
    root: Path, tmp_path: Path, no_network: dict[str, str]
) -> None:
    jobs = plan(root, tmp_path, "paper.yaml", targets=("xsns2023",), **no_network)
    config = load_config(yaml.safe_load((root / "config" / "paper.yaml").read_text("utf-8")))
    chosen = config.studies.xsns2023
    assert chosen is not None
    runs = [run for case in cases(chosen) for run in gold_runs(chosen, case)]
    # Their weights are not kept.
    assert jobs["finetune_temporary"] == len(runs) == len(set(runs))
    assert jobs["rank_sources_xsns2023"] == len(cases(chosen))
    assert jobs["fetch_encoder"] == len({case.encoder for case in cases(chosen)})
    assert "pretrain_encoder" not in jobs


def test_full_protocol_of_interpolation_is_planned_without_network(
    root: Path, tmp_path: Path, no_network: dict[str, str]
) -> None:
    """24 training sets, four tasks, three seeds, two encoders; and the disk they take."""
    found = study.snakemake(
        tmp_path,
        *("wu2022", "--dry-run", "--snakefile", str(root / "Snakefile")),
        *("--configfile", str(root / "config" / "paper.yaml")),
        **no_network,
    )
    jobs = study.planned(found)
    assert jobs["finetune"] == 9 * 4 * 3 * 2
    assert jobs["finetune_temporary"] == 15 * 4 * 3 * 2
    assert jobs["measure_directions"] == 15 * 4 * 3 * 2
    assert jobs["perturb_source"] == 2 * 4 * 3 * 2
    assert jobs["fetch_encoder"] == 2
    size = r"([\d,]+) GB"
    note = re.search(rf"take up to {size} of disk .*; all of them would take {size}", found.text)
    assert note is not None, found.text
    peak, everything = (int(number.replace(",", "")) for number in note.groups())
    assert 50 < peak < everything / 3


def test_small_plans_say_nothing_of_disk(root: Path, tmp_path: Path) -> None:
    found = study.snakemake(tmp_path, "wu2022", "--dry-run", "--snakefile", str(root / "Snakefile"))
    assert study.planned(found)["finetune_temporary"] == 12
    assert "GB of disk" not in found.text


def test_default_predicts_transfer_when_asked(root: Path, tmp_path: Path) -> None:
    jobs = plan(root, tmp_path, "config.yaml", targets=("xsns2023",))
    # Eight languages: two seeds of one task, one seed of the other.
    assert jobs["finetune"] == 3 * 8
    # Two tasks in three settings.
    assert jobs["find_subnetwork"] == 2 * 3 * 8
    assert jobs["overlap_subnetworks"] == 2 * 3
    assert "choose_mixtures_xsns2023" not in jobs


def test_a_bare_call_leaves_out_what_takes_long(root: Path, tmp_path: Path) -> None:
    jobs = plan(root, tmp_path, "config.yaml", targets=())
    assert jobs["present_philippy2023"] == 1
    assert jobs["present_transfer"] > 1
    assert not {"find_subnetwork", "present_xsns2023"} & set(jobs)


@pytest.mark.shared
def test_sample_plans_unseen_languages(root: Path, tmp_path: Path, shared: Path) -> None:
    mirror = f"mirror={shared / 'data'}"
    jobs = plan(root, tmp_path, "sample.yaml", "--config", mirror, targets=("muller2021",))
    config = load_config(yaml.safe_load((root / "config" / "sample.yaml").read_text("utf-8")))
    chosen = config.studies.muller2021
    assert chosen is not None
    runs = [*study_runs(chosen, 4), *(item.run for item in unseen_runs(chosen))]
    assert jobs["finetune_temporary"] == jobs["score_run"] == len(set(runs))
    # Seven languages, and Uyghur in Latin letters.
    assert jobs["adapt_encoder"] == jobs["start_encoder"] == 7 + 1
    assert jobs["pretrain_encoder"] == 7 + 1 + 1
    # The encoder itself, and the run of each task, source and seed.
    references = len(set(reference_runs(chosen)))
    assert jobs["compare_languages"] == 1 + references


@pytest.mark.shared
def test_sample_is_planned_on_real_files(root: Path, tmp_path: Path, shared: Path) -> None:
    jobs = plan(root, tmp_path, "sample.yaml", "--config", f"mirror={shared / 'data'}")
    assert jobs["finetune"] == 18
    assert "fetch_corpus" not in jobs
    assert "generate_family" not in jobs
