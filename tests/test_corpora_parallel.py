"""Readers of plain text."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora.parallel import read_documents, read_text, read_udhr
from isogloss.errors import CorpusError
from isogloss.tables import arrange


def write(folder: Path, content: str) -> Path:
    path = folder / "x.txt"
    path.write_bytes(content.encode())
    return path


def test_text(tmp_path: Path) -> None:
    frame = read_text(write(tmp_path, " a \nb\n"))
    assert frame.to_dict("list") == {"id": [0, 1], "document": [0, 1], "text": [" a ", "b"]}


def test_text_with_crlf(tmp_path: Path) -> None:
    assert read_text(write(tmp_path, "a\r\nb\r\n"))["text"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("a\n\nb\n", 2, "the line is empty; each line must hold the sentence of its number"),
        ("a\n \nb\n", 2, "the line is empty"),
        ("a\r\n\r\nb\r\n", 2, "the line is empty"),
        ("a\n\n", 2, "the line is empty"),
    ],
)
def test_empty_line_in_parallel_text(tmp_path: Path, content: str, line: int, reason: str) -> None:
    path = write(tmp_path, content)
    where = re.escape(f"{path}:{line}: ")
    with pytest.raises(CorpusError, match=f"^{where}{reason}"):
        read_text(path)


def test_documents(tmp_path: Path) -> None:
    frame = read_documents(write(tmp_path, "\na\n b\n\n\t\nc\n"))
    assert frame.to_dict("list") == {
        "id": [0, 1, 2],
        "document": [0, 0, 1],
        "text": ["a", " b", "c"],
    }


def test_udhr_indentation_is_layout(tmp_path: Path) -> None:
    frame = read_udhr(write(tmp_path, "Title\n      Preamble\n   \n\tOne. \n   "))
    assert frame["text"].tolist() == ["Title", "Preamble", "One."]
    assert frame["document"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("read", [read_documents, read_udhr])
def test_blank_lines_only(tmp_path: Path, read) -> None:
    with pytest.raises(CorpusError, match="blank lines only"):
        read(write(tmp_path, "\n \n"))


def test_documents_with_crlf_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r":1: the line ends in CR LF"):
        read_documents(write(tmp_path, "a\r\nb\r\n"))


SENTENCE = st.text(
    st.characters(exclude_characters="\n\r\0\ufeff", exclude_categories=("Cs",)), min_size=1
).filter(lambda sentence: sentence.strip())


@given(st.lists(st.lists(SENTENCE, min_size=1, max_size=3), min_size=1, max_size=5))
def test_written_documents_come_back(
    tmp_path_factory: pytest.TempPathFactory, documents: list
) -> None:
    content = "\n".join("".join(f"{line}\n" for line in lines) for lines in documents)
    frame = read_documents(write(tmp_path_factory.mktemp("documents"), content))
    found = frame.groupby("document")["text"].apply(list).tolist()
    assert found == documents


def manifest(shared: Path, prefix: str) -> dict[str, int]:
    with (shared / "data/MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["path"]: int(row["count"]) for row in rows if row["path"].startswith(prefix)}


@pytest.mark.shared
@pytest.mark.parametrize(("prefix", "files"), [("ntrex/", 47), ("tatoeba/", 86)])
def test_real_parallel_text(shared: Path, prefix: str, files: int) -> None:
    expected = manifest(shared, prefix)
    assert len(expected) == files
    for file, lines in expected.items():
        frame = read_text(shared / "data" / file)
        assert len(frame) == lines, file
        assert not frame["text"].str.endswith("\r").any(), file
    assert arrange("lines", frame).num_rows == lines


@pytest.mark.shared
def test_real_declarations(shared: Path) -> None:
    expected = manifest(shared, "udhr/")
    assert len(expected) == 48
    for file, line_feeds in expected.items():
        path = shared / "data" / file
        lines = path.read_text(encoding="utf-8").split("\n")
        assert len(lines) == line_feeds + 1, file
        frame = read_udhr(path)
        assert frame["text"].tolist() == [line.strip() for line in lines if line.strip()], file
        assert 63 <= frame["document"].nunique() <= 66, file
    assert arrange("lines", frame).num_rows == len(frame)
