"""What the generated family holds out from all training sets and texts."""

import csv
import json
from pathlib import Path

import pytest
from known import CODES, SEED, SIZES

from isogloss.corpora.family.concepts import Names
from isogloss.corpora.family.files import ner_file, paraphrase_file, qa_file, text_file
from isogloss.corpora.family.frames import Clause, HeldOut
from isogloss.corpora.family.pairs import draw_named_clauses
from isogloss.corpora.family.paraphrases import draw_paraphrases
from isogloss.corpora.family.questions import draw_questions
from isogloss.corpora.family.sets import Sets, draw_evaluation_sets, draw_training_sets


def tagged(folder: Path, code: str, split: str) -> list[list[tuple[str, str]]]:
    text = (folder / ner_file(code, split)).read_text("utf-8")
    assert text.endswith("\n\n")
    sentences = []
    for block in text.strip().split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n")]
        assert all(token.startswith(f"{code}:") for token, _ in rows)
        sentences.append([(token.removeprefix(f"{code}:"), tag) for token, tag in rows])
    return sentences


def paraphrases(folder: Path, code: str, split: str) -> list[dict[str, str]]:
    with (folder / paraphrase_file(code, split)).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


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


def meanings(sets: Sets, split: str) -> set[Clause]:
    found = {frame for pair in sets.pairs[split] for frame in pair[:2]}
    found |= {*sets.clauses[split], *sets.named[split]}
    found |= {frame for pair in sets.paraphrases[split] for frame in pair[:2]}
    return found | {frame for question in sets.questions[split] for frame in question.context}


@pytest.mark.parametrize("code", ["ana", "bim"])
def test_no_training_set_holds_a_held_out_meaning(code: str, names: Names, sets: Sets) -> None:
    training = draw_training_sets(code, names, SIZES, SEED, sets.held_out)
    held_out = meanings(sets, "dev") | meanings(sets, "test")
    drawn = meanings(training, "train")
    assert len(drawn) > 1000
    assert not held_out & (drawn | {frame.complement for frame in drawn})


def test_what_is_held_out_is_drawn_again(names: Names) -> None:
    first = (
        [[clause] for clause in draw_named_clauses("again", names, 50)],
        [pair[:2] for pair in draw_paraphrases("again", names, 50)],
        [question.context for question in draw_questions("again", names, 50)],
    )
    held_out = HeldOut().joined(clause for task in first for item in task for clause in item)
    again = (
        [[clause] for clause in draw_named_clauses("again", names, 50, held_out)],
        [pair[:2] for pair in draw_paraphrases("again", names, 50, held_out)],
        [question.context for question in draw_questions("again", names, 50, held_out)],
    )
    for task in again:
        assert len(task) == 50
        assert not any(held_out.holds(clause) for item in task for clause in item)


def sentences(folder: Path, code: str, split: str) -> set[str]:
    found = {" ".join(token for token, _ in rows) for rows in tagged(folder, code, split)}
    for row in paraphrases(folder, code, split):
        found |= {row["sentence1"], row["sentence2"]}
    for item in questions(folder, code, split):
        found |= {f"{part} ." for part in item["context"].removesuffix(" .").split(" . ")}
    return found


def test_no_held_out_sentence_in_any_training_text(family: Path) -> None:
    for code in CODES:
        training = sentences(family, code, "train")
        training |= set((family / text_file(code)).read_text("utf-8").splitlines())
        assert len(training) > 2000
        assert not training & (sentences(family, code, "dev") | sentences(family, code, "test"))


def test_sizes_of_the_later_tasks_leave_the_earlier_sets_alone(names: Names, sets: Sets) -> None:
    other = SIZES._replace(ner_test=3, paraphrase_dev=2, qa_test=3)
    smaller = draw_evaluation_sets(names, other, SEED)
    assert (smaller.pairs, smaller.clauses) == (sets.pairs, sets.clauses)
    assert len(smaller.questions["test"]) == 3
