"""The loop: order, rates, clipping, selection, errors, and what it writes down."""

import logging
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import build_encoder, first_points, pairs, sequences
from safetensors import safe_open
from torch import Tensor, nn
from transformers import get_constant_schedule_with_warmup, get_linear_schedule_with_warmup

from isogloss.encoders.batches import Batch, pack
from isogloss.errors import TrainingError
from isogloss.seeds import named_seed
from isogloss.tables import arrange
from isogloss.tasks.nli import LABELS
from isogloss.tasks.pairs import Classifier
from isogloss.training import loop
from isogloss.training.loop import Example, Plan, batch_members, epoch_order, train
from isogloss.training.model import Model
from isogloss.training.optimiser import build_adamw, rate_factor

PLAN = Plan(steps=12, steps_per_epoch=4, learning_rate=0.1, warmup_steps=3, seed=5)


class Toy(nn.Module):
    """A layer whose loss needs no encoder."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 1)
        self.fixed = nn.Linear(1, 1).requires_grad_(False)
        self.dropout = nn.Dropout(dropout)
        with torch.no_grad():
            self.layer.weight.copy_(torch.linspace(-1, 1, 6)[None])
            self.layer.bias.zero_()
            self.fixed.weight.fill_(2.0)

    def loss_of(self, _: Batch, answers: Tensor) -> Tensor:
        return (self.layer(self.dropout(answers)) - answers.sum(1, keepdim=True)).square().mean()


def example(step: int) -> Example:
    """Work of a step, a little larger each time."""
    generator = torch.Generator().manual_seed(step)
    answers = torch.randn(5, 6, generator=generator)
    return Example(pack(sequences([2, 3 + step]), 0), answers, f"rows of step {step}")


def weights_after(plan: Plan, dropout: float = 0.0, **arguments: object) -> Tensor:
    model = Toy(dropout)
    train(model, example, model.loss_of, plan, **arguments)  # type: ignore[arg-type]
    return model.layer.weight.detach().clone()


@pytest.fixture(autouse=True)
def on_cpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the tests of the GPU run on the CPU, wherever they run."""
    if "gpu" not in request.keywords:
        monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))


@given(st.integers(1, 40), st.integers(0, 40))
def test_rates_are_those_of_the_library(steps: int, warmup: int) -> None:
    for decay, schedule in (
        ("linear", lambda o: get_linear_schedule_with_warmup(o, warmup, steps)),
        ("constant", lambda o: get_constant_schedule_with_warmup(o, warmup)),
    ):
        optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        theirs = schedule(optimiser)
        for step in range(steps):
            found = rate_factor(step, steps, warmup, decay)  # type: ignore[arg-type]
            assert found == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-12)
            optimiser.step()
            theirs.step()


