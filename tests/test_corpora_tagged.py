"""Readers of tagged sentences: XTREME's parts of speech, WikiANN, MasakhaNER, Universal NER."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora.canonical import check_overlap, read_corpus
from isogloss.corpora.conllu import UPOS
from isogloss.corpora.tagged import (
    NAMES,
    NAMES_AND_DATES,
    read_conll_ner,
    read_ud_pos,
    read_ud_pos_parquet,
    read_uner,
    read_wikiann,
    read_wikiann_parquet,
)
from isogloss.errors import CorpusError
from isogloss.tables import arrange

Reader = Callable[[Path], pd.DataFrame]


def read_german(path: Path) -> pd.DataFrame:
    return read_wikiann(path, "de")


def write(folder: Path, content: str) -> Path:
    path = folder / "tagged.txt"
    path.write_bytes(content.encode())
    return path


def raises(call: Callable[[], object], where: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=f"^{re.escape(where)}: .*{re.escape(reason)}"):
        call()


def test_ud_pos(tmp_path: Path) -> None:
    path = write(tmp_path, 'Zum\u2028\tADP\n"\tPUNCT\n\n_\tNOUN\n')
    expected = pd.DataFrame(
        {"id": [0, 1], "form": [["Zum\u2028", '"'], ["_"]], "tag": [["ADP", "PUNCT"], ["NOUN"]]}
    )
    pd.testing.assert_frame_equal(read_ud_pos(path), expected)


def test_wikiann_cuts_at_the_first_colon_only(tmp_path: Path) -> None:
    path = write(tmp_path, "de:10:30\tO\nde::\tO\nde:de:x\tI-LOC\n\nde:Ulm\tB-LOC\n\n")
    frame = read_german(path)
    assert frame["form"].tolist() == [["10:30", ":", "de:x"], ["Ulm"]]
    assert frame["tag"].tolist() == [["O", "O", "I-LOC"], ["B-LOC"]]


def test_conll_ner(tmp_path: Path) -> None:
    path = write(tmp_path, "# O\n2007 B-DATE\n\nWal\u00a0f I-DATE\n")
    frame = read_conll_ner(path)
    assert frame["form"].tolist() == [["#", "2007"], ["Wal\u00a0f"]]
    assert frame["tag"].tolist() == [["O", "B-DATE"], ["I-DATE"]]


def test_uner_leaves_comments_out_and_keeps_blanks_in_tokens(tmp_path: Path) -> None:
    content = (
        "# sent_id = 1\n# text = t ex\n1\tt ex\tO\t-\t-\n2\t#\tB-ORG\t-\tme\n\n1\tx\tO\t-\t-\n"
    )
    frame = read_uner(write(tmp_path, content))
    assert frame["form"].tolist() == [["t ex", "#"], ["x"]]
    assert frame["tag"].tolist() == [["O", "B-ORG"], ["O"]]


@pytest.mark.parametrize(
    ("read", "content", "line", "reason"),
    [
        (read_ud_pos, "a\tNOUN\nb\n", 2, "found 1 tab-separated columns; allowed: exactly 2"),
        (read_ud_pos, "a\tNOUN\textra\n", 1, "found 3 tab-separated columns"),
        (read_ud_pos, "a NOUN\n", 1, "found 1 tab-separated columns"),
        (read_ud_pos, "a\tNOUN\nzum\t_\n", 2, "tag '_' is unknown; allowed: ADJ, ADP"),
        (read_ud_pos, "a\tnoun\n", 1, "tag 'noun' is unknown"),
        (read_ud_pos, "a\tNOUN\n\tVERB\n", 2, "the token is empty"),
        (read_ud_pos, "a\tNOUN\n\u00a0\tVERB\n", 2, "the token is empty"),
        (read_ud_pos, "\na\tNOUN\n", 1, "an empty sentence; allowed: one empty line"),
        (read_ud_pos, "a\tNOUN\n\n\nb\tNOUN\n", 3, "an empty sentence"),
        (read_ud_pos, "a\tNOUN\n\n\n", 3, "an empty sentence"),
        (read_ud_pos, "a\tNOUN\r\n", 1, "CR LF"),
        (read_ud_pos, "", None, "the file is empty"),
        (read_ud_pos, "\n", 1, "an empty sentence"),
        (read_german, "de:a\tO\nen:b\tO\n", 2, "token 'en:b'; allowed: de:token, the language of"),
        (read_german, "a\tO\n", 1, "token 'a'; allowed: de:token"),
        (read_german, ":a\tO\n", 1, "token ':a'; allowed: de:token"),
        (read_german, "de:\tO\n", 1, "the token is empty"),
        (read_german, "de:a\tB-MISC\n", 1, "tag 'B-MISC' is unknown; allowed: O, B-PER, I-PER"),
        (read_german, "de:a\tB-DATE\n", 1, "tag 'B-DATE' is unknown"),
        (read_german, "de:a O\n", 1, "found 1 tab-separated columns"),
        (read_conll_ner, "a O\nb\tO\n", 2, "found 1 blank-separated columns; allowed: exactly 2"),
        (read_conll_ner, "a  O\n", 1, "found 3 blank-separated columns"),
        (read_conll_ner, "a O\n O\n", 2, "the token is empty"),
        (read_conll_ner, "a B-MISC\n", 1, "allowed: O, B-PER, I-PER, B-ORG, I-ORG, B-LOC, I-LOC"),
        (read_conll_ner, "a O \n", 1, "found 3 blank-separated"),
        (read_uner, "1\ta\tO\n", 1, "found 3 tab-separated columns; allowed: exactly 5"),
        (read_uner, "# x\n1\ta\tO\t-\t-\n3\tb\tO\t-\t-\n", 3, "id '3'; allowed here: 2"),
        (read_uner, "1-2\ta\tO\t-\t-\n", 1, "id '1-2'; allowed here: 1"),
        (read_uner, "1\ta\tB-OTH\t-\t-\n", 1, "tag 'B-OTH' is unknown"),
        (read_uner, "1\ta\tO\t-\t-\n\n# x\n# y\n\n", 3, "a sentence without tokens"),
        (read_uner, "1\t\tO\t-\t-\n", 1, "the token is empty"),
    ],
)
def test_malformed_text(
    tmp_path: Path, read: Reader, content: str, line: int | None, reason: str
) -> None:
    path = write(tmp_path, content)
    raises(lambda: read(path), f"{path}:{line}" if line else str(path), reason)


def features(column: str, names: tuple[str, ...], container: str) -> dict:
    """What the `datasets` library stores: versions below 4 say Sequence, later ones List."""
    text = {"dtype": "string", "_type": "Value"}
    label = {"names": list(names), "_type": "ClassLabel"}
    return {
        "tokens": {"feature": text, "_type": container},
        column: {"feature": label, "_type": container},
    }


def hub(
    path: Path,
    tokens: list,
    tags: list,
    column: str = "ner_tags",
    names: tuple[str, ...] = NAMES,
    container: str = "Sequence",
) -> Path:
    """A file of the hub: WikiANN has two more columns, google/xtreme has none."""
    more = {"langs": [["de"] * len(row or []) for row in tokens], "spans": [["PER: x"]] * len(tags)}
    fields = [("tokens", pa.list_(pa.string())), (column, pa.list_(pa.int64()))]
    if column == "ner_tags":
        fields += [(name, pa.list_(pa.string())) for name in more]
    about = json.dumps({"info": {"features": features(column, names, container)}})
    columns = [tokens, tags, *more.values()][: len(fields)]
    pq.write_table(pa.table(columns, schema=pa.schema(fields, {"huggingface": about})), path)
    return path


@pytest.mark.parametrize("container", ["Sequence", "List"])
def test_wikiann_on_the_hub(tmp_path: Path, container: str) -> None:
    tokens = [["in", "Ulm"], ["Uwe"]]
    path = hub(tmp_path / "x.parquet", tokens, [[0, 5], [2]], container=container)
    kind, frame = read_corpus("wikiann-parquet", path, "de")
    assert kind == "tagged"
    assert frame["form"].tolist() == tokens
    assert frame["tag"].tolist() == [["O", "B-LOC"], ["I-PER"]]
    assert arrange(kind, frame).column("id").to_pylist() == [0, 1]


def test_parts_of_speech_on_the_hub(tmp_path: Path) -> None:
    path = hub(tmp_path / "x.parquet", [["a", "_"]], [[0, 16]], "pos_tags", UPOS)
    assert read_ud_pos_parquet(path)["tag"].tolist() == [["ADJ", "X"]]


@pytest.mark.parametrize(
    ("tokens", "tags", "reason"),
    [
        ([["a"], ["b"]], [[0], [7]], "row 2: label 7; allowed: 0 (O), 1 (B-PER)"),
        ([["a"]], [[-1]], "row 1: label -1"),
        ([["a"]], [[0, 0]], "row 1: 2 tags; allowed: 1, one per token"),
        ([[]], [[]], "row 1 has an empty sentence"),
        ([["a", " "]], [[0, 0]], "row 1 has an empty token"),
        ([["a"], None], [[0], [0]], "row 2 has a missing value"),
        ([["a", None]], [[0, 0]], "row 1 has a missing value"),
        ([], [], "holds no sentence"),
    ],
)
def test_malformed_hub_files(tmp_path: Path, tokens: list, tags: list, reason: str) -> None:
    path = hub(tmp_path / "x.parquet", tokens, tags)
    raises(lambda: read_wikiann_parquet(path), str(path), reason)


def test_other_names_or_columns_on_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    swapped = ("O", "B-ORG", "I-ORG", "B-PER", "I-PER", "B-LOC", "I-LOC")
    hub(path, [["a"]], [[0]], names=swapped)
    raises(lambda: read_wikiann_parquet(path), str(path), "labels are named O, B-ORG")
    raises(lambda: read_ud_pos_parquet(path), str(path), "langs (list<")
    pq.write_table(pa.table({"tokens": ["a"], "ner_tags": [0]}), path)
    raises(lambda: read_wikiann_parquet(path), str(path), "tokens (list of string), ner_tags (list")
    pq.write_table(pa.table({"tokens": [["a"]], "ner_tags": [[0]]}), path)
    assert read_wikiann_parquet(path)["tag"].tolist() == [["O"]]
    path.write_bytes(b"no Parquet")
    raises(lambda: read_wikiann_parquet(path), str(path), "not a readable Parquet file")


TOKEN = st.text(
    st.characters(exclude_characters="\n\r\t\0\ufeff ", exclude_categories=("Cs",)), min_size=1
).filter(lambda token: token.strip())


def sentences(tags: tuple[str, ...]) -> st.SearchStrategy[list[list[tuple[str, str]]]]:
    sentence = st.lists(st.tuples(TOKEN, st.sampled_from(tags)), min_size=1)
    return st.lists(sentence, min_size=1)


def came_back(frame: pd.DataFrame) -> list[list[tuple[str, str]]]:
    rows = zip(frame["form"], frame["tag"], strict=True)
    return [list(zip(forms, tags, strict=True)) for forms, tags in rows]


@given(sentences(UPOS))
def test_written_parts_of_speech_come_back(tmp_path_factory, rows: list) -> None:
    blocks = ["".join(f"{form}\t{tag}\n" for form, tag in row) for row in rows]
    path = write(tmp_path_factory.mktemp("tagged"), "\n".join(blocks))
    assert came_back(read_ud_pos(path)) == rows


@given(sentences(NAMES))
def test_written_names_come_back(tmp_path_factory, rows: list) -> None:
    folder = tmp_path_factory.mktemp("tagged")
    wikiann = ["".join(f"de:{form}\t{tag}\n" for form, tag in row) + "\n" for row in rows]
    assert came_back(read_german(write(folder, "".join(wikiann)))) == rows
    conll = ["".join(f"{form} {tag}\n" for form, tag in row) + "\n" for row in rows]
    assert came_back(read_conll_ner(write(folder, "".join(conll)))) == rows
    uner = [
        "# text\n" + "".join(f"{i}\t{f}\t{t}\t-\t-\n" for i, (f, t) in enumerate(row, 1)) + "\n"
        for row in rows
    ]
    assert came_back(read_uner(write(folder, "".join(uner)))) == rows
    forms = [[form for form, _ in row] for row in rows]
    places = [[NAMES.index(tag) for _, tag in row] for row in rows]
    assert came_back(read_wikiann_parquet(hub(folder / "x.parquet", forms, places))) == rows


def test_overlap_names_the_line_where_the_sentence_begins(tmp_path: Path) -> None:
    path = write(tmp_path, "de:a\tO\nde:b\tO\n\nde:c\tO\nde:d\tB-LOC\n")
    _, train = read_corpus("wikiann", path, "de")
    held_out = {"dev": pd.DataFrame({"id": [0], "form": [["c", "d"]], "tag": [["O", "O"]]})}
    raises(
        lambda: check_overlap(train, held_out, path, "error"),
        f"{path}:4",
        "training row 1 ('c d') is also in dev",
    )
    assert check_overlap(train, held_out, path, "drop")["form"].tolist() == [["a", "b"]]


def test_sentences_of_the_same_text_but_other_tokens_do_not_overlap(tmp_path: Path) -> None:
    path = write(tmp_path, "1\tt ex\tO\t-\t-\n\n1\tt\tO\t-\t-\n2\tex\tO\t-\t-\n")
    _, frame = read_corpus("uner", path, "sv")
    assert check_overlap(frame.head(1), {"dev": frame.tail(1)}, path, "error").equals(frame.head(1))


def test_overlap_in_parquet_has_no_line(tmp_path: Path) -> None:
    path = hub(tmp_path / "x.parquet", [["a"]], [[0]])
    _, frame = read_corpus("wikiann-parquet", path, "de")
    raises(lambda: check_overlap(frame, {"dev": frame}, path, "error"), str(path), "training row 0")


def test_a_tagged_file_appended_to_itself_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a\tX\n\nb\tX\n\na\tNOUN\n\nb\tX\n\n")
    raises(lambda: read_corpus("ud-pos", path, "de"), str(path), "each of the 4 rows occurs at")


def counts(shared: Path, folder: str) -> dict[str, int]:
    with (shared / "data/MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["path"]: int(row["count"]) for row in rows if row["path"].startswith(folder)}


def lines_by_tag(path: Path, separator: str, column: int) -> Counter[str]:
    """Tags counted without the reader: every line that has the separator and is no comment."""
    lines = path.read_text("utf-8").split("\n")
    return Counter(
        line.split(separator)[column]
        for line in lines
        if separator in line and not re.match("# (sent_id|text|newdoc)", line)
    )


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "form", "files", "separator", "column", "allowed"),
    [
        ("udpos/", "ud-pos", 15, "\t", 1, UPOS),
        ("wikiann/", "wikiann", 126, "\t", 1, NAMES),
        ("masakhaner/", "conll-ner", 18, " ", 1, NAMES_AND_DATES),
        ("uner/", "uner", 6, "\t", 2, NAMES),
    ],
)
def test_real_files(
    shared: Path,
    folder: str,
    form: str,
    files: int,
    separator: str,
    column: int,
    allowed: tuple[str, ...],
) -> None:
    expected = counts(shared, folder)
    assert len(expected) == files
    total: Counter[str] = Counter()
    for file, rows in expected.items():
        path = shared / "data" / file
        _, frame = read_corpus(form, path, file.split("/")[1])
        assert len(frame) == rows, file
        assert arrange("tagged", frame).num_rows == rows
        tags = Counter(frame["tag"].explode())
        assert tags == lines_by_tag(path, separator, column), file
        total += tags
    assert set(total) == set(allowed)


@pytest.mark.shared
def test_real_sequences_that_open_with_i_are_kept(shared: Path) -> None:
    """Counts of the data's README, over the three splits."""
    for language, expected in (("ja", 117), ("zh", 113), ("de", 0)):
        found = 0
        for split in ("train", "dev", "test"):
            for tags in read_wikiann(shared / f"data/wikiann/{language}/{split}", language)["tag"]:
                pairs = zip(["O", *tags], tags, strict=False)
                found += sum(
                    tag.startswith("I-") and before[2:] != tag[2:] for before, tag in pairs
                )
        assert found == expected, language


@pytest.mark.shared
def test_real_wikiann_of_another_language_is_refused(shared: Path) -> None:
    path = shared / "data/wikiann/de/dev"
    raises(lambda: read_wikiann(path, "nl"), f"{path}:1", "allowed: nl:token")
