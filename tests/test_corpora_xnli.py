"""Readers of the four layouts of XNLI."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.corpora.xnli import (
    LABELS,
    read_xnli_1_0,
    read_xnli_mt,
    read_xnli_parquet,
    read_xtreme_pairs,
)
from isogloss.errors import CorpusError
from isogloss.tables import arrange

LANGUAGES = (
    *("ar", "bg", "de", "el", "en", "es", "fr"),
    *("hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"),
)
HEADER_1_0 = (
    "language gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse "
    "sentence2_parse sentence1 sentence2 promptID pairID genre label1 label2 label3 label4 label5 "
    "sentence1_tokenized sentence2_tokenized match"
).replace(" ", "\t")
ROW_MT = "A\tB\tneutral\n"


def row_1_0(language: str, label: str, premise: str, hypothesis: str) -> str:
    cells = [language, label, "", "", "", "", premise, hypothesis, "1", "1", "face-to-face"]
    return "\t".join([*cells, label, label, label, label, label, premise, hypothesis, "True"])


def write(folder: Path, content: str) -> Path:
    path = folder / "pairs.tsv"
    path.write_bytes(content.encode())
    return path


def raises(call: Callable[[], object], where: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=f"^{re.escape(where)}: .*{re.escape(reason)}"):
        call()


def test_xtreme_pairs(tmp_path: Path) -> None:
    path = write(tmp_path, ' A "b\tB\u2028c\tneutral\nC\tD"\tcontradiction\n')
    expected = pd.DataFrame(
        {
            "id": [0, 1],
            "premise": [' A "b', "C"],
            "hypothesis": ["B\u2028c", 'D"'],
            "label": ["neutral", "contradiction"],
        }
    )
    pd.testing.assert_frame_equal(read_xtreme_pairs(path), expected)


def test_xnli_mt_label_is_renamed(tmp_path: Path) -> None:
    path = write(tmp_path, "premise\thypo\tlabel\nA\tB\tcontradictory\nC\tD\tentailment\n")
    frame = read_xnli_mt(path)
    assert frame["label"].tolist() == ["contradiction", "entailment"]
    assert frame["id"].tolist() == [0, 1]


def test_xnli_1_0_takes_one_language(tmp_path: Path) -> None:
    lines = [
        HEADER_1_0,
        row_1_0("ar", "neutral", "x", "y"),
        row_1_0("de", "entailment", "Er kam.", 'Jemand "kam.'),
        row_1_0("de", "contradiction", "Er kam.", "Niemand kam."),
    ]
    frame = read_xnli_1_0(write(tmp_path, "\n".join(lines) + "\n"), "de")
    assert frame.to_dict("list") == {
        "id": [0, 1],
        "premise": ["Er kam.", "Er kam."],
        "hypothesis": ['Jemand "kam.', "Niemand kam."],
        "label": ["entailment", "contradiction"],
    }


def test_xnli_1_0_names_the_languages_it_has(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER_1_0}\n{row_1_0('ar', 'neutral', 'x', 'y')}\n")
    raises(lambda: read_xnli_1_0(path, "de"), str(path), "no row of language 'de'; it has: ar")


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("A\tB\tneutral\nA\tB\n", 2, "found 2 tab-separated columns; allowed: exactly 3"),
        ("A\tB\tneutral\n\nA\tB\tneutral\n", 2, "found 1 tab-separated columns"),
        ("A\tB\tneutral\textra\n", 1, "found 4"),
        ("A\tB\tcontradictory\n", 1, "label 'contradictory' is unknown; allowed: entailment, neu"),
        ("A\tB\tneutral \n", 1, "label 'neutral ' is unknown"),
        ("A\tB\tneutral\n \tB\tneutral\n", 2, "the premise is empty"),
        ("A\t\u00a0\tneutral\n", 1, "the hypothesis is empty"),
        ("A\tB\tneutral\r\n", 1, "CR LF"),
    ],
)
def test_bad_xtreme_pairs(tmp_path: Path, content: str, line: int, reason: str) -> None:
    path = write(tmp_path, content)
    raises(lambda: read_xtreme_pairs(path), f"{path}:{line}", reason)


def test_an_empty_machine_translation_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("premise\thypo\tlabel\nA\t\tneutral\n", encoding="utf-8")
    assert read_xnli_mt(path)["hypothesis"].tolist() == [""]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (ROW_MT, 1, "allowed, tab-separated: premise hypo label"),
        ("premise\thypothesis\tlabel\n" + ROW_MT, 1, "header is"),
        ("premise\thypo\tlabel\n" + ROW_MT + "A\tB\tcontradiction\n", 3, "allowed: entailment"),
        ("premise\thypo\tlabel\n", None, "holds no rows"),
    ],
)
def test_bad_xnli_mt(tmp_path: Path, content: str, line: int | None, reason: str) -> None:
    path = write(tmp_path, content)
    raises(lambda: read_xnli_mt(path), f"{path}:{line}" if line else str(path), reason)


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        ([row_1_0("de", "-", "a", "b")], 2, "label '-' is unknown"),
        ([row_1_0("de", "neutral", "a", "b"), "de\tneutral"], 3, "found 2"),
        ([row_1_0("de", "neutral", "", "b")], 2, "the premise is empty"),
    ],
)
def test_bad_xnli_1_0(tmp_path: Path, rows: list[str], line: int, reason: str) -> None:
    path = write(tmp_path, "\n".join([HEADER_1_0, *rows]) + "\n")
    raises(lambda: read_xnli_1_0(path, "de"), f"{path}:{line}", reason)


def test_xnli_1_0_needs_its_header(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER_1_0.replace("promptID", "prompt") + "\n")
    raises(lambda: read_xnli_1_0(path, "de"), f"{path}:1", "header is")


def hub_parquet(path: Path, labels: list, names: tuple[str, ...] = LABELS) -> Path:
    """Parquet with the schema and metadata that the `datasets` library writes."""
    text = {"dtype": "string", "_type": "Value"}
    features = {
        "premise": text,
        "hypothesis": text,
        "label": {"names": list(names), "_type": "ClassLabel"},
    }
    schema = pa.schema(
        [("premise", pa.string()), ("hypothesis", pa.string()), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    columns = [[f"p {i}" for i in range(len(labels))], [f"h {i}" for i in range(len(labels))]]
    pq.write_table(pa.table([*columns, labels], schema=schema), path)
    return path


def test_hub_parquet(tmp_path: Path) -> None:
    frame = read_xnli_parquet(hub_parquet(tmp_path / "x.parquet", [0, 1, 2]))
    assert frame["label"].tolist() == ["entailment", "neutral", "contradiction"]
    assert frame["premise"].tolist() == ["p 0", "p 1", "p 2"]
    assert frame["id"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("labels", "names", "reason"),
    [
        ([0, 3], LABELS, "row 2: label 3; allowed: 0 (entailment), 1 (neutral), 2"),
        ([-1], LABELS, "row 1: label -1"),
        ([1, None], LABELS, "row 2 has a missing value"),
        ([0], ("neutral", "entailment", "contradiction"), "labels are named neutral, ent"),
        ([], LABELS, "holds no rows"),
    ],
)
def test_bad_hub_parquet(tmp_path: Path, labels: list, names: tuple, reason: str) -> None:
    path = hub_parquet(tmp_path / "x.parquet", labels, names)
    raises(lambda: read_xnli_parquet(path), str(path), reason)


def test_parquet_of_other_columns_or_of_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"premise": ["a"], "hypothesis": ["b"], "label": ["neutral"]}), path)
    raises(lambda: read_xnli_parquet(path), str(path), "label (string); allowed")
    pq.write_table(pa.table({"premise": ["a"], "hypothesis": [" "], "label": [1]}), path)
    assert read_xnli_parquet(path)["hypothesis"].tolist() == [" "]
    path.write_bytes(b"no Parquet")
    raises(lambda: read_xnli_parquet(path), str(path), "not a readable Parquet file")


SENTENCE = st.text(
    st.characters(exclude_characters="\n\r\t\0\ufeff", exclude_categories=("Cs",)), min_size=1
).filter(lambda sentence: sentence.strip())


@given(st.lists(st.tuples(SENTENCE, SENTENCE, st.sampled_from(LABELS)), min_size=1))
def test_written_pairs_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    folder = tmp_path_factory.mktemp("pairs")
    plain = write(folder, "".join("\t".join(row) + "\n" for row in rows))
    assert [tuple(row) for row in read_xtreme_pairs(plain).to_numpy()[:, 1:]] == rows
    spelled = [(*row[:2], row[2].replace("contradiction", "contradictory")) for row in rows]
    translated = write(
        folder, "premise\thypo\tlabel\n" + "".join("\t".join(row) + "\n" for row in spelled)
    )
    assert [tuple(row) for row in read_xnli_mt(translated).to_numpy()[:, 1:]] == rows


@pytest.mark.shared
@pytest.mark.parametrize("name", ["multinli.train.{}.tsv", "dev-{}.tsv", "test-{}.tsv"])
def test_real_files(shared: Path, name: str) -> None:
    counts = manifest(shared)
    read = read_xnli_mt if name.startswith("multinli") else read_xtreme_pairs
    for language in LANGUAGES:
        file = f"xnli/{name.format(language)}"
        frame = read(shared / "data" / file)
        assert len(frame) == counts[file], file
        assert arrange("pairs", frame).num_rows == counts[file]
        if name.startswith("test"):
            assert Counter(frame["label"]) == dict.fromkeys(LABELS, 834), file


@pytest.mark.shared
def test_real_rows_are_parallel(shared: Path) -> None:
    frames = [read_xtreme_pairs(shared / f"data/xnli/test-{code}.tsv") for code in LANGUAGES]
    assert all(frame["label"].tolist() == frames[0]["label"].tolist() for frame in frames)


@pytest.mark.shared
def test_real_leading_blanks_and_quotes_stay(shared: Path) -> None:
    path = shared / "data/xnli/multinli.train.en.tsv"
    frame = read_xnli_mt(path)
    padded = [frame[column] != frame[column].str.strip() for column in ("premise", "hypothesis")]
    assert (padded[0] | padded[1]).sum() == 11
    raw = path.read_bytes().decode().split("\n")[1:-1]
    joined = frame["premise"] + "\t" + frame["hypothesis"]
    assert joined.tolist() == [line.rsplit("\t", 1)[0] for line in raw]
    assert joined.str.contains('"').sum() == 39


def manifest(shared: Path) -> dict[str, int]:
    with (shared / "data/MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return {row["path"]: int(row["count"]) for row in csv.DictReader(file, delimiter="\t")}
