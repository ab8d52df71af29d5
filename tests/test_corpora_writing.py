"""Corpora in another writing: what is said about words stays with them."""

import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.corpora.canonical import read_corpus
from isogloss.corpora.latin import LanguageFacts, romaniser
from isogloss.corpora.permuted import permuter
from isogloss.corpora.sources import FORMATS
from isogloss.corpora.words import words_of
from isogloss.corpora.writing import rewrite
from isogloss.corpora.writings import WRITINGS, writing_mistake
from isogloss.errors import ConfigError
from isogloss.tables import write_table

UYGHUR = LanguageFacts("ug", "uig", "arabic")
SORANI = LanguageFacts("ckb", "ckb", "arabic")
RUSSIAN = LanguageFacts("ru", "rus", "cyrillic")
GERMAN = LanguageFacts("de", "deu", "latin")
JAPANESE = LanguageFacts("ja", "jpn", "japanese")
KINDS = sorted(set(FORMATS.values()))

forms = st.text(st.sampled_from("ئاەبشۇ،дмьй \u0306a1"), min_size=1)
sentences = st.lists(st.tuples(forms, st.booleans()), min_size=1)
rows = st.lists(sentences, min_size=1, max_size=4)
written = st.sampled_from([(w, x) for w in ("latin", "permuted") for x in (UYGHUR, RUSSIAN)])


def treebank(given_rows: list[list[tuple[str, bool]]]) -> pd.DataFrame:
    """Sentences of forms with their blanks: a chain of words each."""
    return pd.DataFrame(
        [
            {
                "id": number,
                "sentence": f"s{number}",
                "text": "".join(form + " " * space for form, space in row).strip() or "-",
                "form": [form for form, _ in row],
                "upos": ["X"] * len(row),
                "head": list(range(len(row))),
                "deprel": ["root", *["dep"] * (len(row) - 1)],
                "space_after": [space for _, space in row],
            }
            for number, row in enumerate(given_rows)
        ]
    )


@settings(deadline=None, max_examples=50)
@given(rows, written)
def test_trees_keep_all_but_forms_and_text(
    given_rows: list[list[tuple[str, bool]]], chosen: tuple[str, LanguageFacts]
) -> None:
    frame = treebank(given_rows)
    out = rewrite("treebank", frame, *chosen)
    kept = ["id", "sentence", "upos", "head", "deprel", "space_after"]
    pd.testing.assert_frame_equal(out[kept], frame[kept])
    assert list(out) == list(frame)
    for before, after in zip(frame["form"], out["form"], strict=True):
        assert len(after) == len(before)
        assert all(after)
        if chosen[0] == "latin":
            assert not any(" " in one for one, old in zip(after, before, strict=True) if one != old)
    for text, words, spaces in zip(out["text"], out["form"], out["space_after"], strict=True):
        pieces = [f + (" " if s else "") for f, s in zip(words, spaces, strict=True)]
        assert text == "".join(pieces).strip()


@settings(deadline=None, max_examples=50)
@given(rows, written)
def test_tags_stay_with_their_words(
    given_rows: list[list[tuple[str, bool]]], chosen: tuple[str, LanguageFacts]
) -> None:
    trees = treebank(given_rows)
    frame = trees[["id", "form"]].assign(tag=trees["upos"])
    out = rewrite("tagged", frame, *chosen)
    pd.testing.assert_frame_equal(out[["id", "tag"]], frame[["id", "tag"]])
    # a form is written the same wherever it stands
    alone = pd.DataFrame({"form": [[form] for form in words_of("tagged", frame)]})
    apart = words_of("tagged", rewrite("tagged", alone, *chosen))
    assert list(words_of("tagged", out)) == list(apart)


@settings(deadline=None)
@given(st.text(st.sampled_from("ئاەبشдмйa1 \t\u3000\u2003")), written)
def test_blanks_of_running_text_stay(text: str, chosen: tuple[str, LanguageFacts]) -> None:
    frame = pd.DataFrame({"id": [0], "document": [0], "text": [text]})
    (after,) = rewrite("lines", frame, *chosen)["text"]
    assert [c for c in after if c.isspace()] == [c for c in text if c.isspace()]
    assert len(after.split()) == len(text.split())


