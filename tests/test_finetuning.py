"""A run equals a plain training of the same encoder, and is the same each time."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from models import pairs, save_encoder
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from isogloss.config.recipes import Recipe
from isogloss.config.tasks import Nli
from isogloss.encoders.load import blocks, load_encoder, load_tokenizer, weights_hash
from isogloss.encoders.vocabulary import used_ids
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed
from isogloss.tables import arrange
from isogloss.tasks import nli
from isogloss.tasks.task import join_features
from isogloss.training import finetune as room
from isogloss.training import loop
from isogloss.training.finetune import Rows, Run, finetune, identity, plan_of, shrinkage
from isogloss.training.loop import epoch_order
from isogloss.training.model import load_run, save_run
from isogloss.training.score import run_pass

TASK = Nli(kind="nli", corpus="family", max_length=12)
PLAIN: dict[str, Any] = {
    "steps": 14,
    "batch": 8,
    "learning_rate": 3e-3,
    "dropout": 0.0,
    "warmup": 0.2,
}
FRAMES = {"train": pairs(40, seed=1), "dev": pairs(24, seed=2)}
ROWS = [Rows("en", FRAMES["train"], None, FRAMES["dev"])]


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))


def run(folder: Path, seed: int = 1, **changes: Any) -> Run:
    return finetune(folder, 2, TASK, Recipe(**{**PLAIN, **changes}), seed, ROWS)


def words_of(encoder: Any) -> Tensor:
    weights: Tensor = encoder.embeddings.word_embeddings.weight.detach()
    return weights


class Plain(nn.Module):
    """The library's encoder with its own pooled output, and a linear layer."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(
            folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        self.head = nn.ModuleDict({"output": nn.Linear(16, 3)})
        output = self.head["output"]
        generator = torch.Generator().manual_seed(named_seed(seed, "head"))
        nn.init.normal_(output.weight, std=0.2, generator=generator)
        nn.init.zeros_(output.bias)

    def forward(self, **inputs: Tensor) -> Tensor:
        logits: Tensor = self.head["output"](self.encoder(**inputs).pooler_output)
        return logits


