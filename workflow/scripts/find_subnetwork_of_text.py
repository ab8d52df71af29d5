"""Sub-networks, mean states and sub-words of a text of the user's own."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from isogloss.config.subnetworks import SubNetwork
from isogloss.corpora.own import read_own
from isogloss.encoders.load import load_encoder, load_language_model, load_tokenizer
from isogloss.encoders.manifest import checked_folder
from isogloss.encoders.words import check_known
from isogloss.logs import job
from isogloss.subnetworks.estimate import room_of, sample_inputs
from isogloss.subnetworks.find import find
from isogloss.subnetworks.levels import write_levels
from isogloss.subnetworks.objectives import Sample
from isogloss.tables import write_table
from isogloss.training.describe import describe, description_tables

if TYPE_CHECKING:
    from snakemake.script import snakemake

LANGUAGE = "text"

with job(snakemake.log[0]) as log:
    params = snakemake.params
    folder = checked_folder(Path(snakemake.input.encoder))
    # Figures need smaller samples, a ranking does not.
    settings = SubNetwork.model_validate({**params.subnetwork, "sizes": []})
    frame = read_own(snakemake.input.text)
    tokenizer = load_tokenizer(folder)
    unknown = check_known(frame["text"].tolist(), tokenizer, ", ".join(snakemake.input.text))
    log.info("%d sentences, %.1f percent of sub-words unknown", len(frame), 100 * unknown)
    encoder = load_encoder(folder, seed=0)

    def load(_: int) -> Any:
        """The language model, the same for every seed."""
        return load_language_model(folder)

    def draw(seed: int) -> Sample:
        """The sample of a seed."""
        room = room_of(encoder)
        return sample_inputs(frame, "lines", tokenizer, settings, room, None, (), seed)

    found = find(load, draw, settings)
    tables = []
    for seed in settings.seeds:
        texts = [example.windows[0] for example in draw(seed).examples]
        pad, special = int(tokenizer.pad_token_id), tokenizer.all_special_ids
        tables.append(description_tables(describe(encoder, texts, pad, special), LANGUAGE, seed))
    means, subwords = (pd.concat(part) for part in zip(*tables, strict=True))
    selections = found.selections.assign(
        encoder=params.encoder,
        subnetwork=params.setting,
        task=params.task,
        language=LANGUAGE,
        split="train",
    )
    write_table(snakemake.output.selections, "selections", selections)
    write_table(snakemake.output.means, "means", means)
    write_table(snakemake.output.subwords, "subwords", subwords)
    write_levels(snakemake.output.levels, found.columns, found.tensors, settings.grid)
