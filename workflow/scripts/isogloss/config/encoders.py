"""Encoders: from the hub, from a folder, or pretrained here."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from isogloss.config.values import (
    REPOSITORY,
    REVISION,
    SHA256,
    Above0,
    Folder,
    Fraction,
    Language,
    Model,
    Name,
    Number,
    Positive,
    Share,
)
from isogloss.errors import ConfigError


class Text(Model):
    """Text to pretrain on."""

    corpus: Name = Field(description="name of a corpus")
    split: str = Field("train", description="split of the corpus")
    parallel: bool = Field(False, description="row i means the same in every language")
    languages: list[Language] = Field([], description="empty for all of the encoder's")


class WarmStart(Model):
    """Start of the sub-word embeddings from parallel text, without gradients."""

    frozen: bool = Field(True, description="keep these embeddings fixed in pretraining")


class HubEncoder(Model):
    """Weights from the model hub."""

    kind: Literal["hub"] = Field(description="where the encoder comes from")
    repository: str = Field(pattern=REPOSITORY, description="owner/name on the hub")
    revision: str = Field(
        pattern=REVISION, description="commit, tag or branch; the commit is recorded when resolved"
    )
    layers: Positive = Field(description="number of blocks, checked after the download")
    parameters: Positive | None = Field(
        None,
        description="number of parameters in millions, for the disk that -n prints; null: unknown",
    )
    sha256: dict[str, Annotated[str, Field(pattern=SHA256)]] = Field(
        {}, description="expected checksum by file name"
    )


class FolderEncoder(Model):
    """Weights in a local folder in the Hugging Face layout (safetensors)."""

    kind: Literal["folder"] = Field(description="where the encoder comes from")
    path: Folder = Field(description="folder with config.json, weights and tokenizer")
    layers: Positive = Field(description="number of blocks, checked when loaded")
    parameters: Positive | None = Field(
        None,
        description="number of parameters in millions, for the disk that -n prints; null: unknown",
    )


EACH = "one encoder for each of these languages, on its text alone, named after key and language"


class PretrainedEncoder(Model):
    """An encoder pretrained here by masked language modelling."""

    kind: Literal["pretrained"] = Field(description="where the encoder comes from")
    architecture: Literal["bert", "roberta"] = Field("bert", description="blocks and tokenizer")
    layers: Positive = Field(4, description="number of blocks")
    hidden: Positive = Field(64, description="size of a hidden state, a multiple of heads")
    heads: Positive = Field(4, description="attention heads per block")
    intermediate: Positive = Field(256, description="size of a block's inner layer")
    max_length: int = Field(128, ge=8, description="longest input, sub-words")
    dropout: Share = Field(0.0, description="dropout while pretraining")
    initializer_range: Above0 = Field(0.05, description="standard deviation of new weights")
    vocabulary: int = Field(2500, ge=100, description="sub-words, special tokens included")
    alphabet: int = Field(1000, ge=20, description="characters kept, most frequent first")
    languages: list[Language] = Field([], description="languages to pretrain on; or give each")
    each: list[Language] = Field([], description=EACH)
    text: list[Text] = Field(min_length=1, description="texts to pretrain on")
    steps: Positive = Field(4000, description="optimiser steps (never seconds)")
    batch: Positive = Field(48, description="documents per step")
    learning_rate: Number = Field(2e-3, gt=0, le=1, description="highest learning rate")
    warmup_steps: int = Field(100, ge=0, description="steps with a rising rate, fewer than steps")
    decay_power: Above0 = Field(0.5, description="rate falls with (1 - t)^power")
    weight_decay: Number = Field(0.01, ge=0, description="AdamW's weight decay")
    clip: Above0 = Field(1.0, description="largest gradient norm")
    mask: Number = Field(0.15, gt=0, lt=1, description="share of sub-words to predict")
    sampling: Fraction = Field(0.5, description="languages are drawn with probability size^this")
    cross_lingual: Fraction = Field(
        0.0, description="share of parallel rows whose second segment is another language's"
    )
    warm_start: WarmStart | None = Field(
        None, description="start sub-word embeddings from parallel text; null for random ones"
    )
    seed: int = Field(1, ge=0, description="seed of weights, batches and masks")
    threads: int = Field(2, ge=1, le=64, description="CPU threads; part of what is reproduced")


class AdaptedEncoder(Model):
    """Another encoder, trained on by masked language modelling, all of its weights."""

    kind: Literal["adapted"] = Field(description="where the encoder comes from")
    base: Name = Field(description="name of the encoder to start from")
    layers: int = Field(0, ge=0, description="number of blocks; 0: the base's")
    parameters: Positive | None = Field(
        None, description="number of parameters in millions; null: the base's"
    )
    languages: list[Language] = Field([], description="languages to adapt to; or give each")
    each: list[Language] = Field([], description=EACH)
    text: list[Text] = Field(min_length=1, description="texts to adapt on; one segment per input")
    epochs: Positive | None = Field(None, description="passes over the text; or give steps")
    steps: Positive | None = Field(None, description="optimiser steps; or give epochs")
    max_length: int = Field(128, ge=8, description="longest input, sub-words")
    batch: Positive = Field(8, description="segments per step")
    learning_rate: Number = Field(5e-5, gt=0, le=1, description="highest learning rate")
    warmup: Fraction = Field(0.0, description="share of the steps with a rising rate")
    weight_decay: Number = Field(0.0, ge=0, description="AdamW's weight decay")
    clip: Above0 | None = Field(1.0, description="largest gradient norm; null for none")
    mask: Number = Field(0.15, gt=0, lt=1, description="share of sub-words to predict")
    dropout: Share | None = Field(None, description="null keeps the encoder's own")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 with fp32 master weights on a GPU, fp32 on a CPU"
    )
    save_every: Positive = Field(500, description="steps between resumable states")
    seed: int = Field(1, ge=0, description="seed of batches, masks and dropout")
    threads: int = Field(1, ge=1, le=64, description="CPU threads; part of what is reproduced")


class BilstmEncoder(Model):
    """A baseline that is not pretrained: words made of sub-words, and a BiLSTM over them."""

    kind: Literal["bilstm"] = Field(description="where the encoder comes from")
    layers: Positive = Field(2, description="BiLSTM layers over words")
    hidden: int = Field(256, ge=2, multiple_of=2, description="size of a state, both directions")
    embedding: Positive = Field(128, description="size of a sub-word's embedding")
    composed: int = Field(
        128, ge=2, multiple_of=2, description="size of a word composed of its sub-words"
    )
    dropout: Share = Field(0.33, description="dropout, also between layers")
    vocabulary: int = Field(2000, ge=100, description="sub-words, special tokens included")
    alphabet: int = Field(1000, ge=20, description="characters kept, most frequent first")
    max_length: int = Field(512, ge=8, description="longest input, sub-words")
    languages: list[Language] = Field([], description="languages of the vocabulary; or give each")
    each: list[Language] = Field([], description=EACH)
    text: list[Text] = Field(min_length=1, description="texts that the vocabulary is learnt from")
    seed: int = Field(1, ge=0, description="seed of the weights that the folder holds")


Encoder = Annotated[
    HubEncoder | FolderEncoder | PretrainedEncoder | AdaptedEncoder | BilstmEncoder,
    Field(discriminator="kind"),
]
OfText = (PretrainedEncoder, AdaptedEncoder, BilstmEncoder)


def one_for_each(encoders: Mapping[str, Encoder]) -> dict[str, Encoder]:
    """Put encoders of one language each in place of those with the key `each`.

    Depth and size that an adapted encoder does not name are those of its base.

    Raises
    ------
    ConfigError
        if a name that this makes is taken, or languages stand there twice
    """
    every: dict[str, Encoder] = {}
    for name, encoder in encoders.items():
        if not isinstance(encoder, OfText) or not encoder.each:
            every[name] = encoder
            continue
        if encoder.languages:
            raise ConfigError(
                f"encoders.{name}: found both languages and each; allowed: one of them"
            )
        for language in dict.fromkeys(encoder.each):
            if f"{name}-{language}" in encoders:
                raise ConfigError(
                    f"encoders.{name}.each: found {language!r}; allowed: no language that makes "
                    f"the name of another encoder, {name}-{language}"
                )
            alone = {"languages": [language], "each": []}
            every[f"{name}-{language}"] = encoder.model_copy(update=alone)
    return {name: _of_base(encoder, every) for name, encoder in every.items()}


def _of_base(encoder: Encoder, every: Mapping[str, Encoder]) -> Encoder:
    """An adapted encoder with the depth and size of its base, as far as it has none."""
    if not isinstance(encoder, AdaptedEncoder):
        return encoder
    base = every.get(encoder.base)
    if base is None or isinstance(base, AdaptedEncoder):
        return encoder
    known = base.parameters if isinstance(base, HubEncoder | FolderEncoder) else None
    return encoder.model_copy(
        update={
            "layers": encoder.layers or base.layers,
            "parameters": encoder.parameters or known,
        }
    )
