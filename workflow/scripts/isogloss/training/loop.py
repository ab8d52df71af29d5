"""The one training loop: pretraining, adaptation and fine-tuning all go through it.

The batch of a step is a function of the step alone, so a training that was killed goes on
from its last saved state and ends with the weights it would have had.
"""

import functools
import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from isogloss.encoders.batches import Batch, Points
from isogloss.errors import TrainingError
from isogloss.seeds import named_seed
from isogloss.training.checkpoint import Best, load_state, save_state
from isogloss.training.optimiser import build_adamw, rate_factor

LOG = logging.getLogger("isogloss")


class Plan(NamedTuple):
    """How long and how fast a training goes. Names as in `isogloss.config.recipes.Recipe`."""

    steps: int
    steps_per_epoch: float
    learning_rate: float
    warmup_steps: int
    seed: int
    decay: Literal["linear", "constant"] = "linear"
    decay_power: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    clip: float | None = 1.0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    save_every: int = 500
    log_every: int = 50
    check_every: int | None = None
    patience: int | None = None
    min_delta: float = 0.0


class Example(NamedTuple):
    """One step's work: a packed batch, what is to be predicted, and how to name it."""

    batch: Batch
    answers: Tensor | Points
    name: str


class Trained(NamedTuple):
    """Table kind `curve`, the step whose weights the model has, and steps and scores on dev."""

    curve: pd.DataFrame
    step: int
    checks: list[tuple[int, float]]


@functools.lru_cache(maxsize=16)
def epoch_order(size: int, seed: int, epoch: int, part: int = 0) -> np.ndarray:
    """Random order of the examples (of one part) in one epoch, int64 (size,), read-only."""
    names = ("order", epoch, part) if part else ("order", epoch)
    generator = torch.Generator().manual_seed(named_seed(seed, *names))
    order = torch.randperm(size, generator=generator).numpy()
    order.flags.writeable = False
    return order


def batch_members(step: int, size: int, batch: int, seed: int) -> np.ndarray:
    """Places of the examples of a step; an epoch's last batch may be smaller."""
    per_epoch = math.ceil(size / batch)
    epoch, place = divmod(step, per_epoch)
    return epoch_order(size, seed, epoch)[place * batch : (place + 1) * batch]


