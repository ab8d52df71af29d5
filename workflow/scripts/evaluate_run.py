"""Predictions and scores of a run on all targets, and hidden states where they are asked for."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config.tasks import TABLES, task_of
from isogloss.encoders.load import load_tokenizer
from isogloss.encoders.manifest import checked_folder
from isogloss.logs import job
from isogloss.metrics.standard import score_frame, score_of
from isogloss.representations.states import write_states
from isogloss.tables import read_rows, write_table
from isogloss.tasks.task import task_module
from isogloss.training.evaluate import Evaluation
from isogloss.training.model import load_run

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    folder = checked_folder(Path(snakemake.input.encoder))
    task = task_of(snakemake.params.task)
    module = task_module(task.kind)
    labels = json.loads(Path(snakemake.input.facts).read_text(encoding="utf-8"))["labels"]
    model = load_run(folder, snakemake.params.layers, task, labels, Path(snakemake.input.weights))
    states = snakemake.output.get("states")
    pooling = snakemake.params.pooling if states else None
    evaluation = Evaluation(
        model.encoder, load_tokenizer(folder), task, labels, pooling, model.head
    )
    tests = {
        language: read_rows(file, TABLES[task.kind])
        for language, file in zip(snakemake.params.targets, snakemake.input.test, strict=True)
    }
    passes = evaluation.passes(tests)
    if states:
        write_states(states, passes)
    else:
        log.info("scored %s", ", ".join(language for language, _, _ in passes))
    predictions = evaluation.predictions()
    write_table(snakemake.output.predictions, module.PREDICTIONS, predictions)
    wildcards = snakemake.wildcards
    scores = score_frame(score_of(task.kind), predictions, "test").assign(
        encoder=wildcards.encoder,
        task=wildcards.task,
        trained_on=wildcards.trained_on,
        recipe=wildcards.recipe,
        seed=int(wildcards.seed),
    )
    write_table(snakemake.output.scores, "scores", scores)
