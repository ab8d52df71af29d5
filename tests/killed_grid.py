"""Run by test_landscapes.py: a grid whose process is killed at random moments.

Each attempt is a fork of this process, so that the libraries load once. Arguments: a folder and
a seed. Prints how each attempt ended, and how many points were known after it.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from killed_training import LOADED
from landscape import LANGUAGES, Pair, save_pair

from isogloss.landscapes import grid
from isogloss.landscapes.frames import line_points

ALPHAS = [round(step / 20, 2) for step in range(-10, 31)]
POINTS = list(line_points(["all", "head"], ALPHAS).values())
KILLS = 20
WATCH = os.WEXITED | os.WNOHANG | os.WNOWAIT


def known(journal: Path) -> int:
    """Whole lines of a journal behind its heading."""
    return max(0, journal.read_bytes().count(b"\n") - 1) if journal.is_file() else 0


def slowly(call: Any) -> Any:
    """A call that takes some milliseconds more, so that kills fall between and into points."""

    def slow(*arguments: Any) -> Any:
        time.sleep(0.005)
        return call(*arguments)

    return slow


def attempt(pair: Pair, journal: Path) -> None:
    """Score all points."""
    grid.score_points(pair.setting, pair.runs, pair.rows, POINTS, journal)


def killed(pair: Pair, journal: Path, points: int, more: float) -> int:
    """Kill an attempt some time after it has found so many points; minus the signal, or 0."""
    wanted = known(journal) + points
    child = os.fork()
    if child == 0:
        attempt(pair, journal)
        os._exit(0)
    while known(journal) < wanted and os.waitid(os.P_PID, child, WATCH) is None:
        time.sleep(0.001)
    time.sleep(more)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, seed: int) -> list[tuple[int, int]]:
    assert LOADED and LANGUAGES
    pair, drawn = save_pair(folder), random.Random(seed)
    journal = folder / "killed.jsonl"
    grid.scores_of = slowly(grid.scores_of)
    ends = []
    for _ in range(KILLS):
        end = killed(pair, journal, drawn.randint(0, 7), drawn.uniform(0, 0.02))
        ends.append((end, known(journal)))
    attempt(pair, journal)
    ends.append((0, known(journal)))
    attempt(pair, folder / "undisturbed.jsonl")
    return ends


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
