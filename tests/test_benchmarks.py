"""The benchmarks at a tiny size: they run, and what they compare is equal."""

import importlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch


def load(folder: Path, name: str) -> ModuleType:
    """A benchmark as a module; workflow/scripts has other files of the same names."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the benchmarks, where they find each other."""
    monkeypatch.syspath_prepend(root / "benchmarks")
    return root / "benchmarks"


@pytest.fixture
def finetune(folder: Path) -> ModuleType:
    """The fine-tuning benchmark."""
    pytest.importorskip("accelerate")
    return load(folder, "finetune")


def run(finetune: ModuleType, file: Path, *more: str) -> dict[str, Any]:
    """What the command writes at the smallest size."""
    sizes = ["--shape=tiny", "--steps=4", "--pool=4", "--batch=4", "--warm-up=0", "--repeats=1"]
    finetune.main([*sizes, *more, f"--json={file}"])
    return json.loads(file.read_text(encoding="utf-8"))


def test_same_batches_give_the_same_losses(finetune: ModuleType, tmp_path: Path) -> None:
    rates = ["--dropout=0", "--learning-rate=0.01", "--check=2"]
    found = run(finetune, tmp_path / "f.json", *rates)
    assert found["loss_difference"] < 1e-5
    arms = {name: arm["repetitions"][0] for name, arm in found["arms"].items()}
    assert set(arms) == {"isogloss", "all_rows", "pad_128", "dynamic", "grouped"}
    first = arms["isogloss"]["losses"]
    assert len(first) == 4 and np.ptp(first) > 1e-3
    for name in ("all_rows", "pad_128", "dynamic"):
        np.testing.assert_allclose(arms[name]["losses"], first, atol=1e-5)
    # One epoch: whatever the order, all arms see the same sub-words.
    assert len({arm["tokens"] for arm in arms.values()}) == 1
    assert arms["pad_128"]["processed"] == 4 * 4 * 128
    assert arms["isogloss"]["processed"] < arms["dynamic"]["processed"] < 4 * 4 * 128
    assert arms["grouped"]["processed"] <= arms["dynamic"]["processed"]


def test_a_table_has_a_ratio_for_each_peer(
    finetune: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(finetune, tmp_path / "f.json", "--check=0", "--arms", "isogloss", "dynamic")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in lines[1:]] == [
        "| isogloss",
        "| Trainer, padded to the longest",
    ]
    assert found["loss_difference"] is None
    own, peer = (found["arms"][name] for name in ("isogloss", "dynamic"))
    assert own["summary"]["wall_ratio"] == own["summary"]["cpu_ratio"] == 1
    spent = [arm["repetitions"][0]["cpu"] for arm in (peer, own)]
    assert peer["summary"]["cpu_ratio"] == pytest.approx(spent[0] / spent[1])


