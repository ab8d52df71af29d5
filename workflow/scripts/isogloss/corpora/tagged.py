"""Sentences with one tag per token; each reader gives a frame of table kind `tagged`.

Columns `id` (0-based sentence in upstream order, int64), `form` and `tag` (lists of the
same length). In text files one line is one token, and one empty line ends a sentence; the
last sentence may lack it. Tokens are kept as they stand: Universal NER has tokens with a
blank inside, and `_` is a token where a treebank has it. Tags of names are kept too, also
a sequence that opens with I-, as automatic annotation has them (WikiANN in ja and zh).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.corpora.conllu import UPOS
from isogloss.corpora.parquet import (
    INTEGERS,
    TEXTS,
    check_label_names,
    pick_label,
    read_hub,
    read_rows,
)
from isogloss.corpora.text import read_lines
from isogloss.errors import CorpusError

NAMES = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
NAMES_AND_DATES = (*NAMES, "B-DATE", "I-DATE")
_UNER_COLUMNS = 5


class _Sentence(NamedTuple):
    forms: list[str]
    tags: list[str]


# the place of a token in its sentence (from 1), its line number and line -> form and tag
_Parse = Callable[[int, int, str], tuple[str, str]]


def read_ud_pos(path: str | Path) -> pd.DataFrame:
    """XTREME's part-of-speech files (Hu et al. 2020): word, tab, UPOS.

    Raises
    ------
    CorpusError
        with file and line for a wrong number of columns, an empty token, a tag outside of the
        17 (`_` too, which stands beside multiword tokens and empty nodes: they are no words),
        an empty sentence, or no sentence
    """

    def parse(_: int, line: int, content: str) -> tuple[str, str]:
        return _cut(path, line, content, "\t")

    return _read_text(path, parse, UPOS)


def read_wikiann(path: str | Path, language: str) -> pd.DataFrame:
    """WikiANN, balanced split (Pan et al. 2017, Rahimi et al. 2019): `de:token`, tab, tag.

    The token begins after the first colon; it may hold further ones.

    Parameters
    ----------
    language : code that must stand before each token

    Raises
    ------
    CorpusError
        with file and line for another language, a wrong number of columns, an empty token, a
        tag outside of `NAMES`, an empty sentence, or no sentence
    """

    def parse(_: int, line: int, content: str) -> tuple[str, str]:
        cell, tag = _cut(path, line, content, "\t")
        found, colon, form = cell.partition(":")
        if not colon or found != language:
            raise CorpusError(
                path, line, f"token {cell!r}; allowed: {language}:token, the language of the file"
            )
        return form, tag

    return _read_text(path, parse, NAMES)


def read_conll_ner(path: str | Path) -> pd.DataFrame:
    """MasakhaNER 1.0 and 2.0 (Adelani et al. 2021, 2022): token, one blank, tag.

    Raises
    ------
    CorpusError
        with file and line for a wrong number of columns, an empty token, a tag outside of
        `NAMES_AND_DATES`, an empty sentence, or no sentence
    """

    def parse(_: int, line: int, content: str) -> tuple[str, str]:
        return _cut(path, line, content, " ")

    return _read_text(path, parse, NAMES_AND_DATES)


def read_uner(path: str | Path) -> pd.DataFrame:
    """Universal NER's .iob2 files (Mayhew et al. 2024): id, token, tag, and two more columns.

    Lines that begin with # are comments.

    Raises
    ------
    CorpusError
        with file and line for a wrong number of columns, ids that do not count 1 to n, an
        empty token, a tag outside of `NAMES`, a sentence without tokens, or no sentence
    """

    def parse(place: int, line: int, content: str) -> tuple[str, str]:
        cells = content.split("\t")
        if len(cells) != _UNER_COLUMNS:
            raise CorpusError(
                path,
                line,
                f"found {len(cells)} tab-separated columns; allowed: exactly {_UNER_COLUMNS}",
            )
        if cells[0] != str(place):
            raise CorpusError(
                path, line, f"id {cells[0]!r}; allowed here: {place} (ids count 1, 2, 3, ...)"
            )
        return cells[1], cells[2]

    return _read_text(path, parse, NAMES, comments=True)


def read_wikiann_parquet(path: str | Path) -> pd.DataFrame:
    """WikiANN on the hub (unimelb-nlp/wikiann): tokens, and ner_tags as places in `NAMES`.

    Raises
    ------
    CorpusError
        for another file format or schema, other tag names in the hub's metadata, and naming
        the row (from 1) for a missing value, a tag outside of the names, an empty token, an
        empty sentence, or tags of another number than tokens
    """
    return _read_parquet(path, "ner_tags", NAMES, optional=("langs", "spans"))


def read_ud_pos_parquet(path: str | Path) -> pd.DataFrame:
    """XTREME's part-of-speech data on the hub (google/xtreme): tokens, and pos_tags in `UPOS`.

    Raises as `read_wikiann_parquet`.
    """
    return _read_parquet(path, "pos_tags", UPOS)


def _cut(path: str | Path, line: int, content: str, separator: str) -> tuple[str, str]:
    cells = content.split(separator)
    if len(cells) != 2:
        kind = "tab" if separator == "\t" else "blank"
        raise CorpusError(
            path,
            line,
            f"found {len(cells)} {kind}-separated columns; allowed: exactly 2, or an empty line "
            "between sentences",
        )
    return cells[0], cells[1]


def _read_text(
    path: str | Path, parse: _Parse, tags: Sequence[str], comments: bool = False
) -> pd.DataFrame:
    sentences = []
    for block in _blocks(path):
        tokens = [
            (line, content) for line, content in block if not (comments and content.startswith("#"))
        ]
        if not tokens:
            raise CorpusError(
                path, block[0][0], "a sentence without tokens; at least one is needed"
            )
        sentences.append(_parsed(path, tokens, parse, tags))
    return _frame(path, sentences)


def _blocks(path: str | Path) -> Iterator[list[tuple[int, str]]]:
    block: list[tuple[int, str]] = []
    for line, content in enumerate(read_lines(path), start=1):
        if content:
            block.append((line, content))
        elif block:
            yield block
            block = []
        else:
            raise CorpusError(
                path, line, "an empty sentence; allowed: one empty line after each sentence"
            )
    if block:
        yield block


def _parsed(
    path: str | Path, tokens: list[tuple[int, str]], parse: _Parse, allowed: Sequence[str]
) -> _Sentence:
    sentence = _Sentence([], [])
    for place, (line, content) in enumerate(tokens, start=1):
        form, tag = parse(place, line, content)
        if not form.strip():
            raise CorpusError(path, line, "the token is empty; each token needs text")
        if tag not in allowed:
            raise CorpusError(path, line, f"tag {tag!r} is unknown; allowed: {', '.join(allowed)}")
        sentence.forms.append(form)
        sentence.tags.append(tag)
    return sentence


def _read_parquet(
    path: str | Path, column: str, names: Sequence[str], optional: tuple[str, ...] = ()
) -> pd.DataFrame:
    table = read_hub(path, {"tokens": TEXTS, column: INTEGERS}, optional)
    check_label_names(path, table.schema, column, names)
    sentences = []
    for number, (forms, labels) in read_rows(path, table):
        if len(forms) != len(labels):
            raise CorpusError(
                path,
                None,
                f"row {number}: {len(labels)} tags; allowed: {len(forms)}, one per token",
            )
        if not forms or not all(form.strip() for form in forms):
            which = "token" if forms else "sentence"
            raise CorpusError(path, None, f"row {number} has an empty {which}; none is allowed")
        tags = [pick_label(path, number, label, names) for label in labels]
        sentences.append(_Sentence(forms, tags))
    return _frame(path, sentences)


def _frame(path: str | Path, sentences: Iterable[_Sentence]) -> pd.DataFrame:
    rows = list(sentences)
    if not rows:
        raise CorpusError(path, None, "holds no sentence; at least one is needed")
    return pd.DataFrame(
        {
            "id": np.arange(len(rows), dtype=np.int64),
            "form": [row.forms for row in rows],
            "tag": [row.tags for row in rows],
        }
    )
