"""Readers of PAWS-X."""

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

from isogloss.corpora.canonical import check_overlap, read_corpus
from isogloss.corpora.paraphrase import LABELS, read_pawsx, read_pawsx_parquet
from isogloss.errors import CorpusError
from isogloss.tables import arrange

HEADER = "id\tsentence1\tsentence2\tlabel\n"


def write(folder: Path, content: str) -> Path:
    path = folder / "pairs.tsv"
    path.write_bytes(content.encode())
    return path


def raises(call: Callable[[], object], where: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=f"^{re.escape(where)}: .*{re.escape(reason)}"):
        call()


def test_pawsx(tmp_path: Path) -> None:
    path = write(tmp_path, f'{HEADER}7\t"A\tB "\t1\n9\tC\u2028\tD\t0\n')
    expected = pd.DataFrame(
        {
            "id": [0, 1],
            "premise": ['"A', "C\u2028"],
            "hypothesis": ['B "', "D"],
            "label": ["paraphrase", "different"],
        }
    )
    pd.testing.assert_frame_equal(read_pawsx(path), expected)


def test_rows_without_a_translation_are_left_out_and_ids_stay(tmp_path: Path) -> None:
    rows = "1\tNS\tB\t1\n2\tA\tB\t1\n3\tA\tNS\t0\n4\tA\t\t0\n5\t\t\t0\n6\tNSA\tns\t0\n"
    frame = read_pawsx(write(tmp_path, HEADER + rows))
    assert frame["id"].tolist() == [1, 5]
    assert frame["premise"].tolist() == ["A", "NSA"]
    assert arrange("pairs", frame).num_rows == 2


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("1\tA\tB\t1\n", 1, "header is '1\\tA\\tB\\t1'; allowed, tab-separated: id sentence1"),
        (HEADER + "1\tA\tB\n", 2, "found 3 tab-separated columns; allowed: exactly 4"),
        (HEADER + "1\tA\tB\t1\n\n", 3, "found 1 tab-separated columns"),
        (HEADER + "1\tA\tB\t1\t\n", 2, "found 5"),
        (HEADER + "1\tA\tB\t1\n2\tA\tB\t2\n", 3, "label '2'; allowed: 0 (different), 1 (paraph"),
        (HEADER + "1\tNS\tB\t\n", 2, "label ''"),
        (HEADER + "1\tA\tB\t-1\n", 2, "label '-1'"),
        (HEADER + "1\tA\tB\t1\r\n", 2, "CR LF"),
        (HEADER, None, "holds no row with both sentences"),
        (HEADER + "1\tNS\tNS\t1\n", None, "holds no row with both sentences"),
    ],
)
def test_malformed_text(tmp_path: Path, content: str, line: int | None, reason: str) -> None:
    path = write(tmp_path, content)
    raises(lambda: read_pawsx(path), f"{path}:{line}" if line else str(path), reason)


def hub(path: Path, rows: list[tuple], names: tuple[str, ...] = ("0", "1")) -> Path:
    """Parquet with the schema and metadata that the `datasets` library writes."""
    text = {"dtype": "string", "_type": "Value"}
    features = {
        "id": {"dtype": "int32", "_type": "Value"},
        "sentence1": text,
        "sentence2": text,
        "label": {"names": list(names), "_type": "ClassLabel"},
    }
    schema = pa.schema(
        [
            ("id", pa.int32()),
            ("sentence1", pa.string()),
            ("sentence2", pa.string()),
            ("label", pa.int64()),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    pq.write_table(pa.table(columns, schema=schema), path)
    return path


def test_pawsx_on_the_hub(tmp_path: Path) -> None:
    rows = [
        (1, "A", "B", 1),
        (2, "NS", "B", 0),
        (3, "", "", -1),
        (4, "A", "C", -1),
        (5, "D", "E", 0),
    ]
    kind, frame = read_corpus("pawsx-parquet", hub(tmp_path / "x.parquet", rows), "de")
    assert kind == "pairs"
    assert frame["id"].tolist() == [0, 4]
    assert frame["label"].tolist() == ["paraphrase", "different"]


@pytest.mark.parametrize(
    ("rows", "names", "reason"),
    [
        ([(1, "A", "B", 1), (2, "A", "B", 2)], ("0", "1"), "row 2: label 2; allowed: 0 (differ"),
        ([(1, "A", None, 1)], ("0", "1"), "row 1 has a missing value"),
        ([(1, "A", "B", 1)], ("1", "0"), "labels are named 1, 0; allowed: 0, 1"),
        ([(1, "A", "B", -1)], ("0", "1"), "holds no row with both sentences and a label"),
        ([], ("0", "1"), "holds no row"),
    ],
)
def test_malformed_hub_files(tmp_path: Path, rows: list, names: tuple, reason: str) -> None:
    path = hub(tmp_path / "x.parquet", rows, names)
    raises(lambda: read_pawsx_parquet(path), str(path), reason)


def test_other_columns_on_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"sentence1": ["A"], "sentence2": ["B"], "label": [1]}), path)
    raises(lambda: read_pawsx_parquet(path), str(path), "allowed: id (integer), sentence1 (string)")


