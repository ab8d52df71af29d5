"""Names of runs: what a run was trained on, and a recipe's intervention."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# A language, or so many of its training examples drawn by the run's seed: de, de-100.
PART = r"[a-z]{2,3}(-[a-z]+)*(-[1-9]\d*)?"
TRAINED_ON = rf"{PART}(\+{PART})*"
# What may follow the name of a recipe: its kind, and layers or a study's experiment.
INTERVENTIONS = ("freeze", "reinit")
INTERVENTION = rf"-({'|'.join(INTERVENTIONS)})-[a-zA-Z0-9.-]+"


class Part(NamedTuple):
    """A language of a training set, and how many of its examples; None for all."""

    language: str
    examples: int | None


def parse_trained_on(name: str) -> list[Part]:
    """Take apart the name of a training set.

    `en+de` is all of both languages, `en+de-100` all of English and 100 examples of German.
    """
    parts = []
    for item in name.split("+"):
        language, _, count = item.rpartition("-")
        few = bool(language) and count.isdecimal()
        parts.append(Part(language, int(count)) if few else Part(item, None))
    return parts


class Intervention(NamedTuple):
    """A recipe's name taken apart.

    kind : `freeze` or `reinit`, or None for the recipe itself
    study, experiment : where a study chooses the layers, else None
    """

    recipe: str
    kind: str | None = None
    layers: tuple[int, ...] = ()
    study: str | None = None
    experiment: str | None = None


def parse_recipe(name: str) -> Intervention:
    """Take apart the name of a recipe and its intervention.

    `philippy2023` is the recipe itself, `philippy2023-freeze-1-2` freezes blocks 1 and 2,
    `words-reinit-1-2` starts them from new weights, and `philippy2023-freeze-philippy2023.A`
    freezes what that study chose as experiment A.
    """
    for kind in INTERVENTIONS:
        base, found, chosen = name.partition(f"-{kind}-")
        if not found:
            continue
        if re.fullmatch(r"\d+(-\d+)*", chosen):
            return Intervention(base, kind, tuple(int(layer) for layer in chosen.split("-")))
        study, _, experiment = chosen.partition(".")
        return Intervention(base, kind, (), study, experiment)
    return Intervention(name)


def frozen_recipe(recipe: str, study: str, experiment: str, layers: list[int] | str) -> str:
    """Name of a recipe with the layers of an experiment frozen; inverse of `parse_recipe`."""
    if isinstance(layers, str):
        return f"{recipe}-freeze-{study}.{experiment}"
    return f"{recipe}-freeze-{_joined(layers)}"


def reinitialised_recipe(recipe: str, layers: Sequence[int]) -> str:
    """Name of a recipe whose named layers start from new weights; inverse of `parse_recipe`."""
    return f"{recipe}-reinit-{_joined(layers)}"


def _joined(layers: Sequence[int]) -> str:
    return "-".join(str(layer) for layer in sorted(layers))
