"""The generated family's questions: answers, files, no shortcuts."""

import json
from collections import Counter
from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import CODES, grammar

from isogloss.corpora.family.concepts import BASE, Names, draw_names
from isogloss.corpora.family.edits import head, sites
from isogloss.corpora.family.files import SPLITS, qa_file
from isogloss.corpora.family.frames import Clause, Name, NounPhrase, Place
from isogloss.corpora.family.questions import draw_questions
from isogloss.corpora.family.realise import (
    Grammar,
    realise_answer,
    realise_question,
    realise_text,
)
from isogloss.corpora.family.sets import Sets


def questions(folder: Path, code: str, split: str) -> list[dict]:
    """Context, question, answer, its offset and the identifier of every question."""
    content = json.loads((folder / qa_file(code, split)).read_text("utf-8"))
    found = []
    for article in content["data"]:
        (paragraph,) = article["paragraphs"]
        (question,) = paragraph["qas"]
        (answer,) = question["answers"]
        found.append({"context": paragraph["context"], **question, **answer})
    return found


EXAMPLE = Clause(
    "love",
    NounPhrase("king", adjective="young"),
    NounPhrase("farmer"),
    Place("in", NounPhrase("market")),
    adverb="soon",
    past=True,
)
# (role, word) -> question, by hand from the typology
ASKED = {
    "ana": {
        ("agent", "who"): "who past love article farmer in article market soon",
        ("patient", "who"): "who article young king past love in article market soon",
        ("place", "where"): "where article young king past love article farmer soon",
    },
    "aro": {
        ("agent", "who"): "who love+past farmer+accusative in market soon",
        ("patient", "who"): "who+accusative king young love+past in market soon",
        ("place", "where"): "where king young love+past farmer+accusative soon",
    },
    "bok": {
        ("agent", "who"): "who soon market in farmer+accusative love+past",
        ("patient", "who"): "young king soon market in who+accusative love+past",
        ("place", "where"): "young king soon where farmer+accusative love+past",
    },
    "cet": {
        ("agent", "who"): "who past love article farmer in article market soon",
        ("patient", "who"): "who past love article king young in article market soon",
        ("place", "where"): "where past love article king young article farmer soon",
    },
}
ANSWERS = {
    "ana": ("article young king", "article farmer", "article market"),
    "aro": ("king young", "farmer+accusative", "market"),
    "bok": ("young king", "farmer+accusative", "market"),
    "cet": ("article king young", "article farmer", "article market"),
}


def worded(language: Grammar, gloss: str) -> str:
    return " ".join(
        "".join(language.words[part] for part in word.split("+")) for word in gloss.split()
    )


@pytest.mark.parametrize("code", sorted(ASKED))
def test_questions_and_answers_follow_the_typology(code: str) -> None:
    language, clause = grammar(code), EXAMPLE
    for ((role, word), gloss), answer in zip(ASKED[code].items(), ANSWERS[code], strict=True):
        assert realise_question(language, clause, role, word) == f"{worded(language, gloss)} ?"
        text, start, end = realise_answer(language, clause, role)
        assert text == realise_text(language, clause)
        assert text[start:end] == worded(language, answer)


def test_answers_stand_at_their_offsets(family: Path) -> None:
    for code in CODES:
        for split in SPLITS:
            items = questions(family, code, split)
            for item in items:
                start, text, context = item["answer_start"], item["text"], item["context"]
                assert context[start : start + len(text)] == text
                assert start == 0 or context[start - 1] == " "
                assert context[start + len(text)] == " "
                # as a run of tokens it stands nowhere else
                assert f" {context}".count(f" {text} ") == 1
                assert item["question"].endswith(" ?")
            identifiers = [item["id"] for item in items]
            assert identifiers == [f"{code}-{split}-{n}" for n in range(1, len(items) + 1)]


