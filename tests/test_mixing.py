"""Several training languages, few examples of them, and when a training stops."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import pairs, sequences
from torch import Tensor, nn

from isogloss.config.recipes import Recipe
from isogloss.config.tasks import Nli
from isogloss.encoders.batches import pack
from isogloss.encoders.load import load_encoder, weights_hash
from isogloss.seeds import named_seed
from isogloss.training import finetune as room
from isogloss.training import loop
from isogloss.training.finetune import Rows, Run, few, finetune, plan_of
from isogloss.training.loop import (
    Example,
    Plan,
    batch_members,
    batches_by_language,
    impatient,
    language_members,
    train,
)

TASK = Nli(kind="nli", corpus="family", max_length=12)
SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=5)


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))


def epoch_of(number: int, sizes: list[int], batch: int, seed: int) -> list[np.ndarray]:
    per_epoch = len(batches_by_language(sizes, batch))
    steps = range(number * per_epoch, (number + 1) * per_epoch)
    return [language_members(step, sizes, batch, seed) for step in steps]


@given(SIZES, st.integers(1, 8), st.integers(0, 3))
def test_each_batch_is_of_one_language(sizes: list[int], batch: int, seed: int) -> None:
    ends = np.cumsum(sizes)
    kinds = []
    for number in range(3):
        members = epoch_of(number, sizes, batch, seed)
        whole = np.concatenate(members)
        assert len(set(whole.tolist())) == len(whole)
        languages = [np.searchsorted(ends, part, side="right") for part in members]
        assert all(len(set(part.tolist())) == 1 for part in languages)
        kinds.append(Counter(int(part[0]) for part in languages))
        for language, part in zip(languages, members, strict=True):
            # only a language with less than a batch has a batch that is not full
            assert len(part) == min(batch, sizes[int(language[0])])
    assert kinds[0] == kinds[1] == kinds[2]
    assert kinds[0] == {language: max(1, size // batch) for language, size in enumerate(sizes)}


def test_languages_are_drawn_by_size_and_in_an_order_of_their_own() -> None:
    sizes = [320, 160, 33, 3]
    epochs = [epoch_of(number, sizes, 16, 1) for number in range(4)]
    ends = np.cumsum(sizes)
    orders = [[int(np.searchsorted(ends, p[0], side="right")) for p in e] for e in epochs]
    assert all(Counter(order) == {0: 20, 1: 10, 2: 2, 3: 1} for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    other = [int(np.searchsorted(ends, p[0], side="right")) for p in epoch_of(0, sizes, 16, 2)]
    assert other not in orders
    # an incomplete batch is left out, and over epochs no example always is
    left = [set(range(480, 513)) - set(np.concatenate(epoch).tolist()) for epoch in epochs]
    assert [len(rest) for rest in left] == [1] * 4
    assert len(set.union(*left)) > 1
    # the order within a language is not that of another language of the same size
    twins = np.concatenate(epoch_of(0, [64, 64], 64, 1))
    assert not np.array_equal(np.sort(twins[:64]), twins[:64])
    halves = [part - part.min() // 64 * 64 for part in epoch_of(0, [64, 64], 64, 1)]
    assert not np.array_equal(*halves)


def test_steps_of_both_ways_to_mix() -> None:
    for mixing, per_epoch in (("mixed", 9), ("by_language", 8)):
        recipe = Recipe(epochs=2, batch=8, mixing=mixing)  # type: ignore[arg-type]
        plan = plan_of(recipe, [40, 20, 5], 1)
        assert (plan.steps_per_epoch, plan.steps) == (per_epoch, 2 * per_epoch)


def rows_of(count: int, seed: int, language: str, **more: Any) -> Rows:
    return Rows(language, pairs(count, seed=seed), **more)


def run(folder: Path, languages: list[Rows], seed: int = 1, **changes: Any) -> Run:
    settings = {"steps": 6, "batch": 8, "learning_rate": 3e-3, "dropout": 0.0, **changes}
    return finetune(folder, 2, TASK, Recipe(**settings), seed, languages)


@pytest.mark.parametrize("mixing", ["mixed", "by_language"])
def test_what_a_run_trains_on(
    mixing: str, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[tuple[str, int]]] = []
    languages = [rows_of(24, 1, "en"), rows_of(17, 2, "de"), rows_of(5, 3, "fr")]
    rows = [(item.language, row) for item in languages for row in item.train["id"]]
    build = room.batch_of

    def noted(features: Any, members: Any, pad: int, offset: int) -> Any:
        seen.append([rows[place] for place in members])
        assert [features.ids[place] for place in members] == [row for _, row in seen[-1]]
        return build(features, members, pad, offset)

    monkeypatch.setattr(room, "batch_of", noted)
    facts = run(bert_folder, languages, mixing=mixing, steps=12).facts
    assert facts["examples"] == {"en": 24, "de": 17, "fr": 5}
    found = [{language for language, _ in part} for part in seen]
    assert len(found) == 12
    if mixing == "by_language":
        assert all(len(part) == 1 for part in found)
        assert Counter(next(iter(part)) for part in found[:6]) == {"en": 3, "de": 2, "fr": 1}
    else:
        assert max(map(len, found)) == 3
        assert sorted(row for part in seen[:6] for row in part) == sorted(rows)
        wanted = [[rows[place] for place in batch_members(step, 46, 8, 1)] for step in range(12)]
        assert seen == wanted


def test_one_language_in_two_parts_is_one_language(bert_folder: Path) -> None:
    whole = pairs(30, seed=1)
    parts = [Rows("en", whole[:13]), Rows("de", whole[13:].reset_index(drop=True))]
    one, two = run(bert_folder, [Rows("en", whole)]), run(bert_folder, parts)
    assert weights_hash(one.model) == weights_hash(two.model)
    other = run(bert_folder, parts, mixing="by_language")
    assert weights_hash(one.model) != weights_hash(other.model)


def test_few_examples_are_drawn_by_the_seed() -> None:
    whole = pairs(50, seed=1)
    rows = Rows("de", whole, 12)
    found = few(rows, 1)
    assert found.index.tolist() == list(range(12))
    assert found["id"].is_monotonic_increasing
    merged = whole.set_index("id").loc[found["id"]].reset_index()
    pd.testing.assert_frame_equal(merged, found)
    pd.testing.assert_frame_equal(few(rows, 1), found)
    others = [few(rows, 2), few(rows._replace(language="fr"), 1)]
    assert all(other["id"].tolist() != found["id"].tolist() for other in others)
    assert all(len(other) == 12 for other in others)
    for examples in (None, 50, 99):
        assert few(rows._replace(examples=examples), 1) is whole
    expected = np.random.default_rng(named_seed(1, "few", "de")).choice(50, 12, replace=False)
    assert found["id"].tolist() == sorted(expected.tolist())


def test_few_examples_reach_the_run(bert_folder: Path) -> None:
    rows = rows_of(40, 1, "en", examples=10)
    facts = run(bert_folder, [rows, rows_of(9, 2, "de")]).facts
    assert facts["examples"] == {"en": 10, "de": 9}
    subset = few(rows, 1)
    one, two = run(bert_folder, [rows]), run(bert_folder, [Rows("en", subset)])
    assert weights_hash(one.model) == weights_hash(two.model)


@pytest.mark.parametrize("dev", ["all", "first"])
def test_dev_sets_that_are_looked_at(
    dev: str, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    languages = [rows_of(16, n, name, dev=pairs(6, seed=n)) for n, name in enumerate("ab")]
    languages.append(rows_of(16, 9, "c"))
    values = {"a": [1.0, 5.0, 3.0], "b": [9.0, 2.0, 0.0]}
    asked = []

    def score(predictions: pd.DataFrame) -> dict[str, float]:
        (language,) = predictions["language"].unique()
        asked.append(language)
        return {"accuracy": values[language].pop(0)}

    monkeypatch.setattr(room, "score_of", lambda _: score)
    facts = run(bert_folder, languages, select="best_dev", checks=3, dev=dev).facts
    if dev == "all":
        assert asked == ["a", "b"] * 3
        assert facts["checks"] == [(2, 5.0), (4, 3.5), (6, 1.5)]
        assert facts["chosen"] == 2
    else:
        assert asked == ["a"] * 3
        assert facts["checks"] == [(2, 1.0), (4, 5.0), (6, 3.0)]
        assert facts["chosen"] == 4


def waiting(scores: list[float], patience: int, delta: float) -> int:
    """After how many checks a training stops; 0 where it does not."""
    best, since = -np.inf, 0
    for number, score in enumerate(scores, start=1):
        since = 0 if score > best + delta else since + 1
        best = max(best, score) if since == 0 else best
        if since == patience:
            return number
    return 0


@given(
    st.lists(st.integers(0, 6).map(float), min_size=1, max_size=12),
    st.integers(1, 4),
    st.sampled_from([0.0, 1.0, 2.5]),
)
def test_patience(scores: list[float], patience: int, delta: float) -> None:
    stops = [
        number
        for number in range(1, len(scores) + 1)
        if impatient(list(enumerate(scores[:number])), patience, delta)
    ]
    assert (stops[0] if stops else 0) == waiting(scores, patience, delta)
    assert not impatient(list(enumerate(scores)), None, delta)


class Toy(nn.Module):
    """One weight that follows the number of steps."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def loss_of(self, _: Any, answers: Tensor) -> Tensor:
        return (self.weight - answers).square()


