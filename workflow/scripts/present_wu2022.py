"""Tables, figures and page of Wu et al. 2022."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq

from isogloss.config.landscapes import Wu2022
from isogloss.corpora.sizes import Count, count_corpora
from isogloss.logs import job
from isogloss.papers.published import read_published
from isogloss.papers.wu2022.presentation import Results, present
from isogloss.papers.wu2022.tables import STUDY
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
    counts = [
        Count(corpus, dataset, language, split, pq.read_metadata(file).num_rows, cut)
        for (corpus, dataset, language, split, cut), file in zip(
            params.counted, given.rows, strict=True
        )
    ]
    settings = Wu2022.model_validate(params.study)
    paths, ways = joined(given.paths, "paths"), joined(given.directions, "directions")
    assert paths is not None and ways is not None
    results = Results(
        settings=settings,
        paths=paths,
        planes=joined(given.planes, "planes"),
        directions=ways,
        sharpness=joined(given.sharpness, "sharpness"),
        sizes=count_corpora(counts, published),
        corpora=params.corpora,
        metrics=params.metrics,
        names={item.task: name for name, item in settings.tasks.items()},
        published=published[published["study"] == STUDY].reset_index(drop=True),
        steps=params.steps,
    )
    comparison = present(Path(snakemake.output.page).parent, results)
    write_table(snakemake.output.comparison, "comparison", comparison)
