"""Which weights of runs are kept, and how much disk they take. Read when Snakemake plans."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from isogloss.config.encoders import AdaptedEncoder, BilstmEncoder, Encoder, PretrainedEncoder
from isogloss.config.recipes import Recipe
from isogloss.config.runs import (
    INTERVENTION,
    PART,
    TRAINED_ON,
    parse_recipe,
    parse_trained_on,
)
from isogloss.config.whole import Config
from isogloss.plan import Plan, Run, experiment_runs, one_of, source_runs, transfer_runs
from isogloss.plan_muller2021 import study_runs as reinitialised_runs
from isogloss.plan_muller2021 import unseen_runs
from isogloss.plan_wu2022 import study_runs
from isogloss.plan_xsns2023 import cases, gold_runs

# Priorities of jobs. Weights that are not kept take disk until they are read. So what reads
# weights, or brings rows that this needs, goes first; runs on several languages together go last,
# as what reads them may wait for those on one alone. The numbers are far apart because the
# scheduler adds them up over jobs side by side. Encoders come before the runs, which wait for them.
READING, ENCODING, ALONE, TOGETHER = 1000, 100, 10, 1
MILLION, GIGABYTE = 10**6, 10**9
PARAMETER = 4  # bytes: float32
# What a difference to the initial weights takes of the weights themselves: 0.29 was measured for
# mBERT, all of whose blocks and 10,000 of whose sub-words were trained.
DIFFERENCE_SHARE = 0.3
# Less is nothing that a user has to make room for.
LEAST = 10 * GIGABYTE


def training_priority(wildcards: Any) -> int:
    """Priority of a fine-tuning."""
    return ALONE if _one_language(wildcards.trained_on) else TOGETHER


class Disk(NamedTuple):
    """Bytes that the weights of runs take.

    `all_kept` : if those of all runs were kept
    `kept` : when everything is made
    `peak` : at most, on the way there
    `runs` : number of runs counted
    `unknown` : names of encoders of unknown size, sorted; their runs are not counted
    """

    all_kept: int
    kept: int
    peak: int
    runs: int
    unknown: list[str]


def all_runs(plan: Plan) -> list[Run]:
    """Runs of all studies of a configuration, each once.

    Runs on mixtures, which a study chooses by the scores of others, are not known yet.
    """
    return list(dict.fromkeys(_runs(plan.config)))


def _runs(config: Config) -> Iterator[Run]:
    studies = config.studies
    if studies.philippy2023 is not None:
        yield from source_runs(studies.philippy2023).values()
        yield from experiment_runs(studies.philippy2023).values()
    for transfer in studies.transfer.values():
        yield from transfer_runs(transfer)
    if studies.xsns2023 is not None:
        for case in cases(studies.xsns2023):
            yield from gold_runs(studies.xsns2023, case)
    if studies.muller2021 is not None:
        layers = config.encoders[studies.muller2021.encoder].layers
        yield from reinitialised_runs(studies.muller2021, layers)
        yield from (item.run for item in unseen_runs(studies.muller2021))
    if studies.wu2022 is not None:
        yield from study_runs(studies.wu2022)


def parameters_of(encoder: Encoder, encoders: Mapping[str, Encoder] | None = None) -> int | None:
    """Number of parameters of an encoder with its pooler and without any head; None if unknown.

    Of one that is pretrained here and of a BiLSTM it follows from its shape. The vocabulary may
    turn out smaller than configured where text is short.

    Parameters
    ----------
    encoders : by name, for the base of an adapted encoder that names no size
    """
    if isinstance(encoder, PretrainedEncoder):
        return _of_blocks(encoder)
    if isinstance(encoder, BilstmEncoder):
        return _of_bilstm(encoder)
    if encoder.parameters is not None:
        return encoder.parameters * MILLION
    base = (encoders or {}).get(encoder.base) if isinstance(encoder, AdaptedEncoder) else None
    # An adapted encoder is no base.
    return None if base is None or isinstance(base, AdaptedEncoder) else parameters_of(base)


def _of_blocks(encoder: PretrainedEncoder) -> int:
    """Parameters of BERT and RoBERTa as transformers builds them."""
    bert = encoder.architecture == "bert"
    hidden, inner = encoder.hidden, encoder.intermediate
    # RoBERTa has one type of segment, and positions start behind the padding index, which is 1 or
    # less: its tokenizer puts <s>, <pad> first.
    rows = encoder.vocabulary + encoder.max_length + (2 if bert else 3)
    norm, square = 2 * hidden, hidden * hidden + hidden
    block = 4 * square + 2 * hidden * inner + inner + hidden + 2 * norm
    return rows * hidden + norm + encoder.layers * block + square


def _of_bilstm(encoder: BilstmEncoder) -> int:
    """Parameters of `encoders.bilstm`: embeddings, a BiLSTM that composes words, and others."""
    hidden, composed = encoder.hidden, encoder.composed
    composing = _of_both_directions(encoder.embedding, composed) + (composed + 1) * hidden
    reading = encoder.layers * _of_both_directions(hidden, hidden)
    return encoder.vocabulary * encoder.embedding + composing + reading


def _of_both_directions(size: int, hidden: int) -> int:
    """Parameters of a BiLSTM: four gates, each with two matrices and two biases per direction."""
    return 2 * 4 * (hidden // 2) * (size + hidden // 2 + 2)


def trained_on_by_weights(config: Config, kept: bool) -> str:
    """Regular expression of the training sets whose weights are kept, or are not.

    It looks ahead at the recipe, which follows the training set in `plan.RUN`.
    """
    whole, several = ("all", PART) if kept else ("none", rf"{PART}(\+{PART})+")
    before = {
        keep: one_of(name for name, item in config.recipes.items() if item.keep_weights == keep)
        for keep in (whole, "monolingual")
    }
    return "|".join(
        rf"{names}(?=/({before[keep]})({INTERVENTION})?/)"
        for keep, names in ((whole, TRAINED_ON), ("monolingual", several))
    )


def keeps_weights(config: Config, run: Run) -> bool:
    """Whether a run's weights stay; others go once everything that reads them is there."""
    keep = _recipe(config, run).keep_weights
    return keep == "all" or (keep == "monolingual" and _monolingual(run))


