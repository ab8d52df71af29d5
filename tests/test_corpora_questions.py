"""Readers of TyDi QA's gold passages."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora.canonical import check_overlap, read_corpus
from isogloss.corpora.questions import TYDIQA_LANGUAGES, read_goldp, read_tydiqa_parquet
from isogloss.errors import CorpusError
from isogloss.tables import arrange

CONTEXT = "Ulm liegt an der Donau."


def answer(text: str = "Ulm", start: object = 0) -> dict:
    return {"text": text, "answer_start": start}


def entry(name: object = "german-1", question: str = "Wo?", answers: object = None) -> dict:
    return {"id": name, "question": question, "answers": [answer()] if answers is None else answers}


def document(*entries: dict, context: object = CONTEXT) -> dict:
    paragraph = {"context": context, "qas": list(entries)}
    return {"version": "1.1", "data": [{"title": "Ulm", "paragraphs": [paragraph]}]}


def write(folder: Path, content: object, indent: int | None = None) -> Path:
    path = folder / "goldp.json"
    text = content if isinstance(content, str) else json.dumps(content, indent=indent)
    path.write_bytes(text.encode())
    return path


def raises(call: Callable[[], object], where: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=f"^{re.escape(where)}: .*{re.escape(reason)}"):
        call()


def test_goldp(tmp_path: Path) -> None:
    two = [answer("Donau", 17), answer("der Donau", 13)]
    path = write(tmp_path, document(entry(), entry("german-2", " Was? ", two)))
    expected = pd.DataFrame(
        {
            "id": [0, 1],
            "question_id": ["german-1", "german-2"],
            "context": [CONTEXT, CONTEXT],
            "question": ["Wo?", " Was? "],
            "answers": [["Ulm"], ["Donau", "der Donau"]],
            "starts": [[0], [17, 13]],
        }
    )
    frame = read_goldp(path)
    pd.testing.assert_frame_equal(frame, expected)
    assert arrange("questions", frame).num_rows == 2


def test_starts_count_code_points(tmp_path: Path) -> None:
    context = "\U0001f600\u2028e\u0301 క్ష Ulm"
    start = len("\U0001f600\u2028e\u0301 క్ష ")
    path = write(tmp_path, document(entry(answers=[answer("Ulm", start)]), context=context))
    assert read_goldp(path)["starts"].tolist() == [[start]]
    in_utf_16 = write(
        tmp_path, document(entry(answers=[answer("Ulm", start + 1)]), context=context)
    )
    raises(lambda: read_goldp(in_utf_16), str(path), "answer 'Ulm' does not stand at")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            document(entry(answers=[answer(start=1)])),
            "'german-1': answer 'Ulm' does not stand at 1",
        ),
        (document(entry(answers=[answer("Don", -6)])), "answer 'Don' does not stand at -6"),
        (document(entry(answers=[answer(start=99)])), "which has '' there"),
        (document(entry(answers=[answer("ulm", 0)])), "which has 'Ulm' there"),
        (document(entry(answers=[answer("", 0)])), "'german-1': an answer is empty"),
        (document(entry(answers=[])), "'german-1': has no answer; at least one is needed"),
        (document(entry(question=" ")), "'german-1': the question is empty"),
        (document(entry(name=" ")), "question ' ': the id is empty"),
        (document(entry(), context=""), "the context is empty"),
        (document(entry(), entry()), "question 'german-1' occurs twice; an id may occur once"),
        (document(), "holds no question"),
        ({"data": []}, "holds no question"),
        ([], "the file: key 'data' is missing; a list is needed"),
        ({"data": {}}, "the file: 'data' is {}; allowed: a list"),
        ({"data": [{}]}, "data[0]: key 'paragraphs' is missing"),
        ({"data": [1]}, "data[0]: key 'paragraphs' is missing"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, "data[0].paragraphs[0]: key 'context' is"),
        (document(entry(), context=None), "paragraphs[0]: 'context' is None; allowed: text"),
        (document({"question": "Wo?"}), "data[0].paragraphs[0].qas[0]: key 'id' is missing"),
        (document(entry(name=7)), "qas[0]: 'id' is 7; allowed: text"),
        (document({"id": "german-1", "answers": []}), "'german-1': key 'question' is missing"),
        (document(entry(answers=[{"text": "Ulm"}])), "key 'answer_start' is missing; a whole"),
        (document(entry(answers=[answer(start="0")])), "'answer_start' is '0'; allowed: a whole"),
        (document(entry(answers=[answer(start=False)])), "'answer_start' is False"),
        (document(entry(answers=[answer(start=0.0)])), "'answer_start' is 0.0"),
        (document(entry(answers="Ulm")), "'answers' is 'Ulm'; allowed: a list"),
    ],
)
def test_malformed_json(tmp_path: Path, content: object, reason: str) -> None:
    path = write(tmp_path, content)
    raises(lambda: read_goldp(path), str(path), reason)


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ('{"data":\n[}\n', 2, "not JSON (Expecting value, column 2)"),
        ('{"data": []}\n{"data": []}', 2, "not JSON (Extra data"),
        ("\ufeff{}", 1, "byte order mark"),
        ("{\n\0}", 2, "NUL"),
        ("", None, "the file is empty"),
        ("[" * 100_000, None, "not JSON of this layout: nested too deeply"),
    ],
)
def test_no_json(tmp_path: Path, content: str, line: int | None, reason: str) -> None:
    path = write(tmp_path, content)
    raises(lambda: read_goldp(path), f"{path}:{line}" if line else str(path), reason)


def line_with(path: Path, text: str, occurrence: int = 0) -> int:
    lines = path.read_text("utf-8").split("\n")
    return [number for number, line in enumerate(lines, 1) if text in line][occurrence]


def test_the_line_of_a_question_is_named_where_there_are_lines(tmp_path: Path) -> None:
    wrong = document(entry(), entry("größe", answers=[answer(start=5)]))
    path = write(tmp_path, wrong, indent=1)
    line = line_with(path, '"gr\\u00f6\\u00dfe"')
    raises(lambda: read_goldp(path), f"{path}:{line}", "question 'größe': answer")
    path.write_text(json.dumps(wrong, indent=1, ensure_ascii=False), encoding="utf-8")
    line = line_with(path, '"größe"')
    raises(lambda: read_goldp(path), f"{path}:{line}", "question 'größe': answer")
    write(tmp_path, document(entry(), entry()), indent=1)
    line = line_with(path, '"german-1"', 1)
    raises(lambda: read_goldp(path), f"{path}:{line}", "occurs twice")


def hub(path: Path, rows: list[dict]) -> Path:
    """Parquet with the schema of the hub: a struct of two lists for the answers."""
    answers = pa.struct([("text", pa.list_(pa.string())), ("answer_start", pa.list_(pa.int32()))])
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("title", pa.string()),
            ("context", pa.string()),
            ("question", pa.string()),
            ("answers", answers),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": {}}})},
    )
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path


def row(name: str, texts: list | None = None, starts: list | None = None) -> dict:
    return {
        "id": name,
        "title": "Ulm",
        "context": CONTEXT,
        "question": f"Wo {name}?",
        "answers": {"text": texts or ["Ulm"], "answer_start": starts or [0]},
    }


def test_the_hub_file_holds_all_languages(tmp_path: Path) -> None:
    rows = [row("finnish-1"), row("swahili-1"), row("finnish--2-0", ["Donau"], [17])]
    path = hub(tmp_path / "x.parquet", rows)
    kind, frame = read_corpus("tydiqa-parquet", path, "fi")
    assert kind == "questions"
    assert frame["id"].tolist() == [0, 1]
    assert frame["question_id"].tolist() == ["finnish-1", "finnish--2-0"]
    assert frame["answers"].tolist() == [["Ulm"], ["Donau"]]
    assert frame["starts"].tolist() == [[0], [17]]
    assert arrange(kind, frame).num_rows == 2


@pytest.mark.parametrize(
    ("rows", "language", "reason"),
    [
        ([row("finnish-1")], "de", "language 'de' is not in the task; allowed: ar, bn, en, fi"),
        ([row("finnish-1")], "sw", "holds no question in swahili; it has: finnish"),
        ([row("finnish-1", ["Ulm"], [1])], "fi", "'finnish-1': answer 'Ulm' does not stand at 1"),
        ([row("finnish-1", ["Ulm", "liegt"], [0])], "fi", "not one answer_start for each answer"),
        ([row("finnish-1", [None], [0])], "fi", "row 1 has a missing value"),
        ([row("finnish-1"), row("finnish-1")], "fi", "'finnish-1' occurs twice"),
        ([], "fi", "holds no question"),
    ],
)
def test_malformed_hub_files(tmp_path: Path, rows: list, language: str, reason: str) -> None:
    path = hub(tmp_path / "x.parquet", rows)
    raises(lambda: read_tydiqa_parquet(path, language), str(path), reason)


def test_other_columns_on_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = {"id": ["a"], "context": ["b"], "question": ["c"], "answers": [["d"]]}
    pq.write_table(pa.table(table), path)
    raises(lambda: read_tydiqa_parquet(path, "fi"), str(path), "answers (struct of text (list of")


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1)


@given(st.lists(st.tuples(TEXT, TEXT.filter(str.strip), TEXT, TEXT.filter(str.strip)), min_size=1))
def test_written_questions_come_back(tmp_path_factory, rows: list) -> None:
    folder = tmp_path_factory.mktemp("questions")
    paragraphs = [
        {
            "context": before + text + after,
            "qas": [entry(f"finnish-{i}", question, [answer(text, len(before))])],
        }
        for i, (before, text, after, question) in enumerate(rows)
    ]
    frame = read_goldp(write(folder, {"data": [{"paragraphs": paragraphs}]}))
    assert frame["question"].tolist() == [question for *_, question in rows]
    assert frame["answers"].tolist() == [[text] for _, text, *_ in rows]
    assert frame["starts"].tolist() == [[len(before)] for before, *_ in rows]
    stored = frame.assign(
        answers=[
            {"text": a, "answer_start": s}
            for a, s in zip(frame["answers"], frame["starts"], strict=True)
        ],
        title="",
    ).drop(columns=["id", "starts"])
    path = hub(
        folder / "x.parquet", stored.rename(columns={"question_id": "id"}).to_dict("records")
    )
    pd.testing.assert_frame_equal(read_tydiqa_parquet(path, "fi"), frame)


def test_overlap_is_context_and_question(tmp_path: Path) -> None:
    path = write(tmp_path, document(entry(), entry("german-2", "Was?")), indent=1)
    _, train = read_corpus("goldp", path, "de")
    other = train.head(1).assign(question="Wer?")
    assert check_overlap(train, {"dev": other}, path, "error") is train
    line = line_with(path, '"german-2"')
    raises(
        lambda: check_overlap(train, {"dev": train.tail(1)}, path, "error"),
        f"{path}:{line}",
        "training row 1 ('Was?') is also in dev",
    )
    one_line = write(tmp_path, document(entry(), entry("german-2", "Was?")))
    raises(
        lambda: check_overlap(train, {"dev": train.tail(1)}, one_line, "error"),
        str(one_line),
        "training row 1",
    )


@pytest.mark.shared
def test_real_files(shared: Path) -> None:
    with (shared / "data/MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    expected = {r["path"]: int(r["count"]) for r in rows if r["path"].startswith("tydiqa/")}
    assert len(expected) == 18
    answers = 0
    for file, questions in expected.items():
        path = shared / "data" / file
        frame = read_goldp(path)
        assert len(frame) == questions, file
        assert arrange("questions", frame).num_rows == questions
        language = TYDIQA_LANGUAGES[file.split(".")[-3]]
        assert frame["question_id"].str.startswith(f"{language}-").all(), file
        found = frame["answers"].map(len).sum()
        assert found == path.read_text("utf-8").count('"answer_start":'), file
        answers += found
    assert answers == sum(frame_answers(shared / "data" / file) for file in expected)


def frame_answers(path: Path) -> int:
    """Answers counted by walking the JSON without the reader."""
    articles = json.loads(path.read_text("utf-8"))["data"]
    return sum(
        len(question["answers"])
        for article in articles
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    )
