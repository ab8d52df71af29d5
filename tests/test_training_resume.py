"""A training that was killed ends with the bytes of one that was not."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from models import pairs
from torch import nn

from isogloss.config.recipes import Recipe
from isogloss.config.tasks import Nli
from isogloss.encoders.load import weights_hash
from isogloss.tables import write_table
from isogloss.training import loop
from isogloss.training.checkpoint import Best, load_state, save_state
from isogloss.training.finetune import Rows, finetune
from isogloss.training.model import save_run
from isogloss.training.optimiser import build_adamw

KILLED = -signal.SIGKILL
RECIPE = {"steps": 24, "batch": 8, "learning_rate": 0.01, "save_every": 4, "dropout": 0.2}
RECIPES = {
    "last": {**RECIPE, "weight_decay": 0.1, "warmup": 0.2},
    "best_dev": {**RECIPE, "select": "best_dev", "checks": 2},
    "patience": {**RECIPE, "select": "best_dev", "checks": 2, "patience": 3, "save_every": 3},
}
MOMENTS: dict[str, list[tuple[str, float]]] = {
    "never": [],
    "steps": [("step", 3), ("step", 5), ("step", 1), ("step", 11), ("step", 6)],
    "writing": [("half", 1), ("fsync", 2), ("synced", 1), ("saved", 1), ("half", 2)],
    "checks": [("check", 1), ("check", 3), ("saved", 1), ("check", 2)],
    "waiting": [("check", 1), ("check", 3), ("saved", 1)],
    "any time": [("seconds", 0.3), ("seconds", 0.45), ("seconds", 0.6), ("seconds", 0.5)],
}
TRAININGS = [
    ("last", "never"),
    ("last", "steps"),
    ("last", "writing"),
    ("last", "any time"),
    ("best_dev", "never"),
    ("best_dev", "writing"),
    ("best_dev", "checks"),
    ("patience", "never"),
    ("patience", "waiting"),
]
Runs = dict[tuple[str, str], tuple[Path, list[int]]]
NAMES = ("run.safetensors", "curve.parquet", "facts.json")


@pytest.fixture(scope="module")
def runs(bert_folder: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Folder of each training, and how its attempts ended."""
    folders = {name: tmp_path_factory.mktemp("run") for name in TRAININGS}
    jobs = [
        {
            "encoder": str(bert_folder),
            "folder": str(folders[select, moments]),
            "recipe": RECIPES[select],
            "seed": 3,
            "moments": MOMENTS[moments],
        }
        for select, moments in TRAININGS
    ]
    done = subprocess.run(
        [sys.executable, str(root / "tests/killed_training.py"), json.dumps(jobs)],
        env={**os.environ, "PYTHONPATH": str(root / "workflow/scripts")},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    ends = json.loads(done.stdout.splitlines()[-1])
    return {name: (folders[name], found) for name, found in zip(TRAININGS, ends, strict=True)}


@pytest.mark.parametrize(("select", "moments"), [t for t in TRAININGS if t[1] != "never"])
def test_killed_or_not_the_bytes_are_the_same(runs: Runs, select: str, moments: str) -> None:
    whole, ends = runs[select, "never"]
    assert ends == [0]
    folder, ends = runs[select, moments]
    assert ends[-1] == 0
    if moments != "any time":
        assert ends[:-1] == [KILLED] * len(MOMENTS[moments])
    for name in NAMES:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    # no unfinished file is left, and what was done before a kill was not done again
    assert {path.name for path in folder.iterdir()} == {*NAMES, "log", "resume.safetensors"}
    if moments != "any time":
        assert "resumed after step" in (folder / "log").read_text()
    assert "resumed" not in (whole / "log").read_text()


def test_two_processes_make_the_same_bytes(
    runs: Runs, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))
    rows = Rows("en", pairs(40, seed=1), None, pairs(15, seed=2))
    task = Nli(kind="nli", corpus="family", max_length=16)
    recipe = Recipe.model_validate(RECIPES["last"])
    model, curve, _ = finetune(bert_folder, 2, task, recipe, 3, [rows])
    save_run(tmp_path / "run.safetensors", model)
    write_table(tmp_path / "curve.parquet", "curve", curve)
    for name in ("run.safetensors", "curve.parquet"):
        assert (tmp_path / name).read_bytes() == (runs["last", "never"][0] / name).read_bytes()


def test_the_best_step_is_not_the_last_one(runs: Runs) -> None:
    # else the selection by dev score above would show nothing
    facts = json.loads((runs["best_dev", "never"][0] / "facts.json").read_text())
    assert facts["chosen"] < facts["steps"]


