"""Linear CKA: this project's feature form against Gram matrices, on states with outliers.

`python benchmarks/cka.py` prints a Markdown table.
"""

import argparse
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from isogloss.representations.cka import Similarity, linear_cka
from isogloss.seeds import named_seed

# Two dimensions of BERT's states are this many times the others' size or more
# (Kovaleva et al. 2021); their means are far from 0.
OUTLIERS = {0: 60.0, 1: -25.0}


def draw_states(count: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """States before and after a change, both float32 (count, width), with outlier dimensions."""
    generator = np.random.default_rng(named_seed(seed, "states"))
    spectrum = np.arange(1, width + 1) ** -0.5
    before = generator.standard_normal((count, width)) * spectrum
    before = before @ (generator.standard_normal((width, width)) / np.sqrt(width))
    turn = generator.standard_normal((width, width)) / np.sqrt(width)
    after = before + 0.25 * before @ turn
    for column, size in OUTLIERS.items():
        for states in (before, after):
            states[:, column] = size + generator.standard_normal(count)
    return before.astype(np.float32), after.astype(np.float32)


def gram_cka(first: np.ndarray, second: np.ndarray) -> Similarity:
    """Biased and debiased linear CKA from N x N Gram matrices, in the type of the states.

    Kornblith et al. 2019, Equation 3, and Song et al. 2012, Equation 5.
    """
    k, l = (states @ states.T for states in (first, second))  # noqa: E741
    return Similarity(_cosine(_centre(k), _centre(l), np.vdot), _cosine(k, l, _unbiased))


def _centre(gram: np.ndarray) -> np.ndarray:
    mean = gram.mean(0)
    return gram - mean - mean[:, None] + mean.mean()


def _unbiased(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    n = len(k)
    k, l = (gram - np.diag(np.diag(gram)) for gram in (k, l))  # noqa: E741
    share = k.sum() * l.sum() / ((n - 1) * (n - 2))
    return float(np.vdot(k, l) + share - 2 / (n - 2) * (k.sum(0) @ l.sum(0)))


def _cosine(k: np.ndarray, l: np.ndarray, product: Callable[..., Any]) -> float:  # noqa: E741
    scale = float(product(k, k)) * float(product(l, l))
    # Rounding can make an unbiased estimate of a square negative or 0.
    return float(product(k, l)) / math.sqrt(scale) if scale > 0 else math.nan


def gram_cka_double(first: np.ndarray, second: np.ndarray) -> Similarity:
    """The same in float64 on centred states: both estimates are the same, and lose no digits."""
    first, second = (states.astype(np.float64) for states in (first, second))
    return gram_cka(first - first.mean(0), second - second.mean(0))


FORMS: dict[str, Callable[[np.ndarray, np.ndarray], Similarity]] = {
    "isogloss, features": linear_cka,
    "Gram matrices, float64": gram_cka_double,
    "Gram matrices, float32": gram_cka,
}
REFERENCE = "Gram matrices, float64"


def benchmark(count: int, width: int, repeats: int, seed: int) -> dict[str, Any]:
    """Time all forms, interleaved; errors are against Gram matrices in float64."""
    states = draw_states(count, width, seed)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in FORMS}
    values: dict[str, Similarity] = {}
    for _ in range(repeats):
        for name, form in FORMS.items():
            wall, cpu = time.perf_counter(), time.process_time()
            values[name] = form(*states)
            seconds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    truth = values[REFERENCE]
    rows = {
        name: {
            "ms": 1000 * statistics.median(wall for wall, _ in seconds[name]),
            "cpu_ms": 1000 * statistics.median(cpu for _, cpu in seconds[name]),
            "biased": values[name].biased,
            "debiased": values[name].debiased,
            "biased_error": abs(values[name].biased - truth.biased),
            "debiased_error": abs(values[name].debiased - truth.debiased),
        }
        for name in FORMS
    }
    facts = {
        "examples": count,
        "dimensions": width,
        "repeats": repeats,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    return {"facts": facts, "forms": rows}


def markdown(result: dict[str, Any]) -> str:
    """The result as a table with its facts."""
    lines = [
        "| form | ms | CPU ms | biased CKA | error | debiased CKA | error |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in result["forms"].items():
        lines.append(
            f"| {name} | {row['ms']:.0f} | {row['cpu_ms']:.0f} "
            f"| {row['biased']:.6f} | {row['biased_error']:.1e} "
            f"| {row['debiased']:.6f} | {row['debiased_error']:.1e} |"
        )
    facts = ", ".join(f"{name} {value}" for name, value in result["facts"].items())
    return "\n".join([*lines, "", facts, ""])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=5010)
    parser.add_argument("--dimensions", type=int, default=768)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of numpy")
    parser.add_argument("--json", type=Path, help="file to write all measurements to")
    given = parser.parse_args(arguments)
    with threadpool_limits(given.threads):
        result = benchmark(given.examples, given.dimensions, given.repeats, given.seed)
    result["facts"]["threads"] = given.threads
    if given.json is not None:
        text = json.dumps(result, indent=2).replace("NaN", "null")
        given.json.write_text(text + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
