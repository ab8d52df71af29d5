"""Train an encoder on with raw text of a language."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.config.encoders import AdaptedEncoder
from isogloss.encoders.manifest import checked_folder, sha256_of, write_manifest
from isogloss.logs import job
from isogloss.tables import write_table
from isogloss.training.adapt import adapt
from isogloss.training.pretrain import read_documents

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    settings = AdaptedEncoder.model_validate(snakemake.params.encoder)
    manifest = Path(snakemake.output.manifest)
    items = read_documents(snakemake.input.text, snakemake.params.texts)
    segments = [segment for item in items for segment in item.segments]
    base = checked_folder(Path(snakemake.input.base))
    facts = [snakemake.params.encoder, snakemake.params.texts, snakemake.params.code]
    facts += [sha256_of(Path(file)) for file in [*snakemake.input.text, snakemake.input.base]]
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    # Beside the encoder's folder, because what lies in it belongs to the encoder.
    state = manifest.parent.with_suffix(".resume")
    log.info("%d segments in %s", len(segments), ", ".join(settings.languages))
    curve = adapt(base, segments, settings, manifest.parent, state, key)
    write_table(snakemake.output.curve, "curve", curve)
    origin = {"kind": "adapted", "base": settings.base, "steps": int(curve["step"].iloc[-1])}
    write_manifest(manifest, manifest.parent, origin)
    state.unlink(missing_ok=True)
