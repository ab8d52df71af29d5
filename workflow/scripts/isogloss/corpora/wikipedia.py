"""Reader of Wikipedia as the hub has it: plain text of articles, a frame of table kind `lines`.

Columns `id` (0-based paragraph), `document` (0-based article) and `text`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from isogloss.corpora.parquet import TEXT, read_hub, read_rows
from isogloss.errors import CorpusError

_COLUMNS = {"id": TEXT, "url": TEXT, "title": TEXT, "text": TEXT}


def read_wikipedia_parquet(path: str | Path) -> pd.DataFrame:
    r"""Articles on the hub (wikimedia/wikipedia): columns id, url, title and text.

    A line of an article's text is a paragraph, a heading or an entry of a list; each gives a row
    as it stands, however short. Lines end at a line feed and nowhere else. Blank lines are
    layout and are left out. `document` is the article's row, so that an article without text
    leaves its number out.

    Raises
    ------
    CorpusError
        for another file format or schema, naming the row (from 1) for a missing value or the id
        of an earlier article, and for a file without any text
    """
    table = read_hub(path, _COLUMNS).select(["id", "text"])
    texts: list[str] = []
    documents: list[int] = []
    seen: dict[str, int] = {}
    for number, (name, text) in read_rows(path, table):
        if name in seen:
            raise CorpusError(
                path,
                None,
                f"row {number} has the id {name!r} of row {seen[name]}; each article is allowed "
                "once",
            )
        seen[name] = number
        lines = [line for line in text.split("\n") if line.strip()]
        texts += lines
        documents += [number - 1] * len(lines)
    if not texts:
        raise CorpusError(path, None, "holds no text; at least one paragraph is needed")
    return pd.DataFrame(
        {
            "id": np.arange(len(texts), dtype=np.int64),
            "document": np.array(documents, dtype=np.int64),
            "text": texts,
        }
    )
