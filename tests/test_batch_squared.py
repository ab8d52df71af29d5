"""The released estimator: squares of batches' gradients, clipped tensor by tensor."""

from typing import Any

import numpy as np
import pytest
import torch
from test_fisher import (
    KINDS,
    SEED,
    SHARE,
    language_model,
    plain_loss,
    squares_of,
    task_model,
    texts,
)

from isogloss.errors import TrainingError
from isogloss.subnetworks.batch_squared import add_batch, dropout_seed
from isogloss.subnetworks.fisher import alone
from isogloss.subnetworks.objectives import Example, Objective, Sample, objective_of
from isogloss.subnetworks.sums import empty
from isogloss.subnetworks.theta import theta


def squared(
    model: Any,
    objective: Objective,
    members: Any,
    clip: float | None = None,
    dropout: bool = False,
    seed: int = 5,
) -> tuple[dict[str, torch.Tensor], int]:
    """Squares of one batch, and how many tensors were clipped."""
    values, parts = empty(model).values, theta(model)
    with alone(model, [part.tensor for part in parts], dropout):
        clipped = add_batch(model, parts, objective, members, values, clip, seed)
    return values, clipped


def weights_of(model: Any, sample: Sample, members: list[int]) -> list[float]:
    """Share of each example in what a batch predicts."""
    work = objective_of(model, sample, SHARE, SEED, 0).work(members)
    assert isinstance(work.answers, torch.Tensor)
    there = (work.answers != -100).double()
    if sample.signs.mask is None:
        counts = there.sum(1)
    else:
        owner = work.batch.sequence
        counts = torch.stack([(there * (owner == n + 1)).sum() for n in range(len(members))])
    return (counts / counts.sum()).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_is_over_all_hidden_sub_words_of_a_batch(kind: str) -> None:
    model, sample, members = language_model(kind), texts(kind), [6, 1, 3, 5]
    shares = weights_of(model, sample, members)
    assert len({round(share, 9) for share in shares}) > 1
    losses = [
        plain_loss(model, sample.examples[n], sample.signs, 0) * share
        for n, share in zip(members, shares, strict=True)
        if share > 0
    ]
    wanted = squares_of(model, torch.stack(losses).sum())
    found, clipped = squared(model, objective_of(model, sample, SHARE, SEED, 0), members)
    assert clipped == 0
    for name, value in wanted.items():
        if not name.endswith("key.bias"):
            assert float((found[name] - value).abs().max()) < 1e-12 * float(value.max()), name


@pytest.mark.parametrize("kind", ["pos", "nli", "qa", "parsing"])
def test_a_task_has_the_loss_it_is_trained_with(kind: str) -> None:
    model, sample = task_model(kind, "bert")
    objective = objective_of(model, sample, SHARE, SEED)
    work = objective.work([2, 0, 3])
    wanted = squares_of(model, model.loss(work.batch, work.answers))
    found, _ = squared(model, objective, [2, 0, 3])
    assert all(torch.equal(found[name], value) for name, value in wanted.items())


@pytest.mark.parametrize("kind", KINDS)
def test_each_tensor_is_clipped_by_itself(kind: str) -> None:
    model, sample = language_model(kind), texts(kind)
    objective = objective_of(model, sample, SHARE, SEED, 0)
    plain, _ = squared(model, objective, [0, 1, 2, 3])
    norms = {name: float(value.sum().sqrt()) for name, value in plain.items()}
    clip = float(np.median(list(norms.values())))
    found, clipped = squared(model, objective, [0, 1, 2, 3], clip)
    assert clipped == sum(norm > clip for norm in norms.values())
    assert 0 < clipped < len(norms)
    for name, value in plain.items():
        # the library divides by the norm plus 1e-6
        factor = min(1.0, clip / (norms[name] + 1e-6))
        torch.testing.assert_close(found[name], value * factor**2, rtol=1e-12, atol=1e-40)


def test_dropout_is_that_of_the_batch() -> None:
    model, sample = language_model("bert"), texts("bert")
    objective = objective_of(model, sample, SHARE, SEED, 0)
    found, _ = squared(model, objective, range(4), dropout=True, seed=8)
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(8)
        loss = objective.mean(objective.work(range(4)))
        assert loss is not None
        wanted = squares_of(model, loss)
    assert all(torch.equal(found[name], value) for name, value in wanted.items())
    model.eval()
    name = "encoder.layer.1.output.dense.weight"
    for other in ({"dropout": True, "seed": 9}, {"dropout": False}):
        again, _ = squared(model, objective, range(4), **other)
        assert float((again[name] - found[name]).abs().max()) > 1e-3 * float(found[name].max())
    assert dropout_seed(1, 2) != dropout_seed(1, 3) != dropout_seed(2, 3)


def test_the_random_stream_of_the_caller_is_not_moved() -> None:
    model, sample = language_model("bert"), texts("bert")
    state = torch.get_rng_state()
    squared(model, objective_of(model, sample, SHARE, SEED, 0), range(4), dropout=True)
    assert torch.equal(state, torch.get_rng_state())


def test_a_batch_with_nothing_hidden_adds_nothing() -> None:
    model = language_model("bert")
    sample = texts("bert", [1])
    one = sample.examples[0]
    rows = tuple(Example(row, one.windows) for row in range(40))
    objective = objective_of(model, Sample(rows, 0, sample.signs), 0.15, SEED, 0)
    found = [objective.mean(objective.work([n])) for n in range(40)]
    bare = [n for n, loss in enumerate(found) if loss is None]
    assert 20 < len(bare) < 40
    values, clipped = squared(model, objective, bare, clip=1.0)
    assert clipped == 0 and all(not value.any() for value in values.values())


def test_other_weights_keep_no_gradient() -> None:
    model, sample = language_model("mt5"), texts("mt5")
    squared(model, objective_of(model, sample, SHARE, SEED, 0), range(4), clip=1.0)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_loss_that_is_no_number_is_refused() -> None:
    model, sample = language_model("bert"), texts("bert")
    with torch.no_grad():
        model.cls.predictions.bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"not finite.*rows: 100, 97"):
        squared(model, objective_of(model, sample, SHARE, SEED, 0), range(4))
