"""Download an encoder from the model hub."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config.encoders import HubEncoder
from isogloss.encoders.fetch import fetch_encoder
from isogloss.logs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    fetch_encoder(
        HubEncoder.model_validate(snakemake.params.encoder), Path(snakemake.output.manifest)
    )
