"""What is predicted of a text, as a loss of each example: masked sub-words, spans, or a task.

The loss p(y|x) of Yun et al. 2023, Section 3. What is hidden of an example depends on the example
and the seed only, so neither batches nor order nor further examples change it.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from isogloss.encoders.batches import IGNORED, TIGHT, Batch, Encoded, Points, forward, locate, pack
from isogloss.encoders.load import position_offset
from isogloss.seeds import named_seed
from isogloss.subnetworks.theta import encoder_of
from isogloss.tasks.denoising import Corrupted, corrupt, sentinels_of
from isogloss.tasks.mlm import MASKED, RANDOM
from isogloss.tasks.task import wide
from isogloss.training.model import Model


class Signs(NamedTuple):
    """What has to be known of a tokenizer. special : ids that are never hidden, int64 (k,).

    mask : None for T5, which hides spans behind `sentinels` and closes a text with `end`
    """

    pad: int
    vocabulary: int
    special: np.ndarray
    unknown: int | None
    mask: int | None
    end: int | None
    sentinels: tuple[int, ...]


class Example(NamedTuple):
    """A row as the model reads it.

    id : of the row
    windows : its sequences, one after the other
    inputs : number of windows of each of the row's inputs; a long passage makes several inputs
    points, answers : of each input, as in `isogloss.tasks.task.Features`; none without a task
    """

    id: int
    windows: tuple[Encoded, ...]
    inputs: tuple[int, ...] = (1,)
    points: tuple[np.ndarray, ...] = ()
    answers: tuple[np.ndarray, ...] = ()

    @property
    def length(self) -> int:
        """Sub-words, over all windows."""
        return sum(len(window.ids) for window in self.windows)


class Sample(NamedTuple):
    """Examples of a language in the order they are taken in, and rows without text."""

    examples: tuple[Example, ...]
    left_out: int
    signs: Signs


class Work(NamedTuple):
    """A packed batch of N examples.

    windows : sequences of each example
    answers : what is to be predicted: sub-words (R, T) of the batch, sub-words (N, K) of the
        decoder, IGNORED for none; or the points of a task
    pieces : for a task, the points of each example by itself
    """

    batch: Batch
    windows: tuple[int, ...]
    answers: Tensor | Points
    pieces: tuple[Points, ...] = ()

    def to(self, device: torch.device) -> "Work":
        """Copy to a device."""
        pieces = tuple(piece.to(device) for piece in self.pieces)
        return Work(self.batch.to(device), self.windows, self.answers.to(device), pieces)


class Objective(NamedTuple):
    """A loss over the examples of a sample.

    ids : rows of the sample, in its order
    work : the examples at some places of the sample as a batch
    losses : mean loss of each example of a batch, in nats (N,); float32 or better
    mean : mean loss over all that a batch predicts, a scalar; None where it predicts nothing
    """

    ids: tuple[int, ...]
    work: Callable[[Sequence[int]], Work]
    losses: Callable[[Work], Tensor]
    mean: Callable[[Work], Tensor | None]


def signs_of(tokenizer: Any) -> Signs:
    """What the objectives have to know of a tokenizer.

    Raises
    ------
    EncoderError
        if it has neither a mask nor sentinels
    """
    mask = tokenizer.mask_token_id
    return Signs(
        pad=int(tokenizer.pad_token_id),
        vocabulary=len(tokenizer),
        special=np.array(sorted(tokenizer.all_special_ids), dtype=np.int64),
        unknown=tokenizer.unk_token_id,
        mask=mask,
        end=tokenizer.eos_token_id,
        sentinels=() if mask is not None else tuple(sentinels_of(tokenizer)),
    )


def ordinary(ids: np.ndarray, signs: Signs) -> int:
    """Number of sub-words that are not special."""
    return int((~np.isin(ids, signs.special)).sum())


def places_of(work: Work) -> list[np.ndarray]:
    """Where the sub-words of each example stand in the batch's rows laid end to end, int64."""
    batch = work.batch
    counts = np.bincount(batch.sequence.numpy().ravel(), minlength=len(batch.first) + 1)[1:]
    starts = batch.first.numpy() @ np.array([batch.sequence.shape[1], 1])
    spans = iter(
        np.arange(start, start + count) for start, count in zip(starts, counts, strict=True)
    )
    return [np.concatenate([next(spans) for _ in range(number)]) for number in work.windows]


