"""A call that was killed goes on where it was, and ends with the same bytes."""

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
ENCODER, RUN = Path("results/encoders/small"), Path(study.RUNS, "ana/brief/42")
# Everything else in the study is computed from files like these.
WEIGHTS = (ENCODER / "model.safetensors", RUN / "model.safetensors")
SCORES = RUN / "scores.parquet"


def call(folder: Path, *arguments: str) -> study.Call:
    """Call Snakemake for the scores of one run of the tiny study."""
    options = ("--cores", "2", "--configfile", study.TINY)
    return study.snakemake(folder, str(SCORES), *options, *arguments)


def kill_when(folder: Path, file: Path) -> None:
    """Start the same, and kill Snakemake and all its jobs when a file appears."""
    options = ("--cores", "2", "--configfile", study.TINY)
    with (folder / "killed.log").open("w") as log:
        process = subprocess.Popen(
            [*study.SNAKEMAKE, str(SCORES), *options],
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


def test_killed_call_goes_on_and_gives_the_same_bytes(
    root: Path, finished: Path, tmp_path: Path
) -> None:
    folder = study.copy_project(root, tmp_path / "killed")
    kill_when(folder, ENCODER.with_suffix(".resume"))
    assert not (folder / ENCODER / "encoder.json").exists()

    made = call(folder)
    # The lock of the killed call stays, and the message says how to take it away.
    assert made.status != 0
    assert "--unlock" in made.text
    assert call(folder, "--unlock").status == 0

    kill_when(folder, RUN / "resume.safetensors")
    assert not (folder / RUN / "model.safetensors").exists()
    assert call(folder, "--unlock").status == 0

    made = call(folder)
    assert made.status == 0, made.text
    pretraining = folder / "results/logs/pretrain_encoder/small.log"
    assert "resumed after step 500 of 600" in pretraining.read_text(encoding="utf-8")
    finetuning = (folder / RUN / "finetune.log").read_text(encoding="utf-8")
    assert re.search(r"resumed after step [2-8]0 of 96", finetuning)
    for file in (*WEIGHTS, SCORES):
        assert (folder / file).read_bytes() == (finished / file).read_bytes(), file
    assert study.tables(folder).items() <= study.tables(finished).items()
    assert not list((folder / "results").rglob("*resume*"))
