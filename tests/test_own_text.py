"""A user's own text: what is read, what is refused, and scripts that a tokenizer lacks."""

from pathlib import Path

import pytest
from models import WORDS, build_unigram, word_pieces_of

from isogloss.corpora.own import read_own
from isogloss.encoders.words import MOST_UNKNOWN, check_known
from isogloss.errors import CorpusError, TaskError
from isogloss.kinds import SCHEMAS

TREE = (
    "# sent_id = 1\n# text = Cats see dogs.\n"
    "1\tCats\tcat\tNOUN\t_\t_\t2\tnsubj\t_\t_\n"
    "2\tsee\tsee\tVERB\t_\t_\t0\troot\t_\t_\n"
    "3\tdogs\tdog\tNOUN\t_\t_\t2\tobj\t_\tSpaceAfter=No\n"
    "4\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\t_\n\n"
)
SECOND = TREE.replace("sent_id = 1", "sent_id = 2").replace("Cats", "Birds")


def written(folder: Path, data: bytes | str, name: str = "mine.txt") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_lines_become_rows(tmp_path: Path) -> None:
    found = read_own([written(tmp_path, "Ein Satz.\nNoch einer.\n")])
    assert found["text"].tolist() == ["Ein Satz.", "Noch einer."]
    assert found["id"].tolist() == found["document"].tolist() == [0, 1]
    assert set(found.columns) == set(SCHEMAS["lines"].columns.names)


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    assert len(read_own([written(tmp_path, "a\nb")])) == 2


def test_blank_and_repeated_lines_count_once(tmp_path: Path) -> None:
    found = read_own([written(tmp_path, "b\n\n  \na\n b\t\na\nc\n")])
    assert found["text"].tolist() == ["b", "a", "c"]
    assert found["id"].tolist() == [0, 1, 2]


def test_ends_of_windows_lines_are_taken_off(tmp_path: Path) -> None:
    found = read_own([written(tmp_path, "a\r\nb\r\n\r\nc\r\n")])
    assert found["text"].tolist() == ["a", "b", "c"]


def test_mixed_ends_are_refused(tmp_path: Path) -> None:
    for data, line in (("a\r\nb\n", 2), ("a\nb\r\n", 2)):
        with pytest.raises(CorpusError, match=rf"mine\.txt:{line}: the line ends in"):
            read_own([written(tmp_path, data)])


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    found = read_own([written(tmp_path, "a\u2028b\u0085c\nd\n")])
    assert found["text"].tolist() == ["a\u2028b\u0085c", "d"]


def test_several_files_count_on(tmp_path: Path) -> None:
    first = written(tmp_path, "a\nb\n", "1.txt")
    second = written(tmp_path, "b\r\nc\r\n", "2.txt")
    assert read_own([first, second])["text"].tolist() == ["a", "b", "c"]
    assert read_own([second, first])["text"].tolist() == ["b", "c", "a"]
    assert read_own([str(first), str(second)])["id"].tolist() == [0, 1, 2]


def test_one_sentence_in_each_of_two_files_will_do(tmp_path: Path) -> None:
    files = [written(tmp_path, text, f"{text}.txt") for text in ("a", "b")]
    assert len(read_own(files)) == 2


def test_treebanks_are_read_by_their_name(tmp_path: Path) -> None:
    tree = written(tmp_path, TREE + SECOND, "x.conllu")
    assert read_own([tree])["text"].tolist() == ["Cats see dogs.", "Birds see dogs."]
    plain = written(tmp_path, "Cats see dogs.\nRed cows.\n")
    found = read_own([tree, plain])
    assert found["text"].tolist() == ["Cats see dogs.", "Birds see dogs.", "Red cows."]
    # a treebank of another name is plain text
    assert read_own([written(tmp_path, TREE, "x.txt")])["text"].iloc[0] == "# sent_id = 1"


def test_a_treebank_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"x\.conllu:1: found 1 tab-separated columns"):
        read_own([written(tmp_path, "Ein Satz.\nNoch einer.\n", "x.conllu")])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"mine\.txt: the file is empty"),
        (b"gut\n\xfcber\n", r"mine\.txt:2: byte 0xfc is not UTF-8; save the file as UTF-8"),
        (b"\xef\xbb\xbfa\nb\n", r"mine\.txt:1: starts with a byte order mark; save the file"),
        ("a\nb\n".encode("utf-16"), r"mine\.txt:1: byte 0xff is not UTF-8"),
        ("a\nb\n".encode("utf-16-le"), r"mine\.txt:1: holds a NUL character"),
        (b"\n \n\n", r"mine\.txt: found 0 different sentences; needed are 2, better 64 or more"),
        (b"one\n", r"mine\.txt: found 1 different sentences"),
        (b"one\none\n one \n", r"mine\.txt: found 1 different sentences"),
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read_own([written(tmp_path, data)])


def test_a_bad_file_among_good_ones_is_named(tmp_path: Path) -> None:
    good = written(tmp_path, "a\nb\n", "good.txt")
    with pytest.raises(CorpusError, match=r"bad\.txt: the file is empty"):
        read_own([good, written(tmp_path, "", "bad.txt")])
    with pytest.raises(CorpusError, match=r"none\.txt: cannot be read \(No such file"):
        read_own([good, tmp_path / "none.txt"])


def test_a_known_script_passes() -> None:
    tokenizer = build_unigram(word_pieces_of(WORDS))
    assert check_known(["cats see dogs", "red cows"], tokenizer, "mine.txt") == 0
    # an unknown word of one letter among many
    found = check_known(["cats see dogs see red cows see dogs Ж"], tokenizer, "mine.txt")
    assert 0 < found < MOST_UNKNOWN


def test_an_unknown_script_is_refused() -> None:
    tokenizer = build_unigram(word_pieces_of(WORDS))
    with pytest.raises(TaskError, match=r"mine\.txt: the tokenizer does not know \d+ percent"):
        check_known(["кошки видят", "собак"], tokenizer, "mine.txt")


def test_blank_marks_say_nothing_of_a_script() -> None:
    """SentencePiece writes a known mark before each unknown word: half of all its pieces."""
    tokenizer = build_unigram(word_pieces_of(WORDS))
    ids = tokenizer("Ж Ж", add_special_tokens=False)["input_ids"]
    assert [one == tokenizer.unk_token_id for one in ids] == [False, True, False, True]
    with pytest.raises(TaskError, match="does not know 100 percent"):
        check_known(["Ж Ж"], tokenizer, "x")
    assert check_known(["cats cats cats cats Ж"], tokenizer, "x") == pytest.approx(1 / 5)
    with pytest.raises(TaskError, match="does not know 67 percent"):
        check_known(["cats Ж Ж"], tokenizer, "x")


def test_no_sub_word_at_all_is_no_known_script() -> None:
    tokenizer = build_unigram(word_pieces_of(WORDS))
    assert not tokenizer("\N{ZERO WIDTH SPACE}", add_special_tokens=False)["input_ids"]
    with pytest.raises(TaskError, match="100 percent"):
        check_known(["\N{ZERO WIDTH SPACE}"], tokenizer, "x")
