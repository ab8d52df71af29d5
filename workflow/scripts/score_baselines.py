"""Trivial baselines of a task trained on a language."""

from typing import TYPE_CHECKING

import pandas as pd

from isogloss.logs import job
from isogloss.tables import read_table, write_table
from isogloss.tasks.baselines import score_baselines

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    train = pd.concat([read_table(file, "pairs") for file in snakemake.input.train])
    tests = {
        language: read_table(file, "pairs")
        for language, file in zip(snakemake.params.targets, snakemake.input.test, strict=True)
    }
    wildcards = snakemake.wildcards
    frame = score_baselines(train, tests, wildcards.task, wildcards.trained_on, "test")
    write_table(snakemake.output.scores, "baselines", frame)
