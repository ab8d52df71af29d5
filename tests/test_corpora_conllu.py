"""The CoNLL-U reader."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora.conllu import UPOS, read_conllu, read_conllu_text
from isogloss.errors import CorpusError
from isogloss.tables import arrange


def word(number: int | str, form: str, head: int | str, upos: str = "NOUN", misc: str = "_") -> str:
    deprel = "root" if head == 0 else "dep"
    return f"{number}\t{form}\t_\t{upos}\t_\t_\t{head}\t{deprel}\t_\t{misc}\n"


def token(name: str, form: str, misc: str = "_") -> str:
    return f"{name}\t{form}\t_\t_\t_\t_\t_\t_\t_\t{misc}\n"


def write(folder: Path, content: str) -> Path:
    path = folder / "x.conllu"
    path.write_bytes(content.encode())
    return path


GOOD = "# sent_id = a\n" + word(1, "w", 0) + "\n"


def test_one_sentence(tmp_path: Path) -> None:
    content = "# sent_id = s-1\n# text = Er kam.\n" + (
        word(1, "Er", 2, "PRON") + word(2, "kam", 0, "VERB", "SpaceAfter=No") + word(3, ".", 2)
    )
    row = read_conllu(write(tmp_path, content + "\n")).iloc[0].to_dict()
    assert row == {
        "id": 0,
        "sentence": "s-1",
        "text": "Er kam.",
        "form": ["Er", "kam", "."],
        "upos": ["PRON", "VERB", "NOUN"],
        "head": [2, 0, 2],
        "deprel": ["dep", "root", "dep"],
        "space_after": [True, False, True],
    }


def test_ranges_and_empty_nodes_are_no_words_and_make_the_text(tmp_path: Path) -> None:
    content = (
        word(1, "va", 0)
        + token("2-3", "al", "SpaceAfter=No")
        + word(2, "a", 1)
        + word(3, "el", 1)
        + token("3.1", "nada")
        + word(4, ",", 1, misc="Lang=es|SpaceAfter=No")
        + token("5-6", "del")
        + word(5, "de", 1, misc="SpaceAfter=No")
        + word(6, "el", 1, misc="SpaceAfter=No")
        + word(7, "mar", 1)
    )
    row = read_conllu(write(tmp_path, content)).iloc[0]
    assert row["text"] == "va al,del mar"
    assert row["form"] == ["va", "a", "el", ",", "de", "el", "mar"]
    assert row["space_after"] == [True, False, False, False, False, True, True]
    assert row["sentence"] == "1"


@pytest.mark.parametrize("comment", ["# text = Xin chào", "# text =Xin chào ", "#text=Xin chào"])
def test_text_comment_without_blanks(tmp_path: Path, comment: str) -> None:
    frame = read_conllu(write(tmp_path, f"{comment}\n# text_en = Hello\n{word(1, 'x', 0)}\n"))
    assert frame["text"].tolist() == ["Xin chào"]


def test_several_empty_lines_and_no_last_one(tmp_path: Path) -> None:
    frame = read_conllu(write(tmp_path, GOOD + "\n\n" + word(1, "v", 0)))
    assert frame["sentence"].tolist() == ["a", "2"]


def test_form_may_be_a_hash_or_an_underscore(tmp_path: Path) -> None:
    content = word(1, "#", 0) + word(2, "_", 1) + word(3, "25 000", 1)
    assert read_conllu(write(tmp_path, content))["form"].iloc[0] == ["#", "_", "25 000"]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("1\tw\t_\tNOUN\t_\t_\t0\troot\t_\n", 4, "found 9 tab-separated columns"),
        (word(1, "w", 0).strip() + "\textra\n", 4, "found 11"),
        (" \n", 4, "found 1 tab-separated columns"),
        (word(1, "w", 0) + "# late\n", 5, "found 1"),
        (word(1, "", 0), 4, "column 2 is empty"),
        (word(1, "w", 0) + word(3, "w", 1), 5, "word id 3; allowed here: 2"),
        (word(2, "w", 0), 4, "word id 2; allowed here: 1"),
        (word("x", "w", 0), 4, "id 'x'; allowed"),
        (word("1-", "w", 0), 4, "id '1-'; allowed"),
        (word("²", "w", 0), 4, "id '²'; allowed"),
        (word(1, "w", 0, "NOMEN"), 4, "UPOS 'NOMEN' is unknown; allowed: ADJ, ADP"),
        (word(1, "w", 0, "_"), 4, "UPOS '_' is unknown"),
        (word(1, "w", "_"), 4, "head '_'"),
        (word(1, "w", -1), 4, "head '-1'"),
        (word(1, "w", 0) + word(2, "w", 3), 5, "head 3; allowed: 0 (root) to 2"),
        (word(1, "w", 2) + word(2, "w", 1), 4, "no word has head 0"),
        (word(1, "w", 0) + word(2, "w", 3) + word(3, "w", 2), 5, "word 2 does not reach the root"),
        (word(1, "w", 0) + word(2, "w", 2), 5, "word 2 does not reach the root"),
        ("# only = comments\n\n", 4, "a sentence without words"),
        (token("1-2", "ww") + word(1, "w", 0), 4, "multiword range up to word 2; allowed: up to 1"),
        (token("2-3", "ww") + word(1, "w", 0), 4, "multiword range 2-3; allowed here: 1-n"),
        (token("1-1", "ww") + word(1, "w", 0), 4, "multiword range 1-1"),
        (
            token("1-3", "www") + word(1, "w", 0) + token("2-3", "ww") + word(2, "w", 1),
            6,
            "multiword range 2-3",
        ),
        ("# sent_id = a\n" + word(1, "w", 0), 4, "sentence 'a' stands at line 1 too"),
    ],
)
def test_broken_sentences_name_file_and_line(
    tmp_path: Path, content: str, line: int, reason: str
) -> None:
    path = write(tmp_path, GOOD + content)
    where = re.escape(f"{path}:{line}: ")
    with pytest.raises(CorpusError, match=f"^{where}.*{re.escape(reason)}"):
        read_conllu(path)


def test_no_sentence_at_all(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no sentence"):
        read_conllu(write(tmp_path, "\n\n"))


FORM = st.text(st.characters(exclude_categories=("Cs", "Z", "C")), min_size=1, max_size=4)


@st.composite
def sentence(draw: st.DrawFn) -> tuple[list[str], list[str], list[int], list[bool]]:
    """Forms, tags, heads of a random tree, blanks."""
    forms = draw(st.lists(FORM, min_size=1, max_size=8))
    n = len(forms)
    order = draw(st.permutations(range(1, n + 1)))
    heads = [0] * n
    for place, child in enumerate(order[1:], start=1):
        heads[child - 1] = order[draw(st.integers(0, place - 1))]
    tags = draw(st.lists(st.sampled_from(UPOS), min_size=n, max_size=n))
    blanks = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return forms, tags, heads, blanks


@given(st.lists(sentence(), min_size=1, max_size=4))
def test_written_trees_come_back(tmp_path_factory: pytest.TempPathFactory, trees: list) -> None:
    blocks = []
    for forms, tags, heads, blanks in trees:
        cells = zip(forms, heads, tags, blanks, strict=True)
        blocks.append(
            "".join(
                word(place, form, head, tag, "_" if blank else "SpaceAfter=No")
                for place, (form, head, tag, blank) in enumerate(cells, start=1)
            )
        )
    frame = read_conllu(write(tmp_path_factory.mktemp("trees"), "\n".join(blocks)))
    columns = [frame[name] for name in ("form", "upos", "head", "space_after")]
    assert list(zip(*columns, strict=True)) == trees
    texts = [
        "".join(form + " " * blank for form, blank in zip(forms, blanks, strict=True)).strip()
        for forms, _, _, blanks in trees
    ]
    assert frame["text"].tolist() == texts


def counts(shared: Path) -> dict[str, int]:
    with (shared / "data/MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["path"]: int(row["count"]) for row in rows if row["path"].endswith(".conllu")}


@pytest.mark.shared
def test_real_treebanks(shared: Path) -> None:
    expected = counts(shared)
    assert len(expected) == 123
    words = 0
    for file, sentences in expected.items():
        frame = read_conllu(shared / "data" / file)
        assert len(frame) == sentences, file
        assert (frame["text"] != "").all(), file
        words += frame["form"].map(len).sum()
    assert words == 779_477  # lines with a whole number in the first column


@pytest.mark.shared
@pytest.mark.parametrize(
    "file",
    ["UD_French-GSD/fr_gsd-ud-dev.conllu", "UD_Vietnamese-VTB/vi_vtb-ud-dev.conllu"],
)
def test_real_treebank_equals_the_conllu_package(shared: Path, file: str) -> None:
    package = pytest.importorskip("conllu")
    path = shared / "data/ud" / file
    frame = read_conllu(path)
    assert arrange("treebank", frame).num_rows == len(frame)
    for row, parsed in zip(
        frame.to_dict("records"), package.parse(path.read_text(encoding="utf-8")), strict=True
    ):
        words = [line for line in parsed if isinstance(line["id"], int)]
        for ours, theirs in (
            ("form", "form"),
            ("upos", "upos"),
            ("head", "head"),
            ("deprel", "deprel"),
        ):
            assert row[ours] == [line[theirs] for line in words]
        assert row["sentence"] == parsed.metadata["sent_id"]
        assert row["text"] == parsed.metadata["text"].strip()


@pytest.mark.shared
def test_rebuilt_text_equals_the_comment(shared: Path, tmp_path: Path) -> None:
    path = shared / "data/ud/UD_French-GSD/fr_gsd-ud-test.conllu"
    lines = path.read_text(encoding="utf-8").split("\n")
    bare = write(tmp_path, "\n".join(line for line in lines if not line.startswith("# text")))
    assert any("-" in line.split("\t")[0] for line in lines if not line.startswith("#"))
    assert read_conllu(bare)["text"].tolist() == read_conllu(path)["text"].tolist()


@pytest.mark.shared
def test_real_parallel_treebanks(shared: Path) -> None:
    folder = shared / "data/ud"
    english = read_conllu(folder / "UD_English-PUD/en_pud-ud-test.conllu")
    thai = folder / "UD_Thai-PUD/th_pud-ud-test.conllu"
    assert read_conllu(thai)["sentence"].tolist() == english["sentence"].tolist()
    lines = read_conllu_text(thai)
    assert arrange("lines", lines).num_rows == len(english)
    assert lines["document"].tolist() == lines["id"].tolist()
