"""Apply the paper's rule for choosing layers to freeze to the numbers at hand."""

import json
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config import Philippy2023
from isogloss.logs import job
from isogloss.papers.freezing import choose_from_correlations
from isogloss.papers.philippy2023 import correlations
from isogloss.papers.runs import accuracy_matrix, impact
from isogloss.tables import read_table, write_atomically

if TYPE_CHECKING:
    from snakemake.script import snakemake

# The rule uses coefficients and plain p-values only.
FEW = 99

with job(snakemake.log[0]):
    study = Philippy2023.model_validate(snakemake.params.study)
    scores = pd.concat([read_table(file, "scores") for file in snakemake.input.scores])
    cka = pd.concat([read_table(file, "cka") for file in snakemake.input.cka])
    distances = read_table(snakemake.input.distances[0], "distances")
    table = correlations(
        accuracy_matrix(scores, study.languages),
        impact(cka[cka["base"] == study.bases[0]]),
        {study.distances[0]: distances},
        {},
        study.source,
        FEW,
        FEW,
        study.statistics_seed,
    )
    chosen = choose_from_correlations(table, study.distances[0], study.bases[0])
    facts = {name: choice._asdict() for name, choice in chosen.items()}
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    write_atomically(snakemake.output.layers, lambda file: file.write(text.encode()))
