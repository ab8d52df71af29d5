"""Evaluating a run or an encoder on many languages, one language in memory at a time."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from isogloss.config import Task
from isogloss.tasks import nli
from isogloss.training.score import run_pass


class Evaluation:
    """One pass per language; collects predictions while states are handed on to be written."""

    def __init__(
        self,
        encoder: Any,
        tokenizer: Any,
        task: Task,
        pooling: str,
        head: nli.Classifier | None,
    ) -> None:
        self.encoder, self.tokenizer, self.task = encoder, tokenizer, task
        self.pooling, self.head = pooling, head
        self._frames: list[pd.DataFrame] = []

    def passes(
        self, tests: Mapping[str, pd.DataFrame]
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Language, row ids and pooled states of each test set (table kind `pairs`)."""
        tokenizer, task = self.tokenizer, self.task
        for language, frame in tests.items():
            data = nli.features(frame, tokenizer, task.max_length, task.truncation)
            found = run_pass(
                self.encoder,
                data.inputs,
                int(tokenizer.pad_token_id),
                tokenizer.all_special_ids,
                [self.pooling],
                self.head,
            )
            if found.predictions is not None:
                self._frames.append(
                    pd.DataFrame(
                        {
                            "language": language,
                            "id": data.ids,
                            "label": frame["label"].to_numpy(),
                            "prediction": found.predictions,
                        }
                    )
                )
            yield language, data.ids, found.states[self.pooling]

    def predictions(self) -> pd.DataFrame:
        """Table kind `predictions` of the languages passed so far."""
        return pd.concat(self._frames, ignore_index=True)


def score_frame(predictions: pd.DataFrame, split: str) -> pd.DataFrame:
    """Accuracy per language: columns language, split, metric, value (percent), n."""
    rows = []
    for language, group in predictions.groupby("language", sort=True):
        value = nli.score(group["label"].tolist(), group["prediction"].tolist())
        rows.append((language, split, nli.METRIC, value, len(group)))
    return pd.DataFrame(rows, columns=["language", "split", "metric", "value", "n"])
