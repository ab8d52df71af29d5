"""What the study of Muller et al. and the one across studies say of the rest."""

from collections.abc import Iterator

from isogloss.config.encoders import AdaptedEncoder, PretrainedEncoder
from isogloss.config.learnt import unseen_encoders, writings
from isogloss.config.muller2021 import Alignment, Muller2021, Unseen, UnseenTask, targets_of
from isogloss.config.whole import Config
from isogloss.fitting import depth, fitting, scored, twice
from isogloss.wording import unknown

KEY = "studies.muller2021"
# Kind of task behind the printed names.
KINDS = {"Parsing": "parsing", "POS": "pos", "NER": "ner"}


def muller2021(config: Config, study: Muller2021) -> Iterator[str]:
    """Mistakes in the study's part of the configuration."""
    encoder = config.encoders.get(study.encoder)
    if encoder is None:
        yield unknown(f"{KEY}.encoder", study.encoder, config.encoders)
    for field in ("sources", "targets"):
        yield from twice(f"{KEY}.{field}", getattr(study, field))
    for source in study.sources:
        if not targets_of(study, source):
            yield f"{KEY}.targets: found none but {source!r}; allowed: a target for each source"
    if study.groups != "pairs":
        for place, group in enumerate(study.groups):
            yield from twice(f"{KEY}.groups.{place}", list(group))
        yield from twice(f"{KEY}.groups", ["-".join(map(str, sorted(g))) for g in study.groups])
        if encoder is not None:
            chosen = {f"{KEY}.groups.{i}": list(group) for i, group in enumerate(study.groups)}
            yield from depth(chosen, study.encoder, encoder.layers)
    for name, item in study.tasks.items():
        where = f"{KEY}.tasks.{name}"
        yield from fitting(config, where, study.encoder, item)
        yield from scored(config, where, item, KINDS[name])
        yield from twice(f"{where}.seeds", item.seeds)
    if study.alignment is not None:
        yield from _alignment(config, study.alignment)
    if study.unseen is not None:
        yield from _unseen(config, study, study.unseen)


def _alignment(config: Config, alignment: Alignment) -> Iterator[str]:
    key = f"{KEY}.alignment"
    for field in ("indices", "protocols"):
        yield from twice(f"{key}.{field}", getattr(alignment, field))
    for name, text in alignment.texts.items():
        where = f"{key}.texts.{name}"
        if text.corpus not in config.corpora:
            yield unknown(f"{where}.corpus", text.corpus, config.corpora)
        yield from twice(f"{where}.languages", text.languages)


def _unseen(config: Config, study: Muller2021, unseen: Unseen) -> Iterator[str]:
    key = f"{KEY}.unseen"
    encoder = unseen.encoder or study.encoder
    if unseen.encoder is not None and unseen.encoder not in config.encoders:
        yield unknown(f"{key}.encoder", unseen.encoder, config.encoders)
    original = unseen.encoders.get("original")
    if original is None or original.adapted is None or original.baseline is None:
        yield f"{key}.encoders.original: found none or not all; allowed: adapted and baseline"
    for name, chosen in unseen.tasks.items():
        where = f"{key}.tasks.{name}"
        yield from fitting(config, where, encoder, chosen)
        yield from scored(config, where, chosen, KINDS[name])
        for field in ("seeds", "languages", "controls"):
            yield from twice(f"{where}.{field}", getattr(chosen, field))
        if chosen.baseline_recipe not in config.recipes:
            yield unknown(f"{where}.baseline_recipe", chosen.baseline_recipe, config.recipes)
        yield from _seen_or_not(config, where, encoder, chosen)
        yield from _rewritten(config, where, chosen)
        yield from _of_language(config, study, where, chosen)


def _seen_or_not(config: Config, key: str, encoder: str, chosen: UnseenTask) -> Iterator[str]:
    """Unseen languages that the encoder has seen, and controls that it has not."""
    seen = _languages_seen(config, encoder)
    if seen is None:
        return
    for language in sorted(seen & {*chosen.languages}):
        yield (
            f"{key}.languages: found {language!r}, which encoder {encoder!r} is pretrained on; "
            "allowed: languages that it has not seen"
        )
    for language in sorted({*chosen.controls} - seen):
        yield (
            f"{key}.controls: found {language!r}, which encoder {encoder!r} has not seen; "
            f"allowed: {', '.join(sorted(seen - {*chosen.languages}))}"
        )


def _languages_seen(config: Config, name: str) -> set[str] | None:
    """Languages of an encoder's text; None where the configuration does not say."""
    encoder = config.encoders.get(name)
    adapted = encoder if isinstance(encoder, AdaptedEncoder) else None
    base = config.encoders.get(adapted.base) if adapted else encoder
    if not isinstance(base, PretrainedEncoder) or not base.languages:
        return None
    return {*base.languages, *(adapted.languages if adapted else [])}


def _rewritten(config: Config, key: str, chosen: UnseenTask) -> Iterator[str]:
    """Tasks in other writings: they must differ in the writing of their corpus alone."""
    task = config.tasks.get(chosen.task)
    known = [*chosen.languages, *chosen.controls]
    for writing, name, languages in writings(chosen):
        where = key if writing == "original" else f"{key}.{writing}"
        other = config.tasks.get(name)
        if other is None:
            yield unknown(f"{where}.task", name, config.tasks)
            continue
        corpus = config.corpora.get(other.corpus)
        first = config.corpora.get(task.corpus) if task is not None else None
        if corpus is not None and corpus.writing != writing:
            yield (
                f"{where}.task: found {name!r} on a corpus in writing {corpus.writing!r}; "
                f"allowed: one on a corpus with writing: {writing}"
            )
        elif corpus and first and _but_writing(corpus) != _but_writing(first):
            yield (
                f"{where}.task: found {name!r}, whose corpus is not that of {chosen.task!r} in "
                "another writing; allowed: the same data set, home and limits"
            )
        if task is not None and _but_corpus(task) != _but_corpus(other):
            yield (
                f"{where}.task: found {name!r}; allowed: the settings of {chosen.task!r} but for "
                "the corpus"
            )
        yield from twice(f"{where}.languages", list(languages))
        for language in languages:
            if language not in known:
                yield unknown(f"{where}.languages", language, known)


def _of_language(config: Config, study: Muller2021, key: str, chosen: UnseenTask) -> Iterator[str]:
    """Encoders of single languages: whether each of them is there."""
    known = [*chosen.languages, *chosen.controls]
    for writing, _, languages in writings(chosen):
        for language in filter(known.__contains__, languages):
            for model, name in unseen_encoders(study, chosen, writing, language):
                if name not in config.encoders:
                    yield (
                        f"{KEY}.unseen.encoders.{writing}.{model}: found no encoder {name!r}; "
                        f"allowed: an encoder whose key each has {language!r}, which {key} asks for"
                    )


def _but_corpus(task: object) -> dict[str, object]:
    return {name: value for name, value in vars(task).items() if name != "corpus"}


def _but_writing(corpus: object) -> dict[str, object]:
    return {name: value for name, value in vars(corpus).items() if name != "writing"}


def across(config: Config) -> Iterator[str]:
    """Whether there is something to compare across studies."""
    studies = config.studies
    others = (studies.philippy2023, studies.xsns2023, studies.wu2022)
    if studies.muller2021 is None or not any(others):
        yield (
            "studies.across: found a group of keys; allowed: only with studies.muller2021 and one "
            "or more of philippy2023, xsns2023 and wu2022"
        )
