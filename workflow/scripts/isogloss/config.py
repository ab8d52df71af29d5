"""Typed configuration: what may be asked for, with defaults, limits and meanings.

The JSON schema and the reference page of all keys are generated from these models
(`isogloss.reference`); `isogloss.check` reads a configuration and words its mistakes. Nothing
here imports torch or pandas, because Snakemake reads it each time it parses the workflow.
"""

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
LANGUAGE = r"^[a-z]{2,3}(-[a-z]+)*$"
REPOSITORY = r"^[\w.-]+/[\w.-]+$"
REVISION = r"^[\w.][\w./-]*$"
SHA256 = r"^[0-9a-f]{64}$"


def _number(value: object) -> object:
    """YAML 1.1 takes 2e-5 for text; a number is meant."""
    text = isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value)
    return float(text.group()) if text else value


Name = Annotated[str, Field(pattern=NAME)]
Language = Annotated[str, Field(pattern=LANGUAGE)]
Languages = Annotated[list[Language], Field(min_length=1)]
Number = Annotated[float, BeforeValidator(_number)]
# Limits stand before the validator: pydantic writes only these into the JSON schema.
Fraction = Annotated[float, Field(ge=0, le=1), BeforeValidator(_number)]
Share = Annotated[float, Field(ge=0, lt=1), BeforeValidator(_number)]
Above0 = Annotated[float, Field(gt=0), BeforeValidator(_number)]
Positive = Annotated[int, Field(ge=1)]
Layer = Annotated[int, Field(ge=1)]
Folder = Annotated[str, Field(min_length=1)]


class Model(BaseModel):
    """Base of all parts: unknown keys are errors, types are not guessed, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FamilySizes(Model):
    """How much the generated family writes, per language."""

    documents: Positive = Field(5000, description="pretraining documents of two sentences")
    nli_train: Positive = Field(2000, description="sentence pairs to train on")
    nli_dev: Positive = Field(200, description="sentence pairs for model selection, parallel")
    nli_test: Positive = Field(450, description="sentence pairs to test on, parallel")
    ud_train: Positive = Field(500, description="trees to train on")
    ud_dev: Positive = Field(100, description="trees for model selection, parallel")
    ud_test: Positive = Field(200, description="trees to test on, parallel")


class Family(Model):
    """The generated language family."""

    languages: Languages = Field(description="codes out of the family")
    seed: int = Field(1, ge=0, description="seed of lexicon, meanings and texts")
    sizes: FamilySizes = Field(FamilySizes.model_validate({}), description="amount of text")


class Corpus(Model):
    """A data set, and where its upstream files come from."""

    dataset: str = Field(description="name in the table of data sets")
    home: Literal["mirror", "family", "hub", "url"] = Field(
        description="folder in upstream layout, generated, hub data set, or download"
    )
    limit: dict[str, Positive] = Field(
        {}, description="first rows to keep, by split (train, dev, test, all)"
    )
    overlap: Literal["error", "drop", "keep"] = Field(
        "error", description="what to do with train rows that dev or test hold too"
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
    sha256: dict[str, Annotated[str, Field(pattern=SHA256)]] = Field(
        {}, description="expected checksum by file name"
    )


class FolderEncoder(Model):
    """Weights in a local folder in the Hugging Face layout (safetensors)."""

    kind: Literal["folder"] = Field(description="where the encoder comes from")
    path: Folder = Field(description="folder with config.json, weights and tokenizer")
    layers: Positive = Field(description="number of blocks, checked when loaded")


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


class Task(Model):
    """What a run learns, and on which corpus."""

    kind: Literal["nli"] = Field(description="natural language inference, three classes")
    corpus: Name = Field(description="name of a corpus of sentence pairs")
    max_length: int = Field(128, ge=8, le=512, description="sub-words of a pair")
    truncation: Literal["longest_first", "authors"] = Field(
        "longest_first",
        description="authors: premise only, unless a block of 1,000 pairs has a hypothesis "
        "that alone is too long; then longest first for that block (Philippy et al.'s code)",
    )


class Recipe(Model):
    """How a run is trained."""

    epochs: Positive | None = Field(None, description="passes over the data; or give steps")
    steps: Positive | None = Field(None, description="optimiser steps; or give epochs")
    batch: Positive = Field(32, description="examples per optimiser step, drawn at random")
    learning_rate: Number = Field(2e-5, gt=0, le=1, description="highest learning rate")
    warmup: Fraction = Field(0.0, description="share of the steps with a rising rate")
    decay: Literal["linear", "constant"] = Field(
        "linear", description="to 0 over all steps, or none"
    )
    betas: tuple[Share, Share] = Field((0.9, 0.999), strict=False, description="AdamW's betas")
    epsilon: Above0 = Field(1e-8, description="AdamW's epsilon")
    weight_decay: Number = Field(0.0, ge=0, description="AdamW's weight decay")
    clip: Above0 | None = Field(1.0, description="largest gradient norm; null for none")
    dropout: Share | None = Field(None, description="null keeps the encoder's own")
    freeze: list[Layer] = Field([], description="blocks that are not trained, counted from 1")
    freeze_embeddings: bool = Field(False, description="keep the embeddings fixed")
    select: Literal["last", "best_dev"] = Field(
        "last", description="weights to keep: after the last step, or best on dev"
    )
    checks: Positive = Field(1, description="dev evaluations per epoch, for best_dev")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 with fp32 master weights on a GPU, fp32 on a CPU"
    )
    save_every: Positive = Field(500, description="steps between resumable states")
    threads: int = Field(1, ge=1, le=64, description="CPU threads; part of what is reproduced")

    @model_validator(mode="after")
    def _one_length(self) -> "Recipe":
        if (self.epochs is None) == (self.steps is None):
            found = "neither epochs nor steps" if self.epochs is None else "both epochs and steps"
            raise ValueError(f"found {found}; allowed: exactly one of them")
        return self


class FamilyDistances(Model):
    """Distances that the generated family knows of itself."""

    kind: Literal["family"] = Field(description="where the distances come from")


class UrielDistances(Model):
    """lang2vec distances, rebuilt from the feature files of its package."""

    kind: Literal["lang2vec"] = Field(description="where the distances come from")
    codes: Literal["authors", "real"] = Field(
        "authors", description="authors: ara, swa, zho (no data behind them); real: arb, swh, cmn"
    )


class ZipDistances(Model):
    """lang2vec's own distances2.zip."""

    kind: Literal["zip"] = Field(description="where the distances come from")
    path: Folder = Field(description="the file distances2.zip")
    codes: Literal["authors", "real"] = Field(
        "authors", description="authors: ara, swa, zho (no data behind them); real: arb, swh, cmn"
    )


