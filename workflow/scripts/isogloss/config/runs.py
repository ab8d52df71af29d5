"""Names of runs: what a run was trained on, and a recipe's intervention."""

import re
from typing import NamedTuple

# A language, or so many of its training examples drawn by the run's seed: de, de-100.
PART = r"[a-z]{2,3}(-[a-z]+)*(-[1-9]\d*)?"
TRAINED_ON = rf"{PART}(\+{PART})*"
INTERVENTION = "-freeze-"


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
