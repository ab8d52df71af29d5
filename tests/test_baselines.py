"""What needs no encoder, against plain counting."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import pairs
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from isogloss.baselines import labels, ner, nli, paraphrase, parsing, pos, qa
from isogloss.baselines.score import score_baselines
from isogloss.baselines.words import most_frequent
from isogloss.corpora.conllu import read_conllu
from isogloss.errors import ConfigError
from isogloss.metrics.names import MAIN_METRIC
from isogloss.tables import arrange, read_table, write_table

LETTERS = st.sampled_from("abc")


def predictions_of(module: Any, train: pd.DataFrame, tests: dict, seed: int = 0) -> dict:
    """Predicted columns by method, language and id; the frames fit their schema."""
    kinds = {"pos": "tag_", "ner": "tag_", "parsing": "tree_", "qa": "answer_"}
    kind = kinds.get(module.__name__.rpartition(".")[2], "") + "predictions"
    found = {}
    for method, frame in module.predict(train, tests, seed):
        arrange(kind, frame)
        columns = [name for name in frame.columns if name.startswith("predict")]
        for row in frame.to_dict("records"):
            cell = tuple(row[name] for name in columns)
            found[method, row["language"], row["id"]] = cell[0] if len(cell) == 1 else cell
    return found


# labels


def test_majority_breaks_ties_by_the_alphabet() -> None:
    train = pd.DataFrame({"label": ["neutral", "contradiction", "neutral", "contradiction"]})
    test = pd.DataFrame({"label": ["entailment"] * 3})
    assert labels.majority(train, test).tolist() == ["contradiction"] * 3
    more = pd.concat([train, train.head(1)])
    assert labels.majority(more, test).tolist() == ["neutral"] * 3


def test_bag_of_words_is_a_logistic_regression_on_marked_words() -> None:
    train, test = pairs(60, seed=1), pairs(40, seed=2)

    def marked(frame: pd.DataFrame) -> list[str]:
        return [
            " ".join([f"0{word}" for word in p.split()] + [f"1{word}" for word in h.split()])
            for p, h in zip(frame["premise"], frame["hypothesis"], strict=True)
        ]

    counts = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), binary=True)
    model = LogisticRegression(C=0.1, max_iter=300)
    model.fit(counts.fit_transform(marked(train)), train["label"])
    expected = model.predict(counts.transform(marked(test)))
    found = labels.bag_of_words(train, {"en": test}, ["premise", "hypothesis"])
    assert found["en"].tolist() == expected.tolist()


def test_scores_of_the_baselines_of_inference() -> None:
    train = pairs(90, seed=1)
    tests = {"en": pairs(40, seed=2), "de": pairs(30, seed=3).assign(hypothesis="Vögel")}
    frame = score_baselines("nli", train, tests, "xnli", "en", "test")
    arrange("baselines", frame)
    values = frame.set_index(["language", "method"])["value"]
    assert len(values) == 8
    most = train["label"].value_counts().sort_index().idxmax()
    for language, test in tests.items():
        assert values[language, "majority"] == pytest.approx(100 * (test["label"] == most).mean())
        assert values[language, "chance"] == pytest.approx(33.3333, abs=1e-3)
    # the hypothesis gives the label away in one language, and nothing in the other
    assert values["en", "hypothesis_only"] == 100
    assert values["de", "hypothesis_only"] < 60
    assert frame.groupby("language")["n"].first().to_dict() == {"en": 40, "de": 30}
    facts = frame[["task", "trained_on", "split", "metric"]].drop_duplicates()
    assert facts.to_numpy().tolist() == [["xnli", "en", "test", "accuracy"]]


def test_predictions_of_inference_stand_beside_their_rows() -> None:
    train, test = pairs(90, seed=1), pairs(20, seed=2).assign(id=np.arange(20) + 50)
    found = predictions_of(nli, train, {"en": test})
    expected = labels.bag_of_words(train, {"en": test}, ["hypothesis"])["en"]
    assert [found["hypothesis_only", "en", row] for row in test["id"]] == expected.tolist()


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("The cat sat", "a CAT sat", 2 / 4),
        ("cat cat dog", "dog cat", 1),
        ("東京は", "東京だ", 2 / 4),
        ("東京 は", "東京は", 1),  # one of them without blanks: characters
        ("one two", "three four", 0),
        ("", "", 0),
    ],
)
def test_overlap_by_hand(first: str, second: str, overlap: float) -> None:
    frame = pd.DataFrame({"premise": [first], "hypothesis": [second]})
    assert paraphrase.overlaps(frame).tolist() == [overlap]


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=20))
def test_no_threshold_makes_fewer_mistakes(rows: list[tuple[int, bool]]) -> None:
    values = np.array([value / 6 for value, _ in rows])
    positive = np.array([label for _, label in rows])
    mistakes = {
        least: int(((values >= least) != positive).sum()) for least in [*np.unique(values), np.inf]
    }
    fewest = min(mistakes.values())
    expected = min(least for least, count in mistakes.items() if count == fewest)
    assert paraphrase.threshold(values, positive) == expected


def test_scores_of_the_baselines_of_paraphrases() -> None:
    rows = [("a b c", "a b c", "paraphrase"), ("a b c", "a b d", "paraphrase")]
    rows += [("a b c", "a e d", "different"), ("a b c", "d e f", "different")]
    rows += [("a b c", "d b f", "different")]
    columns = ["premise", "hypothesis", "label"]
    train = pd.DataFrame(rows, columns=columns).assign(id=range(5))
    test = pd.DataFrame(
        [("你好吗", "你好啊", "paraphrase"), ("x y", "z", "different")], columns=columns
    )
    frame = score_baselines("paraphrase", train, {"zh": test.assign(id=[0, 1])}, "p", "en", "dev")
    arrange("baselines", frame)
    values = frame.set_index("method")["value"].to_dict()
    assert values.pop("bag_of_words") in (0, 50, 100)
    assert values == {"majority": 50, "word_overlap": 100, "chance": 50}


# words


@given(st.lists(st.tuples(LETTERS, LETTERS), min_size=1, max_size=30))
def test_most_frequent_is_that_of_counting(rows: list[tuple[str, str]]) -> None:
    def most(values: list[str]) -> str:
        counts = Counter(values)
        return min(value for value in counts if counts[value] == max(counts.values()))

    table, overall = most_frequent(*zip(*rows, strict=True))
    assert overall == most([value for _, value in rows])
    assert table == {
        form: most([value for other, value in rows if other == form]) for form, _ in rows
    }


def tagged(sentences: list[list[tuple[str, str]]], column: str = "tag") -> pd.DataFrame:
    frame = pd.DataFrame({"id": np.arange(len(sentences)) + 3})
    frame["form"] = [[form for form, _ in words] for words in sentences]
    frame[column] = [[tag for _, tag in words] for words in sentences]
    return frame


@pytest.mark.parametrize(("column", "other"), [("tag", "upos"), ("upos", "upos"), ("upos", "tag")])
def test_tags_by_hand(column: str, other: str) -> None:
    train = tagged([[("run", "VERB"), ("run", "NOUN"), ("it", "PRON")], [("it", "PRON")]], column)
    test = tagged([[("It", "PRON"), ("it", "PRON")], [("run", "VERB")]], other)
    found = predictions_of(pos, train, {"en": test})
    assert found == {
        ("majority", "en", 3): ["PRON", "PRON"],
        ("majority", "en", 4): ["PRON"],
        ("word_table", "en", 3): ["NOUN", "PRON"],  # forms as they are written
        ("word_table", "en", 4): ["NOUN"],
    }


def test_names_by_hand() -> None:
    train = tagged([[("New", "B-LOC"), ("York", "I-LOC")], [("New", "O"), ("New", "B-LOC")]])
    test = tagged([[("New", "O"), ("York", "O"), ("Paris", "B-LOC")]])
    found = predictions_of(ner, train, {"fr": test})
    assert found == {("word_table", "fr", 3): ["B-LOC", "I-LOC", "O"]}
    scores = score_baselines("ner", train, {"fr": test}, "n", "en", "test").set_index("metric")
    assert scores["value"].to_dict() == dict.fromkeys(
        ["f1", "precision", "recall", "sentence_accuracy"], 0
    )


# trees


def trees(sentences: list[list[tuple[str, int, str]]]) -> pd.DataFrame:
    frame = pd.DataFrame({"id": np.arange(len(sentences))})
    for place, name in enumerate(("form", "head", "deprel")):
        frame[name] = [[word[place] for word in words] for words in sentences]
    return frame.assign(upos=frame["form"].map(lambda words: ["X"] * len(words)))


TREES = trees(
    [
        [("the", 2, "det"), ("cat", 3, "nsubj"), ("sleeps", 0, "root")],
        [("the", 2, "det"), ("cat", 0, "root"), ("here", 2, "advmod")],
        [("the", 2, "det"), ("cat", 3, "nsubj"), ("eats", 0, "root")],
    ]
)


def test_trees_by_hand() -> None:
    test = trees(
        [[("cat", 0, "root"), ("the", 1, "det"), ("dog", 1, "obj")], [("eats", 0, "root")]]
    )
    found = predictions_of(parsing, TREES, {"en": test})
    assert found == {
        ("next_word", "en", 0): ([2, 3, 0], ["nsubj", "det", "root"]),
        ("next_word", "en", 1): ([0], ["root"]),
        ("previous_word", "en", 0): ([0, 1, 2], ["root", "det", "det"]),
        ("previous_word", "en", 1): ([0], ["root"]),
        # the first word becomes the root; "dog" is unknown, and its head would lie outside
        ("word_table", "en", 0): ([0, 3, 1], ["root", "det", "det"]),
        ("word_table", "en", 1): ([0], ["root"]),
    }


@pytest.mark.parametrize(
    ("entries", "heads"),
    [
        ([("det", 1), ("root", 0), ("obj", -1)], [2, 0, 2]),
        ([("det", -1), ("obj", 5), ("root", 0)], [3, 3, 0]),  # outside: to the root
        ([("det", -1), ("root", 0), ("root", 0)], [2, 0, 0]),  # no tree
        ([("obj", 1), ("det", -1)], [0, 1]),
        ([("a", 1), ("b", 1), ("c", -1)], [0, 3, 2]),  # no tree: a cycle
    ],
)
def test_placing_the_table(entries: list[tuple[str, int]], heads: list[int]) -> None:
    found, relations = parsing.parse_by_table(entries)
    assert found == heads
    expected = [relation for relation, _ in entries]
    assert relations[1:] == expected[1:]
    assert relations[0] == ("root" if heads[0] == 0 else expected[0])


# answers

CONTEXT = "Anna lives in Rome. Where does Ben live? He lives in Oslo.\nHe is old."


def questions(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["context", "question", "answer"])
    frame["answers"] = [[answer] for answer in frame.pop("answer")]
    return frame.assign(id=np.arange(len(rows)) + 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            CONTEXT,
            ["Anna lives in Rome.", "Where does Ben live?", "He lives in Oslo.", "He is old."],
        ),
        ("你好。你是谁？我", ["你好。", "你是谁？", "我"]),
        ("राम। सीता", ["राम।", "सीता"]),
        ("3.14 is pi", ["3.14 is pi"]),
        ("  ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert qa.sentences(text) == expected


def test_the_closest_sentence_shares_most_words() -> None:
    ask = qa.closest_sentence
    assert ask(CONTEXT, "where is anna in the lives?", "en") == "Anna lives in Rome."
    assert ask(CONTEXT, "who is old", "en") == "He is old."
    assert ask("Ja ja ja. Ja nein.", "ja nein", "fi") == "Ja nein."  # each word once
    assert ask(CONTEXT, "nothing", "en") == "Anna lives in Rome."  # the first of equals
    assert ask("我叫安娜。我住在罗马。", "安娜住在哪里？", "zh") == "我叫安娜。"
    assert ask(" ", "nothing", "en") == ""


@given(st.lists(LETTERS, min_size=1, max_size=9).map(" ".join), st.integers(0, 50))
def test_random_words_are_a_piece_of_the_context(context: str, place: int) -> None:
    found = qa.random_words(context, "en", 1, place)
    assert found in context
    assert len(found.split()) == min(3, len(context.split()))
    assert found == qa.random_words(context, "en", 1, place)
    assert len(qa.random_words(context.replace(" ", ""), "zh", 1, place)) == min(
        3, len(context.split())
    )


def test_random_words_are_drawn_evenly() -> None:
    drawn = Counter(qa.random_words("a b c\td e", "en", 7, place) for place in range(3000))
    assert set(drawn) == {"a b c", "b c\td", "c\td e"}
    assert min(drawn.values()) > 900


def test_the_seed_and_the_id_count() -> None:
    frame = questions([(CONTEXT, "who", "Anna")] * 30)
    first, again, other = (predictions_of(qa, frame, {"en": frame}, seed) for seed in (1, 1, 2))
    assert first == again != other
    random = [first["random_words", "en", place] for place in frame["id"]]
    assert random == [qa.random_words(CONTEXT, "en", 1, place) for place in frame["id"]]
    assert len(set(random)) > 3
    assert first["sentence_overlap", "en", 5] == "Anna lives in Rome."


# all kinds

PAIRS = pairs(12).assign(label=["paraphrase", "different"] * 6)
FRAMES = {
    "nli": ("pairs", pairs(12)),
    "paraphrase": ("pairs", PAIRS),
    "pos": ("tagged", tagged([[("run", "VERB"), ("it", "PRON")], [("it", "PRON")]])),
    "ner": ("tagged", tagged([[("New", "B-LOC"), ("York", "I-LOC")], [("is", "O")]])),
    "parsing": (
        "treebank",
        TREES.assign(sentence="s", text="t", space_after=[[True] * 3] * len(TREES)),
    ),
    "qa": (
        "questions",
        questions([(CONTEXT, "who", "Anna")]).assign(question_id="q", starts=[[0]]),
    ),
}


@pytest.mark.parametrize("kind", MAIN_METRIC)
def test_tables_read_from_files_do_for_each_kind(tmp_path: Path, kind: str) -> None:
    table, frame = FRAMES[kind]
    write_table(tmp_path / "t.parquet", table, frame)
    read = read_table(tmp_path / "t.parquet", table)
    found = score_baselines(kind, read, {"en": read, "de": read}, "t", "en", "dev")
    pd.testing.assert_frame_equal(
        found, score_baselines(kind, frame, {"en": frame, "de": frame}, "t", "en", "dev")
    )
    assert arrange("baselines", found).num_rows == len(found)
    assert MAIN_METRIC[kind] in set(found["metric"])
    assert set(found["n"]) == {len(frame)}
    assert ("chance" in set(found["method"])) == (kind in ("nli", "paraphrase"))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="'words' is unknown; allowed: nli, paraphrase, pos"):
        score_baselines("words", pairs(3), {"en": pairs(3)}, "t", "en", "dev")


# real text


@pytest.fixture(scope="module")
def english(shared: Path) -> pd.DataFrame:
    return read_conllu(shared / "data/ud/UD_English-EWT/en_ewt-ud-train.conllu")


@pytest.mark.shared
def test_word_table_on_real_treebanks(shared: Path, english: pd.DataFrame) -> None:
    expected = {"en": 71, "de": 32, "es": 30, "fr": 31, "it": 36, "sv": 38, "tr": 47}
    names = {"en": "English-EWT", "de": "German-GSD", "es": "Spanish-GSD", "fr": "French-GSD"}
    names |= {"it": "Italian-ISDT", "sv": "Swedish-Talbanken", "tr": "Turkish-IMST"}
    tests = {
        language: read_conllu(next((shared / f"data/ud/UD_{name}").glob("*-test.conllu"))).head(200)
        for language, name in names.items()
    }
    frame = score_baselines("pos", english, tests, "pos", "en", "test")
    chosen = frame[(frame["method"] == "word_table") & (frame["metric"] == "accuracy")]
    assert dict(zip(chosen["language"], chosen["value"].round(), strict=True)) == expected


@pytest.mark.shared
def test_trees_of_real_treebanks_are_scored_as_by_counting(
    shared: Path, english: pd.DataFrame
) -> None:
    test = read_conllu(shared / "data/ud/UD_English-EWT/en_ewt-ud-test.conllu")
    frame = score_baselines("parsing", english, {"en": test}, "parsing", "en", "test")
    values = frame.set_index(["method", "metric"])["value"]
    for method, step in (("next_word", 1), ("previous_word", -1)):
        right = total = 0
        for heads in test["head"]:
            for place, head in enumerate(heads, start=1):
                neighbour = place + step
                right += head == (neighbour if 0 < neighbour <= len(heads) else 0)
                total += 1
        assert values[method, "uas"] == 100 * right / total
    assert values["word_table", "las"] > values["next_word", "las"] > 10


def read_names(path: Path) -> pd.DataFrame:
    """A file of WikiANN: language:token, tab, tag."""
    groups = itertools.groupby(path.read_text("utf-8").split("\n"), key=bool)
    rows = [[line.split("\t") for line in lines] for filled, lines in groups if filled]
    return tagged([[(form.partition(":")[2], tag) for form, tag in row] for row in rows])


@pytest.mark.shared
def test_names_of_real_files_are_hard_to_look_up(shared: Path) -> None:
    train = read_names(shared / "data/wikiann/en/train")
    tests = {code: read_names(shared / f"data/wikiann/{code}/test") for code in ("en", "de", "ja")}
    frame = score_baselines("ner", train, tests, "ner", "en", "test")
    values = frame[frame["metric"] == "f1"].set_index("language")["value"]
    assert 7 < values["en"] < 14
    assert values["ja"] < values["de"] < 7
