"""Train an encoder on a task."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config import Recipe, Task, parse_recipe
from isogloss.encoders.manifest import checked_folder
from isogloss.logs import job
from isogloss.tables import read_table, write_atomically, write_table
from isogloss.training.finetune import finetune, save_run

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    name = parse_recipe(snakemake.wildcards.recipe)
    frozen = list(name.layers)
    if name.experiment:
        chosen = json.loads(Path(snakemake.input.layers[0]).read_text(encoding="utf-8"))
        frozen = chosen[name.experiment]["layers"]
    recipe = Recipe.model_validate(snakemake.params.recipe)
    recipe = recipe.model_copy(update={"freeze": sorted({*recipe.freeze, *frozen})})
    frames = {
        split: pd.concat([read_table(file, "pairs") for file in files], ignore_index=True)
        for split, files in (("train", snakemake.input.train), ("dev", snakemake.input.dev))
        if files
    }
    log.info("%d training examples, frozen layers %s", len(frames["train"]), recipe.freeze)
    weights = Path(snakemake.output.weights)
    state = weights.parent / "resume.safetensors"
    model, curve, facts = finetune(
        checked_folder(Path(snakemake.input.encoder)),
        snakemake.params.layers,
        Task.model_validate(snakemake.params.task),
        recipe,
        int(snakemake.wildcards.seed),
        frames,
        state,
        snakemake.params.code,
    )
    save_run(weights, model)
    write_table(snakemake.output.curve, "curve", curve)
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    write_atomically(snakemake.output.facts, lambda file: file.write(text.encode()))
    state.unlink(missing_ok=True)
