"""How long the directions from the bilingual model to the monolingual ones are, and their angle."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config.tasks import task_of
from isogloss.encoders.manifest import checked_folder
from isogloss.landscapes.corners import RunFiles, read_labels
from isogloss.landscapes.geometry import compare_directions
from isogloss.logs import job
from isogloss.tables import write_table
from isogloss.training.model import Model, load_run

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    given, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    folder, task = checked_folder(Path(given.encoder)), task_of(params.task)
    files = [
        RunFiles(Path(weights), Path(facts))
        for weights, facts in zip(given.weights, given.facts, strict=True)
    ]
    labels = read_labels(files)

    def load(place: int) -> Model:
        """Model of one of the files."""
        return load_run(folder, params.layers, task, labels, files[place].weights)

    # Three models at a time: large ones fill a machine's memory.
    source = load(0)
    tables = [
        compare_directions(source, load(place), load(place + 1), params.layers).assign(
            target=target
        )
        for place, target in zip(range(1, len(files), 2), params.languages[1:], strict=True)
    ]
    names = {name: wildcards[name] for name in ("encoder", "task", "source", "recipe")}
    table = pd.concat(tables).assign(seed=int(wildcards.seed), **names)
    write_table(snakemake.output.directions, "directions", table)
