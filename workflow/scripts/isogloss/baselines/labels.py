"""Baselines for one label per pair of sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

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


def predictions(
    tests: Mapping[str, pd.DataFrame], answers: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Table kind `predictions` of the labels found for each language's test set."""
    frames = [
        pd.DataFrame(
            {
                "language": language,
                "id": test["id"].to_numpy(),
                "label": test["label"].to_numpy(),
                "prediction": answers[language],
            }
        )
        for language, test in tests.items()
    ]
    return pd.concat(frames, ignore_index=True)
