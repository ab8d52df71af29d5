"""Pairs of sentences that say the same in another order, or something else in the same words.

In a pair that is no paraphrase agent and patient trade places. Both are drawn alike, for
verbs that take either in either role, so a single sentence does not tell the label, and
neither does what is plausible. Every pair, of either label, has its place or adverb fronted
on one side. The agent precedes the patient on both sides: most of the languages have no
other way to tell them apart in common.
"""

import random
from typing import NamedTuple

from isogloss.corpora.family.concepts import TRANSITIVE, Names
from isogloss.corpora.family.edits import head, reword
from isogloss.corpora.family.frames import (
    Clause,
    HeldOut,
    draw_adverb,
    draw_participant,
    draw_place,
    draw_word,
)

REWORDED = 0.3  # fraction of pairs with a synonym on one side, where a word has one
# A clause has a place only, an adverb only, or both.
MODIFIERS = (("place",), ("adverb",), ("place", "adverb"))

# verb -> classes that it takes as agent and as patient
SYMMETRIC = {
    verb: classes
    for verb, (agents, patients) in TRANSITIVE.items()
    if (classes := tuple(kind for kind in agents if kind in patients))
}


class Paraphrase(NamedTuple):
    """Two frames with the part that is fronted in each, and whether they mean the same."""

    first: Clause
    second: Clause
    fronted: tuple[str | None, str | None]
    same: bool


def _draw_clause(rng: random.Random, names: Names) -> Clause:
    """A clause whose agent and patient can trade places, with a place or an adverb."""
    verb = rng.choice(tuple(SYMMETRIC))
    agent = draw_participant(rng, names, SYMMETRIC[verb])
    patient = agent
    while head(patient) == head(agent):
        patient = draw_participant(rng, names, SYMMETRIC[verb])
    modifiers = rng.choice(MODIFIERS)
    return Clause(
        draw_word(rng, verb),
        agent,
        patient,
        draw_place(rng, names) if "place" in modifiers else None,
        draw_adverb(rng) if "adverb" in modifiers else None,
        negated=rng.random() < 0.25,
        past=rng.random() < 0.5,
    )


def _exchanged(clause: Clause) -> Clause:
    """The clause with agent and patient in each other's role."""
    if clause.patient is None:
        return clause
    return clause._replace(agent=clause.patient, patient=clause.agent)


def _draw_paraphrase(rng: random.Random, names: Names, same: bool, side: int) -> Paraphrase:
    """One pair; the part is fronted in sentence `side` (0 or 1)."""
    clause = _draw_clause(rng, names)
    part = rng.choice([field for field in ("place", "adverb") if getattr(clause, field)])
    frames = [clause, clause]
    if rng.random() < REWORDED:
        reworded = rng.randrange(2)
        frames[reworded] = reword(rng, clause) or clause
    second = frames[1] if same else _exchanged(frames[1])
    fronted = (part, None) if side == 0 else (None, part)
    return Paraphrase(frames[0], second, fronted, same)


def draw_paraphrases(
    seed: str, names: Names, count: int, held_out: HeldOut | None = None
) -> list[Paraphrase]:
    """Draw pairs in random order; labels, and the fronted side in each, are balanced.

    The idea of pairs from the same words is that of PAWS (Zhang et al. 2019). No meaning of
    `held_out` occurs on either side.
    """
    rng = random.Random(seed)
    plan = [(row % 2 == 0, row // 2 % 2) for row in range(count)]
    rng.shuffle(plan)
    pairs = []
    for same, side in plan:
        pair = _draw_paraphrase(rng, names, same, side)
        while held_out and (held_out.holds(pair.first) or held_out.holds(pair.second)):
            pair = _draw_paraphrase(rng, names, same, side)
        pairs.append(pair)
    return pairs
