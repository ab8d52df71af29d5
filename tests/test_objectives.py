"""What is hidden of a text, where its sub-words stand, and which parameters are looked at."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from models import build_encoder, build_mt5
from test_fisher import KINDS, MASKS, SEED, SHARE, language_model, task_model, texts
from torch import Tensor

from isogloss.encoders.batches import IGNORED, Encoded, pack
from isogloss.subnetworks.objectives import (
    Example,
    Objective,
    Work,
    hide,
    objective_of,
    padded,
    places_of,
)
from isogloss.subnetworks.theta import block_of, encoder_of, layers, theta


@pytest.mark.parametrize("kind", KINDS)
def test_theta_is_the_blocks(kind: str) -> None:
    model = language_model(kind)
    parts = theta(model)
    names = [part.name for part in parts]
    encoder = encoder_of(model)
    wanted = [
        name
        for name, _ in encoder.named_parameters()
        if name.startswith(("encoder.layer.", "encoder.block."))
        and "relative_attention_bias" not in name
    ]
    assert names == wanted and len(set(names)) == len(names)
    assert [part.block for part in parts] == sorted(block_of(name) for name in names)
    assert {part.block for part in parts} == {1, 2}
    assert len(parts) == 2 * (9 if kind == "mt5" else 16)
    listed = [name for layer in layers(model) for name in (layer.weight, layer.bias) if name]
    assert sorted(listed) == sorted(names)


@pytest.mark.parametrize("kind", KINDS)
def test_theta_is_the_same_under_every_head(kind: str) -> None:
    under_head = theta(task_model("pos", kind)[0])
    assert [part.name for part in under_head] == [part.name for part in theta(language_model(kind))]
    bare = build_mt5(False) if kind == "mt5" else build_encoder(kind)
    assert [part.name for part in theta(bare)] == [part.name for part in under_head]


@given(st.integers(1, 60), st.integers(0, 9), st.floats(0.02, 0.9), st.integers(0, 1))
def test_masks_hide_ordinary_sub_words(length: int, seed: int, share: float, least: int) -> None:
    ids = np.r_[3, np.random.default_rng(seed).integers(2, 60, length), 30, 4]
    hidden, answers = hide(ids, MASKS, share, np.random.default_rng(seed), least)
    chosen = answers != IGNORED
    assert (answers[chosen] == ids[chosen]).all() and (hidden[~chosen] == ids[~chosen]).all()
    assert not np.isin(ids[chosen], MASKS.special).any()
    assert hidden.min() >= 0 and hidden.max() < 60
    assert chosen.sum() >= least


def test_masks_have_their_shares() -> None:
    ids = np.full(60_000, 33)
    hidden, answers = hide(ids, MASKS, 0.15, np.random.default_rng(1))
    chosen = answers != IGNORED
    assert chosen.mean() == pytest.approx(0.15, abs=0.006)
    assert (hidden[chosen] == 4).mean() == pytest.approx(0.8 + 0.1 / 60, abs=0.012)
    assert (hidden[chosen] == 33).mean() == pytest.approx(0.1 + 0.1 / 60, abs=0.009)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_hidden_depends_on_the_example_alone(kind: str) -> None:
    model, sample = language_model(kind), texts(kind)
    whole = objective_of(model, sample, SHARE, SEED)

    def losses(objective: Objective, members: Sequence[int]) -> dict[int, float]:
        with torch.no_grad():
            found = objective.losses(objective.work(members)).tolist()
        return dict(zip(members, found, strict=True))

    first = losses(whole, range(9))
    assert losses(whole, [6, 2, 0]) == pytest.approx({n: first[n] for n in (6, 2, 0)}, rel=1e-12)
    fewer = objective_of(model, sample._replace(examples=sample.examples[:3]), SHARE, SEED)
    assert losses(fewer, [2, 1]) == pytest.approx({n: first[n] for n in (2, 1)}, rel=1e-12)
    other = losses(objective_of(model, sample, SHARE, SEED + 1), range(9))
    # a short text has one span at its end, whatever the seed
    least = 1 if kind == "mt5" else 5
    assert sum(abs(other[n] - first[n]) > 1e-9 for n in range(9)) > least


@limits(max_examples=30)
@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=8))
def test_places_are_where_the_sub_words_stand(lengths: list[list[int]]) -> None:
    examples = tuple(
        Example(n, tuple(Encoded(np.full(k, 7 + n), np.zeros(k, dtype=np.int64)) for k in row))
        for n, row in enumerate(lengths)
    )
    batch = pack([window for example in examples for window in example.windows], 0)
    places = places_of(Work(batch, tuple(map(len, lengths)), Tensor()))
    flat = batch.ids.flatten().numpy()
    assert [len(row) for row in places] == [sum(row) for row in lengths]
    assert all((flat[row] == 7 + n).all() for n, row in enumerate(places))
    index, there = padded(places)
    assert [index[n][there[n]].tolist() for n in range(len(places))] == [p.tolist() for p in places]
