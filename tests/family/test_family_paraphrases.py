"""The generated family's paraphrases: labels, files, no shortcuts."""

import csv
import random
from collections import Counter
from pathlib import Path
from statistics import mean

import pytest
from known import CODES, grammar
from scipy.sparse import hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from isogloss.corpora.family.concepts import BASE, NOUN_CLASS, TRANSITIVE, Names
from isogloss.corpora.family.edits import head, reword
from isogloss.corpora.family.files import paraphrase_file
from isogloss.corpora.family.frames import Clause, Name, NounPhrase, Place
from isogloss.corpora.family.languages import family_language
from isogloss.corpora.family.paraphrases import SYMMETRIC, draw_paraphrases
from isogloss.corpora.family.realise import Grammar, realise_text
from isogloss.corpora.family.sets import Sets


def paraphrases(folder: Path, code: str, split: str) -> list[dict[str, str]]:
    with (folder / paraphrase_file(code, split)).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


EXAMPLE = Clause(
    "love",
    NounPhrase("king", adjective="young"),
    NounPhrase("farmer"),
    Place("in", NounPhrase("market")),
    adverb="soon",
)
# Written by hand: the place fronted, then the adverb.
FRONTED = {
    "ana": (
        "in article market article young king love article farmer soon",
        "soon article young king love article farmer in article market",
    ),
    "bel": (
        "market in young king soon farmer+accusative love",
        "soon young king market in farmer+accusative love",
    ),
    "cet": (
        "in article market love article king young article farmer soon",
        "soon love article king young article farmer in article market",
    ),
}


@pytest.mark.parametrize("code", sorted(FRONTED))
def test_fronted_parts_open_the_clause(code: str) -> None:
    words = grammar(code).words
    for part, gloss in zip(("place", "adverb"), FRONTED[code], strict=True):
        forms = ["".join(words[concept] for concept in word.split("+")) for word in gloss.split()]
        assert realise_text(grammar(code), EXAMPLE, part) == " ".join([*forms, "."])


def test_reworded_frames_say_the_same() -> None:
    clause = EXAMPLE._replace(agent=NounPhrase("doctor"))
    assert reword(random.Random(0), clause) == clause._replace(agent=NounPhrase("physician"))
    assert reword(random.Random(0), EXAMPLE) is None


