"""What the parts of a configuration say of each other.

Names that point nowhere, and values that another key rules out.
"""

from collections.abc import Iterator, Sequence
from typing import get_args

from isogloss.config.encoders import (
    AdaptedEncoder,
    BilstmEncoder,
    Encoder,
    OfText,
    PretrainedEncoder,
)
from isogloss.config.landscapes import Planes, Wu2022, targets_of
from isogloss.config.runs import INTERVENTIONS, parse_trained_on
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
from isogloss.fitting import depth, fitting, scored, twice
from isogloss.references_muller2021 import across, muller2021
from isogloss.wording import unknown

# Kind of task behind the names that the tables of Yun et al. print.
KINDS = {"NER": "ner", "POS": "pos", "NLI": "nli", "PI": "paraphrase", "QA": "qa"}
# And those of Wu et al.
INTERPOLATED_KINDS = {"XNLI": "nli", "NER": "ner", "POS": "pos", "Parsing": "parsing"}
# Panels that a figure of curves has room for: one for each encoder and source.
MOST_PANELS = 12


def references(config: Config) -> Iterator[str]:
    """Names that point nowhere, and values that another key rules out."""
    if config.family is not None:
        known = [language.code for language in family_languages()]
        yield from twice("family.languages", config.family.languages)
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
        elif task.kind == "qa" and config.corpora[task.corpus].writing != "original":
            writing = config.corpora[task.corpus].writing
            yield (
                f"tasks.{name}.corpus: found {task.corpus!r} in writing {writing}; allowed: a "
                "corpus with writing: original, because answers are places in the text"
            )
    for name, recipe in config.recipes.items():
        yield from twice(f"recipes.{name}.freeze", recipe.freeze)
        yield from twice(f"recipes.{name}.reinitialise", recipe.reinitialise)
        for kind in INTERVENTIONS:
            if f"-{kind}-" in name:
                yield f"recipes.{name}: found the name {name!r}; allowed: no '-{kind}-' in it"
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
    if config.studies.wu2022 is not None:
        yield from _wu2022(config, config.studies.wu2022)
    if config.studies.muller2021 is not None:
        yield from muller2021(config, config.studies.muller2021)
    if config.studies.across is not None:
        yield from across(config)
    if config.rank is not None:
        yield from _rank(config, config.rank)
    present = [name for name in get_args(StudyName) if getattr(config.studies, name)]
    for name in config.all or []:
        if name not in present:
            yield unknown("all", name, present)


def _encoder(config: Config, name: str, encoder: Encoder) -> Iterator[str]:
    key = f"encoders.{name}"
    if isinstance(encoder, OfText):
        yield from _texts(config, key, encoder)
    if isinstance(encoder, AdaptedEncoder):
        yield from _adapted(config, key, encoder)
    if not isinstance(encoder, PretrainedEncoder):
        return
    if encoder.hidden % encoder.heads:
        yield (
            f"{key}.hidden: found {encoder.hidden}; allowed: a multiple of heads ({encoder.heads})"
        )
    if encoder.warmup_steps >= encoder.steps:
        yield (
            f"{key}.warmup_steps: found {encoder.warmup_steps}; "
            f"allowed: fewer than steps ({encoder.steps})"
        )
    parallel = [text.languages or encoder.languages for text in encoder.text if text.parallel]
    if not any(len(languages) > 1 for languages in parallel):
        for field in ("warm_start", "cross_lingual"):
            if value := getattr(encoder, field):
                found = "a group of keys" if field == "warm_start" else value
                yield (
                    f"{key}.{field}: found {found}; allowed: only where an entry of text has "
                    "parallel: true and two languages or more"
                )


def _texts(
    config: Config, key: str, encoder: PretrainedEncoder | AdaptedEncoder | BilstmEncoder
) -> Iterator[str]:
    """Languages of an encoder that is made here, and the texts it is made of."""
    if not encoder.languages:
        yield f"{key}.languages: found []; allowed: one or more, here or in each"
    yield from twice(f"{key}.languages", encoder.languages)
    for place, text in enumerate(encoder.text):
        where = f"{key}.text.{place}"
        if text.corpus not in config.corpora:
            yield unknown(f"{where}.corpus", text.corpus, config.corpora)
        yield from twice(f"{where}.languages", text.languages)
        for language in text.languages:
            if language not in encoder.languages:
                yield unknown(f"{where}.languages", language, encoder.languages)


def _adapted(config: Config, key: str, encoder: AdaptedEncoder) -> Iterator[str]:
    base = config.encoders.get(encoder.base)
    if base is None:
        yield unknown(f"{key}.base", encoder.base, config.encoders)
    elif isinstance(base, AdaptedEncoder | BilstmEncoder):
        yield (
            f"{key}.base: found {encoder.base!r}, of kind {base.kind}; allowed: an encoder of kind "
            "hub, folder or pretrained"
        )
    if (encoder.epochs is None) == (encoder.steps is None):
        found = "neither" if encoder.epochs is None else "both"
        yield f"{key}: found {found} of epochs and steps; allowed: exactly one of them"


