"""Train tokenizer and encoder by masked language modelling."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config.encoders import PretrainedEncoder
from isogloss.encoders.manifest import sha256_of, write_manifest
from isogloss.logs import job
from isogloss.tables import write_table
from isogloss.training.pretrain import pretrain, read_documents

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    settings = PretrainedEncoder.model_validate(snakemake.params.encoder)
    manifest = Path(snakemake.output.manifest)
    items = read_documents(snakemake.input.text, snakemake.params.texts)
    facts = [snakemake.params.encoder, snakemake.params.texts, snakemake.params.code]
    facts += [sha256_of(Path(file)) for file in snakemake.input.text]
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    # Beside the encoder's folder, because what lies in it belongs to the encoder.
    state = manifest.parent.with_suffix(".resume")
    log.info("%d documents in %d languages", len(items), len(settings.languages))
    curve = pretrain(items, settings, manifest.parent, state, key)
    write_table(snakemake.output.curve, "curve", curve)
    write_manifest(manifest, manifest.parent, {"kind": "pretrained", "steps": settings.steps})
    state.unlink(missing_ok=True)
