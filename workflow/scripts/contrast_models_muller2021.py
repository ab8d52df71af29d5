"""What each model and each writing of an unseen language scores above another one."""

from typing import TYPE_CHECKING

from isogloss.logs import job
from isogloss.metrics.counts import prediction_table
from isogloss.papers.muller2021.unseen import ScoredRun, contrast_models
from isogloss.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    params = snakemake.params
    runs = [ScoredRun(*row) for row in params.runs]
    tables = (
        (run, read_table(file, prediction_table(run.kind)))
        for run, file in zip(runs, snakemake.input.predictions, strict=True)
    )
    found = contrast_models(tables, params.resamples, params.seed)
    write_table(snakemake.output.contrasts, "contrasts", found)
