"""Download one split of a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.corpora.fetch import fetch
from isogloss.corpora.sources import Source
from isogloss.logs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    fetch(
        Source(**snakemake.params.source),
        snakemake.wildcards.language,
        snakemake.params.row,
        Path(snakemake.output.file),
    )
