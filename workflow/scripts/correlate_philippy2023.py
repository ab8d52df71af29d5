"""All correlations of the study, in every variant."""

from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config.studies import Philippy2023
from isogloss.logs import job
from isogloss.papers.philippy2023 import cells, correlations
from isogloss.papers.runs import accuracy_matrix, experiment_row, impact
from isogloss.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    study = Philippy2023.model_validate(snakemake.params.study)
    scores = pd.concat([read_table(file, "scores") for file in snakemake.input.scores])
    accuracy = accuracy_matrix(scores, study.languages)
    experiments: dict[str, pd.Series] = {
        name: experiment_row(read_table(file, "scores"), study.languages)
        for name, file in zip(sorted(study.experiments), snakemake.input.experiments, strict=True)
    }
    cka = pd.concat([read_table(file, "cka") for file in snakemake.input.cka])
    distances = {
        name: read_table(file, "distances")
        for name, file in zip(study.distances, snakemake.input.distances, strict=True)
    }
    table = correlations(
        accuracy,
        impact(cka),
        distances,
        experiments,
        study.source,
        study.permutations,
        study.resamples,
        study.statistics_seed,
    )
    write_table(snakemake.output.correlations, "correlations", table)
    shown = cells(table, accuracy, experiments, study.source, study.distances[0], study.bases[0])
    write_table(snakemake.output.cells, "cells", shown)