def test_both_texts_of_a_pair_are_rewritten_and_no_label() -> None:
    frame = pd.DataFrame(
        {"id": [7], "premise": ["да, мир"], "hypothesis": ["нет"], "label": ["neutral"]}
    )
    out = rewrite("pairs", frame, "latin", RUSSIAN)
    assert out.iloc[0].tolist() == [7, "da, mir", "net", "neutral"]


def test_a_form_that_would_be_empty_stays() -> None:
    frame = pd.DataFrame({"id": [0], "form": [["мир", "ь", "ـ"]], "tag": [["X", "X", "X"]]})
    assert rewrite("tagged", frame, "latin", RUSSIAN)["form"][0] == ["mir", "ь", "ـ"]
    lines = pd.DataFrame({"id": [0], "document": [0], "text": ["мир ь мир"]})
    assert rewrite("lines", lines, "latin", RUSSIAN)["text"][0] == "mir ь mir"


def test_forms_are_one_word_and_lines_have_the_words_of_japanese() -> None:
    tagged = pd.DataFrame({"id": [0], "form": [["東京に行く"]], "tag": [["X"]]})
    assert rewrite("tagged", tagged, "latin", JAPANESE)["form"][0] == ["toukyouniiku"]
    lines = pd.DataFrame({"id": [0], "document": [0], "text": ["東京に行く"]})
    assert rewrite("lines", lines, "latin", JAPANESE)["text"][0] == "toukyou ni iku"


def test_text_of_a_tree_has_the_words_of_a_multiword_token() -> None:
    frame = treebank([[("до", False), ("мир", False), (".", True)]]).assign(text="домир.")
    assert rewrite("treebank", frame, "latin", RUSSIAN)["text"][0] == "domir."


@pytest.mark.parametrize("kind", KINDS)
def test_original_changes_nothing_of_any_kind(kind: str) -> None:
    frame = pd.DataFrame({"text": ["мир"]})
    assert rewrite(kind, frame, "original", JAPANESE) is frame


def test_latin_of_a_latin_script_is_the_same_rows() -> None:
    frame = pd.DataFrame({"id": [0], "document": [0], "text": ["schöne Grüße — naïve ½"]})
    assert rewrite("lines", frame, "latin", GERMAN) is frame


@pytest.mark.parametrize("writing", ["latin", "permuted"])
def test_the_rows_that_were_given_stay_as_they_are(writing: str) -> None:
    frame = treebank([[("شەھەر", True), ("بار", False)]])
    copy = frame.copy(deep=True)
    assert rewrite("treebank", frame, writing, UYGHUR)["form"][0] != copy["form"][0]
    pd.testing.assert_frame_equal(frame, copy)


