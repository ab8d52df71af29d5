"""Typed configuration: what may be asked for, with defaults, limits and meanings.

The JSON schema and the reference page of all keys are generated from these models
(`describe`, `schema`); unknown keys are refused. Nothing here imports torch or pandas,
because Snakemake reads it each time it parses the workflow.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from isogloss.errors import ConfigError

NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
LANGUAGE = r"^[a-z]{2,3}(-[a-z]+)*$"
Name = Annotated[str, Field(pattern=NAME)]
Language = Annotated[str, Field(pattern=LANGUAGE)]
Languages = Annotated[list[Language], Field(min_length=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
Layer = Annotated[int, Field(ge=1, description="1-based: layer i is encoder block i")]


class Model(BaseModel):
    """Base of all parts: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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

    kind: Literal["hub"]
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$", description="owner/name on the hub")
    revision: str = Field(min_length=1, description="commit or tag; recorded when resolved")
    layers: Positive = Field(description="number of blocks, checked after the download")
    sha256: dict[str, str] = Field({}, description="expected checksum by file name")


class FolderEncoder(Model):
    """Weights in a local folder in the Hugging Face layout (safetensors)."""

    kind: Literal["folder"]
    path: str = Field(description="folder with config.json, weights and tokenizer")
    layers: Positive = Field(description="number of blocks, checked when loaded")


class PretrainedEncoder(Model):
    """An encoder pretrained here by masked language modelling."""

    kind: Literal["pretrained"]
    architecture: Literal["bert", "roberta"] = "bert"
    layers: Positive = 4
    hidden: Positive = Field(64, description="size of a hidden state")
    heads: Positive = 4
    intermediate: Positive = 256
    max_length: int = Field(128, ge=8, description="longest input, sub-words")
    dropout: Fraction = 0.0
    initializer_range: float = Field(0.05, gt=0, description="standard deviation of new weights")
    vocabulary: int = Field(2500, ge=100, description="sub-words, special tokens included")
    alphabet: int = Field(1000, ge=20, description="characters kept, most frequent first")
    languages: Languages
    text: list[Text] = Field(min_length=1)
    steps: Positive = Field(4000, description="optimiser steps (never seconds)")
    batch: Positive = Field(48, description="documents per step")
    learning_rate: float = Field(2e-3, gt=0)
    warmup_steps: int = Field(100, ge=0)
    decay_power: float = Field(0.5, gt=0, description="rate falls with (1 - t)^power")
    weight_decay: float = Field(0.01, ge=0)
    clip: float = Field(1.0, gt=0, description="largest gradient norm")
    mask: float = Field(0.15, gt=0, lt=1, description="share of sub-words to predict")
    sampling: Fraction = Field(0.5, description="languages are drawn with probability size^this")
    cross_lingual: Fraction = Field(
        0.0, description="share of parallel rows whose second segment is another language's"
    )
    warm_start: WarmStart | None = None
    seed: int = Field(1, ge=0)
    threads: int = Field(2, ge=1, le=64, description="CPU threads; part of what is reproduced")


Encoder = Annotated[HubEncoder | FolderEncoder | PretrainedEncoder, Field(discriminator="kind")]


class Task(Model):
    """What a run learns, and on which corpus."""

    kind: Literal["nli"]
    corpus: Name
    max_length: int = Field(128, ge=8, le=512, description="sub-words of a pair")
    truncation: Literal["longest_first", "authors"] = Field(
        "longest_first",
        description="authors: premise only, unless a block of 1,000 pairs has a hypothesis "
        "that alone is too long; then longest first for that block (Philippy et al.'s code)",
    )