def bytes_of(config: Config, run: Run) -> int | None:
    """Bytes of a run's weights, without its head; None where the encoder's size is unknown."""
    parameters = parameters_of(config.encoders[run.encoder], config.encoders)
    if parameters is None:
        return None
    share = DIFFERENCE_SHARE if _recipe(config, run).store == "difference" else 1
    return round(PARAMETER * parameters * share)


def disk_of(config: Config, runs: Sequence[Run], jobs: int) -> Disk:
    """Bytes that the weights of `runs` take where `jobs` fine-tunings run side by side.

    What reads weights goes before fine-tuning (the priorities above), so weights
    that are not kept wait for a free place only: each of the places may hold a run in training
    and one that waits to be read, and the peak is what is kept and two of the largest of these
    runs per place. Weights that Wu et al.'s study reads in several jobs stay longer and count as
    a whole: those of monolingual runs, and all where a job takes several pairs or more threads
    than the place that a fine-tuning leaves.

    Heads are left out, and so is what a run writes to go on after it was stopped: about 16 bytes
    per parameter of each run in training, twice that while it is written.

    Parameters
    ----------
    runs : each once
    jobs : 1 or more
    """
    sizes = {run: bytes_of(config, run) for run in runs}
    known = {run: size for run, size in sizes.items() if size is not None}
    passing = {run: size for run, size in known.items() if not keeps_weights(config, run)}
    lasting = _lasting(config)
    all_kept = sum(known.values())
    kept = all_kept - sum(passing.values())
    waiting = sum(size for run, size in passing.items() if run in lasting)
    peak = kept + waiting + 2 * jobs * max(passing.values(), default=0)
    unknown = sorted({run.encoder for run, size in sizes.items() if size is None})
    return Disk(all_kept, kept, min(peak, all_kept), len(known), unknown)


def places(*limits: int | None) -> int:
    """Fine-tunings that may run side by side: the least of the limits that are set."""
    return max(1, min((limit for limit in limits if limit), default=1))


def disk_note(disk: Disk) -> str | None:
    """What to tell a user before a long run: a line or two; None below 10 GB in all."""
    if disk.all_kept < LEAST:
        return None
    text = f"The weights of {disk.runs} runs take up to {_shown(disk.peak)} of disk"
    if disk.kept < disk.peak:
        text += f" at a time and {_shown(disk.kept)} in the end"
    if disk.peak < disk.all_kept:
        text += f"; all of them would take {_shown(disk.all_kept)}"
    if disk.unknown:
        text += (
            f".\nNot counted, because the key parameters is not set: runs of "
            f"{', '.join(disk.unknown)}"
        )
    return f"{text}."


def _lasting(config: Config) -> set[Run]:
    """Runs whose weights may wait for other runs before they are read for the last time."""
    study = config.studies.wu2022
    if study is None:
        return set()
    return {
        run
        for run in study_runs(study)
        if _monolingual(run)
        or study.targets_per_job > 1
        or study.threads > _recipe(config, run).threads
    }


def _shown(size: int) -> str:
    return f"{size / GIGABYTE:,.0f} GB"


def _recipe(config: Config, run: Run) -> Recipe:
    return config.recipes[parse_recipe(run.recipe).recipe]


def _monolingual(run: Run) -> bool:
    return _one_language(run.trained_on)


def _one_language(trained_on: str) -> bool:
    return len(parse_trained_on(trained_on)) == 1
