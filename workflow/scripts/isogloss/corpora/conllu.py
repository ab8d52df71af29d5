"""CoNLL-U treebanks (universaldependencies.org/format.html).

Parsed here and not with the `conllu` package: that gives no line numbers with its errors,
and takes nine columns, unknown tags, heads outside of the sentence and gaps in the word
numbers without complaint.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from isogloss.corpora.text import read_lines
from isogloss.errors import CorpusError

UPOS = (
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
)
_COLUMNS = 10
_ID, _FORM, _UPOS, _HEAD, _DEPREL, _MISC = 0, 1, 3, 6, 7, 9


@dataclass
class _Sentence:
    """One block of lines while it is read."""

    first: int
    name: str | None = None
    text: str | None = None
    form: list[str] = field(default_factory=list)
    upos: list[str] = field(default_factory=list)
    head: list[int] = field(default_factory=list)
    deprel: list[str] = field(default_factory=list)
    space_after: list[bool] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # line of each word
    surface: list[str] = field(default_factory=list)  # tokens with the blank that follows
    range_end: int = 0  # last word of the multiword token that is open
    range_line: int = 0
    range_space: bool = True


def read_conllu(path: str | Path) -> pd.DataFrame:
    """Read a treebank into a frame of table kind `treebank`, one row per sentence.

    Words are syntactic words: lines of multiword tokens (3-4) and empty nodes (8.1) are no
    words. `head` is 1-based, 0 is the root. `space_after` is false inside of a multiword token,
    and after its last word what SpaceAfter of the token says. `sentence` is `sent_id`, or the
    1-based number of the sentence; `text` is the `# text` comment without surrounding
    blanks (`# text =...` without a blank is read too: Vietnamese-VTB writes it), or where it is
    missing the surface tokens joined.

    Raises
    ------
    CorpusError
        with file and line for: not ten columns, an empty column, word numbers that do not
        count 1 to n, a head outside of 0 to n, no root, a cycle, a UPOS tag outside of the
        17, a broken multiword range, two sentences of the same `sent_id`
    """
    return _frame(path, list(_sentences(path)))


def read_conllu_text(path: str | Path) -> pd.DataFrame:
    """Texts of a treebank's sentences as a frame of table kind `lines`; `document` is `id`.

    For the parallel treebanks (PUD), where sentence i is the same in all languages.
    Raises as `read_conllu`.
    """
    treebank = read_conllu(path)
    return pd.DataFrame(
        {"id": treebank["id"], "document": treebank["id"], "text": treebank["text"]}
    )


def _sentences(path: str | Path) -> Iterator[_Sentence]:
    sentence: _Sentence | None = None
    for number, line in enumerate(read_lines(path), start=1):
        if not line:
            if sentence is not None:
                yield _finished(path, sentence)
            sentence = None
            continue
        if sentence is None:
            sentence = _Sentence(first=number)
        if line.startswith("#") and not sentence.form:
            _add_comment(sentence, line)
        else:
            _add_line(path, number, sentence, line)
    if sentence is not None:
        yield _finished(path, sentence)


def _add_comment(sentence: _Sentence, line: str) -> None:
    key, equals, value = line[1:].partition("=")
    if equals and key.strip() == "sent_id":
        sentence.name = value.strip()
    elif equals and key.strip() == "text":
        sentence.text = value.strip()


def _add_line(path: str | Path, number: int, sentence: _Sentence, line: str) -> None:
    columns = line.split("\t")
    if len(columns) != _COLUMNS:
        raise CorpusError(
            path,
            number,
            f"found {len(columns)} tab-separated columns; allowed: exactly {_COLUMNS}, "
            "or an empty line between sentences",
        )
    if "" in columns:
        place = columns.index("") + 1
        raise CorpusError(path, number, f"column {place} is empty; write _ for no value")
    name = columns[_ID]
    if _is_number(name):
        _add_word(path, number, sentence, columns)
    elif _is_pair(name, "-"):
        _open_range(path, number, sentence, columns)
    elif not _is_pair(name, "."):
        raise CorpusError(
            path, number, f"id {name!r}; allowed: a word (3), a range (3-4), an empty node (3.1)"
        )


def _add_word(path: str | Path, number: int, sentence: _Sentence, columns: list[str]) -> None:
    word = len(sentence.form) + 1
    if int(columns[_ID]) != word:
        raise CorpusError(
            path, number, f"word id {columns[_ID]}; allowed here: {word} (ids count 1, 2, 3, ...)"
        )
    if columns[_UPOS] not in UPOS:
        raise CorpusError(
            path, number, f"UPOS {columns[_UPOS]!r} is unknown; allowed: {', '.join(UPOS)}"
        )
    if not _is_number(columns[_HEAD]):
        raise CorpusError(
            path, number, f"head {columns[_HEAD]!r}; allowed: 0 to the number of words"
        )
    space = _space_after(columns[_MISC])
    inside = word <= sentence.range_end
    if inside:
        space = word == sentence.range_end and sentence.range_space
    else:
        sentence.surface.append(columns[_FORM] + " " * space)
    sentence.form.append(columns[_FORM])
    sentence.upos.append(columns[_UPOS])
    sentence.head.append(int(columns[_HEAD]))
    sentence.deprel.append(columns[_DEPREL])
    sentence.space_after.append(space)
    sentence.lines.append(number)


def _open_range(path: str | Path, number: int, sentence: _Sentence, columns: list[str]) -> None:
    start, end = (int(part) for part in columns[_ID].split("-"))
    word = len(sentence.form) + 1
    if start != word or end <= start or start <= sentence.range_end:
        raise CorpusError(
            path,
            number,
            f"multiword range {columns[_ID]}; allowed here: {word}-n with n above {word}, "
            "outside of other ranges",
        )
    sentence.range_end = end
    sentence.range_line = number
    sentence.range_space = _space_after(columns[_MISC])
    sentence.surface.append(columns[_FORM] + " " * sentence.range_space)


def _finished(path: str | Path, sentence: _Sentence) -> _Sentence:
    n = len(sentence.form)
    if not n:
        raise CorpusError(path, sentence.first, "a sentence without words; at least one is needed")
    if sentence.range_end > n:
        raise CorpusError(
            path,
            sentence.range_line,
            f"multiword range up to word {sentence.range_end}; allowed: up to {n}, the last word",
        )
    for line, head in zip(sentence.lines, sentence.head, strict=True):
        if head > n:
            raise CorpusError(path, line, f"head {head}; allowed: 0 (root) to {n}, the last word")
    if 0 not in sentence.head:
        raise CorpusError(path, sentence.first, "no word has head 0; at least one root is needed")
    cyclic = _first_in_cycle(sentence.head)
    if cyclic is not None:
        raise CorpusError(
            path,
            sentence.lines[cyclic - 1],
            f"word {cyclic} does not reach the root; the heads of a sentence must form a tree",
        )
    if not sentence.text:
        sentence.text = "".join(sentence.surface).strip()
    return sentence


def _first_in_cycle(heads: list[int]) -> int | None:
    """First word whose chain of heads does not end in the root 0."""
    reaches = {0}
    for word in range(1, len(heads) + 1):
        chain = []
        here = word
        while here not in reaches:
            if here in chain:
                return word
            chain.append(here)
            here = heads[here - 1]
        reaches.update(chain)
    return None


def _frame(path: str | Path, sentences: list[_Sentence]) -> pd.DataFrame:
    if not sentences:
        raise CorpusError(path, None, "holds no sentence; at least one is needed")
    names: dict[str, int] = {}
    for number, sentence in enumerate(sentences, start=1):
        name = sentence.name or str(number)
        if name in names:
            raise CorpusError(
                path,
                sentence.first,
                f"sentence {name!r} stands at line {names[name]} too; a sent_id may occur once",
            )
        names[name] = sentence.first
    return pd.DataFrame(
        {
            "id": np.arange(len(sentences), dtype=np.int64),
            "sentence": list(names),
            "text": [sentence.text for sentence in sentences],
            "form": [sentence.form for sentence in sentences],
            "upos": [sentence.upos for sentence in sentences],
            "head": [sentence.head for sentence in sentences],
            "deprel": [sentence.deprel for sentence in sentences],
            "space_after": [sentence.space_after for sentence in sentences],
        }
    )


def _space_after(misc: str) -> bool:
    return "SpaceAfter=No" not in misc.split("|")


def _is_number(cell: str) -> bool:
    return cell.isascii() and cell.isdecimal()


def _is_pair(cell: str, separator: str) -> bool:
    first, found, second = cell.partition(separator)
    return bool(found) and _is_number(first) and _is_number(second)