class Recipe(Model):
    """How a run is trained."""

    epochs: Positive | None = Field(None, description="either epochs or steps")
    steps: Positive | None = None
    batch: Positive = Field(32, description="examples per optimiser step, drawn at random")
    learning_rate: float = Field(2e-5, gt=0, le=1)
    warmup: Fraction = Field(0.0, description="share of the steps with a rising rate")
    decay: Literal["linear", "constant"] = "linear"
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    epsilon: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    clip: float | None = Field(1.0, gt=0, description="largest gradient norm; null for none")
    dropout: Fraction | None = Field(None, description="null keeps the encoder's own")
    freeze: list[Layer] = Field([], description="blocks that are not trained")
    freeze_embeddings: bool = False
    select: Literal["last", "best_dev"] = "last"
    checks: Positive = Field(1, description="dev evaluations per epoch, for best_dev")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 with fp32 master weights on a GPU, fp32 on a CPU"
    )
    save_every: Positive = Field(500, description="steps between resumable states")
    threads: int = Field(1, ge=1, le=64, description="CPU threads; part of what is reproduced")

    @model_validator(mode="after")
    def _one_length(self) -> "Recipe":
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either epochs or steps")
        return self


class FamilyDistances(Model):
    """Distances that the generated family knows of itself."""

    kind: Literal["family"]


class UrielDistances(Model):
    """lang2vec distances, rebuilt from the feature files of its package."""

    kind: Literal["lang2vec"]
    codes: Literal["authors", "real"] = Field(
        "authors", description="authors: ara, swa, zho (no data behind them); real: arb, swh, cmn"
    )


class ZipDistances(Model):
    """lang2vec's own distances2.zip."""

    kind: Literal["zip"]
    path: str
    codes: Literal["authors", "real"] = "authors"


Distances = Annotated[FamilyDistances | UrielDistances | ZipDistances, Field(discriminator="kind")]


class Philippy2023(Model):
    """Philippy, Guo and Haddadan 2023."""

    encoder: Name
    task: Name
    recipe: Name
    languages: Annotated[list[Language], Field(min_length=4)] = Field(
        description="sources and targets"
    )
    source: Language = Field(description="source of Figure 2, Table 3 and the experiments")
    seed: int = Field(42, ge=0)
    pooling: Literal["cls", "mean"] = "cls"
    experiments: dict[Literal["A", "B", "C"], list[Layer] | Literal["rule"]] = Field(
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
    permutations: int = Field(9999, ge=99)
    resamples: int = Field(2000, ge=100)
    statistics_seed: int = Field(1, ge=0)


class Studies(Model):
    """Which studies to run."""

    philippy2023: Philippy2023 | None = None


class Config(Model):
    """Everything that can be asked for."""

    mirror: str = Field("data/mirror", description="folder with data sets in upstream layout")
    datasets: str = Field("config/datasets.csv", description="table of data sets")
    languages: str = Field("config/languages.csv", description="table of languages")
    family: Family | None = None
    corpora: dict[Name, Corpus] = Field(min_length=1)
    encoders: dict[Name, Encoder] = Field(min_length=1)
    tasks: dict[Name, Task] = {}
    recipes: dict[Name, Recipe] = {}
    distances: dict[Name, Distances] = {}
    studies: Studies = Studies()


def load_config(raw: Mapping[str, Any]) -> Config:
    """Check a configuration as read from YAML.

    Raises
    ------
    ConfigError
        one line per mistake: key, what was found, what is allowed
    """
    try:
        config = Config.model_validate(json.loads(json.dumps(raw)))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(item, raw) for item in error.errors())) from None
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config: not plain YAML values ({error})") from None
    mistakes = list(_references(config))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return config


def _explain(item: Any, raw: Mapping[str, Any]) -> str:
    keys = [str(part) for part in item["loc"] if part not in ("hub", "folder", "pretrained")]
    keys = [part for part in keys if part not in ("family", "lang2vec", "zip") or len(keys) < 3]
    where = ".".join(part for part in keys if not part.startswith("list["))
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key{_known_keys(item['loc'])}"
    if item["type"] == "missing":
        return f"{where}: missing, but required"
    found = item["input"]
    shown = "a group of keys" if isinstance(found, Mapping) else repr(found)
    allowed = item["msg"].removeprefix("Value error, ")
    return f"{where or 'config'}: found {shown}; {allowed[:1].lower()}{allowed[1:]}"


