"""From an upstream file to canonical rows, and what is checked between splits."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from isogloss.corpora.conllu import read_conllu, read_conllu_text
from isogloss.corpora.parallel import read_documents, read_text, read_udhr
from isogloss.corpora.paraphrase import read_pawsx, read_pawsx_parquet
from isogloss.corpora.questions import find_line, read_goldp, read_tydiqa_parquet
from isogloss.corpora.sources import FORMATS
from isogloss.corpora.tagged import (
    read_conll_ner,
    read_ud_pos,
    read_ud_pos_parquet,
    read_uner,
    read_wikiann,
    read_wikiann_parquet,
)
from isogloss.corpora.wikipedia import read_wikipedia_parquet
from isogloss.corpora.xnli import (
    read_xnli_1_0,
    read_xnli_mt,
    read_xnli_parquet,
    read_xtreme_pairs,
)
from isogloss.errors import ConfigError, CorpusError

_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "conll-ner": read_conll_ner,
    "conllu": read_conllu,
    "conllu-text": read_conllu_text,
    "documents": read_documents,
    "goldp": read_goldp,
    "pawsx": read_pawsx,
    "pawsx-parquet": read_pawsx_parquet,
    "text": read_text,
    "ud-pos": read_ud_pos,
    "udhr": read_udhr,
    "udpos-parquet": read_ud_pos_parquet,
    "uner": read_uner,
    "wikiann-parquet": read_wikiann_parquet,
    "wikipedia-parquet": read_wikipedia_parquet,
    "xnli-mt": read_xnli_mt,
    "xnli-parquet": read_xnli_parquet,
    "xtreme-pairs": read_xtreme_pairs,
}
# formats whose files name the language: to choose its rows, or to check them
_READERS_OF_A_LANGUAGE: dict[str, Callable[[Path, str], pd.DataFrame]] = {
    "tydiqa-parquet": read_tydiqa_parquet,
    "wikiann": read_wikiann,
    "xnli-1.0": read_xnli_1_0,
}

_PARQUET = "PAR1"  # how such a file begins

# a row's texts; a sentence given as tokens is one of them, as a tuple
_Key = tuple[str | tuple[str, ...], ...]


def read_corpus(format: str, path: Path, language: str) -> tuple[str, pd.DataFrame]:
    """Read one upstream file of a known format.

    Parameters
    ----------
    format : a name in `sources.FORMATS`
    language : language of the file; of the rows to take for `xnli-1.0` and `tydiqa-parquet`,
        whose files hold all languages

    Returns
    -------
    table kind (a value of `sources.FORMATS`) and the frame; `id` is the row in upstream order

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
    if format in _READERS_OF_A_LANGUAGE:
        frame = _READERS_OF_A_LANGUAGE[format](path, language)
    else:
        frame = _READERS[format](path)
    count_repeated(frame, path)
    return FORMATS[format], frame


def count_repeated(frame: pd.DataFrame, path: str | Path) -> int:
    """Number of rows that equal an earlier row of the same split, for the log.

    Upstream has such rows (XNLI in zh, ur, hi, de: one pair with two labels; treebanks and
    NTREX: short sentences), and the published numbers rest on them. They are kept.
    Labels, tags, answers, trees and ids are not compared; texts, tokens, contexts and questions
    are.

    Raises
    ------
    CorpusError
        where every row has a twin: a file that was appended to itself
    """
    keys = Counter(_keys(frame, _key_columns(frame)))
    if len(frame) > 1 and min(keys.values()) > 1:
        raise CorpusError(
            path,
            None,
            f"each of the {len(frame)} rows occurs at least twice, as in a file appended to "
            "itself; single repeated rows are allowed, a repeated file is not",
        )
    return len(frame) - len(keys)


def check_overlap(
    train: pd.DataFrame,
    held_out: Mapping[str, pd.DataFrame],
    path: str | Path,
    policy: Literal["error", "drop", "keep"],
) -> pd.DataFrame:
    """Hold training rows against dev and test rows.

    Two rows overlap where premise and hypothesis, context and question, all tokens, or the text
    are exactly equal.

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
    twins: dict[_Key, str] = {}
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
            _line_of(path, train.iloc[first], keys[first]),
            f"training row {train['id'].iloc[first]} ({_shown(keys[first])!r}) is also in "
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
    for columns in (["premise", "hypothesis"], ["context", "question"], ["text"]):
        if set(columns) <= set(frame.columns):
            return columns
    return ["form"]


def _keys(frame: pd.DataFrame, columns: list[str]) -> list[_Key]:
    cells = (frame[column].tolist() for column in columns)
    return [
        tuple(cell if isinstance(cell, str) else tuple(cell) for cell in row)
        for row in zip(*cells, strict=True)
    ]


def _shown(key: _Key) -> str:
    last = key[-1]
    return (last if isinstance(last, str) else " ".join(last))[:60]


def _line_of(path: str | Path, row: pd.Series, key: _Key) -> int | None:
    """Line of an upstream file where a row stands; None where the file has no such lines."""
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if text.startswith(_PARQUET):
        return None
    if "question_id" in row:
        return find_line(text, row["question_id"])
    if "tag" in row:
        return _line_of_sentence(text, row["id"])
    return _line_of_texts(text, key)


def _line_of_sentence(text: str, place: int) -> int | None:
    """First line of a sentence in blocks between empty lines, by its 0-based place."""
    between = True
    for number, line in enumerate(text.split("\n"), start=1):
        if line and between:
            if place == 0:
                return number
            place -= 1
        between = not line
    return None


def _line_of_texts(text: str, key: _Key) -> int | None:
    """First line that is this text, a treebank's comment of it, or has the pair."""
    wanted = {part.strip() for part in key if isinstance(part, str)}
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split("\t") if len(key) > 1 else [line]
        if line.startswith("#"):
            fields.append(line.partition("=")[2])
        if wanted <= {field.strip() for field in fields}:
            return number
    return None
