"""Scores of spans, against seqeval and against spans of repaired tags."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score

from isogloss.errors import TableError
from isogloss.metrics.spans import span_scores
from isogloss.metrics.tags import tag_scores

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
TAG = st.sampled_from([*TAGS, "I-LOC-x", "B-_", "I-_"])
SENTENCES = st.lists(st.lists(st.tuples(TAG, TAG), max_size=7), min_size=1, max_size=6).filter(any)


def frame_of(gold: list[list[str]], found: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {"language": "en", "id": np.arange(len(gold)), "label": gold, "prediction": found}
    )


def scores_of_seqeval(gold: list[list[str]], found: list[list[str]]) -> dict[str, float]:
    measures = {"f1": f1_score, "precision": precision_score, "recall": recall_score}
    return {name: 100 * measure(gold, found, zero_division=0) for name, measure in measures.items()}


def repaired_spans(tags: list[str]) -> set[tuple[int, int, str]]:
    """Spans after I- without its own type before it has become B-, as Wu et al. read them."""
    spans: list[tuple[int, int, str]] = []
    for place, tag in enumerate(tags):
        before = tags[place - 1] if place else "O"
        if tag == "O":
            continue
        if tag.startswith("B-") or before[2:] != tag[2:]:
            spans.append((place, place, tag[2:]))
        else:
            spans[-1] = (spans[-1][0], place, tag[2:])
    return set(spans)


def perturbed(gold: list[list[str]], seed: int, share: float = 0.15) -> list[list[str]]:
    """Other tags at random places; every tag may follow every other."""
    generator = np.random.default_rng(seed)
    allowed = sorted({tag for tags in gold for tag in tags})
    return [
        [str(generator.choice(allowed)) if generator.random() < share else tag for tag in tags]
        for tags in gold
    ]


@given(SENTENCES)
@example([[("I-PER", "B-PER"), ("I-LOC", "I-LOC")], [("I-LOC", "I-LOC")]])
@example([[("O", "O")]])
def test_equal_to_seqeval(sentences: list[list[tuple[str, str]]]) -> None:
    gold = [[first for first, _ in words] for words in sentences]
    found = [[second for _, second in words] for words in sentences]
    scores = span_scores(frame_of(gold, found))
    accuracy = scores.pop("sentence_accuracy")
    assert scores == scores_of_seqeval(gold, found)
    assert accuracy == tag_scores(frame_of(gold, found))["sentence_accuracy"]


@given(SENTENCES)
def test_equal_to_spans_of_repaired_tags(sentences: list[list[tuple[str, str]]]) -> None:
    both = [[[pair[n] for pair in words] for words in sentences] for n in (0, 1)]
    spans = [
        {(row, *span) for row, tags in enumerate(side) for span in repaired_spans(tags)}
        for side in both
    ]
    right = len(spans[0] & spans[1])
    scores = span_scores(frame_of(*both))
    assert scores["precision"] == 100 * (right / max(len(spans[1]), 1))
    assert scores["recall"] == 100 * (right / max(len(spans[0]), 1))
    expected = 200 * right / max(len(spans[0]) + len(spans[1]), 1)
    assert scores["f1"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("gold", "found", "right"),
    [
        (["B-PER", "I-PER"], ["I-PER", "I-PER"], True),  # I- opens a span
        (["B-PER", "I-PER"], ["B-PER", "B-PER"], False),  # two spans
        (["B-PER", "I-PER"], ["B-PER", "I-LOC"], False),  # the type changes inside
        (["B-PER", "B-LOC"], ["B-PER", "I-LOC"], True),
        (["B-PER", "O"], ["B-PER", "I-PER"], False),  # too long
    ],
)
def test_by_hand(gold: list[str], found: list[str], right: bool) -> None:
    assert (span_scores(frame_of([gold], [found]))["f1"] == 100) is right


def test_a_span_ends_with_its_sentence() -> None:
    gold = [["O", "B-PER"], ["I-PER", "O"]]
    assert span_scores(frame_of(gold, gold))["recall"] == 100
    cut = span_scores(frame_of(gold, [["O", "B-PER"], ["O", "O"]]))
    assert (cut["precision"], cut["recall"]) == (100, 50)


@pytest.mark.parametrize(("gold", "found"), [("O", "O"), ("O", "B-PER"), ("B-PER", "O")])
def test_division_by_zero_gives_zero(gold: str, found: str) -> None:
    scores = span_scores(frame_of([[gold]], [[found]]))
    assert (scores["f1"], scores["precision"], scores["recall"]) == (0, 0, 0)


@pytest.mark.parametrize("tag", ["PER", "B-", "E-PER", "", "B", "O-PER"])
def test_other_tags_are_refused(tag: str) -> None:
    with pytest.raises(TableError, match=f"found tag '{tag}'; allowed: O, or B- or I-"):
        span_scores(frame_of([["O", "O"]], [["O", tag]]))


def read_tags(path: Path) -> list[list[str]]:
    """Tags of a file with one token per line: column 3 of .iob2, else the last column."""
    sentences: list[list[str]] = [[]]
    for line in path.read_text("utf-8").split("\n"):
        if not line.strip():
            sentences.append([])
        elif not line.startswith("# "):
            iob2 = path.suffix == ".iob2"
            sentences[-1].append(line.split("\t")[2] if iob2 else line.split()[-1])
    return [tags for tags in sentences if tags]


@pytest.mark.shared
@pytest.mark.parametrize("pattern", ["wikiann/*/test", "uner/*/*.iob2", "masakhaner/*/test.txt"])
def test_equal_to_seqeval_on_real_files(shared: Path, pattern: str) -> None:
    paths = sorted((shared / "data").glob(pattern))
    assert paths
    for seed, path in enumerate(paths):
        gold = read_tags(path)
        found = perturbed(gold, seed)
        scores = span_scores(frame_of(gold, found))
        scores.pop("sentence_accuracy")
        assert scores == scores_of_seqeval(gold, found), path
        assert 0 < scores["f1"] < 100, path


@pytest.mark.shared
def test_real_spans_that_open_with_i(shared: Path) -> None:
    gold = read_tags(shared / "data/wikiann/ja/train")
    repaired = [
        [
            "B" + tag[1:] if tag.startswith("I-") and before[2:] != tag[2:] else tag
            for before, tag in itertools.pairwise(["O", *tags])
        ]
        for tags in gold
    ]
    changed = [old != new for old, new in zip(gold, repaired, strict=True)]
    assert sum(changed) > 20
    assert span_scores(frame_of(gold, repaired))["f1"] == 100
