"""Scores of a matrix beside trivial baselines, and its figure."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config.studies import Transfer
from isogloss.logs import job
from isogloss.metrics.names import MAIN_METRIC
from isogloss.papers.transfer import present_transfer
from isogloss.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    transfer = Transfer.model_validate(snakemake.params.transfer)
    scores = pd.concat([read_table(file, "scores") for file in snakemake.input.scores])
    baselines = pd.concat([read_table(file, "baselines") for file in snakemake.input.baselines])
    write_table(snakemake.output.scores, "scores", scores)
    present_transfer(
        Path(snakemake.output.page).parent,
        snakemake.wildcards.transfer,
        transfer,
        scores,
        baselines,
        MAIN_METRIC[snakemake.params.kind],
        snakemake.params.steps,
    )
