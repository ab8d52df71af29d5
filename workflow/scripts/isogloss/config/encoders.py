"""Encoders: from the hub, from a folder, or pretrained here."""

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
    Languages,
    Model,
    Name,
    Number,
    Positive,
    Share,
)


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
    languages: Languages = Field(description="languages to pretrain on")
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


Encoder = Annotated[HubEncoder | FolderEncoder | PretrainedEncoder, Field(discriminator="kind")]