def _asked(config: Config, key: str, study: Philippy2023 | Transfer) -> Iterator[str]:
    """Encoder, task and recipe of a study: whether they exist and fit each other."""
    if study.encoder not in config.encoders:
        yield unknown(f"{key}.encoder", study.encoder, config.encoders)
    yield from fitting(config, key, study.encoder, study)


def _transfer(config: Config, key: str, transfer: Transfer) -> Iterator[str]:
    yield from _asked(config, key, transfer)
    for field in ("sources", "targets", "seeds"):
        yield from twice(f"{key}.{field}", getattr(transfer, field))
    for source in transfer.sources:
        parts = [part.language for part in parse_trained_on(source)]
        yield from twice(f"{key}.sources, in {source!r}", parts)


def _philippy2023(config: Config, study: Philippy2023) -> Iterator[str]:
    key = "studies.philippy2023"
    yield from _asked(config, key, study)
    for name in study.distances:
        if name not in config.distances:
            yield unknown(f"{key}.distances", name, config.distances)
    if study.source not in study.languages:
        yield unknown(f"{key}.source", study.source, study.languages)
    for field in ("languages", "distances", "bases"):
        yield from twice(f"{key}.{field}", getattr(study, field))
    for name, chosen in study.experiments.items():
        yield from twice(f"{key}.experiments.{name}", [] if chosen == "rule" else list(chosen))
    encoder = config.encoders.get(study.encoder)
    if encoder is not None:
        frozen = {
            f"{key}.experiments.{name}": list(chosen)
            for name, chosen in study.experiments.items()
            if chosen != "rule"
        }
        yield from depth(frozen, study.encoder, encoder.layers)
    task = config.tasks.get(study.task)
    if task is not None and task.kind != "nli":
        yield f"{key}.task: found {study.task!r}, of kind {task.kind}; allowed: a task of kind nli"


def _subnetwork(config: Config, key: str, subnetwork: SubNetwork) -> Iterator[str]:
    yield from twice(f"{key}.seeds", subnetwork.seeds)
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
    yield from twice(f"{key}.tasks", [task.task for task in study.tasks.values()])
    yield from twice(f"{key}.others", study.others)
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
    yield from fitting(config, key, study.encoder, predicted)
    yield from twice(f"{key}.languages", [*predicted.languages, *predicted.low_resource])
    yield from twice(f"{key}.seeds", predicted.seeds)
    if study.source not in predicted.languages:
        yield unknown("studies.xsns2023.source", study.source, predicted.languages)
    yield from scored(config, key, predicted, kind)


def _wu2022(config: Config, study: Wu2022) -> Iterator[str]:
    key = "studies.wu2022"
    for name in study.encoders:
        if name not in config.encoders:
            yield unknown(f"{key}.encoders", name, config.encoders)
    for field in ("encoders", "sources", "targets", "alphas", "parts"):
        yield from twice(f"{key}.{field}", getattr(study, field))
    panels = len(study.encoders) * len(study.sources)
    if panels > MOST_PANELS:
        yield (
            f"{key}.sources: found {len(study.sources)} for {len(study.encoders)} encoders; "
            f"allowed: {MOST_PANELS} pairs of both, the panels of a figure"
        )
    if "all" not in study.parts:
        yield f"{key}.parts: found no 'all'; allowed: all and any of encoder and head"
    yield from _ends(f"{key}.alphas", study.alphas)
    for source in study.sources:
        if not targets_of(study, source):
            yield f"{key}.targets: found none but {source!r}; allowed: a target for each source"
    for name, chosen in study.tasks.items():
        where = f"{key}.tasks.{name}"
        for encoder in study.encoders:
            yield from fitting(config, where, encoder, chosen)
        yield from twice(f"{where}.seeds", chosen.seeds)
        yield from scored(config, where, chosen, INTERPOLATED_KINDS[name])
        task = config.tasks.get(chosen.task)
        if task is not None and task.kind == "parsing" and task.subtypes:
            yield (
                f"{where}.task: found {chosen.task!r} with subtypes; allowed: without, because a "
                "head's size must not depend on the language"
            )
    if study.planes is not None:
        yield from _planes(study, study.planes)


def _planes(study: Wu2022, planes: Planes) -> Iterator[str]:
    key = "studies.wu2022.planes"
    for field in ("pairs", "alphas", "parts", "tasks"):
        yield from twice(f"{key}.{field}", getattr(planes, field))
    yield from _ends(f"{key}.alphas", planes.alphas)
    known = [
        f"{source}+{target}" for source in study.sources for target in targets_of(study, source)
    ]
    for pair in planes.pairs:
        if pair not in known:
            yield unknown(f"{key}.pairs", pair, known)
    for name in planes.tasks:
        if name not in study.tasks:
            yield unknown(f"{key}.tasks", name, study.tasks)


def _ends(key: str, alphas: Sequence[float]) -> Iterator[str]:
    if not {0.0, 1.0} <= set(alphas):
        yield f"{key}: found no 0 or no 1; allowed: values with both, the models themselves"


def _rank(config: Config, rank: Rank) -> Iterator[str]:
    study = config.studies.xsns2023
    if study is None:
        yield "rank: found a group of keys; allowed: only with studies.xsns2023 and its candidates"
        return
    known = [chosen.task for chosen in study.tasks.values()]
    if rank.task not in known:
        yield unknown("rank.task", rank.task, known)
