"""Reads a configuration and says, one line for each mistake, what is wrong with it.

A line names the key, what was found and what is allowed. All of it happens before any job.
"""

import difflib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from isogloss.config import (
    INTERVENTION,
    Config,
    Encoder,
    Philippy2023,
    PretrainedEncoder,
)
from isogloss.corpora.family.languages import family_languages
from isogloss.corpora.sources import FORMATS, Source, find_source, locate
from isogloss.errors import ConfigError
from isogloss.schema import GROUP, Schema, dotted, not_plain, shown

# Splits that training rows are held against, so that they are read with them.
HELD_OUT = ("dev", "test")
TASK_TABLES = {"nli": "pairs"}
TEXT_TABLES = ("lines", "pairs", "treebank")
URIEL_COLUMNS = {"authors": "uriel_authors", "real": "uriel"}


class Rows(NamedTuple):
    """Rows that a configuration reads: which key asks for what."""

    key: str
    corpus: str
    split: str
    languages: tuple[str, ...]
    tables: tuple[str, ...]


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
    _refuse(odd)
    plain = json.loads(json.dumps(raw))
    try:
        config = Config.model_validate(plain)
    except ValidationError as error:
        raise ConfigError("\n".join(_mistakes(error, plain))) from None
    _refuse(_references(config))
    return config


def _refuse(mistakes: Iterable[str]) -> None:
    found = list(dict.fromkeys(mistakes))
    if found:
        raise ConfigError("\n".join(found))


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
        return f"{where}: unknown key; {_allowed(str(keys[-1]), schema.keys(group.node, holder))}"
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


