"""A packed sequence gets the states and gradients it gets alone, and little is padding."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import ARCHITECTURES, build_encoder, first_points, sequences
from torch import Tensor, nn

from isogloss.config.tasks import Nli, task_of
from isogloss.corpora.conllu import read_conllu
from isogloss.corpora.paraphrase import read_pawsx
from isogloss.corpora.questions import read_goldp
from isogloss.corpora.tagged import read_wikiann
from isogloss.corpora.xnli import read_xtreme_pairs
from isogloss.encoders.batches import (
    LOOSE,
    TIGHT,
    Batch,
    Fit,
    Points,
    by_length,
    first_states,
    forward,
    gather,
    locate,
    mean_states,
    pack,
    place,
    spread,
)
from isogloss.encoders.load import position_offset
from isogloss.encoders.tokenizer import Architecture, build_tokenizer, train_vocabulary
from isogloss.tasks import nli
from isogloss.tasks.pairs import Classifier
from isogloss.tasks.task import Features, task_module
from isogloss.training.loop import batch_members
from isogloss.training.model import Model
from isogloss.training.score import TOKENS, batch_of

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=40)
MIXED = [3, 17, 1, 9, 5, 5, 2, 12, 30, 8]


def padding(lengths: np.ndarray, size: int) -> float:
    """Share of padding over batches of `size` sequences in the order given."""
    real = computed = 0
    for start in range(0, len(lengths) - size + 1, size):
        part = lengths[start : start + size].tolist()
        places, width = place(part)
        real += sum(part)
        computed += width * (1 + max(row for row, _ in places))
    return 1 - real / computed


def alone(encoder: nn.Module, batch: Batch, index: int) -> list[Tensor]:
    """States of all layers (length, H) when the library sees only one of the sequences."""
    mine = batch.sequence == index + 1
    output = encoder(
        input_ids=batch.ids[mine][None],
        token_type_ids=batch.types[mine][None],
        output_hidden_states=True,
    )
    return [states[0] for states in output.hidden_states]


@given(LENGTHS)
def test_places_overlap_nowhere(lengths: list[int]) -> None:
    places, width = place(lengths)
    taken = [
        (row, column + offset)
        for (row, column), length in zip(places, lengths, strict=True)
        for offset in range(length)
    ]
    assert len(places) == len(lengths)
    assert len(set(taken)) == len(taken) == sum(lengths)
    assert max(column for _, column in taken) + 1 == width
    assert {row for row, _ in taken} == set(range(1 + max(row for row, _ in places)))


@given(LENGTHS, st.sampled_from([LOOSE, TIGHT, Fit(1.2, 2)]))
def test_rows_are_as_narrow_as_they_can_be_without_much_padding(
    lengths: list[int], fit: Fit
) -> None:
    total, longest = sum(lengths), max(lengths)
    tried = []
    for rows in [len(lengths), *range(max(1, total // longest), 0, -1)]:
        if rows == len(lengths) or rows >= max(1, total // (fit.widest * longest)):
            filled = [0] * rows
            for length in sorted(lengths, reverse=True):
                filled[filled.index(min(filled))] += length
            tried.append((rows, max(filled)))
    limit = fit.slack * min(rows * width for rows, width in tried)
    expected = next(found for found in tried if found[0] * found[1] <= limit)
    places, width = place(lengths, fit)
    assert (1 + max(row for row, _ in places), width) == expected


@given(LENGTHS, st.integers(0, 3), st.integers(0, 2))
def test_packing_loses_and_doubles_nothing(lengths: list[int], pad: int, offset: int) -> None:
    items = sequences(lengths)
    batch = pack(items, pad, offset)
    assert batch.tokens == sum(lengths)
    assert batch.processed == batch.ids.numel()
    assert len(batch.first) == len(items)
    for index, item in enumerate(items):
        mine = batch.sequence == index + 1
        row, column = batch.first[index].tolist()
        span = slice(column, column + len(item.ids))
        assert bool(mine[row, span].all())
        assert int(mine.sum()) == len(item.ids)
        np.testing.assert_array_equal(batch.ids[mine], item.ids)
        np.testing.assert_array_equal(batch.types[mine], item.types)
        np.testing.assert_array_equal(batch.positions[mine], offset + np.arange(len(item.ids)))
    empty = batch.sequence == 0
    assert set(batch.ids[empty].tolist()) <= {pad}
    assert set(batch.positions[empty].tolist()) <= {offset}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("layers", [2, 12, 24])
def test_states_of_all_layers_equal_those_alone(architecture: Architecture, layers: int) -> None:
    encoder = build_encoder(architecture, num_hidden_layers=layers).double()
    items = sequences(MIXED, types=encoder.config.type_vocab_size)
    batch = pack(items, encoder.config.pad_token_id, position_offset(encoder))
    assert len(batch.ids) < len(items)
    with torch.inference_mode():
        found = forward(encoder, batch, all_layers=True)
        assert len(found) == layers + 1
        torch.testing.assert_close(forward(encoder, batch)[0], found[-1], rtol=0, atol=0)
        for index in range(len(items)):
            mine = batch.sequence == index + 1
            for states, expected in zip(found, alone(encoder, batch, index), strict=True):
                torch.testing.assert_close(states[mine], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_pooled_states_equal_those_alone(architecture: Architecture) -> None:
    encoder = build_encoder(architecture).double()
    items = sequences(MIXED, types=encoder.config.type_vocab_size)
    batch = pack(items, encoder.config.pad_token_id, position_offset(encoder))
    special = torch.tensor([7, 8, 9])
    with torch.inference_mode():
        states = forward(encoder, batch)[0]
        first, mean = first_states(states, batch), mean_states(states, batch, special)
        for index, item in enumerate(items):
            expected = alone(encoder, batch, index)[-1]
            torch.testing.assert_close(first[index], expected[0], rtol=0, atol=1e-10)
            kept = expected[[i for i, piece in enumerate(item.ids) if piece not in (7, 8, 9)]]
            wanted = kept.mean(0) if len(kept) else torch.zeros_like(first[index])
            torch.testing.assert_close(mean[index], wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_equal_those_of_the_padded_batch(architecture: Architecture) -> None:
    encoder = build_encoder(architecture).double()
    pad = encoder.config.pad_token_id
    items = sequences(MIXED, types=encoder.config.type_vocab_size)
    labels = [place % 3 for place in range(len(items))]
    model = Model(encoder, Classifier(encoder, 3, True, seed=1)).double().eval()

    batch = pack(items, pad, position_offset(encoder))
    model.loss(batch, first_points(batch, labels)).backward()
    packed = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()

    width = max(MIXED)
    rows = [torch.from_numpy(item.ids) for item in items]
    kinds = [torch.from_numpy(item.types) for item in items]
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)
    types = nn.utils.rnn.pad_sequence(kinds, batch_first=True)
    mask = torch.arange(width)[None] < torch.tensor(MIXED)[:, None]
    pooled = encoder(input_ids=ids, token_type_ids=types, attention_mask=mask.long()).pooler_output
    logits = model.head.output(pooled)
    nn.functional.cross_entropy(logits, torch.tensor(labels)).backward()
    padded = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}

    assert packed.keys() == padded.keys()
    for name, gradient in padded.items():
        torch.testing.assert_close(packed[name], gradient, rtol=1e-7, atol=1e-10)
    assert max(float(gradient.abs().max()) for gradient in packed.values()) > 1e-3


EXAMPLES = st.lists(
    st.tuples(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 6)),
    min_size=1,
    max_size=8,
)


def drawn(examples: list[tuple[list[int], int]], seed: int) -> tuple[Batch, list[np.ndarray]]:
    """Windows of all examples in one batch, and random points (window, offset) in them."""
    generator = np.random.default_rng(seed)
    points = []
    for windows, count in examples:
        chosen = generator.integers(len(windows), size=count)
        offsets = [int(generator.integers(windows[window])) for window in chosen]
        points.append(np.stack([chosen, np.array(offsets, dtype=int)], 1))
    return pack(sequences([size for windows, _ in examples for size in windows]), 0), points


@given(EXAMPLES, st.integers(0, 2**32), st.sampled_from([0.0, -torch.inf]))
def test_states_are_found_where_their_windows_were_put(
    examples: list[tuple[list[int], int]], seed: int, fill: float
) -> None:
    # the last example has a point, or the number of examples could not be known
    examples[-1] = (examples[-1][0], 1 + examples[-1][1])
    batch, points = drawn(examples, seed)
    counts = [len(part) for part in points]
    answers = [np.arange(2 * count).reshape(-1, 2) + 100 * i for i, count in enumerate(counts)]
    windows = [len(windows) for windows, _ in examples]
    found = locate(windows, points, answers, batch)
    assert {tensor.dtype for tensor in found} == {torch.int64}
    states = torch.randn(*batch.ids.shape, 3, generator=torch.Generator().manual_seed(0))
    reached = gather(states, found)
    wide = spread(reached, found, fill)
    numbers = spread(found.place + 1, found, 0)
    assert wide.shape == (len(examples), max(counts), 3)
    line = before = 0
    for index, part in enumerate(points):
        for number, (window, offset) in enumerate(part.tolist()):
            mine = states[batch.sequence == before + window + 1]
            assert torch.equal(reached[line], mine[offset])
            assert torch.equal(wide[index, number], mine[offset])
            assert numbers[index, number] == number + 1
            assert found.answers[line].tolist() == answers[index][number].tolist()
            assert (found.owner[line], found.place[line]) == (index, number)
            line += 1
        assert bool((wide[index, len(part) :] == fill).all())
        assert not numbers[index, len(part) :].any()
        before += windows[index]
    assert line == len(reached)


def test_points_go_to_a_device_whole() -> None:
    batch, points = drawn([([3, 2], 2), ([4], 1)], 0)
    found = locate([2, 1], points, points, batch).to(torch.device("meta"))
    assert isinstance(found, Points)
    assert {tensor.device.type for tensor in found} == {"meta"}


@given(EXAMPLES, st.integers(0, 2**32))
def test_means_over_several_windows(examples: list[tuple[list[int], int]], seed: int) -> None:
    batch, _ = drawn(examples, seed)
    states = torch.randn(*batch.ids.shape, 3, generator=torch.Generator().manual_seed(0)).double()
    special = batch.ids.unique()[::3]
    windows = [len(sizes) for sizes, _ in examples]
    owner = torch.from_numpy(np.repeat(np.arange(len(examples)), windows))
    found = mean_states(states, batch, special, owner)
    assert len(found) == len(examples)
    for index in range(len(examples)):
        mine = torch.isin(batch.sequence, 1 + (owner == index).nonzero()[:, 0])
        plain = states[mine & ~torch.isin(batch.ids, special)]
        expected = plain.mean(0) if len(plain) else torch.zeros(3, dtype=torch.float64)
        torch.testing.assert_close(found[index], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [16, 32, 48])
@pytest.mark.parametrize("sigma", [0.4, 0.6])
def test_little_padding_on_lengths_like_those_of_xnli(size: int, sigma: float) -> None:
    generator = np.random.default_rng(0)
    lengths = generator.lognormal(np.log(40) - sigma**2 / 2, sigma, 6400)
    assert padding(lengths.round().astype(int).clip(4, 128), size) < 0.12


@pytest.mark.shared
@pytest.mark.parametrize("language", ["en", "zh"])
def test_little_padding_on_xnli(shared: Path, language: str) -> None:
    frame = read_xtreme_pairs(shared / "data" / "xnli" / f"test-{language}.tsv").head(1600)
    texts = [*frame["premise"], *frame["hypothesis"]]
    tokenizer = build_tokenizer(train_vocabulary(texts[::4], 3000, alphabet=2000), "bert", 512)
    task = Nli(kind="nli", corpus="xnli", max_length=128)
    lengths = np.array(nli.features(frame, tokenizer, task).lengths)
    order = np.random.default_rng(0).permutation(len(lengths))
    assert padding(lengths[order], 32) < 0.12


READERS: dict[str, Any] = {
    "ner": (lambda path: read_wikiann(path, "en"), "wikiann/en/train", "wikiann/en/test"),
    "paraphrase": (
        read_pawsx,
        "pawsx/x-final/en/train.tsv",
        "pawsx/x-final/en/test_2k.tsv",
    ),
    "qa": (
        read_goldp,
        "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json",
        "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.en.dev.json",
    ),
    **dict.fromkeys(
        ("pos", "parsing"),
        (
            read_conllu,
            "ud/UD_English-EWT/en_ewt-ud-train.conllu",
            "ud/UD_English-EWT/en_ewt-ud-test.conllu",
        ),
    ),
}


def beyond(features: Features, groups: Iterable[Any], fit: Fit) -> float:
    """Sub-words computed beyond the real ones, over these."""
    batches = [batch_of(features, members, 0, 0, fit) for members in groups]
    real = sum(batch.tokens for batch in batches)
    return sum(batch.processed for batch in batches) / real - 1


@pytest.mark.shared
@pytest.mark.parametrize("kind", READERS)
def test_little_padding_on_real_files(shared: Path, multilingual: Any, kind: str) -> None:
    read, train, test = READERS[kind]
    task, module = task_of({"kind": kind, "corpus": "x"}), task_module(kind)
    frames = [read(shared / "data" / file) for file in (train, test)]
    labels = module.labels(task, frames[0])
    first, second = (module.features(frame, multilingual, task, labels) for frame in frames)
    size = len(first.windows)
    for batch in (16, 32):
        steps = range(-(-size // batch))
        members = [batch_members(step, size, batch, 1) for step in steps]
        assert sum(map(len, members)) == size
        assert beyond(first, members, LOOSE) < 0.12
    for tokens in TOKENS.values():
        assert beyond(second, by_length(second.lengths, tokens), TIGHT) < 0.03


@given(LENGTHS, st.integers(1, 200))
def test_batches_by_length_hold_each_input_once(lengths: list[int], tokens: int) -> None:
    groups = by_length(lengths, tokens)
    order = [index for group in groups for index in group]
    assert sorted(order) == list(range(len(lengths)))
    assert [lengths[index] for index in order] == sorted(lengths)
    for group in groups:
        assert len(group) == 1 or sum(lengths[index] for index in group) <= tokens


def test_a_batch_goes_to_a_device_whole() -> None:
    batch = pack(sequences(MIXED), 0).to(torch.device("meta"))
    assert {tensor.device.type for tensor in batch} == {"meta"}