def batches_by_language(sizes: Sequence[int], batch: int) -> list[tuple[int, int]]:
    """Batches of one epoch before they are put in order: language and number within it.

    A language's incomplete last batch is left out, unless it is its only one.
    """
    return [
        (language, number)
        for language, size in enumerate(sizes)
        for number in range(max(1, size // batch))
    ]


def language_members(step: int, sizes: Sequence[int], batch: int, seed: int) -> np.ndarray:
    """Places of the examples of a step, all of one language (Wu et al.'s code).

    Examples of language i are those from sum(sizes[:i]) on. Each epoch has the same batches in
    another order, so that a language is drawn by its size.
    """
    batches = batches_by_language(sizes, batch)
    epoch, place = divmod(step, len(batches))
    generator = torch.Generator().manual_seed(named_seed(seed, "languages", epoch))
    chosen = int(torch.randperm(len(batches), generator=generator)[place])
    language, number = batches[chosen]
    order = epoch_order(sizes[language], seed, epoch, language + 1)
    return sum(sizes[:language]) + order[number * batch : (number + 1) * batch]


def pick_device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(
    model: nn.Module,
    example: Callable[[int], Example],
    loss_of: Callable[[Batch, Any], Tensor],
    plan: Plan,
    state: Path | None = None,
    key: str = "",
    dev_score: Callable[[], float] | None = None,
) -> Trained:
    """Train a model in place.

    Parameters
    ----------
    example : the work of step s (from 0); must depend on s only
    loss_of : mean loss of a batch in nats, a scalar
    state, key : where a resumable state is kept, and the identity it must have
    dev_score : if given, called every `plan.check_every` steps; the weights with the highest
        score (the first of equals) are the result

    Returns
    -------
    curve, and the step whose weights the model has

    Raises
    ------
    TrainingError
        if the loss or the gradient is not finite; names step and batch
    """
    device = pick_device()
    model.to(device).train()
    optimiser = build_adamw(
        model.parameters(), plan.learning_rate, plan.betas, plan.epsilon, plan.weight_decay
    )
    torch.manual_seed(named_seed(plan.seed, "dropout"))
    curve: list[list[float]] = []
    checks: list[tuple[int, float]] = []
    best: Best | None = None
    start = 0
    loaded = load_state(state, key, model, optimiser) if state is not None else None
    if loaded is not None:
        start, curve, checks, best = loaded
        LOG.info("resumed after step %d of %d", start, plan.steps)
    tally = _Tally(curve, plan)
    half = plan.precision == "bf16" or (plan.precision == "auto" and device.type == "cuda")
    for step in range(start, plan.steps):
        work = example(step)
        rate = plan.learning_rate * rate_factor(
            step, plan.steps, plan.warmup_steps, plan.decay, plan.decay_power
        )
        for group in optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            loss = loss_of(work.batch.to(device), work.answers.to(device))
        loss.backward()
        norm = _clip(model, plan.clip)
        tally.add(step, loss.detach(), norm, work, rate)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        done = step + 1
        last = done == plan.steps
        if dev_score is not None and plan.check_every and (done % plan.check_every == 0 or last):
            checks.append((done, _check(model, dev_score)))
            LOG.info("step %d dev score %.2f", *checks[-1])
            last = last or impatient(checks, plan.patience, plan.min_delta)
            if best is None or checks[-1][1] > best.score:
                kept = {n: t.detach().cpu().clone() for n, t in model.state_dict().items()}
                best = Best(checks[-1][1], done, kept)
        if done % plan.log_every == 0 or last or done % plan.save_every == 0:
            tally.close(done)
        if state is not None and done % plan.save_every == 0 and not last:
            save_state(state, key, done, model, optimiser, curve, checks, best)
        if last:
            break
    if best is not None:
        model.load_state_dict(best.weights)
    model.eval()
    return Trained(_curve_frame(curve), best.step if best is not None else plan.steps, checks)


def impatient(checks: Sequence[tuple[int, float]], patience: int | None, delta: float) -> bool:
    """Whether the last `patience` scores did not exceed the best one before by more than delta."""
    if patience is None:
        return False
    best, waited = -math.inf, 0
    for _, score in checks:
        if score > best + delta:
            best, waited = score, 0
        else:
            waited += 1
    return waited >= patience


def _clip(model: nn.Module, clip: float | None) -> Tensor:
    parameters = [p for p in model.parameters() if p.grad is not None]
    return torch.nn.utils.clip_grad_norm_(parameters, math.inf if clip is None else clip)


def _check(model: nn.Module, dev_score: Callable[[], float]) -> float:
    # Evaluation must not move the random stream that dropout draws from.
    with torch.random.fork_rng():
        model.eval()
        score = dev_score()
    model.train()
    return score


class _Tally:
    """Sums since the last log line. Losses stay on the device until a line is due."""

    def __init__(self, curve: list[list[float]], plan: Plan) -> None:
        self.curve, self.plan = curve, plan
        self.tokens, self.processed = (int(n) for n in (curve[-1][4:6] if curve else (0, 0)))
        self.started, self.fresh = time.monotonic(), self.tokens
        self.first: int | None = None
        self.losses: list[Tensor] = []
        self.norms: list[Tensor] = []
        self.names: list[str] = []
        self.rate = 0.0

    def add(self, step: int, loss: Tensor, norm: Tensor, work: Example, rate: float) -> None:
        if self.first is None:
            self.first = step
        self.losses.append(loss)
        self.norms.append(norm)
        self.names.append(work.name)
        self.tokens += work.batch.tokens
        self.processed += work.batch.processed
        self.rate = rate

    def close(self, done: int) -> None:
        if not self.losses:
            return
        first = done - len(self.losses)
        losses = torch.stack(self.losses).double().cpu()
        finite = torch.isfinite(losses) & torch.isfinite(torch.stack(self.norms)).cpu()
        if not bool(finite.all()):
            place = int((~finite).nonzero()[0])
            raise TrainingError(
                f"step {first + place + 1}: loss {losses[place].item()} or its gradient is not "
                f"finite; batch: {self.names[place]}; a lower learning rate or fp32 may help"
            )
        mean = losses.mean().item()
        epoch = done / self.plan.steps_per_epoch
        self.curve.append([done, epoch, mean, self.rate, self.tokens, self.processed])
        self.losses, self.norms, self.names = [], [], []
        assert self.first is not None
        spent = time.monotonic() - self.started
        steps = done - self.first
        left = spent / steps * (self.plan.steps - done)
        LOG.info(
            "step %d/%d epoch %.2f loss %.4f lr %.2e %.0f tokens/s %.0f s left",
            done,
            self.plan.steps,
            epoch,
            mean,
            self.rate,
            (self.tokens - self.fresh) / max(spent, 1e-9),
            left,
        )


def _curve_frame(curve: list[list[float]]) -> pd.DataFrame:
    names = ["step", "epoch", "loss", "learning_rate", "tokens", "processed"]
    whole = dict.fromkeys(("step", "tokens", "processed"), "int64")
    return pd.DataFrame(curve, columns=names).astype(whole)
