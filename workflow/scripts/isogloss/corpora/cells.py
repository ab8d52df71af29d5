"""Tab-separated tables of upstream: a header where there is one, then rows of fixed width.

There is no quoting in any of them; a quote is text.
"""

from collections.abc import Iterator
from pathlib import Path

from isogloss.errors import CorpusError

_SHOWN = 80


def check_header(path: str | Path, line: str, header: tuple[str, ...]) -> None:
    """Compare the first line of a file with the names its format has.

    Raises
    ------
    CorpusError
        naming line 1, for another header
    """
    if tuple(line.split("\t")) != header:
        shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."
        raise CorpusError(
            path, 1, f"header is {shown!r}; allowed, tab-separated: {' '.join(header)}"
        )


def split_rows(
    path: str | Path, lines: list[str], columns: int, first: int
) -> Iterator[tuple[int, list[str]]]:
    """1-based line and cells of each line from line `first` on.

    Raises
    ------
    CorpusError
        for a line with another number of cells
    """
    for line, content in enumerate(lines[first - 1 :], start=first):
        row = content.split("\t")
        if len(row) != columns:
            raise CorpusError(
                path, line, f"found {len(row)} tab-separated columns; allowed: exactly {columns}"
            )
        yield line, row
