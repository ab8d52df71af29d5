"""Hidden states of sentences that translate each other, of an encoder or of a run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config.tasks import task_of
from isogloss.encoders.load import check_layers, check_length, load_encoder, load_tokenizer
from isogloss.encoders.manifest import checked_folder
from isogloss.inputs import TEXT_TABLES
from isogloss.logs import job
from isogloss.representations.sentences import sentence_states
from isogloss.representations.states import write_states
from isogloss.tables import read_rows
from isogloss.training.model import load_run

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    given, params = snakemake.input, snakemake.params
    folder = checked_folder(Path(given.encoder))
    if params.task is None:
        encoder = load_encoder(folder, seed=0)
        check_layers(encoder, params.layers, folder)
    else:
        labels = json.loads(Path(given.facts[0]).read_text(encoding="utf-8"))["labels"]
        task = task_of(params.task)
        encoder = load_run(folder, params.layers, task, labels, Path(given.weights[0])).encoder
    check_length(encoder, params.max_length, folder)
    texts = {
        # Pairs are compared on these sentences at most.
        language: read_rows(file, TEXT_TABLES).head(params.sentences)
        for language, file in zip(params.languages, given.rows, strict=True)
    }
    tokenizer = load_tokenizer(folder)
    for protocol, file in zip(params.protocols, snakemake.output.states, strict=True):
        log.info("states of %s, protocol %s", ", ".join(texts), protocol)
        states = sentence_states(encoder, tokenizer, texts, params.max_length, protocol)
        write_states(file, states)
