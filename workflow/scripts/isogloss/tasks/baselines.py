"""Trivial baselines for inference: what a score must beat before it means anything."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

CHANCE = 100 / 3
# Rows that a bag of words is fitted to: with more it gains little and takes hours.
ROWS = 20_000


def majority(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Most frequent label of the training set (the first in the alphabet of equals)."""
    counts = train["label"].value_counts()
    label = min(counts[counts == counts.max()].index)
    return np.full(len(test), label, dtype=object)


def bag_of_words(
    train: pd.DataFrame, tests: Mapping[str, pd.DataFrame], columns: Sequence[str]
) -> dict[str, np.ndarray]:
    """Logistic regression on counts of character n-grams inside words, per column.

    Characters rather than words, because some of the languages write no blanks.
    """
    model = make_pipeline(
        CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=20000, binary=True),
        LogisticRegression(C=0.1, max_iter=300),
    )
    fitted = train.head(ROWS)
    model.fit(_joined(fitted, columns), fitted["label"])
    return {name: model.predict(_joined(test, columns)) for name, test in tests.items()}


def _joined(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Sentences side by side; a mark keeps their n-grams apart from each other."""
    rows = zip(*(frame[column] for column in columns), strict=True)
    return [
        " ".join(f"{place}{word}" for place, text in enumerate(row) for word in text.split())
        for row in rows
    ]


def score_baselines(
    train: pd.DataFrame, tests: Mapping[str, pd.DataFrame], task: str, trained_on: str, split: str
) -> pd.DataFrame:
    """Accuracy of each baseline on each language.

    Returns
    -------
    table kind `baselines`; methods majority, bag_of_words, hypothesis_only, chance
    """
    methods = {
        "majority": {name: majority(train, test) for name, test in tests.items()},
        "bag_of_words": bag_of_words(train, tests, ["premise", "hypothesis"]),
        "hypothesis_only": bag_of_words(train, tests, ["hypothesis"]),
    }
    rows = [
        (language, method, 100 * float((predicted == tests[language]["label"]).mean()))
        for method, answers in methods.items()
        for language, predicted in answers.items()
    ]
    rows += [(language, "chance", CHANCE) for language in tests]
    frame = pd.DataFrame(rows, columns=["language", "method", "value"])
    sizes = {language: len(test) for language, test in tests.items()}
    return frame.assign(
        task=task,
        trained_on=trained_on,
        split=split,
        metric="accuracy",
        n=frame["language"].map(sizes).astype("int64"),
    )
