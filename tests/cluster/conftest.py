"""A SLURM of one node, a conda without network, and the finished study to compare with."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import study

HERE = Path(__file__).resolve().parent
PACKAGES = ("slurm-wlm", "munge")
DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch")
PATIENCE = 300  # seconds for the installation of packages


@pytest.fixture(scope="session")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the tiny study in it; for reading only."""
    return study.finish(root, tmp_path_factory.getbasetemp() / "finished")


def absent() -> list[str]:
    """Programs of SLURM that are not installed."""
    places = os.environ.get("PATH", "") + ":/usr/sbin"
    return [name for name in DAEMONS if shutil.which(name, path=places) is None]


def install() -> None:
    """Install SLURM where this is a Debian and we may."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": PATIENCE}
    variables = study.environment(DEBIAN_FRONTEND="noninteractive")
    for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        try:
            subprocess.run(["apt-get", *command], env=variables, check=False, **quiet)
        except subprocess.TimeoutExpired:
            return


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables of the clients of a running SLURM."""
    pytest.importorskip("snakemake_executor_plugin_slurm")
    if absent():
        install()
    if absent():
        pytest.skip(f"needs {', '.join(absent())} (Debian packages {', '.join(PACKAGES)})")
    folder = tmp_path_factory.mktemp("slurm")
    ports = {"CONTROL_PORT": free_port(), "NODE_PORT": free_port()}
    started = subprocess.run(
        [HERE / "slurm" / "start.sh", folder],
        env=study.environment(**ports),
        capture_output=True,
        text=True,
    )
    try:
        if started.returncode:
            pytest.fail(f"SLURM is installed and does not start:\n{started.stderr}")
        yield {
            "SLURM_CONF": str(folder / "etc" / "slurm.conf"),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        }
    finally:
        subprocess.run([HERE / "slurm" / "stop.sh", folder], check=False)


class Conda(NamedTuple):
    """A conda without network.

    variables : under which `conda` is this one
    channel : address of a channel with nothing but a Python
    record : file in which every such Python notes its path and arguments
    """

    variables: dict[str, str]
    channel: str
    record: Path


@pytest.fixture
def conda(tmp_path: Path) -> Conda:
    """The commands of `conda` in this folder, and a channel to install from."""
    pytest.importorskip("rattler")
    from conda_channel import write_channel

    record = tmp_path / "record"
    write_channel(tmp_path / "channel", sys.executable, record)
    commands = tmp_path / "conda" / "bin"
    commands.mkdir(parents=True)
    program = (HERE / "conda" / "conda.py").read_text(encoding="utf-8")
    (commands / "conda").write_text(f"#!{sys.executable}\n{program}", encoding="utf-8")
    (commands / "conda").chmod(0o755)
    shutil.copy(HERE / "conda" / "activate", commands / "activate")
    variables = {"PATH": f"{commands}:{os.environ['PATH']}"}
    return Conda(variables, (tmp_path / "channel").as_uri(), record)
