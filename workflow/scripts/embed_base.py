"""Hidden states of all targets before fine-tuning."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config import Task
from isogloss.encoders.load import check_layers, load_encoder, load_tokenizer
from isogloss.encoders.manifest import checked_folder
from isogloss.logs import job
from isogloss.representations.states import write_states
from isogloss.tables import read_table
from isogloss.training.evaluate import Evaluation

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    folder = checked_folder(Path(snakemake.input.encoder))
    encoder = load_encoder(folder, seed=0)
    check_layers(encoder, snakemake.params.layers, folder)
    evaluation = Evaluation(
        encoder,
        load_tokenizer(folder),
        Task.model_validate(snakemake.params.task),
        snakemake.params.pooling,
        None,
    )
    tests = {
        language: read_table(file, "pairs")
        for language, file in zip(snakemake.params.targets, snakemake.input.test, strict=True)
    }
    write_states(snakemake.output.states, evaluation.passes(tests))
