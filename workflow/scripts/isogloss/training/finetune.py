"""Fine-tuning: an encoder, a task and a recipe become a run."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from isogloss.config import Recipe, Task
from isogloss.encoders.batches import Batch, forward, pack
from isogloss.encoders.load import (
    check_layers,
    freeze,
    load_encoder,
    load_tokenizer,
    position_offset,
    weights_hash,
)
from isogloss.encoders.vocabulary import compact, expand, used_ids
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed
from isogloss.tables import write_atomically
from isogloss.tasks import nli
from isogloss.training.loop import Example, Plan, batch_members, train
from isogloss.training.optimiser import rate_factor
from isogloss.training.score import predict


def build_model(folder: Path, layers: int, seed: int, dropout: float | None) -> nli.Classifier:
    """Encoder and head before fine-tuning; the head is drawn from the run's seed."""
    encoder = load_encoder(folder, named_seed(seed, "pooler"), dropout)
    check_layers(encoder, layers, folder)
    return nli.Classifier(encoder, named_seed(seed, "head"))


def load_run(folder: Path, layers: int, weights: Path) -> nli.Classifier:
    """Encoder and head after fine-tuning, from the encoder's folder and a run's weights."""
    model = build_model(folder, layers, 0, None)
    try:
        model.load_state_dict(load_file(weights))
    except (RuntimeError, SafetensorError) as error:
        raise EncoderError(f"{weights}: does not fit the encoder {folder} ({error})") from error
    return model.eval()


def save_run(path: Path, model: nn.Module) -> None:
    """Write all weights of a run, float32 safetensors."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    blob = save(tensors, metadata={"format": "pt"})
    write_atomically(path, lambda file: file.write(blob))


def plan_of(recipe: Recipe, size: int, seed: int) -> Plan:
    """Steps and schedule of a recipe on `size` examples."""
    per_epoch = math.ceil(size / recipe.batch)
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


def identity(facts: dict[str, Any], initial: str, *data: nli.Features) -> str:
    """What must be equal for a saved state to be gone on with: recipe, weights, data, code."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    digest.update(initial.encode())
    for part in data:
        digest.update(part.labels.numpy().tobytes())
        for item in part.inputs:
            digest.update(len(item.ids).to_bytes(8, "big"))
            digest.update(item.ids.tobytes())
    return digest.hexdigest()


def finetune(
    folder: Path,
    layers: int,
    task: Task,
    recipe: Recipe,
    seed: int,
    frames: dict[str, pd.DataFrame],
    state: Path | None = None,
    code: str = "",
) -> tuple[nli.Classifier, pd.DataFrame, dict[str, Any]]:
    """Fine-tune an encoder on one training set.

    Parameters
    ----------
    folder, layers : the encoder and how many blocks it must have
    frames : table kind `pairs` under "train", and under "dev" where the recipe selects by dev
    state, code : where a resumable state is kept, and the code it belongs to

    Returns
    -------
    model, table kind `curve`, and facts: hash of the initial weights, steps, the step whose
    weights the model has, examples
    """
    torch.set_num_threads(recipe.threads)
    model = build_model(folder, layers, seed, recipe.dropout)
    freeze(model.encoder, recipe.freeze, recipe.freeze_embeddings)
    tokenizer = load_tokenizer(folder)
    data = nli.features(frames["train"], tokenizer, task.max_length, task.truncation)
    plan = plan_of(recipe, len(data.inputs), seed)
    settings = recipe.model_dump(mode="json", exclude={"save_every"})
    facts = {"recipe": settings, "task": task.model_dump(mode="json"), "seed": seed, "code": code}
    initial = weights_hash(model)
    pad, offset = int(tokenizer.pad_token_id), position_offset(model.encoder)

    parts = [data]
    dev = None
    if recipe.select == "best_dev":
        dev = nli.features(frames["dev"], tokenizer, task.max_length, task.truncation)
        parts.append(dev)
    key = identity(facts, initial, *parts)
    kept = used_ids((item for part in parts for item in part.inputs), tokenizer.all_special_ids)
    full = compact(model.encoder, kept)
    inputs = [item._replace(ids=kept.searchsorted(item.ids)) for item in data.inputs]
    small_pad = int(kept.searchsorted(pad))

    def example(step: int) -> Example:
        members = batch_members(step, len(inputs), recipe.batch, seed)
        names = ", ".join(str(row) for row in data.ids[members][:8])
        batch = pack([inputs[place] for place in members], small_pad, offset)
        return Example(
            batch, data.labels[torch.from_numpy(members.copy())], f"train rows {names} ..."
        )

    def loss_of(batch: Batch, answers: Tensor) -> Tensor:
        return nli.loss(model.logits(forward(model.encoder, batch)[0], batch), answers)

    def dev_score() -> float:
        assert dev is not None
        small = [item._replace(ids=kept.searchsorted(item.ids)) for item in dev.inputs]
        labels = [nli.LABELS[place] for place in dev.labels.tolist()]
        return nli.score(labels, predict(model, small, small_pad))

    curve, step = train(model, example, loss_of, plan, state, key, dev_score if dev else None)
    expand(model.encoder, kept, full, shrinkage(plan, step))
    facts |= {
        "initial_weights": initial,
        "steps": plan.steps,
        "chosen": step,
        "examples": len(inputs),
    }
    return model, curve, facts
