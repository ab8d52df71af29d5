"""The generated language family: its known truth, its files, and that they repeat."""

import csv
import hashlib
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.corpora.family.concepts import NOUNS, draw_names
from isogloss.corpora.family.edits import droppable, nouns, toggle, value_at
from isogloss.corpora.family.files import FamilySizes, family_files
from isogloss.corpora.family.frames import Clause, NounPhrase, draw_clause
from isogloss.corpora.family.languages import family_language, family_languages
from isogloss.corpora.family.pairs import LABELS, draw_pairs
from isogloss.corpora.family.realise import grammar_of, realise, realise_text
from isogloss.corpora.family.sets import draw_evaluation_sets
from isogloss.corpora.family.write import write_family
from isogloss.errors import ConfigError

CODES = [language.code for language in family_languages()]
TINY = FamilySizes(20, 24, 12, 18, 10, 5, 8, 10, 5, 8, 12, 4, 8, 12, 3, 9)
SMALL = FamilySizes(300, 240, 60, 90, 60, 20, 40, 60, 20, 40, 40, 20, 40, 60, 12, 30)
UPOS = {
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN"),
    *("PUNCT", "SCONJ", "SYM", "VERB", "X"),
}


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("family")
    write_family(folder, CODES, SMALL, seed=7)
    return folder


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def pairs_of(folder: Path, name: str) -> list[list[str]]:
    lines = (folder / "xnli" / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines]


def treebank(folder: Path, language: str, split: str) -> list[dict]:
    text = (folder / f"ud/{language}/{language}-ud-{split}.conllu").read_text("utf-8")
    assert text.endswith("\n\n")
    sentences = []
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        comments = dict(line[2:].split(" = ", 1) for line in lines if line.startswith("#"))
        rows = [line.split("\t") for line in lines if not line.startswith("#")]
        sentences.append({"comments": comments, "rows": rows})
    return sentences


def is_projective(heads: list[int]) -> bool:
    """Whether every word between a word and its head descends from that head."""

    def ancestors(word: int) -> set[int]:
        found = set()
        while word:
            word = heads[word - 1]
            found.add(word)
        return found

    return all(
        head in ancestors(between)
        for word, head in enumerate(heads, start=1)
        for between in range(min(word, head) + 1, max(word, head))
    )


# --- files -------------------------------------------------------------------------


def test_writes_exactly_the_promised_files(family: Path) -> None:
    assert sorted(digests(family)) == sorted(family_files(CODES))


def test_same_bytes_in_another_process_and_hash_seed(tmp_path: Path, root: Path) -> None:
    write_family(tmp_path / "here", ["aro", "bim"], TINY, seed=3)
    code = (
        "import sys; from pathlib import Path\n"
        "from isogloss.corpora.family.files import FamilySizes\n"
        "from isogloss.corpora.family.write import write_family\n"
        f"write_family(Path(sys.argv[1]), ['aro', 'bim'], FamilySizes(*{tuple(TINY)}), seed=3)\n"
    )
    for hash_seed in ("1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": str(root / "workflow" / "scripts"),
        }
        target = tmp_path / hash_seed
        subprocess.run([sys.executable, "-c", code, str(target)], env=environment, check=True)
        assert digests(target) == digests(tmp_path / "here")


