"""A run on a cluster: a cancelled job is made up for, and all bytes are as on one machine."""

import subprocess
import time
from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.cluster

OPTIONS = (
    *("--profile", "profiles/slurm", "--configfile", study.TINY),
    # The second look comes after 12 seconds more, when most jobs here are done.
    *("--slurm-init-seconds-before-status-checks", "2"),
)
# Few jobs, from the first file on: each starts Snakemake twice.
SCORES = "results/runs/small/parsing/ana/best/1/scores.parquet"
PATIENCE = 1500  # seconds


def running(rule: str, variables: dict[str, str]) -> dict[str, str]:
    """What each running job of a rule holds; Snakemake writes the rule into a job's comment."""
    columns = "JobID:20,State:20,Comment:200,tres-per-job:50"
    listed = study.run(Path.cwd(), "squeue", "--noheader", "--Format", columns, **variables)
    jobs = [line.split() for line in listed.text.splitlines()]
    return {
        job[0]: job[3] for job in jobs if job[1] == "RUNNING" and job[2].startswith(f"rule_{rule}")
    }


def test_a_run_survives_a_cancelled_job(
    root: Path, finished: Path, tmp_path: Path, slurm: dict[str, str]
) -> None:
    folder = study.copy_project(root, tmp_path / "copy")
    log = folder / "slurm.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*study.SNAKEMAKE, SCORES, *OPTIONS],
            cwd=folder,
            env=study.environment(**slurm),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        until = time.monotonic() + PATIENCE
        try:
            while not (victims := running("finetune", slurm)):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, "no training ran"
                time.sleep(0.2)
            assert all(devices == "gres:gpu:1" for devices in victims.values()), victims
            assert study.run(folder, "scancel", min(victims), **slurm).status == 0
            status = process.wait(timeout=until - time.monotonic())
        finally:
            process.kill()
            process.wait()
    text = log.read_text(encoding="utf-8")
    assert status == 0, text
    assert "Trying to restart job" in text
    made, expected = study.tables(folder), study.tables(finished)
    assert SCORES in made
    assert made.items() <= expected.items()
