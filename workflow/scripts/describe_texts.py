"""Mean states and sub-words of the texts of all languages of a task."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config.subnetworks import SubNetwork
from isogloss.config.tasks import task_of
from isogloss.encoders.load import check_layers, load_encoder, load_tokenizer
from isogloss.encoders.manifest import checked_folder
from isogloss.logs import job
from isogloss.subnetworks.estimate import room_of, sample_inputs
from isogloss.tables import read_any, write_table
from isogloss.training.describe import describe, description_tables

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    params = snakemake.params
    folder = checked_folder(Path(snakemake.input.encoder))
    settings = SubNetwork.model_validate({**params.subnetwork, "objective": "language_model"})
    task = task_of(params.task)
    encoder, tokenizer = load_encoder(folder, seed=0), load_tokenizer(folder)
    check_layers(encoder, params.layers, folder)
    means, subwords = [], []
    for language, file in zip(params.languages, snakemake.input.rows, strict=True):
        kind, frame = read_any(file)
        for seed in settings.seeds:
            sample = sample_inputs(
                frame, kind, tokenizer, settings, room_of(encoder), task, (), seed
            )
            texts = [example.windows[0] for example in sample.examples]
            special = tokenizer.all_special_ids
            found = describe(encoder, texts, int(tokenizer.pad_token_id), special)
            tables = description_tables(found, language, seed)
            means.append(tables[0])
            subwords.append(tables[1])
        log.info("%s: %d texts", language, len(texts))
    write_table(snakemake.output.means, "means", pd.concat(means))
    write_table(snakemake.output.subwords, "subwords", pd.concat(subwords))
