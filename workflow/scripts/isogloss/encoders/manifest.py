"""Where an encoder's files are and what they were when it was made or fetched."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isogloss.errors import EncoderError
from isogloss.tables import write_atomically

# What an encoder consists of; other files of a hub repository are not fetched.
PATTERNS = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "vocab*",
    "special_tokens_map.json",
    "sentencepiece*",
    "spiece*",
    "merges.txt",
)


def encoder_files(folder: Path) -> list[Path]:
    """Files of an encoder in the Hugging Face layout, sorted."""
    return sorted({path for pattern in PATTERNS for path in folder.glob(pattern)})


def sha256_of(path: Path) -> str:
    """Checksum of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(
    path: Path, folder: Path, origin: Mapping[str, Any], expected: Mapping[str, str] | None = None
) -> None:
    """Record an encoder's files and their checksums.

    Parameters
    ----------
    path : the manifest, `encoder.json`
    folder : where the files are; stored relative to the manifest where they lie beside it
    origin : what the encoder was made of, for instance repository and resolved revision
    expected : checksums that named files must have

    Raises
    ------
    EncoderError
        if a file is missing, holds pickled weights only, or has another checksum
    """
    files = {file.name: sha256_of(file) for file in encoder_files(folder)}
    if "config.json" not in files:
        raise EncoderError(f"{folder}: no config.json; an encoder folder in hub layout is needed")
    if not any(name.endswith(".safetensors") for name in files):
        raise EncoderError(f"{folder}: no weights in safetensors; nothing is unpickled here")
    for name, checksum in (expected or {}).items():
        if files.get(name) != checksum:
            raise EncoderError(f"{folder / name}: sha256 {files.get(name)}; expected {checksum}")
    place = "." if folder == path.parent else str(folder.resolve())
    facts = {"folder": place, "origin": dict(origin), "sha256": files}
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def checked_folder(path: Path) -> Path:
    """Folder of the encoder a manifest describes, after its checksums were compared.

    Raises
    ------
    EncoderError
        if a file is gone or not what it was
    """
    facts = json.loads(path.read_text(encoding="utf-8"))
    folder = path.parent if facts["folder"] == "." else Path(facts["folder"])
    for name, checksum in facts["sha256"].items():
        file = folder / name
        if not file.is_file():
            raise EncoderError(f"{file}: gone; delete {path} to have it made again")
        if sha256_of(file) != checksum:
            raise EncoderError(f"{file}: changed since {path} was written; delete that to redo it")
    return folder
