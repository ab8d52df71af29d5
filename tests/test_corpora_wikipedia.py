"""Wikipedia as the hub has it."""

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora.canonical import read_corpus
from isogloss.corpora.sources import find_source, locate, read_datasets, read_languages
from isogloss.corpora.wikipedia import read_wikipedia_parquet
from isogloss.errors import ConfigError, CorpusError
from isogloss.tables import arrange

COLUMNS = ("id", "url", "title", "text")


def write(folder: Path, texts: list[str | None], names: list[str | None] | None = None) -> Path:
    """A file with these articles; their ids are numbers unless they are named."""
    path = folder / "train.parquet"
    named = [str(place) for place in range(len(texts))] if names is None else names
    rows = [named, ["https://x"] * len(texts), ["title"] * len(texts), texts]
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    pq.write_table(pa.table(rows, schema=schema), path)
    return path


def raises(path: Path, reason: str) -> None:
    with pytest.raises(CorpusError, match=f"^{re.escape(str(path))}: .*{re.escape(reason)}"):
        read_wikipedia_parquet(path)


def test_paragraphs_are_rows_of_their_article(tmp_path: Path) -> None:
    texts: list[str | None] = [" Dakar la\n\nA\n \t\nb\u2028c\x85d\n", "", "\n \n", "Tëddungal"]
    frame = read_wikipedia_parquet(write(tmp_path, texts))
    expected = pd.DataFrame(
        {
            "id": [0, 1, 2, 3],
            "document": [0, 0, 0, 3],
            "text": [" Dakar la", "A", "b\u2028c\x85d", "Tëddungal"],
        }
    )
    pd.testing.assert_frame_equal(frame, expected)


def test_it_is_a_format_of_lines(tmp_path: Path) -> None:
    kind, frame = read_corpus("wikipedia-parquet", write(tmp_path, ["a\nb", "c"]), "wo")
    assert kind == "lines"
    assert arrange(kind, frame).column("document").to_pylist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("texts", "names", "reason"),
    [
        (["a", None], None, "row 2 has a missing value"),
        (["a", "b"], ["7", None], "row 2 has a missing value"),
        (["a", "b", "c"], ["7", "8", "7"], "row 3 has the id '7' of row 1"),
        (["", "\n"], None, "holds no text; at least one paragraph"),
        ([], None, "holds no text; at least one paragraph"),
    ],
)
def test_refused_articles_are_named(
    tmp_path: Path, texts: list[str | None], names: list[str | None] | None, reason: str
) -> None:
    raises(write(tmp_path, texts, names), reason)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    path.write_bytes(b"a\n\nb\n")
    raises(path, "not a readable Parquet file")
    pq.write_table(pa.table({"text": ["a"]}), path)
    raises(path, "columns are text (string); allowed: id (string), url (string), title (string)")
    pq.write_table(pa.table({name: [1] if name == "id" else ["a"] for name in COLUMNS}), path)
    raises(path, "columns are id (int64), url")


def test_a_file_that_was_joined_to_itself_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, ["a", "b", "a", "b"])
    with pytest.raises(CorpusError, match="each of the 4 rows occurs at least twice"):
        read_corpus("wikipedia-parquet", path, "wo")


LINE = st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)), max_size=12)


@given(st.lists(st.lists(LINE, max_size=5), min_size=1, max_size=6))
def test_written_paragraphs_come_back(
    tmp_path_factory: pytest.TempPathFactory, articles: list[list[str]]
) -> None:
    expected = [
        (place, line)
        for place, lines in enumerate(articles)
        for line in lines
        if line and not line.isspace()
    ]
    folder = tmp_path_factory.mktemp("wikipedia")
    path = write(folder, ["\n".join(lines) for lines in articles])
    if not expected:
        raises(path, "holds no text")
        return
    frame = read_wikipedia_parquet(path)
    assert list(zip(frame["document"], frame["text"], strict=True)) == expected
    assert frame["id"].tolist() == list(range(len(expected)))


def test_languages_have_the_codes_of_wikipedia(root: Path) -> None:
    source = find_source(
        read_datasets(root / "config" / "datasets.csv"), "wikipedia", "hub", "train"
    )
    languages = read_languages(root / "config" / "languages.csv")
    places = {
        code: f"wikimedia/wikipedia!20231101.{code}/train-*.parquet" for code in ("xmf", "no")
    }
    places["gsw"] = "wikimedia/wikipedia!20231101.als/train-*.parquet"
    for code, place in places.items():
        assert locate(source, code, languages) == place
    for code in ("qaf", "sms", "ana"):
        with pytest.raises(ConfigError, match=f"'{code}' has nothing in column 'wikipedia'"):
            locate(source, code, languages)
