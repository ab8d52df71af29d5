"""Dispatch over formats, overlap between splits, repeated rows."""

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora import canonical
from isogloss.corpora.canonical import check_overlap, count_repeated, limit, read_corpus
from isogloss.corpora.sources import FORMATS
from isogloss.errors import ConfigError, CorpusError
from isogloss.kinds import SCHEMAS
from isogloss.tables import arrange

WORD = "1\tw\t_\tNOUN\t_\t_\t0\troot\t_\t_\n"


def pairs(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [(place, *row, "neutral") for place, row in enumerate(rows)],
        columns=["id", "premise", "hypothesis", "label"],
    )


def lines(*texts: str) -> pd.DataFrame:
    numbers = range(len(texts))
    return pd.DataFrame({"id": numbers, "document": numbers, "text": texts})


def test_every_format_has_a_reader_and_a_kind() -> None:
    readers = [*canonical._READERS, *canonical._READERS_OF_A_LANGUAGE]
    assert sorted(readers) == sorted(FORMATS)
    assert set(FORMATS.values()) <= set(SCHEMAS)


@pytest.mark.parametrize(
    ("form", "content", "kind", "rows"),
    [
        ("xtreme-pairs", "a\tb\tneutral\nc\td\tneutral\n", "pairs", 2),
        ("xnli-mt", "premise\thypo\tlabel\na\tb\tcontradictory\n", "pairs", 1),
        ("conllu", f"# text = w\n{WORD}\n", "treebank", 1),
        ("conllu-text", f"# text = w\n{WORD}\n", "lines", 1),
        ("text", "a\nb\n", "lines", 2),
        ("udhr", "a\n  b\n\n  c", "lines", 3),
        ("documents", "a\nb\n\nc\n", "lines", 3),
        ("ud-pos", "a\tNOUN\n\nb\tX\n", "tagged", 2),
        ("wikiann", "de:a\tO\n\nde:b\tB-LOC\n", "tagged", 2),
        ("conll-ner", "a O\nb B-DATE\n", "tagged", 1),
        ("uner", "# x\n1\ta\tO\t-\t-\n", "tagged", 1),
        ("pawsx", "id\tsentence1\tsentence2\tlabel\n7\tA\tB\t1\n", "pairs", 1),
    ],
)
def test_read_corpus(tmp_path: Path, form: str, content: str, kind: str, rows: int) -> None:
    path = tmp_path / "x"
    path.write_text(content, encoding="utf-8")
    found, frame = read_corpus(form, path, "de")
    assert (found, len(frame)) == (kind, rows)
    assert arrange(kind, frame).num_rows == rows
    assert frame["id"].tolist() == list(range(rows))


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="format 'tsv' is unknown; allowed: conll-ner, conllu, c"):
        read_corpus("tsv", tmp_path, "de")


