"""Strict reading of text files, the edge where upstream bytes become lines.

What is accepted, and why:

* UTF-8 only. Lines end at a line feed and nowhere else: U+2028, U+0085 and the ASCII
  separators occur inside of real sentences, so `str.splitlines` would break them.
* The last line may lack its line feed (the UDHR files do).
* CR LF is taken off only in the format whose upstream ships it (NTREX-128), and only where
  all lines of the file have it. Elsewhere it shows that a tool rewrote the file, and is an error.
* No data set read here starts with a byte order mark, so one is always an error.
* A NUL is an error: it is what UTF-16 looks like when read as UTF-8.

Nothing else is changed: leading blanks, stray quotes and control characters are text.
"""

from pathlib import Path

from isogloss.errors import CorpusError

_BOM = b"\xef\xbb\xbf"


def read_lines(path: str | Path, crlf: bool = False) -> list[str]:
    """Lines of a UTF-8 file without their line ends.

    Parameters
    ----------
    crlf : whether upstream ships this format with CR LF; the file may then have CR LF on all
        of its lines or on none

    Raises
    ------
    CorpusError
        for a file that is missing, empty or not UTF-8, that starts with a byte order mark,
        holds a NUL, or has line ends other than allowed
    """
    data = _read_bytes(path)
    text = _decode(path, data)
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return _without_carriage_returns(path, lines, crlf)


def read_whole(path: str | Path) -> str:
    """Text of a UTF-8 file whose format is not one of lines.

    Raises
    ------
    CorpusError
        for a file that is missing, empty or not UTF-8, that starts with a byte order mark, or
        holds a NUL
    """
    return _decode(path, _read_bytes(path))


def _read_bytes(path: str | Path) -> bytes:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CorpusError(path, None, f"cannot be read ({error.strerror})") from None
    if not data:
        raise CorpusError(path, None, "the file is empty; at least one line is needed")
    if data.startswith(_BOM):
        raise CorpusError(
            path, 1, "starts with a byte order mark; save the file as UTF-8 without one"
        )
    return data


def _decode(path: str | Path, data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            path, line, f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from None
    place = text.find("\0")
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        raise CorpusError(path, line, "holds a NUL character; save the file as UTF-8 text")
    return text


def _without_carriage_returns(path: str | Path, lines: list[str], crlf: bool) -> list[str]:
    if not crlf or not lines[0].endswith("\r"):
        for number, line in enumerate(lines, start=1):
            if line.endswith("\r"):
                raise CorpusError(
                    path, number, "the line ends in CR LF; convert the file to LF line ends"
                )
        return lines
    for number, line in enumerate(lines, start=1):
        if not line.endswith("\r"):
            raise CorpusError(
                path, number, "the line ends in LF, but line 1 in CR LF; use one for all lines"
            )
    return [line[:-1] for line in lines]
