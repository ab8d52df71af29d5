"""Words of canonical rows, whatever their kind."""

from collections.abc import Iterator

import pandas as pd

from isogloss.errors import TableError

# Columns of running text by table kind.
TEXTS = {
    "pairs": ("premise", "hypothesis"),
    "questions": ("context", "question"),
    "lines": ("text",),
}


def words_of(kind: str, frame: pd.DataFrame) -> Iterator[str]:
    """Words of all rows: the forms of tagged text, or what stands between white space.

    Raises
    ------
    TableError
        for a kind without text
    """
    if "form" in frame.columns:
        for forms in frame["form"]:
            yield from forms
    elif kind in TEXTS:
        for column in TEXTS[kind]:
            for text in frame[column]:
                yield from text.split()
    else:
        raise TableError(f"table kind {kind!r} holds no text; allowed: {', '.join(TEXTS)}, forms")