def _allowed(found: str, allowed: Collection[str]) -> str:
    """The values that are allowed, the nearest one first named."""
    near = difflib.get_close_matches(found, sorted(allowed), n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{meant}allowed: {', '.join(sorted(allowed)) or 'none is defined'}"


def _unknown(key: str, found: str, allowed: Collection[str]) -> str:
    return f"{key}: found {found!r}; {_allowed(found, allowed)}"


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
                yield _unknown("family.languages", language, known)
    for name, corpus in config.corpora.items():
        if corpus.home == "family" and config.family is None:
            yield f"corpora.{name}.home: found 'family'; allowed: only with the key 'family'"
    for name, encoder in config.encoders.items():
        yield from _encoder(config, name, encoder)
    for name, task in config.tasks.items():
        if task.corpus not in config.corpora:
            yield _unknown(f"tasks.{name}.corpus", task.corpus, config.corpora)
    for name, recipe in config.recipes.items():
        yield from _twice(f"recipes.{name}.freeze", recipe.freeze)
        if INTERVENTION in name:
            yield f"recipes.{name}: found the name {name!r}; allowed: no {INTERVENTION!r} in it"
    for name, distances in config.distances.items():
        if distances.kind == "family" and config.family is None:
            yield f"distances.{name}.kind: found 'family'; allowed: only with the key 'family'"
    if config.studies.philippy2023 is not None:
        yield from _philippy2023(config, config.studies.philippy2023)


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
            yield _unknown(f"{where}.corpus", text.corpus, config.corpora)
        yield from _twice(f"{where}.languages", text.languages)
        for language in text.languages:
            if language not in encoder.languages:
                yield _unknown(f"{where}.languages", language, encoder.languages)
    parallel = [text.languages or encoder.languages for text in encoder.text if text.parallel]
    if not any(len(languages) > 1 for languages in parallel):
        for field in ("warm_start", "cross_lingual"):
            if value := getattr(encoder, field):
                found = "a group of keys" if field == "warm_start" else value
                yield (
                    f"{key}.{field}: found {found}; allowed: only where an entry of text has "
                    "parallel: true and two languages or more"
                )


def _philippy2023(config: Config, study: Philippy2023) -> Iterator[str]:
    key = "studies.philippy2023"
    for field, known in (
        ("encoder", config.encoders),
        ("task", config.tasks),
        ("recipe", config.recipes),
    ):
        if getattr(study, field) not in known:
            yield _unknown(f"{key}.{field}", getattr(study, field), known)
    for name in study.distances:
        if name not in config.distances:
            yield _unknown(f"{key}.distances", name, config.distances)
    if study.source not in study.languages:
        yield _unknown(f"{key}.source", study.source, study.languages)
    for field in ("languages", "distances", "bases"):
        yield from _twice(f"{key}.{field}", getattr(study, field))
    for name, chosen in study.experiments.items():
        yield from _twice(f"{key}.experiments.{name}", [] if chosen == "rule" else list(chosen))
    encoder = config.encoders.get(study.encoder)
    if encoder is not None:
        yield from _depth(config, study, encoder.layers)
    task = config.tasks.get(study.task)
    long = isinstance(encoder, PretrainedEncoder) and task and task.max_length > encoder.max_length
    if task is not None and isinstance(encoder, PretrainedEncoder) and long:
        yield (
            f"tasks.{study.task}.max_length: found {task.max_length}; allowed: at most max_length "
            f"of encoder {study.encoder!r} ({encoder.max_length})"
        )


def _depth(config: Config, study: Philippy2023, layers: int) -> Iterator[str]:
    """Frozen layers that the study's encoder does not have."""
    recipe = config.recipes.get(study.recipe)
    frozen = {
        f"studies.philippy2023.experiments.{name}": chosen
        for name, chosen in study.experiments.items()
        if chosen != "rule"
    }
    frozen[f"recipes.{study.recipe}.freeze"] = recipe.freeze if recipe else []
    for where, chosen in frozen.items():
        for layer in chosen:
            if int(layer) > layers:
                yield (
                    f"{where}: found layer {layer}; allowed: 1 to {layers}, "
                    f"the layers of encoder {study.encoder!r}"
                )


def project_file(path: str, workdir: Path, project: Path) -> Path:
    """A file of the working directory, or else of the project's own folder."""
    return workdir / path if (workdir / path).exists() else project / path


def check_paths(config: Config, workdir: Path, project: Path) -> None:
    """Check that the folders and files a configuration names are there.

    Raises
    ------
    ConfigError
        for a missing mirror folder, table, encoder folder or distance file
    """
    _refuse(_paths(config, workdir, project))


def _paths(config: Config, workdir: Path, project: Path) -> Iterator[str]:
    for key in ("datasets", "languages"):
        path = getattr(config, key)
        if not project_file(path, workdir, project).is_file():
            yield f"{key}: found {path!r}; allowed: a file that exists"
    homes = [name for name, corpus in config.corpora.items() if corpus.home == "mirror"]
    if homes and not (workdir / config.mirror).is_dir():
        yield (
            f"mirror: found {config.mirror!r}; allowed: a folder that exists, because "
            f"corpora.{homes[0]} is read from it (docs/data.md says how to fill one)"
        )
    for name, encoder in config.encoders.items():
        if encoder.kind == "folder" and not (workdir / encoder.path / "config.json").is_file():
            yield (
                f"encoders.{name}.path: found {encoder.path!r}; allowed: a folder with config.json"
            )
    for name, distances in config.distances.items():
        if distances.kind == "zip" and not (workdir / distances.path).is_file():
            yield f"distances.{name}.path: found {distances.path!r}; allowed: a file that exists"


def check_tables(
    config: Config, datasets: list[Source], languages: Mapping[str, Mapping[str, str]]
) -> None:
    """Check a configuration against the tables of data sets and languages.

    Raises
    ------
    ConfigError
        for a language outside of the table or of the generated family, a data set, home or
        split that the table lacks or that holds another kind of rows, and a language for which
        a location or a set of distances has no name
    """
    _refuse(_corpora(config, datasets))
    rows = list(_rows(config))
    _refuse(line for wanted in rows for line in _unknown_languages(config, wanted, languages))
    _refuse(line for wanted in rows for line in _unread(config, wanted, datasets, languages))
    _refuse(_distances(config, languages))


def _rows(config: Config) -> Iterator[Rows]:
    """All rows that studies and pretrained encoders read."""
    for name, encoder in config.encoders.items():
        if isinstance(encoder, PretrainedEncoder):
            for place, text in enumerate(encoder.text):
                own = f"encoders.{name}.text.{place}.languages"
                key = own if text.languages else f"encoders.{name}.languages"
                chosen = tuple(text.languages or encoder.languages)
                yield Rows(key, text.corpus, text.split, chosen, TEXT_TABLES)
    study = config.studies.philippy2023
    if study is not None:
        task = config.tasks[study.task]
        best = config.recipes[study.recipe].select == "best_dev"
        for split in ("train", "dev", "test") if best else ("train", "test"):
            key, tables = "studies.philippy2023.languages", (TASK_TABLES[task.kind],)
            yield Rows(key, task.corpus, split, tuple(study.languages), tables)


def _corpora(config: Config, datasets: list[Source]) -> Iterator[str]:
    for name, corpus in config.corpora.items():
        rows = [row for row in datasets if row.dataset == corpus.dataset]
        here = [row.split for row in rows if row.home == corpus.home]
        if not rows:
            known = {row.dataset for row in datasets}
            yield _unknown(f"corpora.{name}.dataset", corpus.dataset, known)
        elif not here:
            yield _unknown(f"corpora.{name}.home", corpus.home, {row.home for row in rows})
        else:
            for split in corpus.limit:
                if split not in here:
                    yield _unknown(f"corpora.{name}.limit", split, here)


def _unknown_languages(
    config: Config, wanted: Rows, languages: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    generated = config.corpora[wanted.corpus].home == "family" and config.family is not None
    known = config.family.languages if generated and config.family else list(languages)
    for language in wanted.languages:
        if language not in known:
            yield _unknown(wanted.key, language, known)
        elif language not in languages:
            yield _unknown(wanted.key, language, list(languages))


def _unread(
    config: Config,
    wanted: Rows,
    datasets: list[Source],
    languages: Mapping[str, Mapping[str, str]],
) -> Iterator[str]:
    corpus = config.corpora[wanted.corpus]
    home = [row for row in datasets if (row.dataset, row.home) == (corpus.dataset, corpus.home)]
    splits = [row.split for row in home if FORMATS[row.format] in wanted.tables]
    if wanted.split not in splits:
        split = f" with split {wanted.split!r} (here: {', '.join(splits)})" if splits else ""
        yield (
            f"corpora.{wanted.corpus}.dataset: found {corpus.dataset!r}; allowed: at home "
            f"{corpus.home!r} a data set of kind {' or '.join(wanted.tables)}{split}"
        )
        return
    held_out = [row for row in home if row.split in HELD_OUT and wanted.split == "train"]
    source = find_source(home, corpus.dataset, corpus.home, wanted.split)
    for language in wanted.languages:
        try:
            for row in (source, *held_out):
                locate(row, language, languages)
        except ConfigError as error:
            yield f"{wanted.key}: found {language!r}; {error}"


def _distances(config: Config, languages: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    study = config.studies.philippy2023
    for name in study.distances if study else []:
        distances = config.distances[name]
        if distances.kind == "family":
            known = config.family.languages if config.family else []
        else:
            column = URIEL_COLUMNS[distances.codes]
            known = [code for code, row in languages.items() if row.get(column)]
        for language in study.languages if study else []:
            if language not in known:
                key = f"studies.philippy2023.languages, for distances.{name}"
                yield _unknown(key, language, known)
