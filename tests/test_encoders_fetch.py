"""Encoders are fetched from a stand-in of the model hub on this machine."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from isogloss.encoders.manifest import checked_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAMES = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
FETCH = """
import json, sys
from pathlib import Path
from isogloss.config.encoders import HubEncoder
from isogloss.encoders.fetch import fetch_encoder
from isogloss.errors import EncoderError
found = []
for place, settings in enumerate(json.loads(sys.argv[1])):
    encoder = HubEncoder.model_validate({"kind": "hub", "layers": 2, **settings})
    try:
        fetch_encoder(encoder, Path(sys.argv[2], str(place), "encoder.json"))
        found.append("")
    except EncoderError as error:
        found.append(str(error))
print(json.dumps(found))
"""


def stand_in(files: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    """Answers what the hub's client asks when it fetches one repository at one commit.

    Its tag v1 moves on to a commit without files as soon as somebody has asked for it.
    """
    tags = [COMMIT]

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(body=True)

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def log_message(self, *_: Any) -> None:
            pass

        def answer(self, body: bool) -> None:
            path = self.path.split("?")[0]
            content, headers = b"", {"X-Repo-Commit": COMMIT}
            name = path.removeprefix(f"/someone/encoder/resolve/{COMMIT}/")
            revision = path.removeprefix("/api/models/someone/encoder/revision/")
            if revision in ("v1", COMMIT):
                commit = COMMIT if revision == COMMIT or tags else "f" * 40
                if revision == "v1" and tags:
                    tags.pop()
                siblings = [{"rfilename": file} for file in files]
                facts = {"id": "someone/encoder", "sha": commit, "siblings": siblings}
                content = json.dumps(facts).encode()
            elif path.startswith(f"/api/models/someone/encoder/tree/{COMMIT}"):
                content = json.dumps(
                    [
                        {"type": "file", "path": file, "size": len(data), "oid": "0" * 40}
                        for file, data in files.items()
                    ]
                ).encode()
            elif name in files:
                content = files[name]
                headers["ETag"] = f'"{hashlib.sha1(content).hexdigest()}"'
            elif path.startswith("/api/models/someone/encoder/"):
                headers["X-Error-Code"] = "RevisionNotFound"
            else:
                headers["X-Error-Code"] = "RepoNotFound"
            self.send_response(404 if "X-Error-Code" in headers else 200)
            for header, value in headers.items():
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

    return Hub


@pytest.fixture
def hub(bert_folder: Path) -> Iterator[str]:
    """Address of a stand-in that holds the tiny BERT and files that are not wanted."""
    files = {path.name: path.read_bytes() for path in bert_folder.iterdir()}
    files |= {"pytorch_model.bin": b"pickle", "onnx/model.safetensors": b"-", "README.md": b"-"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), stand_in(files))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(folder: Path, root: Path, wanted: list[dict[str, Any]], **variables: str) -> list[str]:
    """Messages of fetching each wanted encoder in a process of its own; "" for none."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment = kept | {
        "PYTHONPATH": str(root / "workflow/scripts"),
        "HF_HOME": str(folder / "home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", FETCH, json.dumps(wanted), str(folder)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    found: list[str] = json.loads(done.stdout)
    return found


def test_fetching_from_a_hub(hub: str, bert_folder: Path, root: Path, tmp_path: Path) -> None:
    wanted: list[dict[str, Any]] = [
        {"repository": "someone/encoder", "revision": "v1"},
        {"repository": "someone/encoder", "revision": COMMIT, "sha256": {"config.json": "0" * 64}},
        {"repository": "someone/encoder", "revision": "v2"},
        {"repository": "someone/other", "revision": "v1"},
    ]
    messages = fetch(tmp_path, root, wanted, HF_ENDPOINT=hub)
    assert messages[0] == ""
    folder = checked_folder(tmp_path / "0" / "encoder.json")
    assert {p.name for p in folder.iterdir() if p.is_file()} == {*NAMES, "encoder.json"}
    assert not (folder / "onnx").exists()
    for name in NAMES:
        assert (folder / name).read_bytes() == (bert_folder / name).read_bytes()
    facts = json.loads((folder / "encoder.json").read_text())
    origin = {"kind": "hub", "repository": "someone/encoder", "revision": COMMIT}
    assert facts["origin"] == origin
    assert facts["sha256"].keys() == NAMES
    assert f"expected {'0' * 64}" in messages[1]
    assert not (tmp_path / "1" / "encoder.json").exists()
    for message, name in zip(messages[2:], ("encoder@v2", "other@v1"), strict=True):
        assert message.startswith(f"someone/{name}: cannot be fetched from the hub (")
        assert "404" in message


@pytest.mark.parametrize("offline", ["0", "1"])
def test_without_a_hub_the_message_says_what_to_do(
    offline: str, root: Path, tmp_path: Path
) -> None:
    # nothing listens on port 9 of this machine
    variables = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": offline}
    wanted = [{"repository": "someone/encoder", "revision": "v1"}]
    message = fetch(tmp_path, root, wanted, **variables)[0]
    assert message.startswith("someone/encoder@v1: cannot be fetched from the hub (")
    assert "use kind: folder with a copy in hub layout" in message
    assert not (tmp_path / "0" / "encoder.json").exists()