def test_patience_ends_a_training_that_was_stopped_while_it_waited(runs: Runs) -> None:
    facts = json.loads((runs["patience", "never"][0] / "facts.json").read_text())
    checks = facts["checks"]
    assert checks[-1][0] < facts["steps"]
    best = max(score for _, score in checks)
    first = [score for _, score in checks].index(best)
    assert facts["chosen"] == checks[first][0]
    assert len(checks) == first + 1 + 3
    # one attempt at least went on from a state that was saved after a check in vain
    log = (runs["patience", "waiting"][0] / "log").read_text()
    resumed = [int(step) for step in re.findall(r"resumed after step (\d+)", log)]
    waited = [sum(facts["chosen"] < done <= step for done, _ in checks) for step in resumed]
    assert any(waited)


@pytest.mark.parametrize("other", ["recipe", "seed", "train", "dev", "code", "task", "nothing"])
def test_the_state_of_another_training_is_not_used(
    other: str, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "pick_device", lambda: torch.device("cpu"))
    starts: list[int] = []
    load = loop.load_state

    def noted(*arguments: Any) -> Any:
        found = load(*arguments)
        starts.append(0 if found is None else found[0])
        return found

    monkeypatch.setattr(loop, "load_state", noted)
    state = tmp_path / "state"

    def run(changed: str = "") -> str:
        settings = {"steps": 5, "batch": 8, "save_every": 2, "select": "best_dev"}
        if changed == "recipe":
            settings["learning_rate"] = 0.5
        train = pairs(16, seed=9 if changed == "train" else 1)
        rows = [Rows("en", train, None, pairs(8, seed=9 if changed == "dev" else 2))]
        task = Nli(kind="nli", corpus="family", max_length=9 if changed == "task" else 12)
        seed = 4 if changed == "seed" else 3
        recipe = Recipe.model_validate(settings)
        code = "b" if changed == "code" else "a"
        return weights_hash(finetune(bert_folder, 2, task, recipe, seed, rows, state, code).model)

    first = run()
    run(other)
    assert starts == [0, 4 if other == "nothing" else 0]
    assert run() == first


class Two(nn.Module):
    """Two layers, one of them frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.b = nn.Linear(3, 3).requires_grad_(False)


def stepped() -> tuple[Two, torch.optim.Optimizer]:
    model = Two()
    optimiser = build_adamw(model.parameters(), 0.1, (0.9, 0.99), 1e-8, 0.1)
    model.b(model.a(torch.ones(2, 3))).sum().backward()
    optimiser.step()
    return model, optimiser


def test_a_state_holds_all(tmp_path: Path) -> None:
    path = tmp_path / "state"
    model, optimiser = stepped()
    best = Best(61.5, 1, {"a.weight": torch.ones(3, 3)})
    line, checks = [7, 0.5, 1 / 3, 0.1, 12, 14], [(3, 61.5), (6, 0.1 + 0.2)]
    save_state(path, "key", 7, model, optimiser, [line], checks, best)
    expected = torch.rand(3)
    other, other_optimiser = stepped()
    found = load_state(path, "key", other, other_optimiser)
    assert found is not None
    step, curve, checked, again = found
    assert (step, curve, checked) == (7, [line], checks)
    assert again is not None
    assert again[:2] == best[:2]
    assert torch.equal(again.weights["a.weight"], torch.ones(3, 3))
    assert torch.equal(torch.rand(3), expected)
    assert weights_hash(other) == weights_hash(model)
    for mine, theirs in zip(
        optimiser.state_dict()["state"].values(),
        other_optimiser.state_dict()["state"].values(),
        strict=True,
    ):
        assert mine.keys() == theirs.keys() == {"step", "exp_avg", "exp_avg_sq"}
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("spoil", ["absent", "other key", "empty", "cut", "text"])
def test_an_unusable_state_changes_nothing(spoil: str, tmp_path: Path) -> None:
    path = tmp_path / "state"
    model, optimiser = stepped()
    save_state(path, "key", 7, model, optimiser, [], [])
    blob = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": blob[:-9], "text": b"no tensors here"}.get(spoil, blob))
    if spoil == "absent":
        path.unlink()
    other, other_optimiser = stepped()
    before, random = weights_hash(other), torch.get_rng_state()
    key = "other" if spoil == "other key" else "key"
    assert load_state(path, key, other, other_optimiser) is None
    assert weights_hash(other) == before
    assert torch.equal(torch.get_rng_state(), random)
