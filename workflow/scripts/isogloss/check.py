"""Reads a configuration and says, one line for each mistake, what is wrong with it.

A line names the key, what was found and what is allowed. All of it happens before any job.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from isogloss.config.encoders import Encoder, PretrainedEncoder
from isogloss.config.runs import INTERVENTION, parse_trained_on
from isogloss.config.studies import (
    Philippy2023,
    PredictedTask,
    StudyName,
    Transfer,
    Xsns2023,
)
from isogloss.config.subnetworks import Rank, SubNetwork
from isogloss.config.whole import Config
from isogloss.corpora.family.languages import family_languages
from isogloss.errors import ConfigError
from isogloss.metrics.names import METRICS
from isogloss.schema import GROUP, Schema, dotted, not_plain, shown
from isogloss.wording import allowed, refuse, unknown

# Kind of task behind the names that the tables of Yun et al. print.
KINDS = {"NER": "ner", "POS": "pos", "NLI": "nli", "PI": "paraphrase", "QA": "qa"}


def load_config(raw: Mapping[str, Any]) -> Config:
    """Check a configuration as read from YAML.

    Raises
    ------
    ConfigError
        one line per mistake: key, what was found, what is allowed
    """
    if not isinstance(raw, Mapping):
        raise ConfigError(f"configuration: found {shown(raw)}; allowed: {GROUP}")
    odd = [
        f"{key}: found a value of type {kind}; allowed: text, numbers, true or false, null, lists "
        "and groups of keys (text in quotes stays text)"
        for key, kind in not_plain(raw)
    ]
    refuse(odd)
    plain = json.loads(json.dumps(raw))
    try:
        config = Config.model_validate(plain)
    except ValidationError as error:
        raise ConfigError("\n".join(_mistakes(error, plain))) from None
    refuse(_references(config))
    return config


def _mistakes(error: ValidationError, raw: Mapping[str, Any]) -> list[str]:
    """One line per key; of the alternatives of a union only what lies deepest."""
    schema = Schema()
    lines: dict[tuple[str | int, ...], str] = {}
    for item in error.errors():
        keys = schema.place(item["loc"], raw).keys
        lines.setdefault(keys, _explain(item, raw, schema))
    return [
        line
        for keys, line in lines.items()
        if not any(len(other) > len(keys) and other[: len(keys)] == keys for other in lines)
    ]


def _explain(item: Any, raw: Mapping[str, Any], schema: Schema) -> str:
    kind, location, found = item["type"], item["loc"], item["input"]
    keys, node = schema.place(location, raw)
    where = dotted(keys)
    if kind == "value_error":
        return f"{where}: {item['ctx']['error']}"
    if kind == "extra_forbidden":
        group = schema.place(location[:-1], raw)
        holder = _value(raw, group.keys)
        return f"{where}: unknown key; {allowed(str(keys[-1]), schema.keys(group.node, holder))}"
    if kind == "missing":
        return f"{where}: missing; allowed: {schema.allowed(node)}"
    if kind.startswith("union_tag"):
        kinds = ", ".join(node["discriminator"]["mapping"])
        value = f"found {shown(found['kind'])}" if "kind" in found else "missing"
        return f"{where}.kind: {value}; allowed: {kinds}"
    if location[-1] == "[key]":
        group = schema.place(location[:-2], raw)
        return f"{where}: found the name {shown(found)}; allowed: {_names(group.node, schema)}"
    quotes = not isinstance(found, str | list | dict | None) and node.get("type") == "string"
    hint = " (in quotes it is text)" if quotes else ""
    return f"{where}: found {shown(found)}; allowed: {schema.allowed(node)}{hint}"


def _names(group: dict[str, Any], schema: Schema) -> str:
    """What the names of a group's entries may be."""
    if "propertyNames" in group:
        return schema.allowed(group["propertyNames"])
    return schema.allowed({"type": "string", "pattern": next(iter(group["patternProperties"]))})


def _value(raw: Any, keys: Iterable[str | int]) -> Any:
    for key in keys:
        raw = raw[key]
    return raw


def _twice(key: str, values: list[Any]) -> Iterator[str]:
    again = sorted({value for value in values if values.count(value) > 1})
    if again:
        yield f"{key}: found {', '.join(map(repr, again))} more than once; allowed: once each"


