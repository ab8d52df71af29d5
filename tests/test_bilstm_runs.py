"""A BiLSTM through the loop, the heads and the files that pretrained encoders go through."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from models import NOUNS_AND_VERBS, TEXTS
from test_bilstm import SETTINGS
from test_difference import TASKS, rows_of
from torch import Tensor

from isogloss.config.recipes import Recipe
from isogloss.encoders.bilstm import BilstmModel
from isogloss.encoders.load import load_encoder, load_tokenizer, weights_hash
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed
from isogloss.tasks.task import task_module
from isogloss.training import loop
from isogloss.training.difference import save_difference
from isogloss.training.finetune import Rows, Run, finetune
from isogloss.training.model import Model, build_model, load_run, save_run
from isogloss.training.pretrain import Document
from isogloss.training.score import run_pass
from isogloss.training.start import start_bilstm

KINDS = ["pos", "ner", "parsing"]


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bilstm")
    rows = [" ".join(words) for kind in KINDS for words in rows_of(kind, 0)["form"]]
    start_bilstm([Document("en", (text,), None) for text in [*TEXTS, *rows]], SETTINGS, place)
    return place


def run(folder: Path, kind: str = "pos", state: Path | None = None, **changes: Any) -> Run:
    settings: dict[str, Any] = {
        "steps": 6,
        "batch": 5,
        "learning_rate": 0.01,
        "weight_decay": 0.1,
        **changes,
    }
    seed = settings.pop("seed", 1)
    rows = Rows("en", rows_of(kind, 0), None, rows_of(kind, 1))
    return finetune(folder, 2, TASKS[kind], Recipe(**settings), seed, [rows], state)


def start(folder: Path, kind: str = "pos", seed: int = 1) -> Model:
    labels = task_module(kind).labels(TASKS[kind], rows_of(kind, 0))
    return build_model(folder, 2, TASKS[kind], labels, seed)


def same(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    return weights_hash(left) == weights_hash(right)


def test_a_runs_weights_are_drawn_from_its_seed(folder: Path) -> None:
    encoder = start(folder, seed=3).encoder
    assert isinstance(encoder, BilstmModel)
    drawn = load_encoder(folder, 0)
    kept = weights_hash(drawn)
    drawn.draw(named_seed(3, "encoder"))
    assert same(encoder, drawn)
    assert weights_hash(drawn) != kept
    assert same(start(folder, seed=3), start(folder, seed=3))
    assert not same(start(folder, seed=4).encoder, encoder)
    assert run(folder, seed=3).facts["initial_weights"] == weights_hash(start(folder, seed=3))


@pytest.mark.parametrize("kind", KINDS)
def test_it_trains_scores_and_comes_back(kind: str, folder: Path, tmp_path: Path) -> None:
    first, second = run(folder, kind), run(folder, kind)
    assert same(first.model, second.model)
    assert not same(first.model, start(folder, kind))
    path = tmp_path / "run.safetensors"
    save_run(path, first.model)
    labels = first.facts["labels"]
    again = load_run(folder, 2, TASKS[kind], labels, path)
    assert same(again, first.model)
    frame, module = rows_of(kind, 1), task_module(kind)
    features = module.features(frame, load_tokenizer(folder), TASKS[kind], labels)
    passes = [
        run_pass(model.encoder, features, 0, [0, 1, 2, 3, 4], ["mean", "cls"], model.head)
        for model in (first.model, again)
    ]
    states = passes[0].states["mean"]
    assert states.shape == (len(frame), 3, 12)
    assert np.isfinite(states).all()
    np.testing.assert_array_equal(states, passes[1].states["mean"])
    decoded = [np.concatenate(found.decoded or []) for found in passes]
    np.testing.assert_array_equal(*decoded)
    assert len(decoded[0]) == sum(map(len, frame["form"]))


def test_differences_are_to_the_weights_of_the_runs_seed(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    trained = run(folder, seed=5)
    save_difference(path, trained.model, start(folder, seed=5), 5)
    labels = trained.facts["labels"]
    assert same(load_run(folder, 2, TASKS["pos"], labels, path), trained.model)
    # claimed to be of another seed than it is
    save_difference(path, trained.model, start(folder, seed=6), 5)
    with pytest.raises(EncoderError, match="difference to an encoder of other weights"):
        load_run(folder, 2, TASKS["pos"], labels, path)


def test_the_runs_of_another_shape_are_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    trained = run(folder)
    save_run(path, trained.model)
    other = SETTINGS.model_copy(update={"hidden": 16})
    start_bilstm([Document("en", (text,), None) for text in TEXTS], other, tmp_path / "other")
    with pytest.raises(EncoderError, match="does not fit the encoder"):
        load_run(tmp_path / "other", 2, TASKS["pos"], trained.facts["labels"], path)


@pytest.mark.parametrize("kind", ["pos", "parsing"])
@pytest.mark.parametrize("select", ["last", "best_dev"])
def test_a_stopped_training_ends_with_the_same_weights(
    kind: str, select: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, Any] = {"select": select, "save_every": 2, "seed": 2}
    whole = run(folder, kind, **changes)
    loss, state = Model.loss, tmp_path / "state"
    for death in (3, 1):
        left = [death]

        def stopped(*arguments: Any, left: list[int] = left) -> Tensor:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return loss(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(Model, "loss", stopped)
            with pytest.raises(KeyboardInterrupt):
                run(folder, kind, state, **changes)
        assert state.is_file()
        torch.rand(5)
    again = run(folder, kind, state, **changes)
    assert same(again.model, whole.model)
    pd.testing.assert_frame_equal(again.curve, whole.curve)


def test_frozen_layers_stay_as_they_were_drawn(folder: Path) -> None:
    before = dict(start(folder, seed=1).encoder.named_parameters())
    trained = run(folder, freeze=[1], freeze_embeddings=True, weight_decay=0.0).model.encoder
    for name, parameter in trained.named_parameters():
        fixed = name.startswith(("embeddings", "encoder.layer.0"))
        assert torch.equal(parameter, before[name]) == fixed, name


def test_a_dropout_of_a_recipe_is_that_of_encoder_and_head(folder: Path) -> None:
    model = run(folder, dropout=0.15).model
    assert model.head.dropout.p == pytest.approx(0.15)
    assert model.encoder.embeddings.dropout.p == pytest.approx(0.15)
    assert not same(model, run(folder, dropout=0.3).model)


def test_it_learns_which_words_are_nouns(folder: Path) -> None:
    """By their forms alone no word of the test rows is unknown, and a table would do."""
    found = run(folder, steps=120, batch=12, learning_rate=0.03, dropout=0.0)
    frame = rows_of("pos", 0)
    assert set(NOUNS_AND_VERBS) & {word for row in frame["form"] for word in row}
    features = task_module("pos").features(
        frame, load_tokenizer(folder), TASKS["pos"], found.facts["labels"]
    )
    decoded = run_pass(found.model.encoder, features, 0, head=found.model.head).decoded
    labels = np.array(found.facts["labels"])
    predicted = labels[np.concatenate(decoded or [])]
    right = np.array([tag for row in frame["tag"] for tag in row])
    assert (predicted == right).mean() > 0.95
