"""From the configuration to the runs and files it asks for. Read when Snakemake plans."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from isogloss.config import Config, Philippy2023, PretrainedEncoder, frozen_recipe
from isogloss.corpora.sources import Source, find_source, locate

HELD_OUT = ("dev", "test")


class Upstream(NamedTuple):
    """One upstream file of a corpus: where it is or will be, and how to read it."""

    path: str
    source: Source


def upstream(
    config: Config,
    datasets: list[Source],
    languages: dict[str, dict[str, str]],
    corpus: str,
    language: str,
    split: str,
) -> Upstream:
    """File from which a split of a corpus in a language is read."""
    chosen = config.corpora[corpus]
    source = find_source(datasets, chosen.dataset, chosen.home, split)
    if chosen.home == "mirror":
        return Upstream(f"{config.mirror}/{locate(source, language, languages)}", source)
    if chosen.home == "family":
        return Upstream(f"results/family/{locate(source, language, languages)}", source)
    return Upstream(f"results/downloads/{corpus}/{language}/{split}", source)


def held_out_splits(config: Config, datasets: list[Source], corpus: str) -> list[str]:
    """Splits of a corpus that training text must not overlap with."""
    chosen = config.corpora[corpus]
    return [
        source.split
        for source in datasets
        if (source.dataset, source.home) == (chosen.dataset, chosen.home)
        and source.split in HELD_OUT
    ]


class Run(NamedTuple):
    """A fine-tuned model, named by five words."""

    encoder: str
    task: str
    trained_on: str
    recipe: str
    seed: int

    @property
    def folder(self) -> str:
        """Folder of the run's files."""
        return "results/runs/" + "/".join(str(word) for word in self)


def source_runs(study: Philippy2023) -> dict[str, Run]:
    """One run per source language."""
    return {
        language: Run(study.encoder, study.task, language, study.recipe, study.seed)
        for language in study.languages
    }


def experiment_runs(study: Philippy2023) -> dict[str, Run]:
    """One run per freezing experiment."""
    return {
        name: Run(
            study.encoder,
            study.task,
            study.source,
            frozen_recipe(study.recipe, "philippy2023", name, layers),
            study.seed,
        )
        for name, layers in sorted(study.experiments.items())
    }


def last_source(study: Philippy2023) -> Run:
    """The run whose states the released code takes for the base: its last source."""
    return source_runs(study)[study.languages[-1]]


def targets(config: Config, encoder: str, task: str) -> list[str]:
    """Languages on which runs of an encoder and task are scored, in the studies' order."""
    study = config.studies.philippy2023
    if study is not None and (study.encoder, study.task) == (encoder, task):
        return list(study.languages)
    return []


def pooling(config: Config, encoder: str, task: str) -> str:
    """How the states of an encoder and task are pooled over sub-words."""
    study = config.studies.philippy2023
    if study is not None and (study.encoder, study.task) == (encoder, task):
        return study.pooling
    return "cls"


def pretraining_texts(encoder: PretrainedEncoder) -> list[tuple[str, str, str, bool]]:
    """Corpus, language, split and parallelism of each text an encoder is pretrained on."""
    return [
        (text.corpus, language, text.split, text.parallel)
        for text in encoder.text
        for language in encoder.languages
    ]


def one_of(names: Iterable[str]) -> str:
    """Regular expression that matches these names only, and nothing if there are none."""
    return "|".join(re.escape(name) for name in sorted(names)) or "(?!x)x"


def distance_languages(config: Config, distances: str) -> list[str]:
    """Languages whose distances some study asks for, sorted."""
    study = config.studies.philippy2023
    wanted = study.languages if study is not None and distances in study.distances else []
    return sorted(wanted)
