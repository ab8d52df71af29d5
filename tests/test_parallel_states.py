"""States of sentences by two protocols, against a plain computation one sentence at a time."""

from pathlib import Path
from typing import Any

import models
import numpy as np
import pandas as pd
import pytest
import torch

from isogloss.config.muller2021 import Protocol
from isogloss.encoders.load import load_encoder, load_tokenizer
from isogloss.representations.sentences import sentence_features, sentence_states

TEXTS = ["all cats see dogs", "zebu", "no old dogs hear red cats and some birds", "Not! cats?"]
FRAME = pd.DataFrame({"id": [3, 5, 6, 9], "document": 0, "text": TEXTS})


def plain(encoder: Any, ids: list[int], first: int, last: int | None) -> np.ndarray:
    """Mean over a part of the sub-words, float64 (layers + 1, hidden)."""
    with torch.inference_mode():
        states = encoder(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
    return np.stack([layer[0, first:last].double().numpy().mean(0) for layer in states])


@pytest.mark.parametrize("architecture", models.ARCHITECTURES)
@pytest.mark.parametrize("protocol", ["mean", "authors"])
def test_states_are_those_of_each_sentence_alone(
    tmp_path: Path, architecture: models.Architecture, protocol: Protocol
) -> None:
    folder = models.save_encoder(tmp_path, architecture)
    encoder, tokenizer = load_encoder(folder, seed=0), load_tokenizer(folder)
    ((language, ids, states),) = sentence_states(encoder, tokenizer, {"xx": FRAME}, 32, protocol)
    assert language == "xx"
    assert ids.tolist() == [3, 5, 6, 9]
    assert states.shape == (4, 3, 16) and states.dtype == np.float16
    opening, closing = tokenizer.cls_token_id, tokenizer.sep_token_id
    for place, text in enumerate(TEXTS):
        words = tokenizer(text, add_special_tokens=False)["input_ids"]
        # The released script: specials twice, then [1:-1].
        one, two = [opening, *words, closing], [opening, opening, *words, closing, closing]
        wanted = plain(encoder, two if protocol == "authors" else one, 1, -1)
        assert np.abs(states[place] - wanted).max() < 4e-3


def test_the_two_protocols_differ(tmp_path: Path) -> None:
    folder = models.save_encoder(tmp_path, "bert")
    encoder, tokenizer = load_encoder(folder, seed=0), load_tokenizer(folder)
    found = [
        next(sentence_states(encoder, tokenizer, {"xx": FRAME}, 32, protocol))[2]
        for protocol in ("mean", "authors")
    ]
    assert np.abs(found[0].astype(float) - found[1]).max() > 0.05


def test_long_sentences_are_cut_and_premises_taken(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(models.save_encoder(tmp_path, "bert"))
    pairs = pd.DataFrame(
        {"id": [0], "premise": [" ".join(models.WORDS)], "hypothesis": ["cats"], "label": ["x"]}
    )
    for repeated in (1, 2):
        features = sentence_features(pairs, tokenizer, 12, repeated)
        assert features.lengths == [12]
        ids = features.windows[0][0].ids.tolist()
        assert ids[:repeated] == [tokenizer.cls_token_id] * repeated
        assert ids[-repeated:] == [tokenizer.sep_token_id] * repeated
