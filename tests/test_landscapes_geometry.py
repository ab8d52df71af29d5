"""Norms, ratios and angles of two directions, against sums of exact numbers."""

import copy
import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import build_encoder, build_mt5
from torch import Tensor, nn

from isogloss.errors import LandscapeError
from isogloss.kinds import SCHEMAS
from isogloss.landscapes import geometry
from isogloss.landscapes.geometry import compare_directions
from isogloss.training.model import Model

KINDS = ("bert", "roberta", "mt5")


def build(kind: str, pooler: bool = True) -> Model:
    """A tiny model with a head of a matrix, a bias and a tensor of three dimensions."""
    encoder = build_mt5(False) if kind == "mt5" else build_encoder(kind, pooler=pooler)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        head = nn.ParameterDict({"matrix": torch.randn(3, 16), "bias": torch.randn(3)})
        head["relation"] = nn.Parameter(torch.randn(2, 4, 4))
    return Model(encoder, head)


def moved(model: Model, seed: int, size: float = 1e-3, kept: str = "nothing") -> Model:
    """A copy whose weights were changed at random, but for those whose name holds `kept`."""
    found = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in found.named_parameters():
            step = size * torch.randn(parameter.shape, generator=generator)
            parameter.add_(step if kept not in name else 0.0 * step)
    return found


def triple(kind: str = "bert") -> tuple[Model, Model, Model]:
    """Source, target and bilingual model."""
    both = build(kind)
    return moved(both, 1), moved(both, 2, 2e-3), both


def numbers_of(model: Model, keep: Any = lambda name: True) -> np.ndarray:
    """The named weights end to end, float64."""
    parts = [p.detach().double().flatten().numpy() for n, p in model.named_parameters() if keep(n)]
    return np.concatenate(parts)


def row_of(frame: pd.DataFrame, level: str, name: str) -> pd.Series:
    """The one row of a level and name."""
    (found,) = frame[(frame["level"] == level) & (frame["name"] == name)].itertuples(index=False)
    return found


