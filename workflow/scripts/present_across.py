"""Tables, figure and page across the studies."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config.muller2021 import Muller2021
from isogloss.config.studies import Across
from isogloss.logs import job
from isogloss.papers.across.presentation import Results, present
from isogloss.papers.muller2021.random_init import changes
from isogloss.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import snakemake


def joined(files: list[str], kind: str) -> pd.DataFrame | None:
    """Rows of all files; None for no files."""
    tables = [read_table(file, kind) for file in files]
    return pd.concat(tables, ignore_index=True) if tables else None


with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    study = Muller2021.model_validate(params.study)
    scores = joined(given.scores, "scores")
    assert scores is not None
    names = {item.task: printed for printed, item in study.tasks.items()}
    results = Results(
        settings=Across.model_validate(params.across),
        study=study,
        changes=changes(scores, study, names, params.metrics, params.depths[study.encoder]),
        similarity=joined(given.similarity, "similarity"),
        cka=joined(given.cka, "cka"),
        base=params.base,
        overlap=joined(given.overlaps, "overlap"),
        p=params.p,
        paths=joined(given.paths, "paths"),
        directions=joined(given.directions, "directions"),
        metrics=params.path_metrics,
        kinds=params.kinds,
        depths=params.depths,
        steps=params.steps,
    )
    present(Path(snakemake.output.page).parent, results)
