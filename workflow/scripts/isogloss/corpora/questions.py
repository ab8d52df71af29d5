"""Readers of TyDi QA's gold passage task (Clark et al. 2020); frames of kind `questions`.

Columns `id` (0-based question in upstream order, int64), `question_id` (upstream's),
`context`, `question`, `answers` (list of text) and `starts` (list of the places where they
stand in the context, characters from 0: Unicode code points, as upstream counts them).
Texts are kept as they stand.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from isogloss.corpora.parquet import ANSWERS, TEXT, read_hub, read_rows
from isogloss.corpora.text import read_whole
from isogloss.errors import CorpusError

# how question ids of the task begin, where one file holds all languages
TYDIQA_LANGUAGES = {
    "ar": "arabic",
    "bn": "bengali",
    "en": "english",
    "fi": "finnish",
    "id": "indonesian",
    "ko": "korean",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
}
_KINDS: dict[type, str] = {list: "a list", dict: "an object", str: "text", int: "a whole number"}


class _Question(NamedTuple):
    name: str
    context: str
    question: str
    answers: list[str]
    starts: list[int]


def read_goldp(path: str | Path) -> pd.DataFrame:
    """JSON in the layout of SQuAD 1.1, one language per file. Further keys are not read.

    Raises
    ------
    CorpusError
        naming file and line for text that is no JSON; naming file and question (before its id
        is known: where it stands in the JSON) for a missing key or a value of another type, an
        empty context, question or answer, no answer, an answer that does not stand at its
        place in the context, or an id that occurs twice; for no question. The line of the
        question's id is given where the file has more than one.
    """
    text = read_whole(path)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise CorpusError(
            path, error.lineno, f"not JSON ({error.msg}, column {error.colno})"
        ) from None
    except RecursionError:
        raise CorpusError(path, None, "not JSON of this layout: nested too deeply") from None
    return _frame(path, _walk(path, document), text)


def read_tydiqa_parquet(path: str | Path, language: str) -> pd.DataFrame:
    """One language of the hub's google-research-datasets/tydiqa, config secondary_task.

    Parameters
    ----------
    language : a key of `TYDIQA_LANGUAGES`; `id` counts the questions of this language

    Raises
    ------
    CorpusError
        for another file format or schema, a language that is not in the task or not in the
        file, and naming row or question for what `read_goldp` refuses
    """
    if language not in TYDIQA_LANGUAGES:
        raise CorpusError(
            path,
            None,
            f"language {language!r} is not in the task; allowed: {', '.join(TYDIQA_LANGUAGES)}",
        )
    kinds = {"id": TEXT, "context": TEXT, "question": TEXT, "answers": ANSWERS}
    table = read_hub(path, kinds, optional=("title",))
    names: set[str] = set()
    chosen = []
    for _, (name, context, question, answers) in read_rows(path, table):
        names.add(name.partition("-")[0])
        if name.partition("-")[0] == TYDIQA_LANGUAGES[language]:
            if len(answers["text"]) != len(answers["answer_start"]):
                raise CorpusError(
                    path, None, f"question {name!r}: not one answer_start for each answer"
                )
            chosen.append(
                _Question(name, context, question, answers["text"], answers["answer_start"])
            )
    if names and not chosen:
        raise CorpusError(
            path,
            None,
            f"holds no question in {TYDIQA_LANGUAGES[language]}; it has: "
            f"{', '.join(sorted(names))}",
        )
    return _frame(path, chosen, "")


def find_line(text: str, name: str, occurrence: int = 1) -> int | None:
    """1-based line of a question's id in JSON text; None where all stands in one line.

    Parameters
    ----------
    occurrence : which one, from 1
    """
    if "\n" not in text.strip():
        return None
    for quoted in (json.dumps(name, ensure_ascii=False), json.dumps(name)):
        place = -1
        for _ in range(occurrence):
            place = text.find(quoted, place + 1)
            if place < 0:
                break
        if place >= 0:
            return text.count("\n", 0, place) + 1
    return None


def _walk(path: str | Path, document: Any) -> Iterator[_Question]:
    for a, article in enumerate(_get(path, "the file", document, "data", list)):
        where = f"data[{a}]"
        for p, paragraph in enumerate(_get(path, where, article, "paragraphs", list)):
            where = f"data[{a}].paragraphs[{p}]"
            context = _get(path, where, paragraph, "context", str)
            for q, entry in enumerate(_get(path, where, paragraph, "qas", list)):
                yield _question(path, f"{where}.qas[{q}]", context, entry)


def _question(path: str | Path, where: str, context: str, entry: Any) -> _Question:
    name = _get(path, where, entry, "id", str)
    where = f"question {name!r}"
    answers = _get(path, where, entry, "answers", list)
    return _Question(
        name,
        context,
        _get(path, where, entry, "question", str),
        [_get(path, where, answer, "text", str) for answer in answers],
        [_get(path, where, answer, "answer_start", int) for answer in answers],
    )


def _get(path: str | Path, where: str, holder: Any, key: str, kind: type) -> Any:
    if not isinstance(holder, dict) or key not in holder:
        raise CorpusError(path, None, f"{where}: key {key!r} is missing; {_KINDS[kind]} is needed")
    if type(holder[key]) is not kind:  # a bool is no whole number here
        raise CorpusError(
            path, None, f"{where}: {key!r} is {holder[key]!r:.40}; allowed: {_KINDS[kind]}"
        )
    return holder[key]


def _frame(path: str | Path, questions: Iterable[_Question], text: str) -> pd.DataFrame:
    rows = []
    names: set[str] = set()
    for row in questions:
        reason = _mistake(row)
        if reason is not None:
            raise CorpusError(path, find_line(text, row.name), f"question {row.name!r}: {reason}")
        if row.name in names:
            raise CorpusError(
                path,
                find_line(text, row.name, occurrence=2),
                f"question {row.name!r} occurs twice; an id may occur once",
            )
        names.add(row.name)
        rows.append(row)
    if not rows:
        raise CorpusError(path, None, "holds no question; at least one is needed")
    return pd.DataFrame(
        {
            "id": np.arange(len(rows), dtype=np.int64),
            "question_id": [row.name for row in rows],
            "context": [row.context for row in rows],
            "question": [row.question for row in rows],
            "answers": [row.answers for row in rows],
            "starts": [row.starts for row in rows],
        }
    )


def _mistake(row: _Question) -> str | None:
    for name, text in (("id", row.name), ("context", row.context), ("question", row.question)):
        if not text.strip():
            return f"the {name} is empty; text is needed"
    if not row.answers:
        return "has no answer; at least one is needed"
    for answer, start in zip(row.answers, row.starts, strict=True):
        if not answer.strip():
            return "an answer is empty; text is needed"
        found = row.context[start : start + len(answer)] if start >= 0 else ""
        if found != answer:
            return (
                f"answer {answer[:40]!r} does not stand at {start} of the context, which has "
                f"{found[:40]!r} there; answer_start counts characters from 0"
            )
    return None