@pytest.mark.parametrize(
    ("kind", "writing", "language", "message"),
    [
        ("questions", "latin", UYGHUR, r"'ug': .*'questions'.*places.*allowed: original"),
        ("questions", "permuted", UYGHUR, r"places in the text"),
        ("lines", "permuted", JAPANESE, r"'japanese'.*allowed: languages of script arabic"),
        ("lines", "arabizi", UYGHUR, r"'arabizi' is unknown; allowed: original, latin, permuted"),
    ],
)
def test_what_cannot_be_rewritten_is_refused(
    kind: str, writing: str, language: LanguageFacts, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        rewrite(kind, pd.DataFrame({"text": []}), writing, language)


def test_mistakes_are_known_before_any_row_is_read() -> None:
    free = {
        (kind, writing)
        for kind in KINDS
        for writing in WRITINGS
        if writing_mistake(kind, writing, "arabic") is None
    }
    assert free == {(k, w) for k in KINDS for w in WRITINGS} - {
        ("questions", "latin"),
        ("questions", "permuted"),
    }
    assert writing_mistake("lines", "latin", "thai") is None
    assert "'thai'" in (writing_mistake("lines", "permuted", "thai") or "")


def test_all_processes_write_the_same() -> None:
    code = (
        "import pandas as pd\n"
        "from isogloss.corpora.latin import LanguageFacts\n"
        "from isogloss.corpora.writing import rewrite\n"
        "rows = pd.DataFrame({'id': [0], 'document': [0], 'text': ['شەھەر بار']})\n"
        "facts = LanguageFacts('ug', 'uig', 'arabic')\n"
        "for w in ('latin', 'permuted'): print(ascii(rewrite('lines', rows, w, facts)['text'][0]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rows = pd.DataFrame({"id": [0], "document": [0], "text": ["شەھەر بار"]})
    here = [rewrite("lines", rows, w, UYGHUR)["text"][0] for w in ("latin", "permuted")]
    assert run.stdout.split("\n")[:2] == [ascii(text) for text in here]


# real files

ARABIC = LanguageFacts("ar", "ara", "arabic")
REAL: dict[str, tuple[str, str, LanguageFacts]] = {
    "ug": ("conllu", "ud/UD_Uyghur-UDT/ug_udt-ud-test.conllu", UYGHUR),
    "ckb": ("text", "ntrex/newstest2019-ref.ckb-Arab.txt", SORANI),
    "ka": ("wikiann", "wikiann/ka/test", LanguageFacts("ka", "kat", "georgian")),
    "ru": ("conllu", "ud/UD_Russian-GSD/ru_gsd-ud-dev.conllu", RUSSIAN),
    "ja": ("conllu", "ud/UD_Japanese-GSD/ja_gsd-ud-test.conllu", JAPANESE),
    "ar": (
        "conllu",
        "ud/UD_Arabic-PUD/ar_pud-ud-test.conllu",
        LanguageFacts("ar", "ara", "arabic"),
    ),
    "bxr": (
        "conllu",
        "ud/UD_Buryat-BDT/bxr_bdt-ud-test.conllu",
        LanguageFacts("bxr", "bxr", "cyrillic"),
    ),
}


def latin_share(words: list[str]) -> float:
    letters = [letter for word in words for letter in word if letter.isalpha()]
    return sum("LATIN" in unicodedata.name(letter, "") for letter in letters) / len(letters)


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_files_become_latin(name: str, shared: Path, tmp_path: Path) -> None:
    format, path, language = REAL[name]
    kind, frame = read_corpus(format, shared / "data" / path, language.code)
    out = rewrite(kind, frame, "latin", language)
    assert latin_share(list(words_of(kind, frame))) < 0.1
    # tatweel alone, of Arabic, is a form that would be empty
    assert latin_share(list(words_of(kind, out))) > 0.999
    write_table(tmp_path / "rows.parquet", kind, out)
    pd.testing.assert_frame_equal(rewrite(kind, out, "latin", language), out)


@pytest.mark.shared
@pytest.mark.parametrize("name", [name for name in REAL if name != "ja"])
def test_permuted_real_files_keep_their_word_types(name: str, shared: Path) -> None:
    format, path, language = REAL[name]
    kind, frame = read_corpus(format, shared / "data" / path, language.code)
    before = list(words_of(kind, frame))
    after = list(words_of(kind, rewrite(kind, frame, "permuted", language)))
    assert len(set(zip(before, after, strict=True))) == len(set(before)) == len(set(after))
    assert sum(b != a for b, a in zip(before, after, strict=True)) > 0.5 * len(before)


@pytest.mark.shared
@pytest.mark.parametrize(
    "spell", [romaniser(UYGHUR), permuter("arabic")], ids=["latin", "permuted"]
)
def test_no_two_words_of_uyghur_become_one(spell: Callable[[str], str], shared: Path) -> None:
    types: set[str] = set()
    for path in sorted((shared / "data" / "ud" / "UD_Uyghur-UDT").glob("*.conllu")):
        types |= set(words_of("treebank", read_corpus("conllu", path, "ug")[1]))
    letters = {word for word in types if word.isalpha()}
    assert len(letters) > 5000
    assert len({spell(word) for word in letters}) == len(letters)
