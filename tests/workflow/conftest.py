"""The finished study that the tests of this folder start from, and what jobs must do without."""

from pathlib import Path

import pytest
import study

# Python reads a module of this name when it starts; Snakemake's jobs inherit the variable.
NAME = "sitecustomize.py"
NO_TORCH = """
import sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers"):
            raise ImportError(f"{name} is out of bounds here")

sys.meta_path.insert(0, Refusal())
"""
NO_NETWORK = """
import socket

def refuse(self, address):
    if self.family != socket.AF_UNIX:
        raise OSError(f"no network here: {address}")
    return connect(self, address)

connect, socket.socket.connect = socket.socket.connect, refuse
"""


@pytest.fixture(scope="session")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the tiny study in it; for reading only."""
    return study.finish(root, tmp_path_factory.getbasetemp() / "finished")


@pytest.fixture
def no_torch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables under which no Python can import torch."""
    folder = tmp_path_factory.mktemp("no_torch")
    (folder / NAME).write_text(NO_TORCH)
    variables = {"PYTHONPATH": str(folder)}
    call = study.run(folder, study.tool("python"), "-c", "import torch", **variables)
    assert "out of bounds" in call.text
    return variables


@pytest.fixture
def no_network(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables under which no Python can connect to anything."""
    folder = tmp_path_factory.mktemp("no_network")
    (folder / NAME).write_text(NO_NETWORK)
    variables = {"PYTHONPATH": str(folder)}
    program = "import socket; socket.create_connection(('localhost', 9))"
    call = study.run(folder, study.tool("python"), "-c", program, **variables)
    assert "no network here" in call.text
    return variables
