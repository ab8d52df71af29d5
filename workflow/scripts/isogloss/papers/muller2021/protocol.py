"""The one file of the study's settings, and what this configuration has beside each.

The talk prints results, and few of the settings behind them; the code has arguments without values.
`resources/protocols/muller2021.csv` has a row for each setting of the whole study, with where its
value comes from: the talk, the code, or ours.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from isogloss.config.muller2021 import Muller2021, groups_of
from isogloss.errors import TableError
from isogloss.papers.muller2021.names import encoder_names

COLUMNS = ["setting", "value", "origin", "reason"]
ORIGINS = ("talk", "code", "ours")

Dumped = Mapping[str, Mapping[str, Any]]


class Configured(NamedTuple):
    """Parts of the configuration that the study names, as plain values by name.

    corpora : data set by corpus
    """

    tasks: Dumped
    recipes: Dumped
    encoders: Dumped
    corpora: Mapping[str, str]


def read_protocol(path: str | Path) -> pd.DataFrame:
    """Read the settings of the whole study.

    Returns
    -------
    DataFrame
        text columns setting (no two alike), value, origin (talk, code or ours) and reason

    Raises
    ------
    TableError
        with file and line for other columns, an empty cell, a setting that stands twice, an
        unknown origin
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(frame.columns) != COLUMNS:
        raise TableError(f"{path}:1: columns {list(frame.columns)}; allowed: {COLUMNS}")
    checks = {
        "an empty cell; allowed: none": (frame == "").any(axis=1),
        "a setting that stands above too; allowed: once": frame.duplicated("setting"),
        f"an unknown origin; allowed: {', '.join(ORIGINS)}": ~frame["origin"].isin(ORIGINS),
    }
    for reason, wrong in checks.items():
        if wrong.any():
            # 1-based, after the heading; no cell holds a line break
            raise TableError(f"{path}:{int(frame.index[wrong][0]) + 2}: {reason}")
    return frame


def protocol_table(
    protocol: pd.DataFrame,
    settings: Muller2021,
    layers: int,
    metrics: Mapping[str, str],
    configured: Configured,
) -> pd.DataFrame:
    """The protocol with what this configuration has beside each setting.

    Parameters
    ----------
    protocol : result of `read_protocol`
    metrics : metric by configured task

    Returns
    -------
    DataFrame
        text columns setting, "whole study", here (empty where a setting has no key), origin
        and reason
    """
    found = given(settings, layers, metrics, configured)
    table = protocol.rename(columns={"value": "whole study"})
    table.insert(2, "here", [found.get(name, "") for name in table["setting"]])
    return table


def given(
    settings: Muller2021, layers: int, metrics: Mapping[str, str], configured: Configured
) -> dict[str, str]:
    """What a configuration has for the settings of the protocol that are keys of it."""
    return {
        **_of_layers(settings, layers, metrics),
        **_of_training(settings, configured),
        **_of_alignment(settings, layers),
        **_of_unseen(settings, configured),
        "draws of a bootstrap": str(settings.resamples),
        "relabellings of a permutation test": str(settings.permutations),
    }


def _of_layers(settings: Muller2021, layers: int, metrics: Mapping[str, str]) -> dict[str, str]:
    groups = ["-".join(map(str, group)) for group in groups_of(settings, layers)]
    kind = "pairs of consecutive layers" if settings.groups == "pairs" else "sets of layers"
    return {
        "encoder": f"{settings.encoder}, {layers} layers",
        "tasks": ", ".join(settings.tasks),
        "sources": ", ".join(settings.sources),
        "targets": f"{len(settings.targets)}: {', '.join(settings.targets)}",
        "layers that start anew": f"{kind}: {', '.join(groups)}",
        "scores": ", ".join(f"{name} {metrics[x.task]}" for name, x in settings.tasks.items()),
        "seeds": _seeds({name: item.seeds for name, item in settings.tasks.items()}),
    }


def _of_training(settings: Muller2021, configured: Configured) -> dict[str, str]:
    """Settings of tasks and recipes, as far as they are known."""
    recipes = {
        name: configured.recipes[item.recipe]
        for name, item in settings.tasks.items()
        if item.recipe in configured.recipes
    }
    tasks = {
        name: configured.tasks[item.task]
        for name, item in settings.tasks.items()
        if item.task in configured.tasks
    }
    told = {
        "epochs": _told(recipes, _length),
        "learning rate": _told(recipes, lambda r: f"{r['learning_rate']:g}, {r['decay']} decay"),
        "batch": _told(recipes, lambda r: str(r["batch"])),
        "clipping": _told(recipes, _clip),
        "warm-up": _told(recipes, lambda r: f"{100 * r['warmup']:g} percent of the steps"),
        "optimiser": _told(recipes, lambda r: f"AdamW, weight decay {r['weight_decay']:g}"),
        "selection": _told(recipes, lambda r: str(r["select"]).replace("_", " ")),
        "new weights": _told(recipes, lambda r: str(r["initialisation"])),
        "word representation": _told(tasks, lambda t: f"{t['subword']} sub-word"),
    }
    parsers = {name: task for name, task in tasks.items() if "arc_size" in task}
    told["parser"] = _told(
        parsers,
        lambda t: (
            f"biaffine, arcs {t['arc_size']}, relations {t['relation_size']}, "
            f"dropout {t['head_dropout']:g}"
        ),
    )
    told["relations"] = _told(
        parsers, lambda t: "with subtypes" if t["subtypes"] else "without subtypes"
    )
    sets = {name: configured.corpora.get(task["corpus"], "") for name, task in tasks.items()}
    trees = sets.get("Parsing", sets.get("POS", ""))
    for source in settings.sources:
        told[f"treebank of {source}"] = trees
    told["test sets of targets"] = told["test set of a source"] = trees
    told["names"] = sets.get("NER", "")
    return told


