"""The small family that these tests read."""

from isogloss.corpora.family.concepts import draw_names
from isogloss.corpora.family.files import FamilySizes
from isogloss.corpora.family.languages import family_language, family_languages
from isogloss.corpora.family.realise import Grammar, grammar_of

CODES = [language.code for language in family_languages()]
SEED = 7
SIZES = FamilySizes(100, 24, 12, 18, 10, 5, 8, 150, 20, 60, 1000, 40, 400, 120, 30, 90)


def grammar(code: str, seed: int = SEED) -> Grammar:
    """Grammar of a language of the family."""
    return grammar_of(family_language(code), draw_names(seed), seed)
