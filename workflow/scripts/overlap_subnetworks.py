"""Jaccard coefficients of all pairs of a task's languages."""

from typing import TYPE_CHECKING

from isogloss.logs import job
from isogloss.subnetworks.compare import compare
from isogloss.subnetworks.levels import LevelsFile
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    params = snakemake.params
    files = {
        (language, split): LevelsFile(file)
        for (language, split), file in zip(params.compared, snakemake.input.levels, strict=True)
    }
    overlap = compare(files, params.languages, params.targets, tuple(params.splits))
    wildcards = snakemake.wildcards
    named = overlap.assign(
        encoder=wildcards.encoder, subnetwork=wildcards.subnetwork, task=wildcards.task
    )
    write_table(snakemake.output.overlap, "overlap", named)
