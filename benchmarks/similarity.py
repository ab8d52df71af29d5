"""Indices of similarity: each language prepared once against each pair by itself.

One source, some targets, all layers; then all indices in one call, as the workflow has them, which
share products of states. `python benchmarks/similarity.py` prints a Markdown table.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from isogloss.representations.indices import INDICES, similarity, similarity_frame
from isogloss.representations.states import StatesFile, write_states
from isogloss.seeds import named_seed

# A dimension whose mean is far from 0, as BERT's states have (Kovaleva et al. 2021).
OUTLIER = 60.0


def draw_states(
    languages: int, sentences: int, layers: int, width: int, seed: int
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Languages with ids and states (sentences, layers + 1, width), half shared and half own."""
    spectrum = np.arange(1, width + 1) ** -0.5
    shared = np.random.default_rng(named_seed(seed, "shared")).normal(size=(sentences, width))
    for language in range(languages):
        generator = np.random.default_rng(named_seed(seed, "language", language))
        turn = generator.normal(size=(width, width)) / np.sqrt(width)
        states = np.empty((sentences, layers + 1, width), np.float32)
        for layer in range(layers + 1):
            own = generator.normal(size=(sentences, width))
            states[:, layer] = ((shared + own) * spectrum) @ turn
            states[:, layer, 0] = OUTLIER + own[:, 0]
        yield f"language-{language:02d}", np.arange(sentences), states


def pair_by_pair(
    file: StatesFile, pairs: list[tuple[str, str]], name: str, sentences: int
) -> np.ndarray:
    """The same values, in the same order, by a loop in which nothing is kept."""
    return np.array(
        [
            similarity(name, *(file.layer(code, layer)[:sentences] for code in pair))
            for pair in pairs
            for layer in range(file.layers + 1)
        ]
    )


def prepared(
    file: StatesFile, pairs: list[tuple[str, str]], name: str, sentences: int
) -> np.ndarray:
    """Values of the project's table."""
    return similarity_frame(file, pairs, [name], sentences)["value"].to_numpy()


def benchmark(
    file: StatesFile, pairs: list[tuple[str, str]], sentences: int, repeats: int
) -> dict[str, Any]:
    """Time both ways for each index, interleaved, in CPU and wall seconds."""
    rows = {}
    for name in INDICES:
        ways: dict[str, Callable[..., np.ndarray]] = {"own": prepared, "pairs": pair_by_pair}
        spent: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        values = {}
        for _ in range(repeats):
            for way, measure in ways.items():
                wall, cpu = time.perf_counter(), time.process_time()
                values[way] = measure(file, pairs, name, sentences)
                spent[way].append((time.perf_counter() - wall, time.process_time() - cpu))
        seconds = {
            way: [statistics.median(column) for column in zip(*times, strict=True)]
            for way, times in spent.items()
        }
        rows[name] = {
            "wall": seconds["own"][0],
            "cpu": seconds["own"][1],
            "cpu_ratio": seconds["pairs"][1] / seconds["own"][1],
            "mean": float(values["own"].mean()),
            "difference": float(np.abs(values["own"] - values["pairs"]).max()),
            "repetitions": spent,
        }
    return {"indices": rows}


def together(
    file: StatesFile, pairs: list[tuple[str, str]], sentences: int, repeats: int, threads: int
) -> dict[str, float]:
    """Median wall and CPU seconds of one call for all indices."""
    spent = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        similarity_frame(file, pairs, list(INDICES), sentences, threads=threads)
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    walls, cpus = zip(*spent, strict=True)
    return {"wall": statistics.median(walls), "cpu": statistics.median(cpus)}


def markdown(result: dict[str, Any]) -> str:
    """The result as a table with its facts."""
    lines = [
        "| index | wall s | CPU s | pair by pair: times the CPU | mean value | difference |",
        "|---|---|---|---|---|---|",
    ]
    rows = result["indices"]
    for name, row in rows.items():
        lines.append(
            f"| {name} | {row['wall']:.1f} | {row['cpu']:.1f} | {row['cpu_ratio']:.1f} "
            f"| {row['mean']:.4f} | {row['difference']:.1e} |"
        )
    for threads, row in result["together"].items():
        title = f"all in one call, {threads} threads" if threads > 1 else "all in one call"
        lines.append(f"| {title} | {row['wall']:.1f} | {row['cpu']:.1f} | | | |")
    facts = ", ".join(f"{name} {value}" for name, value in result["facts"].items())
    return "\n".join([*lines, "", facts, ""])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=600)
    parser.add_argument("--dimensions", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--targets", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="of the second call for all")
    parser.add_argument("--json", type=Path, help="file to write all measurements to")
    given = parser.parse_args(arguments)
    sizes = (given.targets + 1, given.sentences, given.layers, given.dimensions)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = Path(folder) / "states.parquet"
        write_states(path, draw_states(*sizes, given.seed))
        file = StatesFile(path)
        source, *targets = file.languages
        pairs = [(source, target) for target in targets]
        result = benchmark(file, pairs, given.sentences, given.repeats)
        result["together"] = {
            threads: together(file, pairs, given.sentences, given.repeats, threads)
            for threads in sorted({1, given.threads})
        }
    result["facts"] = {
        "sentences": given.sentences,
        "dimensions": given.dimensions,
        "layers": given.layers + 1,
        "pairs": given.targets,
        "repeats": given.repeats,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