def test_a_wrong_update_is_seen(
    finetune: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings = importlib.import_module("trainings")
    plan = trainings.Plan
    monkeypatch.setattr(trainings, "Plan", lambda **given: plan(**given, weight_decay=10.0))
    found = run(finetune, tmp_path / "f.json", "--check=3", "--arms", "isogloss", "dynamic")
    assert found["loss_difference"] > 1e-5


def test_lengths_follow_xnli(finetune: ModuleType, tmp_path: Path) -> None:
    draw = importlib.import_module("trainings").draw_lengths
    lengths = draw(100_000, np.random.default_rng(1), None)
    assert lengths.mean() == pytest.approx(39.8, abs=0.3)
    assert np.median(lengths) == 36
    assert np.percentile(lengths, 95) == pytest.approx(75, abs=1)
    assert lengths.min() >= 5 and lengths.max() == 128
    (tmp_path / "lengths.tsv").write_text("id\tlength\n0\t3\n1\t40\n2\t200\n", encoding="utf-8")
    assert set(draw(100, np.random.default_rng(1), tmp_path / "lengths.tsv")) == {5, 40, 128}


def test_labels_follow_a_rule(finetune: ModuleType) -> None:
    shape = finetune.SHAPES["tiny"]
    data = finetune.draw_data(shape, 200, 1, None)
    rule: dict[int, set[int]] = {}
    for item, label in zip(data.inputs, data.labels.tolist(), strict=True):
        rule.setdefault(int(item.ids[1]), set()).add(label)
        assert item.ids.max() < shape.vocabulary and len(item.ids) == len(item.types)
    assert all(len(labels) == 1 for labels in rule.values())
    assert set.union(*rule.values()) == {0, 1, 2}


def test_a_device_that_is_not_seen_is_refused(finetune: ModuleType) -> None:
    absent = "cpu" if torch.cuda.is_available() else "cuda"
    with pytest.raises(SystemExit, match=f"--device {absent}"):
        finetune.main(["--shape=tiny", f"--device={absent}"])


def test_cka_forms_agree(folder: Path, tmp_path: Path) -> None:
    sizes = ["--examples=60", "--dimensions=12", "--repeats=1"]
    load(folder, "cka").main([*sizes, f"--json={tmp_path / 'c.json'}"])
    forms = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))["forms"]
    own = forms["isogloss, features"]
    assert 0.1 < own["biased"] < 1 and own["biased_error"] < 1e-12
    assert own["debiased"] < own["biased"] and own["debiased_error"] < 1e-12
    assert forms["Gram matrices, float32"]["biased_error"] > 1e-9


def test_indices_are_the_same_pair_by_pair(folder: Path, tmp_path: Path) -> None:
    sizes = ["--sentences=30", "--dimensions=12", "--layers=1", "--targets=2"]
    load(folder, "similarity").main([*sizes, f"--json={tmp_path / 's.json'}"])
    found = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["indices"]
    assert list(found) == ["cka", "rbf_cka", "svcca", "rsa", "retrieval"]
    for row in found.values():
        assert row["difference"] < 1e-12
        assert 0 < row["mean"] < 1 and row["cpu_ratio"] > 0


def test_every_task_is_decoded_and_scored(folder: Path, tmp_path: Path) -> None:
    decoding = load(folder, "decoding")
    decoding.main(["--rows=6", "--repeats=1", f"--json={tmp_path / 'd.json'}"])
    found = json.loads((tmp_path / "d.json").read_text(encoding="utf-8"))
    assert set(found) == {"pos", "ner", "parsing", "paraphrase", "qa"}
    for (run,) in found.values():
        assert 0 < run["decoding"] < run["pass"]
        assert run["scoring"] > 0
    assert 0 < found["parsing"][0]["trees"] < found["parsing"][0]["decoding"]


def interpolate(folder: Path, file: Path, *more: str) -> dict[str, Any]:
    """What the benchmark of interpolation writes at the smallest size."""
    sizes = ["--shape=tiny", "--pairs=12", "--batch=5", "--repeats=2", "--scorings=1"]
    load(folder, "interpolation").main([*sizes, *more, f"--json={file}"])
    return json.loads(file.read_text(encoding="utf-8"))


def test_ways_to_set_a_point_agree(folder: Path, tmp_path: Path) -> None:
    found = interpolate(folder, tmp_path / "i.json")
    plain = "copy.deepcopy, loop over state dicts, load_state_dict"
    own = ["isogloss", "isogloss, all sub-words"]
    errors: dict[str, dict[str, float]] = {}
    for row in found["setting"]:
        errors.setdefault(row["what"], {})[row["way"]] = row["note"]
        assert len(row["repetitions"]["wall"]) == 2 and min(row["repetitions"]["wall"]) > 0
    lines, planes = errors["point on a line"], errors["point in a plane"]
    assert list(lines) == [*own, plain, "load_state_dict alone", "torch.lerp in place, float32"]
    assert list(planes) == [*own, plain]
    assert lines["load_state_dict alone"] is None
    # Rounded once: half a unit at most. The others round several times.
    for values in (lines, planes):
        assert 0.4 < max(values[name] for name in own) <= 0.5001
        assert 0.6 < values[plain] < 10
    assert 0.6 < lines["torch.lerp in place, float32"] < 10
    facts = found["facts"]
    gone = facts["parameters"] - facts["with the sub-words that occur"]
    assert gone > 0 and gone % facts["hidden"] == 0


