"""Known distances between the languages of the family, all in 0 to 1 and symmetric."""

import math
from collections.abc import Sequence

from isogloss.corpora.family.languages import Language
from isogloss.corpora.family.lexicon import lexicon_of, phoneme_pairs, phonemes

EARTH_RADIUS = 6371.0  # km


def genealogical_distance(first: Language, second: Language) -> float:
    """GEN: 1 - 2 shared / (length + length) of the paths from the family's root."""
    shared = 0
    for a, b in zip(first.path, second.path, strict=False):
        if a != b:
            break
        shared += 1
    return 1 - 2 * shared / (len(first.path) + len(second.path))


def syntactic_distance(first: Language, second: Language) -> float:
    """SYN: fraction of the ten typology parameters that differ (Hamming)."""
    pairs = zip(first.typology, second.typology, strict=True)
    return sum(a != b for a, b in pairs) / len(first.typology)


def geographic_distance(first: Language, second: Language) -> float:
    """GEO: great circle over half the circumference (haversine formula)."""
    latitudes = [math.radians(language.latitude) for language in (first, second)]
    width = math.radians(second.longitude - first.longitude)
    height = latitudes[1] - latitudes[0]
    chord = (
        math.sin(height / 2) ** 2
        + math.cos(latitudes[0]) * math.cos(latitudes[1]) * math.sin(width / 2) ** 2
    )
    kilometres = 2 * EARTH_RADIUS * math.asin(math.sqrt(min(1.0, chord)))
    return kilometres / (math.pi * EARTH_RADIUS)


def jaccard_distance(first: frozenset[str], second: frozenset[str]) -> float:
    """1 - |intersection| / |union|."""
    return 1 - len(first & second) / len(first | second)


def family_distances(languages: Sequence[Language], seed: int) -> list[tuple[str, str, str, float]]:
    """Rows (distance, first, second, value) over all ordered pairs, equal ones included.

    GEN, SYN and GEO as above. INV is the Jaccard distance of the phonemes that occur in the
    two lexicons, PHON that of their pairs of adjacent phonemes, word edges included
    (phonotactics), both before transliteration. SCRIPT is 1 where the scripts differ.
    """
    lexicons = {language.code: lexicon_of(language, seed) for language in languages}
    sounds = {code: phonemes(lexicon) for code, lexicon in lexicons.items()}
    sequences = {code: phoneme_pairs(lexicon) for code, lexicon in lexicons.items()}
    rows = []
    for first in languages:
        for second in languages:
            a, b = first.code, second.code
            values = {
                "SYN": syntactic_distance(first, second),
                "GEO": geographic_distance(first, second),
                "INV": jaccard_distance(sounds[a], sounds[b]),
                "GEN": genealogical_distance(first, second),
                "PHON": jaccard_distance(sequences[a], sequences[b]),
                "SCRIPT": float(first.script != second.script),
            }
            rows += [(distance, a, b, value) for distance, value in values.items()]
    return sorted(rows)