class Bare(nn.Module):
    """An encoder with one block and nothing else."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.embeddings = nn.Module()
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList([nn.Module()])
        self.encoder.layer[0].weight = nn.Parameter(values)

    def get_input_embeddings(self) -> nn.Module:
        """As encoders of the library have it."""
        return self.embeddings


def vector(values: Any) -> Model:
    """A model whose only weights are one tensor, float64."""
    found = Bare(torch.as_tensor(values, dtype=torch.float64))
    return Model(found, nn.Module())


def measure(first: Any, second: Any) -> Any:
    """Numbers of two directions."""
    zero = np.zeros_like(np.asarray(first, dtype=np.float64))
    return row_of(compare_directions(vector(first), vector(second), vector(zero), 1), "all", "all")


def exact_angle(first: np.ndarray, second: np.ndarray) -> float:
    """Angle of two vectors in degrees, with sums of fractions and 60 digits."""
    u, v = ([Fraction(float(number)) for number in values] for values in (first, second))
    with mpmath.workdps(60):
        along = sum(a * b for a, b in zip(u, v, strict=True))
        squared = sum(a * a for a in u) * sum(b * b for b in v) - along * along
        beside = mpmath.sqrt(mpmath.mpf(squared.numerator) / squared.denominator)
        return float(
            mpmath.degrees(mpmath.atan2(beside, mpmath.mpf(along.numerator) / along.denominator))
        )


@pytest.mark.parametrize("kind", KINDS)
def test_all_levels_equal_sums_over_their_weights(kind: str) -> None:
    source, target, both = triple(kind)
    frame = compare_directions(source, target, both, 2)
    block = "encoder.encoder.layer." if kind != "mt5" else "encoder.encoder.block."
    embeddings = "encoder.embeddings." if kind != "mt5" else "encoder.shared."
    wanted = {
        ("all", "all"): "",
        ("part", "encoder"): "encoder.",
        ("part", "head"): "head.",
        ("layer", "embeddings"): embeddings,
        ("layer", "1"): f"{block}0.",
        ("layer", "2"): f"{block}1.",
        ("layer", "head"): "head.",
    }
    if kind == "mt5":
        wanted["layer", "final_norm"] = "encoder.encoder.final_layer_norm."
    else:
        wanted["layer", "pooler"] = "encoder.pooler."
    wanted |= {("tensor", name): name for name, _ in both.named_parameters()}
    assert set(zip(frame["level"], frame["name"], strict=True)) == set(wanted)
    for (level, name), prefix in wanted.items():
        base, *ends = (
            numbers_of(model, lambda n, p=prefix: n.startswith(p))
            for model in (both, source, target)
        )
        u, v = (end - base for end in ends)
        found = row_of(frame, level, name)
        norms = math.sqrt(math.fsum(u * u)), math.sqrt(math.fsum(v * v))
        assert found.parameters == len(base)
        assert (found.norm_source, found.norm_target) == pytest.approx(norms, rel=1e-13)
        assert found.ratio == pytest.approx(norms[0] / norms[1], rel=1e-13)
        cosine = math.fsum(u * v) / (norms[0] * norms[1])
        assert found.angle == pytest.approx(math.degrees(math.acos(cosine)), rel=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_parts_and_layers_add_up(kind: str) -> None:
    frame = compare_directions(*triple(kind), 2)
    squares = frame.assign(source=frame["norm_source"] ** 2, target=frame["norm_target"] ** 2)
    sums = squares.groupby("level")[["parameters", "source", "target"]].sum()
    for level in ("part", "layer", "tensor"):
        np.testing.assert_allclose(sums.loc[level], sums.loc["all"], rtol=1e-13)


def test_levels_have_an_order() -> None:
    frame = compare_directions(*triple(), 2)
    assert list(frame["level"].unique()) == ["all", "part", "layer", "tensor"]
    names = [*frame["name"][frame["level"].isin(["all", "part", "layer"])]]
    assert names[:3] == ["all", "encoder", "head"]
    assert names[3:] == ["embeddings", "1", "2", "pooler", "head"]


def test_columns_are_those_of_the_table() -> None:
    frame = compare_directions(*triple(), 2)
    schema = SCHEMAS["directions"]
    assert [*schema.key[:6], *frame.columns] == schema.columns.names
    assert frame["parameters"].dtype == np.int64
    assert not frame.duplicated(["level", "name"]).any()


def test_an_encoder_without_a_pooler_has_no_row_of_it() -> None:
    both = build("bert", pooler=False)
    frame = compare_directions(moved(both, 1), moved(both, 2), both, 2)
    assert "pooler" not in set(frame["name"])


def test_weights_that_did_not_move_have_no_angle() -> None:
    both = build("bert")
    frame = compare_directions(
        moved(both, 1, kept="pooler"), moved(both, 2, kept="encoder.layer.1."), both, 2
    )
    pooler, second, whole = (
        row_of(frame, *at) for at in (("layer", "pooler"), ("layer", "2"), ("all", "all"))
    )
    assert pooler.norm_source == 0 < pooler.norm_target
    assert pooler.ratio == 0 and math.isnan(pooler.angle)
    assert second.norm_target == 0 < second.norm_source
    assert math.isnan(second.ratio) and math.isnan(second.angle)
    moves = [whole.parameters - part.parameters for part in (pooler, second)]
    assert whole.ratio == pytest.approx(math.sqrt(moves[0] / moves[1]), rel=0.05)
    assert whole.angle == pytest.approx(90, abs=5)
    still = row_of(compare_directions(both, both, both, 2), "all", "all")
    assert (still.norm_source, still.norm_target) == (0, 0)
    assert math.isnan(still.ratio) and math.isnan(still.angle)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("turn", [1e-3, 1e-7, 1e-9, 1e-12])
@pytest.mark.parametrize("factor", [1.0, 1 / 3, 1000.0])
def test_small_angles_keep_their_digits(turn: float, factor: float, sign: int) -> None:
    generator = np.random.default_rng(3)
    first = generator.normal(size=300)
    second = sign * factor * (first + turn * generator.normal(size=300))
    wanted = exact_angle(first, second)
    found = measure(first, second).angle
    # Both vectors are given to 1e-16; of an angle of 1e-12 that leaves four digits.
    away, found_away = (abs(angle - (0 if sign > 0 else 180)) for angle in (wanted, found))
    assert found_away == pytest.approx(away, rel=max(1e-12, 1e-14 / turn), abs=3e-14 * (sign < 0))


def test_an_arccosine_would_not_keep_them() -> None:
    generator = np.random.default_rng(3)
    first = generator.normal(size=300)
    second = first + 1e-9 * generator.normal(size=300)
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    lost = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    assert abs(lost / exact_angle(first, second) - 1) > 0.05


@pytest.mark.parametrize(
    ("second", "angle"),
    [([2, 0], 0), ([-0.5, 0], 180), ([0, 3], 90), ([0, -3], 90), ([1, 1], 45), ([-1, 1], 135)],
)
def test_known_angles(second: list[float], angle: float) -> None:
    for first in ([1.0, 0.0], [-1.0, 0.0]):
        mirrored = [first[0] * second[0], second[1]]
        found = measure(first, mirrored)
        assert found.angle == pytest.approx(angle, abs=1e-13)
        assert found.ratio == pytest.approx(1 / np.hypot(*second), rel=1e-15)


def test_one_number_is_a_direction() -> None:
    found = measure([2.0], [-8.0])
    assert (found.parameters, found.ratio, found.angle) == (1, 0.25, 180)
    assert measure([2.0], [8.0]).angle == 0


VECTORS = st.integers(1, 12).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(-50, 50), min_size=size, max_size=size) for _ in range(2)]
    )
)


@settings(max_examples=60, deadline=None)
@given(VECTORS, st.sampled_from([1e-30, 1.0, 1e30]))
def test_the_two_directions_are_alike(vectors: tuple[list[int], list[int]], scale: float) -> None:
    first, second = (scale * np.array(values, dtype=np.float64) for values in vectors)
    found, turned = measure(first, second), measure(second, first)
    assert (found.norm_source, found.norm_target) == pytest.approx(
        (turned.norm_target, turned.norm_source), rel=1e-14
    )
    assert found.angle == pytest.approx(turned.angle, rel=1e-13, abs=1e-12, nan_ok=True)
    if first.any() and second.any():
        assert found.angle == pytest.approx(exact_angle(first, second), rel=1e-13, abs=1e-12)
        assert found.ratio * turned.ratio == pytest.approx(1, rel=1e-14)
    else:
        assert math.isnan(found.angle)
        assert math.isnan(found.ratio) is not second.any()


@pytest.mark.parametrize("chunk", [1, 7, 16, 1000])
def test_pieces_of_a_tensor_make_the_whole(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    models = triple()
    whole = compare_directions(*models, 2)
    monkeypatch.setattr(geometry, "CHUNK", chunk)
    pd.testing.assert_frame_equal(compare_directions(*models, 2), whole, rtol=1e-12)


def test_no_tensor_is_held_whole_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    models, decompose = triple(), torch.linalg.qr
    seen: list[int] = []

    def watched(rows: Tensor, mode: str) -> Any:
        seen.append(len(rows))
        return decompose(rows, mode=mode)

    monkeypatch.setattr(geometry, "CHUNK", 128)
    monkeypatch.setattr(torch.linalg, "qr", watched)
    compare_directions(*models, 2)
    assert max(seen) == 128 < max(p.numel() for p in models[2].parameters())


def test_small_steps_of_large_weights_are_exact() -> None:
    both = build("bert")
    with torch.no_grad():
        for parameter in both.parameters():
            parameter.fill_(1000.0)
    source, target = moved(both, 1, 1e-3), moved(both, 2, 1e-3)
    u, v = (numbers_of(model) - numbers_of(both) for model in (source, target))
    found = row_of(compare_directions(source, target, both, 2), "all", "all")
    assert 0 < found.norm_source == pytest.approx(np.linalg.norm(u), rel=1e-13)
    assert found.angle == pytest.approx(
        np.degrees(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v))), rel=1e-11
    )


def test_shared_tensors_count_once() -> None:
    both = build("bert")
    both.head["output"] = both.encoder.embeddings.word_embeddings.weight
    plain = build("bert")
    found = compare_directions(moved(both, 1), moved(both, 2), both, 2)
    wanted = compare_directions(moved(plain, 1), moved(plain, 2), plain, 2)
    assert "head.output" not in set(found["name"])
    pd.testing.assert_frame_equal(found, wanted)


def test_models_stay_as_they_are() -> None:
    models = triple()
    before = [numbers_of(model) for model in models]
    first = compare_directions(*models, 2)
    pd.testing.assert_frame_equal(compare_directions(*models, 2), first)
    for model, kept in zip(models, before, strict=True):
        np.testing.assert_array_equal(numbers_of(model), kept)
        assert all(parameter.requires_grad for parameter in model.parameters())


def test_other_models_are_refused() -> None:
    source, target, both = triple()
    with pytest.raises(LandscapeError, match="have 2 blocks; expected: 3"):
        compare_directions(source, target, both, 3)
    wider = copy.deepcopy(target)
    wider.head["bias"] = nn.Parameter(torch.zeros(4))
    with pytest.raises(LandscapeError, match=r"^head\.bias: .* the target's model"):
        compare_directions(source, wider, both, 2)
    less = copy.deepcopy(source)
    del less.head["matrix"]
    with pytest.raises(LandscapeError, match=r"^head\.matrix: .* the source's model"):
        compare_directions(less, target, both, 2)
    with pytest.raises(LandscapeError, match="allowed: runs of one encoder and task"):
        compare_directions(build("roberta"), target, both, 2)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_weights_that_are_no_numbers_are_refused(value: float, place: int) -> None:
    models = triple()
    with torch.no_grad():
        models[place].head["bias"][1] = value
    with pytest.raises(LandscapeError, match=r"^head\.bias: not finite"):
        compare_directions(*models, 2)
