"""Similarity of languages on sentences that translate each other, in each layer."""

from typing import TYPE_CHECKING

import pandas as pd

from isogloss.logs import job
from isogloss.representations.indices import similarity_frame
from isogloss.representations.states import StatesFile
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    params, model = snakemake.params, snakemake.wildcards.model
    # The encoder before fine-tuning has no task.
    task, trained_on, recipe, seed = model.split("/") if params.tuned else ("-", "-", "-", "0")
    pairs = [(source, target) for source, target in params.pairs]
    frames = [
        similarity_frame(
            StatesFile(file), pairs, params.indices, params.sentences, protocol, snakemake.threads
        )
        for protocol, file in zip(params.protocols, snakemake.input.states, strict=True)
    ]
    frame = pd.concat(frames, ignore_index=True).assign(
        encoder=snakemake.wildcards.encoder,
        task=task,
        trained_on=trained_on,
        recipe=recipe,
        seed=int(seed),
        text=snakemake.wildcards.parallel,
    )
    log.info("%d pairs, %d rows", len(pairs), len(frame))
    write_table(snakemake.output.similarity, "similarity", frame)
