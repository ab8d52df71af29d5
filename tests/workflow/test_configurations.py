"""The configurations that come with the project can be planned."""

from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.workflow


def plan(root: Path, folder: Path, config: str, *options: str, **variables: str) -> dict[str, int]:
    """Jobs for Philippy et al. 2023 in an empty working directory."""
    call = study.snakemake(
        folder,
        *("philippy2023", "--dry-run", "--snakefile", str(root / "Snakefile")),
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


@pytest.mark.shared
def test_sample_is_planned_on_real_files(root: Path, tmp_path: Path, shared: Path) -> None:
    jobs = plan(root, tmp_path, "sample.yaml", "--config", f"mirror={shared / 'data'}")
    assert jobs["finetune"] == 18
    assert "fetch_corpus" not in jobs
    assert "generate_family" not in jobs
