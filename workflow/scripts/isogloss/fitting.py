"""Whether what a part of the configuration names exists, and fits the rest."""

from collections.abc import Iterator, Mapping
from typing import Any

from isogloss.config.encoders import AdaptedEncoder, BilstmEncoder, PretrainedEncoder
from isogloss.config.landscapes import InterpolatedTask
from isogloss.config.muller2021 import StudiedTask, UnseenTask
from isogloss.config.studies import Philippy2023, PredictedTask, Transfer
from isogloss.config.whole import Config
from isogloss.metrics.names import METRICS
from isogloss.wording import unknown

Learning = Philippy2023 | Transfer | PredictedTask | InterpolatedTask | StudiedTask | UnseenTask
Scored = PredictedTask | InterpolatedTask | StudiedTask | UnseenTask
# Encoders whose longest input the configuration says.
OfLength = (PretrainedEncoder, AdaptedEncoder, BilstmEncoder)


def twice(key: str, values: list[Any]) -> Iterator[str]:
    """Values that stand more than once."""
    again = sorted({value for value in values if values.count(value) > 1})
    if again:
        yield f"{key}: found {', '.join(map(repr, again))} more than once; allowed: once each"


def fitting(
    config: Config,
    key: str,
    name: str,
    study: Learning,
) -> Iterator[str]:
    """Task and recipe: whether they exist and fit the encoder `name`."""
    for field, known in (("task", config.tasks), ("recipe", config.recipes)):
        if getattr(study, field) not in known:
            yield unknown(f"{key}.{field}", getattr(study, field), known)
    encoder, task = config.encoders.get(name), config.tasks.get(study.task)
    short = isinstance(encoder, OfLength) and encoder.max_length
    if task is not None and short and task.max_length > short:
        yield (
            f"tasks.{study.task}.max_length: found {task.max_length}; allowed: at most max_length "
            f"of encoder {name!r} ({short})"
        )
    recipe = config.recipes.get(study.recipe)
    if encoder is not None and recipe is not None:
        chosen = {
            f"recipes.{study.recipe}.freeze": recipe.freeze,
            f"recipes.{study.recipe}.reinitialise": recipe.reinitialise,
        }
        yield from depth(chosen, name, encoder.layers)


def scored(config: Config, key: str, study: Scored, kind: str) -> Iterator[str]:
    """Whether a study's task is of the kind that its printed name says, and has its metric."""
    task = config.tasks.get(study.task)
    if task is None:
        return
    if task.kind != kind:
        found = f"found {study.task!r}, of kind {task.kind}"
        yield f"{key}.task: {found}; allowed: a task of kind {kind}"
    if study.metric is not None and study.metric not in METRICS[task.kind]:
        yield unknown(f"{key}.metric", study.metric, METRICS[task.kind])


def depth(chosen: Mapping[str, list[Any]], encoder: str, layers: int) -> Iterator[str]:
    """Layers, by key, that an encoder does not have."""
    for where, numbers in chosen.items():
        for layer in numbers:
            if layer > layers:
                yield (
                    f"{where}: found layer {layer}; allowed: 1 to {layers}, "
                    f"the layers of encoder {encoder!r}"
                )
