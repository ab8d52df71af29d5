"""Dependency parsing: the neighbour as head, and each word's most frequent distance to its head."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from isogloss.baselines.words import end_to_end, most_frequent
from isogloss.metrics.trees import tree_scores

CHANCE = None
SCORE = tree_scores
ROOT = "root"
# Distance to its head of a word that has none: no word is its own head.
NO_HEAD = 0

# Heads (1-based, 0 = root) and relations of a sentence's words.
Parse = tuple[list[int], list[str]]


def predict(
    train: pd.DataFrame, tests: Mapping[str, pd.DataFrame], seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Predictions of each baseline.

    Parameters
    ----------
    train, tests : table kind `treebank`; test sets by language
    seed : not used, nothing is drawn

    Returns
    -------
    method and table kind `tree_predictions`

    next_word, previous_word : the neighbour is the head, the last or the first word the root;
        the relation is the word form's most frequent one in the training set
    word_table : the word form's most frequent distance to its head and relation, as
        `parse_by_table` does

    A word that does not occur in the training set gets what is most frequent there.
    """
    forms, relations = end_to_end(train["form"]), end_to_end(train["deprel"])
    known, most = most_frequent(forms, relations)
    arcs = [
        (relation, _distance(place, head))
        for heads, names in zip(train["head"], train["deprel"], strict=True)
        for place, (head, relation) in enumerate(zip(heads, names, strict=True), start=1)
    ]
    entries, usual = most_frequent(forms, arcs)

    def by_next(words: Sequence[str]) -> Parse:
        heads = [*range(2, len(words) + 1), 0]
        return heads, [*(known.get(word, most) for word in words[:-1]), ROOT]

    def by_previous(words: Sequence[str]) -> Parse:
        return list(range(len(words))), [ROOT, *(known.get(word, most) for word in words[1:])]

    def by_table(words: Sequence[str]) -> Parse:
        return parse_by_table([entries.get(word, usual) for word in words])

    yield "next_word", _predictions(tests, by_next)
    yield "previous_word", _predictions(tests, by_previous)
    yield "word_table", _predictions(tests, by_table)


def _distance(place: int, head: int) -> int:
    return int(head) - place if head else NO_HEAD


def parse_by_table(entries: Sequence[tuple[str, int]]) -> Parse:
    """Place each word's relation and distance to its head into the sentence.

    Words whose entry has no head are roots. Where there is none, the first word is it, with
    the relation `root`. A word whose head would lie outside of the sentence depends on the
    first root, by the relation of its entry. The result need not be a tree.
    """
    arcs = list(entries)
    if all(distance != NO_HEAD for _, distance in arcs):
        arcs[0] = (ROOT, NO_HEAD)
    root = next(place for place, (_, distance) in enumerate(arcs, 1) if distance == NO_HEAD)
    heads = []
    for place, (_, distance) in enumerate(arcs, start=1):
        head = place + distance if 1 <= place + distance <= len(arcs) else root
        heads.append(0 if distance == NO_HEAD else head)
    return heads, [relation for relation, _ in arcs]


def _predictions(
    tests: Mapping[str, pd.DataFrame], parse: Callable[[Sequence[str]], Parse]
) -> pd.DataFrame:
    frames = []
    for language, test in tests.items():
        parses = [parse(list(words)) for words in test["form"]]
        columns: dict[str, Any] = {
            "language": language,
            "id": test["id"].to_numpy(),
            **{name: list(test[name]) for name in ("upos", "head", "deprel")},
            "predicted_head": [heads for heads, _ in parses],
            "predicted_deprel": [relations for _, relations in parses],
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)
