"""Studies: what is asked of encoders, tasks and recipes."""

from typing import Annotated, Literal

from pydantic import Field

from isogloss.config.runs import TRAINED_ON
from isogloss.config.values import Language, Languages, Layer, Model, Name


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


TrainedOn = Annotated[str, Field(pattern=rf"^{TRAINED_ON}$")]


class Transfer(Model):
    """A matrix of scores: runs of a task, each scored on all targets."""

    encoder: Name = Field(description="name of an encoder")
    task: Name = Field(description="name of a task")
    recipe: Name = Field(description="name of a recipe")
    sources: Annotated[list[TrainedOn], Field(min_length=1)] = Field(
        description="training sets: languages, several joined by +, de-100 for 100 examples of de"
    )
    targets: Languages = Field(description="languages to score on")
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = Field(
        [1], description="one run per source and seed; the matrix shows the mean"
    )


class Studies(Model):
    """Which studies to run."""

    transfer: dict[Name, Transfer] = Field({}, description="matrices of scores by name")
    philippy2023: Philippy2023 | None = Field(None, description="null leaves the study out")
