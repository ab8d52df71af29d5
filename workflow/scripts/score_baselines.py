"""Trivial baselines of a task trained on some languages."""

from typing import TYPE_CHECKING

import pandas as pd

from isogloss.baselines.score import score_baselines
from isogloss.config.runs import parse_trained_on
from isogloss.config.tasks import TABLES
from isogloss.logs import job
from isogloss.tables import read_rows, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    wildcards, kind = snakemake.wildcards, snakemake.params.kind
    parts = parse_trained_on(wildcards.trained_on)
    # Of a language with few examples the first ones: baselines have no seed to draw them by.
    train = [
        read_rows(file, TABLES[kind]).head(part.examples)
        if part.examples
        else read_rows(file, TABLES[kind])
        for part, file in zip(parts, snakemake.input.train, strict=True)
    ]
    tests = {
        language: read_rows(file, TABLES[kind])
        for language, file in zip(snakemake.params.targets, snakemake.input.test, strict=True)
    }
    frame = score_baselines(
        kind, pd.concat(train), tests, wildcards.task, wildcards.trained_on, "test"
    )
    write_table(snakemake.output.scores, "baselines", frame)
