"""Tiny encoders in hub layout, and inputs for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

from isogloss.encoders.batches import IGNORED, Batch, Encoded, Points, locate
from isogloss.encoders.tokenizer import Architecture, build_tokenizer, train_vocabulary
from isogloss.tasks.nli import LABELS

ARCHITECTURES: tuple[Architecture, ...] = ("bert", "roberta")
NOUNS_AND_VERBS = ["cats", "dogs", "birds", "cows", "see", "hear", "chase", "like"]
WORDS = [*NOUNS_AND_VERBS, "not", "all", "some", "no", "small", "big", "red", "old"]
# The last one keeps its embedding to itself: it is in the vocabulary, but in no pair.
TEXTS = [" ".join(WORDS), " ".join(WORDS[::-1]), "zebu zebu"]


def config_of(architecture: Architecture, **changes: Any) -> Any:
    """Configuration of a BERT or XLM-R of two layers and width 16."""
    roberta = architecture == "roberta"
    settings: dict[str, Any] = {
        "vocab_size": 60,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 66 if roberta else 64,
        "type_vocab_size": 1 if roberta else 2,
        "pad_token_id": 1 if roberta else 0,
        # large enough for attention to tell its keys apart
        "initializer_range": 0.2,
        **changes,
    }
    return XLMRobertaConfig(**settings) if roberta else BertConfig(**settings)


def build_encoder(
    architecture: Architecture, seed: int = 0, pooler: bool = True, **changes: Any
) -> Any:
    """Encoder with random weights; biases and norms are random too."""
    kind = XLMRobertaModel if architecture == "roberta" else BertModel
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        settings = config_of(architecture, **changes)
        encoder = kind(settings, add_pooling_layer=pooler)
        for parameter in encoder.parameters():
            if parameter.ndim == 1:
                nn.init.normal_(parameter, mean=parameter.mean().item(), std=0.1)
    return encoder.eval()


def save_encoder(folder: Path, architecture: Architecture, **changes: Any) -> Path:
    """Save an encoder and its tokenizer as the hub does."""
    vocabulary = train_vocabulary(TEXTS, 120, architecture, min_count=1)
    tokenizer = build_tokenizer(vocabulary, architecture, 64)
    encoder = build_encoder(architecture, vocab_size=len(vocabulary), **changes)
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def sequences(lengths: Sequence[int], seed: int = 0, types: int = 2) -> list[Encoded]:
    """Random inputs without special sub-words, ids 5 to 59."""
    generator = np.random.default_rng(seed)
    return [
        Encoded(generator.integers(5, 60, n), np.sort(generator.integers(0, types, n)))
        for n in lengths
    ]


def first_points(batch: Batch, answers: Sequence[int] | None = None) -> Points:
    """One point per sequence of a batch, its first sub-word."""
    count = len(batch.first)
    wanted = [IGNORED] * count if answers is None else answers
    places = [np.zeros((1, 2), dtype=np.int64)] * count
    return locate([1] * count, places, [np.array([[answer]]) for answer in wanted], batch)


def pairs(count: int, seed: int = 0) -> pd.DataFrame:
    """Pairs of sentences of two to nine words whose label shows in the hypothesis."""
    generator = np.random.default_rng(seed)
    rows = []
    for row in range(count):
        label = int(generator.integers(3))
        premise = generator.choice(WORDS, int(generator.integers(2, 10)))
        hypothesis = [["all", "some", "no"][label], *generator.choice(NOUNS_AND_VERBS, 2)]
        rows.append((row, " ".join(premise), " ".join(hypothesis), LABELS[label]))
    return pd.DataFrame(rows, columns=["id", "premise", "hypothesis", "label"])
