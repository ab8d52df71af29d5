"""Evaluating a run or an encoder on many languages, one language in memory at a time."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from isogloss.tasks.task import task_module
from isogloss.training.score import run_pass

LOG = logging.getLogger("isogloss")


class Evaluation:
    """One pass per language; collects predictions while states are handed on to be written."""

    def __init__(
        self,
        encoder: Any,
        tokenizer: Any,
        task: Any,
        labels: Sequence[str],
        pooling: str | None,
        head: Any = None,
    ) -> None:
        self.encoder, self.tokenizer, self.head = encoder, tokenizer, head
        self.task, self.labels, self.pooling = task, labels, pooling
        self._frames: list[pd.DataFrame] = []

    def passes(
        self, tests: Mapping[str, pd.DataFrame]
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Language, row ids and pooled states of each test set.

        tests : canonical rows of the task by language
        """
        for language, frame in tests.items():
            module = task_module(self.task.kind)
            features = module.features(frame, self.tokenizer, self.task, self.labels)
            found = run_pass(
                self.encoder,
                features,
                int(self.tokenizer.pad_token_id),
                self.tokenizer.all_special_ids,
                [self.pooling] if self.pooling else [],
                self.head,
            )
            LOG.info("%s: %d sub-words, %d computed", language, found.tokens, found.processed)
            if found.decoded is not None:
                predictions = module.predictions(frame, features, found.decoded, self.labels)
                self._frames.append(predictions.assign(language=language))
            states = found.states.get(self.pooling or "", np.empty(0))
            yield language, features.ids, states

    def predictions(self) -> pd.DataFrame:
        """The task's kind of predictions, of the languages passed so far."""
        return pd.concat(self._frames, ignore_index=True)
