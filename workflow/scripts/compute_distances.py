"""Distances between the study's languages."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.languages.codes import UrielColumn, uriel_codes
from isogloss.languages.distances import family_distances, uriel_distances, zip_distances
from isogloss.logs import job
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    settings, languages = snakemake.params.distances, snakemake.params.languages
    if settings["kind"] == "family":
        frame = family_distances(Path(snakemake.input.file[0]), languages)
    else:
        column: UrielColumn = "uriel_authors" if settings["codes"] == "authors" else "uriel"
        codes = uriel_codes(snakemake.params.table, column, languages)
        if settings["kind"] == "zip":
            frame = zip_distances(Path(snakemake.input.file[0]), codes)
        else:
            frame = uriel_distances(codes)
    write_table(snakemake.output.distances, "distances", frame)
