"""Readers of XNLI in its four layouts; each gives a frame of table kind `pairs`.

Columns `id` (0-based row of that language in upstream order, int64), `premise`,
`hypothesis` and `label` (entailment, neutral or contradiction). Sentences are kept as they
stand, leading blanks included: machine-translated XNLI-MT has some. There is no quoting
in any of the layouts; a quote is text.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.corpora.cells import check_header, split_rows
from isogloss.corpora.parquet import (
    INTEGER,
    TEXT,
    check_label_names,
    pick_label,
    read_hub,
    read_rows,
)
from isogloss.corpora.text import read_lines
from isogloss.errors import CorpusError

LABELS = ("entailment", "neutral", "contradiction")
# XNLI-MT keeps the spelling of the MultiNLI files that it was translated from.
_MT_LABELS = {"entailment": "entailment", "neutral": "neutral", "contradictory": "contradiction"}
_PLAIN_LABELS = {label: label for label in LABELS}
_MT_HEADER = ("premise", "hypo", "label")
_XNLI_1_0_HEADER = (
    "language",
    "gold_label",
    "sentence1_binary_parse",
    "sentence2_binary_parse",
    "sentence1_parse",
    "sentence2_parse",
    "sentence1",
    "sentence2",
    "promptID",
    "pairID",
    "genre",
    "label1",
    "label2",
    "label3",
    "label4",
    "label5",
    "sentence1_tokenized",
    "sentence2_tokenized",
    "match",
)
_LANGUAGE, _GOLD, _PREMISE, _HYPOTHESIS = (
    _XNLI_1_0_HEADER.index(name) for name in ("language", "gold_label", "sentence1", "sentence2")
)


class _Row(NamedTuple):
    line: int
    premise: str
    hypothesis: str
    label: str


def read_xnli_1_0(path: str | Path, language: str) -> pd.DataFrame:
    """Rows of one language of XNLI 1.0's own dev or test file (Conneau et al. 2018).

    The file has 19 columns, a header, and all languages.

    Raises
    ------
    CorpusError
        for another header, a wrong number of columns, an unknown label, an empty
        sentence, or a language the file does not hold
    """
    lines = read_lines(path)
    check_header(path, lines[0], _XNLI_1_0_HEADER)
    cells = list(split_rows(path, lines, len(_XNLI_1_0_HEADER), first=2))
    rows = [
        _Row(line, row[_PREMISE], row[_HYPOTHESIS], row[_GOLD])
        for line, row in cells
        if row[_LANGUAGE] == language
    ]
    if not rows:
        found = ", ".join(sorted({row[_LANGUAGE] for _, row in cells})) or "none"
        raise CorpusError(path, None, f"holds no row of language {language!r}; it has: {found}")
    return _pairs(path, rows, _PLAIN_LABELS)


def read_xtreme_pairs(path: str | Path) -> pd.DataFrame:
    """XTREME's layout: premise, hypothesis, label, tab-separated, no header.

    Raises
    ------
    CorpusError
        for a wrong number of columns, an unknown label or an empty sentence
    """
    cells = split_rows(path, read_lines(path), 3, first=1)
    return _pairs(path, (_Row(line, *row) for line, row in cells), _PLAIN_LABELS)


def read_xnli_mt(path: str | Path) -> pd.DataFrame:
    """XNLI-MT 1.0 train file: header `premise hypo label`, label `contradictory`.

    An empty sentence is kept: a machine translation may be empty, and the studies train on all
    rows.

    Raises
    ------
    CorpusError
        for another header, a wrong number of columns, an unknown label, or no row at all
    """
    lines = read_lines(path)
    check_header(path, lines[0], _MT_HEADER)
    cells = split_rows(path, lines, len(_MT_HEADER), first=2)
    return _pairs(path, (_Row(line, *row) for line, row in cells), _MT_LABELS, empty=True)


def read_xnli_parquet(path: str | Path) -> pd.DataFrame:
    """Parquet of the hub: premise, hypothesis, and label 0, 1, 2 in the order of LABELS.

    An empty sentence is kept, as in `read_xnli_mt`: the train split is the same text.

    Raises
    ------
    CorpusError
        for another file format or schema, other label names in the hub's metadata, a missing
        value or a label outside of 0 to 2; rows are counted from 1
    """
    table = read_hub(path, {"premise": TEXT, "hypothesis": TEXT, "label": INTEGER})
    check_label_names(path, table.schema, "label", LABELS)
    rows = [
        _Row(number, premise, hypothesis, pick_label(path, number, label, LABELS))
        for number, (premise, hypothesis, label) in read_rows(path, table)
    ]
    return _frame(path, rows)


def _pairs(
    path: str | Path, rows: Iterable[_Row], labels: Mapping[str, str], empty: bool = False
) -> pd.DataFrame:
    named = []
    for row in rows:
        if row.label not in labels:
            raise CorpusError(
                path, row.line, f"label {row.label!r} is unknown; allowed: {', '.join(labels)}"
            )
        if not empty and not (row.premise.strip() and row.hypothesis.strip()):
            raise CorpusError(path, row.line, _empty(row))
        named.append(row._replace(label=labels[row.label]))
    return _frame(path, named)


def _empty(row: _Row) -> str:
    which = "hypothesis" if row.premise.strip() else "premise"
    return f"the {which} is empty; both sentences need text"


def _frame(path: str | Path, rows: list[_Row]) -> pd.DataFrame:
    if not rows:
        raise CorpusError(path, None, "holds no rows; at least one is needed")
    return pd.DataFrame(
        {
            "id": np.arange(len(rows), dtype=np.int64),
            "premise": [row.premise for row in rows],
            "hypothesis": [row.hypothesis for row in rows],
            "label": [row.label for row in rows],
        }
    )