def _known_keys(location: Iterable[str | int]) -> str:
    """Names allowed beside an unknown key, read off the JSON schema."""
    definitions = schema()
    node: Any = definitions
    for part in list(location)[:-1]:
        node = _child(node, part, definitions)
    names = sorted(node.get("properties", {})) if isinstance(node, dict) else []
    return f"; allowed: {', '.join(names)}" if names else ""


def _child(node: Any, part: str | int, definitions: dict[str, Any]) -> Any:
    for option in [node, *node.get("anyOf", []), *node.get("oneOf", [])]:
        target = _resolve(option, definitions)
        mapping = target.get("discriminator", {}).get("mapping", {})
        if part in mapping:
            return _resolve({"$ref": mapping[part]}, definitions)
        if part in target.get("properties", {}):
            return _resolve(target["properties"][part], definitions)
        for values in [*target.get("patternProperties", {}).values()] or [
            target.get("additionalProperties")
        ]:
            if isinstance(values, dict):
                return _resolve(values, definitions)
        if isinstance(part, int) and "items" in target:
            return _resolve(target["items"], definitions)
    return {}


def _resolve(node: Any, definitions: dict[str, Any]) -> Any:
    reference = node.get("$ref", "").removeprefix("#/$defs/")
    return definitions["$defs"][reference] if reference else node


def _unknown(key: str, value: str, allowed: Iterable[str]) -> str:
    return f"{key}: found {value!r}; allowed: {', '.join(sorted(allowed)) or 'none defined'}"


def _references(config: Config) -> Iterable[str]:
    """Names that point nowhere, and values that another key rules out."""
    for name, corpus in config.corpora.items():
        if corpus.home == "family" and config.family is None:
            yield f"corpora.{name}.home: found 'family'; allowed only with the key 'family'"
    for name, encoder in config.encoders.items():
        yield from _encoder_references(config, name, encoder)
    for name, task in config.tasks.items():
        if task.corpus not in config.corpora:
            yield _unknown(f"tasks.{name}.corpus", task.corpus, config.corpora)
    for name, distances in config.distances.items():
        if distances.kind == "family" and config.family is None:
            yield f"distances.{name}.kind: found 'family'; allowed only with the key 'family'"
    if config.studies.philippy2023 is not None:
        yield from _philippy2023_references(config, config.studies.philippy2023)


def _encoder_references(config: Config, name: str, encoder: Encoder) -> Iterable[str]:
    if not isinstance(encoder, PretrainedEncoder):
        return
    key = f"encoders.{name}"
    if encoder.hidden % encoder.heads:
        yield f"{key}.hidden: found {encoder.hidden}; must be a multiple of heads ({encoder.heads})"
    if encoder.warmup_steps >= encoder.steps:
        yield f"{key}.warmup_steps: found {encoder.warmup_steps}; must be below steps"
    for place, text in enumerate(encoder.text):
        if text.corpus not in config.corpora:
            yield _unknown(f"{key}.text.{place}.corpus", text.corpus, config.corpora)
        elif config.corpora[text.corpus].home == "family" and config.family is not None:
            for language in sorted(set(encoder.languages) - set(config.family.languages)):
                yield _unknown(f"{key}.languages", language, config.family.languages)
    if not any(text.parallel for text in encoder.text):
        for field in ("warm_start", "cross_lingual"):
            if getattr(encoder, field):
                yield f"{key}.{field}: needs an entry of text with parallel: true"