def _references(config: Config) -> Iterator[str]:
    """Names that point nowhere, and values that another key rules out."""
    if config.family is not None:
        known = [language.code for language in family_languages()]
        yield from _twice("family.languages", config.family.languages)
        for language in config.family.languages:
            if language not in known:
                yield unknown("family.languages", language, known)
    for name, corpus in config.corpora.items():
        if corpus.home == "family" and config.family is None:
            yield f"corpora.{name}.home: found 'family'; allowed: only with the key 'family'"
    for name, encoder in config.encoders.items():
        yield from _encoder(config, name, encoder)
    for name, task in config.tasks.items():
        if task.corpus not in config.corpora:
            yield unknown(f"tasks.{name}.corpus", task.corpus, config.corpora)
    for name, recipe in config.recipes.items():
        yield from _twice(f"recipes.{name}.freeze", recipe.freeze)
        if INTERVENTION in name:
            yield f"recipes.{name}: found the name {name!r}; allowed: no {INTERVENTION!r} in it"
    for name, distances in config.distances.items():
        if distances.kind == "family" and config.family is None:
            yield f"distances.{name}.kind: found 'family'; allowed: only with the key 'family'"
    if config.studies.philippy2023 is not None:
        yield from _philippy2023(config, config.studies.philippy2023)
    for name, transfer in config.studies.transfer.items():
        yield from _transfer(config, f"studies.transfer.{name}", transfer)
    for name, subnetwork in config.subnetworks.items():
        yield from _subnetwork(config, f"subnetworks.{name}", subnetwork)
    if config.studies.xsns2023 is not None:
        yield from _xsns2023(config, config.studies.xsns2023)
    if config.rank is not None:
        yield from _rank(config, config.rank)
    present = [name for name in get_args(StudyName) if getattr(config.studies, name)]
    for name in config.all or []:
        if name not in present:
            yield unknown("all", name, present)


def _encoder(config: Config, name: str, encoder: Encoder) -> Iterator[str]:
    if not isinstance(encoder, PretrainedEncoder):
        return
    key = f"encoders.{name}"
    yield from _twice(f"{key}.languages", encoder.languages)
    if encoder.hidden % encoder.heads:
        yield (
            f"{key}.hidden: found {encoder.hidden}; allowed: a multiple of heads ({encoder.heads})"
        )
    if encoder.warmup_steps >= encoder.steps:
        yield (
            f"{key}.warmup_steps: found {encoder.warmup_steps}; "
            f"allowed: fewer than steps ({encoder.steps})"
        )
    for place, text in enumerate(encoder.text):
        where = f"{key}.text.{place}"
        if text.corpus not in config.corpora:
            yield unknown(f"{where}.corpus", text.corpus, config.corpora)
        yield from _twice(f"{where}.languages", text.languages)
        for language in text.languages:
            if language not in encoder.languages:
                yield unknown(f"{where}.languages", language, encoder.languages)
    parallel = [text.languages or encoder.languages for text in encoder.text if text.parallel]
    if not any(len(languages) > 1 for languages in parallel):
        for field in ("warm_start", "cross_lingual"):
            if value := getattr(encoder, field):
                found = "a group of keys" if field == "warm_start" else value
                yield (
                    f"{key}.{field}: found {found}; allowed: only where an entry of text has "
                    "parallel: true and two languages or more"
                )


def _asked(config: Config, key: str, study: Philippy2023 | Transfer) -> Iterator[str]:
    """Encoder, task and recipe of a study: whether they exist and fit each other."""
    if study.encoder not in config.encoders:
        yield unknown(f"{key}.encoder", study.encoder, config.encoders)
    yield from _fitting(config, key, study.encoder, study)


def _fitting(
    config: Config, key: str, name: str, study: Philippy2023 | Transfer | PredictedTask
) -> Iterator[str]:
    """Task and recipe: whether they exist and fit the encoder `name`."""
    for field, known in (("task", config.tasks), ("recipe", config.recipes)):
        if getattr(study, field) not in known:
            yield unknown(f"{key}.{field}", getattr(study, field), known)
    encoder, task = config.encoders.get(name), config.tasks.get(study.task)
    long = isinstance(encoder, PretrainedEncoder) and task and task.max_length > encoder.max_length
    if task is not None and isinstance(encoder, PretrainedEncoder) and long:
        yield (
            f"tasks.{study.task}.max_length: found {task.max_length}; allowed: at most max_length "
            f"of encoder {name!r} ({encoder.max_length})"
        )
    recipe = config.recipes.get(study.recipe)
    if encoder is not None and recipe is not None:
        frozen = {f"recipes.{study.recipe}.freeze": recipe.freeze}
        yield from _depth(frozen, name, encoder.layers)


def _transfer(config: Config, key: str, transfer: Transfer) -> Iterator[str]:
    yield from _asked(config, key, transfer)
    for field in ("sources", "targets", "seeds"):
        yield from _twice(f"{key}.{field}", getattr(transfer, field))
    for source in transfer.sources:
        parts = [part.language for part in parse_trained_on(source)]
        yield from _twice(f"{key}.sources, in {source!r}", parts)


def _philippy2023(config: Config, study: Philippy2023) -> Iterator[str]:
    key = "studies.philippy2023"
    yield from _asked(config, key, study)
    for name in study.distances:
        if name not in config.distances:
            yield unknown(f"{key}.distances", name, config.distances)
    if study.source not in study.languages:
        yield unknown(f"{key}.source", study.source, study.languages)
    for field in ("languages", "distances", "bases"):
        yield from _twice(f"{key}.{field}", getattr(study, field))
    for name, chosen in study.experiments.items():
        yield from _twice(f"{key}.experiments.{name}", [] if chosen == "rule" else list(chosen))
    encoder = config.encoders.get(study.encoder)
    if encoder is not None:
        frozen = {
            f"{key}.experiments.{name}": list(chosen)
            for name, chosen in study.experiments.items()
            if chosen != "rule"
        }
        yield from _depth(frozen, study.encoder, encoder.layers)
    task = config.tasks.get(study.task)
    if task is not None and task.kind != "nli":
        yield f"{key}.task: found {study.task!r}, of kind {task.kind}; allowed: a task of kind nli"


