"""What a rule's code amounts to: a hash over the syntax of all modules it reaches.

Snakemake sees a touched script where nothing changed, and does not see the modules that a
script imports. A rule that carries `params: code=fingerprint("compute_cka", scripts)` is run
again when code that it reaches changes, and for no comment, docstring or checkout.

Seen are absolute imports, also those inside functions, of what lies in the folder of scripts.
Not seen are modules loaded by a computed name, and text that code reads from its docstrings.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from isogloss.errors import IsoglossError

DATA_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".yaml", ".yml", ".j2"})
LENGTH = 16  # hexadecimal digits: 64 bits are plenty for some hundred fingerprints


class SourceError(IsoglossError):
    """A module's imports cannot be followed."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{where}: {reason}")


class Import(NamedTuple):
    """One import statement: `from module import names`, or `import module` without names."""

    line: int
    module: str
    names: tuple[str, ...]


class Source(NamedTuple):
    """What the fingerprint needs to know of one parsed file."""

    digest: str
    imports: tuple[Import, ...]


def fingerprint(script: str | Path, scripts: Path) -> str:
    """Hash the code that a script or module reaches.

    Parameters
    ----------
    script : name of a script (`compute_cka`), its file, or a module
        (`isogloss.representations.cka`)
    scripts : folder of the scripts, which holds the package too

    Returns
    -------
    str of 16 hexadecimal digits: SHA-256 over the abstract syntax of the file and of all
    modules in `scripts` that it imports, directly or not, with the `__init__` of every package
    on the way, and over the bytes of the data files (`DATA_SUFFIXES`) in the folders of these
    packages. It depends neither on positions, comments, docstrings and what only a type
    checker imports, nor on file times and the folder's place. Fields of the syntax tree that
    are empty are left out, so that it is the same on Python 3.11 to 3.13 for syntax that these
    parse alike.

    Raises
    ------
    SourceError : a file is missing or no Python, or an import is relative or leads nowhere
    """
    scripts = scripts.resolve()
    start = _name(script, scripts)
    if _file(start, scripts) is None:
        raise SourceError(scripts / f"{start.replace('.', '/')}.py", None, "no such script")
    total = hashlib.sha256()
    for path in sorted(_reached(start, scripts)):
        is_code = path.suffix == ".py"
        digest = _source(path).digest if is_code else _digest(path.read_bytes())
        total.update(f"{path.relative_to(scripts).as_posix()} {digest}\n".encode())
    return total.hexdigest()[:LENGTH]


def _name(script: str | Path, scripts: Path) -> str:
    if Path(script).suffix != ".py":
        return str(script)
    path = (scripts / script).resolve()
    if not path.is_relative_to(scripts):
        raise SourceError(path, None, f"must lie in {scripts}")
    return ".".join(path.relative_to(scripts).with_suffix("").parts)


def _file(module: str, scripts: Path) -> Path | None:
    """File of a module, its folder where a package has no `__init__`, None where not ours."""
    place = scripts.joinpath(*module.split("."))
    for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if path.is_file():
            return path
    return place if place.is_dir() else None


def _reached(start: str, scripts: Path) -> set[Path]:
    """Files of Python and of data that importing a module can read."""
    paths: set[Path] = set()
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path = _file(module, scripts)
        if path is None:
            continue
        waiting += _packages(module)
        folder = path if path.is_dir() else path.parent
        if folder != scripts:
            paths.update(p for p in folder.iterdir() if p.suffix in DATA_SUFFIXES)
        if path.is_file():
            paths.add(path)
            waiting += _imported(path, scripts)
    return paths


def _packages(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def _imported(path: Path, scripts: Path) -> Iterator[str]:
    """Modules that a file names in its imports; of others' modules only the name is given."""
    for line, module, names in _source(path).imports:
        if module.startswith("."):
            reason = f"relative import of {module!r}: only absolute imports are followed"
            raise SourceError(path, line, reason)
        ours = _file(module.partition(".")[0], scripts) is not None
        if ours and _file(module, scripts) is None:
            raise SourceError(path, line, f"imports {module!r}, which is not in {scripts}")
        yield module
        # a name is a module, or something inside the one that is yielded already
        yield from (f"{module}.{name}" for name in names)


def _source(path: Path) -> Source:
    return _parse(path, path.read_bytes())


@cache
def _parse(path: Path, text: bytes) -> Source:
    # the text is part of the key: file times are too coarse to tell two quick edits apart
    try:
        tree = ast.parse(text, filename=str(path))
    except SyntaxError as error:
        raise SourceError(path, error.lineno, f"is not valid Python: {error.msg}") from error
    except ValueError as error:
        raise SourceError(path, None, f"is not valid Python: {error}") from error
    tree = _Acting().visit(tree)
    return Source(_digest(_canonical(tree).encode()), tuple(_imports(tree)))


class _Acting(ast.NodeTransformer):
    """Drops what does nothing when the code runs."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        name = getattr(node.test, "attr", getattr(node.test, "id", None))
        return node.orelse if name == "TYPE_CHECKING" else node


def _imports(tree: ast.AST) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield Import(node.lineno, module, tuple(alias.name for alias in node.names))


def _canonical(value: object) -> str:
    """Write a syntax tree without its empty fields, whose set differs between Pythons."""
    if isinstance(value, ast.AST):
        fields = [(key, field) for key, field in ast.iter_fields(value) if field not in (None, [])]
        inner = ",".join(f"{key}={_canonical(field)}" for key, field in fields)
        return f"{type(value).__name__}({inner})"
    if isinstance(value, list):
        return f"[{','.join(map(_canonical, value))}]"
    return repr(value)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
