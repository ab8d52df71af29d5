"""Downloads of upstream files: checked, atomic, and recorded beside the file.

Beside each file `x` stands `x.json`: where it came from, the revision that a name
stood for, and checksums.
"""

import fnmatch
import hashlib
import http.client
import json
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from isogloss.corpora.sources import Source, locate, split_member
from isogloss.errors import ConfigError, CorpusError
from isogloss.tables import write_atomically

_CHUNK = 1 << 20
_TIMEOUT = 60.0
_ALTERNATIVE = "without a network, put the file into a mirror folder and set home: mirror"


def fetch(source: Source, language: str, row: Mapping[str, str], output: Path) -> None:
    """Download one split in one language from the hub or a URL.

    Parameters
    ----------
    row : the language's row in the table of languages

    Raises
    ------
    ConfigError
        for a home that is no download, or a language the location has no name for
    CorpusError
        for whatever goes wrong on the way
    """
    location = locate(source, language, {language: row})
    if source.home == "hub":
        fetch_hub(location, source.version, output)
    elif source.home == "url":
        fetch_url(location, source.sha256, output)
    else:
        raise ConfigError(
            f"data set {source.dataset!r}: home {source.home!r} is not downloaded; "
            "allowed: hub, url"
        )


def record_path(output: Path) -> Path:
    """File that records where a download came from."""
    return output.with_name(f"{output.name}.json")


def fetch_url(url: str, sha256: str, output: Path) -> None:
    """Download a file, or with `archive.zip!member` one member of a ZIP archive.

    Parameters
    ----------
    sha256 : expected checksum of the download (the archive); empty to only record it

    Raises
    ------
    ConfigError
        for a URL that is not http or https
    CorpusError
        for a server that cannot be reached or refuses, a download cut short, another
        checksum, or an archive without the member; `output` is then untouched
    """
    address, member = split_member(url)
    if not address.startswith(("https://", "http://")):
        raise ConfigError(f"{url}: not a URL that can be downloaded; allowed: https://...")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as folder:
        archive = Path(folder) / "download"
        found = _download(address, archive)
        if sha256 and found != sha256:
            raise CorpusError(
                address, None, f"sha256 of the download is {found}; allowed: {sha256}"
            )
        if member is None:
            _copy(archive, output)
        else:
            _extract(address, archive, member, output)
    _record(output, {"url": address, "member": member, "download_sha256": found})


def fetch_hub(location: str, version: str, output: Path) -> None:
    """Download Parquet files of a hub data set, joined in the order of their names.

    Parameters
    ----------
    location : `owner/name!pattern`, the pattern naming files of the repository
    version : revision (commit, tag or branch); empty for the newest. The commit it stands
        for is resolved first, read from, and recorded.

    Raises
    ------
    CorpusError
        if the hub cannot be reached, has no such data set, revision or file, or the files
        are no Parquet of one schema; `output` is then untouched
    """
    repository, pattern = split_member(location)
    if pattern is None:
        raise ConfigError(f"{location}: not a place on the hub; allowed: owner/name!files")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as folder:
        revision, files = _download_from_hub(repository, pattern, version, Path(folder))
        sums = {name: _checksum(file) for name, file in files.items()}
        if len(files) == 1:
            _copy(next(iter(files.values())), output)
        else:
            _join(repository, list(files.values()), output)
    _record(
        output,
        {
            "dataset": repository,
            "requested_revision": version,
            "revision": revision,
            "files": sums,
        },
    )


def _download(address: str, target: Path) -> str:
    """Stream a URL into a file; its sha256."""
    digest = hashlib.sha256()
    received = 0
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer, target.open("wb") as file:
            expected = answer.headers.get("Content-Length")
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                received += len(chunk)
    except urllib.error.HTTPError as error:
        raise CorpusError(
            address, None, f"the server answers {error.code} {error.reason}; {_ALTERNATIVE}"
        ) from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise CorpusError(address, None, f"cannot be fetched ({reason}); {_ALTERNATIVE}") from None
    if expected is not None and received != int(expected):
        raise CorpusError(
            address, None, f"cut short: {received} of {expected} bytes arrived; try again"
        )
    return digest.hexdigest()


def _extract(address: str, archive: Path, member: str, output: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as files, files.open(member) as content:
            write_atomically(output, lambda file: shutil.copyfileobj(content, file, _CHUNK))
    except KeyError:
        with zipfile.ZipFile(archive) as files:
            names = ", ".join(sorted(files.namelist())[:20])
        raise CorpusError(address, None, f"holds no member {member!r}; it has: {names}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise CorpusError(address, None, f"not a readable ZIP archive ({error})") from None


def _download_from_hub(
    repository: str, pattern: str, version: str, folder: Path
) -> tuple[str, dict[str, Path]]:
    from huggingface_hub import HfApi

    hub = HfApi()
    name = f"hub data set {repository} (revision {version or 'newest'})"
    try:
        info = hub.dataset_info(repository, revision=version or None, timeout=_TIMEOUT)
        names = sorted(file.rfilename for file in info.siblings or [])
        chosen = fnmatch.filter(names, pattern)
        if not chosen:
            raise CorpusError(
                name, None, f"holds no file {pattern}; it has: {', '.join(names[:20]) or 'none'}"
            )
        files = {
            file: Path(
                hub.hf_hub_download(
                    repository, file, repo_type="dataset", revision=info.sha, local_dir=folder
                )
            )
            for file in chosen
        }
    except CorpusError:
        raise
    except Exception as error:  # the errors of its HTTP library change with its releases
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise CorpusError(name, None, f"cannot be fetched ({reason}); {_ALTERNATIVE}") from None
    return info.sha, files


def _join(repository: str, parts: list[Path], output: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pa.concat_tables([pq.read_table(part, partitioning=None) for part in parts])
    except pa.ArrowInvalid as error:
        raise CorpusError(repository, None, f"its Parquet files do not join ({error})") from None
    write_atomically(output, lambda file: pq.write_table(table, file, compression="zstd"))


def _copy(source: Path, output: Path) -> None:
    def write(file: IO[bytes]) -> None:
        with source.open("rb") as content:
            shutil.copyfileobj(content, file, _CHUNK)

    write_atomically(output, write)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _record(output: Path, facts: dict[str, Any]) -> None:
    facts = {**facts, "sha256": _checksum(output), "bytes": output.stat().st_size}
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    _write_text(record_path(output), text)


def _write_text(path: Path, text: str) -> None:
    def write(file: IO[bytes]) -> None:
        file.write(text.encode())

    write_atomically(path, write)