def test_another_seed_gives_another_family(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_family(tmp_path / str(seed), ["ana", "bel"], TINY, seed)
    first, second = digests(tmp_path / "1"), digests(tmp_path / "2")
    assert {name for name in first if first[name] == second[name]} == {"languages.csv"}


def test_files_of_a_language_do_not_depend_on_the_others(family: Path, tmp_path: Path) -> None:
    write_family(tmp_path, ["bok"], SMALL, seed=7)
    alone = digests(tmp_path)
    together = digests(family)
    own = [name for name in alone if "bok" in name]
    assert len(own) == 16
    assert {name: alone[name] for name in own} == {name: together[name] for name in own}


def test_files_module_needs_no_heavy_imports(root: Path) -> None:
    code = (
        "import sys, isogloss.corpora.family.files\n"
        "print([m for m in ('pandas', 'pyarrow', 'numpy', 'torch') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(root / "workflow" / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_unknown_language_names_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'xyz'.*ana, anu"):
        family_files(["ana", "xyz"])
    with pytest.raises(ConfigError, match="xyz"):
        write_family(tmp_path, ["xyz"], TINY, 0)
    assert not list(tmp_path.iterdir())


# --- pairs -------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["dev", "test"])
def test_development_and_test_pairs_share_their_labels_row_by_row(family: Path, split: str) -> None:
    labels = [[row[2] for row in pairs_of(family, f"{split}-{code}.tsv")] for code in CODES]
    assert all(column == labels[0] for column in labels)
    assert len(labels[0]) == {"dev": SMALL.nli_dev, "test": SMALL.nli_test}[split]
    counts = Counter(labels[0])
    assert set(counts) == {"entailment", "neutral", "contradiction"}
    assert len(set(counts.values())) == 1


def test_test_pairs_share_their_meaning_row_by_row(family: Path) -> None:
    names = draw_names(7)
    sets = draw_evaluation_sets(names, SMALL, 7)
    for code in CODES:
        grammar = grammar_of(family_language(code), names, 7)
        expected = [
            [realise_text(grammar, pair.premise), realise_text(grammar, pair.hypothesis)]
            for pair in sets.pairs["test"]
        ]
        assert [row[:2] for row in pairs_of(family, f"test-{code}.tsv")] == expected


def test_training_pairs_follow_upstream_and_are_balanced(family: Path) -> None:
    for code in CODES:
        header, *rows = pairs_of(family, f"multinli.train.{code}.tsv")
        assert header == ["premise", "hypo", "label"]
        assert Counter(row[2] for row in rows) == {
            "entailment": 80,
            "neutral": 80,
            "contradictory": 80,
        }
        assert all(len(row) == 3 and row[0] != row[1] for row in rows)


def test_training_pairs_are_not_parallel(family: Path) -> None:
    labels = {
        tuple(row[2] for row in pairs_of(family, f"multinli.train.{code}.tsv")) for code in CODES
    }
    assert len(labels) == len(CODES)


def test_polarity_of_the_premise_is_balanced_within_labels() -> None:
    pairs = draw_pairs("test", draw_names(0), 120)
    counts = Counter((pair.label, pair.premise.negated) for pair in pairs)
    assert set(counts.values()) == {20}


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_labels_mean_what_they_say(seed: int) -> None:
    for premise, hypothesis, label in draw_pairs(str(seed), draw_names(seed), 12):
        assert (premise.negated != hypothesis.negated) == (label == "contradiction")
        assert premise != hypothesis
        if premise.negated:
            # places and adverbs lie in the scope of the negation
            assert (premise.place is None) == (hypothesis.place is None)
            assert (premise.adverb is None) == (hypothesis.adverb is None)


def test_modifiers_are_lost_at_the_same_rate_under_every_label() -> None:
    lost = Counter(
        pair.label
        for pair in draw_pairs("rates", draw_names(0), 1500)
        if any(value_at(pair.hypothesis, path) is None for path in droppable(pair.premise))
    )
    assert set(lost) == {"entailment", "neutral", "contradiction"}
    # a neutral pair may get another modifier where it lost one
    assert all(0.6 < count / 500 < 0.78 for count in lost.values()), lost


def test_premises_hold_reworded_nouns_under_every_label() -> None:
    reworded = Counter(
        pair.label
        for pair in draw_pairs("classes", draw_names(0), 1500)
        if any(phrase.noun in NOUNS for _, phrase in nouns(pair.premise))
    )
    assert all(0.1 < reworded[label] / 500 < 0.3 for label in LABELS)


# --- held out ----------------------------------------------------------------------


def texts(folder: Path, code: str, splits: tuple[str, ...]) -> set[str]:
    found = set()
    for split in splits:
        name = f"multinli.train.{code}.tsv" if split == "train" else f"{split}-{code}.tsv"
        found |= {side for row in pairs_of(folder, name) for side in row[:2]}
        found |= {entry["comments"]["text"] for entry in treebank(folder, code, split)}
    return found


def test_no_held_out_sentence_in_any_training_text(family: Path) -> None:
    for code in CODES:
        training = texts(family, code, ("train",))
        training |= set((family / f"text/{code}.txt").read_text("utf-8").splitlines())
        assert len(training) > 500
        assert not training & texts(family, code, ("dev", "test"))


def test_held_out_meanings_are_refused_embedded_too() -> None:
    names = draw_names(0)
    sets = draw_evaluation_sets(names, TINY, 0)
    held_out = sets.held_out
    clause = next(frame for frame in sets.clauses["test"] if frame.complement is None)
    assert held_out.holds(clause)
    assert held_out.holds(Clause("say", NounPhrase("king"), complement=clause))
    assert not held_out.holds(toggle(clause)._replace(adverb="soon", past=not clause.past))


def test_development_and_test_meanings_differ() -> None:
    sets = draw_evaluation_sets(draw_names(5), FamilySizes(), 5)
    dev, test = (
        {frame for pair in sets.pairs[split] for frame in pair[:2]}
        | set(sets.clauses[split])
        | set(sets.named[split])
        | {frame for pair in sets.paraphrases[split] for frame in pair[:2]}
        | {frame for question in sets.questions[split] for frame in question.context}
        for split in ("dev", "test")
    )
    assert not dev & test
    assert dev | test == sets.held_out.meanings
    assert len(sets.clauses["test"]) == 200


# --- treebanks and documents ---------------------------------------------------------


def check_sentence(heads: list[int], upos: list[str], deprels: list[str]) -> None:
    assert heads.count(0) == 1
    assert deprels[heads.index(0)] == "root"
    assert deprels.count("root") == 1
    assert all(0 <= head <= len(heads) for head in heads)
    assert set(upos) <= UPOS
    assert is_projective(heads)


def test_projectivity_is_judged_rightly() -> None:
    assert is_projective([2, 0, 2])
    assert not is_projective([3, 4, 0, 3])


def test_treebanks_are_valid(family: Path) -> None:
    for code in CODES:
        identifiers = []
        for split in ("train", "dev", "test"):
            for entry in treebank(family, code, split):
                rows, comments = entry["rows"], entry["comments"]
                assert [row[0] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
                assert all(len(row) == 10 for row in rows)
                assert comments["text"] == " ".join(row[1] for row in rows)
                identifiers.append(comments["sent_id"])
                check_sentence(
                    [int(row[6]) for row in rows], [row[3] for row in rows], [r[7] for r in rows]
                )
        assert len(set(identifiers)) == len(identifiers) == 120


def test_test_treebanks_are_parallel(family: Path) -> None:
    contentful = {"NOUN", "VERB", "ADJ", "NUM", "PROPN", "ADV"}
    per_language = [
        [
            Counter(row[3] for row in entry["rows"] if row[3] in contentful)
            for entry in treebank(family, code, "test")
        ]
        for code in CODES
    ]
    assert all(counts == per_language[0] for counts in per_language)


@given(st.integers(0, 10**6), st.sampled_from(CODES))
@settings(max_examples=60, deadline=None)
def test_every_sentence_is_a_projective_tree(seed: int, code: str) -> None:
    names = draw_names(seed)
    grammar = grammar_of(family_language(code), names, seed)
    rng = random.Random(seed)
    for _ in range(5):
        clause = draw_clause(rng, names)
        sentence = realise(grammar, clause)
        assert sentence.text == realise_text(grammar, clause)
        assert sentence.upos[-1] == "PUNCT"
        check_sentence(sentence.heads, sentence.upos, sentence.deprels)


def test_documents_are_two_sentences_mostly_alike(family: Path) -> None:
    for code in CODES:
        documents = (family / f"text/{code}.txt").read_text("utf-8").rstrip("\n").split("\n\n")
        assert len(documents) == SMALL.documents
        pairs = [document.split("\n") for document in documents]
        assert all(len(pair) == 2 for pair in pairs)
        alike = 0
        for first, second in pairs:
            a, b = Counter(first.split()), Counter(second.split())
            alike += (a & b).total() >= 0.6 * max(a.total(), b.total())
        assert 0.55 < alike / len(pairs) < 0.75


# --- languages, as written ----------------------------------------------------------


def test_distances_are_symmetric_and_zero_to_themselves(family: Path) -> None:
    with (family / "distances.csv").open() as file:
        rows = list(csv.DictReader(file))
    values = {(row["distance"], row["first"], row["second"]): float(row["value"]) for row in rows}
    assert len(values) == len(rows) == 6 * 8 * 8
    assert {row["distance"] for row in rows} == {"SYN", "GEO", "INV", "GEN", "PHON", "SCRIPT"}
    for (distance, first, second), value in values.items():
        assert 0 <= value <= 1
        assert value == values[distance, second, first]
        if first == second:
            assert value == 0


def test_scripts_differ(family: Path) -> None:
    for code, low, high in (("aro", 0x400, 0x4FF), ("bim", 0x10D0, 0x10FF), ("cet", 0x41, 0x7A)):
        letters = [c for c in (family / f"text/{code}.txt").read_text("utf-8") if c.isalpha()]
        own = sum(low <= ord(letter) <= high for letter in letters) / len(letters)
        assert own > 0.8


@given(st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_any_seed_gives_valid_files(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("seed")
    write_family(folder, ["bim", "cet"], TINY, seed)
    assert sorted(digests(folder)) == sorted(family_files(["bim", "cet"]))
    for code in ("bim", "cet"):
        held_out = texts(folder, code, ("dev", "test"))
        assert not held_out & texts(folder, code, ("train",))
        assert len(pairs_of(folder, f"multinli.train.{code}.tsv")) == TINY.nli_train + 1
        assert len(treebank(folder, code, "test")) == TINY.ud_test
