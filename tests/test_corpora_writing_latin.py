"""Words in Latin letters."""

import unicodedata
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.corpora import latin
from isogloss.corpora.family.languages import family_language
from isogloss.corpora.family.lexicon import lexicon_of, transliterate
from isogloss.corpora.latin import LanguageFacts, romaniser

UYGHUR = LanguageFacts("ug", "uig", "arabic")
SORANI = LanguageFacts("ckb", "ckb", "arabic")
JAPANESE = LanguageFacts("ja", "jpn", "japanese")
RUSSIAN = LanguageFacts("ru", "rus", "cyrillic")


def test_uroman_loads_in_silence_and_without_a_network(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket", None)
    latin._uroman.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert romaniser(RUSSIAN)("мир") == "mir"
        assert romaniser(JAPANESE)("東京") == "toukyou"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("word", "spelt"),
    [
        # each vowel with its seat and without
        ("ئالما", "alma"),
        ("ئەتە", "ete"),
        ("ئوغۇل", "oğul"),
        ("ئۇيغۇر", "uyğur"),
        ("ئۆرۈك", "örük"),
        ("ئۈچ", "üç"),
        ("ئېغىز", "éğiz"),
        ("تىلى", "tili"),
        # a seat after a vowel and after a consonant
        ("سائەت", "saet"),
        ("قۇرئان", "qur'an"),
        # consonants that Turkish writes with one letter of its own
        ("شەھەر", "şeher"),
        ("جاڭ", "cañ"),
        ("ژۇرنال", "jurnal"),
        ("خوۋپ", "xovp"),
        ("پەن", "pen"),
        ("بەگ", "beg"),
        ("يەر", "yer"),
        ("فىزىكا", "fizika"),
        ("دېدىم", "dédim"),
        # seat decomposed into its letter and mark
        ("\u064a\u0654الما", "alma"),
    ],
)
def test_uyghur_is_written_as_turkish(word: str, spelt: str) -> None:
    assert romaniser(UYGHUR)(word) == spelt


@pytest.mark.parametrize(
    ("word", "spelt"),
    [
        ("کوردستان", "kurdstan"),
        ("سۆرانی", "soranî"),
        ("ئەمە", "eme"),
        ("دوو", "dû"),
        ("بوون", "bûn"),
        ("پێشوو", "pêşû"),
        # consonants beside a vowel and where a word begins
        ("یەک", "yek"),
        ("وەک", "wek"),
        ("ویست", "wîst"),
        ("هەیە", "heye"),
        ("ئاو", "aw"),
        ("هاوڵاتی", "hawlatî"),
        ("گەورە", "gewre"),
        ("دیوار", "dîwar"),
        ("ڕووی", "rûy"),
        ("خوێندن", "xwêndn"),
        ("نییە", "nîye"),
        # a seat makes a vowel of what it carries
        ("ئیسلام", "îslam"),
        ("ئوردن", "urdn"),
        # the word for and
        ("و", "u"),
        ("و،", "u,"),
        # letters of Arabic keyboards; a final h with a non-joiner
        ("كوردي", "kurdî"),
        ("ئه\u200cمه\u200c", "eme"),
    ],
)
def test_sorani_is_written_as_kurmanji(word: str, spelt: str) -> None:
    assert romaniser(SORANI)(word) == spelt


@pytest.mark.parametrize(
    ("word", "spelt"),
    [
        ("東京に行く", "toukyou ni iku"),
        ("トランプ", "toranpu"),
        ("人々", "hitobito"),
        ("2019年", "2019 nen"),
        ("ＡＢＣ", "ABC"),
        ("私はAppleです。", "watashi ha Apple desu ."),
    ],
)
def test_japanese_is_read_by_its_words(word: str, spelt: str) -> None:
    assert romaniser(JAPANESE)(word).split() == spelt.split()


@pytest.mark.parametrize(
    ("language", "word", "spelt"),
    [
        (RUSSIAN, "Привет", "Privet"),
        (LanguageFacts("ka", "kat", "georgian"), "ენა", "ena"),
        (LanguageFacts("ar", "ara", "arabic"), "كتبت", "ktbt"),
        (LanguageFacts("zh", "zho", "han"), "中国", "zhongguo"),
        (LanguageFacts("bxr", "bxr", "cyrillic"), "байһан", "baihan"),
        (RUSSIAN, "«мир»", "«mir»"),
        (RUSSIAN, "café-бар", "café-bar"),
        (UYGHUR, "»،", "»,"),
    ],
)
def test_other_languages_are_read_by_uroman(language: LanguageFacts, word: str, spelt: str) -> None:
    assert romaniser(language)(word) == spelt


@pytest.mark.parametrize(("code", "script"), [("aro", "cyrillic"), ("bim", "georgian")])
def test_the_family_gets_back_its_own_letters(code: str, script: str) -> None:
    language, romanise = family_language(code), romaniser(LanguageFacts(code, "", script))
    words = [*lexicon_of(language, 1).values(), "abcdefghijklmnopqrstuvwxyz"]
    assert [romanise(transliterate(word, language.script)) for word in words] == words


def test_capitals_of_the_family_come_back_where_its_script_has_them() -> None:
    word = transliterate("Wexa", "Cyrl")
    assert romaniser(LanguageFacts("aro", "", "cyrillic"))(word) == "Wexa"
    assert romaniser(LanguageFacts("aro", "", "cyrillic"))("Maria") == "Maria"


def test_a_language_of_a_code_of_the_family_is_not_of_the_family() -> None:
    # the family writes ц for c
    assert romaniser(LanguageFacts("aro", "rus", "cyrillic"))("ц") == "ts"


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0x24F)))
def test_latin_letters_stay(word: str) -> None:
    for language in (UYGHUR, SORANI, RUSSIAN, JAPANESE):
        assert romaniser(language)(word).strip() == unicodedata.normalize("NFC", word).strip()
    assert romaniser(LanguageFacts("en", "eng", "latin"))(word) == word


LETTERS = (
    "ئاەبپتجچخدرزژسشغفقكگڭلمنھوۇۆۈۋېىيڕڵێیکهحع"
    "ґйцукенгшщзхъфыждлщячсмитьбю東京にカー々中ა가،。」12a-\u0654\u0306"
)


@settings(deadline=None)
@given(st.text(st.sampled_from(LETTERS)), st.sampled_from([UYGHUR, SORANI, RUSSIAN, JAPANESE]))
def test_what_is_latin_once_stays_so(word: str, language: LanguageFacts) -> None:
    once = romaniser(language)(word)
    assert unicodedata.is_normalized("NFC", once)
    assert romaniser(language)(once).split() == once.split()


def test_what_nothing_is_known_of_stays() -> None:
    assert romaniser(RUSSIAN)("😀") == "😀"


def test_letters_without_a_sound_leave_nothing() -> None:
    assert romaniser(RUSSIAN)("ь") == ""
