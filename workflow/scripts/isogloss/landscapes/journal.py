"""Scores of points as they are found: one line each, so that a grid that is killed goes on.

A journal outlives its grid. When more points are asked of the same weights and rows, only those
that are missing are computed.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from isogloss.encoders.manifest import sha256_of
from isogloss.landscapes.evaluation import Scores
from isogloss.tables import write_atomically


def identity_of(files: Iterable[Path], facts: Any) -> str:
    """What scores depend on: the bytes of files, and facts that JSON can hold. Hexadecimal."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for file in files:
        digest.update(sha256_of(file).encode())
    return digest.hexdigest()


def open_journal(path: Path, identity: str) -> dict[str, Scores]:
    """Read the points of a journal; start a new one where there is none of this identity.

    Returns
    -------
    scores by the point's name (`name_of`), in the order they were found
    """
    whole = []
    if path.is_file():
        # A writer that was killed may have left half a line.
        whole = [line for line in path.read_bytes().splitlines(keepends=True) if _whole(line)]
    if not whole or json.loads(whole[0]) != {"identity": identity}:
        whole = [_line({"identity": identity})]
    text = b"".join(whole)
    if not path.is_file() or path.read_bytes() != text:
        write_atomically(path, lambda file: file.write(text))
    return {row["point"]: row["scores"] for row in map(json.loads, whole[1:])}


def name_of(point: Any) -> str:
    """Name of a point in a journal: its numbers, exactly."""
    return json.dumps(point)


def append(path: Path, point: Any, scores: Scores) -> None:
    """Add a point; it is on disk when this returns."""
    with path.open("ab") as file:
        file.write(_line({"point": name_of(point), "scores": scores}))
        file.flush()
        os.fsync(file.fileno())


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode() + b"\n"


def _whole(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
