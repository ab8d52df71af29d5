"""From rows of a language to sums of squared gradients: what is read, and in which order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from isogloss.config.subnetworks import SubNetwork
from isogloss.config.tasks import TABLES
from isogloss.encoders.batches import IGNORED, Encoded, by_length
from isogloss.encoders.load import position_offset
from isogloss.errors import EncoderError, TaskError
from isogloss.seeds import named_seed
from isogloss.subnetworks.batch_squared import add_batch, dropout_seed
from isogloss.subnetworks.fisher import add_squares, alone
from isogloss.subnetworks.objectives import (
    Example,
    Objective,
    Sample,
    Signs,
    objective_of,
    ordinary,
    signs_of,
)
from isogloss.subnetworks.sums import Sums, copy, empty
from isogloss.subnetworks.theta import encoder_of, theta
from isogloss.tasks.task import task_module
from isogloss.training.loop import pick_device
from isogloss.training.score import TOKENS


def room_of(model: Any) -> int | None:
    """Sub-words of an input at most, or None where the encoder has no positions (T5)."""
    encoder = encoder_of(model)
    positions = getattr(encoder.config, "max_position_embeddings", None)
    return None if positions is None else int(positions) - position_offset(encoder)


def sample_inputs(
    frame: pd.DataFrame,
    kind: str,
    tokenizer: Any,
    settings: SubNetwork,
    encoder_room: int | None,
    task: Any,
    labels: Sequence[str],
    seed: int,
) -> Sample:
    """Draw the rows of a language and read them.

    The rows are put in a random order that depends on the seed and their number only, and taken
    from the front, so a smaller sample is the beginning of a larger one. A row is passed over if
    its text has too few ordinary sub-words: less than one, or less than two where spans are
    hidden; for a task also if it has no answer.

    Text is what the released code of Yun et al. reads: the words of a tagged sentence, the
    premise of an inference pair (`settings.pairs`), both sentences of a paraphrase. Questions are
    read as a pair with their passage, cut at the greatest length: there is no public code for it.

    Parameters
    ----------
    frame, kind : rows of a table kind
    encoder_room : as `room_of` gives it
    task : a task of `isogloss.config.tasks`
    labels : of the task's head, for `objective: task`
    seed : of the sub-network

    Raises
    ------
    TaskError
        if the table holds no text, or none of the task, or no row can be used
    EncoderError
        if the tokenizer does not take words
    """
    signs = signs_of(tokenizer)
    if settings.objective == "task":
        if kind not in TABLES[task.kind]:
            raise TaskError(
                f"sub-networks of the task's own loss need its rows: found the table kind {kind}; "
                f"allowed: {' or '.join(TABLES[task.kind])}"
            )
        read = _task_reader(tokenizer, task, labels, signs)
    else:
        longest = min(settings.max_length, encoder_room or settings.max_length)
        read = _text_reader(kind, tokenizer, task, settings.pairs, longest, signs)
    order = np.random.default_rng(named_seed(seed, "sample")).permutation(len(frame))
    examples: list[Example] = []
    taken = 0
    while len(examples) < settings.examples and taken < len(order):
        rows = order[taken : taken + settings.examples - len(examples)]
        taken += len(rows)
        examples += read(frame.iloc[rows])
    if not examples:
        raise TaskError(
            f"none of {len(frame)} rows has text to find a sub-network with; one or more are needed"
        )
    return Sample(tuple(examples), taken - len(examples), signs)


def estimate(
    model: Any, sample: Sample, settings: SubNetwork, seed: int, start: Sums | None = None
) -> Iterator[Sums]:
    """Sums of squared gradients over the first examples of a sample, in one pass.

    Each of `settings.sizes` yields what a sample of that size would, and the end does not depend
    on them, up to the order in which floats are added (per_sample).

    Parameters
    ----------
    model : a language model, or `isogloss.training.model.Model` for a task's loss; it goes to
        the GPU if there is one
    seed : of the sub-network: what is hidden, and dropout
    start : sums over the first `start.examples` of the sample, to be gone on with. Batches are
        those of one pass where that is a multiple of `settings.batch`.

    Returns
    -------
    cumulative sums on the CPU, at each of `settings.sizes` that lies between the start and the
    sample's size, and at the end

    Raises
    ------
    EncoderError
        if `start` is of another encoder
    TrainingError
        if a loss is not finite
    """
    torch.set_num_threads(settings.threads)
    device = pick_device()
    model.to(device)
    least = int(settings.estimator == "per_sample")
    objective = objective_of(model, sample, settings.mask, seed, least)
    sums = empty(model) if start is None else _continued(model, start, device)
    last = len(sample.examples)
    ends = [size for size in sorted(set(settings.sizes)) if sums.examples < size < last]
    for end in (*ends, last):
        if settings.estimator == "per_sample":
            sums = _add_examples(model, objective, sample, sums, end, settings)
            found = sums
        else:
            whole = end if end == last else end - (end - sums.examples) % settings.batch
            sums = _add_batches(model, objective, sums, whole, settings, seed)
            # The batch that a smaller sample ends with is no batch of the larger one.
            found = sums if whole == end else copy(sums, device)
            found = _add_batches(model, objective, found, end, settings, seed)
        yield found if end == last and device.type == "cpu" else copy(found, torch.device("cpu"))


def _continued(model: Any, start: Sums, device: torch.device) -> Sums:
    names = {part.name: part.tensor.shape for part in theta(model)}
    if {name: value.shape for name, value in start.values.items()} != names:
        raise EncoderError("the sums to go on with are not of this encoder's blocks")
    return copy(start, device)


def _half(settings: SubNetwork, device: str) -> bool:
    return settings.precision == "bf16" or (settings.precision == "auto" and device == "cuda")


def _add_examples(
    model: Any, objective: Objective, sample: Sample, sums: Sums, end: int, settings: SubNetwork
) -> Sums:
    """Go on to `end` with examples sorted by length; the sums are changed in place."""
    begin = sums.examples
    device = next(iter(sums.values.values())).device.type
    lengths = [example.length for example in sample.examples[begin:end]]
    with alone(model, (), training=False):
        for group in by_length(lengths, TOKENS[device]):
            members = [begin + place for place in group]
            add_squares(model, objective, members, sums.values, _half(settings, device))
    return sums._replace(n=sums.n + end - begin, examples=end)


def _add_batches(
    model: Any, objective: Objective, sums: Sums, end: int, settings: SubNetwork, seed: int
) -> Sums:
    """Go on to `end` with batches in the sample's order; the sums are changed in place."""
    parts = theta(model)
    half = _half(settings, parts[0].tensor.device.type)
    with alone(model, [part.tensor for part in parts], settings.dropout):
        for begin in range(sums.examples, end, settings.batch):
            members = range(begin, min(begin + settings.batch, end))
            dropout = dropout_seed(seed, sums.n)
            clipped = add_batch(
                model, parts, objective, members, sums.values, settings.clip, dropout, half
            )
            sums = Sums(
                sums.values,
                sums.n + 1,
                members[-1] + 1,
                sums.tensors + (len(parts) if settings.clip is not None else 0),
                sums.clipped + clipped,
            )
    return sums


