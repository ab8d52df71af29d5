"""Dropout on the encoder's output: one mask per input, in training only, in the head's place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import first_points, pairs, save_encoder, save_mt5, sequences
from test_difference import TASKS, rows_of
from test_tasks_qa import frame_of
from torch import Tensor, nn

from isogloss.config.recipes import Recipe
from isogloss.config.tasks import Nli, Paraphrase, Qa
from isogloss.encoders.batches import Batch, forward, pack
from isogloss.encoders.load import load_tokenizer, position_offset, weights_hash
from isogloss.seeds import named_seed
from isogloss.tasks.task import task_module
from isogloss.training import loop
from isogloss.training.finetune import Rows, finetune
from isogloss.training.model import Model, build_model, drop_by_sequence
from isogloss.training.score import batch_of, points_of, run_pass

SHARE = 0.2
HEADS: dict[str, Any] = {
    **TASKS,
    "parsing": TASKS["parsing"].model_copy(update={"head_dropout": 0.0}),
    "paraphrase": Paraphrase(kind="paraphrase", corpus="x", max_length=12, pooler=False),
    "qa": Qa(kind="qa", corpus="x", max_length=20, stride=4, question_length=4, answer_length=3),
}
NLI = Nli(kind="nli", corpus="x", max_length=12, pooler=False)
RECIPE: dict[str, Any] = {"steps": 9, "batch": 8, "learning_rate": 0.01, "dropout": 0.1}


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))


@pytest.fixture(scope="module", params=["bert", "mt5"])
def dropping(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an encoder whose own dropout is 0.3."""
    place = tmp_path_factory.mktemp("encoder")
    if request.param == "mt5":
        return save_mt5(place, dropout_rate=0.3)
    return save_encoder(place, "bert", hidden_dropout_prob=0.3)


def frame_for(kind: str) -> pd.DataFrame:
    if kind == "qa":
        return frame_of([9, 30, 12], [2, 4, 6])
    if kind == "paraphrase":
        frame = pairs(12)
        return frame.assign(label=np.where(frame["label"] == "neutral", "paraphrase", "different"))
    return rows_of(kind, 1)


def labels_of(kind: str) -> tuple[str, ...]:
    return task_module(kind).labels(HEADS[kind], frame_for(kind))


def work_of(folder: Path, kind: str, encoder: Any) -> tuple[Batch, Any]:
    """All examples of a task in one batch."""
    tokenizer = load_tokenizer(folder)
    module = task_module(kind)
    features = module.features(frame_for(kind), tokenizer, HEADS[kind], labels_of(kind))
    members = range(len(features.windows))
    batch = batch_of(features, members, tokenizer.pad_token_id, position_offset(encoder))
    return batch, points_of(features, members, batch)


def redraw(head: nn.Module) -> None:
    """Weights as after training: the parser's forms start at 0, where no state matters."""
    for name, parameter in head.named_parameters():
        nn.init.normal_(parameter, generator=torch.Generator().manual_seed(len(name)))


def batch_for(lengths: list[int]) -> Batch:
    return pack(sequences(lengths), 0)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=20), st.sampled_from([0.2, 0.5, 0.75]))
@settings(deadline=None, max_examples=50)
def test_one_mask_per_sequence(lengths: list[int], share: float) -> None:
    batch = batch_for(lengths)
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(*batch.ids.shape, 64, generator=generator, dtype=torch.float64)
    torch.manual_seed(2)
    found = drop_by_sequence(states, batch, share)
    masks = []
    for number, length in enumerate(lengths, start=1):
        mine = batch.sequence == number
        ratio = found[mine] / states[mine]
        assert ratio.shape == (length, 64)
        kept = ratio[0] != 0
        torch.testing.assert_close(ratio, (kept.double() / (1 - share)).expand(length, -1))
        masks.append(tuple(kept.tolist()))
    # two masks of 64 places are the same once in 10**10 draws at most
    assert len(set(masks)) == len(masks)


