"""The generated family's names: tags, rates, files."""

import random
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from known import CODES, SIZES, grammar

from isogloss.corpora.family.concepts import Names, draw_names
from isogloss.corpora.family.edits import sites
from isogloss.corpora.family.files import SPLITS, ner_file
from isogloss.corpora.family.frames import Clause, Name, NounPhrase, Place, draw_clause
from isogloss.corpora.family.languages import family_language
from isogloss.corpora.family.lexicon import lexicon_of
from isogloss.corpora.family.pairs import draw_named_clauses
from isogloss.corpora.family.realise import Grammar, grammar_of, realise_names, realise_text


def tagged(folder: Path, code: str, split: str) -> list[list[tuple[str, str]]]:
    text = (folder / ner_file(code, split)).read_text("utf-8")
    assert text.endswith("\n\n")
    sentences = []
    for block in text.strip().split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n")]
        assert all(token.startswith(f"{code}:") for token, _ in rows)
        sentences.append([(token.removeprefix(f"{code}:"), tag) for token, tag in rows])
    return sentences


def spans(rows: list[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Kind and tokens of every entity; an inside tag must go on with one of its kind."""
    found: list[tuple[str, list[str]]] = []
    previous = "O"
    for token, tag in rows:
        if tag.startswith("B-"):
            found.append((tag[2:], [token]))
        elif tag.startswith("I-"):
            assert previous[2:] == tag[2:]
            found[-1][1].append(token)
        previous = tag
    return found


def test_names_are_tagged_with_their_endings() -> None:
    stems = draw_names(0)
    language = family_language("bel")
    words = lexicon_of(language, 0)
    person = Name("PER", stems.first[0], stems.last[0])
    bank = Name("ORG", stems.organisations[0], "bank")
    town = Name("LOC", stems.places[0], "")
    clause = Clause("see", NounPhrase("king", owner=person), bank, Place("in", town))
    tokens, tags = realise_names(grammar_of(language, stems, 0), clause)
    assert list(zip(tokens, tags, strict=True)) == [
        (stems.first[0], "B-PER"),
        (stems.last[0] + words["genitive"], "I-PER"),
        (words["king"], "O"),
        (stems.places[0], "B-LOC"),
        (words["in"], "O"),
        (stems.organisations[0], "B-ORG"),
        (words["bank"] + words["accusative"], "I-ORG"),
        (words["see"], "O"),
        (".", "O"),
    ]


def name_forms(language: Grammar, name: Name) -> list[str]:
    """The tokens of a name without ending."""
    second = language.words if name.kind == "ORG" else language.names
    return [language.names[name.first], *([second[name.second]] if name.second else [])]


@given(st.integers(0, 10**6), st.sampled_from(CODES))
@settings(max_examples=40, deadline=None)
def test_spans_are_the_names_of_the_meaning(seed: int, code: str) -> None:
    stems, language = draw_names(seed), grammar(code, seed)
    clause = draw_clause(random.Random(seed), stems)
    rows = list(zip(*realise_names(language, clause), strict=True))
    expected = Counter(
        (phrase.kind, tuple(name_forms(language, phrase)))
        for _, phrase in sites(clause)
        if isinstance(phrase, Name)
    )
    endings = [language.words[name] for name in ("accusative", "genitive")]
    for kind, tokens in spans(rows):
        last = [tokens[-1], *(tokens[-1].removesuffix(ending) for ending in endings)]
        found = [(kind, (*tokens[:-1], form)) for form in last]
        match = next(key for key in found if expected[key] > 0)
        expected[match] -= 1
    assert not +expected
    assert " ".join(token for token, _ in rows) == realise_text(language, clause)


def test_tag_files_hold_as_many_sentences_as_asked(family: Path) -> None:
    for code in CODES:
        sizes = [len(tagged(family, code, split)) for split in SPLITS]
        assert sizes == [SIZES.ner_train, SIZES.ner_dev, SIZES.ner_test]
        seen = {tag for rows in tagged(family, code, "train") for _, tag in rows}
        assert seen == {"O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC"}


def test_four_of_five_sentences_hold_a_name(names: Names) -> None:
    clauses = draw_named_clauses("rate", names, 2000)
    held = sum(any(isinstance(phrase, Name) for _, phrase in sites(clause)) for clause in clauses)
    assert 0.77 < held / 2000 < 0.83


def test_test_tags_are_parallel(family: Path) -> None:
    kinds = [
        [Counter(kind for kind, _ in spans(rows)) for rows in tagged(family, code, "test")]
        for code in CODES
    ]
    assert all(column == kinds[0] for column in kinds)
    assert len({str(tagged(family, code, "test")) for code in CODES}) == len(CODES)