def test_rates_can_fall_by_a_power() -> None:
    found = [rate_factor(step, 10, 2, "linear", 0.5) for step in range(11)]
    assert found == pytest.approx([0, 0.5, *(np.sqrt(1 - np.arange(9) / 8))])


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 3))
def test_each_epoch_takes_each_example_once(size: int, batch: int, seed: int) -> None:
    per_epoch = -(-size // batch)
    epochs = [
        np.concatenate(
            [batch_members(e * per_epoch + s, size, batch, seed) for s in range(per_epoch)]
        )
        for e in range(3)
    ]
    for epoch, order in enumerate(epochs):
        assert sorted(order) == list(range(size))
        np.testing.assert_array_equal(order, epoch_order(size, seed, epoch))
    assert max(len(batch_members(step, size, batch, seed)) for step in range(9)) <= batch


def test_orders_differ_by_epoch_and_seed() -> None:
    orders = {epoch_order(50, seed, epoch).tobytes() for seed in (1, 2) for epoch in (0, 1, 2)}
    assert len(orders) == 6
    with pytest.raises(ValueError, match="read-only"):
        epoch_order(50, 1, 0)[0] = 1


def test_only_trained_parameters_reach_the_optimiser() -> None:
    model = Toy()
    optimiser = build_adamw(model.parameters(), 0.1, (0.8, 0.9), 1e-6, 0.01)
    held = optimiser.param_groups[0]
    assert [p is q for p, q in zip(held["params"], model.layer.parameters(), strict=True)]
    assert len(held["params"]) == 2
    names = ("lr", "betas", "eps", "weight_decay")
    assert [held[name] for name in names] == [0.1, (0.8, 0.9), 1e-6, 0.01]


def plain_loop(plan: Plan) -> tuple[Tensor, list[float]]:
    """The same training without the room's code."""
    model = Toy()
    optimiser = torch.optim.AdamW(
        model.layer.parameters(), lr=plan.learning_rate, eps=plan.epsilon, weight_decay=0.3
    )
    schedule = get_linear_schedule_with_warmup(optimiser, plan.warmup_steps, plan.steps)
    losses = []
    for step in range(plan.steps):
        loss = model.loss_of(*example(step)[:2])
        losses.append(loss.item())
        loss.backward()
        if plan.clip is not None:
            gradients = [p.grad for p in model.layer.parameters() if p.grad is not None]
            norm = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
            for gradient in gradients:
                gradient *= min(1.0, plan.clip / norm)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    return model.layer.weight.detach(), losses


@pytest.mark.parametrize("clip", [None, 0.5, 4.0])
def test_training_equals_a_plain_loop(clip: float | None) -> None:
    # a large epsilon, because Adam alone hardly sees the scale of a gradient
    plan = PLAN._replace(clip=clip, epsilon=1.0, weight_decay=0.3, log_every=1)
    expected, losses = plain_loop(plan)
    model = Toy()
    trained = train(model, example, model.loss_of, plan)
    torch.testing.assert_close(model.layer.weight.detach(), expected, rtol=1e-5, atol=1e-6)
    assert trained.curve["loss"].tolist() == pytest.approx(losses, rel=1e-5)
    assert trained.step == 12
    assert model.fixed.weight.item() == 2.0
    assert not model.training


def test_clipping_changes_the_result() -> None:
    plans = [PLAN._replace(clip=clip, epsilon=1.0) for clip in (None, 0.5, 4.0)]
    assert len({tuple(weights_after(plan).flatten().tolist()) for plan in plans}) == 3


def test_curve() -> None:
    model = Toy()
    found = train(model, example, model.loss_of, PLAN._replace(log_every=5, save_every=4)).curve
    arrange("curve", found)
    assert found["step"].tolist() == [4, 5, 8, 10, 12]
    assert found["epoch"].tolist() == [1, 1.25, 2, 2.5, 3]
    sizes = np.array([[example(s).batch.tokens, example(s).batch.processed] for s in range(12)])
    sums = sizes.cumsum(0)[found["step"] - 1]
    assert found[["tokens", "processed"]].to_numpy().tolist() == sums.tolist()
    rates = [PLAN.learning_rate * rate_factor(s - 1, 12, 3, "linear") for s in found["step"]]
    assert found["learning_rate"].tolist() == pytest.approx(rates)
    model = Toy()
    every = train(model, example, model.loss_of, PLAN._replace(log_every=1)).curve["loss"]
    means = [every[a:b].mean() for a, b in ((0, 4), (4, 5), (5, 8), (8, 10), (10, 12))]
    assert found["loss"].tolist() == pytest.approx(means, rel=1e-6)


def test_log_says_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "isogloss"):
        weights_after(PLAN._replace(log_every=6))
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(" loss")[0] for line in lines] == [
        "step 6/12 epoch 1.50",
        "step 12/12 epoch 3.00",
    ]
    assert all("tokens/s" in line and "s left" in line for line in lines)


def test_dropout_depends_on_the_seed_only() -> None:
    torch.manual_seed(1)
    first = weights_after(PLAN, dropout=0.5)
    torch.manual_seed(2)
    assert torch.equal(weights_after(PLAN, dropout=0.5), first)
    assert not torch.equal(weights_after(PLAN._replace(seed=6), dropout=0.5), first)