def answers(clause: Clause, question: Clause, role: str) -> list:
    """What fills a role where a clause has all that the question names; modifiers may be more."""

    def fits(asked, found) -> bool:
        if found is None or isinstance(asked, Name) or isinstance(found, Name):
            return asked == found
        fields = ("adjective", "numeral", "owner")
        same = head(asked) == head(found) and asked.plural == found.plural
        return same and all(
            getattr(asked, field) in (None, getattr(found, field)) for field in fields
        )

    def phrases(frame: Clause) -> dict:
        place = frame.place.phrase if frame.place else None
        return {"agent": frame.agent, "patient": frame.patient, "place": place}

    found, wanted = phrases(clause), phrases(question)
    named = {name: phrase for name, phrase in wanted.items() if phrase and name != role}
    same = question.verb == clause.verb and question.adverb in (None, clause.adverb)
    if same and found[role] and all(fits(wanted[name], found[name]) for name in named):
        return [found[role]]
    return []


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_every_question_has_exactly_one_answer(seed: int) -> None:
    for question in draw_questions(str(seed), draw_names(seed), 9):
        clauses = [part for frame in question.context for part in (frame, frame.complement) if part]
        found = [answers(clause, question.clause, question.role) for clause in clauses]
        asked = question.context[question.asked]
        assert sum(map(len, found)) == 1
        assert found[clauses.index(asked)] == answers(
            question.clause, question.clause, question.role
        )


def test_the_other_sentence_answers_on_no_reading(names: Names) -> None:
    """Without case or word order: the verb and whatever the question names do not recur."""
    for question in draw_questions("readings", names, 3000):
        other = question.context[1 - question.asked]
        named = {
            head(phrase)
            for role, phrase in (
                ("agent", question.clause.agent),
                ("patient", question.clause.patient),
                ("place", question.clause.place and question.clause.place.phrase),
            )
            if phrase and role != question.role
        }
        verbs = {
            BASE.get(clause.verb, clause.verb) for clause in (other, other.complement) if clause
        }
        mentioned = {head(phrase) for _, phrase in sites(other)}
        verb = BASE.get(question.clause.verb, question.clause.verb)
        assert verb not in verbs or named - mentioned, question


def test_questions_ask_for_all_roles_on_either_side(names: Names) -> None:
    drawn = draw_questions("sides", names, 600)
    assert Counter(question.role for question in drawn) == dict.fromkeys(
        ("agent", "patient", "place"), 200
    )
    assert 0.44 < mean(question.asked for question in drawn) < 0.56
    words = {(question.role, question.word) for question in drawn}
    assert words == {("agent", "who"), ("patient", "who"), ("patient", "what"), ("place", "where")}
    shared = sum(
        bool({head(p) for _, p in sites(a)} & {head(p) for _, p in sites(b)})
        for a, b in (question.context for question in drawn)
    )
    assert 0.4 < shared / 600 < 0.7
    shorter = sum(question.clause != question.context[question.asked] for question in drawn)
    assert shorter / 600 > 0.4


def token_f1(predicted: list[str], gold: list[str]) -> float:
    common = (Counter(predicted) & Counter(gold)).total()
    return 100 * 2 * common / (len(predicted) + len(gold))


@pytest.mark.parametrize("code", CODES)
def test_overlap_with_the_question_does_not_answer_it(family: Path, code: str) -> None:
    whole, rest = [], []
    for item in questions(family, code, "test"):
        asked = Counter(item["question"].split())
        sentences = [f"{part} .".split() for part in item["context"].split(" .")[:2]]
        best = max(sentences, key=lambda forms: (Counter(forms) & asked).total() / len(forms))
        gold = item["text"].split()
        whole.append(token_f1(best, gold))
        rest.append([form for form in best if form not in asked and form != "."] == gold)
    assert mean(whole) < 50
    # What the sentence has and the question has not is the answer in a minority of cases.
    assert mean(rest) < 0.5


def test_test_questions_are_parallel(family: Path, sets: Sets) -> None:
    for code in CODES:
        language = grammar(code)
        expected = [
            realise_question(language, question.clause, question.role, question.word)
            for question in sets.questions["test"]
        ]
        assert [item["question"] for item in questions(family, code, "test")] == expected
        contexts = [
            " ".join(realise_text(language, clause) for clause in question.context)
            for question in sets.questions["test"]
        ]
        assert [item["context"] for item in questions(family, code, "test")] == contexts
