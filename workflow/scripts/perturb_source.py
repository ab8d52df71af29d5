"""Scores of a source's model after steps in random directions, on itself and its targets."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import torch

from isogloss.config.landscapes import Sharpness
from isogloss.config.tasks import task_of
from isogloss.landscapes.corners import RunFiles
from isogloss.landscapes.frames import score_rows
from isogloss.landscapes.grid import Setting, score_steps
from isogloss.logs import job
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    given, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    torch.set_num_threads(snakemake.threads)
    task, sharpness = task_of(params.task), Sharpness.model_validate(params.sharpness)
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
    found = score_steps(
        setting,
        RunFiles(Path(given.weights), Path(given.facts)),
        rows,
        sharpness.directions,
        sharpness.radii,
        sharpness.seed,
        Path(snakemake.output.scores).with_name("sharpness.jsonl"),
    )
    sizes = {language: pq.read_metadata(file).num_rows for language, file in rows.items()}
    names = {name: wildcards[name] for name in ("encoder", "task", "source", "recipe")}
    table = score_rows(("direction", "radius"), found.items(), sizes)
    table = table.assign(seed=int(wildcards.seed), **names)
    write_table(snakemake.output.scores, "sharpness", table)