def test_ways_to_score_a_point_agree(folder: Path, tmp_path: Path) -> None:
    found = interpolate(folder, tmp_path / "i.json")
    own, longest, most = found["scoring"]
    assert 1 <= own["note"] < longest["note"] < most["note"]
    parts = importlib.import_module("mixtures").draw_sets(
        importlib.import_module("trainings").SHAPES["tiny"], 12, 1
    )[1]
    real = sum(sum(part.lengths) for part in parts.values())
    assert most["note"] == pytest.approx(24 * 128 / real)


def test_a_plane_is_extrapolated_and_measured(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = load(folder, "interpolation")
    assert len(module.PLANE) == 441
    module.PLANE = module.PLANE[::100]
    sizes = ["--shape=tiny", "--layers=1", "--pairs=4", "--repeats=1", "--scorings=1", "--whole"]
    module.main([*sizes, f"--json={tmp_path / 'i.json'}"])
    found = json.loads((tmp_path / "i.json").read_text(encoding="utf-8"))
    plane = found["plane"]
    assert (plane["points"], plane["pairs"], plane["whole_pairs"]) == (5, 4980, 8)
    times = [rows[0]["ms"] / 1000 for rows in (found["setting"][5:], found["scoring"])]
    point = times[0] + times[1] * 2490 / 4
    assert plane["seconds"] == pytest.approx(5 * point)
    assert plane["share"] == pytest.approx(times[0] / point)
    assert plane["whole"] > 0
    assert "Measured whole with 8 pairs" in capsys.readouterr().out
    assert found["facts"]["layers"] == 1


@pytest.mark.parametrize("width", [None, 128])
def test_ways_to_score_read_the_same_states(folder: Path, width: int | None) -> None:
    mixtures = importlib.import_module("mixtures")
    evaluation = importlib.import_module("isogloss.landscapes.evaluation")
    shape, device = mixtures.SIZES["tiny"], torch.device("cpu")
    frames, parts, kept = mixtures.draw_sets(shape, 9, 1)
    sets = evaluation.prepare("nli", mixtures.LABELS, frames, parts, kept, 0, 0, device)
    model = mixtures.open_runs(shape, 1, kept, device).corners.model
    peer = mixtures.padded(sets, kept, 4, width, device)
    found = []
    for way, held in ((evaluation.states_of, sets), (mixtures.padded_states, peer)):
        first = torch.empty(18, shape.hidden)
        for places, (_, points), states in zip(
            held.members, held.batches, way(model, held), strict=True
        ):
            first[places] = states[points.row, points.column]
        found.append(first)
    torch.testing.assert_close(*found, rtol=0, atol=1e-5)
    assert torch.pdist(found[0]).min() > 1e-4


def test_wrong_scores_are_seen(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = importlib.import_module("isogloss.tasks.pairs")
    mixtures = importlib.import_module("mixtures")
    labels = iter(range(10**6))

    def shuffled(model: Any, sets: Any) -> Any:
        monkeypatch.setattr(
            tasks.Classifier,
            "decode",
            lambda self, states, points, _: [np.array([next(labels) % 3]) for _ in points.row],
        )
        yield from padded_states(model, sets)

    padded_states = mixtures.padded_states
    monkeypatch.setattr(mixtures, "padded_states", shuffled)
    with pytest.raises(AssertionError, match="padded to"):
        interpolate(folder, tmp_path / "i.json", "--pairs=40")
