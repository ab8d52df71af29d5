"""Fingerprints follow code that acts, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isogloss.errors import IsoglossError
from isogloss.fingerprint import DATA_SUFFIXES, fingerprint

# draw_figure -> figures.matrix -> tables; train -> training.loop (in a function) -> tables
FILES = {
    "draw_figure.py": "from isogloss.figures import matrix\n\nmatrix.draw()\n",
    "train.py": "def main():\n    import isogloss.training.loop as loop\n    loop.train()\n",
    "check.py": (
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
        "    from isogloss.training import loop\nelse:\n    import isogloss.errors\n"
    ),
    "isogloss/__init__.py": '"""The package."""\n',
    "isogloss/errors.py": "class Wrong(Exception):\n    pass\n",
    "isogloss/tables.py": '"""Tables."""\n\ndef read(path):\n    """Read."""\n    return path\n',
    "isogloss/figures/__init__.py": "",
    "isogloss/figures/matrix.py": (
        "import json\nfrom isogloss.tables import read\n\ndef draw():\n    return read(1)  # one\n"
    ),
    "isogloss/figures/colours.csv": "a,b\n",
    "isogloss/figures/notes.txt": "not read\n",
    "isogloss/training/__init__.py": "",
    "isogloss/training/loop.py": "from isogloss import tables\n\ndef train():\n    return tables\n",
}
SCRIPTS = ("draw_figure", "train", "check")


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def changed_by(folder: Path, name: str, text: str) -> set[str]:
    """Scripts whose fingerprint an edit changes."""
    before = {script: fingerprint(script, folder) for script in SCRIPTS}
    write(folder, {name: text})
    return {script for script in SCRIPTS if fingerprint(script, folder) != before[script]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "scripts", FILES)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("isogloss/tables.py", "def read(path):\n    return 2\n", {"draw_figure", "train"}),
        (
            "isogloss/figures/matrix.py",
            FILES["isogloss/figures/matrix.py"].replace("read(1)", "read(2)"),
            {"draw_figure"},
        ),
        ("isogloss/training/loop.py", "def train():\n    return 3\n", {"train"}),
        ("isogloss/errors.py", "class Wrong(ValueError):\n    pass\n", {"check"}),
        ("isogloss/figures/__init__.py", "limit = 1\n", {"draw_figure"}),
        ("isogloss/__init__.py", "limit = 1\n", {"draw_figure", "train", "check"}),
        ("isogloss/figures/colours.csv", "a,c\n", {"draw_figure"}),
        ("isogloss/figures/shapes.yaml", "a: 1\n", {"draw_figure"}),
        ("train.py", "import isogloss.training.loop\n", {"train"}),
    ],
)
def test_an_edit_changes_exactly_what_reaches_it(
    folder: Path, name: str, text: str, expected: set[str]
) -> None:
    assert changed_by(folder, name, text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("isogloss/tables.py", "def read(path):\n    return path\n"),
        ("isogloss/tables.py", '"""Other."""\ndef read(path):\n    "New."\n    return (path)\n'),
        ("isogloss/tables.py", "# why\n\n\ndef read( path ):\n\n        return path   # so\n"),
        ("isogloss/__init__.py", ""),
        ("isogloss/figures/notes.txt", "still not read\n"),
        ("isogloss/figures/other.py", "x = 1\n"),
        ("other.csv", "beside the scripts\n"),
        ("check.py", FILES["check.py"].replace("isogloss.training", "isogloss.figures")),
    ],
)
def test_what_does_not_act_changes_nothing(folder: Path, name: str, text: str) -> None:
    assert changed_by(folder, name, text) == set()


def test_touch_and_place_change_nothing(folder: Path, tmp_path: Path) -> None:
    before = fingerprint("draw_figure", folder)
    os.utime(folder / "isogloss/tables.py", (1, 1))
    copy = shutil.copytree(folder, tmp_path / "elsewhere")
    assert fingerprint("draw_figure", folder) == fingerprint("draw_figure", copy) == before


def test_quick_edits_of_equal_length_are_told_apart(folder: Path) -> None:
    seen = set()
    for digit in "0123456789":
        write(folder, {"isogloss/tables.py": f"def read(path):\n    return {digit}\n"})
        os.utime(folder / "isogloss/tables.py", (1, 1))
        seen.add(fingerprint("train", folder))
    assert len(seen) == 10


def test_script_file_and_module_names_mean_the_same(folder: Path) -> None:
    value = fingerprint("train", folder)
    assert value == fingerprint("train.py", folder) == fingerprint(folder / "train.py", folder)
    module = fingerprint("isogloss.training.loop", folder)
    assert module == fingerprint(Path("isogloss/training/loop.py"), folder) != value
    assert len(value) == 16
    assert set(value) <= set("0123456789abcdef")


def test_relative_folder_means_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value = fingerprint("train", folder)
    monkeypatch.chdir(folder.parent)
    assert fingerprint(folder / "train.py", Path("scripts")) == value


def test_modules_that_import_each_other(folder: Path) -> None:
    write(
        folder,
        {"isogloss/a.py": "import isogloss.b\nx = 1\n", "isogloss/b.py": "import isogloss.a\n"},
    )
    before = fingerprint("isogloss.b", folder)
    write(folder, {"isogloss/a.py": "import isogloss.b\nx = 2\n"})
    assert fingerprint("isogloss.b", folder) != before


def test_swapping_the_content_of_two_modules_is_seen(folder: Path) -> None:
    write(
        folder,
        {
            "both.py": "import isogloss.a\nimport isogloss.b\n",
            "isogloss/a.py": "x = 1\n",
            "isogloss/b.py": "x = 2\n",
        },
    )
    before = fingerprint("both", folder)
    write(folder, {"isogloss/a.py": "x = 2\n", "isogloss/b.py": "x = 1\n"})
    assert fingerprint("both", folder) != before


def test_a_package_without_init_is_followed(folder: Path) -> None:
    (folder / "isogloss/figures/__init__.py").unlink()
    before = fingerprint("draw_figure", folder)
    write(folder, {"isogloss/figures/matrix.py": "def draw():\n    return 5\n"})
    assert fingerprint("draw_figure", folder) != before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("isogloss/tables.py", "x = 1\ndef read(:\n", r"tables\.py:2: is not valid Python"),
        ("isogloss/tables.py", "x = '\0'\n", r"tables\.py.*: is not valid Python"),
        ("isogloss/tables.py", "\nfrom . import errors\n", r"tables\.py:2: relative import"),
        ("isogloss/tables.py", "\nfrom ..x import y\n", r"tables\.py:2: relative .*\.\.x"),
        ("train.py", "\nimport isogloss.missing\n", r"train\.py:2: imports 'isogloss\.missing'"),
        ("train.py", "from isogloss.missing import x\n", r"train\.py:1: imports 'isogloss\.miss"),
    ],
)
def test_errors_say_where(folder: Path, name: str, text: str, message: str) -> None:
    write(folder, {name: text})
    with pytest.raises(IsoglossError, match=message):
        fingerprint("train", folder)


@pytest.mark.parametrize("name", ["absent", "absent.py", "isogloss.absent"])
def test_a_missing_script_is_an_error(folder: Path, name: str) -> None:
    with pytest.raises(IsoglossError, match=r"absent\.py: no such script"):
        fingerprint(name, folder)


def test_a_script_outside_is_an_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(IsoglossError, match="must lie in"):
        fingerprint(tmp_path / "train.py", folder)


def test_no_dependence_on_hash_seed_or_python(folder: Path, root: Path) -> None:
    command = "import sys, pathlib; from isogloss.fingerprint import fingerprint\n"
    command += "print(fingerprint('draw_figure', pathlib.Path(sys.argv[1])))"
    found = [
        subprocess.run(
            [sys.executable, "-c", command, str(folder)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root / "workflow/scripts")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    # written down once: another Python that parses alike gives the same
    assert found == ["b8183695d7688186", "b8183695d7688186"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 9), st.integers(0, 9))
def test_equal_exactly_when_the_code_is_equal(folder: Path, first: int, second: int) -> None:
    values = []
    for n in (first, second):
        write(folder, {"isogloss/tables.py": f"def read(path):\n    return [path, None][{n}:]\n"})
        values.append(fingerprint("isogloss.tables", folder))
    assert (values[0] == values[1]) == (first == second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("x = None", "x = ..."),
        ("x = 1", "x = True"),
        ("x = 0", "x = 0.0"),
        ("x = 'a'", "x = b'a'"),
        ("x = f(*a)", "x = f(**a)"),
        ("def f(a, *, b): pass", "def f(a, *, b=None): pass"),
        ("def f(a, b): pass", "def f(a, /, b): pass"),
        ("x = {**a}", "x = {'': a}"),
        ("return_ = lambda: None", "return_ = lambda: 0"),
        ("def f():\n    return", "def f():\n    return None"),
        ("x: int", "x: int = None"),
        ("x = []", "x = ()"),
        ("x = a[:]", "x = a[None:]"),
        ("class A(B): pass", "class A(b=B): pass"),
        ("for x in y: pass", "for x in y: pass\nelse: pass"),
    ],
)
def test_leaving_out_empty_fields_keeps_programs_apart(
    folder: Path, first: str, second: str
) -> None:
    values = []
    for text in (first, second):
        write(folder, {"one.py": text})
        values.append(fingerprint("one", folder))
    assert values[0] != values[1]


def test_every_module_of_the_package(root: Path) -> None:
    scripts = root / "workflow" / "scripts"
    names = [
        path.relative_to(scripts).with_suffix("").as_posix().replace("/", ".")
        for path in sorted(scripts.rglob("*.py"))
        if path.name != "__init__.py"
    ]
    values = [fingerprint(name, scripts) for name in names]
    assert len(set(values)) == len(names) > 1


def test_the_package_reaches_only_what_it_imports(root: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(root / "workflow" / "scripts", tmp_path / "scripts")
    errors, tables = fingerprint("isogloss.errors", copy), fingerprint("isogloss.tables", copy)
    with (copy / "isogloss/tables.py").open("a", encoding="utf-8") as stream:
        stream.write("\nEXTRA = 1\n")
    assert fingerprint("isogloss.errors", copy) == errors
    assert fingerprint("isogloss.tables", copy) != tables
    assert ".py" not in DATA_SUFFIXES


def test_nothing_heavy_is_imported(root: Path) -> None:
    command = "import sys, isogloss.fingerprint; print(*sorted(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", command],
        env={"PYTHONPATH": str(root / "workflow/scripts")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"numpy", "pandas", "pyarrow", "torch", "pydantic"} & set(found)