def test_the_expectation_is_preserved() -> None:
    batch = batch_for([3, 5, 2])
    states = torch.randn(*batch.ids.shape, 8, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(1)
    draws = 4000
    total = torch.zeros_like(states)
    for _ in range(draws):
        total += drop_by_sequence(states, batch, SHARE)
    inside = batch.sequence > 0
    ratio = (total / draws / states)[inside]
    error = (SHARE / (1 - SHARE) / draws) ** 0.5
    assert (ratio - 1).abs().max() < 5 * error
    assert (ratio - 1).abs().max() > 0.5 * error


def test_equal_to_masks_on_padded_inputs() -> None:
    """AllenNLP's way: ones (N, H) through dropout, times states (N, T, H)."""
    lengths = [4, 1, 7, 3]
    batch = batch_for(lengths)
    states = torch.randn(*batch.ids.shape, 16, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(3)
    found = drop_by_sequence(states, batch, SHARE)
    torch.manual_seed(3)
    masks = nn.functional.dropout(torch.ones(len(lengths) + 1, 16), SHARE)[1:]
    for number, (length, (row, column)) in enumerate(zip(lengths, batch.first, strict=True)):
        span = slice(int(column), int(column) + length)
        assert torch.equal(found[row, span], states[row, span] * masks[number])


def test_gradients_go_through_what_is_kept() -> None:
    batch = batch_for([4, 6])
    states = torch.ones(*batch.ids.shape, 32, requires_grad=True)
    torch.manual_seed(1)
    dropped = drop_by_sequence(states, batch, SHARE)
    dropped.sum().backward()
    assert states.grad is not None
    assert torch.equal(states.grad, dropped.detach())
    assert 0 < int((dropped == 0).sum()) < dropped.numel() / 2


@pytest.mark.parametrize("kind", list(HEADS))
def test_it_takes_the_place_of_the_heads_own(kind: str, dropping: Path) -> None:
    """With none in the encoder, and a share of 0, the loss in training is that of scoring."""
    parts = (dropping, 2, HEADS[kind], labels_of(kind), 1)
    assert build_model(*parts).head.dropout.p == 0.3
    assert build_model(*parts, 0.1).head.dropout.p == pytest.approx(0.1)
    model = build_model(*parts, None, SHARE)
    assert model.head.dropout.p == 0.0
    found = {m.p for m in model.encoder.modules() if isinstance(m, nn.Dropout)}
    assert 0.3 in found
    assert weights_hash(model) == weights_hash(build_model(*parts))

    model = build_model(*parts, 0.0, 0.0)
    redraw(model.head)
    batch, points = work_of(dropping, kind, model.encoder)
    with torch.inference_mode():
        expected = model.eval().loss(batch, points)
        assert torch.equal(model.train().loss(batch, points), expected)
        own = Model(model.encoder, model.head).train()
        own.head.dropout.p = 0.5
        assert not torch.equal(own.loss(batch, points), expected)


@pytest.mark.parametrize("kind", list(HEADS))
def test_the_heads_loss_is_that_of_dropped_states(kind: str, dropping: Path) -> None:
    model = build_model(dropping, 2, HEADS[kind], labels_of(kind), 1, 0.0, SHARE).train()
    redraw(model.head)
    batch, points = work_of(dropping, kind, model.encoder)
    with torch.inference_mode():
        torch.manual_seed(4)
        found = model.loss(batch, points)
        torch.manual_seed(4)
        states = drop_by_sequence(forward(model.encoder, batch)[0], batch, SHARE)
        assert torch.equal(model.head.loss(states, points, model.encoder), found)
        assert not torch.equal(model.loss(batch, points), found)
        plain = model.eval().loss(batch, points)
        assert not torch.equal(plain, found)
        assert torch.equal(model.loss(batch, points), plain)
        model.output_dropout = None
        assert torch.equal(model.loss(batch, points), plain)


def test_without_it_the_loss_is_the_heads(dropping: Path) -> None:
    model = build_model(dropping, 2, HEADS["pos"], labels_of("pos"), 1, 0.1).train()
    batch, points = work_of(dropping, "pos", model.encoder)
    assert model.output_dropout is None
    with torch.inference_mode():
        torch.manual_seed(4)
        found = model.loss(batch, points)
        torch.manual_seed(4)
        states = forward(model.encoder, batch)[0]
        assert torch.equal(model.head.loss(states, points, model.encoder), found)


def run(folder: Path, state: Path | None = None, **changes: Any) -> Any:
    rows = Rows("en", pairs(40, seed=1), None, pairs(15, seed=2))
    return finetune(folder, 2, NLI, Recipe(**{**RECIPE, **changes}), 3, [rows], state)


def test_scoring_sees_none_of_it(bert_folder: Path) -> None:
    model = run(bert_folder, output_dropout=SHARE).model
    assert not model.training
    features = task_module("nli").features(
        pairs(15, seed=2), load_tokenizer(bert_folder), NLI, labels_of("nli")
    )
    decoded = run_pass(model.encoder, features, 0, head=model.head).decoded
    assert decoded is not None
    plain = build_model(bert_folder, 2, NLI, labels_of("nli"), 3)
    plain.load_state_dict(model.state_dict())
    again = run_pass(plain.encoder, features, 0, head=plain.head).decoded
    assert again is not None
    np.testing.assert_array_equal(np.concatenate(decoded), np.concatenate(again))


def test_a_recipe_trains_with_it(bert_folder: Path) -> None:
    shares = (SHARE, SHARE, None, 0.5)
    runs = [run(bert_folder, output_dropout=share) for share in shares]
    assert [r.model.output_dropout for r in runs] == list(shares)
    assert [r.model.head.dropout.p for r in runs] == [0.0, 0.0, 0.1, 0.0]
    hashes = [weights_hash(r.model) for r in runs]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert len({r.facts["initial_weights"] for r in runs}) == 1
    assert [r.facts["recipe"]["output_dropout"] for r in runs] == list(shares)


def test_it_draws_from_the_seed_of_dropout(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first step's loss, with dropout nowhere else, from masks drawn here."""
    losses: list[float] = []
    batches: list[tuple[Any, Any]] = []
    loss = Model.loss

    def noted(self: Model, batch: Batch, points: Any) -> Tensor:
        batches.append((batch, points))
        found = loss(self, batch, points)
        losses.append(found.item())
        return found

    monkeypatch.setattr(Model, "loss", noted)
    model = run(bert_folder, steps=1, dropout=0.0, output_dropout=SHARE, learning_rate=1e-30).model
    torch.manual_seed(named_seed(3, "dropout"))
    masks = nn.functional.dropout(torch.ones(8 + 1, 16), SHARE)[1:]
    (batch, points) = batches[0]
    assert torch.equal(batch.first, torch.stack([points.row, points.column], 1))
    with torch.inference_mode():
        # compacted sub-words are other numbers, but the states are those of the batch
        batch = batch._replace(ids=full_ids(bert_folder, batch.ids))
        states = forward(model.encoder, batch)[0][points.row, points.column] * masks
        logits = model.head.output(states)
        expected = nn.functional.cross_entropy(logits, points.answers[:, 0])
    assert losses[0] == pytest.approx(expected.item(), rel=1e-5)


def full_ids(folder: Path, small: Tensor) -> Tensor:
    """Ids of the vocabulary for places among those that the training uses."""
    tokenizer = load_tokenizer(folder)
    frames = [pairs(40, seed=1), pairs(15, seed=2)]
    module = task_module("nli")
    windows: Iterator[Any] = (
        item
        for frame in frames
        for (item,) in module.features(frame, tokenizer, NLI, labels_of("nli")).windows
    )
    used = sorted({*tokenizer.all_special_ids, *(int(i) for w in windows for i in w.ids)})
    return torch.tensor(used)[small]


@pytest.mark.parametrize("select", ["last", "best_dev"])
@pytest.mark.parametrize("deaths", [[3], [5, 1], [2, 6]])
def test_a_stopped_training_ends_with_the_same_weights(
    select: str,
    deaths: list[int],
    bert_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes: dict[str, Any] = {"output_dropout": SHARE, "select": select, "save_every": 2}
    whole = run(bert_folder, **changes)
    loss, state = Model.loss, tmp_path / "state"
    for death in deaths:
        left = [death]

        def stopped(*arguments: Any, left: list[int] = left) -> Tensor:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return loss(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(Model, "loss", stopped)
            with pytest.raises(KeyboardInterrupt):
                run(bert_folder, state, **changes)
        assert state.is_file()
        torch.rand(5)
    again = run(bert_folder, state, **changes)
    assert weights_hash(again.model) == weights_hash(whole.model)
    pd.testing.assert_frame_equal(again.curve, whole.curve)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"store": "difference"}, True),
        ({"keep_weights": "none"}, True),
        ({"save_every": 3}, True),
        ({"output_dropout": 0.3}, False),
        ({"output_dropout": None}, False),
    ],
)
def test_only_what_changes_weights_starts_a_training_anew(
    changed: dict[str, Any],
    same: bool,
    bert_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[int] = []
    loss, state = Model.loss, tmp_path / "state"

    def counted(*arguments: Any) -> Tensor:
        steps.append(1)
        return loss(*arguments)

    monkeypatch.setattr(Model, "loss", counted)
    settings: dict[str, Any] = {"output_dropout": SHARE, "save_every": 4}
    run(bert_folder, state, **settings)
    assert len(steps) == 9
    run(bert_folder, state, **{**settings, **changed})
    # the last state is that of step 8
    assert len(steps) == 9 + (1 if same else 9)


def test_the_first_points_read_the_mask_of_their_own_sequence() -> None:
    batch = batch_for([5, 3, 4])
    points = first_points(batch)
    states = torch.ones(*batch.ids.shape, 16)
    torch.manual_seed(5)
    found = drop_by_sequence(states, batch, 0.5)
    torch.manual_seed(5)
    masks = nn.functional.dropout(torch.ones(4, 16), 0.5)
    assert torch.equal(found[points.row, points.column], masks[1:])
