"""Sets of meanings: sentence pairs for inference, clauses and documents."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from isogloss.corpora.family.concepts import Names
from isogloss.corpora.family.edits import (
    add,
    drop,
    droppable,
    edit,
    holds_name,
    nouns,
    substitute,
    swap,
    toggle,
)
from isogloss.corpora.family.frames import Clause, HeldOut, draw_clause

LABELS = ("entailment", "neutral", "contradiction")
DROPPED = 0.7  # fraction of hypotheses that lose a modifier; other entailed ones are reworded
REWORDED = 0.3  # fraction of premises with a synonym, or a class name for a noun
SWAPPED = 0.6  # fraction of neutral hypotheses with another noun; the others add a modifier
EDITED = 0.65  # fraction of documents whose second sentence is an edited copy of the first
NAMED = 0.8  # fraction of sentences with a name in the sets for named entities


class Pair(NamedTuple):
    """One item of natural language inference."""

    premise: Clause
    hypothesis: Clause
    label: str


def _draw_premise(rng: random.Random, names: Names, negated: bool) -> Clause:
    """A frame that every label can edit, so that premises do not tell the label.

    It is short, so that a small encoder can compare it; some premises are reworded, so that
    class names do not mark entailed hypotheses.
    """
    while True:
        clause = draw_clause(rng, names)._replace(negated=negated)
        if 1 <= len(droppable(clause)) <= 2 and nouns(clause):
            reworded = substitute(rng, clause) if rng.random() < REWORDED else None
            return reworded or clause


def _draw_hypothesis(
    rng: random.Random, names: Names, premise: Clause, label: str
) -> Clause | None:
    """A hypothesis for a premise; None if the draw did not work out.

    All labels drop a modifier at the same rate. Polarity and new words, not lengths, are
    left to tell them apart.
    """
    shorten = rng.random() < DROPPED
    if label == "entailment":
        return drop(rng, premise) if shorten else substitute(rng, premise)
    hypothesis = drop(rng, premise) if shorten else premise
    if hypothesis is None:
        return None
    if label == "contradiction":
        return toggle(hypothesis)
    if rng.random() < SWAPPED:
        return swap(rng, names, hypothesis, premise)
    return add(rng, names, hypothesis, premise)


def draw_pairs(seed: str, names: Names, count: int, held_out: HeldOut | None = None) -> list[Pair]:
    """Draw pairs in random order; labels, and the premise's polarity in each, are balanced.

    Labels as in Williams et al. 2018. No meaning of `held_out` occurs on either side.
    """
    rng = random.Random(seed)
    plan = [(LABELS[row % 3], row // 3 % 2 == 1) for row in range(count)]
    rng.shuffle(plan)
    pairs = []
    for label, negated in plan:
        hypothesis = None
        while hypothesis is None:
            premise = _draw_premise(rng, names, negated)
            hypothesis = _draw_hypothesis(rng, names, premise, label)
            if held_out and hypothesis and (held_out.holds(premise) or held_out.holds(hypothesis)):
                hypothesis = None
        pairs.append(Pair(premise, hypothesis, label))
    return pairs


def draw_clauses(
    seed: str, names: Names, count: int, held_out: HeldOut | None = None
) -> list[Clause]:
    """Draw frames that `held_out` does not hold."""
    rng = random.Random(seed)
    clauses: list[Clause] = []
    while len(clauses) < count:
        clause = draw_clause(rng, names)
        if not (held_out and held_out.holds(clause)):
            clauses.append(clause)
    return clauses


def draw_documents(
    seed: str, names: Names, count: int, held_out: HeldOut
) -> Iterator[tuple[Clause, Clause]]:
    """Draw documents of two frames; 65 percent of the second ones are edited copies.

    An encoder pretrained on unrelated sentences never learns to compare two of them.
    """
    rng = random.Random(seed)
    while count > 0:
        first = draw_clause(rng, names)
        second = edit(rng, names, first) if rng.random() < EDITED else draw_clause(rng, names)
        if not (held_out.holds(first) or held_out.holds(second)):
            count -= 1
            yield first, second


def draw_named_clauses(
    seed: str, names: Names, count: int, held_out: HeldOut | None = None
) -> list[Clause]:
    """Draw frames that `held_out` does not hold; 80 percent of them hold a name."""
    rng = random.Random(seed)
    clauses: list[Clause] = []
    while len(clauses) < count:
        wanted = rng.random() < NAMED
        clause = draw_clause(rng, names)
        while holds_name(clause) != wanted or (held_out and held_out.holds(clause)):
            clause = draw_clause(rng, names)
        clauses.append(clause)
    return clauses