@pytest.mark.parametrize("kind", ["loss", "gradient"])
def test_a_loss_that_is_no_number_ends_the_training(kind: str, tmp_path: Path) -> None:
    model = Toy()
    state = tmp_path / "state"
    broken = example(6).answers

    def loss_of(batch: Batch, answers: Tensor) -> Tensor:
        loss = model.loss_of(batch, answers)
        if torch.equal(answers, broken):
            return loss * float("nan") if kind == "loss" else loss + (loss - loss.detach()).sqrt()
        return loss

    plan = PLAN._replace(save_every=4)
    with pytest.raises(TrainingError, match=r"step 7: loss .* batch: rows of step 6; a lower"):
        train(model, example, loss_of, plan, state, "key")
    with safe_open(state, framework="pt") as file:
        assert '"step": 4' in file.metadata()["isogloss"]
        assert all(file.get_tensor(name).isfinite().all() for name in file.keys())  # noqa: SIM118


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [([1, 3, 3, 2], 6), ([1, 2, 3, 4], 12), ([4, 1, 1, 1], 3), ([0, 0, 0, 0], 3)],
)
def test_the_first_of_the_best_steps_is_kept(scores: list[float], chosen: int) -> None:
    given_scores = iter(scores)
    model = Toy()
    plan = PLAN._replace(check_every=3, decay="constant")
    trained = train(model, example, model.loss_of, plan, dev_score=lambda: next(given_scores))
    assert trained.step == chosen
    assert torch.equal(model.layer.weight.detach(), weights_after(plan._replace(steps=chosen)))
    assert trained.curve["step"].max() == 12
    assert not list(given_scores)


def test_the_last_step_is_checked_too() -> None:
    given_scores = iter([1.0, 2.0, 3.0])
    model = Toy()
    plan = PLAN._replace(check_every=5)
    assert (
        train(model, example, model.loss_of, plan, dev_score=lambda: next(given_scores)).step == 12
    )


def test_checks_do_not_move_the_training() -> None:
    modes = []
    model = Toy(0.5)

    def dev_score() -> float:
        modes.append(model.training)
        torch.rand(3)
        return len(modes)

    train(model, example, model.loss_of, PLAN._replace(check_every=2), dev_score=dev_score)
    assert torch.equal(model.layer.weight.detach(), weights_after(PLAN, dropout=0.5))
    assert modes == [False] * 6


def test_named_seeds_are_the_same_everywhere() -> None:
    assert named_seed(1, "order", 0) == 433034383059858670
    seeds = {named_seed(s, name, e) for s in (1, 2) for name in ("order", "head") for e in (0, 1)}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)


def losses_on(
    device: str, precision: Literal["fp32", "bf16"], monkeypatch: pytest.MonkeyPatch
) -> np.ndarray:
    """Losses of twenty steps of a tiny BERT without dropout."""
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device(device))
    labels = [LABELS.index(label) for label in pairs(320)["label"]]
    dropout: dict[str, Any] = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    encoder = build_encoder("bert", **dropout)
    model = Model(encoder, Classifier(encoder, 3, True, seed=1))

    def work(step: int) -> Example:
        lengths = np.random.default_rng(step).integers(4, 30, 16).tolist()
        batch = pack(sequences(lengths, step), 0)
        return Example(batch, first_points(batch, labels[16 * step :][:16]), str(step))

    plan = PLAN._replace(steps=20, learning_rate=1e-3, log_every=1, precision=precision)
    curve = train(model, work, model.loss, plan).curve
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    return curve["loss"].to_numpy()


def test_bf16_follows_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    full = losses_on("cpu", "fp32", monkeypatch)
    half = losses_on("cpu", "bf16", monkeypatch)
    np.testing.assert_allclose(half, full, atol=0.1)
    assert np.abs(half - full).max() > 1e-6
    assert np.abs(np.diff(full)).max() > 0.2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
def test_a_card_follows_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = losses_on("cpu", "fp32", monkeypatch)
    np.testing.assert_allclose(losses_on("cuda", "fp32", monkeypatch), cpu, atol=1e-3)
    np.testing.assert_allclose(losses_on("cuda", "bf16", monkeypatch), cpu, atol=0.1)
