"""Edits of a frame and what they do to its meaning.

Participants are definite and known, so noun phrases lie outside the scope of negation:
dropping a modifier inside a noun phrase, or naming its class, is entailed whether the
clause is negated or not. Places and adverbs lie inside: they are dropped or added only
where no clause above them is negated ("does not run today" does not entail "does not
run"). Verbs of speech and thought are taken as upward monotone.
"""

import random
from typing import Any, NamedTuple

from isogloss.corpora.family.concepts import BASE, NOUN_CLASS, NOUNS, SYNONYMS, Names
from isogloss.corpora.family.frames import (
    Clause,
    Name,
    NounPhrase,
    Phrase,
    draw_adjective,
    draw_adverb,
    draw_name,
    draw_noun,
    draw_numeral,
    draw_owner,
    draw_place,
)

Path = tuple[str, ...]


class Site(NamedTuple):
    """A phrase and the way to it from the frame's root."""

    path: Path
    phrase: Phrase


class _Scope(NamedTuple):
    """A clause, the way to it, and whether neither it nor one above it is negated."""

    path: Path
    clause: Clause
    positive: bool


def value_at(frame: Any, path: Path) -> Any:
    """What stands at a path; None where the path leads nowhere."""
    for field in path:
        frame = getattr(frame, field, None)
    return frame


def replace_at(frame: Any, path: Path, value: Any) -> Any:
    """The frame with another value at a path."""
    if len(path) > 1:
        value = replace_at(getattr(frame, path[0]), path[1:], value)
    return frame._replace(**{path[0]: value})


def _scopes(clause: Clause) -> list[_Scope]:
    scopes = [_Scope((), clause, not clause.negated)]
    if clause.complement:
        positive = not (clause.negated or clause.complement.negated)
        scopes.append(_Scope(("complement",), clause.complement, positive))
    return scopes


def sites(clause: Clause) -> list[Site]:
    """All phrases of a frame, owners and complement clauses included."""
    found = []
    for path, part, _ in _scopes(clause):
        found.append(Site((*path, "agent"), part.agent))
        if part.patient:
            found.append(Site((*path, "patient"), part.patient))
        if part.place:
            found.append(Site((*path, "place", "phrase"), part.place.phrase))
    owners = [
        Site((*path, "owner"), phrase.owner)
        for path, phrase in found
        if isinstance(phrase, NounPhrase) and phrase.owner
    ]
    return found + owners


def nouns(clause: Clause) -> list[tuple[Path, NounPhrase]]:
    """All phrases of a frame that are not names."""
    return [(path, phrase) for path, phrase in sites(clause) if isinstance(phrase, NounPhrase)]


def holds_name(clause: Clause) -> bool:
    """Whether any phrase of a frame is a name."""
    return any(isinstance(phrase, Name) for _, phrase in sites(clause))


def droppable(clause: Clause) -> list[Path]:
    """Paths of all modifiers without which the frame is still entailed."""
    paths = [
        (*path, field)
        for path, phrase in nouns(clause)
        for field in ("adjective", "numeral", "owner")
        if getattr(phrase, field)
    ]
    for path, part, positive in _scopes(clause):
        if positive:
            paths += [(*path, field) for field in ("place", "adverb") if getattr(part, field)]
    return paths


def drop(rng: random.Random, clause: Clause) -> Clause | None:
    """The frame without one modifier: entailed. None if there is none to drop."""
    paths = droppable(clause)
    return replace_at(clause, rng.choice(paths), None) if paths else None


def toggle(clause: Clause) -> Clause:
    """The frame with the other polarity: contradicts, also after drops from `droppable`."""
    return clause._replace(negated=not clause.negated)


def _synonym(concept: str) -> str | None:
    return SYNONYMS.get(concept) or BASE.get(concept)


def _synonyms(clause: Clause) -> list[tuple[Path, str]]:
    """Paths of all words that have a synonym, each with that synonym."""
    words = [((*path, "verb"), part.verb) for path, part, _ in _scopes(clause)]
    words += [((*path, "adverb"), part.adverb) for path, part, _ in _scopes(clause) if part.adverb]
    for path, phrase in nouns(clause):
        words.append(((*path, "noun"), phrase.noun))
        if phrase.adjective:
            words.append(((*path, "adjective"), phrase.adjective))
    synonyms = [(path, _synonym(word)) for path, word in words]
    return [(path, synonym) for path, synonym in synonyms if synonym]