def _subnetwork(config: Config, key: str, subnetwork: SubNetwork) -> Iterator[str]:
    yield from _twice(f"{key}.seeds", subnetwork.seeds)
    corpus = subnetwork.corpus
    if corpus is not None and corpus not in config.corpora:
        yield unknown(f"{key}.corpus", corpus, config.corpora)
    if corpus is not None and subnetwork.objective == "task":
        yield f"{key}.corpus: found {corpus!r}; allowed: null, because objective task needs labels"
    task = config.tasks.get(corpus or "")
    if task is not None and task.corpus != corpus:
        yield f"{key}.corpus: found {corpus!r}, a task on another corpus; allowed: another name"


def _xsns2023(config: Config, study: Xsns2023) -> Iterator[str]:
    key = "studies.xsns2023"
    for where, name in ((f"{key}.encoder", study.encoder), *_models(study, key)):
        if name not in config.encoders:
            yield unknown(where, name, config.encoders)
    if study.typology not in config.distances:
        yield unknown(f"{key}.typology", study.typology, config.distances)
    elif config.distances[study.typology].kind == "zip":
        yield f"{key}.typology: found distances of kind zip; allowed: kind lang2vec or family"
    for where, name in (
        *((f"{key}.subnetworks.{role}", name) for role, name in study.subnetworks.items()),
        *((f"{key}.others", name) for name in study.others),
    ):
        chosen = config.subnetworks.get(name)
        if chosen is None:
            yield unknown(where, name, config.subnetworks)
        elif study.p not in chosen.grid:
            yield (
                f"{key}.p: found {study.p}; allowed: a value of subnetworks.{name}.grid "
                f"({', '.join(map(str, chosen.grid))})"
            )
    for name, task in study.tasks.items():
        yield from _predicted(config, f"{key}.tasks.{name}", study, task, KINDS[name])
    yield from _twice(f"{key}.tasks", [task.task for task in study.tasks.values()])
    yield from _twice(f"{key}.others", study.others)
    for role, name in study.subnetworks.items():
        wanted = "task" if role == "T/T" else "language_model"
        if name in config.subnetworks and config.subnetworks[name].objective != wanted:
            yield f"{key}.subnetworks.{role}: found {name!r}; allowed: one with objective {wanted}"
    encoder = config.encoders.get(study.encoder)
    for layer in study.embedding_layers if encoder else []:
        if encoder and layer > encoder.layers:
            yield f"{key}.embedding_layers: found {layer}; allowed: 0 to {encoder.layers}"
    if study.mixtures is not None:
        for name in study.mixtures.tasks:
            if name not in study.tasks:
                yield unknown(f"{key}.mixtures.tasks", name, study.tasks)


def _models(study: Xsns2023, key: str) -> list[tuple[str, str]]:
    return [(f"{key}.models.{printed}", name) for printed, name in study.models.items()]


def _predicted(
    config: Config, key: str, study: Xsns2023, predicted: PredictedTask, kind: str
) -> Iterator[str]:
    yield from _fitting(config, key, study.encoder, predicted)
    yield from _twice(f"{key}.languages", [*predicted.languages, *predicted.low_resource])
    yield from _twice(f"{key}.seeds", predicted.seeds)
    if study.source not in predicted.languages:
        yield unknown("studies.xsns2023.source", study.source, predicted.languages)
    task = config.tasks.get(predicted.task)
    if task is not None and task.kind != kind:
        found = f"found {predicted.task!r}, of kind {task.kind}"
        yield f"{key}.task: {found}; allowed: a task of kind {kind}"
    if task is not None and predicted.metric is not None:
        known = METRICS[task.kind]
        if predicted.metric not in known:
            yield unknown(f"{key}.metric", predicted.metric, known)


def _rank(config: Config, rank: Rank) -> Iterator[str]:
    study = config.studies.xsns2023
    if study is None:
        yield "rank: found a group of keys; allowed: only with studies.xsns2023 and its candidates"
        return
    known = [chosen.task for chosen in study.tasks.values()]
    if rank.task not in known:
        yield unknown("rank.task", rank.task, known)


def _depth(frozen: Mapping[str, list[Any]], encoder: str, layers: int) -> Iterator[str]:
    """Frozen layers, by key, that an encoder does not have."""
    for where, chosen in frozen.items():
        for layer in chosen:
            if layer > layers:
                yield (
                    f"{where}: found layer {layer}; allowed: 1 to {layers}, "
                    f"the layers of encoder {encoder!r}"
                )
