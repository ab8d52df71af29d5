"""States of single sentences, for comparing languages on text that says the same."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from isogloss.config.muller2021 import Protocol
from isogloss.encoders.batches import Encoded
from isogloss.encoders.words import frame_of
from isogloss.tasks.task import Features
from isogloss.training.score import Pooling, run_pass

# How many special sub-words stand at each end of a sentence, and what is averaged over. The
# released script writes [CLS] and [SEP] around the text and lets the tokenizer add them again; then
# it leaves out the first and the last sub-word, so that one of each stays in the mean.
PROTOCOLS: dict[Protocol, tuple[int, Pooling]] = {"mean": (1, "mean"), "authors": (2, "inner")}


def sentence_features(
    frame: pd.DataFrame, tokenizer: Any, max_length: int, repeated: int = 1
) -> Features:
    """Sentences as inputs of one window each; no head reads them.

    Parameters
    ----------
    frame : rows of table kind `lines`, `treebank` or `pairs` (their premises)
    max_length : longest input in sub-words, special ones included
    repeated : how often each special sub-word stands at its end of the sentence
    """
    texts = frame["premise" if "premise" in frame else "text"].tolist()
    opening, closing = (part * repeated for part in frame_of(tokenizer))
    room = max_length - len(opening) - len(closing)
    coded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    windows = []
    for ids in coded:
        whole = np.asarray([*opening, *ids[:room], *closing], dtype=np.int64)
        windows.append((Encoded(whole, np.zeros_like(whole)),))
    nothing = np.empty((0, 2), dtype=np.int64)
    return Features(
        frame["id"].to_numpy(dtype=np.int64),
        windows,
        np.zeros((len(windows), 2), dtype=np.int64),
        [nothing] * len(windows),
        [nothing] * len(windows),
    )


def sentence_states(
    encoder: Any,
    tokenizer: Any,
    texts: Mapping[str, pd.DataFrame],
    max_length: int,
    protocol: Protocol,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Language, row ids (N,) and states (N, layers + 1, hidden), float16, of each language.

    Parameters
    ----------
    texts : rows by language, as for `sentence_features`
    protocol : `mean`: averaged over a sentence's own sub-words; `authors`: as the
        script that Muller et al. 2021 released (see `PROTOCOLS`), whose cut of long sentences
        after 200 sub-words is `max_length` here
    """
    repeated, pooling = PROTOCOLS[protocol]
    # Unknown sub-words are words, so only those that frame a sentence are left out.
    special = [*itertools.chain.from_iterable(frame_of(tokenizer))]
    for language, frame in texts.items():
        features = sentence_features(frame, tokenizer, max_length, repeated)
        found = run_pass(encoder, features, int(tokenizer.pad_token_id), special, [pooling])
        yield language, features.ids, found.states[pooling]
