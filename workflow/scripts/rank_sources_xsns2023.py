"""How well each method ranks the sources of each target, and regressions of scores."""

from itertools import chain
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.logs import job
from isogloss.papers.xsns2023.gold import gold_scores
from isogloss.papers.xsns2023.rankings import (
    lines,
    main_overlap,
    overlap_methods,
    predictor_methods,
    rank,
)
from isogloss.papers.xsns2023.regressions import pair_frame, regressions
from isogloss.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    params, case = snakemake.params, snakemake.wildcards
    scores = pd.concat([read_table(file, "scores") for file in snakemake.input.scores])
    gold = gold_scores(scores, params.languages, params.languages, params.metric)
    overlaps = [read_table(file, "overlap") for file in snakemake.input.overlaps]
    methods = chain(
        *(overlap_methods(item, params.p, i == 0, gold) for i, item in enumerate(overlaps)),
        predictor_methods(read_table(snakemake.input.predictors, "predictors"), gold),
        lines(gold, params.source),
    )
    rankings = rank(methods, gold).assign(encoder=case.encoder, task=case.task)
    write_table(snakemake.output.rankings, "rankings", rankings)
    frame = pair_frame(
        gold,
        main_overlap(overlaps[0], params.p, gold).mean(0),
        read_table(snakemake.input.features, "pair_features"),
    )
    fitted = regressions(frame).assign(encoder=case.encoder, task=case.task)
    write_table(snakemake.output.regressions, "regressions", fitted)
