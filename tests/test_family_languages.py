"""The generated family's languages: words, sound changes, distances, grammar, edits."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.corpora.family.concepts import CONCEPTS, WANDERWORDS, draw_names
from isogloss.corpora.family.distances import family_distances
from isogloss.corpora.family.edits import drop, droppable, replace_at, toggle, value_at
from isogloss.corpora.family.frames import Clause, Name, NounPhrase, Place
from isogloss.corpora.family.languages import family_language, family_languages
from isogloss.corpora.family.lexicon import lexicon_of, phonemes, romanise, transliterate
from isogloss.corpora.family.realise import Sentence, grammar_of, realise

CODES = [language.code for language in family_languages()]


# --- grammar -----------------------------------------------------------------------


def annotated(code: str, clause: Clause) -> tuple[Sentence, dict[str, str]]:
    names = draw_names(0)
    language = family_language(code)
    words = lexicon_of(language, 0)
    script = {concept: transliterate(word, language.script) for concept, word in words.items()}
    return realise(grammar_of(language, names, 0), clause), script


EXAMPLE = Clause(
    "see",
    NounPhrase("king", adjective="young", owner=NounPhrase("farmer")),
    NounPhrase("dog", plural=True, numeral="two"),
    Place("in", NounPhrase("market")),
    negated=True,
    past=True,
)
# The same frame in glosses, written by hand from the typology.
GLOSSES = {
    "ana": "article young king of article farmer not past see two dog+plural in article market",
    "anu": "article young king of article farmer past see not two dog+plural in article market",
    "ari": "article king young article farmer+genitive not see+past two dog+plural+accusative "
    "in article market",
    "aro": "king young farmer+genitive not see+past two dog+plural+accusative in market",
    "bel": "farmer+genitive young king market in two dog+plural+accusative see+past not",
    "bok": "farmer+genitive young king market in dog+plural+accusative two see+past not",
    "bim": "farmer+genitive king young market in dog+plural+accusative two not see+past",
    "cet": "not past see article king young of article farmer two dog+plural in article market",
}


@pytest.mark.parametrize("code", CODES)
def test_word_order_and_endings_follow_the_typology(code: str) -> None:
    sentence, words = annotated(code, EXAMPLE)
    expected = [
        "".join(words[part] for part in gloss.split("+")) for gloss in GLOSSES[code].split()
    ]
    assert sentence.forms == [*expected, "."]


def test_relations_of_an_example() -> None:
    sentence, _ = annotated("ana", EXAMPLE)
    assert sentence.deprels == (
        [
            "det",
            "amod",
            "nsubj",
            "case",
            "det",
            "nmod",
            "advmod",
            "aux",
            "root",
            "nummod",
            "obj",
            "case",
            "det",
            "obl",
            "punct",
        ]
    )
    assert sentence.heads == [3, 3, 9, 6, 6, 3, 9, 9, 0, 11, 9, 14, 14, 9, 9]


def test_complement_clauses_are_marked() -> None:
    clause = Clause("say", NounPhrase("king"), complement=Clause("sleep", NounPhrase("dog")))
    sentence, words = annotated("bel", clause)
    concepts = ("king", "dog", "sleep", "that", "say")
    assert sentence.forms == [*(words[concept] for concept in concepts), "."]
    assert sentence.deprels == ["nsubj", "nsubj", "ccomp", "mark", "root", "punct"]
    assert sentence.heads == [5, 3, 5, 3, 0, 5]


def test_names_are_flat_and_common_to_all_languages() -> None:
    names = draw_names(0)
    name = Name("PER", names.first[0], names.last[0])
    for code in ("ana", "ari", "bel", "cet"):
        sentence, _ = annotated(code, Clause("sleep", name))
        position = sentence.forms.index(names.first[0])
        assert sentence.forms[position + 1] == names.last[0]
        assert sentence.deprels[position : position + 2] == ["nsubj", "flat"]


@pytest.mark.parametrize("code", ["aro", "bim"])
def test_about_thirty_percent_of_names_stay_latin(code: str) -> None:
    names = draw_names(0)
    grammar = grammar_of(family_language(code), names, 0)
    assert set(grammar.foreign) <= set(grammar.names)
    assert 0.2 < len(grammar.foreign) / len(grammar.names) < 0.4
    assert all(form.isascii() == (name in grammar.foreign) for name, form in grammar.names.items())


# --- edits -------------------------------------------------------------------------


def test_modifiers_in_the_scope_of_a_negation_are_kept() -> None:
    clause = Clause("run", NounPhrase("dog", adjective="big"), adverb="soon", negated=True)
    assert droppable(clause) == [("agent", "adjective")]
    assert droppable(toggle(clause)) == [("agent", "adjective"), ("adverb",)]
    outer = Clause("say", NounPhrase("king"), negated=True, complement=toggle(clause))
    assert droppable(outer) == [("complement", "agent", "adjective")]


def test_drop_removes_one_modifier() -> None:
    clause = Clause("run", NounPhrase("dog", adjective="big"))
    assert drop(random.Random(0), clause) == Clause("run", NounPhrase("dog"))
    assert drop(random.Random(0), Clause("run", NounPhrase("dog"))) is None


def test_paths_lead_to_values() -> None:
    path = ("place", "phrase", "noun")
    assert value_at(EXAMPLE, path) == "market"
    assert value_at(replace_at(EXAMPLE, path, "bank"), path) == "bank"
    assert value_at(EXAMPLE, ("complement", "agent")) is None


# --- languages ---------------------------------------------------------------------


def table(seed: int) -> dict[tuple[str, str, str], float]:
    return {(n, a, b): value for n, a, b, value in family_distances(family_languages(), seed)}


def test_known_distances() -> None:
    values = table(0)
    assert values["GEN", "ana", "anu"] == pytest.approx(1 / 3)
    assert values["GEN", "ana", "aro"] == pytest.approx(2 / 3)
    assert values["GEN", "bel", "bim"] == pytest.approx(0.6)
    assert values["GEN", "bim", "cet"] == 1
    assert values["SYN", "ana", "anu"] == pytest.approx(0.1)
    assert values["SYN", "ana", "ari"] == pytest.approx(0.3)
    assert values["SYN", "ana", "cet"] == pytest.approx(0.2)
    assert values["SCRIPT", "ari", "aro"] == 1
    assert values["SCRIPT", "ari", "bel"] == 0
    # spherical law of cosines, independent of the haversine formula
    a, b = math.radians(48), math.radians(10)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(math.radians(98))
    assert values["GEO", "ana", "cet"] == pytest.approx(math.acos(cosine) / math.pi)


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_sisters_share_more_words_than_cousins_than_strangers(seed: int) -> None:
    values = table(seed)
    lexicons = {language.code: lexicon_of(language, seed) for language in family_languages()}
    shared: dict[float, list[float]] = {}
    for first in CODES:
        for second in CODES:
            if first < second:
                same = sum(lexicons[first][c] == lexicons[second][c] for c in CONCEPTS)
                group = min(1.0, round(values["GEN", first, second] * 3) / 3)
                shared.setdefault(group, []).append(same / len(CONCEPTS))
    means = [sum(shared[group]) / len(shared[group]) for group in sorted(shared)]
    assert len(means) == 3
    assert all(nearer > farther + 0.05 for nearer, farther in pairwise(means))
    assert means[2] > 0.02  # loans


@given(st.integers(0, 10**6), st.sampled_from(CODES))
@settings(max_examples=30, deadline=None)
def test_no_two_concepts_share_a_word(seed: int, code: str) -> None:
    lexicon = lexicon_of(family_language(code), seed)
    assert set(lexicon) == set(CONCEPTS)
    assert len(set(lexicon.values())) == len(lexicon)


def test_sound_changes_leave_no_exception() -> None:
    sounds = {code: phonemes(lexicon_of(family_language(code), 0)) for code in CODES}
    assert "p" not in sounds["anu"]
    assert "f" in sounds["anu"]
    assert not {"s", "d"} & sounds["ari"]
    assert not {"h", "b"} & sounds["bim"]
    assert not any(word.endswith("o") for word in lexicon_of(family_language("ana"), 0).values())


def test_loans_are_shared_where_no_sound_change_touched_them() -> None:
    first, second = (lexicon_of(family_language(code), 0) for code in ("bel", "cet"))
    same = [concept for concept in CONCEPTS if first[concept] == second[concept]]
    assert len(same) >= 5
    assert set(same) <= set(WANDERWORDS)


@given(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1),
    st.sampled_from(["Latn", "Cyrl", "Geor"]),
)
def test_transliteration_can_be_undone(word: str, script: str) -> None:
    written = transliterate(word, script)
    assert romanise(written, script) == word
    assert written.isascii() == (script == "Latn")
    assert romanise(transliterate(word.capitalize(), script), script) == word
