"""Adapting an encoder to text by masked language modelling, all of its weights."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from isogloss.config.encoders import AdaptedEncoder
from isogloss.encoders.batches import Batch, Encoded, pack
from isogloss.encoders.load import (
    check_layers,
    check_length,
    load_language_model,
    load_tokenizer,
    position_offset,
)
from isogloss.encoders.words import frame_of
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed
from isogloss.tasks import mlm
from isogloss.training.loop import Example, Plan, batch_members, train


def adapt(
    base: Path,
    segments: Sequence[str],
    settings: AdaptedEncoder,
    folder: Path,
    state: Path | None = None,
    code: str = "",
) -> pd.DataFrame:
    """Train an encoder on text, one segment (a line) per input, and save it with its tokenizer.

    Muller et al. 2021 ran the library's language modelling script line by line: blocks of 128
    sub-words, 20 epochs, batches of 8. The saved encoder has no pooler, which words do not need.

    Parameters
    ----------
    base : folder of the encoder to start from
    segments : lines of text; each is cut after `settings.max_length` sub-words
    state, code : where a resumable state is kept, and the identity it must have

    Returns
    -------
    table kind `curve`

    Raises
    ------
    EncoderError
        if there is no text, or the base is not what the settings say or has no head for words
    """
    torch.set_num_threads(settings.threads)
    tokenizer = load_tokenizer(base)
    model = load_language_model(base, settings.dropout)
    check_layers(model.base_model, settings.layers, base)
    check_length(model.base_model, settings.max_length, base)
    opening, closing = frame_of(tokenizer)
    room = settings.max_length - len(opening) - len(closing)
    if not any(segments):
        raise EncoderError("encoders: the text to adapt to is empty")
    coded = tokenizer(list(segments), add_special_tokens=False, verbose=False)["input_ids"]
    inputs = [_input([*opening, *ids[:room], *closing]) for ids in coded if ids]
    pad, offset = int(tokenizer.pad_token_id), position_offset(model.base_model)
    special = torch.tensor(sorted(tokenizer.all_special_ids))
    masking = mlm.Masking(int(tokenizer.mask_token_id), len(tokenizer), special)

    def example(step: int) -> Example:
        members = batch_members(step, len(inputs), settings.batch, settings.seed)
        batch = pack([inputs[place] for place in members], pad, offset)
        generator = torch.Generator().manual_seed(named_seed(settings.seed, "masks", step))
        hidden, answers = mlm.mask_batch(batch, masking, settings.mask, generator)
        return Example(hidden, answers, f"segments {', '.join(map(str, members[:8]))} ...")

    def loss_of(batch: Batch, answers: Tensor) -> Tensor:
        return mlm.loss(model, batch, answers)

    plan = _plan(settings, len(inputs))
    curve = train(model, example, loss_of, plan, state, code).curve
    tokenizer.save_pretrained(folder)
    model.cpu().save_pretrained(folder, safe_serialization=True)
    return curve


def _input(ids: Sequence[int]) -> Encoded:
    return Encoded(np.asarray(ids, dtype=np.int64), np.zeros(len(ids), dtype=np.int64))


def _plan(settings: AdaptedEncoder, size: int) -> Plan:
    per_epoch = math.ceil(size / settings.batch)
    steps = settings.steps or (settings.epochs or 0) * per_epoch
    return Plan(
        steps=steps,
        steps_per_epoch=per_epoch,
        learning_rate=settings.learning_rate,
        warmup_steps=round(settings.warmup * steps),
        seed=settings.seed,
        weight_decay=settings.weight_decay,
        clip=settings.clip,
        precision=settings.precision,
        save_every=settings.save_every,
    )
