"""From an upstream file to canonical rows, and what is checked between splits."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from isogloss.corpora.conllu import read_conllu, read_conllu_text
from isogloss.corpora.parallel import read_documents, read_text, read_udhr
from isogloss.corpora.sources import FORMATS
from isogloss.corpora.xnli import (
    read_xnli_1_0,
    read_xnli_mt,
    read_xnli_parquet,
    read_xtreme_pairs,
)
from isogloss.errors import ConfigError, CorpusError

_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "conllu": read_conllu,
    "conllu-text": read_conllu_text,
    "documents": read_documents,
    "text": read_text,
    "udhr": read_udhr,
    "xnli-mt": read_xnli_mt,
    "xnli-parquet": read_xnli_parquet,
    "xtreme-pairs": read_xtreme_pairs,
}


def read_corpus(format: str, path: Path, language: str) -> tuple[str, pd.DataFrame]:
    """Read one upstream file of a known format.

    Parameters
    ----------
    format : a name in `sources.FORMATS`
    language : language to take, used by `xnli-1.0` only, whose files hold all languages

    Returns
    -------
    table kind (`pairs`, `lines` or `treebank`) and the frame; `id` is the row in upstream order

    Raises
    ------
    ConfigError
        for an unknown format
    CorpusError
        for a file that does not follow the format, and for one that holds every row at least
        twice (see `count_repeated`)
    """
    if format not in FORMATS:
        raise ConfigError(f"format {format!r} is unknown; allowed: {', '.join(sorted(FORMATS))}")
    frame = read_xnli_1_0(path, language) if format == "xnli-1.0" else _READERS[format](path)
    count_repeated(frame, path)
    return FORMATS[format], frame


def count_repeated(frame: pd.DataFrame, path: str | Path) -> int:
    """Number of rows that equal an earlier row of the same split, for the log.

    Upstream has such rows (XNLI in zh, ur, hi, de: one pair with two labels; treebanks and
    NTREX: short sentences), and the published numbers rest on them. They are kept.
    Labels, trees and ids are not compared, texts are.

    Raises
    ------
    CorpusError
        where every row has a twin: a file that was appended to itself
    """
    keys = frame[_key_columns(frame)]
    if len(keys) > 1 and keys.duplicated(keep=False).all():
        raise CorpusError(
            path,
            None,
            f"each of the {len(keys)} rows occurs at least twice, as in a file appended to "
            "itself; single repeated rows are allowed, a repeated file is not",
        )
    return int(keys.duplicated().sum())


def check_overlap(
    train: pd.DataFrame,
    held_out: Mapping[str, pd.DataFrame],
    path: str | Path,
    policy: Literal["error", "drop", "keep"],
) -> pd.DataFrame:
    """Hold training rows against dev and test rows.

    Two rows overlap where premise and hypothesis, or text, are exactly equal.

    Parameters
    ----------
    train : rows of any table kind
    held_out : frames of the same kind by name (a split or its file)
    path : file of the training rows
    policy : `error` refuses an overlap, `drop` leaves its training rows out (ids of the others
        stay as they are), `keep` changes nothing

    Raises
    ------
    CorpusError
        under `error`, naming file and line of the first such row and its twin; under `drop`
        if no row is left
    """
    if policy == "keep":
        return train
    columns = _key_columns(train)
    keys = _keys(train, columns)
    twins: dict[tuple[str, ...], str] = {}
    for name, frame in held_out.items():
        for key in _keys(frame, columns):
            twins.setdefault(key, name)
    shared = [key in twins for key in keys]
    if not any(shared):
        return train
    if policy == "error":
        first = shared.index(True)
        raise CorpusError(
            path,
            _line_of(path, keys[first]),
            f"training row {train['id'].iloc[first]} ({keys[first][-1][:60]!r}) is also in "
            f"{twins[keys[first]]}; {sum(shared)} rows overlap; allowed: none, or set overlap "
            "to drop or keep",
        )
    if all(shared):
        raise CorpusError(path, None, "all training rows are also in dev or test; none is left")
    return train[[not place for place in shared]].reset_index(drop=True)


def limit(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """First rows in upstream order; all of them where there are fewer."""
    return frame.head(rows)


def _key_columns(frame: pd.DataFrame) -> list[str]:
    return ["premise", "hypothesis"] if "premise" in frame.columns else ["text"]


def _keys(frame: pd.DataFrame, columns: list[str]) -> list[tuple[str, ...]]:
    return list(zip(*(frame[column].tolist() for column in columns), strict=True))


def _line_of(path: str | Path, texts: tuple[str, ...]) -> int | None:
    """First line that is this text, a treebank's comment of it, or has the pair; or None."""
    try:
        lines = Path(path).read_bytes().decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    wanted = {text.strip() for text in texts}
    for number, line in enumerate(lines, start=1):
        fields = line.split("\t") if len(texts) > 1 else [line]
        if line.startswith("#"):
            fields.append(line.partition("=")[2])
        if wanted <= {field.strip() for field in fields}:
            return number
    return None
