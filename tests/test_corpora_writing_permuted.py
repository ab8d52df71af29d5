"""Letters of a script exchanged for each other."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora.permuted import ALPHABETS, permutation, permuter
from isogloss.errors import ConfigError

SCRIPTS = sorted(ALPHABETS)
# Letters counted by hand: 28 Arabic ones without hamza and tatweel, Russian without io, Mkhedruli,
# Greek without final sigma, Hebrew with five final forms, a to z.
SIZES = {"arabic": 28, "cyrillic": 32, "georgian": 33, "greek": 24, "hebrew": 27, "latin": 26}
MARKS = "\u0300\u0301\u0306\u0308\u0327\u0328\u0653\u0654\u064b\u0651\u05b7\u05bc"
SOME = "".join(
    chr(code)
    for ranges in ALPHABETS.values()
    for low, high in ranges
    for code in range(low, high + 1)
)
texts = st.text(st.sampled_from(SOME + SOME.upper() + MARKS + "ёЁйЙéÖىئەςß ,.-19中あ가ॐ"))


def small(script: str) -> list[str]:
    return [letter for letter in permutation(script) if letter == letter.lower()]


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_letter_becomes_another_place_of_the_same_alphabet(script: str) -> None:
    pairs = permutation(script)
    assert len(small(script)) == SIZES[script]
    assert sorted(pairs) == sorted(pairs.values())
    assert pairs != {letter: letter for letter in pairs}


@pytest.mark.parametrize("script", SCRIPTS)
def test_alphabets_hold_letters_of_their_script_only(script: str) -> None:
    for letter in small(script):
        assert unicodedata.category(letter) in ("Ll", "Lo")
        assert unicodedata.name(letter).startswith(script.upper())
        assert unicodedata.is_normalized("NFC", letter)


@pytest.mark.parametrize("script", ["cyrillic", "greek", "latin"])
def test_capitals_go_the_way_of_their_small_letters(script: str) -> None:
    pairs = permutation(script)
    for letter in small(script):
        assert pairs[letter.upper()] == pairs[letter].upper() != pairs[letter]


def test_case_of_words_is_kept() -> None:
    written = permuter("cyrillic")("Привет МИР мир")
    assert [word.istitle() for word in written.split()] == [True, False, False]
    assert [word.isupper() for word in written.split()] == [False, True, False]
    assert written.lower().split()[1] == written.split()[2]


def test_what_is_no_letter_of_the_alphabet_stays() -> None:
    assert permuter("cyrillic")("ё ө ү һ abc 12 . «»") == "ё ө ү һ abc 12 . «»"
    # no letters of Arabic: hamza seats, tatweel, what Uyghur and Urdu add
    assert permuter("arabic")("ئ آ ـ ە ۇ ی ک ٹ 12 ،") == "ئ آ ـ ە ۇ ی ک ٹ 12 ،"
    assert permuter("greek")("ς") == "ς"


@pytest.mark.parametrize("script", SCRIPTS)
@given(text=texts)
def test_the_text_can_be_had_back(script: str, text: str) -> None:
    back = {second: first for first, second in permutation(script).items()}
    written = permuter(script)(text)
    marked = [unicodedata.combining(after) > 0 for after in [*written[1:], " "]]
    undone = [
        letter if stays else back.get(letter, letter)
        for letter, stays in zip(written, marked, strict=False)
    ]
    assert "".join(undone) == text


@pytest.mark.parametrize("script", SCRIPTS)
@given(text=texts)
def test_composed_text_stays_composed(script: str, text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert unicodedata.is_normalized("NFC", permuter(script)(composed))


@given(text=st.text(st.sampled_from("абвгдежз абв,ABC")))
def test_without_marks_it_is_a_table_of_letters(text: str) -> None:
    pairs = permutation("cyrillic")
    assert permuter("cyrillic")(text) == "".join(pairs.get(letter, letter) for letter in text)


@pytest.mark.parametrize("script", ["han", "japanese", "hangul", "thai", ""])
def test_scripts_without_an_alphabet_are_refused(script: str) -> None:
    with pytest.raises(ConfigError, match=f"script '{script}'.*allowed: arabic, cyrillic"):
        permutation(script)


def test_all_processes_draw_the_same_letters() -> None:
    code = (
        "from isogloss.corpora.permuted import permutation\n"
        "print(ascii([sorted(permutation(s).items()) for s in ('arabic', 'latin')]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = [sorted(permutation(script).items()) for script in ("arabic", "latin")]
    assert run.stdout.strip() == ascii(here)


def test_scripts_are_drawn_apart() -> None:
    places = [[small(s).index(permutation(s)[x]) for x in small(s)[:24]] for s in SCRIPTS]
    assert len({tuple(place) for place in places}) == len(SCRIPTS)
