"""The study on a cluster: a cancelled job is made up for, and all bytes are as on one machine."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.cluster

OPTIONS = ("--profile", "profiles/slurm", "--configfile", study.TINY)
PATIENCE = 400  # seconds
# What the cluster makes again; the encoder, the rows and the other sources' runs are at hand.
REMOVED = (f"{study.RUNS}/ana", f"{study.RUNS}/bel", "results/base", "results/papers")


def running(rule: str, variables: dict[str, str]) -> list[str]:
    """Running jobs of a rule; Snakemake writes the rule into a job's comment."""
    listed = study.run(Path.cwd(), "squeue", "--noheader", "-o", "%i %T %k", **variables)
    jobs = [line.split() for line in listed.text.splitlines()]
    return [job[0] for job in jobs if job[1] == "RUNNING" and job[2].startswith(f"rule_{rule}")]


def test_study_survives_a_cancelled_job(
    finished: Path, tmp_path: Path, slurm: dict[str, str]
) -> None:
    folder = shutil.copytree(finished, tmp_path / "copy")
    for path in REMOVED:
        shutil.rmtree(folder / path)
    log = folder / "slurm.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*study.SNAKEMAKE, *study.TARGETS, *OPTIONS],
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
            assert study.run(folder, "scancel", victims[0], **slurm).status == 0
            status = process.wait(timeout=until - time.monotonic())
        finally:
            process.kill()
            process.wait()
    text = log.read_text(encoding="utf-8")
    assert status == 0, text
    assert "Trying to restart job" in text
    assert study.tables(folder) == study.tables(finished)
