"""Attachment scores, against the scorer of the CoNLL 2018 shared task and against loops."""

import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from udtools.udeval import evaluate, load_conllu

from isogloss.corpora.conllu import read_conllu
from isogloss.errors import TableError
from isogloss.metrics.trees import tree_scores
from isogloss.tables import read_table, write_table

RELATIONS = ["nsubj", "obj", "nmod", "nmod:poss", "nmod:tmod", "acl", "acl:relcl", "punct", "case"]
WORD = st.tuples(
    st.sampled_from(["NOUN", "PUNCT", "SYM", "VERB"]),
    st.integers(0, 3),
    st.sampled_from(RELATIONS),
    st.integers(0, 3),
    st.sampled_from(RELATIONS),
)
COLUMNS = ["upos", "head", "deprel", "predicted_head", "predicted_deprel"]
TREEBANKS = ["English-EWT", "French-GSD", "Vietnamese-VTB", "Arabic-PUD", "Turkish-IMST"]


def frame_of(sentences: list[list[tuple]]) -> pd.DataFrame:
    rows = [[list(column) for column in zip(*words, strict=True)] for words in sentences]
    return pd.DataFrame(rows, columns=COLUMNS).assign(language="en", id=np.arange(len(rows)))


@given(st.lists(st.lists(WORD, min_size=1, max_size=6), min_size=1, max_size=6))
def test_equal_to_counting(sentences: list[list[tuple]]) -> None:
    words = list(itertools.chain(*sentences))

    def percent(chosen: list[bool]) -> float:
        return 100 * sum(chosen) / len(chosen) if chosen else 0.0

    def labelled(word: tuple) -> bool:
        _, head, relation, found, name = word
        return head == found and relation.split(":")[0] == name.split(":")[0]

    kept = [word for word in words if word[0] not in ("PUNCT", "SYM")]
    assert tree_scores(frame_of(sentences)) == {
        "las": percent([labelled(word) for word in words]),
        "uas": percent([word[1] == word[3] for word in words]),
        "las_without_punctuation": percent([labelled(word) for word in kept]),
        "uas_without_punctuation": percent([word[1] == word[3] for word in kept]),
        "las_subtypes": percent([word[1:3] == word[3:] for word in words]),
    }


def test_by_hand() -> None:
    frame = frame_of(
        [
            [("DET", 2, "det", 2, "det"), ("NOUN", 0, "root", 0, "root")],
            [
                ("NOUN", 2, "nmod:poss", 2, "nmod"),  # right but for the subtype
                ("NOUN", 0, "root", 1, "root"),  # wrong head
                ("PUNCT", 2, "punct", 2, "dep"),  # wrong relation
                ("SYM", 2, "punct", 3, "punct"),
            ],
        ]
    )
    found = tree_scores(frame)
    assert found == {
        "las": 50,
        "uas": pytest.approx(100 * 4 / 6),
        "las_without_punctuation": 75,
        "uas_without_punctuation": 75,
        "las_subtypes": pytest.approx(100 * 2 / 6),
    }


def test_a_table_read_scores_as_the_frame_written(tmp_path: Path) -> None:
    frame = frame_of([[("NOUN", 0, "root", 0, "root"), ("X", 1, "obj", 1, "nsubj")]])
    write_table(tmp_path / "t.parquet", "tree_predictions", frame)
    assert tree_scores(read_table(tmp_path / "t.parquet", "tree_predictions")) == tree_scores(frame)


def test_unequal_lengths_are_refused() -> None:
    frame = frame_of([[("NOUN", 0, "root", 0, "root")]]).assign(predicted_head=[[0, 1]])
    with pytest.raises(TableError, match="id 0: 2 in 'predicted_head' and 1 in 'upos'; allowed"):
        tree_scores(frame)


def moved(heads: list[int], generator: np.random.Generator) -> list[int]:
    """Another tree over the same words: other heads, and sometimes another root."""
    heads = list(heads)
    if generator.random() < 0.3:
        # turn the arcs between a word and the root around
        word, above = int(generator.integers(1, len(heads) + 1)), 0
        while word:
            heads[word - 1], above, word = above, word, heads[word - 1]
    for word in np.flatnonzero(generator.random(len(heads)) < 0.2) + 1:
        target = int(generator.integers(1, len(heads) + 1))
        chain = [target]
        while chain[-1]:
            chain.append(heads[chain[-1] - 1])
        if heads[word - 1] and word not in chain:
            heads[word - 1] = target
    return heads


def perturbed(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return frame.assign(
        language="xx",
        predicted_head=[moved(heads, generator) for heads in frame["head"]],
        predicted_deprel=[
            [
                str(generator.choice([*RELATIONS, name.partition(":")[0]]))
                if generator.random() < 0.3
                else name
                for name in names
            ]
            for names in frame["deprel"]
        ],
    )


def with_trees(lines: list[str], frame: pd.DataFrame) -> str:
    """A treebank's lines, ranges of multiword tokens and all, with the predicted trees."""
    heads = itertools.chain(*frame["predicted_head"])
    names = itertools.chain(*frame["predicted_deprel"])
    rows = [line.split("\t") for line in lines]
    for row in rows:
        if row[0].isdigit():
            row[6:8] = str(next(heads)), next(names)
    return "\n".join("\t".join(row) for row in rows)


def load(text: str) -> Any:
    return load_conllu(io.StringIO(text), "text", {"multiple_roots_okay": True})


@pytest.mark.shared
@pytest.mark.parametrize("treebank", TREEBANKS)
def test_equal_to_the_official_scorer(shared: Path, treebank: str) -> None:
    path = next((shared / f"data/ud/UD_{treebank}").glob("*-test.conllu"))
    frame = perturbed(read_conllu(path), seed=len(treebank))
    text = path.read_text("utf-8")
    official = evaluate(load(text), load(with_trees(text.split("\n"), frame)))
    found = tree_scores(frame)
    for name in ("las", "uas"):
        score = official[name.upper()]
        assert score.gold_total == score.system_total == score.aligned_total
        assert found[name] == 100 * score.correct / score.gold_total
        assert found[name] == pytest.approx(100 * score.f1, abs=1e-12)
        assert 20 < found[name] < 90
    assert found["las_subtypes"] < found["las"] < found["uas"]
