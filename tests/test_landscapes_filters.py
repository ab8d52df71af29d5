"""Random directions: as long as the weights filter by filter, and even in all directions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import build_encoder, build_mt5
from scipy import stats
from torch import Tensor, nn

from isogloss.landscapes.filters import random_direction
from isogloss.training.model import Model

KINDS = ("bert", "roberta", "mt5")


def build(kind: str) -> Model:
    """A tiny model with a head of a matrix, a bias and a tensor of three dimensions."""
    encoder = build_mt5(False) if kind == "mt5" else build_encoder(kind)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        head = nn.ParameterDict({"matrix": torch.randn(3, 16), "bias": torch.randn(3)})
        head["relation"] = nn.Parameter(torch.randn(2, 4, 5))
    return Model(encoder, head)


def parameters_of(model: Model) -> list[Tensor]:
    """Parameters in the order of a direction."""
    return [p.detach() for p in (*model.encoder.parameters(), *model.head.parameters())]


def draw(model: Model, seed: int = 1) -> list[Tensor]:
    """A direction."""
    return random_direction(model, torch.Generator().manual_seed(seed))


def single(weights: Tensor) -> Model:
    """A model of one tensor."""
    return Model(nn.Module(), nn.ParameterDict({"weights": weights}))


def norms(tensor: Tensor) -> np.ndarray:
    """Norm of each filter, float64."""
    return np.linalg.norm(tensor.double().numpy().reshape(len(tensor), -1), axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_filters_are_as_long_as_their_weights(kind: str) -> None:
    model = build(kind)
    found = draw(model)
    wanted = parameters_of(model)
    assert [d.shape for d in found] == [p.shape for p in wanted]
    assert all(d.dtype == torch.float32 and not d.requires_grad for d in found)
    for direction, weights in zip(found, wanted, strict=True):
        if weights.ndim < 2:
            assert not direction.any()
        else:
            np.testing.assert_allclose(norms(direction), norms(weights), rtol=1e-6)
            assert direction.ne(weights).any()
    assert {p.ndim for p in wanted} == {1, 2, 3}


def test_a_tensor_of_three_dimensions_has_a_filter_per_first_index() -> None:
    weights = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(2))
    weights *= torch.tensor([0.0, 1.0, 10.0, 100.0])[:, None, None]
    (found,) = draw(single(weights))
    np.testing.assert_allclose(norms(found), norms(weights), rtol=1e-6)
    # Rows within a filter are not held to the weights' own.
    inner = torch.linalg.vector_norm(found[1:], dim=2) / torch.linalg.vector_norm(
        weights[1:], dim=2
    )
    assert (inner - 1).abs().min() > 1e-3


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=6),
    st.integers(1, 40),
    st.floats(0.01, 2),
    st.integers(0, 99),
)
def test_a_step_changes_each_filter_by_its_share(
    scales: list[float], width: int, radius: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(len(scales), width, generator=generator)
    weights *= torch.tensor(scales)[:, None]
    (direction,) = draw(single(weights), seed)
    step = (weights.double() + radius * direction.double()) - weights.double()
    np.testing.assert_allclose(norms(step), radius * norms(weights), rtol=1e-5)


def test_a_filter_of_zeros_stays() -> None:
    weights = torch.randn(5, 8, generator=torch.Generator().manual_seed(2))
    weights[[0, 3]] = 0
    (found,) = draw(single(weights))
    assert not found[[0, 3]].any()
    assert found[[1, 2, 4]].abs().min() > 0


def test_a_draw_of_zero_is_no_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "randn", lambda shape, **_: torch.zeros(shape))
    (found,) = draw(single(torch.full((3, 1), 1e3)))
    assert found.tolist() == [[0], [0], [0]]


def test_a_filter_of_one_number_goes_up_or_down() -> None:
    (found,) = draw(single(torch.full((1000, 1), 2.0)))
    np.testing.assert_allclose(found.abs(), 2, rtol=1e-6)
    assert stats.binomtest(int((found > 0).sum()), 1000).pvalue > 0.01


def test_directions_are_even_on_the_sphere() -> None:
    count, width = 4000, 3
    (found,) = draw(single(torch.ones(count, width)))
    unit = found.double().numpy() / math.sqrt(width)
    # On a sphere in three dimensions each coordinate is uniform (Archimedes).
    for column in unit.T:
        assert stats.kstest(column, stats.uniform(-1, 2).cdf).pvalue > 0.01
    np.testing.assert_allclose(unit.mean(0), 0, atol=4 / math.sqrt(3 * count))


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_names_a_direction(kind: str) -> None:
    model = build(kind)
    first = draw(model, 1)
    again, other = draw(model, 1), draw(model, 2)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    for a, b in zip(first, other, strict=True):
        assert a.ndim < 2 or (a != b).any()


def test_a_generator_goes_on() -> None:
    model, generator = build("bert"), torch.Generator().manual_seed(1)
    first, second = (random_direction(model, generator)[0] for _ in range(2))
    assert torch.equal(first, draw(model)[0]) and not torch.equal(first, second)


def test_no_other_stream_is_read_and_weights_stay() -> None:
    model = build("bert")
    before = [p.clone() for p in parameters_of(model)]
    state = torch.get_rng_state()
    draw(model)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(parameters_of(model), before, strict=True))


def test_other_weights_of_a_seed_differ_in_length_only() -> None:
    model, larger = build("bert"), build("bert")
    with torch.no_grad():
        for parameter in larger.parameters():
            parameter.mul_(3)
    for a, b in zip(draw(model), draw(larger), strict=True):
        np.testing.assert_allclose(3 * a, b, rtol=1e-5)


def test_weights_of_other_types_give_float32() -> None:
    weights = torch.randn(4, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    (found,) = draw(single(weights))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(norms(found), norms(weights), rtol=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
def test_a_gpu_gets_the_same_direction() -> None:
    model = build("bert")
    wanted = draw(model)
    found = draw(model.cuda())
    assert all(d.device.type == "cuda" for d in found)
    assert all(torch.equal(a, b.cpu()) for a, b in zip(wanted, found, strict=True))