def plain_training(folder: Path, recipe: Recipe, seed: int) -> tuple[Plain, list[float]]:
    """Padded batches and the library's schedule, as a textbook would do it."""
    torch.set_num_threads(1)
    model, tokenizer = Plain(folder, seed), AutoTokenizer.from_pretrained(folder)
    frame = FRAMES["train"]
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    assert recipe.steps is not None
    schedule = get_linear_schedule_with_warmup(
        optimiser, round(recipe.warmup * recipe.steps), recipe.steps
    )
    orders = np.concatenate(
        [epoch_order(40, seed, epoch) for epoch in range(recipe.steps // 5 + 1)]
    )
    losses = []
    for step in range(recipe.steps):
        rows = frame.iloc[orders[step * 8 : step * 8 + 8]]
        inputs = tokenizer(
            rows["premise"].tolist(),
            rows["hypothesis"].tolist(),
            truncation=True,
            max_length=TASK.max_length,
            padding=True,
            return_tensors="pt",
        )
        wanted = torch.tensor([nli.LABELS.index(label) for label in rows["label"]])
        loss = nn.functional.cross_entropy(model(**inputs), wanted)
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model, losses


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_run_equals_a_plain_training(encoder_folder: Path, decay: float) -> None:
    model, curve, facts = run(encoder_folder, weight_decay=decay)
    expected, losses = plain_training(encoder_folder, Recipe(**PLAIN, weight_decay=decay), 1)
    arrange("curve", curve)
    assert curve["loss"].iloc[-1] == pytest.approx(np.mean(losses), rel=1e-4)
    assert len(losses) == 14
    assert facts["steps"] == facts["chosen"] == 14
    assert facts["examples"] == {"en": 40}
    assert facts["labels"] == list(nli.LABELS)
    wanted = expected.state_dict()
    assert model.state_dict().keys() == wanted.keys()
    for name, weights in model.state_dict().items():
        # A softmax does not see a shift of all keys: the gradient of their bias is rounding
        # noise, and AdamW gives noise the same size as anything else.
        if not name.endswith("key.bias"):
            torch.testing.assert_close(weights, wanted[name], rtol=1e-4, atol=2e-5)
    start = load_encoder(encoder_folder, 0).encoder.state_dict()
    moved = [
        (w - start[name]).abs().max() for name, w in model.encoder.encoder.state_dict().items()
    ]
    assert max(moved) > 1e-2


def test_a_run_learns(bert_folder: Path) -> None:
    _, curve, _ = run(bert_folder, steps=100, learning_rate=5e-3, dropout=0.1)
    first, last = curve["loss"]
    assert 0.6 < first < np.log(3)
    assert last < 0.2


def test_same_seed_same_bytes_other_seed_other_head(bert_folder: Path) -> None:
    changes: dict[str, Any] = {"dropout": 0.1, "steps": 6}
    hashes = [weights_hash(run(bert_folder, seed, **changes).model) for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]
    facts = [run(bert_folder, seed, steps=1).facts for seed in (1, 1, 2)]
    initial = [fact["initial_weights"] for fact in facts]
    assert initial[0] == initial[1] != initial[2]
    json.dumps(facts)


def test_frozen_parts_stay_and_others_move(bert_folder: Path) -> None:
    before = load_encoder(bert_folder, 0)
    model, _, _ = run(bert_folder, freeze=[2], freeze_embeddings=True, weight_decay=0.1)
    after = model.encoder
    assert weights_hash(blocks(after)[1]) == weights_hash(blocks(before)[1])
    assert weights_hash(after.embeddings) == weights_hash(before.embeddings)
    for name, weights in blocks(after)[0].state_dict().items():
        assert not torch.equal(weights, blocks(before)[0].state_dict()[name])
    assert weights_hash(after.pooler) != weights_hash(before.pooler)


@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("select", ["last", "best_dev"])
def test_leaving_out_unused_rows_changes_nothing(
    bert_folder: Path, decay: float, select: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, Any] = {
        "weight_decay": decay,
        "select": select,
        "learning_rate": 0.01,
        "dropout": 0.1,
    }
    if select == "best_dev":
        # the best step is the second of three checks
        scores = [1.0, 2.0, 0.0] * 2
        monkeypatch.setattr(room, "score_of", lambda _: lambda _: {"accuracy": scores.pop(0)})
    found, _, facts = run(bert_folder, **changes)
    everything = np.arange(words_of(found.encoder).shape[0])
    monkeypatch.setattr(room, "used_ids", lambda *_: everything)
    expected, _, _ = run(bert_folder, **changes)
    for name, weights in found.state_dict().items():
        torch.testing.assert_close(
            weights, expected.state_dict()[name], rtol=1e-4, atol=1e-6, msg=name
        )
    assert facts["chosen"] == (10 if select == "best_dev" else 14)

    tokenizer = load_tokenizer(bert_folder)
    inputs = [
        window
        for frame in FRAMES.values()
        for (window,) in nli.features(frame, tokenizer, TASK).windows
    ]
    unused = np.setdiff1d(everything, used_ids(inputs, tokenizer.all_special_ids))
    assert len(unused) > 10
    before = words_of(load_encoder(bert_folder, 0))[unused]
    rates = [0.01 * min(step / 3, (14 - step) / 11) for step in range(facts["chosen"])]
    factor = math.prod(1 - decay * rate for rate in rates)
    torch.testing.assert_close(words_of(found.encoder)[unused], before * factor, rtol=1e-6, atol=0)
    assert (factor < 0.999) == (decay > 0)


def test_best_dev_keeps_what_scores_highest(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = []

    def score(predictions: pd.DataFrame) -> dict[str, float]:
        assert set(predictions["language"]) == {"en"}
        assert predictions["label"].tolist() == FRAMES["dev"]["label"].tolist()
        scores.append(float((predictions["label"] == predictions["prediction"]).mean()))
        # only the first of the scores counts
        return {"accuracy": scores[-1], "other": -scores[-1]}

    monkeypatch.setattr(room, "score_of", lambda _: score)
    model, _, facts = run(
        bert_folder, select="best_dev", steps=None, epochs=6, checks=2, learning_rate=0.02
    )
    # five steps per epoch, a check every two steps, and one at the end
    assert len(scores) == 15
    assert facts["steps"] == 30
    assert facts["chosen"] == min(2 * (1 + int(np.argmax(scores))), 30)
    tokenizer = load_tokenizer(bert_folder)
    assert facts["checks"] == [
        (min(2 * number, 30), score) for number, score in enumerate(scores, start=1)
    ]
    dev = nli.features(FRAMES["dev"], tokenizer, TASK)
    decoded = run_pass(model.encoder, dev, 0, head=model.head).decoded
    assert decoded is not None
    predictions = nli.predictions(FRAMES["dev"], dev, decoded, nli.LABELS)
    found = (predictions["label"] == predictions["prediction"]).mean()
    assert found == max(scores)


def test_epochs_and_steps() -> None:
    recipe = Recipe(epochs=3, batch=32, warmup=0.1, checks=4, select="best_dev")
    plan = plan_of(recipe, [400, 600], 7)
    assert (plan.steps, plan.steps_per_epoch, plan.warmup_steps) == (96, 32, 10)
    assert plan.check_every == 8
    assert plan.seed == 7
    plan = plan_of(Recipe(steps=5, batch=32, checks=4), [1000], 7)
    assert (plan.steps, plan.steps_per_epoch, plan.check_every) == (5, 32, None)
    assert plan_of(Recipe(steps=5, checks=9, select="best_dev"), [3], 7).check_every == 1


def test_all_settings_of_a_recipe_reach_the_plan() -> None:
    settings: dict[str, Any] = {
        "learning_rate": 0.5,
        "decay": "constant",
        "betas": (0.5, 0.6),
        "epsilon": 0.1,
        "weight_decay": 0.2,
        "clip": None,
        "precision": "bf16",
        "save_every": 3,
        "patience": 2,
        "min_delta": 0.3,
    }
    plan = plan_of(Recipe(steps=5, select="best_dev", **settings), [10], 1)._asdict()
    assert {name: plan[name] for name in settings} == settings


def test_shrinkage_is_the_product_over_the_steps() -> None:
    plan = plan_of(Recipe(steps=4, learning_rate=0.5, weight_decay=0.1), [10], 1)
    assert shrinkage(plan, 4) == pytest.approx(0.95 * 0.9625 * 0.975 * 0.9875)
    assert shrinkage(plan, 2) == pytest.approx(0.95 * 0.9625)
    assert shrinkage(plan._replace(weight_decay=0.0), 4) == 1.0


def test_dropout_of_the_encoder_unless_the_recipe_says_otherwise(tmp_path: Path) -> None:
    save_encoder(tmp_path, "bert", hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.2)
    model, _, _ = run(tmp_path, steps=1, dropout=None)
    assert model.head.dropout.p == 0.3
    assert model.encoder.config.attention_probs_dropout_prob == 0.2
    assert run(tmp_path, steps=1, dropout=0.05).model.head.dropout.p == 0.05


def test_identity_sees_recipe_weights_code_and_all_data(bert_folder: Path) -> None:
    tokenizer = load_tokenizer(bert_folder)

    def features(frame: pd.DataFrame) -> nli.Features:
        return nli.features(frame, tokenizer, TASK)

    train, dev = features(FRAMES["train"]), features(FRAMES["dev"])
    relabelled = features(FRAMES["dev"].assign(label="neutral"))
    (a,), (b,) = train.windows[:2]
    joined = np.concatenate([a.ids, b.ids])
    parts = [a._replace(ids=joined[:2]), b._replace(ids=joined[2:])]
    keys = [
        identity({"code": "a"}, "w", [train]),
        identity({"code": "b"}, "w", [train]),
        identity({"code": "a"}, "x", [train]),
        identity({"code": "a"}, "w", [dev]),
        identity({"code": "a"}, "w", [train, dev]),
        identity({"code": "a"}, "w", [train, relabelled]),
        identity({"code": "a"}, "w", [join_features([train, dev])]),
        identity({"code": "a"}, "w", [train._replace(windows=[(a,), (b,)])]),
        identity({"code": "a"}, "w", [train._replace(windows=[(part,) for part in parts])]),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == identity({"code": "a"}, "w", [features(pairs(40, seed=1))])


def test_a_run_is_read_back_as_it_was(bert_folder: Path, tmp_path: Path) -> None:
    model, _, _ = run(bert_folder, steps=2)
    weights = tmp_path / "weights.safetensors"
    save_run(weights, model)
    first = weights.read_bytes()
    save_run(weights, model)
    assert weights.read_bytes() == first
    again = load_run(bert_folder, 2, TASK, nli.LABELS, weights)
    assert weights_hash(again) == weights_hash(model)
    assert not again.training


def test_weights_of_another_encoder_are_refused(bert_folder: Path, tmp_path: Path) -> None:
    model, _, _ = run(bert_folder, steps=1)
    weights = tmp_path / "weights.safetensors"
    save_run(weights, model)
    save_encoder(tmp_path / "other", "bert", num_hidden_layers=3)
    with pytest.raises(EncoderError, match="does not fit the encoder"):
        load_run(tmp_path / "other", 3, TASK, nli.LABELS, weights)
    with pytest.raises(EncoderError, match="has 2 layers; the configuration says 3"):
        load_run(bert_folder, 3, TASK, nli.LABELS, weights)
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(EncoderError, match="does not fit the encoder"):
        load_run(bert_folder, 2, TASK, nli.LABELS, weights)
