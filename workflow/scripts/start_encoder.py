"""Learn the vocabulary of a BiLSTM and save it with weights that are not trained."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config.encoders import BilstmEncoder
from isogloss.encoders.manifest import write_manifest
from isogloss.logs import job
from isogloss.training.pretrain import read_documents
from isogloss.training.start import start_bilstm

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    settings = BilstmEncoder.model_validate(snakemake.params.encoder)
    manifest = Path(snakemake.output.manifest)
    items = read_documents(snakemake.input.text, snakemake.params.texts)
    log.info("%d documents in %d languages", len(items), len(settings.languages))
    start_bilstm(items, settings, manifest.parent)
    write_manifest(manifest, manifest.parent, {"kind": "bilstm"})