def _philippy2023_references(config: Config, study: Philippy2023) -> Iterable[str]:
    key = "studies.philippy2023"
    for field, known in (
        ("encoder", config.encoders),
        ("task", config.tasks),
        ("recipe", config.recipes),
    ):
        if getattr(study, field) not in known:
            yield _unknown(f"{key}.{field}", getattr(study, field), known)
    for name in study.distances:
        if name not in config.distances:
            yield _unknown(f"{key}.distances", name, config.distances)
    if study.source not in study.languages:
        yield _unknown(f"{key}.source", study.source, study.languages)
    for field in ("languages", "distances", "bases"):
        values = getattr(study, field)
        if len(set(values)) < len(values):
            yield f"{key}.{field}: found {values}; each may stand once"
    task = config.tasks.get(study.task)
    corpus = config.corpora.get(task.corpus) if task is not None else None
    if corpus is not None and corpus.home == "family" and config.family is not None:
        for language in sorted(set(study.languages) - set(config.family.languages)):
            yield _unknown(f"{key}.languages", language, config.family.languages)
    encoder = config.encoders.get(study.encoder)
    recipe = config.recipes.get(study.recipe)
    for where, layers in [
        *((f"{key}.experiments.{name}", chosen) for name, chosen in study.experiments.items()),
        (f"recipes.{study.recipe}.freeze", recipe.freeze if recipe else []),
    ]:
        if layers == "rule" or encoder is None:
            continue
        if not layers and "experiments" in where:
            yield f"{where}: found an empty list; name at least one layer, or rule"
        for layer in layers:
            if int(layer) > encoder.layers:
                yield (
                    f"{where}: found layer {layer}; encoder {study.encoder!r} has layers "
                    f"1 to {encoder.layers}"
                )


class Frozen(NamedTuple):
    """A recipe's name taken apart."""

    recipe: str
    layers: tuple[int, ...]
    study: str | None
    experiment: str | None


def parse_recipe(name: str) -> Frozen:
    """Take apart the name of a recipe and its intervention.

    `philippy2023` is the recipe itself, `philippy2023-freeze-1-2` freezes blocks 1 and 2,
    and `philippy2023-freeze-philippy2023.A` freezes what that study chose as experiment A.
    """
    base, _, intervention = name.partition("-freeze-")
    if not intervention:
        return Frozen(base, (), None, None)
    if re.fullmatch(r"\d+(-\d+)*", intervention):
        return Frozen(base, tuple(int(layer) for layer in intervention.split("-")), None, None)
    study, _, experiment = intervention.partition(".")
    return Frozen(base, (), study, experiment)


def frozen_recipe(recipe: str, study: str, experiment: str, layers: list[int] | str) -> str:
    """Name of a recipe with the layers of an experiment frozen; inverse of `parse_recipe`."""
    if isinstance(layers, str):
        return f"{recipe}-freeze-{study}.{experiment}"
    return f"{recipe}-freeze-{'-'.join(str(layer) for layer in sorted(layers))}"


def schema() -> dict[str, Any]:
    """JSON schema of the configuration."""
    return Config.model_json_schema()


def project_file(path: str, workdir: Path, project: Path) -> Path:
    """A file of the working directory, or else of the project's own folder."""
    return workdir / path if (workdir / path).exists() else project / path


def check_paths(config: Config, workdir: Path, project: Path) -> None:
    """Check that the folders and files a configuration names are there.

    Raises
    ------
    ConfigError
        for a missing mirror folder, table, encoder folder or distance file
    """
    for key in ("datasets", "languages"):
        path = getattr(config, key)
        if not project_file(path, workdir, project).is_file():
            raise ConfigError(f"{key}: found {path!r}; no such file")
    homes = [name for name, corpus in config.corpora.items() if corpus.home == "mirror"]
    if homes and not (workdir / config.mirror).is_dir():
        raise ConfigError(
            f"mirror: found {config.mirror!r}; no such folder, but corpora.{homes[0]} needs it "
            "(docs/data.md says how to fill one)"
        )
    for name, encoder in config.encoders.items():
        if encoder.kind == "folder" and not (workdir / encoder.path / "config.json").is_file():
            raise ConfigError(
                f"encoders.{name}.path: found {encoder.path!r}; needs a folder with config.json"
            )
    for name, distances in config.distances.items():
        if distances.kind == "zip" and not (workdir / distances.path).is_file():
            raise ConfigError(f"distances.{name}.path: found {distances.path!r}; no such file")
