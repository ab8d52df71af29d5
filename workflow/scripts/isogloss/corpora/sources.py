"""Tables of data sets and languages: where an upstream file is, and how it is read.

Light on purpose (no pandas): Snakemake imports it each time it reads its rules.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from isogloss.errors import ConfigError

HOMES = ("mirror", "family", "hub", "url")

# Upstream formats and the table kind each of them is read into.
FORMATS = {
    "conll-ner": "tagged",
    "conllu": "treebank",
    "conllu-text": "lines",
    "documents": "lines",
    "goldp": "questions",
    "pawsx": "pairs",
    "pawsx-parquet": "pairs",
    "text": "lines",
    "tydiqa-parquet": "questions",
    "ud-pos": "tagged",
    "udhr": "lines",
    "udpos-parquet": "tagged",
    "uner": "tagged",
    "wikiann": "tagged",
    "wikiann-parquet": "tagged",
    "wikipedia-parquet": "lines",
    "xnli-1.0": "pairs",
    "xnli-mt": "pairs",
    "xnli-parquet": "pairs",
    "xtreme-pairs": "pairs",
}

LANGUAGE_COLUMNS = (
    "language",
    "name",
    "iso639_3",
    "uriel_authors",
    "uriel",
    "script",
    "ntrex",
    "tatoeba",
    "udhr",
    "ud_folder",
    "ud_stem",
    "pud",
    "uner_folder",
    "uner_stem",
    "masakhaner",
    "pawsx",
    "mixed_folder",
    "mixed_stem",
    "ud_pud_folder",
    "ud_pud_stem",
    "wikipedia",
)


class Source(NamedTuple):
    """One split of a data set at one of its homes.

    `location` is a template over the columns of the table of languages and `{version}`. What
    follows a `!` is a member of the archive, or for the hub the files in the repository.
    `sha256` is of the file that is downloaded, empty where it is not known.
    """

    dataset: str
    home: str
    split: str
    format: str
    location: str
    version: str
    sha256: str
    licence: str


def read_datasets(path: str | Path) -> list[Source]:
    """Table of data sets, in its order.

    Raises
    ------
    ConfigError
        with file and line for an unreadable file, missing or unknown columns, an empty cell
        where one is needed, an unknown home or format, a location that is no template, a
        checksum that is none, or two rows of the same data set, home and split
    """
    sources: list[Source] = []
    seen: dict[tuple[str, str, str], int] = {}
    for line, row in _rows(path, Source._fields, additional=False):
        source = Source(**row)
        mistake = _source_mistake(source)
        key = (source.dataset, source.home, source.split)
        if mistake is None and key in seen:
            mistake = f"data set, home and split {key} stand at line {seen[key]} too"
        if mistake is not None:
            raise ConfigError(f"{path}:{line}: {mistake}")
        seen[key] = line
        sources.append(source)
    return sources


def read_languages(path: str | Path) -> dict[str, dict[str, str]]:
    """Table of languages: code to row; additional columns are allowed.

    Raises
    ------
    ConfigError
        with file and line for an unreadable file, a missing column, a row of the wrong
        length, a code that is none, an empty name or a code that occurs twice
    """
    languages: dict[str, dict[str, str]] = {}
    seen: dict[str, int] = {}
    for line, row in _rows(path, LANGUAGE_COLUMNS, additional=True):
        code = row["language"]
        if not re.fullmatch(r"[a-z]{2,3}(-[a-z]+)*", code):
            mistake = f"language {code!r}; allowed: a code such as de, ckb or zh-hant"
        elif not row["name"]:
            mistake = f"language {code!r} has no name; a name is needed"
        elif code in seen:
            mistake = f"language {code!r} stands at line {seen[code]} too; once is allowed"
        else:
            seen[code] = line
            languages[code] = row
            continue
        raise ConfigError(f"{path}:{line}: {mistake}")
    return languages


def find_source(sources: Iterable[Source], dataset: str, home: str, split: str) -> Source:
    """The source of a split of a data set at a home.

    Raises
    ------
    ConfigError
        naming what the table has instead: data sets, homes or splits
    """
    rows = list(sources)
    place = "table of data sets"
    for field, wanted in (("dataset", dataset), ("home", home), ("split", split)):
        found = [row for row in rows if getattr(row, field) == wanted]
        if not found:
            allowed = ", ".join(dict.fromkeys(getattr(row, field) for row in rows)) or "none"
            raise ConfigError(f"{place}: no {field} {wanted!r}; allowed: {allowed}")
        rows = found
        place += f", {field} {wanted!r}"
    return rows[0]


def locate(source: Source, language: str, languages: Mapping[str, Mapping[str, str]]) -> str:
    """Location of a source in one language.

    Raises
    ------
    ConfigError
        if the language is not in the table, or has nothing in a column that is needed
    """
    what = f"data set {source.dataset!r} ({source.home}, {source.split})"
    if language not in languages:
        raise ConfigError(
            f"{what}: language {language!r} is not in the table of languages; "
            f"allowed: {', '.join(languages) or 'none'}"
        )
    row = {**languages[language], "language": language, "version": source.version}
    for column in placeholders(source.location):
        if not row.get(column):
            filled = [code for code, other in languages.items() if other.get(column)]
            raise ConfigError(
                f"{what}: language {language!r} has nothing in column {column!r} of the table of "
                f"languages; languages that have: {', '.join(filled) or 'none'}"
            )
    return source.location.format(**row)


def placeholders(location: str) -> list[str]:
    """Names of the columns in a location; raises ValueError if it is no template."""
    names = []
    for _, name, form, conversion in Formatter().parse(location):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"{{{name}}} is not the name of a column")
        names.append(name)
    return names


def split_member(location: str) -> tuple[str, str | None]:
    """Part of a location that is downloaded, and the member after `!`."""
    download, found, member = location.partition("!")
    return download, member if found else None


def _source_mistake(source: Source) -> str | None:
    for field in ("dataset", "home", "split", "format", "location", "licence"):
        if not getattr(source, field):
            return f"column {field!r} is empty; a value is needed"
    if source.home not in HOMES:
        return f"home {source.home!r} is unknown; allowed: {', '.join(HOMES)}"
    if source.format not in FORMATS:
        return f"format {source.format!r} is unknown; allowed: {', '.join(FORMATS)}"
    try:
        names = placeholders(split_member(source.location)[0])
        placeholders(source.location)
    except ValueError as error:
        return f"location {source.location!r}: {error}; allowed: text with {{column}} in it"
    if source.home == "url" and not source.location.startswith(("https://", "http://")):
        return f"location {source.location!r}; allowed for home 'url': https://..."
    if source.home == "hub" and not re.fullmatch(r"[\w.-]+/[\w.-]+![^!]+", source.location):
        return f"location {source.location!r}; allowed for home 'hub': owner/name!files"
    if not re.fullmatch(r"([0-9a-f]{64})?", source.sha256):
        return f"sha256 {source.sha256!r}; allowed: 64 hexadecimal digits, or empty"
    if source.sha256 and (source.home != "url" or set(names) - {"version"}):
        return "sha256 is given; allowed only for home 'url' with one download for all languages"
    return None


def _rows(
    path: str | Path, columns: tuple[str, ...], additional: bool
) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            table = [(reader.line_num, row) for row in reader if row]
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 ({error.reason}); save it as UTF-8") from None
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: not CSV ({error})") from None
    header = table[0][1] if table else []
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name not in columns and not additional]
    if missing or unknown or len(set(header)) < len(header):
        raise ConfigError(
            f"{path}:1: columns are {', '.join(header) or 'none'}; "
            f"allowed: {', '.join(columns)}{' and others' if additional else ''}, each once"
        )
    for line, row in table[1:]:
        if len(row) != len(header):
            raise ConfigError(
                f"{path}:{line}: found {len(row)} cells; allowed: {len(header)}, as in the header"
            )
        yield line, dict(zip(header, (cell.strip() for cell in row), strict=True))
