"""The eight languages of the generated family: tree, typology, script, place, sound changes.

The table is the known truth of the family: whatever a study finds about distance and
transfer can be held against it. No language here exists.
"""

from typing import NamedTuple

from isogloss.errors import ConfigError


class Typology(NamedTuple):
    """Ten word-order and morphology parameters of a language."""

    order: str  # SVO, SOV or VSO
    adjective: str  # AN or NA
    adposition: str  # prep or post
    genitive: str  # NGen or GenN
    numeral: str  # NumN or NNum
    negation: str  # pre or post: the particle before or after the verb
    case: str  # case (suffixes) or none (particle for the genitive)
    tense: str  # aux (a word) or suffix
    article: str  # art or none
    question: str  # front or situ: place of the question word


class Language(NamedTuple):
    """One language; `path` leads from the root of its family to the language itself."""

    code: str
    path: tuple[str, ...]
    typology: Typology
    script: str
    latitude: float
    longitude: float


class SoundLaws(NamedTuple):
    """What happens on one edge of the tree: regular changes and replaced words."""

    changes: tuple[tuple[str, str], ...]  # (regular expression, replacement), in order
    replaced: float  # fraction of the words that are replaced


class Phonology(NamedTuple):
    """Sounds of a proto-language; a syllable is consonant, vowel and perhaps a coda."""

    consonants: str
    vowels: str
    codas: str
    coda_rate: float


def _language(
    code: str, path: str, typology: str, script: str, latitude: float, longitude: float
) -> Language:
    return Language(
        code, tuple(path.split("/")), Typology(*typology.split()), script, latitude, longitude
    )


_FAMILY = (
    _language("ana", "A/A1/ana", "SVO AN prep NGen NumN pre none aux art front", "Latn", 48, 2),
    _language("anu", "A/A1/anu", "SVO AN prep NGen NumN post none aux art front", "Latn", 50, 8),
    _language("ari", "A/A2/ari", "SVO NA prep NGen NumN pre case suffix art front", "Latn", 54, 26),
    _language(
        "aro", "A/A2/aro", "SVO NA prep NGen NumN pre case suffix none front", "Cyrl", 56, 30
    ),
    _language(
        "bel", "B/B1/bel", "SOV AN post GenN NumN post case suffix none situ", "Latn", 40, 33
    ),
    _language(
        "bok", "B/B1/bok", "SOV AN post GenN NNum post case suffix none situ", "Latn", 41, 44
    ),
    _language("bim", "B/bim", "SOV NA post GenN NNum pre case suffix none situ", "Geor", 43, 60),
    _language("cet", "C/cet", "VSO NA prep NGen NumN pre none aux art front", "Latn", 10, 100),
)

PHONOLOGIES = {
    "A": Phonology("ptkbdgmnslr", "aeiou", "nrls", 0.25),
    "B": Phonology("ptkbgmnhjlrw", "aeiou", "tkmnhr", 0.4),
    "C": Phonology("ptkqmnswyl", "aiu", "nkl", 0.15),
}

# Sounds that every family has: loans spread with them.
WANDERING = Phonology("ptkmnl", "aiu", "n", 0.15)

SOUND_LAWS = {
    "A1": SoundLaws(((r"k(?=[ei])", "c"),), 0.05),
    "ana": SoundLaws(((r"o$", "u"),), 0.10),
    "anu": SoundLaws((("p", "f"), (r"e$", "i")), 0.15),
    "A2": SoundLaws((("s", "z"), (r"a$", "e"), ("d", "t")), 0.25),
    "ari": SoundLaws(((r"m(?=u)", "n"),), 0.10),
    "aro": SoundLaws(((r"l(?=a)", "r"),), 0.15),
    "B1": SoundLaws(((r"t(?=i)", "z"),), 0.05),
    "bel": SoundLaws(((r"u$", "o"),), 0.10),
    "bok": SoundLaws((("g", "k"), (r"i$", "e")), 0.15),
    "bim": SoundLaws((("h", "x"), ("b", "v"), (r"e$", "a")), 0.30),
    "cet": SoundLaws((), 0.0),
}


def family_languages() -> list[Language]:
    """All languages of the family, sorted by code."""
    return list(_FAMILY)


def family_language(code: str) -> Language:
    """One language by its code.

    Raises
    ------
    ConfigError
        if the family has no such language
    """
    for language in _FAMILY:
        if language.code == code:
            return language
    allowed = ", ".join(language.code for language in _FAMILY)
    raise ConfigError(f"language {code!r} is not in the generated family; allowed: {allowed}")