Reader = Callable[[pd.DataFrame], list[Example]]


def _text_reader(
    kind: str, tokenizer: Any, task: Any, pairs: str, longest: int, signs: Signs
) -> Reader:
    least = 1 if signs.mask is not None else 2

    def read(rows: pd.DataFrame) -> list[Example]:
        both = pairs == "both" or (task is not None and task.kind == "paraphrase")
        inputs = _encode(_texts(rows, kind, both), kind in WORDS, tokenizer, longest)
        return [
            Example(int(row), (item,))
            for row, item in zip(rows["id"], inputs, strict=True)
            if ordinary(item.ids, signs) >= least
        ]

    return read


# Table kinds whose text is a list of words.
WORDS = ("tagged", "treebank")


def _texts(rows: pd.DataFrame, kind: str, both: bool) -> list[list[Any]]:
    """First texts, and second ones where pairs are read."""
    if kind in WORDS:
        return [[list(words) for words in rows["form"]]]
    columns = {
        "pairs": ["premise", "hypothesis"] if both else ["premise"],
        "questions": ["question", "context"],
        "lines": ["text"],
    }
    if kind not in columns:
        allowed = ", ".join((*WORDS, *columns))
        raise TaskError(f"found the table kind {kind!r} as text of a language; allowed: {allowed}")
    return [rows[name].tolist() for name in columns[kind]]


def _encode(texts: list[list[Any]], words: bool, tokenizer: Any, longest: int) -> list[Encoded]:
    """Sub-words with the special ones; of a pair the longer text is cut first."""
    try:
        coded = tokenizer(
            *texts,
            is_split_into_words=words,
            truncation="longest_first",
            max_length=longest,
            return_token_type_ids=True,
            return_attention_mask=False,
        )
    except (AssertionError, ValueError, TypeError) as error:
        raise EncoderError(f"the tokenizer does not take the text ({error})") from error
    return [
        Encoded(np.asarray(ids, dtype=np.int64), np.asarray(types, dtype=np.int64))
        for ids, types in zip(coded["input_ids"], coded["token_type_ids"], strict=True)
    ]


def _task_reader(tokenizer: Any, task: Any, labels: Sequence[str], signs: Signs) -> Reader:
    def read(rows: pd.DataFrame) -> list[Example]:
        features = task_module(task.kind).features(rows, tokenizer, task, labels)
        inputs: dict[int, list[int]] = {}
        for place, row in enumerate(features.ids.tolist()):
            inputs.setdefault(row, []).append(place)
        examples = [
            Example(
                row,
                tuple(window for place in places for window in features.windows[place]),
                tuple(len(features.windows[place]) for place in places),
                tuple(features.points[place] for place in places),
                tuple(features.answers[place] for place in places),
            )
            for row, places in inputs.items()
        ]
        return [example for example in examples if _usable(example, signs)]

    return read


def _usable(example: Example, signs: Signs) -> bool:
    text = any(ordinary(window.ids, signs) for window in example.windows)
    return text and any((answers != IGNORED).any() for answers in example.answers)
