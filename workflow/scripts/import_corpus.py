"""Read one upstream file into canonical rows."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.corpora.canonical import check_overlap, count_repeated, limit, read_corpus
from isogloss.corpora.latin import LanguageFacts
from isogloss.corpora.writing import rewrite
from isogloss.logs import job
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    language = snakemake.wildcards.language
    path = Path(snakemake.input.file)
    kind, rows = read_corpus(snakemake.params.format, path, language)
    held_out = {
        str(file): read_corpus(form, Path(file), language)[1]
        for file, form in zip(
            snakemake.input.held_out, snakemake.params.held_out_formats, strict=True
        )
    }
    rows = check_overlap(rows, held_out, path, snakemake.params.overlap)
    if snakemake.params.limit is not None:
        rows = limit(rows, snakemake.params.limit)
    repeated = count_repeated(rows, path)
    log.info("%s: %d rows of kind %s, %d repeated", path, len(rows), kind, repeated)
    facts = LanguageFacts(language, snakemake.params.iso639_3, snakemake.params.script)
    rows = rewrite(kind, rows, snakemake.params.writing, facts)
    write_table(snakemake.output.rows, kind, rows)
