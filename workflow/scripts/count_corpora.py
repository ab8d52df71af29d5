"""Number of rows of all tasks beside the published numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from isogloss.corpora.sizes import Count, count_corpora
from isogloss.logs import job
from isogloss.papers.published import read_published
from isogloss.papers.views import write_views
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    counts = [
        Count(corpus, dataset, language, split, pq.read_metadata(file).num_rows, cut)
        for (corpus, dataset, language, split, cut), file in zip(
            snakemake.params.rows, snakemake.input.rows, strict=True
        )
    ]
    sizes = count_corpora(counts, read_published(snakemake.input.published))
    write_table(snakemake.output.sizes, "sizes", sizes)
    stem = Path(snakemake.output.sizes).with_suffix("")
    write_views(sizes, stem, "Rows that the tasks read, beside the published numbers.", "")
