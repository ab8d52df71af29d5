"""Studies: what is asked of encoders, tasks and recipes."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from isogloss.config.landscapes import Wu2022
from isogloss.config.muller2021 import Muller2021
from isogloss.config.runs import TRAINED_ON
from isogloss.config.subnetworks import Portion
from isogloss.config.values import Language, Languages, Layer, Model, Name, Positive

PaperTask = Literal["NER", "POS", "NLI", "PI", "QA"]
MixtureMethod = Literal["X-SNS", "EMB", "L2V", "LEX", "SuE", "oracle"]


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


class PredictedTask(Model):
    """A task of Yun et al. 2023: its gold scores, and for which languages they are predicted."""

    task: Name = Field(description="name of a task")
    recipe: Name = Field(description="name of a recipe")
    languages: Annotated[list[Language], Field(min_length=4)] = Field(
        description="candidate sources, and targets of each other"
    )
    low_resource: list[Language] = Field(
        [], description="further targets, which are no sources (Figure 7)"
    )
    metric: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="metric of the gold scores; null for the task's main metric. The released code "
        "takes sentence_accuracy for tags and names",
    )
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = Field(
        [42, 16, 10], description="seeds of the fine-tunings behind the gold scores"
    )


class Mixtures(Model):
    """Training on the three sources that each method puts first (Figure 4)."""

    tasks: Annotated[list[PaperTask], Field(min_length=1)] = Field(
        ["NER", "POS"], description="tasks to train mixtures for"
    )
    methods: Annotated[list[MixtureMethod], Field(min_length=1)] = Field(
        ["X-SNS", "EMB", "L2V", "LEX", "SuE", "oracle"],
        description="methods that choose three sources for each target; oracle is BEST-3",
    )
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = Field(
        [42], description="seeds of the fine-tunings on mixtures"
    )


class Xsns2023(Model):
    """Yun et al. 2023."""

    encoder: Name = Field(description="name of an encoder")
    tasks: Annotated[dict[PaperTask, PredictedTask], Field(min_length=1)] = Field(
        description="tasks by the name that the paper's tables print"
    )
    subnetworks: dict[Literal["T/T", "T/L", "W/L"], Name] = Field(
        description="sub-networks of Table 1, by text (T task, W Wikipedia) and objective (T task, "
        "L language model); T/L is required and fills everything else"
    )
    others: list[Name] = Field(
        [], description="further sub-networks, whose rankings are shown beside those of T/L"
    )
    p: Portion = Field(
        0.15, description="fraction of the parameters that a sub-network keeps; in the grid"
    )
    models: dict[Literal["mBERT", "XLM-R", "mT5"], Name] = Field(
        {}, description="encoders of Table 4 by the name that it prints, other than `encoder` too"
    )
    models_task: PaperTask = Field("NER", description="task of Table 4")
    low_resource_task: PaperTask = Field("NER", description="task of Figures 1 and 7")
    source: Language = Field("en", description="the source that is the usual choice, English")
    typology: Name = Field(
        description="distances whose features are L2V: kind lang2vec, or family for generated text"
    )
    embedding_layers: list[Annotated[int, Field(ge=0)]] = Field(
        [], description="layers of EMB besides the last one, which fills the tables"
    )
    merges: Positive = Field(200, description="byte-pair merges behind Subword Evenness")
    mixtures: Mixtures | None = Field(None, description="Figure 4; null leaves it out")
    resamples: int = Field(2000, ge=100, description="draws of targets behind an interval")
    permutations: int = Field(9999, ge=99, description="relabellings behind a permutation p")
    statistics_seed: int = Field(1, ge=0, description="seed of permutations and resamples")

    @model_validator(mode="after")
    def _has_main(self) -> "Xsns2023":
        if "T/L" not in self.subnetworks:
            raise ValueError("found subnetworks without T/L; allowed: T/L and any of T/T and W/L")
        return self


class Across(Model):
    """Layers and pairs of languages across the studies; no paper has it."""

    permutations: int = Field(9999, ge=99, description="relabellings behind a permutation p")
    statistics_seed: int = Field(1, ge=0, description="seed of the relabellings")


StudyName = Literal["transfer", "philippy2023", "muller2021", "xsns2023", "wu2022", "across"]


class Studies(Model):
    """Which studies to run."""

    transfer: dict[Name, Transfer] = Field({}, description="matrices of scores by name")
    philippy2023: Philippy2023 | None = Field(None, description="null leaves the study out")
    muller2021: Muller2021 | None = Field(None, description="null leaves the study out")
    xsns2023: Xsns2023 | None = Field(None, description="null leaves the study out")
    wu2022: Wu2022 | None = Field(None, description="null leaves the study out")
    across: Across | None = Field(
        None, description="what the layers do in all studies at hand; null leaves it out"
    )
