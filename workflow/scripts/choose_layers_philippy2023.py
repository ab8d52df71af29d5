"""Apply the paper's rule for choosing layers to freeze to the numbers at hand."""

import json
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.logs import job
from isogloss.papers.freezing import choose_from_correlations
from isogloss.papers.philippy2023 import correlations
from isogloss.papers.runs import accuracy_matrix, impact
from isogloss.tables import read_table, write_atomically

if TYPE_CHECKING:
    from snakemake.script import snakemake

# The rule uses coefficients and plain p-values only, so that few draws of any seed will do.
FEW, SEED = 99, 0

with job(snakemake.log[0]):
    params = snakemake.params
    scores = pd.concat([read_table(file, "scores") for file in snakemake.input.scores])
    cka = pd.concat([read_table(file, "cka") for file in snakemake.input.cka])
    distances = read_table(snakemake.input.distances[0], "distances")
    table = correlations(
        accuracy_matrix(scores, params.languages),
        impact(cka[cka["base"] == params.base]),
        {params.distances: distances},
        {},
        params.source,
        FEW,
        FEW,
        SEED,
    )
    chosen = choose_from_correlations(table, params.distances, params.base)
    facts = {name: choice._asdict() for name, choice in chosen.items()}
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    write_atomically(snakemake.output.layers, lambda file: file.write(text.encode()))
