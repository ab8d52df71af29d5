"""Tiny encoders in hub layout, and inputs for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    MT5Config,
    MT5EncoderModel,
    MT5ForConditionalGeneration,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from isogloss.encoders.batches import IGNORED, Batch, Encoded, Points, locate
from isogloss.encoders.tokenizer import Architecture, build_tokenizer, train_vocabulary
from isogloss.encoders.words import BLANK
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


def build_unigram(pieces: Sequence[str], t5: bool = False) -> Any:
    """A tokenizer like SentencePiece's, framed as XLM-R's is, or as T5's with `</s>` at the end."""
    special = ["<pad>", "</s>", "<unk>", *([] if t5 else ["<s>"])]
    scored = [
        *((piece, 0.0) for piece in special),
        *((piece, -float(len(pieces))) for piece in pieces),
    ]
    tokenizer = Tokenizer(Unigram(scored, unk_id=2))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace("\N{ZERO WIDTH SPACE}", "")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    single, pair = "$A </s>", "$A </s> $B </s>"
    if not t5:
        single, pair = "<s> $A </s>", "<s> $A </s> </s> $B </s>"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single,
        pair=pair,
        special_tokens=[(name, special.index(name)) for name in special if name in pair],
    )
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    if not t5:
        names |= {"bos_token": "<s>", "cls_token": "<s>", "sep_token": "</s>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_input_names=["input_ids", "attention_mask"], **names
    )


def word_pieces_of(words: Sequence[str]) -> list[str]:
    """Pieces in which each word is one, and each letter too."""
    letters = sorted({letter for word in words for letter in word})
    return [*(BLANK + word for word in words), BLANK, *letters]


def build_mt5(whole: bool, seed: int = 0, **changes: Any) -> Any:
    """An mT5 of two layers and width 16, or its encoder half, with random weights."""
    settings: dict[str, Any] = {
        "vocab_size": 60,
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 24,
        "num_layers": 2,
        "num_heads": 2,
        "relative_attention_num_buckets": 8,
        "relative_attention_max_distance": 20,
        "initializer_factor": 1.0,
        **changes,
    }
    kind = MT5ForConditionalGeneration if whole else MT5EncoderModel
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = kind(MT5Config(**settings))
        for parameter in model.parameters():
            # words tell themselves apart, and so do distances
            nn.init.normal_(parameter, mean=float(parameter.ndim == 1), std=0.3)
    return model.eval()


def save_mt5(folder: Path, whole: bool = False, **changes: Any) -> Path:
    """Save an mT5 and its tokenizer as the hub does."""
    tokenizer = build_unigram(word_pieces_of([*WORDS, "zebu"]), t5=True)
    build_mt5(whole, vocab_size=len(tokenizer) + 3, **changes).save_pretrained(folder)
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
