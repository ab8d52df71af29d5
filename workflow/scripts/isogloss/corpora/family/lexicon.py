"""Words of the family: proto-words, sound changes along the tree, and scripts."""

import random
import re

from isogloss.corpora.family.concepts import CONCEPTS, WANDERWORDS
from isogloss.corpora.family.languages import (
    PHONOLOGIES,
    SOUND_LAWS,
    WANDERING,
    Language,
    Phonology,
)

_ROMAN = "abcdefghijklmnopqrstuvwxyz"
# One letter for one letter, so that a transliteration can be undone.
_LETTERS = {
    "Latn": _ROMAN,
    "Cyrl": "абцдефгчијклмнопљрстувђхыз",
    "Geor": "აბცდეფგჰიჯკლმნოპყრსტუვწხჲზ",
}

Lexicon = dict[str, str]


def transliterate(word: str, script: str) -> str:
    """Write a romanised word in a script; capitals survive where the script has them."""
    letters = _LETTERS[script]
    written = word.lower().translate(str.maketrans(_ROMAN, letters))
    return written.capitalize() if word[:1].isupper() and script != "Geor" else written


def romanise(word: str, script: str) -> str:
    """Undo `transliterate`, without capitals."""
    return word.lower().translate(str.maketrans(_LETTERS[script], _ROMAN))


def _draw_word(rng: random.Random, phonology: Phonology, concept: str) -> str:
    least = CONCEPTS[concept]
    syllables = least if least == 1 else least + (rng.random() < 0.35)
    word = ""
    for _ in range(syllables):
        word += rng.choice(phonology.consonants) + rng.choice(phonology.vowels)
        if rng.random() < phonology.coda_rate:
            word += rng.choice(phonology.codas)
    return word


def _change(word: str, nodes: tuple[str, ...]) -> str:
    for node in nodes:
        for pattern, replacement in SOUND_LAWS[node].changes:
            word = re.sub(pattern, replacement, word)
    return word


def _draw_free(
    rng: random.Random, path: tuple[str, ...], concept: str, phonology: Phonology, taken: set[str]
) -> str:
    """A word that no other concept has; it went through all sound changes of the path."""
    while True:
        word = _change(_draw_word(rng, phonology, concept), path[1:])
        if word not in taken:
            taken.add(word)
            return word


def _proto_lexicon(family: str, seed: int) -> Lexicon:
    wandering, rng = random.Random(f"{seed}:wanderwords"), random.Random(f"{seed}:lexicon:{family}")
    taken: set[str] = set()
    words = {
        concept: _draw_free(wandering, (family,), concept, WANDERING, taken)
        for concept in WANDERWORDS
    }
    for concept in CONCEPTS:
        if concept not in words:
            words[concept] = _draw_free(rng, (family,), concept, PHONOLOGIES[family], taken)
    return words


def lexicon_at(path: tuple[str, ...], seed: int) -> Lexicon:
    """Romanised word (one letter per phoneme) of every concept at a node of the tree.

    Words change by the laws of the edge; a fraction is replaced; of words that have merged
    the later one is redrawn. Loans are never replaced. The same node gives the same words,
    whichever languages are wanted.
    """
    if len(path) == 1:
        return _proto_lexicon(path[0], seed)
    parent = lexicon_at(path[:-1], seed)
    rng = random.Random(f"{seed}:lexicon:{path[-1]}")
    words: Lexicon = {}
    taken: set[str] = set()
    lost: list[str] = []
    # Loans stand first in every lexicon, so they win against native words.
    for concept, word in parent.items():
        changed = _change(word, path[-1:])
        replaced = rng.random() < SOUND_LAWS[path[-1]].replaced and concept not in WANDERWORDS
        if replaced or changed in taken:
            lost.append(concept)
        else:
            taken.add(changed)
        words[concept] = changed
    for concept in lost:
        words[concept] = _draw_free(rng, path, concept, PHONOLOGIES[path[0]], taken)
    return words


def lexicon_of(language: Language, seed: int) -> Lexicon:
    """Romanised word of every concept in a language."""
    return lexicon_at(language.path, seed)


def phonemes(lexicon: Lexicon) -> frozenset[str]:
    """Phonemes that occur in the words of a lexicon."""
    return frozenset("".join(lexicon.values()))


def phoneme_pairs(lexicon: Lexicon) -> frozenset[str]:
    """Adjacent phonemes that occur in the words of a lexicon; `#` is the edge of a word."""
    words = [f"#{word}#" for word in lexicon.values()]
    return frozenset(word[i : i + 2] for word in words for i in range(len(word) - 1))
