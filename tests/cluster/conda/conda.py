"""A `conda` on py-rattler: the commands that Snakemake gives it, and no more.

It installs from the channels that a file names and passes over `pip` sections.
"""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

import rattler
import yaml

VERSION = "25.1.0"
HOME = Path(__file__).resolve().parent.parent


def facts() -> dict[str, str]:
    """What `conda info --json` says; activate lies in the `bin` of `conda_prefix`."""
    return {"conda_prefix": str(HOME), "platform": "linux-64", "conda_version": VERSION}


async def create(file: Path, prefix: Path) -> None:
    """Install what an environment's file asks for."""
    wanted = yaml.safe_load(file.read_text(encoding="utf-8"))
    records = await rattler.solve(
        [rattler.Channel(channel) for channel in wanted["channels"]],
        [package for package in wanted["dependencies"] if isinstance(package, str)],
        platforms=["linux-64", "noarch"],
    )
    prefix.mkdir(parents=True, exist_ok=True)
    await rattler.install(records, prefix, cache_dir=HOME / "packages", show_progress=False)


def main(arguments: list[str]) -> None:
    """Answer one command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", action="store_true")
    parser.add_argument("command", nargs="*")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--prefix", type=Path)
    chosen, _ = parser.parse_known_args(arguments)
    if chosen.version:
        print(f"conda {VERSION}")
    elif chosen.command[:1] == ["info"]:
        print(json.dumps(facts()))
    elif chosen.command[:1] == ["config"]:
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif chosen.command[:2] == ["env", "create"]:
        asyncio.run(create(chosen.file, chosen.prefix))
        # rattler's threads may outlive the work and abort Python where it takes itself apart.
        sys.stdout.flush()
        os._exit(0)
    elif chosen.command[:1] != ["clean"]:
        sys.exit(f"conda: found {' '.join(arguments)!r}; this one only creates environments")


main(sys.argv[1:])
