"""Tables, figures and page of the study, beside the published numbers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config.studies import Philippy2023
from isogloss.logs import job
from isogloss.papers.freezing import Choice
from isogloss.papers.page import limits
from isogloss.papers.presentation import Results, layers_table, present, study_rows
from isogloss.papers.published import compare, read_published
from isogloss.papers.runs import absences, accuracy_matrix
from isogloss.papers.views import score_table
from isogloss.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    study = Philippy2023.model_validate(snakemake.params.study)
    encoder = snakemake.params.encoder
    scores = pd.concat([read_table(file, "scores") for file in snakemake.input.scores])
    frozen_scores = [read_table(file, "scores") for file in snakemake.input.experiment_scores]
    baselines = pd.concat([read_table(file, "baselines") for file in snakemake.input.baselines])
    published = study_rows(read_published(snakemake.input.published))
    cells = read_table(snakemake.input.cells, "cells")
    absent = absences(published, study.languages, encoder["layers"], study.experiments)
    comparison = compare(published, cells, absent)
    write_table(snakemake.output.comparison, "comparison", comparison)
    rule = json.loads(Path(snakemake.input.layers).read_text(encoding="utf-8"))
    frozen: dict[str, list[int]] = {
        name: json.loads(Path(file).read_text(encoding="utf-8"))["recipe"]["freeze"]
        for name, file in zip(sorted(study.experiments), snakemake.input.experiments, strict=True)
    }
    table = score_table(pd.concat([scores, *frozen_scores]), baselines)
    intro = limits(study.encoder, encoder.get("steps"), table, int(scores["n"].min()))
    results = Results(
        read_table(snakemake.input.correlations, "correlations"),
        comparison,
        accuracy_matrix(scores, study.languages),
        published,
        (study.distances[0], study.bases[0]),
        table,
        layers_table({name: Choice(**choice) for name, choice in rule.items()}, frozen),
    )
    title = "Philippy, Guo and Haddadan 2023: language distance and cross-lingual transfer"
    present(Path(snakemake.output.page).parent, title, intro, results)
