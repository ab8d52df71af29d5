"""Muller et al. 2021: re-initialised layers, similarity of languages, unseen languages."""

from typing import Annotated, Literal

from pydantic import Field

from isogloss.config.values import Language, Languages, Layer, Model, Name, Positive

StudiedName = Literal["Parsing", "POS", "NER"]
Index = Literal["cka", "rbf_cka", "svcca", "rsa", "retrieval"]
Protocol = Literal["mean", "authors"]
Writing = Literal["original", "latin", "permuted"]
Seeds = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
Metric = Annotated[str, Field(min_length=1)] | None


class StudiedTask(Model):
    """A task that is learnt from each source, with all layers and with some of them new."""

    task: Name = Field(description="name of a task")
    recipe: Name = Field(description="name of a recipe, of all runs of the task")
    metric: Metric = Field(
        None, description="metric that is shown; null for the task's main metric"
    )
    seeds: Seeds = Field([1, 2, 3, 4, 5], description="seeds of the runs")


class ParallelText(Model):
    """Sentences that translate each other: rows of the same number in all languages."""

    corpus: Name = Field(description="name of a corpus")
    split: str = Field("all", description="split of the corpus")
    languages: list[Language] = Field(
        [], description="languages to compare; empty for sources and targets"
    )


class Alignment(Model):
    """Similarity of languages in each layer, before and after fine-tuning."""

    texts: Annotated[dict[Name, ParallelText], Field(min_length=1)] = Field(
        description="parallel texts by name; the first one fills the table of the gap"
    )
    sentences: Positive = Field(1000, description="first sentences that a pair is compared on")
    max_length: int = Field(128, ge=8, description="longest input, sub-words")
    indices: Annotated[list[Index], Field(min_length=1)] = Field(
        ["cka", "rbf_cka", "svcca", "rsa", "retrieval"],
        description="indices of similarity; the first one fills the table of the gap",
    )
    protocols: Annotated[list[Protocol], Field(min_length=1)] = Field(
        ["mean", "authors"],
        description="mean: states averaged over a sentence's sub-words; authors: as the released "
        "script, with a special sub-word at each end and four windows of nearly the same sentences",
    )


class Rewritten(Model):
    """A task on the rows of another one in another writing."""

    task: Name = Field(description="name of a task whose corpus is the same in this writing")
    languages: Languages = Field(description="languages or controls that are rewritten")


class UnseenTask(Model):
    """A task that is learnt and scored in each unseen language."""

    task: Name = Field(description="name of a task")
    recipe: Name = Field(description="name of a recipe, of all encoders")
    baseline_recipe: Name = Field(description="name of a recipe, of the BiLSTM")
    metric: Metric = Field(
        None, description="metric that is shown; null for the task's main metric"
    )
    seeds: Seeds = Field([1, 2, 3, 4, 5], description="seeds of the runs")
    languages: Languages = Field(description="unseen languages")
    controls: list[Language] = Field(
        [], description="seen languages, which are rewritten to see what that alone does"
    )
    latin: Rewritten | None = Field(None, description="the same in Latin script")
    permuted: Rewritten | None = Field(
        None, description="the same with the letters of the script exchanged for each other"
    )


class Encoders(Model):
    """Encoders of one language each: names that stand under encoders with the key each."""

    adapted: Name | None = Field(None, description="the study's encoder, adapted to the language")
    alone: Name | None = Field(None, description="pretrained on the language alone")
    baseline: Name | None = Field(None, description="a BiLSTM, not pretrained")


class Unseen(Model):
    """Languages that the encoder has not seen, and what helps there."""

    encoder: Name | None = Field(
        None, description="name of an encoder that has not seen them; null for the study's"
    )
    encoders: dict[Writing, Encoders] = Field(
        description="encoders by writing; original is required, with adapted and baseline"
    )
    tasks: Annotated[dict[StudiedName, UnseenTask], Field(min_length=1)] = Field(
        description="tasks by the name that the tables print"
    )


class Muller2021(Model):
    """Muller et al. 2021 (EACL and NAACL), as the talk of 2022 has them."""

    encoder: Name = Field(description="name of an encoder")
    tasks: Annotated[dict[StudiedName, StudiedTask], Field(min_length=1)] = Field(
        description="tasks by the name that the tables print"
    )
    sources: Languages = Field(description="source languages; the first one fills the LAS table")
    targets: Languages = Field(description="target languages; a source is not a target of its own")
    groups: Literal["pairs"] | list[Annotated[list[Layer], Field(min_length=1)]] = Field(
        "pairs",
        description="layers that are re-initialised together: pairs of consecutive layers, for an "
        "encoder of any depth, or a list of sets",
    )
    alignment: Alignment | None = Field(
        None, description="similarity of languages; null leaves it out, and the gap with it"
    )
    unseen: Unseen | None = Field(None, description="unseen languages; null leaves them out")
    threads: int = Field(
        1, ge=1, le=64, description="CPU threads of a job that embeds or compares languages"
    )
    resamples: int = Field(2000, ge=100, description="draws behind an interval")
    permutations: int = Field(9999, ge=99, description="relabellings behind a permutation p")
    statistics_seed: int = Field(1, ge=0, description="seed of draws and relabellings")


def groups_of(study: Muller2021, layers: int) -> list[tuple[int, ...]]:
    """Sets of layers that are re-initialised, in order; an odd last layer stands alone."""
    if study.groups == "pairs":
        every = range(1, layers + 1)
        return [tuple(every[start : start + 2]) for start in range(0, layers, 2)]
    return [tuple(sorted(group)) for group in study.groups]


def targets_of(study: Muller2021, source: Language) -> list[Language]:
    """Targets of a source: all but itself."""
    return [target for target in study.targets if target != source]


def parallel_languages(study: Muller2021, text: str) -> list[Language]:
    """Languages of a parallel text: those it names, or sources and targets."""
    named = study.alignment.texts[text].languages if study.alignment else []
    return list(named) or list(dict.fromkeys([*study.sources, *study.targets]))
