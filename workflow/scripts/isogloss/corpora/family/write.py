"""The family's corpora as files in the formats of XNLI, Universal Dependencies and plain text."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from isogloss.corpora.family.concepts import Names, draw_names
from isogloss.corpora.family.distances import family_distances
from isogloss.corpora.family.files import (
    DISTANCES,
    LANGUAGES,
    FamilySizes,
    nli_file,
    text_file,
    treebank_file,
)
from isogloss.corpora.family.frames import Clause
from isogloss.corpora.family.languages import Language, family_language
from isogloss.corpora.family.pairs import (
    HeldOut,
    Pair,
    draw_clauses,
    draw_documents,
    draw_held_out,
    draw_pairs,
)
from isogloss.corpora.family.realise import Grammar, grammar_of, realise, realise_text
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


def _document_lines(grammar: Grammar, documents: Iterable[tuple[Clause, Clause]]) -> Iterable[str]:
    for number, document in enumerate(documents):
        if number:
            yield ""
        for clause in document:
            yield realise_text(grammar, clause)


def _write_language(
    folder: Path, language: Language, names: Names, held_out: HeldOut, sizes: FamilySizes, seed: int
) -> None:
    code, grammar = language.code, grammar_of(language, names, seed)
    pairs = draw_pairs(f"{seed}:nli:train:{code}", names, sizes.nli_train, held_out)
    clauses = draw_clauses(f"{seed}:ud:train:{code}", names, sizes.ud_train, held_out)
    documents = draw_documents(f"{seed}:text:{code}", names, sizes.documents, held_out)
    _write_lines(folder / text_file(code), _document_lines(grammar, documents))
    _write_lines(folder / nli_file(code, "train"), _training_lines(grammar, pairs))
    treebanks = {"train": clauses, **held_out.clauses}
    for split, sentences in treebanks.items():
        lines = _treebank_lines(grammar, sentences, f"{code}-{split}")
        _write_lines(folder / treebank_file(code, split), lines)
    for split, items in held_out.pairs.items():
        _write_lines(folder / nli_file(code, split), _pair_lines(grammar, items))


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
    held_out = draw_held_out(names, sizes, seed)
    for language in chosen:
        _write_language(folder, language, names, held_out, sizes, seed)
    _write_lines(folder / LANGUAGES, _language_lines(chosen))
    rows = family_distances(chosen, seed)
    distances = (f"{name},{a},{b},{value:.6f}" for name, a, b, value in rows)
    _write_lines(folder / DISTANCES, ["distance,first,second,value", *distances])
