"""The three sources that each method puts first for each target."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.logs import job
from isogloss.papers.views import write_text
from isogloss.papers.xsns2023.gold import gold_scores
from isogloss.papers.xsns2023.mixtures import chosen_mixtures, mixture_predictions
from isogloss.papers.xsns2023.rankings import main_overlap
from isogloss.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    params = snakemake.params
    scores = pd.concat([read_table(file, "scores") for file in snakemake.input.scores])
    gold = gold_scores(scores, params.languages, params.languages, params.metric)
    overlap = main_overlap(read_table(snakemake.input.overlaps[0], "overlap"), params.p, gold)
    predictors = read_table(snakemake.input.predictors, "predictors")
    predicted = mixture_predictions(params.methods, overlap.mean(0), predictors, gold)
    mixtures = chosen_mixtures(gold, predicted)
    write_text(Path(snakemake.output.mixtures), mixtures.to_csv(index=False, lineterminator="\n"))
