"""Fine-tuning: an encoder, a task and a recipe become a run."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from isogloss.config.recipes import Recipe
from isogloss.encoders.batches import Batch, Points
from isogloss.encoders.load import freeze, load_tokenizer, position_offset, weights_hash
from isogloss.encoders.reinitialise import reinitialise
from isogloss.encoders.vocabulary import compact, expand, used_ids
from isogloss.metrics.standard import score_of
from isogloss.seeds import named_seed
from isogloss.tasks.task import Features, join_features, renumber, task_module
from isogloss.training.loop import (
    Example,
    Plan,
    batch_members,
    batches_by_language,
    language_members,
    train,
)
from isogloss.training.model import Model, build_model
from isogloss.training.optimiser import rate_factor
from isogloss.training.score import batch_of, points_of, run_pass


class Rows(NamedTuple):
    """Canonical rows of one language of a training set.

    examples : how many of them to train on, drawn by the run's seed; None for all
    dev : rows to select by, or None
    """

    language: str
    train: pd.DataFrame
    examples: int | None = None
    dev: pd.DataFrame | None = None


class Run(NamedTuple):
    """A fine-tuned model, table kind `curve`, and facts: labels, hash of the initial weights,
    steps, the step whose weights the model has, dev scores, examples."""

    model: Model
    curve: pd.DataFrame
    facts: dict[str, Any]


def few(rows: Rows, seed: int) -> pd.DataFrame:
    """The rows to train on: all, or so many drawn by the seed, in upstream order."""
    if rows.examples is None or rows.examples >= len(rows.train):
        return rows.train
    generator = np.random.default_rng(named_seed(seed, "few", rows.language))
    chosen = np.sort(generator.choice(len(rows.train), rows.examples, replace=False))
    return rows.train.iloc[chosen].reset_index(drop=True)


def plan_of(recipe: Recipe, sizes: Sequence[int], seed: int) -> Plan:
    """Steps and schedule of a recipe on languages with so many examples."""
    if recipe.mixing == "by_language":
        per_epoch = len(batches_by_language(sizes, recipe.batch))
    else:
        per_epoch = math.ceil(sum(sizes) / recipe.batch)
    steps = recipe.steps if recipe.steps is not None else (recipe.epochs or 0) * per_epoch
    return Plan(
        steps=steps,
        steps_per_epoch=per_epoch,
        learning_rate=recipe.learning_rate,
        warmup_steps=round(recipe.warmup * steps),
        seed=seed,
        decay=recipe.decay,
        betas=recipe.betas,
        epsilon=recipe.epsilon,
        weight_decay=recipe.weight_decay,
        clip=recipe.clip,
        precision=recipe.precision,
        save_every=recipe.save_every,
        check_every=max(1, per_epoch // recipe.checks) if recipe.select == "best_dev" else None,
        patience=recipe.patience,
        min_delta=recipe.min_delta,
    )


def shrinkage(plan: Plan, steps: int) -> float:
    """Factor by which weight decay alone shrinks a weight over the first steps of a plan."""
    if not plan.weight_decay:
        return 1.0
    factors = (
        rate_factor(step, plan.steps, plan.warmup_steps, plan.decay, plan.decay_power)
        for step in range(steps)
    )
    return math.prod(1 - plan.weight_decay * plan.learning_rate * factor for factor in factors)


def identity(facts: dict[str, Any], initial: str, parts: Sequence[Features]) -> str:
    """What must be equal for a saved state to be gone on with: recipe, weights, data, code."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    digest.update(initial.encode())
    for part in parts:
        arrays = [*part.points, *part.answers]
        arrays += [window.ids for item in part.windows for window in item]
        for array in arrays:
            digest.update(len(array).to_bytes(8, "big"))
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def finetune(
    folder: Path,
    layers: int,
    task: Any,
    recipe: Recipe,
    seed: int,
    languages: Sequence[Rows],
    state: Path | None = None,
    code: str = "",
) -> Run:
    """Fine-tune an encoder on one training set.

    Parameters
    ----------
    folder, layers : the encoder and how many blocks it must have
    task : a task of `isogloss.config.tasks`
    languages : rows to train on; with dev rows where the recipe selects by dev
    state, code : where a resumable state is kept, and the code it belongs to
    """
    torch.set_num_threads(recipe.threads)
    module, tokenizer = task_module(task.kind), load_tokenizer(folder)
    frames = [few(rows, seed) for rows in languages]
    labels = module.labels(task, pd.concat(frames, ignore_index=True))
    dropouts = (recipe.dropout, recipe.output_dropout)
    model = build_model(folder, layers, task, labels, seed, *dropouts)
    reinitialise(model.encoder, recipe.reinitialise, recipe.initialisation, seed)
    freeze(model.encoder, recipe.freeze, recipe.freeze_embeddings)
    parts = [module.features(frame, tokenizer, task, labels) for frame in frames]
    sizes = [len(part.windows) for part in parts]
    plan = plan_of(recipe, sizes, seed)
    chosen = languages[:1] if recipe.dev == "first" else languages
    dev = {rows.language: rows.dev for rows in chosen if rows.dev is not None}
    dev_parts = {
        name: module.features(frame, tokenizer, task, labels) for name, frame in dev.items()
    }
    # What no weight depends on is no part of the identity.
    written = {"save_every", "keep_weights", "store"}
    settings = recipe.model_dump(mode="json", exclude=written)
    facts = {"recipe": settings, "task": task.model_dump(mode="json"), "seed": seed, "code": code}
    initial = weights_hash(model)
    everything = [*parts, *dev_parts.values()]
    key = identity(facts, initial, everything)
    inputs = (window for part in everything for item in part.windows for window in item)
    kept = used_ids(inputs, tokenizer.all_special_ids)
    full = compact(model.encoder, kept)
    data = renumber(join_features(parts), kept)
    pad, offset = int(kept.searchsorted(tokenizer.pad_token_id)), position_offset(model.encoder)

    def example(step: int) -> Example:
        if recipe.mixing == "by_language":
            members = language_members(step, sizes, recipe.batch, seed)
        else:
            members = batch_members(step, sum(sizes), recipe.batch, seed)
        names = ", ".join(str(row) for row in data.ids[members][:8])
        batch = batch_of(data, members, pad, offset)
        return Example(batch, points_of(data, members, batch), f"train rows {names} ...")

    def loss_of(batch: Batch, points: Points) -> torch.Tensor:
        return model.loss(batch, points)

    dev_score = _dev_score(model, task.kind, dev, dev_parts, labels, kept, pad) if dev else None
    curve, step, checks = train(model, example, loss_of, plan, state, key, dev_score)
    expand(model.encoder, kept, full, shrinkage(plan, step))
    facts |= {
        "labels": list(labels),
        "initial_weights": initial,
        "steps": plan.steps,
        "chosen": step,
        "checks": checks,
        "examples": dict(zip([rows.language for rows in languages], sizes, strict=True)),
    }
    return Run(model, curve, facts)


def _dev_score(
    model: Model,
    kind: str,
    dev: Mapping[str, pd.DataFrame],
    parts: Mapping[str, Features],
    labels: Sequence[str],
    kept: np.ndarray,
    pad: int,
) -> Callable[[], float]:
    """Mean over languages of the task's main score on dev, in percent."""
    small = {language: renumber(part, kept) for language, part in parts.items()}
    module, judge = task_module(kind), score_of(kind)

    def score() -> float:
        found = []
        for language, frame in dev.items():
            decoded = run_pass(model.encoder, small[language], pad, head=model.head).decoded
            predictions = module.predictions(frame, parts[language], decoded or [], labels)
            found.append(next(iter(judge(predictions.assign(language=language)).values())))
        return sum(found) / len(found)

    return score
