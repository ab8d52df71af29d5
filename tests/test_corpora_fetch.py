"""Downloads, against servers on this computer."""

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isogloss.corpora.canonical import read_corpus
from isogloss.corpora.fetch import fetch, fetch_hub, fetch_url, record_path
from isogloss.corpora.sources import Source
from isogloss.errors import ConfigError, CorpusError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TSV = b"A\tB\tneutral\n"
PAIRS = pa.schema([("premise", pa.string()), ("hypothesis", pa.string()), ("label", pa.int64())])


class Server(NamedTuple):
    """A server on this computer: what it serves, and what was asked for."""

    address: str
    files: dict[str, bytes]
    asked: list[str]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def archive(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as files:
        for name, content in members.items():
            files.writestr(name, content)
    return target.getvalue()


def parquet(*labels: int) -> bytes:
    target = io.BytesIO()
    rows = [[f"p{label}" for label in labels], [f"h{label}" for label in labels], list(labels)]
    pq.write_table(pa.table(rows, schema=PAIRS), target)
    return target.getvalue()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serves `files` by path; a path that ends in `.cut` breaks off half way."""
    files: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            path = unquote(self.path.partition("?")[0])
            asked.append(path)
            content = files.get(path)
            self.send_response(200 if content is not None else 404)
            content = content or b""
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{sha256(content)}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self.wfile.write(content[: len(content) // 2] if path.endswith(".cut") else content)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Server(f"http://127.0.0.1:{running.server_port}", files, asked)
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def hub(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """The server as a model hub with one data set."""
    constants = pytest.importorskip("huggingface_hub.constants")
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return server


def publish(hub: Server, files: dict[str, bytes], revision: str | None = None) -> None:
    names = [{"rfilename": name} for name in files]
    facts = json.dumps({"id": "owner/pairs", "sha": COMMIT, "siblings": names}).encode()
    address = "/api/datasets/owner/pairs" + (f"/revision/{revision}" if revision else "")
    hub.files[address] = facts
    for name, content in files.items():
        hub.files[f"/datasets/owner/pairs/resolve/{COMMIT}/{name}"] = content


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_and_its_record(server: Server, tmp_path: Path) -> None:
    server.files["/a.tsv"] = TSV
    output = tmp_path / "new" / "train"
    fetch_url(f"{server.address}/a.tsv", sha256(TSV), output)
    assert output.read_bytes() == TSV
    assert json.loads(record_path(output).read_text()) == {
        "url": f"{server.address}/a.tsv",
        "member": None,
        "download_sha256": sha256(TSV),
        "sha256": sha256(TSV),
        "bytes": len(TSV),
    }
    assert left_over(output.parent) == ["train", "train.json"]


def test_checksum_is_recorded_where_none_is_known(server: Server, tmp_path: Path) -> None:
    server.files["/a.tsv"] = TSV
    fetch_url(f"{server.address}/a.tsv", "", tmp_path / "train")
    record = json.loads((tmp_path / "train.json").read_text())
    assert record["download_sha256"] == sha256(TSV)


def test_member_of_an_archive(server: Server, tmp_path: Path) -> None:
    server.files["/x.zip"] = archive({"X/dev.tsv": TSV, "X/test.tsv": b"other"})
    output = tmp_path / "dev"
    fetch_url(f"{server.address}/x.zip!X/dev.tsv", sha256(server.files["/x.zip"]), output)
    assert output.read_bytes() == TSV
    record = json.loads(record_path(output).read_text())
    assert record["member"] == "X/dev.tsv"
    assert record["download_sha256"] == sha256(server.files["/x.zip"])
    assert record["sha256"] == sha256(TSV)


@pytest.mark.parametrize(
    ("path", "checksum", "reason"),
    [
        ("/a.tsv", "0" * 64, f"a.tsv: sha256 of the download is {sha256(TSV)}; allowed: 0000"),
        ("/none.tsv", "", "none.tsv: the server answers 404 Not Found"),
        ("/a.cut", "", "a.cut: cut short: 6 of 12 bytes|a.cut: cannot be fetched"),
        ("/x.zip!X/none", "", "x.zip: holds no member 'X/none'; it has: X/dev.tsv"),
        ("/a.tsv!X/dev.tsv", "", "a.tsv: not a readable ZIP archive"),
        ("/broken.zip!X/dev.tsv", "", "broken.zip: not a readable ZIP archive"),
    ],
)
def test_bad_download_leaves_the_old_file(
    server: Server, tmp_path: Path, path: str, checksum: str, reason: str
) -> None:
    good = archive({"X/dev.tsv": TSV * 100})
    middle = good.index(b"dev.tsv") + 12
    broken = good[:middle] + b"\xff\xff" + good[middle + 2 :]
    server.files.update({"/a.tsv": TSV, "/a.cut": TSV, "/x.zip": good, "/broken.zip": broken})
    output = tmp_path / "train"
    output.write_bytes(b"old")
    with pytest.raises(CorpusError, match=reason):
        fetch_url(server.address + path, checksum, output)
    assert output.read_bytes() == b"old"
    assert left_over(tmp_path) == ["train"]


def test_server_that_is_not_there_names_the_mirror(server: Server, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"cannot be fetched .*set home: mirror"):
        fetch_url("http://127.0.0.1:1/a.tsv", "", tmp_path / "train")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://a/b", "a.tsv"])
def test_only_http_is_downloaded(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="allowed: https://"):
        fetch_url(url, "", tmp_path / "train")


def test_hub_file_and_its_revision(hub: Server, tmp_path: Path) -> None:
    publish(hub, {"de/train-0.parquet": parquet(0, 2), "fr/train-0.parquet": parquet(1)}, "v1")
    output = tmp_path / "out" / "train"
    fetch_hub("owner/pairs!de/train-*.parquet", "v1", output)
    assert output.read_bytes() == parquet(0, 2)
    assert read_corpus("xnli-parquet", output, "de")[1]["premise"].tolist() == ["p0", "p2"]
    record = json.loads(record_path(output).read_text())
    assert record["requested_revision"] == "v1"
    assert record["revision"] == COMMIT
    assert record["files"] == {"de/train-0.parquet": sha256(parquet(0, 2))}
    assert record["sha256"] == sha256(parquet(0, 2))
    assert left_over(output.parent) == ["train", "train.json"]


def test_hub_files_are_joined_in_order(hub: Server, tmp_path: Path) -> None:
    publish(hub, {"de/train-1.parquet": parquet(1), "de/train-0.parquet": parquet(0, 2)})
    output = tmp_path / "train"
    fetch_hub("owner/pairs!de/train-*.parquet", "", output)
    assert pq.read_table(output)["label"].to_pylist() == [0, 2, 1]
    assert json.loads(record_path(output).read_text())["revision"] == COMMIT


def test_hub_refusals_name_the_data_set(hub: Server, tmp_path: Path) -> None:
    output = tmp_path / "out" / "train"
    publish(hub, {"de/train-0.parquet": parquet(0)})
    with pytest.raises(CorpusError, match=r"holds no file fr/\*; it has: de/train-0.parquet"):
        fetch_hub("owner/pairs!fr/*", "", output)
    with pytest.raises(CorpusError, match=r"owner/none \(revision v2\): cannot .*home: mirror"):
        fetch_hub("owner/none!de/*", "v2", output)
    with pytest.raises(ConfigError, match="allowed: owner/name!files"):
        fetch_hub("owner/pairs", "", output)
    assert left_over(output.parent) == []


def test_hub_offline_names_data_set_and_mirror(
    hub: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(CorpusError, match=r"hub data set owner/pairs .*fetched .*home: mirror"):
        fetch_hub("owner/pairs!de/*", "", tmp_path / "train")


def test_fetch_takes_the_home(server: Server, tmp_path: Path) -> None:
    server.files["/v1/de.tsv"] = TSV
    location = f"{server.address}/{{version}}/{{language}}.tsv"
    source = Source("x", "url", "dev", "xtreme-pairs", location, "v1", "", "none")
    fetch(source, "de", {"language": "de"}, tmp_path / "dev")
    assert (tmp_path / "dev").read_bytes() == TSV
    with pytest.raises(ConfigError, match="home 'mirror' is not downloaded; allowed: hub, url"):
        fetch(source._replace(home="mirror"), "de", {"language": "de"}, tmp_path / "dev")
    with pytest.raises(ConfigError, match="nothing in column 'ntrex'"):
        fetch(source._replace(location="https://a/{ntrex}"), "de", {}, tmp_path / "dev")


def test_fetch_from_the_hub(hub: Server, tmp_path: Path) -> None:
    publish(hub, {"de/test-0.parquet": parquet(2)}, "v1")
    location = "owner/pairs!{language}/test-*.parquet"
    source = Source("x", "hub", "test", "xnli-parquet", location, "v1", "", "none")
    fetch(source, "de", {}, tmp_path / "test")
    assert (tmp_path / "test").read_bytes() == parquet(2)
