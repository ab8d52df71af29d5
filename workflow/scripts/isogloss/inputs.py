"""Checks that what a configuration reads is there: files, rows of tables, languages."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from isogloss.config.encoders import OfText
from isogloss.config.learnt import Learnt, learnt
from isogloss.config.muller2021 import Muller2021, parallel_languages
from isogloss.config.studies import Xsns2023
from isogloss.config.tasks import TABLES
from isogloss.config.whole import Config
from isogloss.corpora.sources import FORMATS, Source, find_source, locate
from isogloss.corpora.writings import writing_mistake
from isogloss.errors import ConfigError
from isogloss.languages.codes import UrielColumn
from isogloss.wording import refuse, unknown

# Splits that training rows are held against, so that they are read with them.
HELD_OUT = ("dev", "test")
TEXT_TABLES = ("lines", "pairs", "treebank")
TEXT_OF_SUBNETWORKS = (*TEXT_TABLES, "tagged", "questions")
URIEL_COLUMNS: dict[str, UrielColumn] = {"authors": "uriel_authors", "real": "uriel"}


class Rows(NamedTuple):
    """Rows that a configuration reads: which key asks for what."""

    key: str
    corpus: str
    split: str
    languages: tuple[str, ...]
    tables: tuple[str, ...]


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
    refuse(_paths(config, workdir, project))


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
    if config.rank is not None:
        text = config.rank.text
        for path in [text] if isinstance(text, str) else text:
            if not (workdir / path).is_file():
                yield f"rank.text: found {path!r}; allowed: a file that exists"


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
    refuse(_corpora(config, datasets))
    rows = list(_rows(config))
    refuse(line for wanted in rows for line in _unknown_languages(config, wanted, languages))
    refuse(line for wanted in rows for line in _unread(config, wanted, datasets, languages))
    refuse(line for wanted in rows for line in _unwritten(config, wanted, datasets, languages))
    refuse(_distances(config, languages))


def _rows(config: Config) -> Iterator[Rows]:
    """All rows that studies and pretrained encoders read."""
    for name, encoder in config.encoders.items():
        if isinstance(encoder, OfText):
            for place, text in enumerate(encoder.text):
                own = f"encoders.{name}.text.{place}.languages"
                key = own if text.languages else f"encoders.{name}.languages"
                chosen = tuple(text.languages or encoder.languages)
                yield Rows(key, text.corpus, text.split, chosen, TEXT_TABLES)
    for item in learnt(config):
        yield from _learnt_rows(config, item)
    if config.studies.xsns2023 is not None:
        yield from _xsns2023(config, config.studies.xsns2023)
    if config.studies.muller2021 is not None:
        yield from _parallel(config.studies.muller2021)


def _parallel(study: Muller2021) -> Iterator[Rows]:
    """Texts on which languages are compared."""
    for name, text in study.alignment.texts.items() if study.alignment else ():
        key = f"studies.muller2021.alignment.texts.{name}"
        languages = tuple(parallel_languages(study, name))
        yield Rows(key, text.corpus, text.split, languages, TEXT_TABLES)


def _xsns2023(config: Config, study: Xsns2023) -> Iterator[Rows]:
    """The text behind sub-networks."""
    for name, chosen in study.tasks.items():
        key = f"studies.xsns2023.tasks.{name}"
        languages = tuple(chosen.languages)
        tested = (*chosen.languages, *chosen.low_resource)
        for setting in {*study.subnetworks.values(), *study.others}:
            subnetwork = config.subnetworks[setting]
            task = config.tasks[chosen.task]
            tables = TEXT_OF_SUBNETWORKS if subnetwork.corpus else TABLES[task.kind]
            corpus = subnetwork.corpus or task.corpus
            source, target = subnetwork.source_split, subnetwork.target_split
            yield Rows(f"{key}.languages", corpus, source, languages, tables)
            yield Rows(f"{key}.low_resource", corpus, target, tested, tables)


def _learnt_rows(config: Config, item: Learnt) -> Iterator[Rows]:
    """Rows to train on, to select by and to test on."""
    task = config.tasks[item.task]
    best = config.recipes[item.recipe].select == "best_dev"
    for split in ("train", "dev") if best else ("train",):
        yield Rows(item.trained_key, task.corpus, split, tuple(item.trained), TABLES[task.kind])
    yield Rows(item.tested_key, task.corpus, item.split, tuple(item.tested), TABLES[task.kind])


def _corpora(config: Config, datasets: list[Source]) -> Iterator[str]:
    for name, corpus in config.corpora.items():
        rows = [row for row in datasets if row.dataset == corpus.dataset]
        here = [row.split for row in rows if row.home == corpus.home]
        if not rows:
            known = {row.dataset for row in datasets}
            yield unknown(f"corpora.{name}.dataset", corpus.dataset, known)
        elif not here:
            yield unknown(f"corpora.{name}.home", corpus.home, {row.home for row in rows})
        else:
            for split in corpus.limit:
                if split not in here:
                    yield unknown(f"corpora.{name}.limit", split, here)


def _unknown_languages(
    config: Config, wanted: Rows, languages: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    generated = config.corpora[wanted.corpus].home == "family" and config.family is not None
    known = config.family.languages if generated and config.family else list(languages)
    for language in wanted.languages:
        if language not in known:
            yield unknown(wanted.key, language, known)
        elif language not in languages:
            yield unknown(wanted.key, language, list(languages))


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


def _unwritten(
    config: Config,
    wanted: Rows,
    datasets: list[Source],
    languages: Mapping[str, Mapping[str, str]],
) -> Iterator[str]:
    """Languages that cannot be written as a corpus asks for."""
    corpus = config.corpora[wanted.corpus]
    source = find_source(datasets, corpus.dataset, corpus.home, wanted.split)
    for language in wanted.languages:
        script = languages[language].get("script", "")
        mistake = writing_mistake(FORMATS[source.format], corpus.writing, script)
        if mistake is not None:
            yield f"{wanted.key}: found {language!r} of corpora.{wanted.corpus}; {mistake}"


def _distances(config: Config, languages: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Languages of studies that a set of distances does not know."""
    asked: list[tuple[str, str, list[str]]] = []
    if philippy2023 := config.studies.philippy2023:
        key = "studies.philippy2023.languages"
        asked += [(key, name, philippy2023.languages) for name in philippy2023.distances]
    if xsns2023 := config.studies.xsns2023:
        for printed, chosen in xsns2023.tasks.items():
            wanted = [*chosen.languages, *chosen.low_resource]
            asked.append((f"studies.xsns2023.tasks.{printed}", xsns2023.typology, wanted))
        if config.rank is not None and config.rank.language is not None:
            asked.append(("rank.language", xsns2023.typology, [config.rank.language]))
    for key, name, wanted in asked:
        distances = config.distances[name]
        if distances.kind == "family":
            known = config.family.languages if config.family else []
        else:
            column = URIEL_COLUMNS[distances.codes]
            known = [code for code, row in languages.items() if row.get(column)]
        for language in wanted:
            if language not in known:
                yield unknown(f"{key}, for distances.{name}", language, known)
