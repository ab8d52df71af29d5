"""Train an encoder on a task."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config.recipes import Recipe
from isogloss.config.runs import parse_recipe, parse_trained_on
from isogloss.config.tasks import TABLES, task_of
from isogloss.encoders.manifest import checked_folder
from isogloss.logs import job
from isogloss.tables import read_rows, write_atomically, write_table
from isogloss.training.difference import save_difference
from isogloss.training.finetune import Rows, finetune
from isogloss.training.model import build_model, save_run

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    name = parse_recipe(snakemake.wildcards.recipe)
    layers = list(name.layers)
    if name.experiment:
        chosen = json.loads(Path(snakemake.input.layers[0]).read_text(encoding="utf-8"))
        layers = chosen[name.experiment]["layers"]
    recipe = Recipe.model_validate(snakemake.params.recipe)
    changed = "reinitialise" if name.kind == "reinit" else "freeze"
    layers = sorted({*getattr(recipe, changed), *layers})
    recipe = recipe.model_copy(update={changed: layers})
    task = task_of(snakemake.params.task)
    kinds = TABLES[task.kind]
    parts = parse_trained_on(snakemake.wildcards.trained_on)
    dev = dict(zip(snakemake.params.dev_languages, snakemake.input.dev, strict=True))
    languages = [
        Rows(
            part.language,
            read_rows(file, kinds),
            part.examples,
            read_rows(dev[part.language], kinds) if part.language in dev else None,
        )
        for part, file in zip(parts, snakemake.input.train, strict=True)
    ]
    what = "training on %s, frozen layers %s, new layers %s"
    log.info(what, snakemake.wildcards.trained_on, recipe.freeze, recipe.reinitialise)
    weights = Path(snakemake.output.weights)
    state = weights.parent / "resume.safetensors"
    folder, seed = checked_folder(Path(snakemake.input.encoder)), int(snakemake.wildcards.seed)
    run = finetune(
        folder,
        snakemake.params.layers,
        task,
        recipe,
        seed,
        languages,
        state,
        f"{snakemake.params.code} {snakemake.params.task_code} {snakemake.params.score_code}",
    )
    if recipe.store == "difference":
        initial = build_model(folder, snakemake.params.layers, task, run.facts["labels"], seed)
        save_difference(weights, run.model, initial, seed)
    else:
        save_run(weights, run.model)
    write_table(snakemake.output.curve, "curve", run.curve)
    text = json.dumps(run.facts, indent=2, sort_keys=True) + "\n"
    write_atomically(snakemake.output.facts, lambda file: file.write(text.encode()))
    state.unlink(missing_ok=True)
