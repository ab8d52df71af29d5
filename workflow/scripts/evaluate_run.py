"""Predictions, scores and hidden states of a run on all targets."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config import Task
from isogloss.encoders.load import load_tokenizer
from isogloss.encoders.manifest import checked_folder
from isogloss.logs import job
from isogloss.representations.states import write_states
from isogloss.tables import read_table, write_table
from isogloss.training.evaluate import Evaluation, score_frame
from isogloss.training.finetune import load_run

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    folder = checked_folder(Path(snakemake.input.encoder))
    model = load_run(folder, snakemake.params.layers, Path(snakemake.input.weights))
    evaluation = Evaluation(
        model.encoder,
        load_tokenizer(folder),
        Task.model_validate(snakemake.params.task),
        snakemake.params.pooling,
        model,
    )
    tests = {
        language: read_table(file, "pairs")
        for language, file in zip(snakemake.params.targets, snakemake.input.test, strict=True)
    }
    write_states(snakemake.output.states, evaluation.passes(tests))
    predictions = evaluation.predictions()
    write_table(snakemake.output.predictions, "predictions", predictions)
    wildcards = snakemake.wildcards
    scores = score_frame(predictions, "test").assign(
        encoder=wildcards.encoder,
        task=wildcards.task,
        trained_on=wildcards.trained_on,
        recipe=wildcards.recipe,
        seed=int(wildcards.seed),
    )
    write_table(snakemake.output.scores, "scores", scores)
