"""What studies learn and score: each task with the languages it is trained and tested on."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isogloss.config.muller2021 import Muller2021, UnseenTask, Writing
from isogloss.config.runs import parse_trained_on
from isogloss.config.studies import PredictedTask
from isogloss.config.whole import Config

# Each encoder of an unseen language: the study's own, adapted to it, on it alone, and a BiLSTM.
MODELS = ("pretrained", "adapted", "alone", "baseline")


class Learnt(NamedTuple):
    """Runs of an encoder on a task, and which keys of the configuration ask for their languages.

    encoder : None where no run is scored as a whole
    split : split of the rows that scores are taken on
    """

    encoder: str | None
    task: str
    recipe: str
    trained: list[str]
    tested: list[str]
    trained_key: str
    tested_key: str
    split: str = "test"


def learnt(config: Config) -> Iterator[Learnt]:
    """All runs of all studies, by encoder and task."""
    study = config.studies.philippy2023
    if study is not None:
        key, languages = "studies.philippy2023.languages", list(study.languages)
        names = (study.encoder, study.task, study.recipe)
        yield Learnt(*names, languages, languages, key, key)
    for name, transfer in config.studies.transfer.items():
        key = f"studies.transfer.{name}"
        parts = [part for source in transfer.sources for part in parse_trained_on(source)]
        trained = list(dict.fromkeys(part.language for part in parts))
        names = (transfer.encoder, transfer.task, transfer.recipe)
        keys = (f"{key}.sources", f"{key}.targets")
        yield Learnt(*names, trained, list(transfer.targets), *keys)
    for printed, encoder, chosen in predicted_tasks(config):
        key = f"studies.xsns2023.tasks.{printed}"
        tested = [*chosen.languages, *chosen.low_resource]
        names = (encoder, chosen.task, chosen.recipe)
        keys = (f"{key}.languages", f"{key}.low_resource")
        yield Learnt(*names, list(chosen.languages), tested, *keys)
    if config.studies.muller2021 is not None:
        yield from _muller2021(config.studies.muller2021)
    between = config.studies.wu2022
    if between is not None:
        key = "studies.wu2022.targets"
        languages = list(dict.fromkeys([*between.sources, *between.targets]))
        for item in between.tasks.values():
            yield Learnt(
                *(None, item.task, item.recipe, languages, languages, key, key), between.split
            )


def predicted_tasks(config: Config) -> Iterator[tuple[str, str, PredictedTask]]:
    """Printed name, encoder and task of each matrix of gold scores of Yun et al.'s study."""
    study = config.studies.xsns2023
    if study is None:
        return
    for printed, chosen in study.tasks.items():
        yield printed, study.encoder, chosen
        if printed == study.models_task:
            yield from ((printed, name, chosen) for name in study.models.values())


def _muller2021(study: Muller2021) -> Iterator[Learnt]:
    key = "studies.muller2021"
    tested = list(dict.fromkeys([*study.sources, *study.targets]))
    for item in study.tasks.values():
        names = (study.encoder, item.task, item.recipe)
        yield Learnt(*names, list(study.sources), tested, f"{key}.sources", f"{key}.targets")
    for printed, chosen in study.unseen.tasks.items() if study.unseen else ():
        where = f"{key}.unseen.tasks.{printed}"
        for writing, task, languages in writings(chosen):
            part = "languages" if writing == "original" else f"{writing}.languages"
            for language in languages:
                for model, encoder in unseen_encoders(study, chosen, writing, language):
                    recipe = chosen.baseline_recipe if model == "baseline" else chosen.recipe
                    one = [language]
                    keys = (f"{where}.{part}", f"{where}.{part}")
                    yield Learnt(encoder, task, recipe, one, one, *keys)


def writings(chosen: UnseenTask) -> Iterator[tuple[Writing, str, Sequence[str]]]:
    """Each writing of a task on unseen languages, with its task and languages."""
    yield "original", chosen.task, [*chosen.languages, *chosen.controls]
    if chosen.latin is not None:
        yield "latin", chosen.latin.task, chosen.latin.languages
    if chosen.permuted is not None:
        yield "permuted", chosen.permuted.task, chosen.permuted.languages


def unseen_encoders(
    study: Muller2021, chosen: UnseenTask, writing: Writing, language: str
) -> Iterator[tuple[str, str]]:
    """Models of a language in a writing, with their encoders; a seen language has the first."""
    if study.unseen is None:
        return
    yield MODELS[0], study.unseen.encoder or study.encoder
    named = study.unseen.encoders.get(writing)
    if language in chosen.controls or named is None:
        return
    for model in MODELS[1:]:
        name = getattr(named, model)
        if name is not None:
            yield model, f"{name}-{language}"
