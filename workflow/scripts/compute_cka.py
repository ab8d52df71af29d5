"""Similarity of each target's states before and after fine-tuning."""

from typing import TYPE_CHECKING

from isogloss.logs import job
from isogloss.representations.impact import impact_frame
from isogloss.representations.states import StatesFile
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    frame = impact_frame(
        StatesFile(snakemake.input.states),
        {
            base: StatesFile(file)
            for base, file in zip(snakemake.params.bases, snakemake.input.bases, strict=True)
        },
    )
    frame = frame.assign(
        encoder=wildcards.encoder,
        task=wildcards.task,
        trained_on=wildcards.trained_on,
        recipe=wildcards.recipe,
        seed=int(wildcards.seed),
        pooling=snakemake.params.pooling,
    )
    write_table(snakemake.output.cka, "cka", frame)
