"""Numbers of examples beside published ones (Wu et al. 2022, Table 1)."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

_STUDY, _ITEM = "wu2022", "table1"
# data set -> column of the published table; tagging and parsing share one there
_COLUMNS = {
    "xnli": "XNLI",
    "wikiann": "NER",
    "ud": "POS_and_parsing",
    "ud-2.7": "POS_and_parsing",
}


class Count(NamedTuple):
    """Examples of one split of a corpus in one language.

    `limited` says that the corpus was cut here by its `limit`: such a number is not compared.
    """

    corpus: str
    dataset: str
    language: str
    split: str
    rows: int
    limited: bool = False


def count_corpora(rows: Iterable[Count], published: pd.DataFrame) -> pd.DataFrame:
    """Set numbers of examples beside the published ones.

    Parameters
    ----------
    rows : one per corpus, language and split
    published : the long table of published numbers, all columns as text (`read_published`)

    Returns
    -------
    frame of table kind `sizes`, one row per input row in its order: `corpus`, `dataset`,
    `language`, `split`, `rows` (int64), `published` (Int64, missing where nothing is
    published), `status`: `matched`, `differs by N` (N: here minus published, with its sign),
    `no published count` or `cut here`
    """
    known = _published_counts(published)
    columns = ["corpus", "dataset", "language", "split", "rows", "published", "status"]
    found = []
    for row in rows:
        count = known.get((_COLUMNS.get(row.dataset, ""), row.language, row.split))
        found.append((*row[:5], count, _status(row, count)))
    frame = pd.DataFrame(found, columns=columns)
    return frame.astype({"rows": "int64", "published": "Int64"})


def _published_counts(published: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    cells = published[(published["study"] == _STUDY) & (published["item"] == _ITEM)]
    counts = {}
    for row, column, value in cells[["row", "column", "value"]].itertuples(index=False):
        language, _, split = row.partition("/")
        counts[column, language, split] = int(value)
    return counts


def _status(row: Count, published: int | None) -> str:
    if row.limited:
        return "cut here"
    if published is None:
        return "no published count"
    return "matched" if row.rows == published else f"differs by {row.rows - published:+d}"
