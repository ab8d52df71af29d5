"""Words in Latin letters.

Muller et al. 2021 (NAACL, released code) write Uyghur as Turkish and Sorani as Kurmanji, and
Japanese in Hepburn's letters by pykakasi; other languages by tables of their own. Here uroman
(Hermjakob et al. 2018) takes what is neither of the three. It knows Uyghur as well, but writes
two vowels as one and ö as oe, so that less looks like Turkish; of Sorani it knows no vowel.
"""

import functools
import re
import string
import unicodedata
from collections.abc import Callable
from typing import Any, NamedTuple

from isogloss.corpora.family.languages import family_languages
from isogloss.corpora.family.lexicon import transliterate

Romaniser = Callable[[str], str]


class LanguageFacts(NamedTuple):
    """What a language's writing depends on; the last two as in the table of languages."""

    code: str
    iso639_3: str
    script: str


# Uyghur: Common Turkic alphabet, as the package umsc has it. The seat of a vowel is written only
# where it follows a consonant.
_UYGHUR_VOWELS, _TURKIC_VOWELS = "اەوۇۆۈېى", "aeouöüéi"
_UYGHUR_CONSONANTS = "بپتجچخدرزژسشغفقكگڭلمنھۋي"
_TURKIC_CONSONANTS = "bptcçxdrzjsşğfqkgñlmnhvy"
_SEAT = "ئ"

# Sorani: romanisation of the Library of Congress (ALA-LC, Kurdish, column Hawar), without the
# diacritics of letters that the alphabet of Kurmanji lacks. The vowel i has no letter in Sorani
# and is not written here either.
_SORANI_VOWELS, _HAWAR_VOWELS = "اەۆێ", "aeoê"
_SORANI_CONSONANTS = "بپتثجچحخدذرڕزژسشصضطظعغفڤقکگلڵمنهھء"
_HAWAR_CONSONANTS = "bptscçhxdzrrzjsşsztz'xfvqkgllmnhh'"
_GLIDES = {"و": ("w", "u"), "ی": ("y", "î")}  # as a consonant, as a vowel
_LONG_U = "û"
# Arabic and Persian code points for letters of Sorani; a final h with a non-joiner is the vowel e
_SORANI_VARIANTS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ە", "\u200c": ""})

# Cyrillic h of Buryat, Tatar and Kazakh (BGN/PCGN), which uroman writes as shh
_CORRECTED = str.maketrans("һҺ", "hH")
# All but Latin letters, their punctuation and ASCII
_FOREIGN = re.compile("[^\u0000-\u024f\u1e00-\u1eff]+")
# marks of repetition, kana and their long mark, kanji, kana of half width
_JAPANESE = re.compile(
    "[\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f]+"
)


def romaniser(language: LanguageFacts) -> Romaniser:
    """What writes a word, or text without blanks, of a language in Latin letters.

    Its results are in Unicode's form NFC and may be empty, or hold blanks: between the words of
    Japanese, and where uroman writes some. Latin letters stay as they are, diacritics too. What
    nothing is known of stays (emoji, some symbols). Languages of the generated family, which have
    no ISO code, get back the letters that they were generated in.
    """
    if language.script == "latin":
        return _unchanged
    own = _OWN.get(language.iso639_3, _unchanged) if language.iso639_3 else _family(language.code)

    def romanise(word: str) -> str:
        spelt = own(unicodedata.normalize("NFC", word))
        rest = _FOREIGN.sub(lambda run: _by_uroman(run.group(), language.iso639_3), spelt)
        return unicodedata.normalize("NFC", rest)

    return romanise


def _unchanged(word: str) -> str:
    return word


def _family(code: str) -> Romaniser:
    scripts = {language.code: language.script for language in family_languages()}
    if code not in scripts:
        return _unchanged
    letters = string.ascii_lowercase
    written = transliterate(letters, scripts[code])
    pairs = dict(zip(written, letters, strict=True))
    # small letters last: where a script has no capitals they are the same ones
    table = str.maketrans({k.upper(): v.upper() for k, v in pairs.items()} | pairs)
    return lambda word: word.translate(table)


def _uyghur(word: str) -> str:
    seats = re.sub(f"(?<=[{_UYGHUR_CONSONANTS}]){_SEAT}", "'", word).replace(_SEAT, "")
    return seats.translate(
        str.maketrans(_UYGHUR_VOWELS + _UYGHUR_CONSONANTS, _TURKIC_VOWELS + _TURKIC_CONSONANTS)
    )


def _sorani(word: str) -> str:
    """Letters by the table; w and y are consonants beside a vowel and where a word begins."""
    word = word.replace("ه\u200c", "ە").translate(_SORANI_VARIANTS)
    word = re.sub(f"(?<=[{_SORANI_CONSONANTS}ی{_SEAT}])وو", _LONG_U, word)
    table = dict(
        zip(_SORANI_VOWELS + _SORANI_CONSONANTS, _HAWAR_VOWELS + _HAWAR_CONSONANTS, strict=True)
    )
    spelt: list[str] = []
    after_vowel = False
    for place, letter in enumerate(word):
        before, following = word[place - 1 : place], word[place + 1 : place + 2]
        vowel = letter in _SORANI_VOWELS or letter == _LONG_U
        if letter in _GLIDES:
            begins = not before.isalpha() and following.isalpha()
            beside = after_vowel or (bool(following) and following in _SORANI_VOWELS + _LONG_U)
            vowel = not (begins or beside)
            spelt.append(_GLIDES[letter][vowel])
        elif letter != _SEAT:
            spelt.append(table.get(letter, letter))
        after_vowel = vowel
    return "".join(spelt)


def _japanese(word: str) -> str:
    """Words of each run of kana and kanji between blanks; a run nothing is known of stays."""

    def spell(run: re.Match[str]) -> str:
        words = [item["hepburn"] or item["orig"] for item in _kakasi().convert(run.group())]
        return f" {' '.join(words)} "

    return _JAPANESE.sub(spell, word).strip()


def _by_uroman(run: str, iso639_3: str) -> str:
    romanised: str = _uroman().romanize_string(run.translate(_CORRECTED), lcode=iso639_3 or None)
    return romanised


# languages by ISO 639-3 that uroman reads badly
_OWN: dict[str, Romaniser] = {"uig": _uyghur, "ckb": _sorani, "jpn": _japanese}


@functools.cache
def _uroman() -> Any:
    # five seconds: its tables are read from text
    from uroman import Uroman

    return Uroman()


@functools.cache
def _kakasi() -> Any:
    from pykakasi import kakasi

    return kakasi()
