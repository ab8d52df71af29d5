"""What the languages of the family talk about: concepts, their classes, and names.

Selectional preferences and Zipf weights are equal in all languages. Besides loans and
names they are what an encoder can align unrelated languages by.
"""

import random
from itertools import accumulate
from typing import NamedTuple

# class (and hypernym) -> nouns, the most frequent first
NOUNS = {
    "person": ("king", "doctor", "farmer", "teacher", "child", "soldier", "merchant", "sailor"),
    "animal": ("dog", "horse", "lion", "cat", "goat", "wolf", "camel", "bear"),
    "food": ("bread", "soup", "apple", "tea", "fish", "cheese", "honey", "rice"),
    "place": ("house", "market", "bank", "school", "garden", "harbour", "bridge", "castle"),
    "machine": ("train", "wagon", "boat", "engine", "plough", "clock", "lamp", "radio"),
    "writing": ("book", "letter", "song", "map", "law", "poem", "news", "sign"),
}

# verb -> (classes of agents, classes of patients)
TRANSITIVE = {
    "see": (("person", "animal"), ("person", "animal", "place")),
    "buy": (("person",), ("food", "machine")),
    "read": (("person",), ("writing",)),
    "eat": (("person", "animal"), ("food",)),
    "visit": (("person",), ("place", "person")),
    "build": (("person",), ("place", "machine")),
    "sell": (("person",), ("food", "machine", "animal")),
    "write": (("person",), ("writing",)),
    "love": (("person",), ("person", "animal")),
    "carry": (("person", "animal"), ("food", "machine")),
    "cook": (("person",), ("food",)),
    "chase": (("animal", "person"), ("animal",)),
    "leave": (("person",), ("place",)),
    "ride": (("person",), ("animal", "machine")),
    "repair": (("person",), ("machine",)),
    "feed": (("person",), ("animal",)),
    "bite": (("animal",), ("person", "food")),
    "praise": (("person",), ("person", "writing")),
    "translate": (("person",), ("writing",)),
    "hit": (("machine", "person"), ("place", "machine")),
}
INTRANSITIVE = {
    "sleep": ("person", "animal"),
    "run": ("person", "animal"),
    "arrive": ("person", "machine"),
    "fall": ("machine", "writing", "food"),
    "burn": ("place", "food", "writing"),
    "wait": ("person",),
}
CLAUSAL = {"say": ("person",), "know": ("person",), "think": ("person",), "hope": ("person",)}

ADJECTIVES = {
    "": ("big", "old", "new", "good", "red", "strange"),
    "person": ("young", "rich"),
    "animal": ("wild", "hungry"),
    "food": ("sweet", "fresh"),
    "place": ("quiet", "high"),
    "machine": ("heavy", "broken"),
    "writing": ("long", "famous"),
}
ADVERBS = ("today", "often", "quickly", "again", "soon", "quietly", "always")
ADPOSITIONS = ("in", "near", "behind", "from")
NUMERALS = ("two", "three", "four", "seven")
SYNONYMS = {
    "doctor": "physician",
    "dog": "hound",
    "house": "home",
    "letter": "note",
    "bread": "loaf",
    "see": "watch",
    "build": "construct",
    "big": "large",
    "old": "ancient",
    "quickly": "fast",
}
FUNCTION_WORDS = ("article", "not", "past", "of", "that", "who", "what", "where")
ENDINGS = ("plural", "accusative", "genitive")
ORGANISATIONS = ("bank", "press", "union")  # second part of an organisation's name

# Words that all families borrowed from each other.
WANDERWORDS = (
    "bank",
    "train",
    "doctor",
    "king",
    "soup",
    "two",
    "today",
    "tea",
    "school",
    "market",
    "lion",
    "camel",
    "radio",
    "engine",
    "law",
    "honey",
    "rice",
    "press",
    "union",
    "famous",
)


def _all_concepts() -> dict[str, int]:
    content = [
        *NOUNS,
        *(noun for nouns in NOUNS.values() for noun in nouns),
        *TRANSITIVE,
        *INTRANSITIVE,
        *CLAUSAL,
        *(adjective for adjectives in ADJECTIVES.values() for adjective in adjectives),
        *ADVERBS,
        *NUMERALS,
        *SYNONYMS.values(),
        "press",
        "union",
    ]
    short = [*ADPOSITIONS, *FUNCTION_WORDS, *ENDINGS]
    return dict.fromkeys(short, 1) | dict.fromkeys(content, 2)


# concept -> least number of syllables; words of content may have one more
CONCEPTS = _all_concepts()

BASE = {synonym: base for base, synonym in SYNONYMS.items()}
NOUN_CLASS = (
    {noun: kind for kind, nouns in NOUNS.items() for noun in nouns}
    | {kind: kind for kind in NOUNS}
    | {SYNONYMS[noun]: kind for kind, nouns in NOUNS.items() for noun in nouns if noun in SYNONYMS}
)


def zipf(count: int, exponent: float) -> list[float]:
    """Cumulative weights rank ** -exponent of `count` ranks."""
    return list(accumulate((rank + 1) ** -exponent for rank in range(count)))


class Names(NamedTuple):
    """Stems of names, common to all languages."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    places: tuple[str, ...]
    organisations: tuple[str, ...]


def _name(rng: random.Random, endings: tuple[str, ...]) -> str:
    syllables = [rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(2)]
    return "".join([*syllables, rng.choice(endings)]).capitalize()


def draw_names(seed: int) -> Names:
    """Draw 60 first and 80 last names, 120 places and 80 organisations, all different."""
    rng = random.Random(f"{seed}:names")
    taken: set[str] = set()

    def draw(count: int, endings: tuple[str, ...]) -> tuple[str, ...]:
        names: list[str] = []
        while len(names) < count:
            name = _name(rng, endings)
            if name not in taken:
                taken.add(name)
                names.append(name)
        return tuple(names)

    plain = ("n", "r", "la", "ra", "")
    return Names(
        first=draw(60, ("", "na", "k", "s")),
        last=draw(40, ("son",)) + draw(40, plain),
        places=draw(60, ("via", "grad")) + draw(60, plain),
        organisations=draw(80, ("x", "co", "tel", "m")),
    )
