"""Environments: jobs run in the one their rule names, and results stay valid without it."""

import shutil
import sys
from pathlib import Path

import pytest
import study
import yaml

pytestmark = pytest.mark.cluster

STATES = "results/base/small/nli/states.parquet"


def calls(record: Path, script: str) -> list[str]:
    """Pythons that ran a script, by the environments' record."""
    lines = record.read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if line.endswith(f".{script}.py")]


def test_jobs_run_in_their_environments(
    finished: Path, tmp_path: Path, conda: dict[str, str]
) -> None:
    from conda_channel import write_channel

    folder = shutil.copytree(finished, tmp_path / "copy")
    record = tmp_path / "record"
    write_channel(tmp_path / "channel", sys.executable, record)
    for name in ("analysis", "train"):
        environment = {"channels": [(tmp_path / "channel").as_uri()], "dependencies": ["python"]}
        (folder / "envs" / f"{name}.yaml").write_text(f"# {name}\n{yaml.safe_dump(environment)}")
    (folder / STATES).unlink()
    options = ("--cores", "2", "--configfile", study.TINY)
    targets = ("philippy2023_published", STATES)

    call = study.snakemake(folder, *targets, *options, "--use-conda", **conda)

    assert call.status == 0, call.text
    used = {script: calls(record, script) for script in ("recompute_philippy2023", "embed_base")}
    places = {python for pythons in used.values() for python in pythons}
    assert [len(pythons) for pythons in used.values()] == [1, 1]
    assert len(places) == 2  # two rules, two environments
    assert all(python.startswith(f"{folder}/.snakemake/conda/") for python in places)
    assert study.tables(folder).items() >= study.tables(finished).items()
    # The same software with and without conda: nothing is made again.
    assert study.planned(study.snakemake(folder, *targets, *options, "--dry-run")) == {}
    assert study.planned(study.study(folder, "--dry-run")) == {}
