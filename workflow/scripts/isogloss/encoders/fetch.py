"""Encoders from the model hub: one pinned revision, safetensors only."""

from pathlib import Path
from typing import Any

from isogloss.config.encoders import HubEncoder
from isogloss.encoders.manifest import PATTERNS, write_manifest
from isogloss.errors import EncoderError


def fetch_encoder(encoder: HubEncoder, manifest: Path) -> None:
    """Download an encoder beside its manifest and record revision and checksums.

    Raises
    ------
    EncoderError
        if the hub cannot be reached or has no such repository or revision
    """
    from huggingface_hub import HfApi, snapshot_download

    # of the hub's HTTP library, whichever that is
    from huggingface_hub.errors import HTTPError

    name = f"{encoder.repository}@{encoder.revision}"
    try:
        facts: Any = HfApi().model_info(encoder.repository, revision=encoder.revision)
        snapshot_download(
            encoder.repository,
            revision=facts.sha,
            local_dir=manifest.parent,
            allow_patterns=list(PATTERNS),
            # in the patterns of the hub `*` stands for folders too
            ignore_patterns="*/*",
        )
    except (HTTPError, OSError, ValueError) as error:
        raise EncoderError(
            f"{name}: cannot be fetched from the hub ({error}); on a machine without network use "
            "kind: folder with a copy in hub layout"
        ) from error
    origin = {"kind": "hub", "repository": encoder.repository, "revision": facts.sha}
    write_manifest(manifest, manifest.parent, origin, encoder.sha256)
