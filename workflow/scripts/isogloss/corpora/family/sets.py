"""Training, development and test sets of meanings, and what is held out from texts and training.

Development and test sets hold the same meanings in all languages; a language's training sets
are its own.
"""

from typing import NamedTuple

from isogloss.corpora.family.concepts import Names
from isogloss.corpora.family.files import FamilySizes
from isogloss.corpora.family.frames import Clause, HeldOut
from isogloss.corpora.family.pairs import Pair, draw_clauses, draw_named_clauses, draw_pairs
from isogloss.corpora.family.paraphrases import Paraphrase, draw_paraphrases
from isogloss.corpora.family.questions import Question, draw_questions


class Sets(NamedTuple):
    """Sets of meanings per task, each by split, and the meanings of all dev and test sets."""

    pairs: dict[str, list[Pair]]
    clauses: dict[str, list[Clause]]
    named: dict[str, list[Clause]]
    paraphrases: dict[str, list[Paraphrase]]
    questions: dict[str, list[Question]]
    held_out: HeldOut


def draw_evaluation_sets(names: Names, sizes: FamilySizes, seed: int) -> Sets:
    """Draw the meanings of the test sets, then those of the development sets from the rest.

    Inference and treebanks come first, so that the sizes of the other tasks leave their
    development and test sets as they are.
    """
    counts = sizes._asdict()
    sets = Sets({}, {}, {}, {}, {}, HeldOut())
    held_out = sets.held_out
    for split in ("test", "dev"):
        pairs = draw_pairs(f"{seed}:nli:{split}", names, counts[f"nli_{split}"], held_out)
        clauses = draw_clauses(f"{seed}:ud:{split}", names, counts[f"ud_{split}"], held_out)
        sets.pairs[split], sets.clauses[split] = pairs, clauses
        held_out = held_out.joined(clauses)
        held_out = held_out.joined(side for pair in pairs for side in pair[:2])
    for split in ("test", "dev"):
        named = draw_named_clauses(f"{seed}:ner:{split}", names, counts[f"ner_{split}"], held_out)
        paraphrases = draw_paraphrases(
            f"{seed}:paraphrase:{split}", names, counts[f"paraphrase_{split}"], held_out
        )
        questions = draw_questions(f"{seed}:qa:{split}", names, counts[f"qa_{split}"], held_out)
        sets.named[split], sets.paraphrases[split] = named, paraphrases
        sets.questions[split] = questions
        held_out = held_out.joined(named)
        held_out = held_out.joined(side for pair in paraphrases for side in pair[:2])
        held_out = held_out.joined(side for question in questions for side in question.context)
    return sets._replace(held_out=held_out)


def draw_training_sets(
    language: str, names: Names, sizes: FamilySizes, seed: int, held_out: HeldOut
) -> Sets:
    """Draw the training sets of one language, split train, without held-out meanings."""

    def key(task: str) -> str:
        return f"{seed}:{task}:train:{language}"

    return Sets(
        {"train": draw_pairs(key("nli"), names, sizes.nli_train, held_out)},
        {"train": draw_clauses(key("ud"), names, sizes.ud_train, held_out)},
        {"train": draw_named_clauses(key("ner"), names, sizes.ner_train, held_out)},
        {"train": draw_paraphrases(key("paraphrase"), names, sizes.paraphrase_train, held_out)},
        {"train": draw_questions(key("qa"), names, sizes.qa_train, held_out)},
        held_out,
    )