def _hypernyms(clause: Clause) -> list[tuple[Path, str]]:
    """Paths of all nouns that are not class names, each with its class."""
    found = [((*path, "noun"), phrase.noun) for path, phrase in nouns(clause)]
    return [(path, NOUN_CLASS[noun]) for path, noun in found if noun not in NOUNS]


def reword(rng: random.Random, clause: Clause) -> Clause | None:
    """The frame with a synonym: it says the same. None if no word has one."""
    synonyms = _synonyms(clause)
    return replace_at(clause, *rng.choice(synonyms)) if synonyms else None


def substitute(rng: random.Random, clause: Clause) -> Clause | None:
    """The frame with a synonym, or a noun's class for the noun: entailed."""
    synonyms, hypernyms = _synonyms(clause), _hypernyms(clause)
    first, second = (synonyms, hypernyms) if rng.random() < 0.5 else (hypernyms, synonyms)
    choices = first or second
    return replace_at(clause, *rng.choice(choices)) if choices else None


def head(phrase: Phrase) -> str:
    """What a phrase is about: its noun, synonyms being one, or the first part of its name."""
    return phrase.first if isinstance(phrase, Name) else BASE.get(phrase.noun, phrase.noun)


def _base(concept: str | None) -> str | None:
    return BASE.get(concept, concept) if concept else None


def swap(rng: random.Random, names: Names, clause: Clause, premise: Clause) -> Clause:
    """The frame with another noun or name of the same class: neither entailed nor excluded.

    `premise` is the frame before other edits; its own word is not put back.
    """
    found: list[tuple[Path, Phrase]] = [*nouns(clause)] or [*sites(clause)]
    path, phrase = rng.choice(found)
    if isinstance(phrase, Name):
        other = phrase
        while other == value_at(premise, path):
            other = draw_name(rng, names, phrase.kind)
        return replace_at(clause, path, other)
    own = _base(value_at(premise, (*path, "noun")))
    noun = own
    while _base(noun) == own:
        noun = draw_noun(rng, NOUN_CLASS[phrase.noun])
    return replace_at(clause, (*path, "noun"), noun)


def _addable(clause: Clause) -> list[tuple[Path, str]]:
    """Paths of empty modifiers, each with the noun's class (empty for a clause)."""
    paths = []
    for path, phrase in nouns(clause):
        kind = NOUN_CLASS[phrase.noun]
        if not phrase.adjective:
            paths.append(((*path, "adjective"), kind))
        if not phrase.numeral and phrase.plural:
            paths.append(((*path, "numeral"), kind))
        if not phrase.owner and "owner" not in path:
            paths.append(((*path, "owner"), kind))
    for path, part, positive in _scopes(clause):
        if positive and not part.complement:
            paths += [
                ((*path, field), "") for field in ("place", "adverb") if not getattr(part, field)
            ]
    return paths


def _modifier(rng: random.Random, names: Names, field: str, kind: str) -> Any:
    if field == "adjective":
        return draw_adjective(rng, kind)
    if field == "numeral":
        return draw_numeral(rng)
    if field == "owner":
        return draw_owner(rng, names)
    return draw_place(rng, names) if field == "place" else draw_adverb(rng)


def add(rng: random.Random, names: Names, clause: Clause, premise: Clause) -> Clause | None:
    """The frame with one more modifier: neither entailed nor excluded. None if all are full.

    `premise` is the frame before other edits; a modifier it had there is not put back.
    """
    paths = _addable(clause)
    if not paths:
        return None
    path, kind = rng.choice(paths)
    own = value_at(premise, path)
    value = _modifier(rng, names, path[-1], kind)
    while value == own or (isinstance(own, str) and _base(value) == _base(own)):
        value = _modifier(rng, names, path[-1], kind)
    return replace_at(clause, path, value)


def edit(rng: random.Random, names: Names, clause: Clause) -> Clause:
    """The frame with one edit of any kind; equal to it only if no other edit was possible."""
    kind = rng.choice(("drop", "add", "substitute", "swap", "toggle"))
    if kind == "drop":
        return drop(rng, clause) or toggle(clause)
    if kind == "add":
        return add(rng, names, clause, clause) or toggle(clause)
    if kind == "substitute":
        return substitute(rng, clause) or toggle(clause)
    if kind == "swap":
        return swap(rng, names, clause, clause)
    return toggle(clause)
