"""Tables, figures and page of Muller et al. 2021."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq

from isogloss.config.muller2021 import Muller2021
from isogloss.logs import job
from isogloss.papers.muller2021.presentation import Results, present
from isogloss.papers.muller2021.protocol import Configured, read_protocol
from isogloss.papers.muller2021.tables import STUDY
from isogloss.papers.published import read_published
from isogloss.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake


def joined(files: list[str], kind: str) -> pd.DataFrame | None:
    """Rows of all files; None for no files."""
    tables = [read_table(file, kind) for file in files]
    return pd.concat(tables, ignore_index=True) if tables else None


with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    published = read_published(given.published)
    rows: Counter[str] = Counter()
    for (_, language, _), file in zip(params.texts, given.rows, strict=True):
        rows[language] += pq.read_metadata(file).num_rows
    scores = joined(given.scores, "scores")
    assert scores is not None
    results = Results(
        settings=Muller2021.model_validate(params.study),
        scores=scores,
        similarity=joined(given.similarity, "similarity"),
        contrasts=joined(given.contrasts, "contrasts"),
        names=params.names,
        metrics=params.metrics,
        layers=params.layers,
        languages=params.languages,
        rows=rows,
        published=published[published["study"] == STUDY].reset_index(drop=True),
        protocol=read_protocol(given.protocol),
        configured=Configured(**params.configured, corpora=params.corpora),
        steps=params.steps,
    )
    comparison = present(Path(snakemake.output.page).parent, results)
    write_table(snakemake.output.comparison, "comparison", comparison)
