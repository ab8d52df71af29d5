"""Masks of sub-networks and their overlap: this project's forms against numpy's and others.

`python benchmarks/overlap.py` prints Markdown tables; the defaults are the encoder of BERT-base.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from isogloss.seeds import named_seed
from isogloss.subnetworks.masks import levels, mask, select
from isogloss.subnetworks.overlap import Read, jaccard, pack, shared, total, within

GRID = [round(0.05 * step, 2) for step in range(1, 20)]
# where the study's single p stands in the grid
CHOSEN = GRID.index(0.15)


class Timed(NamedTuple):
    """A result and the seconds it took."""

    value: Any
    wall: list[float]
    cpu: list[float]


def timed(work: Callable[[], Any], repeats: int) -> Timed:
    """Run a piece of work several times; its value is the last one."""
    wall, cpu, value = [], [], None
    for _ in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        value = work()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    return Timed(value, wall, cpu)


def row(what: str, form: str, found: Timed, same: bool | None) -> dict[str, Any]:
    """One line of the table; `same` tells whether the result equals this project's."""
    wall, cpu = (1000 * statistics.median(part) for part in found[1:])
    return {"what": what, "form": form, "ms": wall, "cpu_ms": cpu, "same": same}


def draw_fisher(size: int, seed: int, language: int) -> np.ndarray:
    """Squared gradients, float32 (size,): scales that languages share, and draws of their own."""
    scales = np.random.default_rng(named_seed(seed, "scales"))
    own = np.random.default_rng(named_seed(seed, "gradients", language))
    values = np.exp(scales.standard_normal(size, dtype=np.float32))
    values *= own.standard_normal(size, dtype=np.float32)
    return np.square(values, out=values)


def draw_levels(size: int, seed: int, language: int) -> np.ndarray:
    """Levels of a language, uint8 (size,)."""
    fisher = draw_fisher(size, seed, language)
    return levels(fisher, [found.threshold for found in select(fisher, GRID)])


def percentiles(fisher: np.ndarray) -> list[np.floating]:
    """Thresholds of all p as the released code finds each."""
    return [np.percentile(fisher, (1 - p) * 100) for p in GRID]


def from_masks(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> np.ndarray:
    """Jaccard coefficients of dense masks, bool (size,) each."""
    return np.array(
        [
            np.count_nonzero(one & other) / np.count_nonzero(one | other)
            for one, other in zip(first, second, strict=True)
        ]
    )


def by_sorting(one: np.ndarray, other: np.ndarray) -> float:
    """Jaccard coefficient of two dense masks, counted by np.unique as in the released code."""
    counts = [
        dict(zip(*np.unique(both, return_counts=True), strict=True)).get(True, 0)
        for both in (one & other, one | other)
    ]
    return float(counts[0] / counts[1])


def mask_rows(size: int, repeats: int, seed: int) -> list[dict[str, Any]]:
    """Thresholds of all p, and levels."""
    fisher = draw_fisher(size, seed, 0)
    own = timed(lambda: select(fisher, GRID), repeats)
    thresholds = [found.threshold for found in own.value]
    once = timed(lambda: percentiles(fisher), 1)
    quantised = timed(lambda: levels(fisher, thresholds), repeats)
    rising = np.array(thresholds[::-1], np.float32)
    searched = timed(lambda: np.searchsorted(rising, fisher, "right").astype(np.uint8), 1)
    return [
        row("thresholds, all p", "isogloss", own, None),
        row("thresholds, all p", "np.percentile, one p at a time", once, once.value == thresholds),
        row("levels", "isogloss", quantised, None),
        row("levels", "np.searchsorted", searched, bool((searched.value == quantised.value).all())),
    ]


def pair_rows(read: Read, blocks: Sequence[int], repeats: int) -> list[dict[str, Any]]:
    """One pair of languages."""
    grid, pair = len(GRID), ["0", "1"]
    whole = [np.concatenate([read(name, block) for block in blocks]) for name in pair]
    own = timed(lambda: within(read, pair, blocks, grid), repeats)
    counts = total(own.value)
    expected = jaccard(counts)[0, 1]
    packing = timed(lambda: pack(whole[0], grid), repeats)
    first, second = packing.value[:, None], pack(whole[1], grid)[:, None]
    packed = timed(lambda: shared(first, second)[0, 0], repeats)
    dense = [[mask(held, place, grid) for place in range(grid)] for held in whole]
    masks = timed(lambda: from_masks(*dense), repeats)
    chosen = [held[CHOSEN] for held in dense]
    one = timed(lambda: by_sorting(*chosen), 1)
    what = "one pair, all p"
    return [
        row(what, "isogloss, from levels", own, None),
        row(
            what,
            "isogloss, from masks as bits",
            packed,
            bool((packed.value == counts.intersection[0, 1]).all()),
        ),
        row("masks as bits of one language, all p", "isogloss", packing, None),
        row(what, "dense masks", masks, bool((masks.value == expected).all())),
        row(
            "one pair, one p",
            "np.unique of dense masks",
            one,
            bool(one.value == expected[CHOSEN]),
        ),
    ]


def benchmark(size: int, blocks: int, languages: int, repeats: int, seed: int) -> dict[str, Any]:
    """Time all forms; `size` is a block's number of parameters."""
    rows = mask_rows(size * blocks, repeats, seed)
    names = [str(place) for place in range(languages)]
    held = {name: draw_levels(size * blocks, seed, place) for place, name in enumerate(names)}

    def read(name: str, block: int) -> np.ndarray:
        return held[name][(block - 1) * size : block * size]

    numbers = list(range(1, blocks + 1))
    grid = timed(lambda: within(read, names, numbers, len(GRID)), repeats)
    # Before the dense forms below need more memory than all of this project's.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tracemalloc.start()
    within(read, names, numbers[:1], len(GRID))
    beyond = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rows += pair_rows(read, numbers, repeats)
    pairs = languages * (languages + 1) // 2
    rows.append(row(f"{pairs} pairs, all p, one seed", "isogloss, from levels", grid, None))
    facts = {
        "parameters": size * blocks,
        "blocks": blocks,
        "p": len(GRID),
        "languages": languages,
        "MiB of levels held": round(languages * size * blocks / 2**20),
        "MiB of overlap beyond them (tracemalloc, one block)": round(beyond / 2**20),
        "MiB of the process up to the pairs (ru_maxrss)": round(peak / 2**20),
        "repeats": repeats,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    return {"facts": facts, "rows": rows}


def markdown(result: dict[str, Any]) -> str:
    """The result as a table with its facts."""
    lines = ["| what | form | ms | CPU ms | equal |", "|---|---|---|---|---|"]
    words = {None: "", True: "yes", False: "no"}
    lines += [
        f"| {line['what']} | {line['form']} | {line['ms']:.0f} | {line['cpu_ms']:.0f} "
        f"| {words[line['same']]} |"
        for line in result["rows"]
    ]
    facts = ", ".join(f"{name} {value}" for name, value in result["facts"].items())
    return "\n".join([*lines, "", facts, ""])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parameters", type=int, default=7_087_872, help="of a block")
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--languages", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of numpy")
    parser.add_argument("--json", type=Path, help="file to write all measurements to")
    given = parser.parse_args(arguments)
    with threadpool_limits(given.threads):
        result = benchmark(
            given.parameters, given.blocks, given.languages, given.repeats, given.seed
        )
    result["facts"]["threads"] = given.threads
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