@pytest.mark.parametrize(
    ("scores", "patience", "delta", "checks", "chosen"),
    [
        ([1, 2, 2, 2, 9, 9], 2, 0.0, 4, 2),
        ([1, 2, 2, 2, 9, 9], 3, 0.0, 6, 5),
        ([1, 2, 3, 4, 5, 6], 2, 0.0, 6, 6),
        ([3, 3.5, 3.9, 9, 9, 9], 2, 1.0, 3, 3),  # better by too little: kept, but not waited for
        ([5, 1, 1, 1, 1, 1], None, 0.0, 6, 1),
    ],
)
def test_the_weights_are_the_best_when_patience_ends(
    scores: list[float], patience: int | None, delta: float, checks: int, chosen: int
) -> None:
    plan = Plan(
        steps=12,
        steps_per_epoch=4,
        learning_rate=0.1,
        warmup_steps=0,
        seed=1,
        decay="constant",
        check_every=2,
        patience=patience,
        min_delta=delta,
        log_every=5,
    )
    left = iter(scores)

    def example(step: int) -> Example:
        return Example(pack(sequences([2]), 0), torch.tensor(5.0 + step), str(step))

    model, weights = Toy(), []

    def dev_score() -> float:
        weights.append(model.weight.item())
        return next(left)

    trained = train(model, example, model.loss_of, plan, dev_score=dev_score)
    assert len(trained.checks) == checks == len(weights)
    assert trained.checks == [(2 * n + 2, score) for n, score in enumerate(scores[:checks])]
    assert trained.step == 2 * chosen
    assert model.weight.item() == weights[chosen - 1]
    assert len(set(weights)) == checks
    # the curve ends where the training did
    assert trained.curve["step"].max() == 2 * checks
    assert not model.training


def test_patience_shortens_a_run(bert_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [rows_of(16, 1, "en", dev=pairs(6, seed=2))]
    scores = [1.0, 2.0, 1.0, 2.0, 9.0]
    monkeypatch.setattr(room, "score_of", lambda _: lambda _: {"accuracy": scores.pop(0)})
    settings: dict[str, Any] = {"select": "best_dev", "checks": 2, "learning_rate": 0.01}
    stopped = run(bert_folder, rows, steps=20, patience=2, weight_decay=0.2, **settings)
    assert [step for step, _ in stopped.facts["checks"]] == [1, 2, 3, 4]
    assert (stopped.facts["chosen"], stopped.facts["steps"]) == (2, 20)
    assert stopped.curve["step"].max() == 4
    # rows that do not occur have shrunk for the two steps whose weights are kept
    before = load_encoder(bert_folder, 0).get_input_embeddings().weight
    after = stopped.model.encoder.get_input_embeddings().weight
    factor = (1 - 0.2 * 0.01) * (1 - 0.2 * 0.01 * 19 / 20)
    shrunk = torch.isclose(after, before * factor, rtol=1e-6, atol=0).all(1)
    assert int(shrunk.sum()) > 10