def test_a_file_appended_to_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("a\nb\na\nb\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"x\.txt: each of the 4 rows occurs at least twice"):
        read_corpus("text", path, "de")


def test_single_repeated_rows_are_counted() -> None:
    assert count_repeated(lines("a", "b", "a", "a"), "x") == 2
    assert count_repeated(pairs(("a", "b"), ("a", "c"), ("a", "b")), "x") == 1
    assert count_repeated(lines("a"), "x") == 0


def test_overlap_error_names_file_line_and_twin(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text(
        "premise\thypo\tlabel\nA\tB\tneutral\nA\tBB\tneutral\n C\tD\tneutral\n", encoding="utf-8"
    )
    _, train = read_corpus("xnli-mt", path, "de")
    held_out = {"dev.tsv": pairs(("A", "x")), "test.tsv": pairs(("x", "y"), (" C", "D"))}
    message = f"{path}:4: training row 2 ('D') is also in test.tsv; 1 rows overlap"
    with pytest.raises(CorpusError, match=f"^{re.escape(message)}"):
        check_overlap(train, held_out, path, "error")


def test_overlap_line_in_a_treebank(tmp_path: Path) -> None:
    path = tmp_path / "x.conllu"
    path.write_text(f"# text = v\n{WORD}\n# text =w\n{WORD}", encoding="utf-8")
    _, train = read_corpus("conllu", path, "vi")
    with pytest.raises(CorpusError, match=r"x\.conllu:4: training row 1 \('w'\)"):
        check_overlap(train, {"dev": lines("w")}, path, "error")


def test_overlap_in_a_binary_file_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"\xff")
    with pytest.raises(CorpusError, match=r"x\.parquet: training row 0"):
        check_overlap(lines("a"), {"dev": lines("a")}, path, "error")


def test_overlap_names_the_first_of_two_twins() -> None:
    with pytest.raises(CorpusError, match="is also in dev;"):
        check_overlap(lines("a"), {"dev": lines("a"), "test": lines("a")}, "none", "error")


def test_overlap_drop_and_keep() -> None:
    train = lines("a", "b", "a", "c")
    held_out = {"dev": lines("a"), "test": lines("z")}
    dropped = check_overlap(train, held_out, "x", "drop")
    assert dropped.to_dict("list") == {"id": [1, 3], "document": [1, 3], "text": ["b", "c"]}
    assert dropped.index.tolist() == [0, 1]
    pd.testing.assert_frame_equal(check_overlap(train, held_out, "x", "keep"), train)
    with pytest.raises(CorpusError, match="none is left"):
        check_overlap(lines("a"), held_out, "x", "drop")


@pytest.mark.parametrize("policy", ["error", "drop"])
def test_equal_premises_or_blanks_are_no_overlap(policy) -> None:
    train = pairs(("A", "B"), ("C", "D "))
    held_out = {"dev": pairs(("A", "C"), ("C", "D"), ("B", "A"))}
    assert check_overlap(train, held_out, "x", policy) is train


TEXTS = st.lists(st.sampled_from("abcdefgh"), min_size=1)


@given(TEXTS, TEXTS)
def test_drop_leaves_what_set_difference_leaves(train: list[str], dev: list[str]) -> None:
    expected = [(place, text) for place, text in enumerate(train) if text not in set(dev)]
    if not expected:
        with pytest.raises(CorpusError):
            check_overlap(lines(*train), {"dev": lines(*dev)}, "x", "drop")
        return
    kept = check_overlap(lines(*train), {"dev": lines(*dev)}, "x", "drop")
    assert list(zip(kept["id"], kept["text"], strict=True)) == expected


def test_limit_takes_the_first_rows() -> None:
    frame = lines("a", "b", "c")
    assert limit(frame, 2)["text"].tolist() == ["a", "b"]
    assert limit(frame, 9)["text"].tolist() == ["a", "b", "c"]


@pytest.mark.shared
def test_real_repeated_rows_and_overlap(shared: Path) -> None:
    folder = shared / "data/xnli"
    path = folder / "multinli.train.ur.tsv"
    _, train = read_corpus("xnli-mt", path, "ur")
    held_out = {
        split: read_corpus("xtreme-pairs", folder / f"{split}-ur.tsv", "ur")[1]
        for split in ("dev", "test")
    }
    assert count_repeated(train, path) == 1
    assert count_repeated(held_out["test"], path) == 1
    assert check_overlap(train, held_out, path, "error") is train


@pytest.mark.shared
def test_real_overlap_of_a_treebank(shared: Path) -> None:
    stem = shared / "data/ud/UD_German-GSD/de_gsd-ud"
    train, dev, test = (
        read_corpus("conllu", Path(f"{stem}-{split}.conllu"), "de")[1]
        for split in ("train", "dev", "test")
    )
    kept = check_overlap(train, {"dev": dev, "test": test}, stem, "drop")
    assert len(train) - len(kept) == 5
    assert not set(kept["text"]) & {*dev["text"], *test["text"]}
