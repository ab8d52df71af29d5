"""A user's own text of one language: plain text, one sentence per line, or CoNLL-U."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from isogloss.corpora.conllu import read_conllu_text
from isogloss.corpora.text import read_lines
from isogloss.errors import CorpusError

# Fewer sentences than the smallest sample of Yun et al. 2023 (Figure 6) say little.
FEW = 64
TREEBANK = ".conllu"


def read_own(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Read sentences of all files as a frame of table kind `lines`.

    Blank lines of plain text are left out, and so is what a line repeats; `id` counts on.

    Raises
    ------
    CorpusError
        for a file that cannot be read, is empty, no UTF-8 or no valid CoNLL-U, and for less than
        two different sentences in all files together
    """
    texts = [text for path in paths for text in _texts(path)]
    different = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(different) < 2:
        name = ", ".join(str(path) for path in paths)
        raise CorpusError(
            name,
            None,
            f"found {len(different)} different sentences; needed are 2, better {FEW} or more, one "
            "per line",
        )
    numbers = range(len(different))
    return pd.DataFrame({"id": numbers, "document": numbers, "text": different})


def _texts(path: str | Path) -> list[str]:
    if Path(path).suffix == TREEBANK:
        return read_conllu_text(path)["text"].tolist()
    return read_lines(path, crlf=True)
