"""Environments: jobs run in the one their rule names, and results stay valid without it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import study
import yaml

pytestmark = pytest.mark.cluster

STATES = "results/base/small/nli/states.parquet"


def calls(record: Path, script: str) -> list[str]:
    """Pythons that ran a script, by the environments' record."""
    lines = record.read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if line.endswith(f".{script}.py")]


def test_jobs_run_in_their_environments(finished: Path, tmp_path: Path, conda: Any) -> None:
    folder = shutil.copytree(finished, tmp_path / "copy")
    for name in ("analysis", "train"):
        packages = {"channels": [conda.channel], "dependencies": ["python"]}
        # The remark keeps the two apart: equal files would be one environment.
        text = f"# {name}\n{yaml.safe_dump(packages)}"
        (folder / "envs" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / STATES).unlink()
    options = ("--cores", "2", "--configfile", study.TINY)
    targets = ("philippy2023_published", STATES)

    call = study.snakemake(folder, *targets, *options, "--use-conda", **conda.variables)

    assert call.status == 0, call.text
    scripts = ("recompute_philippy2023", "embed_base")
    used = {script: calls(conda.record, script) for script in scripts}
    places = {python for pythons in used.values() for python in pythons}
    assert [len(pythons) for pythons in used.values()] == [1, 1]
    assert len(places) == 2  # two rules, two environments
    assert all(python.startswith(f"{folder}/.snakemake/conda/") for python in places)
    assert study.tables(folder).items() >= study.tables(finished).items()
    # The same software with and without conda: nothing is made again.
    assert study.planned(study.snakemake(folder, *targets, *options, "--dry-run")) == {}
    assert study.planned(study.study(folder, "--dry-run")) == {}
