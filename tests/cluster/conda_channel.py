"""A conda channel in a folder, with one package: a Python that says where it was called from."""

import asyncio
import hashlib
import io
import json
import tarfile
from pathlib import Path

from rattler.index import index_fs

TIME = 1_700_000_000  # seconds; any, but always the same


def python_package(real: str, record: Path) -> dict[str, bytes]:
    """Files of the package: `bin/python` notes its own path and arguments, and calls `real`."""
    script = f'#!/bin/sh\necho "$0 $*" >> "{record}"\nexec "{real}" "$@"\n'.encode()
    index = {
        "name": "python",
        "version": "3.11.0",
        "build": "0",
        "build_number": 0,
        "depends": [],
        "subdir": "linux-64",
        "timestamp": TIME * 1000,
    }
    digest = hashlib.sha256(script).hexdigest()
    path = {"_path": "bin/python", "path_type": "hardlink", "sha256": digest}
    paths = {"paths_version": 1, "paths": [path | {"size_in_bytes": len(script)}]}
    return {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps(paths).encode(),
        "info/files": b"bin/python\n",
        "bin/python": script,
    }


def write_channel(folder: Path, real: str, record: Path) -> None:
    """Write a channel whose only package is `python_package`."""
    archive = folder / "linux-64" / "python-3.11.0-0.tar.bz2"
    archive.parent.mkdir(parents=True)
    (folder / "noarch").mkdir()
    with tarfile.open(archive, "w:bz2") as tar:
        for name, content in python_package(real, record).items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), TIME
            member.mode = 0o755 if name.startswith("bin/") else 0o644
            tar.addfile(member, io.BytesIO(content))
    asyncio.run(index_fs(folder, write_zst=False, write_shards=False, force=True))
