"""A study that was killed goes on where it was, and ends with the same bytes."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.workflow

PATIENCE = 300  # seconds


def kill_when(folder: Path, file: str) -> None:
    """Start the study, and kill Snakemake and all its jobs when a file appears."""
    options = ("--cores", "2", "--configfile", study.TINY)
    with (folder / "killed.log").open("w") as log:
        process = subprocess.Popen(
            [*study.SNAKEMAKE, *study.TARGETS, *options],
            cwd=folder,
            env=study.environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            until = time.monotonic() + PATIENCE
            while not (folder / file).exists():
                assert process.poll() is None, (folder / "killed.log").read_text()
                assert time.monotonic() < until, f"{file} did not appear"
                time.sleep(0.005)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_killed_study_goes_on_and_gives_the_same_bytes(
    root: Path, finished: Path, tmp_path: Path
) -> None:
    folder = study.copy_project(root, tmp_path / "killed")
    encoder, run = "results/encoders/small", f"{study.RUNS}/ana/brief/42"
    kill_when(folder, f"{encoder}.resume")
    assert not (folder / encoder / "encoder.json").exists()

    call = study.study(folder)
    # The lock of the killed call stays, and the message says how to take it away.
    assert call.status != 0
    assert "--unlock" in call.text
    assert study.study(folder, "--unlock").status == 0

    kill_when(folder, f"{run}/resume.safetensors")
    assert not (folder / run / "model.safetensors").exists()
    assert study.study(folder, "--unlock").status == 0

    call = study.study(folder)
    assert call.status == 0, call.text
    pretraining = folder / "results/logs/pretrain_encoder/small.log"
    assert "resumed after step 500 of 600" in pretraining.read_text(encoding="utf-8")
    finetuning = (folder / run / "finetune.log").read_text(encoding="utf-8")
    assert re.search(r"resumed after step [2-8]0 of 96", finetuning)
    assert study.tables(folder) == study.tables(finished)
    assert not list((folder / "results").rglob("*resume*"))