def _of_alignment(settings: Muller2021, layers: int) -> dict[str, str]:
    asked = settings.alignment
    if asked is None:
        return {}
    texts = [f"{name} ({text.corpus})" for name, text in asked.texts.items()]
    authors = "protocol authors too" if "authors" in asked.protocols else "not in this run"
    return {
        "parallel text": "; ".join(texts),
        "number of sentences": str(asked.sentences),
        "longest sentence": f"{asked.max_length} sub-words",
        "index of similarity": _first(asked.indices),
        "kernel of rbf_cka": "as in the protocol" if "rbf_cka" in asked.indices else "not asked",
        "pooling": "mean" if "mean" in asked.protocols else "as the authors' script",
        "windows": f"all sentences; {authors}" if "mean" in asked.protocols else "four windows",
        "layer of the gap": f"mean over layers 1 to {layers} of the fine-tuned model",
        "sign of the gap's correlation": "as in the protocol",
        "pairs of the gap": f"sources {', '.join(settings.sources)} with their targets",
    }


def _of_unseen(settings: Muller2021, configured: Configured) -> dict[str, str]:
    asked = settings.unseen
    if asked is None:
        return {}
    tasks = asked.tasks
    languages = dict.fromkeys(code for item in tasks.values() for code in item.languages)
    controls = dict.fromkeys(code for item in tasks.values() for code in item.controls)
    told = {
        "unseen languages": f"{len(languages)}: {', '.join(languages)}",
        "seeds on unseen languages": _seeds({name: item.seeds for name, item in tasks.items()}),
        "training on unseen languages": _recipes(
            configured, [item.recipe for item in tasks.values()]
        ),
        "training of the baseline": _recipes(
            configured, [item.baseline_recipe for item in tasks.values()]
        ),
        "controls": ", ".join(controls) or "none",
    }
    for setting, kind in (("transliterated languages", "latin"), ("permuted letters", "permuted")):
        found = [getattr(item, kind) for item in tasks.values()]
        codes = dict.fromkeys(code for item in found if item for code in item.languages)
        told[setting] = ", ".join(codes) or "none"
    names = encoder_names(settings)
    for model, setting in (
        ("adapted", "adaptation"),
        ("alone", "model on the language alone"),
        ("baseline", "baseline"),
    ):
        if model not in names:
            told[setting] = "not in this run"
        elif names[model] in configured.encoders:
            told[setting] = _encoder(configured.encoders[names[model]])
    if names.get("adapted") in configured.encoders:
        texts = configured.encoders[names["adapted"]]["text"]
        sets = [configured.corpora.get(text["corpus"], text["corpus"]) for text in texts]
        told["raw text"] = ", ".join(dict.fromkeys(sets))
    return told


def _encoder(dumped: Mapping[str, Any]) -> str:
    """An encoder of one language in a few words."""
    if dumped["kind"] == "adapted":
        return (
            f"MLM, {_length(dumped)}, batch {dumped['batch']}, up to {dumped['max_length']} "
            f"sub-words, learning rate {dumped['learning_rate']:g}"
        )
    size = f"{dumped['layers']} layers, states of {dumped['hidden']}"
    if dumped["kind"] == "bilstm":
        return f"BiLSTM, {size}, vocabulary of {dumped['vocabulary']:,}"
    return f"{size}, vocabulary of {dumped['vocabulary']:,}, {dumped['steps']:,} steps"


def _recipes(configured: Configured, names: Sequence[str]) -> str:
    """Length and rate of each recipe that is known, else its name."""
    told = [
        f"{_length(recipe)}, learning rate {recipe['learning_rate']:g}" if recipe else name
        for name in dict.fromkeys(names)
        for recipe in [configured.recipes.get(name)]
    ]
    return "; ".join(told)


def _clip(recipe: Mapping[str, Any]) -> str:
    return "none" if recipe["clip"] is None else f"gradient norm {recipe['clip']:g}"


def _length(dumped: Mapping[str, Any]) -> str:
    """Length of a training: epochs, or steps where these are given."""
    if dumped["epochs"] is not None:
        return f"{dumped['epochs']} epochs"
    return f"{dumped['steps']:,} steps"


def _seeds(seeds: Mapping[Any, Iterable[int]]) -> str:
    listed = {name: list(found) for name, found in seeds.items()}
    return _joined({n: f"{len(s)}: {', '.join(map(str, s))}" for n, s in listed.items()})


def _told(parts: Mapping[Any, Mapping[str, Any]], text: Callable[[Mapping[str, Any]], str]) -> str:
    return _joined({name: text(part) for name, part in parts.items()})


def _joined(texts: Mapping[str, str]) -> str:
    """One text where all tasks agree, else each with its task."""
    if len(set(texts.values())) <= 1:
        return next(iter(texts.values()), "")
    return "; ".join(f"{name} {text}" for name, text in texts.items())


def _first(names: Sequence[str]) -> str:
    others = f"; beside it {', '.join(names[1:])}" if len(names) > 1 else ""
    return f"{names[0]}{others}"
