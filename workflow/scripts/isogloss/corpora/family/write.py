"""The family's corpora as files in the formats of upstream data sets, and as plain text."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from isogloss.corpora.family.concepts import draw_names
from isogloss.corpora.family.distances import family_distances
from isogloss.corpora.family.files import (
    DISTANCES,
    LANGUAGES,
    FamilySizes,
    ner_file,
    nli_file,
    paraphrase_file,
    qa_file,
    text_file,
    treebank_file,
)
from isogloss.corpora.family.frames import Clause
from isogloss.corpora.family.languages import Language, family_language
from isogloss.corpora.family.pairs import Pair, draw_documents
from isogloss.corpora.family.paraphrases import Paraphrase
from isogloss.corpora.family.questions import Question
from isogloss.corpora.family.realise import (
    Grammar,
    grammar_of,
    realise,
    realise_answer,
    realise_names,
    realise_question,
    realise_text,
)
from isogloss.corpora.family.sets import Sets, draw_evaluation_sets, draw_training_sets
from isogloss.tables import write_atomically


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()

    def write(file: IO[bytes]) -> None:
        file.write(content)

    write_atomically(path, write)


def _pair_lines(grammar: Grammar, pairs: Iterable[Pair]) -> Iterable[str]:
    for premise, hypothesis, label in pairs:
        sides = (realise_text(grammar, frame) for frame in (premise, hypothesis))
        yield "\t".join((*sides, label))


def _training_lines(grammar: Grammar, pairs: Iterable[Pair]) -> Iterable[str]:
    # XNLI's machine-translated training files have a header and call one label otherwise.
    yield "premise\thypo\tlabel"
    for premise, hypothesis, label in pairs:
        named = "contradictory" if label == "contradiction" else label
        yield from _pair_lines(grammar, [Pair(premise, hypothesis, named)])


def _treebank_lines(grammar: Grammar, clauses: Iterable[Clause], prefix: str) -> Iterable[str]:
    for number, clause in enumerate(clauses, start=1):
        sentence = realise(grammar, clause)
        yield f"# sent_id = {prefix}-{number}"
        yield f"# text = {sentence.text}"
        for position, (form, upos, head, deprel) in enumerate(zip(*sentence, strict=True), 1):
            yield f"{position}\t{form}\t_\t{upos}\t_\t_\t{head}\t{deprel}\t_\t_"
        yield ""


def _name_lines(grammar: Grammar, clauses: Iterable[Clause], language: str) -> Iterable[str]:
    for clause in clauses:
        for token, tag in zip(*realise_names(grammar, clause), strict=True):
            yield f"{language}:{token}\t{tag}"
        yield ""


def _paraphrase_lines(grammar: Grammar, pairs: Iterable[Paraphrase]) -> Iterable[str]:
    yield "id\tsentence1\tsentence2\tlabel"
    for number, (first, second, fronted, same) in enumerate(pairs, start=1):
        sides = zip((first, second), fronted, strict=True)
        texts = [realise_text(grammar, clause, part) for clause, part in sides]
        yield "\t".join([str(number), *texts, str(int(same))])


def _article(grammar: Grammar, question: Question, identifier: str) -> dict[str, Any]:
    """A context with its question in the terms of SQuAD; offsets count characters."""
    texts = [realise_text(grammar, clause) for clause in question.context]
    asked = question.context[question.asked]
    text, start, end = realise_answer(grammar, asked, question.role)
    before = len(texts[0]) + 1 if question.asked else 0
    return {
        "title": identifier,
        "paragraphs": [
            {
                "context": " ".join(texts),
                "qas": [
                    {
                        "id": identifier,
                        "question": realise_question(
                            grammar, question.clause, question.role, question.word
                        ),
                        "answers": [{"text": text[start:end], "answer_start": before + start}],
                    }
                ],
            }
        ],
    }


def _question_lines(grammar: Grammar, questions: Iterable[Question], prefix: str) -> Iterable[str]:
    articles = [
        _article(grammar, question, f"{prefix}-{number}")
        for number, question in enumerate(questions, start=1)
    ]
    yield json.dumps({"data": articles}, ensure_ascii=False)


def _document_lines(grammar: Grammar, documents: Iterable[tuple[Clause, Clause]]) -> Iterable[str]:
    for number, document in enumerate(documents):
        if number:
            yield ""
        for clause in document:
            yield realise_text(grammar, clause)


def _write_sets(folder: Path, code: str, grammar: Grammar, sets: Sets) -> None:
    for split, pairs in sets.pairs.items():
        lines = _training_lines if split == "train" else _pair_lines
        _write_lines(folder / nli_file(code, split), lines(grammar, pairs))
    for split, clauses in sets.clauses.items():
        trees = _treebank_lines(grammar, clauses, f"{code}-{split}")
        _write_lines(folder / treebank_file(code, split), trees)
    for split, clauses in sets.named.items():
        _write_lines(folder / ner_file(code, split), _name_lines(grammar, clauses, code))
    for split, paraphrases in sets.paraphrases.items():
        rows = _paraphrase_lines(grammar, paraphrases)
        _write_lines(folder / paraphrase_file(code, split), rows)
    for split, questions in sets.questions.items():
        articles = _question_lines(grammar, questions, f"{code}-{split}")
        _write_lines(folder / qa_file(code, split), articles)


def _language_lines(languages: Iterable[Language]) -> Iterable[str]:
    yield "language,script,path,latitude,longitude,typology"
    for code, path, typology, script, latitude, longitude in languages:
        parameters = " ".join(f"{name}={value}" for name, value in typology._asdict().items())
        yield f"{code},{script},{'/'.join(path)},{latitude},{longitude},{parameters}"


def write_family(folder: Path, languages: Sequence[str], sizes: FamilySizes, seed: int) -> None:
    """Write all files of `family_files(languages)` under a folder.

    Development and test sets hold the same meanings in the same order in every language, and
    none of them occurs in any training text. Same arguments, same bytes; a language's files
    do not depend on which other languages are written.

    Raises
    ------
    ConfigError
        if the family has no such language
    """
    chosen = [family_language(code) for code in languages]
    names = draw_names(seed)
    sets = draw_evaluation_sets(names, sizes, seed)
    for language in chosen:
        code, grammar = language.code, grammar_of(language, names, seed)
        documents = draw_documents(f"{seed}:text:{code}", names, sizes.documents, sets.held_out)
        _write_lines(folder / text_file(code), _document_lines(grammar, documents))
        training = draw_training_sets(code, names, sizes, seed, sets.held_out)
        for part in (training, sets):
            _write_sets(folder, code, grammar, part)
    _write_lines(folder / LANGUAGES, _language_lines(chosen))
    rows = family_distances(chosen, seed)
    distances = (f"{name},{a},{b},{value:.6f}" for name, a, b, value in rows)
    _write_lines(folder / DISTANCES, ["distance,first,second,value", *distances])
