"""Strict reading of lines."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora.text import read_lines
from isogloss.errors import CorpusError

# Characters at which str.splitlines would break a line, but a line feed is none of them.
INNER_BREAKS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"


def write(folder: Path, content: bytes) -> Path:
    path = folder / "file.txt"
    path.write_bytes(content)
    return path


def test_lines_break_at_line_feeds_only(tmp_path: Path) -> None:
    path = write(tmp_path, f"a{INNER_BREAKS}b\nc\n".encode())
    assert read_lines(path) == [f"a{INNER_BREAKS}b", "c"]


@pytest.mark.parametrize("content", [b"a\n\nb\n", b"a\n\nb"])
def test_last_line_feed_is_optional(tmp_path: Path, content: bytes) -> None:
    assert read_lines(write(tmp_path, content)) == ["a", "", "b"]


def test_blank_last_line_stays(tmp_path: Path) -> None:
    assert read_lines(write(tmp_path, b"a\n\n")) == ["a", ""]


def test_carriage_return_inside_of_a_line_is_text(tmp_path: Path) -> None:
    assert read_lines(write(tmp_path, b"a\rb\n")) == ["a\rb"]


def test_crlf_is_taken_off_where_upstream_ships_it(tmp_path: Path) -> None:
    assert read_lines(write(tmp_path, b"a\r\nb \r\n"), crlf=True) == ["a", "b "]
    assert read_lines(write(tmp_path, b"a\nb\n"), crlf=True) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "crlf", "line", "reason"),
    [
        (b"good\nb\xffd\n", False, 2, "byte 0xff is not UTF-8"),
        (b"a\nb\nlate \xe2\x28\n", False, 3, "not UTF-8"),
        (b"\xef\xbb\xbfa\n", False, 1, "byte order mark"),
        (b"a\nb\0c\n", False, 2, "NUL"),
        (b"a\nb\r\n", False, 2, "CR LF"),
        (b"a\r\nb\n", True, 2, "the line ends in LF, but line 1 in CR LF"),
        (b"a\nb\r\n", True, 2, "CR LF"),
        (b"", False, None, "empty"),
    ],
)
def test_bad_bytes_name_file_and_line(
    tmp_path: Path, content: bytes, crlf: bool, line: int | None, reason: str
) -> None:
    path = write(tmp_path, content)
    where = f"{path}:{line}: " if line else f"{path}: "
    with pytest.raises(CorpusError, match=f"^{re.escape(where)}.*{re.escape(reason)}"):
        read_lines(path, crlf=crlf)


def test_utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r":1: byte 0xff is not UTF-8"):
        read_lines(write(tmp_path, "text\n".encode("utf-16")))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.txt: cannot be read \(No such file"):
        read_lines(tmp_path / "none.txt")
    with pytest.raises(CorpusError, match="directory"):
        read_lines(tmp_path)


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=("Cs",))), min_size=1
    ).filter(lambda lines: not lines[0].startswith("\ufeff"))
)
def test_written_lines_come_back(tmp_path_factory: pytest.TempPathFactory, lines: list) -> None:
    path = tmp_path_factory.mktemp("lines") / "file.txt"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    assert read_lines(path) == lines
