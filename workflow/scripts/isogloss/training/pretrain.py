"""Pretraining a small encoder by masked language modelling on the text at hand."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from transformers import AutoModelForMaskedLM, BertConfig, RobertaConfig

from isogloss.config.encoders import PretrainedEncoder
from isogloss.encoders.batches import Batch, Encoded, pack
from isogloss.encoders.load import position_offset
from isogloss.encoders.tokenizer import build_tokenizer, train_vocabulary
from isogloss.encoders.warm_start import warm_embeddings
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed
from isogloss.tables import read_any
from isogloss.tasks import mlm
from isogloss.training.loop import Example, Plan, train


class Document(NamedTuple):
    """One or two segments of text of a language.

    meaning : the same for translations of each other, None for text without translations
    """

    language: str
    segments: tuple[str, ...]
    meaning: tuple[str, int] | None


def documents(frame: pd.DataFrame, kind: str, language: str, group: str | None) -> list[Document]:
    """Documents of a frame of table kind `pairs`, `lines` or `treebank`.

    Lines of one document are taken two at a time.

    group : texts whose documents at the same place translate each other, if any do
    """
    segments: list[tuple[str, ...]]
    # A row that upstream lacks in one language leaves its number free.
    places = frame["id"].tolist()
    if kind == "pairs":
        segments = list(zip(frame["premise"], frame["hypothesis"], strict=True))
    elif kind == "treebank":
        segments = [(text,) for text in frame["text"]]
    else:
        segments = []
        for _, lines in frame.groupby("document", sort=True)["text"]:
            texts = lines.tolist()
            segments += [tuple(texts[i : i + 2]) for i in range(0, len(texts), 2)]
        places = list(range(len(segments)))
    return [
        Document(language, parts, (group, place) if group else None)
        for place, parts in zip(places, segments, strict=True)
    ]


def read_documents(files: Sequence[str], texts: Sequence[Sequence[Any]]) -> list[Document]:
    """Documents of files of canonical rows.

    texts : corpus, language, split and group of each file, as `plan.Plan.texts_of` has them
    """
    items = []
    for file, (_, language, _, group) in zip(files, texts, strict=True):
        kind, frame = read_any(file)
        items += documents(frame, kind, language, group)
    return items


class Texts:
    """Tokenised documents, drawn at random by language."""

    def __init__(
        self, items: Sequence[Document], tokenizer: Any, settings: PretrainedEncoder
    ) -> None:
        self.items, self.settings = items, settings
        flat = [segment for item in items for segment in item.segments]
        coded = tokenizer(
            flat, add_special_tokens=False, return_attention_mask=False, verbose=False
        )
        rows = iter(coded["input_ids"])
        self.segments = [tuple(next(rows) for _ in item.segments) for item in items]
        self.tokenizer = tokenizer
        self.languages = sorted({item.language for item in items})
        self.by_language = [
            [i for i, item in enumerate(items) if item.language == language]
            for language in self.languages
        ]
        sizes = np.array([len(rows) for rows in self.by_language], dtype=np.float64)
        shares = sizes**settings.sampling
        self.shares = torch.from_numpy(shares / shares.sum())
        self.translations: dict[tuple[str, int], list[int]] = {}
        for place, item in enumerate(items):
            if item.meaning is not None:
                self.translations.setdefault(item.meaning, []).append(place)

    def draw(self, generator: torch.Generator, count: int) -> list[Encoded]:
        """Draw inputs: language by size^sampling, document uniformly."""
        languages = torch.multinomial(self.shares, count, replacement=True, generator=generator)
        chances = torch.rand(count, 3, generator=generator, dtype=torch.float64).tolist()
        drawn = []
        for language, (which, cross, other) in zip(languages.tolist(), chances, strict=True):
            rows = self.by_language[language]
            drawn.append(self._encode(rows[int(which * len(rows))], cross, other))
        return drawn

    def _encode(self, place: int, cross: float, other: float) -> Encoded:
        first, *rest = self.segments[place]
        meaning = self.items[place].meaning
        if meaning is not None and cross < self.settings.cross_lingual:
            candidates = [i for i in self.translations[meaning] if i != place]
            if candidates:
                rest = [self.segments[candidates[int(other * len(candidates))]][0]]
        return self._join(first, rest[0] if rest else None)

    def _join(self, first: list[int], second: list[int] | None) -> Encoded:
        """Add special sub-words; the longer segment loses its end when both do not fit."""
        tokenizer = self.tokenizer
        room = self.settings.max_length - tokenizer.num_special_tokens_to_add(second is not None)
        if second is not None:
            while len(first) + len(second) > room:
                longer = first if len(first) >= len(second) else second
                excess = len(first) + len(second) - room
                keep = max(room // 2, len(longer) - excess)
                first = first[:keep] if longer is first else first
                second = second[:keep] if longer is second else second
        else:
            first = first[:room]
        opening, middle, closing = _frame(self.settings.architecture, tokenizer)
        ids = [opening, *first, *([closing] if second is None else middle)]
        types = [0] * len(ids)
        if second is not None:
            ids += [*second, closing]
            types += [0 if self.settings.architecture == "roberta" else 1] * (len(second) + 1)
        return Encoded(np.asarray(ids, dtype=np.int64), np.asarray(types, dtype=np.int64))

    def aligned(self) -> list[list[list[int]]]:
        """Groups of translations, each a list of sub-word ids."""
        groups = (self.translations[meaning] for meaning in sorted(self.translations))
        return [
            [list(chain.from_iterable(self.segments[i])) for i in group]
            for group in groups
            if len(group) > 1
        ]

    def running(self) -> Iterable[list[int]]:
        """All text as sequences of sub-word ids."""
        return (list(segment) for parts in self.segments for segment in parts)


def _frame(architecture: str, tokenizer: Any) -> tuple[int, list[int], int]:
    """Special sub-words before, between and after two segments."""
    closing = int(tokenizer.sep_token_id)
    middle = [closing, closing] if architecture == "roberta" else [closing]
    return int(tokenizer.cls_token_id), middle, closing


def build_masked_lm(settings: PretrainedEncoder, vocabulary: int, pad: int) -> Any:
    """A BERT or RoBERTa with a masked-language-modelling head and new weights."""
    kind = BertConfig if settings.architecture == "bert" else RobertaConfig
    # RoBERTa's positions start behind the padding index.
    extra = 0 if settings.architecture == "bert" else pad + 1
    shape = kind(
        vocab_size=vocabulary,
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=settings.intermediate,
        max_position_embeddings=settings.max_length + extra,
        hidden_dropout_prob=settings.dropout,
        attention_probs_dropout_prob=settings.dropout,
        initializer_range=settings.initializer_range,
        type_vocab_size=2 if settings.architecture == "bert" else 1,
        pad_token_id=pad,
    )
    with torch.random.fork_rng():
        torch.manual_seed(named_seed(settings.seed, "weights"))
        return AutoModelForMaskedLM.from_config(shape, attn_implementation="sdpa")


def pretrain(
    items: Sequence[Document],
    settings: PretrainedEncoder,
    folder: Path,
    state: Path | None = None,
    code: str = "",
) -> pd.DataFrame:
    """Train tokenizer and encoder on documents and save both in `folder`.

    Returns
    -------
    table kind `curve`
    """
    if not items:
        raise EncoderError("encoders: the text to pretrain on is empty")
    torch.set_num_threads(settings.threads)
    words = (segment for item in items for segment in item.segments)
    vocabulary = train_vocabulary(
        words, settings.vocabulary, settings.architecture, settings.alphabet
    )
    tokenizer = build_tokenizer(vocabulary, settings.architecture, settings.max_length)
    texts = Texts(items, tokenizer, settings)
    pad = int(tokenizer.pad_token_id)
    model = build_masked_lm(settings, len(tokenizer), pad)
    if settings.warm_start is not None:
        _warm(model, texts, settings)
    offset = position_offset(model.base_model)
    special = torch.tensor(sorted(tokenizer.all_special_ids))
    masking = mlm.Masking(int(tokenizer.mask_token_id), len(tokenizer), special)

    def example(step: int) -> Example:
        generator = torch.Generator().manual_seed(named_seed(settings.seed, "batch", step))
        batch = pack(texts.draw(generator, settings.batch), pad, offset)
        hidden, answers = mlm.mask_batch(batch, masking, settings.mask, generator)
        return Example(hidden, answers, f"documents drawn for step {step + 1}")

    def loss_of(batch: Batch, answers: Tensor) -> Tensor:
        return mlm.loss(model, batch, answers)

    plan = Plan(
        steps=settings.steps,
        steps_per_epoch=len(items) / settings.batch,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_steps,
        seed=settings.seed,
        decay_power=settings.decay_power,
        weight_decay=settings.weight_decay,
        clip=settings.clip,
    )
    curve = train(model, example, loss_of, plan, state, code).curve
    tokenizer.save_pretrained(folder)
    model.cpu().save_pretrained(folder, safe_serialization=True)
    return curve


def _warm(model: Any, texts: Texts, settings: PretrainedEncoder) -> None:
    """Start the sub-word embeddings from parallel text, and freeze them if asked to."""
    table = model.get_input_embeddings()
    vectors = warm_embeddings(
        texts.aligned(),
        texts.running(),
        vocabulary=table.weight.shape[0],
        hidden=settings.hidden,
        deviation=settings.initializer_range,
        seed=named_seed(settings.seed, "warm") % 2**32,
    )
    with torch.no_grad():
        table.weight.copy_(torch.from_numpy(vectors))
    table.weight.requires_grad_(not (settings.warm_start and settings.warm_start.frozen))
