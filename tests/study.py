"""Copies of the project, and Snakemake called in them as a user calls it."""

import ast
import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

TINY = "tests/workflow/tiny.yaml"
RUNS = "results/runs/small/nli"
# The study, and a run by a recipe that the study does not use.
TARGETS = (
    "philippy2023",
    "transfer",
    "results/corpora/sizes.csv",
    f"{RUNS}/ana/briefer/42/scores.parquet",
)
TARGET_RULES = ("all", "philippy2023", "transfer")
SNAKEMAKE = (sys.executable, "-m", "snakemake")


class Call(NamedTuple):
    """What came of a command: its exit status, and all it said."""

    status: int
    text: str


def environment(**changes: str) -> dict[str, str]:
    """Variables of a command; a profile that the caller's shell names does not count."""
    kept = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
    return kept | changes


def run(folder: Path, *command: str, **variables: str) -> Call:
    """Run a command in a folder."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Call(done.returncode, done.stdout)


def tool(name: str) -> str:
    """A command that is installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


def snakemake(folder: Path, *arguments: str, **variables: str) -> Call:
    """Call Snakemake in a folder."""
    return run(folder, *SNAKEMAKE, *arguments, **variables)


def study(folder: Path, *arguments: str, config: str = TINY, **variables: str) -> Call:
    """Call Snakemake for the whole tiny study."""
    options = ("--cores", "2", "--configfile", config)
    return snakemake(folder, *TARGETS, *options, *arguments, **variables)


def planned(call: Call) -> dict[str, int]:
    """Number of jobs by rule that a dry run announces, without the target rules."""
    assert call.status == 0, call.text
    if "Nothing to be done" in call.text:
        return {}
    table = re.search(r"^Job stats:\njob +count\n[- ]+\n(.*?)^total ", call.text, re.M | re.S)
    assert table, call.text
    counts = {rule: int(count) for rule, count in re.findall(r"(\S+) +(\d+)", table[1])}
    return {rule: count for rule, count in counts.items() if rule not in TARGET_RULES}


def copy_project(root: Path, folder: Path) -> Path:
    """Copy what git tracks or would track, with the files' times."""
    listed = run(root, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.text.split("\0")):
        if (root / name).is_file():  # a file may be deleted and not yet committed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    return folder


def finish(root: Path, folder: Path) -> Path:
    """The tiny study, finished in a copy of the project; made by the first caller only."""
    if not folder.exists():
        call = study(copy_project(root, folder))
        assert call.status == 0, call.text
    return folder


def tables(folder: Path) -> dict[str, str]:
    """Checksum of every table among the results, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "results").rglob("*"))
        if path.suffix in (".parquet", ".csv") and path.is_file()
    }


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, all cells as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def change_code(path: Path) -> None:
    """Change the body of the first function of a module by a statement without effect.

    The code must count as changed while its results stay what they were.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    functions = [n for n in ast.parse("\n".join(lines)).body if isinstance(n, ast.FunctionDef)]
    last = functions[0].body[-1]
    lines.insert(last.lineno - 1, f"{' ' * last.col_offset}assert True")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def change_remarks(path: Path) -> None:
    """Change a module's docstring, and add a comment and empty lines."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    path.write_text(f'"""Reworded. {text[3:]}\n\n# A remark.\n', encoding="utf-8")


def change_config(folder: Path, path: tuple[str, ...], value: Any) -> None:
    """Set one key of the tiny configuration."""
    config = yaml.safe_load((folder / TINY).read_text(encoding="utf-8"))
    part = config
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    (folder / TINY).write_text(yaml.safe_dump(config), encoding="utf-8")
