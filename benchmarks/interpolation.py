"""A grid of weights between three runs: setting a point, and scoring held-out pairs there.

`python benchmarks/interpolation.py` measures a BERT of multilingual BERT's size with a classifier
of pairs and prints Markdown tables; `--shape xlmr-large` has the size of XLM-R large.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import transformers
from mixtures import (
    SIZES,
    XNLI,
    Runs,
    Way,
    draw_sets,
    error_of,
    open_runs,
    padded,
    padded_states,
    ways_of,
)
from trainings import PAD, Shape

from isogloss.config.landscapes import AXIS
from isogloss.landscapes.corners import Corners, set_point
from isogloss.landscapes.evaluation import DevSets, Scores, prepare, scores_of, states_of
from isogloss.landscapes.points import Point, line_point, plane_point
from isogloss.tasks.nli import LABELS

LONGEST = 128
PLANE = [plane_point("all", first, second) for first in AXIS for second in AXIS]
ALPHAS = (0.3, -0.5, 0.7, 1.5, 0.1)
LINE_POINTS = [line_point("all", "source", alpha) for alpha in ALPHAS]
PLANE_POINTS = [plane_point("all", alpha, 0.4) for alpha in ALPHAS]
# Rounding may turn the label of a pair whose two best ones are nearly as good.
TURNED = 0.01


class Settings(NamedTuple):
    """What is measured. `pairs` : per language; `batch` : pairs in a batch of a peer."""

    shape: Shape
    pairs: int
    batch: int
    repeats: int
    scorings: int
    whole: bool
    precision: str
    seed: int


class Timed(NamedTuple):
    """Seconds of each repetition, by wall and by CPU clock."""

    wall: list[float]
    cpu: list[float]


def clock(work: Callable[[], Any], device: torch.device) -> tuple[float, float]:
    """Seconds of a piece of work by wall and CPU clock; it is done where it returns."""
    _wait(device)
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    _wait(device)
    return time.perf_counter() - wall, time.process_time() - cpu


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def interleaved(
    arms: Mapping[str, Callable[[int], Any]], repeats: int, device: torch.device, warm_up: bool
) -> dict[str, Timed]:
    """Run all arms, given the repetition, `repeats` times; each time another one begins."""
    names = list(arms)
    for name in names if warm_up else ():
        arms[name](0)
    found = {name: Timed([], []) for name in names}
    for repeat in range(repeats):
        turn = repeat % len(names)
        for name in names[turn:] + names[:turn]:
            wall, cpu = clock(partial(arms[name], repeat), device)
            found[name].wall.append(wall)
            found[name].cpu.append(cpu)
    return found


def summary(
    what: str, timed: Mapping[str, Timed], notes: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    """One line per way; `times` is how often it takes the first one's time, paired."""
    first = next(iter(timed.values()))

    def ratio(clock: str, found: Timed) -> float:
        pairs = zip(getattr(found, clock), getattr(first, clock), strict=True)
        return statistics.median(own / base for own, base in pairs)

    return [
        {
            "what": what,
            "way": name,
            "ms": 1000 * statistics.median(found.wall),
            "cpu_ms": 1000 * statistics.median(found.cpu),
            "times": ratio("wall", found),
            "cpu_times": ratio("cpu", found),
            "note": notes[name],
            "repetitions": found._asdict(),
        }
        for name, found in timed.items()
    ]


def setting_rows(
    what: str, ways: Mapping[str, Way], points: Sequence[Point], repeats: int, device: torch.device
) -> list[dict[str, Any]]:
    """Ways to set a point; the note is the largest error over all weights."""

    def work(way: Way, repeat: int) -> None:
        way.set(points[repeat % len(points)])

    arms = {name: partial(work, way) for name, way in ways.items()}
    timed = interleaved(arms, repeats, device, True)
    return summary(what, timed, {name: error_of(way, points[0]) for name, way in ways.items()})


def scoring_rows(
    settings: Settings, corners: Corners, sets: DevSets, kept: np.ndarray, device: torch.device
) -> list[dict[str, Any]]:
    """Ways to score a point; the note is sub-words computed over real ones.

    Raises AssertionError where a way finds other scores than this project's.
    """
    model = corners.model
    held = {
        "isogloss": sets,
        "padded to the longest of a batch, unsorted": padded(
            sets, kept, settings.batch, None, device
        ),
        f"padded to {LONGEST}": padded(sets, kept, settings.batch, LONGEST, device),
    }
    found: dict[str, Scores] = {}

    def work(name: str, repeat: int) -> None:
        states = states_of if name == "isogloss" else padded_states
        found[name] = scores_of(model, held[name], states(model, held[name]))

    set_point(corners, PLANE_POINTS[0])
    arms = {name: partial(work, name) for name in held}
    timed = interleaved(arms, settings.scorings, device, device.type == "cuda")
    for name, scores in found.items():
        for language, metrics in scores.items():
            away = abs(metrics["accuracy"] - found["isogloss"][language]["accuracy"])
            assert away <= 100 * max(TURNED, 1 / settings.pairs), (name, language, away)
    real = sum(batch.tokens for batch, _ in sets.batches)
    computed = {
        name: sum(batch.processed for batch, _ in one.batches) / real for name, one in held.items()
    }
    return summary(f"scores of {2 * settings.pairs} pairs", timed, computed)


