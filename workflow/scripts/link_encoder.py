"""Record the files of an encoder in a local folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.encoders.manifest import write_manifest
from isogloss.logs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    folder = Path(snakemake.params.encoder["path"])
    write_manifest(Path(snakemake.output.manifest), folder, {"kind": "folder"})
