"""Questions about contexts of two sentences, each with exactly one right answer.

A question is one of the two clauses with a question word in place of its agent, patient or
place. It leaves out some of the modifiers, so that the answer is not merely what the context
has and the question has not.
"""

import random
from typing import NamedTuple

from isogloss.corpora.family.concepts import BASE, INTRANSITIVE, NOUN_CLASS, TRANSITIVE, Names
from isogloss.corpora.family.edits import head, nouns, replace_at, sites
from isogloss.corpora.family.frames import Clause, HeldOut, Name, Phrase, draw_clause

ROLES = ("agent", "patient", "place")
OMITTED = 0.5  # fraction of modifiers of a clause that its question leaves out
RELATED = 0.5  # fraction of contexts whose other sentence takes up a participant


class Question(NamedTuple):
    """A context, which of its sentences (0 or 1) is asked about, and the question.

    `clause` is that sentence without the modifiers that the question leaves out; it still
    holds the answer. `role` is what is asked for, `word` the concept that asks.
    """

    context: tuple[Clause, Clause]
    asked: int
    clause: Clause
    role: str
    word: str


def _phrase(clause: Clause, role: str) -> Phrase | None:
    if role == "place":
        return clause.place.phrase if clause.place else None
    return clause.agent if role == "agent" else clause.patient


def _kind(phrase: Phrase) -> str:
    """The class of a phrase; organisations do what people do."""
    if isinstance(phrase, Name):
        return "place" if phrase.kind == "LOC" else "person"
    return NOUN_CLASS[phrase.noun]


def _participants(clause: Clause) -> dict[str, Phrase]:
    """Agent, patient and place of a clause, those that it has."""
    found = {role: _phrase(clause, role) for role in ROLES}
    return {role: phrase for role, phrase in found.items() if phrase}


def _question_word(phrase: Phrase, role: str) -> str:
    if role == "place":
        return "where"
    return "who" if _kind(phrase) == "person" else "what"


def _draw_asked(rng: random.Random, names: Names, role: str) -> Clause:
    """A clause that can be asked for a role; its participants are all different."""
    while True:
        clause = draw_clause(rng, names, embedded=True)
        phrases = _participants(clause)
        if role not in phrases or (role == "agent" and _kind(clause.agent) != "person"):
            continue
        if len({head(phrase) for phrase in phrases.values()}) == len(phrases):
            return clause


def _taken_up(rng: random.Random, clause: Clause, phrase: Phrase) -> Clause | None:
    """The clause with another's phrase as agent or patient; None if its verb does not fit."""
    verb = BASE.get(clause.verb, clause.verb)
    if verb in TRANSITIVE:
        classes = dict(zip(("agent", "patient"), TRANSITIVE[verb], strict=True))
    else:
        classes = {"agent": INTRANSITIVE[verb]}
    fitting = [field for field, kinds in classes.items() if _kind(phrase) in kinds]
    return replace_at(clause, (rng.choice(fitting),), phrase) if fitting else None


def _draw_other(rng: random.Random, names: Names, asked: Clause, role: str) -> Clause:
    """The other sentence of a context: unrelated, or about a participant not asked for."""
    shared = [phrase for name, phrase in _participants(asked).items() if name != role]
    if not shared or rng.random() >= RELATED:
        return draw_clause(rng, names)
    phrase = rng.choice(shared)
    other = None
    while other is None:
        other = _taken_up(rng, draw_clause(rng, names, embedded=True), phrase)
    return other


def _shortened(rng: random.Random, clause: Clause, role: str) -> Clause:
    """The clause without some of its modifiers, none of them within the phrase asked for."""
    asked = ("place", "phrase") if role == "place" else (role,)
    paths = [
        (*path, field)
        for path, phrase in nouns(clause)
        for field in ("adjective", "numeral", "owner")
        if getattr(phrase, field) and path[: len(asked)] != asked
    ]
    # last, since a place that is gone has no adjective to lose
    paths += [(field,) for field in ("place", "adverb") if field != role]
    for path in paths:
        if rng.random() < OMITTED:
            clause = replace_at(clause, path, None)
    return clause


def _mentions(clause: Clause) -> list[str]:
    return [head(phrase) for _, phrase in sites(clause)]


def _may_answer(other: Clause, question: Clause, role: str) -> bool:
    """Whether the other sentence might be what is asked about, on a generous reading.

    Some languages mark no case, and a question with its object in front may then ask for
    either argument; so any clause counts that has the verb and all that the question names,
    in whatever role.
    """
    named = {head(phrase) for name, phrase in _participants(question).items() if name != role}
    verb = BASE.get(question.verb, question.verb)
    clauses = [other, other.complement] if other.complement else [other]
    same = any(BASE.get(clause.verb, clause.verb) == verb for clause in clauses)
    return same and named <= set(_mentions(other))


def _draw_question(rng: random.Random, names: Names, role: str) -> Question:
    while True:
        asked = _draw_asked(rng, names, role)
        other = _draw_other(rng, names, asked, role)
        clause = _shortened(rng, asked, role)
        answer = _participants(asked)[role]
        once = [*_mentions(asked), *_mentions(other)].count(head(answer)) == 1
        if once and not _may_answer(other, clause, role):
            break
    position = rng.randrange(2)
    context = (asked, other) if position == 0 else (other, asked)
    return Question(context, position, clause, role, _question_word(answer, role))


def draw_questions(
    seed: str, names: Names, count: int, held_out: HeldOut | None = None
) -> list[Question]:
    """Draw questions in random order, as many for agents as for patients and places.

    What answers a question occurs once in its context. No meaning of `held_out` does.
    """
    rng = random.Random(seed)
    plan = [ROLES[row % 3] for row in range(count)]
    rng.shuffle(plan)
    questions = []
    for role in plan:
        question = _draw_question(rng, names, role)
        while held_out and any(map(held_out.holds, question.context)):
            question = _draw_question(rng, names, role)
        questions.append(question)
    return questions