def plane_seconds(corners: Corners, sets: DevSets, device: torch.device) -> float:
    """Seconds of all points of a plane."""

    def work() -> None:
        for point in PLANE:
            set_point(corners, point)
            scores_of(corners.model, sets, states_of(corners.model, sets))

    return clock(work, device)[0]


def benchmark(settings: Settings, device: torch.device) -> dict[str, Any]:
    """Time setting and scoring, and what a plane takes."""
    fast = device.type == "cuda" and settings.precision == "auto"
    torch.set_float32_matmul_precision("high" if fast else "highest")
    frames, parts, kept = draw_sets(settings.shape, settings.pairs, settings.seed)
    sets = prepare("nli", LABELS, frames, parts, kept, PAD, 0, device)
    used = open_runs(settings.shape, settings.seed, kept, device)
    lines, planes, parameters = _settings_of_points(settings, used, device)
    scoring = scoring_rows(settings, used.corners, sets, kept, device)
    one = planes[0]["ms"] / 1000
    point = one + scoring[0]["ms"] / 1000 * XNLI / settings.pairs
    plane = {
        "points": len(PLANE),
        "pairs": 2 * XNLI,
        "seconds": len(PLANE) * point,
        "share": one / point,
        "whole": plane_seconds(used.corners, sets, device) if settings.whole else None,
        "whole_pairs": 2 * settings.pairs,
    }
    facts = settings.shape._asdict() | {
        "parameters": parameters,
        "with the sub-words that occur": len(used.corners.weights),
        **{name: getattr(settings, name) for name in ("pairs", "batch", "repeats", "scorings")},
        "precision": "TF32" if fast else "fp32",
        "device": torch.cuda.get_device_name() if device.type == "cuda" else platform.machine(),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    return {"facts": facts, "setting": lines + planes, "scoring": scoring, "plane": plane}


def _settings_of_points(
    settings: Settings, used: Runs, device: torch.device
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Rows of lines and of planes, and parameters with all sub-words, which are freed again."""
    full = open_runs(settings.shape, settings.seed, None, device)
    lines, planes = (
        setting_rows(what, ways_of(used, full, line), points, settings.repeats, device)
        for what, line, points in (
            ("point on a line", True, LINE_POINTS),
            ("point in a plane", False, PLANE_POINTS),
        )
    )
    return lines, planes, len(full.corners.weights)


def markdown(result: dict[str, Any]) -> str:
    """The result as tables with its facts."""
    titles = {
        "setting": "largest error, units in the last place",
        "scoring": "computed / real",
    }
    lines = []
    for part, title in titles.items():
        lines += [
            f"| {part} | way | ms | CPU ms | times isogloss | in CPU time | {title} |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in result[part]:
            note = "" if row["note"] is None else f"{row['note']:.2f}"
            lines.append(
                f"| {row['what']} | {row['way']} | {row['ms']:.1f} | {row['cpu_ms']:.1f} "
                f"| {row['times']:.2f} | {row['cpu_times']:.2f} | {note} |"
            )
        lines.append("")
    plane = result["plane"]
    lines.append(
        f"A plane of {plane['points']} points, {plane['pairs']} pairs each: "
        f"{plane['seconds']:.1f} s by these times, {100 * plane['share']:.3g} % of it setting."
    )
    if plane["whole"] is not None:
        lines.append(f"Measured whole with {plane['whole_pairs']} pairs: {plane['whole']:.1f} s.")
    facts = ", ".join(f"{name} {value}" for name, value in result["facts"].items())
    return "\n".join([*lines, "", facts, ""])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print tables, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SIZES, default="mbert")
    for name in Shape._fields:
        parser.add_argument(f"--{name}", type=int, help="instead of the shape's")
    parser.add_argument("--pairs", type=int, help=f"per language; {XNLI} on a GPU, 32 on a CPU")
    parser.add_argument("--batch", type=int, help="pairs of a peer; 256 on a GPU, 32 on a CPU")
    parser.add_argument("--repeats", type=int, default=5, help="of setting a point")
    parser.add_argument("--scorings", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="measure all points of a plane too")
    parser.add_argument("--precision", choices=("auto", "fp32"), default="auto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of torch")
    parser.add_argument("--json", type=Path, help="file to write all measurements to")
    given = parser.parse_args(arguments)
    found = "cuda" if torch.cuda.is_available() else "cpu"
    device = found if given.device == "auto" else given.device
    if device == "cuda" and found == "cpu":
        raise SystemExit("--device cuda: this process sees no GPU; allowed: cpu")
    torch.set_num_threads(given.threads)
    changes = {n: getattr(given, n) for n in Shape._fields if getattr(given, n) is not None}
    settings = Settings(
        SIZES[given.shape]._replace(**changes),
        given.pairs or (XNLI if device == "cuda" else 32),
        given.batch or (256 if device == "cuda" else 32),
        *(getattr(given, name) for name in Settings._fields[3:]),
    )
    result = benchmark(settings, torch.device(device))
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
