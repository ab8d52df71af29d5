"""Hidden states of all targets before fine-tuning."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config.tasks import TABLES, task_of
from isogloss.encoders.load import check_layers, check_length, load_encoder, load_tokenizer
from isogloss.encoders.manifest import checked_folder
from isogloss.logs import job
from isogloss.representations.states import write_states
from isogloss.tables import read_rows
from isogloss.tasks.task import task_module
from isogloss.training.evaluate import Evaluation

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    folder = checked_folder(Path(snakemake.input.encoder))
    task = task_of(snakemake.params.task)
    encoder = load_encoder(folder, seed=0)
    check_layers(encoder, snakemake.params.layers, folder)
    check_length(encoder, task.max_length, folder)
    tests = {
        language: read_rows(file, TABLES[task.kind])
        for language, file in zip(snakemake.params.targets, snakemake.input.test, strict=True)
    }
    labels = task_module(task.kind).labels(task, next(iter(tests.values())))
    evaluation = Evaluation(encoder, load_tokenizer(folder), task, labels, snakemake.params.pooling)
    write_states(snakemake.output.states, evaluation.passes(tests))
