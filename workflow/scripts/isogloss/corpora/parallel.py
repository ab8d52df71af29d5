"""Readers of plain text; each gives a frame of table kind `lines`.

Columns `id` (0-based sentence), `document` (0-based) and `text`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from isogloss.corpora.text import read_lines
from isogloss.errors import CorpusError


def read_text(path: str | Path) -> pd.DataFrame:
    """One sentence per line, line i parallel in all files (NTREX-128, Tatoeba v1).

    `document` is `id`: each line stands for itself. Text is kept as it stands. NTREX ships
    its files with CR LF, which is taken off.

    Raises
    ------
    CorpusError
        for an empty line, which none of the upstream files has: it would be a sentence
        without a translation, or shift all lines after it
    """
    lines = read_lines(path, crlf=True)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise CorpusError(
                path, number, "the line is empty; each line must hold the sentence of its number"
            )
    numbers = np.arange(len(lines), dtype=np.int64)
    return pd.DataFrame({"id": numbers, "document": numbers, "text": lines})


def read_udhr(path: str | Path) -> pd.DataFrame:
    """A text of "UDHR in Unicode": one paragraph per line, blank lines between articles.

    The indentation is layout and is taken off. `document` counts the blocks between blank
    lines (about an article or a numbered paragraph of one); blocks and lines correspond only
    roughly across languages.

    Raises
    ------
    CorpusError
        for a file of blank lines only
    """
    return _documents(path, stripped=True)


def read_documents(path: str | Path) -> pd.DataFrame:
    """One sentence per line as it stands, blank lines between documents.

    Raises
    ------
    CorpusError
        for a file of blank lines only
    """
    return _documents(path, stripped=False)


def _documents(path: str | Path, stripped: bool) -> pd.DataFrame:
    texts: list[str] = []
    documents: list[int] = []
    document = -1
    between = True
    for line in read_lines(path):
        if not line.strip():
            between = True
            continue
        document += between
        between = False
        texts.append(line.strip() if stripped else line)
        documents.append(document)
    if not texts:
        raise CorpusError(path, None, "holds blank lines only; at least one sentence is needed")
    return pd.DataFrame(
        {
            "id": np.arange(len(texts), dtype=np.int64),
            "document": np.array(documents, dtype=np.int64),
            "text": texts,
        }
    )
