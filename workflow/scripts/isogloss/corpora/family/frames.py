"""Meanings: frames without a language, and how they are drawn.

A frame is a nested tuple of concepts. Two sentences mean the same if their frames are
equal. Names keep their kind and arguments their role, so that other tasks can be derived.
"""

import random
from collections.abc import Iterable
from typing import NamedTuple

from isogloss.corpora.family.concepts import (
    ADJECTIVES,
    ADPOSITIONS,
    ADVERBS,
    CLAUSAL,
    INTRANSITIVE,
    NOUNS,
    NUMERALS,
    ORGANISATIONS,
    SYNONYMS,
    TRANSITIVE,
    Names,
    zipf,
)


class Name(NamedTuple):
    """A named person (PER), place (LOC) or organisation (ORG).

    `second` is a last name, the concept of an organisation's kind, or empty.
    """

    kind: str
    first: str
    second: str


class NounPhrase(NamedTuple):
    """A definite participant, known to speaker and hearer."""

    noun: str
    plural: bool = False
    adjective: str | None = None
    numeral: str | None = None
    owner: "Phrase | None" = None


Phrase = NounPhrase | Name


class Place(NamedTuple):
    """An adposition and its phrase."""

    adposition: str
    phrase: Phrase


class Clause(NamedTuple):
    """One clause; a clause with a complement has no patient, place or adverb of its own."""

    verb: str
    agent: Phrase
    patient: Phrase | None = None
    place: Place | None = None
    adverb: str | None = None
    negated: bool = False
    past: bool = False
    complement: "Clause | None" = None


class HeldOut(NamedTuple):
    """Meanings that no training set and no text may hold."""

    meanings: frozenset[Clause] = frozenset()

    def holds(self, clause: Clause) -> bool:
        """Whether a sentence, or the clause within it, is one of the held-out meanings."""
        return clause in self.meanings or clause.complement in self.meanings

    def joined(self, clauses: Iterable[Clause]) -> "HeldOut":
        """With more meanings."""
        return HeldOut(self.meanings.union(clauses))


_NOUN_WEIGHTS = zipf(8, 0.6)
_TRANSITIVE = tuple(TRANSITIVE)
_TRANSITIVE_WEIGHTS = zipf(len(_TRANSITIVE), 0.3)
_INTRANSITIVE = tuple(INTRANSITIVE)
_INTRANSITIVE_WEIGHTS = zipf(len(_INTRANSITIVE), 0.3)
_CLAUSAL = tuple(CLAUSAL)


def draw_word(rng: random.Random, concept: str) -> str:
    """The concept, or in 30 percent of the cases its synonym."""
    synonym = SYNONYMS.get(concept)
    return synonym if synonym and rng.random() < 0.3 else concept


def draw_noun(rng: random.Random, kind: str) -> str:
    """A noun of a class, by Zipf weight."""
    return draw_word(rng, rng.choices(NOUNS[kind], cum_weights=_NOUN_WEIGHTS)[0])


def draw_adjective(rng: random.Random, kind: str) -> str:
    """An adjective that suits nouns of a class: its own ones or a general one."""
    own = rng.random() < 0.4
    return draw_word(rng, rng.choice(ADJECTIVES[kind if own else ""]))


def draw_adverb(rng: random.Random) -> str:
    """An adverb."""
    return draw_word(rng, rng.choice(ADVERBS))


def draw_numeral(rng: random.Random) -> str:
    """A numeral."""
    return rng.choice(NUMERALS)


def draw_name(rng: random.Random, names: Names, kind: str) -> Name:
    """A name of kind PER (last name in half of the cases), LOC or ORG (noun in 70 percent)."""
    if kind == "PER":
        last = rng.choice(names.last) if rng.random() < 0.5 else ""
        return Name(kind, rng.choice(names.first), last)
    if kind == "LOC":
        return Name(kind, rng.choice(names.places), "")
    noun = rng.choice(ORGANISATIONS) if rng.random() < 0.7 else ""
    return Name(kind, rng.choice(names.organisations), noun)


def draw_owner(rng: random.Random, names: Names) -> Phrase:
    """An owner without modifiers: a person, a named person or a named place."""
    point = rng.random()
    if point < 0.4:
        return NounPhrase(draw_noun(rng, "person"))
    return draw_name(rng, names, "PER" if point < 0.8 else "LOC")


def draw_place(rng: random.Random, names: Names) -> Place:
    """An adposition with a named place (half of the cases) or a noun of the class place."""
    if rng.random() < 0.5:
        phrase: Phrase = draw_name(rng, names, "LOC")
    else:
        phrase = draw_noun_phrase(rng, names, "place")
    return Place(rng.choice(ADPOSITIONS), phrase)


def draw_noun_phrase(rng: random.Random, names: Names, kind: str) -> NounPhrase:
    """A noun of a class with number and perhaps adjective, numeral and owner."""
    noun = draw_noun(rng, kind)
    numeral = draw_numeral(rng) if rng.random() < 0.15 else None
    plural = numeral is not None or rng.random() < 0.25
    adjective = draw_adjective(rng, kind) if rng.random() < 0.4 else None
    owner = draw_owner(rng, names) if rng.random() < 0.15 else None
    return NounPhrase(noun, plural, adjective, numeral, owner)


def draw_participant(rng: random.Random, names: Names, kinds: tuple[str, ...]) -> Phrase:
    """A phrase of one of the classes: a name (people, organisations, places) or a noun."""
    kind = kinds[0] if len(kinds) == 1 else rng.choice(kinds)
    point = rng.random()
    if kind == "person" and point < 0.4:
        return draw_name(rng, names, "PER" if point < 0.28 else "ORG")
    if kind == "place" and point < 0.35:
        return draw_name(rng, names, "LOC")
    return draw_noun_phrase(rng, names, kind)


def draw_clause(rng: random.Random, names: Names, embedded: bool = False) -> Clause:
    """A clause; 15 percent of the main clauses have a complement clause."""
    point = rng.random()
    negated, past = rng.random() < 0.25, rng.random() < 0.5
    if point < 0.15 and not embedded:
        verb = rng.choice(_CLAUSAL)
        agent = draw_participant(rng, names, CLAUSAL[verb])
        complement = draw_clause(rng, names, embedded=True)
        return Clause(verb, agent, None, None, None, negated, past, complement)
    if point < 0.35:
        verb = rng.choices(_INTRANSITIVE, cum_weights=_INTRANSITIVE_WEIGHTS)[0]
        agents, patients = INTRANSITIVE[verb], None
    else:
        verb = rng.choices(_TRANSITIVE, cum_weights=_TRANSITIVE_WEIGHTS)[0]
        agents, patients = TRANSITIVE[verb]
    return Clause(
        draw_word(rng, verb),
        draw_participant(rng, names, agents),
        draw_participant(rng, names, patients) if patients else None,
        draw_place(rng, names) if rng.random() < 0.35 else None,
        draw_adverb(rng) if rng.random() < 0.35 else None,
        negated,
        past,
    )
