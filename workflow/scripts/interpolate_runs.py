"""Scores of points between the runs of each pair: on lines, or in a plane."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import torch

from isogloss.config.tasks import task_of
from isogloss.landscapes.corners import RunFiles
from isogloss.landscapes.frames import COLUMNS, grid_points, score_rows
from isogloss.landscapes.grid import Setting, score_points
from isogloss.logs import job
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    given, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    torch.set_num_threads(snakemake.threads)
    task, grid = task_of(params.task), wildcards.grid
    setting = Setting(
        Path(given.encoder),
        params.layers,
        task,
        params.precision,
        f"{params.code} {params.task_code} {params.score_code}",
    )
    rows = {
        language: Path(file) for language, file in zip(params.languages, given.rows, strict=True)
    }
    sizes = {language: pq.read_metadata(file).num_rows for language, file in rows.items()}
    source, *others = (
        RunFiles(Path(weights), Path(facts))
        for weights, facts in zip(given.weights, given.facts, strict=True)
    )
    points = grid_points(grid, params.parts, params.alphas)
    tables = []
    for place, target in enumerate(params.languages[1:]):
        log.info("%s and %s", wildcards.source, target)
        pair = [wildcards.source, target]
        found = score_points(
            setting,
            [source, *others[2 * place : 2 * place + 2]],
            {language: rows[language] for language in pair},
            list(points.values()),
            Path(snakemake.output.scores).with_name(f"{grid}-{target}.jsonl"),
        )
        scored = ((named, found[point]) for named, point in points.items())
        tables.append(score_rows(COLUMNS[grid], scored, sizes).assign(target=target))
    names = {name: wildcards[name] for name in ("encoder", "task", "source", "recipe")}
    table = pd.concat(tables).assign(seed=int(wildcards.seed), **names)
    write_table(snakemake.output.scores, grid, table)
