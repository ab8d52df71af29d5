"""Readers of PAWS-X (Yang et al. 2019); each gives a frame of table kind `pairs`.

`premise` is upstream's sentence1 and `hypothesis` its sentence2; `label` is `paraphrase`
for 1 and `different` for 0. Sentences are kept as they stand; there is no quoting.

Rows without a translation are left out: those where a sentence is `NS`, as upstream marks
them in dev and test, or empty, as the machine-translated training sets have some
(google-research-datasets/paws, issue 4). `id` is the 0-based row in upstream order, those
left out counted, so that an id is the same example in all languages.
"""

from collections.abc import Iterable
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

LABELS = ("different", "paraphrase")
_HEADER = ("id", "sentence1", "sentence2", "label")
_STORED = ("0", "1")
_NO_TRANSLATION = "NS"
_NO_LABEL = -1


class _Row(NamedTuple):
    place: int
    premise: str
    hypothesis: str
    label: str


def read_pawsx(path: str | Path) -> pd.DataFrame:
    """PAWS-X's own files: header `id sentence1 sentence2 label`, label 0 or 1.

    Raises
    ------
    CorpusError
        with file and line for another header, a wrong number of columns, or a label other
        than 0 and 1; for no row, or none with a translation
    """
    lines = read_lines(path)
    check_header(path, lines[0], _HEADER)
    rows = []
    for line, (_, premise, hypothesis, label) in split_rows(path, lines, len(_HEADER), first=2):
        if label not in _STORED:
            raise CorpusError(
                path, line, f"label {label!r}; allowed: 0 (different), 1 (paraphrase)"
            )
        rows.append(_Row(line - 2, premise, hypothesis, LABELS[int(label)]))
    return _frame(path, rows)


def read_pawsx_parquet(path: str | Path) -> pd.DataFrame:
    """PAWS-X on the hub (google-research-datasets/paws-x), label 0 or 1.

    A row with label -1 is left out too: the hub's card says that it stands for a missing one.

    Raises
    ------
    CorpusError
        for another file format or schema, other label names in the hub's metadata, and naming
        the row (from 1) for a missing value or another label; for no row that is left
    """
    kinds = {"id": INTEGER, "sentence1": TEXT, "sentence2": TEXT, "label": INTEGER}
    table = read_hub(path, kinds)
    check_label_names(path, table.schema, "label", _STORED)
    return _frame(
        path,
        [
            _Row(number - 1, premise, hypothesis, pick_label(path, number, label, LABELS))
            for number, (_, premise, hypothesis, label) in read_rows(path, table)
            if label != _NO_LABEL
        ],
    )


def _frame(path: str | Path, rows: Iterable[_Row]) -> pd.DataFrame:
    kept = [row for row in rows if _is_there(row.premise) and _is_there(row.hypothesis)]
    if not kept:
        raise CorpusError(
            path, None, "holds no row with both sentences and a label; at least one is needed"
        )
    return pd.DataFrame(
        {
            "id": np.array([row.place for row in kept], dtype=np.int64),
            "premise": [row.premise for row in kept],
            "hypothesis": [row.hypothesis for row in kept],
            "label": [row.label for row in kept],
        }
    )


def _is_there(sentence: str) -> bool:
    return sentence.strip() not in ("", _NO_TRANSLATION)
