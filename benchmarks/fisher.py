"""The diagonal of the Fisher information: this project's batches against single examples.

`python benchmarks/fisher.py` measures a BERT of multilingual BERT's size and prints a Markdown
table; `--vocabulary 250002` is XLM-R's. The loop over single examples is how it is usually found:
a forward and a backward pass of the whole model for each example.
"""

import argparse
import functools
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from squares import (
    ARMS,
    REFERENCE,
    SMALL,
    Arm,
    Sample,
    Settings,
    build_model,
    draw_sample,
    installed,
)

from isogloss.subnetworks.sums import empty

SENTENCES = 1024


class Measured(NamedTuple):
    """Seconds, CPU seconds and MiB beyond the model, of one pass over all examples."""

    wall: float
    cpu: float
    memory: float


def largest_difference(name: str, ragged: bool, device: torch.device) -> float:
    """Largest difference of an arm from the loop, relative to a tensor's largest value, float64.

    The bias of keys has the gradient 0 and is left out, and so is what an arm does not know.
    """
    settings = SMALL._replace(ragged=ragged)
    sample = draw_sample(settings)
    found = []
    for arm in (name, REFERENCE):
        # A peer may leave traces in a model.
        model = build_model(settings, device).double()
        values = empty(model).values
        ARMS[arm][1](model, sample, values, False)
        found.append(values)
    first, wanted = found
    return max(
        float((first[key] - value).abs().max() / value.max())
        for key, value in wanted.items()
        if not key.endswith("key.bias") and not (name == "backpack" and "LayerNorm" in key)
    )


def measure(arm: Arm, model: Any, sample: Sample, half: bool) -> Measured:
    """One pass over the sample."""
    device = next(model.parameters()).device
    before = _reset_peak(device)
    wall, cpu = time.perf_counter(), time.process_time()
    values = empty(model).values
    arm(model, sample, values, half)
    if device.type == "cuda":
        torch.cuda.synchronize()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(wall, cpu, _peak(device) - before)


def _reset_peak(device: torch.device) -> float:
    """Begin to watch memory; what is in use now, MiB."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() / 2**20
    # Linux: VmHWM, the peak, starts again from what is resident.
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return _resident("VmRSS")


def _peak(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return _resident("VmHWM")


def _resident(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def benchmark(settings: Settings, names: Sequence[str], device: torch.device) -> dict[str, Any]:
    """Run all arms, interleaved, after the equality check.

    Returns
    -------
    facts, and per arm its difference from the loop, its repetitions and their summary; an arm
    whose library is not installed has none
    """
    ready = [name for name in names if installed(name)]
    differences = {name: largest_difference(name, settings.ragged, device) for name in ready}
    half = settings.precision == "bf16" or (settings.precision, device.type) == ("auto", "cuda")
    model, sample = build_model(settings, device), draw_sample(settings)
    runs: dict[str, list[Measured]] = {name: [] for name in ready}
    for repeat in range(settings.repeats):
        turn = repeat % len(ready)
        for name in ready[turn:] + ready[:turn]:
            runs[name].append(measure(ARMS[name][1], model, sample, half))
            spent = 1000 * runs[name][-1].wall / settings.examples
            print(f"{repeat + 1}: {ARMS[name][0]}: {spent:.0f} ms per example", file=sys.stderr)
    lengths = [example.length for example in sample.examples]
    facts = settings._asdict() | {
        "precision": "bf16" if half else "fp32",
        "mean_length": statistics.fmean(lengths),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else platform.machine(),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    summarise = functools.partial(summary, base=runs.get(REFERENCE), examples=settings.examples)
    return {
        "facts": facts,
        "arms": {
            name: {
                "title": ARMS[name][0],
                "difference": differences.get(name),
                "summary": summarise(runs[name]) if name in runs else None,
                "repetitions": [one._asdict() for one in runs.get(name, [])],
            }
            for name in names
        },
    }


def summary(
    found: Sequence[Measured], base: Sequence[Measured] | None, examples: int
) -> dict[str, float | None]:
    """Medians over repetitions; `speed_up` and `cpu_speed_up` are paired with the loop's."""

    def ratio(clock: str) -> float | None:
        if base is None:
            return None
        pairs = zip(found, base, strict=True)
        return statistics.median(getattr(b, clock) / getattr(a, clock) for a, b in pairs)

    wall = statistics.median(one.wall for one in found) / examples
    return {
        "ms": 1000 * wall,
        "cpu_ms": 1000 * statistics.median(one.cpu for one in found) / examples,
        "speed_up": ratio("wall"),
        "cpu_speed_up": ratio("cpu"),
        "seconds": wall * SENTENCES,
        "memory": max(one.memory for one in found),
    }


def markdown(result: dict[str, Any]) -> str:
    """The result as a table with its facts."""
    lines = [
        "| way | ms per example | CPU ms per example | times faster than the loop | in CPU time "
        f"| s for {SENTENCES:,} sentences | peak MiB beyond the model | error in float64 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for arm in result["arms"].values():
        s = arm["summary"]
        if s is None:
            lines.append(f"| {arm['title']} | not installed | | | | | | |")
            continue
        ratios = (s["speed_up"], s["cpu_speed_up"])
        faster, cheaper = ("" if ratio is None else f"{ratio:.2f}" for ratio in ratios)
        lines.append(
            f"| {arm['title']} | {s['ms']:.1f} | {s['cpu_ms']:.1f} | {faster} | {cheaper} "
            f"| {s['seconds']:.1f} | {s['memory']:.0f} | {arm['difference']:.1e} |"
        )
    facts = ", ".join(f"{name} {value}" for name, value in result["facts"].items())
    return "\n".join([*lines, "", facts, ""])


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    default = Settings()
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("layers", "width", "vocabulary", "length", "examples", "repeats"):
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name))
    parser.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16"),
        default=default.precision,
        help="auto: bf16 with float32 sums on a GPU",
    )
    parser.add_argument("--ragged", action="store_true", help="lengths differ, up to --length")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of torch")
    parser.add_argument("--json", type=Path, help="file to write all measurements to")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON where asked."""
    given = parse(arguments)
    found = "cuda" if torch.cuda.is_available() else "cpu"
    device = found if given.device == "auto" else given.device
    if device == "cuda" and found == "cpu":
        raise SystemExit("--device cuda: this process sees no GPU; allowed: cpu")
    torch.set_num_threads(given.threads)
    settings = Settings(**{name: getattr(given, name) for name in Settings._fields})
    result = benchmark(settings, given.arms, torch.device(device))
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