SENTENCE = st.text(
    st.characters(exclude_characters="\n\r\t\0\ufeff", exclude_categories=("Cs",)), min_size=1
).filter(lambda sentence: sentence.strip() not in ("", "NS"))


@given(st.lists(st.tuples(SENTENCE, SENTENCE, st.sampled_from((0, 1))), min_size=1))
def test_written_pairs_come_back(tmp_path_factory, rows: list) -> None:
    folder = tmp_path_factory.mktemp("pairs")
    path = write(folder, HEADER + "".join(f"1\t{a}\t{b}\t{label}\n" for a, b, label in rows))
    expected = [(place, a, b, LABELS[label]) for place, (a, b, label) in enumerate(rows)]
    assert [tuple(row) for row in read_pawsx(path).to_numpy()] == expected
    stored = hub(folder / "x.parquet", [(1, *row) for row in rows])
    assert [tuple(row) for row in read_pawsx_parquet(stored).to_numpy()] == expected


def test_overlap_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "1\tA\tB\t1\n2\tNS\tB\t1\n3\tC\tC\t1\n")
    _, train = read_corpus("pawsx", path, "de")
    raises(
        lambda: check_overlap(train, {"dev": train.tail(1)}, path, "error"),
        f"{path}:4",
        "training row 2 ('C') is also in dev",
    )


def real_files(shared: Path) -> dict[str, int]:
    with (shared / "data/MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["path"]: int(row["count"]) for row in rows if row["path"].startswith("pawsx/")}


@pytest.mark.shared
def test_real_files(shared: Path) -> None:
    """185 rows have no translation; what is left of the 2000 is what Yang et al. 2019 print."""
    expected = real_files(shared)
    assert len(expected) == 21
    kept: Counter[str] = Counter()
    for file, rows in expected.items():
        path = shared / "data" / file
        frame = read_pawsx(path)
        marked = sum("NS" in line.split("\t")[1:3] for line in path.read_text("utf-8").split("\n"))
        assert len(frame) == rows - marked, file
        assert frame["id"].iloc[-1] < rows
        assert set(frame["label"]) == set(LABELS)
        kept[file.split("/")[2]] += len(frame)
    assert kept == {
        "de": 1932,
        "en": 2000,
        "es": 1962,
        "fr": 1992,
        "ja": 1980,
        "ko": 1965,
        "zh": 1984,
    }


@pytest.mark.shared
def test_real_ids_are_the_same_example_in_all_languages(shared: Path) -> None:
    folder = shared / "data/pawsx/x-final"
    tables = {
        language: [
            line.split("\t")
            for line in (folder / language / "test_2k.tsv").read_text("utf-8").split("\n")[1:-1]
        ]
        for language in ("de", "en")
    }
    assert [row[0] for row in tables["de"]] == [row[0] for row in tables["en"]]
    frame = read_pawsx(folder / "de/test_2k.tsv")
    assert len(frame) < len(tables["de"])
    for row in frame.itertuples():
        assert tables["de"][row.id][1:3] == [row.premise, row.hypothesis]
