"""Run by test_training_resume.py: a training whose process is killed at given moments.

Each attempt is a fork of this process, so that the libraries load once. Argument: a JSON list
of trainings with `encoder`, `folder`, `recipe`, `seed` and `moments`, a list of [moment, count]:
the attempt is killed at the count-th time that it comes to that moment. After the moments one
attempt runs undisturbed and saves its run. Prints how each attempt of each training ended.
"""

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import torch
from models import pairs
from transformers import AutoModel, AutoTokenizer, BertModel, PreTrainedTokenizerFast

import isogloss.tables
from isogloss.config.recipes import Recipe
from isogloss.config.tasks import Nli
from isogloss.tables import write_atomically, write_table
from isogloss.training import checkpoint, finetune, loop, model

# The library loads these on first use; here that is before the forks.
LOADED = (AutoModel, AutoTokenizer, BertModel, PreTrainedTokenizerFast)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_count(count: int, call: Callable[..., Any], after: bool = False) -> Callable[..., Any]:
    """Kill the process at the count-th call, before it or after it."""
    left = [count]

    def counted(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0 and not after:
            die()
        found = call(*arguments, **named)
        if left[0] == 0:
            die()
        return found

    return counted


def half_written(path: str | Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write half of a state into the unfinished file, then die."""

    def half(file: IO[bytes]) -> None:
        whole = Path(f"{path}.whole")
        with whole.open("wb") as other:
            write(other)
        blob = whole.read_bytes()
        whole.unlink()
        file.write(blob[: len(blob) // 2])
        file.flush()
        die()

    write_atomically(path, half)


def disturb(moment: str, count: int) -> None:
    """Arrange the death of this process."""
    if moment == "step":
        model.Model.loss = at_count(count, model.Model.loss)  # type: ignore[method-assign]
    elif moment == "check":
        finetune.run_pass = at_count(count, finetune.run_pass, after=True)
    elif moment == "half":
        whole = checkpoint.write_atomically
        left = [count]

        def write(path: str | Path, call: Callable[[IO[bytes]], object]) -> None:
            left[0] -= 1
            (half_written if left[0] == 0 else whole)(path, call)

        setattr(checkpoint, "write_atomically", write)  # noqa: B010
    elif moment in ("fsync", "synced"):
        os.fsync = at_count(count, os.fsync, after=moment == "synced")
        assert isogloss.tables.os.fsync is os.fsync
    elif moment == "saved":
        loop.save_state = at_count(count, loop.save_state, after=True)


def attempt(job: dict[str, Any]) -> None:
    """Fine-tune to the end and write run, curve and facts."""
    folder = Path(job["folder"])
    logging.basicConfig(filename=folder / "log", level=logging.INFO, format="%(message)s")
    loop.pick_device = lambda: torch.device("cpu")
    rows = finetune.Rows("en", pairs(40, seed=1), None, pairs(15, seed=2))
    run = finetune.finetune(
        Path(job["encoder"]),
        2,
        Nli(kind="nli", corpus="family", max_length=16),
        Recipe(**job["recipe"]),
        job["seed"],
        [rows],
        folder / "resume.safetensors",
        "code",
    )
    model.save_run(folder / "run.safetensors", run.model)
    write_table(folder / "curve.parquet", "curve", run.curve)
    (folder / "facts.json").write_text(json.dumps(run.facts))


def in_child(call: Callable[[], None], seconds: float | None = None) -> int:
    """Run in a fork, killed after so many seconds; minus the signal or the exit status."""
    child = os.fork()
    if child == 0:
        try:
            call()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(job: dict[str, Any]) -> list[int]:
    ends = []
    for moment, count in [*job["moments"], ["end", 0]]:

        def call(moment: str = moment, count: int = count) -> None:
            disturb(moment, int(count))
            attempt(job)

        ends.append(in_child(call, count if moment == "seconds" else None))
    return ends


if __name__ == "__main__":
    print(json.dumps([main(job) for job in json.loads(sys.argv[1])]))