Distances = Annotated[FamilyDistances | UrielDistances | ZipDistances, Field(discriminator="kind")]


class Philippy2023(Model):
    """Philippy, Guo and Haddadan 2023."""

    encoder: Name = Field(description="name of an encoder")
    task: Name = Field(description="name of a task")
    recipe: Name = Field(description="name of a recipe")
    languages: Annotated[list[Language], Field(min_length=4)] = Field(
        description="sources and targets; the last one is the base `last_source`"
    )
    source: Language = Field(description="source of Figure 2, Table 3 and the experiments")
    seed: int = Field(42, ge=0, description="seed of all runs")
    pooling: Literal["cls", "mean"] = Field(
        "cls", description="state of a pair: of its first sub-word, or the mean over sub-words"
    )
    experiments: dict[
        Literal["A", "B", "C"], Annotated[list[Layer], Field(min_length=1)] | Literal["rule"]
    ] = Field(
        {"A": "rule", "B": "rule", "C": "rule"},
        description="layers to freeze, or rule: the paper's rule applied to the numbers at hand",
    )
    bases: Annotated[list[Literal["pretrained", "last_source"]], Field(min_length=1)] = Field(
        ["pretrained", "last_source"],
        description="states before fine-tuning: the encoder's (text), or those of the last "
        "fine-tuned source (the released code); the first one fills the tables",
    )
    distances: Annotated[list[Name], Field(min_length=1)] = Field(
        description="names of distances; the first one fills the tables"
    )
    permutations: int = Field(9999, ge=99, description="relabellings behind a permutation p")
    resamples: int = Field(2000, ge=100, description="draws of languages behind an interval")
    statistics_seed: int = Field(1, ge=0, description="seed of permutations and resamples")


class Studies(Model):
    """Which studies to run."""

    philippy2023: Philippy2023 | None = Field(None, description="null leaves the study out")


class Config(Model):
    """Everything that can be asked for."""

    mirror: Folder = Field("data/mirror", description="folder with data sets in upstream layout")
    datasets: Folder = Field("config/datasets.csv", description="table of data sets")
    languages: Folder = Field("config/languages.csv", description="table of languages")
    family: Family | None = Field(None, description="the generated family; null for none")
    corpora: dict[Name, Corpus] = Field(min_length=1, description="corpora by name")
    encoders: dict[Name, Encoder] = Field(min_length=1, description="encoders by name")
    tasks: dict[Name, Task] = Field({}, description="tasks by name")
    recipes: dict[Name, Recipe] = Field({}, description="recipes by name")
    distances: dict[Name, Distances] = Field({}, description="language distances by name")
    studies: Studies = Field(Studies.model_validate({}), description="studies to run")


class Frozen(NamedTuple):
    """A recipe's name taken apart."""

    recipe: str
    layers: tuple[int, ...]
    study: str | None
    experiment: str | None


INTERVENTION = "-freeze-"


def parse_recipe(name: str) -> Frozen:
    """Take apart the name of a recipe and its intervention.

    `philippy2023` is the recipe itself, `philippy2023-freeze-1-2` freezes blocks 1 and 2,
    and `philippy2023-freeze-philippy2023.A` freezes what that study chose as experiment A.
    """
    base, _, intervention = name.partition(INTERVENTION)
    if not intervention:
        return Frozen(base, (), None, None)
    if re.fullmatch(r"\d+(-\d+)*", intervention):
        return Frozen(base, tuple(int(layer) for layer in intervention.split("-")), None, None)
    study, _, experiment = intervention.partition(".")
    return Frozen(base, (), study, experiment)


def frozen_recipe(recipe: str, study: str, experiment: str, layers: list[int] | str) -> str:
    """Name of a recipe with the layers of an experiment frozen; inverse of `parse_recipe`."""
    if isinstance(layers, str):
        return f"{recipe}{INTERVENTION}{study}.{experiment}"
    return f"{recipe}{INTERVENTION}{'-'.join(str(layer) for layer in sorted(layers))}"