def test_paraphrase_files_follow_upstream_and_are_balanced(family: Path) -> None:
    wanted = {"train": 1000, "dev": 40, "test": 400}
    for code in CODES:
        for split, count in wanted.items():
            rows = paraphrases(family, code, split)
            assert list(rows[0]) == ["id", "sentence1", "sentence2", "label"]
            assert [row["id"] for row in rows] == [str(n) for n in range(1, count + 1)]
            assert Counter(row["label"] for row in rows) == {"1": count // 2, "0": count // 2}
            assert all(row["sentence1"] != row["sentence2"] for row in rows)


def base_form(clause: Clause) -> tuple:
    """What a clause says, whatever its synonyms and whoever does it to whom."""

    def plain(phrase):
        if isinstance(phrase, Name):
            return phrase
        adjective = BASE.get(phrase.adjective, phrase.adjective)
        owner = plain(phrase.owner) if phrase.owner else None
        return phrase._replace(noun=head(phrase), adjective=adjective, owner=owner)

    return (
        BASE.get(clause.verb, clause.verb),
        (plain(clause.agent), plain(clause.patient)),
        clause.place and (clause.place.adposition, plain(clause.place.phrase)),
        BASE.get(clause.adverb, clause.adverb),
        (clause.negated, clause.past),
    )


def test_labels_mean_same_roles_and_exchanged_roles(names: Names) -> None:
    sides = Counter()
    for first, second, fronted, same in draw_paraphrases("roles", names, 600):
        (verb, roles, *rest), (verb2, roles2, *rest2) = base_form(first), base_form(second)
        assert (verb, rest) == (verb2, rest2)
        assert roles2 == (roles if same else roles[::-1])
        assert head(first.agent) != head(first.patient)
        side = 0 if fronted[0] else 1
        assert fronted[1 - side] is None
        assert getattr((first, second)[side], fronted[side])
        sides[same, side] += 1
    assert set(sides.values()) == {150}


def test_either_argument_could_do_it_to_the_other(names: Names) -> None:
    assert set(SYMMETRIC) == {"see", "visit", "love", "chase", "praise", "hit"}
    for verb, classes in SYMMETRIC.items():
        assert set(classes) == set(TRANSITIVE[verb][0]) & set(TRANSITIVE[verb][1])
    used = set()
    for pair in draw_paraphrases("verbs", names, 200):
        verb = BASE.get(pair.first.verb, pair.first.verb)
        used.add(verb)
        for phrase in (pair.first.agent, pair.first.patient):
            kind = "person" if isinstance(phrase, Name) else NOUN_CLASS[phrase.noun]
            assert kind in SYMMETRIC[verb]
    assert used == set(SYMMETRIC)


def bases(language: Grammar) -> dict[str, str]:
    """Form with or without an ending -> its concept or else its name, synonyms being one."""
    plural, *others = (language.words[e] for e in ("plural", "accusative", "genitive", "past"))
    concepts = {word: BASE.get(concept, concept) for concept, word in language.words.items()}
    names = {form: form for form in language.names.values()}
    return {
        form + ending: base
        for ending in (plural + others[0], *others, plural, "")
        for form, base in (names | concepts).items()
    }


@pytest.mark.parametrize("code", CODES)
def test_both_sides_have_the_same_words_up_to_synonyms_and_endings(family: Path, code: str) -> None:
    table = bases(grammar(code))

    def words(text: str) -> Counter[str]:
        return Counter(table.get(form, form) for form in text.split())

    rows = paraphrases(family, code, "test")
    assert all(words(row["sentence1"]) == words(row["sentence2"]) for row in rows)
    literal = sum(
        Counter(row["sentence1"].split()) == Counter(row["sentence2"].split()) for row in rows
    )
    cased = family_language(code).typology.case == "case"
    # Without cases only synonyms differ; with them an exchanged noun has another ending.
    assert literal / len(rows) < 0.55 if cased else literal / len(rows) > 0.75


def regression_accuracy(train: list[dict], test: list[dict]) -> float:
    """Accuracy in percent of a bag of character n-grams; each sentence has its own features."""
    columns = ("sentence1", "sentence2")
    fitted, tested = [], []
    for column in columns:
        counts = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), binary=True)
        fitted.append(counts.fit_transform([row[column] for row in train]))
        tested.append(counts.transform([row[column] for row in test]))
    model = LogisticRegression(C=0.1, max_iter=300)
    model.fit(hstack(fitted), [row["label"] for row in train])
    return 100 * model.score(hstack(tested), [row["label"] for row in test])


@pytest.mark.parametrize("code", ["ana", "cet", "ari", "bok"])
def test_a_bag_of_ngrams_does_not_tell_paraphrases(family: Path, code: str) -> None:
    train, test = (paraphrases(family, code, split) for split in ("train", "test"))
    # three standard errors of 400 answers at chance
    assert 42 < regression_accuracy(train, test) < 58


@pytest.mark.parametrize("code", CODES)
def test_order_alone_does_not_tell_paraphrases(family: Path, code: str) -> None:
    rows = paraphrases(family, code, "test")
    opened = Counter(
        (row["label"], row["sentence1"].split()[0] == row["sentence2"].split()[0]) for row in rows
    )
    rates = [opened[label, True] / 200 for label in ("0", "1")]
    assert abs(rates[0] - rates[1]) < 0.1
    lengths = [
        mean(len(row["sentence1"].split()) for row in rows if row["label"] == label)
        for label in ("0", "1")
    ]
    assert abs(lengths[0] - lengths[1]) < 0.6


def test_test_paraphrases_are_parallel(family: Path, sets: Sets) -> None:
    for code in CODES:
        language = grammar(code)
        expected = [
            {
                "id": str(number),
                "sentence1": realise_text(language, pair.first, pair.fronted[0]),
                "sentence2": realise_text(language, pair.second, pair.fronted[1]),
                "label": "1" if pair.same else "0",
            }
            for number, pair in enumerate(sets.paraphrases["test"], start=1)
        ]
        assert paraphrases(family, code, "test") == expected