def padded(places: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Places as int64 (N, longest), 0 behind an example's end, and whether there is one, bool."""
    rows = [torch.from_numpy(row) for row in places]
    there = pad_sequence([torch.ones(len(row), dtype=torch.bool) for row in rows], True)
    return pad_sequence(rows, True), there


def hide(
    ids: np.ndarray, signs: Signs, share: float, generator: np.random.Generator, least: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Choose sub-words to predict and hide them, 80/10/10 (Devlin et al. 2019, Section 3.1).

    Parameters
    ----------
    ids : int64 (n,), with an ordinary sub-word
    least : 1 so that at least one is chosen; 0 so that there may be none (Yun et al.'s code)

    Returns
    -------
    ids and answers, int64 (n,), IGNORED where nothing is to be predicted
    """
    assert signs.mask is not None
    open_to = ~np.isin(ids, signs.special)
    chance = generator.random(len(ids))
    chosen = open_to & (chance < share)
    if least and not chosen.any():
        chosen = open_to & (chance == chance[open_to].min())
    fate = generator.random(len(ids))
    random = generator.integers(signs.vocabulary, size=len(ids))
    hidden = np.where(chosen & (fate < MASKED), signs.mask, ids)
    hidden = np.where(chosen & (fate >= MASKED) & (fate < MASKED + RANDOM), random, hidden)
    return hidden.astype(np.int64), np.where(chosen, ids, IGNORED)


def hide_spans(example: Example, signs: Signs, share: float, seed: int) -> Corrupted:
    """Hide spans of an example; the sentences of a pair follow each other as one text."""
    ids = example.windows[0].ids
    text = ids[~np.isin(ids, signs.special) | (ids == signs.unknown)]
    assert signs.end is not None
    return corrupt(text, signs.sentinels, signs.end, _generator(seed, example), share)


def objective_of(model: Any, sample: Sample, share: float, seed: int, least: int = 1) -> Objective:
    """The loss that fits a model: of its task, of spans for T5, else of masked sub-words.

    Parameters
    ----------
    model : `isogloss.training.model.Model`, or a language model
    share : of the sub-words that are hidden
    seed : of what is hidden, with the example's id
    least : 0 if an example may have nothing hidden (masked sub-words only)
    """
    if isinstance(model, Model):
        return _of_task(model, sample)
    if sample.signs.mask is None:
        return _of_spans(model, sample, share, seed)
    return _of_masks(model, sample, share, seed, least)


def _ids(sample: Sample) -> tuple[int, ...]:
    return tuple(example.id for example in sample.examples)


def named_rows(objective: Objective, members: Sequence[int]) -> str:
    """The first rows of a batch, as messages name them."""
    return f"{', '.join(str(objective.ids[place]) for place in members[:8])} ..."


def _generator(seed: int, example: Example) -> np.random.Generator:
    return np.random.default_rng(named_seed(seed, "mask", example.id))


def _pack(model: Any, sequences: Sequence[Encoded], signs: Signs) -> Batch:
    return pack(sequences, signs.pad, position_offset(encoder_of(model)), TIGHT)


def _of_masks(model: Any, sample: Sample, share: float, seed: int, least: int) -> Objective:
    head = model.cls if hasattr(model, "cls") else model.lm_head

    def work(members: Sequence[int]) -> Work:
        chosen = [sample.examples[place] for place in members]
        texts = [example.windows[0] for example in chosen]
        drawn = [
            hide(text.ids, sample.signs, share, _generator(seed, example), least)
            for text, example in zip(texts, chosen, strict=True)
        ]
        hidden = [text._replace(ids=ids) for text, (ids, _) in zip(texts, drawn, strict=True)]
        made = Work(_pack(model, hidden, sample.signs), (1,) * len(chosen), Tensor())
        answers = np.full(made.batch.ids.numel(), IGNORED)
        for place, (_, wanted) in zip(places_of(made), drawn, strict=True):
            answers[place] = wanted
        return made._replace(answers=torch.from_numpy(answers).view_as(made.batch.ids))

    def of_subwords(made: Work) -> tuple[Tensor, Tensor]:
        """Loss of each hidden sub-word, and its example."""
        assert isinstance(made.answers, Tensor)
        # The head, the widest layer of all, sees hidden sub-words only.
        there = made.answers != IGNORED
        logits = wide(head(forward(model, made.batch)[0][there]))
        found = functional.cross_entropy(logits, made.answers[there], reduction="none")
        return found, made.batch.sequence[there] - 1

    def losses(made: Work) -> Tensor:
        return _means(*of_subwords(made), len(made.windows))

    def mean(made: Work) -> Tensor | None:
        found, _ = of_subwords(made)
        return found.mean() if len(found) else None

    return Objective(_ids(sample), work, losses, mean)


def _means(values: Tensor, owner: Tensor, count: int) -> Tensor:
    """Mean of the values (K,) of each of `count` owners; 0 where one has none."""
    number = torch.bincount(owner, minlength=count)
    return values.new_zeros(count).index_add(0, owner, values / number[owner])


def _of_spans(model: Any, sample: Sample, share: float, seed: int) -> Objective:
    def work(members: Sequence[int]) -> Work:
        texts = [hide_spans(sample.examples[place], sample.signs, share, seed) for place in members]
        inputs = [Encoded(text.inputs, np.zeros_like(text.inputs)) for text in texts]
        targets = [torch.from_numpy(text.targets) for text in texts]
        batch = _pack(model, inputs, sample.signs)
        return Work(batch, (1,) * len(texts), pad_sequence(targets, True, IGNORED))

    def losses(made: Work) -> Tensor:
        found, there = _of_targets(model, made)
        return found.sum(1) / there.sum(1)

    def mean(made: Work) -> Tensor:
        found, there = _of_targets(model, made)
        return found.sum() / there.sum()

    return Objective(_ids(sample), work, losses, mean)


def _of_targets(model: Any, made: Work) -> tuple[Tensor, Tensor]:
    """Loss of each sub-word of the decoder (N, K), 0 for padding, and whether it is one.

    The encoder reads packed rows; the decoder looks at one text each, so they are unpacked.
    """
    labels = made.answers
    assert isinstance(labels, Tensor)
    on_host = made._replace(batch=made.batch.to(torch.device("cpu")))
    index, there = (part.to(labels.device) for part in padded(places_of(on_host)))
    states = forward(model.encoder, made.batch)[0].flatten(0, 1)[index]
    output = model(
        encoder_outputs=(states,),
        attention_mask=there.long(),
        decoder_input_ids=model.prepare_decoder_input_ids_from_labels(labels),
        use_cache=False,
    )
    logits = wide(output.logits).transpose(1, 2)
    found = functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="none")
    return found, labels != IGNORED


def _of_task(model: Model, sample: Sample) -> Objective:
    def work(members: Sequence[int]) -> Work:
        chosen = [sample.examples[place] for place in members]
        sequences = [window for example in chosen for window in example.windows]
        batch = _pack(model, sequences, sample.signs)
        points = locate(
            list(chain.from_iterable(example.inputs for example in chosen)),
            list(chain.from_iterable(example.points for example in chosen)),
            list(chain.from_iterable(example.answers for example in chosen)),
            batch,
        )
        windows = tuple(len(example.windows) for example in chosen)
        return Work(batch, windows, points, _split(points, chosen))

    def losses(made: Work) -> Tensor:
        states = forward(model.encoder, made.batch)[0]
        found = [model.head.loss(states, piece, model.encoder) for piece in made.pieces]
        return torch.stack(found)

    def mean(made: Work) -> Tensor:
        assert isinstance(made.answers, Points)
        return model.loss(made.batch, made.answers)

    return Objective(_ids(sample), work, losses, mean)


def _split(points: Points, examples: Sequence[Example]) -> tuple[Points, ...]:
    """Points of each example by itself; its inputs are numbered from 0."""
    counts = [sum(map(len, example.points)) for example in examples]
    before = np.cumsum([0, *(len(example.inputs) for example in examples)])
    parts = zip(*(part.split(counts) for part in points), before[:-1].tolist(), strict=True)
    return tuple(
        Points(row, column, owner - first, place, answers)
        for row, column, owner, place, answers, first in parts
    )
