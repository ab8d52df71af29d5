"""Fine-tuning: this project's loop against the Hugging Face Trainer, in one run on the same data.

`python benchmarks/finetune.py --shape small --steps 40` prints a Markdown table.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import torch
import transformers
from trainings import ARMS, SHAPES, SPECIAL, Data, Measured, Settings, draw_data, measure

from isogloss.encoders.vocabulary import used_ids


def largest_difference(settings: Settings, data: Data, device: torch.device) -> float:
    """Largest difference between any two arms' losses of a step, same batches, dropout 0, fp32.

    The learning rate is high, so that a wrong update shows in the next loss.
    """
    exact = settings._replace(dropout=0.0, learning_rate=1e-3, precision="fp32")
    arms = [ARMS[name] for name in settings.arms if not ARMS[name].grouped]
    losses = [measure(arm, exact, settings.check, data, device).losses for arm in arms]
    return float(np.ptp(np.array(losses), axis=0).max())


def facts_of(settings: Settings, data: Data, device: torch.device) -> dict[str, Any]:
    """Where and with what a run was made."""
    lengths = np.array([len(item.ids) for item in data.inputs])
    return {
        "shape": settings.shape,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else platform.machine(),
        "precision": "bf16" if (device.type, settings.precision) == ("cuda", "auto") else "fp32",
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "accelerate": accelerate.__version__,
        "steps": settings.steps,
        "repeats": settings.repeats,
        "batch": settings.batch,
        "dropout": settings.dropout,
        "learning_rate": settings.learning_rate,
        "lengths": str(settings.lengths.name) if settings.lengths else "lognormal",
        "mean_length": float(lengths.mean()),
        "embedding_rows": SHAPES[settings.shape].vocabulary,
        "embedding_rows_kept": len(used_ids(data.inputs, SPECIAL)),
    }


def rounds(settings: Settings) -> Iterator[tuple[int, str]]:
    """Repetition and arm; each repetition begins with another arm, so that drift is shared."""
    for repeat in range(settings.repeats):
        turn = repeat % len(settings.arms)
        for name in settings.arms[turn:] + settings.arms[:turn]:
            yield repeat, name


def benchmark(settings: Settings, device: torch.device) -> dict[str, Any]:
    """Run all arms, interleaved.

    Returns
    -------
    facts, the equality check of the losses, and per arm its repetitions and their summary
    """
    size = settings.batch * max(settings.steps, settings.pool)
    data = draw_data(SHAPES[settings.shape], size, settings.seed, settings.lengths)
    facts = facts_of(settings, data, device)
    difference = largest_difference(settings, data, device) if settings.check else None
    for name in settings.arms if settings.warm_up else ():
        measure(ARMS[name], settings, settings.warm_up, data, device)
    runs: dict[str, list[Measured]] = {name: [] for name in settings.arms}
    for repeat, name in rounds(settings):
        found = measure(ARMS[name], settings, settings.steps, data, device)
        runs[name].append(found)
        spent = 1000 * found.wall / settings.steps
        print(f"{repeat + 1}: {ARMS[name].title}: {spent:.1f} ms per step", file=sys.stderr)
    return {
        "facts": facts | {"load_average_after": os.getloadavg()[0]},
        "loss_difference": difference,
        "arms": {
            name: {
                "title": ARMS[name].title,
                "summary": summary(all_runs, runs[settings.arms[0]], settings),
                "repetitions": [one._asdict() for one in all_runs],
            }
            for name, all_runs in runs.items()
        },
    }


def summary(
    found: list[Measured], base: list[Measured], settings: Settings
) -> dict[str, float | None]:
    """Medians over repetitions; ratios are paired within a repetition, per real sub-word."""

    def ratio(clock: str) -> float:
        pairs = zip(found, base, strict=True)
        return statistics.median(
            (getattr(a, clock) / a.tokens) / (getattr(b, clock) / b.tokens) for a, b in pairs
        )

    wall = statistics.median(one.wall for one in found) / settings.steps
    cpu = statistics.median(one.cpu for one in found) / settings.steps
    tail = max(1, settings.steps // 5)
    return {
        "ms_per_step": 1000 * wall,
        "cpu_ms_per_step": 1000 * cpu,
        "samples_per_second": settings.batch / wall,
        "processed_per_real": found[0].processed / found[0].tokens,
        "final_loss": statistics.fmean(found[0].losses[-tail:]),
        "wall_ratio": ratio("wall"),
        "cpu_ratio": ratio("cpu"),
        "memory": found[0].memory,
    }


def markdown(result: dict[str, Any]) -> str:
    """The result as a table with its facts."""
    facts = ", ".join(f"{name} {value}" for name, value in result["facts"].items())
    lines = [
        "| loop | ms per step | CPU ms per step | samples/s | processed/real | final loss "
        "| time (times the first) | CPU time (times the first) | GPU MiB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in result["arms"].values():
        s = arm["summary"]
        memory = "" if s["memory"] is None else f"{s['memory']:.0f}"
        lines.append(
            f"| {arm['title']} | {s['ms_per_step']:.1f} | {s['cpu_ms_per_step']:.1f} "
            f"| {s['samples_per_second']:.1f} | {s['processed_per_real']:.3f} "
            f"| {s['final_loss']:.4f} | {s['wall_ratio']:.2f} | {s['cpu_ratio']:.2f} | {memory} |"
        )
    if result["loss_difference"] is not None:
        lines.append("")
        lines.append(
            "Same batches, dropout 0, fp32: the losses of all loops (group_by_length has other "
            f"batches) differ by at most {result['loss_difference']:.1e}."
        )
    return "\n".join([*lines, "", f"{facts}", ""])


def parse(arguments: Sequence[str] | None) -> tuple[Settings, str, int, Path | None]:
    """Settings, device, threads and where to write JSON."""
    default = Settings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default=default.shape)
    parser.add_argument("--steps", type=int, default=default.steps)
    parser.add_argument("--repeats", type=int, default=default.repeats)
    parser.add_argument("--batch", type=int, default=default.batch)
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument("--dropout", type=float, default=default.dropout)
    parser.add_argument(
        "--precision",
        choices=("auto", "fp32"),
        default=default.precision,
        help="auto: bf16 autocast on a GPU",
    )
    parser.add_argument(
        "--pool", type=int, default=default.pool, help="batches of the training set, at least"
    )
    parser.add_argument("--warm-up", type=int, default=default.warm_up, help="steps, not timed")
    parser.add_argument("--check", type=int, default=default.check, help="steps at dropout 0")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--lengths", type=Path, help="TSV with a column `length`")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=default.arms)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of torch")
    parser.add_argument("--json", type=Path, help="file to write all measurements to")
    given = vars(parser.parse_args(arguments))
    device, threads, file = given.pop("device"), given.pop("threads"), given.pop("json")
    given["arms"] = tuple(given["arms"])
    return Settings(**given), device, threads, file


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON where asked."""
    settings, wanted, threads, file = parse(arguments)
    found = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted not in ("auto", found):
        raise SystemExit(
            f"--device {wanted}: this process sees {found}; hide a GPU with CUDA_VISIBLE_DEVICES="
        )
    torch.set_num_threads(threads)
    result = benchmark(settings, torch.device(found))
    if file is not None:
        file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
