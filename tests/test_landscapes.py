"""Points between runs: exact weights, the runs' own scores, and grids that go on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from landscape import TASK, Pair, save_pair
from safetensors.torch import load_file

from isogloss.config.landscapes import ALPHAS, AXIS
from isogloss.encoders.load import load_tokenizer
from isogloss.encoders.vocabulary import used_ids
from isogloss.errors import LandscapeError
from isogloss.landscapes import grid as room
from isogloss.landscapes.corners import CHUNK, flatten, mix, ordered, read_labels, set_point
from isogloss.landscapes.frames import COLUMNS, grid_points, line_points, plane_points, score_rows
from isogloss.landscapes.grid import Opened, open_runs, score_points, score_steps
from isogloss.landscapes.journal import append, identity_of, name_of, open_journal
from isogloss.landscapes.points import Point, line_point, plane_point
from isogloss.metrics.standard import score_frame, score_of
from isogloss.tables import arrange
from isogloss.training import loop
from isogloss.training.evaluate import Evaluation
from isogloss.training.model import load_run

FLOATS = st.floats(-4.0, 4.0, width=32)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return save_pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    for module in (loop, room):
        monkeypatch.setattr(module, "pick_device", lambda: torch.device("cpu"))


@pytest.fixture
def opened(pair: Pair) -> Opened:
    return open_runs(pair.setting, pair.runs, pair.rows)


def ulps(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Distance in float32 steps."""
    return np.abs(found.astype(np.float64) - wanted) / np.spacing(np.abs(wanted.astype(np.float32)))


# points


def test_the_grids_of_the_paper() -> None:
    assert len(ALPHAS) == 33 and len(AXIS) == 21
    assert ALPHAS[0] == AXIS[0] == -0.5 and ALPHAS[-1] == AXIS[-1] == 1.5
    assert set(AXIS) < set(ALPHAS)
    assert len(plane_points(["all"], AXIS)) == 441


@pytest.mark.parametrize("alpha", ALPHAS)
def test_shares_sum_to_one(alpha: float) -> None:
    for start in ("source", "target"):
        assert sum(line_point("all", start, alpha).encoder) == pytest.approx(1, abs=1e-15)
    for other in AXIS:
        assert sum(plane_point("all", alpha, other).head) == pytest.approx(1, abs=1e-15)


def test_models_are_where_the_equations_have_them() -> None:
    source, target, both = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
    assert line_point("all", "source", 0.0) == Point(source, source) == plane_point("all", 1.0, 0.0)
    assert line_point("all", "target", 0.0) == Point(target, target) == plane_point("all", 0.0, 1.0)
    assert line_point("all", "source", 1.0) == Point(both, both) == plane_point("all", 0.0, 0.0)
    assert line_point("encoder", "source", 1.0) == Point(both, source)
    assert line_point("head", "target", 1.0) == Point(target, both)
    assert plane_point("head", 1.0, 0.0) == Point(both, source)
    # both directions of the plane are differences to the bilingual model
    assert plane_point("encoder", 0.5, 0.5) == Point((0.5, 0.5, 0.0), both)


# weights


@given(arrays(np.float32, (3, 40), elements=FLOATS), st.sampled_from(ALPHAS))
def test_one_unit_in_the_last_place(values: np.ndarray, alpha: float) -> None:
    out = torch.empty(40)
    mix(out, [torch.from_numpy(row).double() for row in values], (1 - alpha, 0.0, alpha))
    wanted = (1 - alpha) * values[0].astype(np.float64) + alpha * values[2].astype(np.float64)
    assert (ulps(out.numpy(), wanted) <= 1).all()


def test_cancelling_weights_keep_their_digits() -> None:
    """In float32 the difference of two weights loses digits that the sum needs."""
    generator = np.random.default_rng(0)
    first = generator.normal(size=4000).astype(np.float32)
    second = (-first * np.float32(1 + 1e-6)).astype(np.float32)
    out = torch.empty(4000)
    mix(out, [torch.from_numpy(first).double(), torch.from_numpy(second).double()], (0.5, 0.5))
    wanted = 0.5 * first.astype(np.float64) + 0.5 * second.astype(np.float64)
    assert (ulps(out.numpy(), wanted) <= 1).all()
    plain = torch.lerp(torch.from_numpy(first), torch.from_numpy(second), 0.3).numpy()
    exact = 0.7 * first.astype(np.float64) + 0.3 * second.astype(np.float64)
    mix(out, [torch.from_numpy(first).double(), torch.from_numpy(second).double()], (0.7, 0.3))
    assert ulps(out.numpy(), exact).max() <= 1 < ulps(plain, exact).max()


@pytest.mark.parametrize("size", [1, CHUNK["cpu"] - 1, CHUNK["cpu"], CHUNK["cpu"] + 1])
def test_chunks_meet(size: int) -> None:
    values = [
        torch.randn(size, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
        for n in (1, 2)
    ]
    out = torch.full((size,), torch.nan)
    mix(out, values, (0.25, 0.75))
    assert torch.equal(out, (0.25 * values[0] + 0.75 * values[1]).float())


def test_ends_are_the_runs_bit_by_bit(pair: Pair, opened: Opened) -> None:
    corners = opened.corners
    tokenizer = load_tokenizer(pair.folder)
    inputs = (w for part in opened.sets.parts.values() for item in part.windows for w in item)
    kept = used_ids(inputs, tokenizer.all_special_ids)
    for run, point in zip(
        pair.runs,
        [
            line_point("all", start, alpha)
            for start, alpha in (("source", 0.0), ("target", 0.0), ("source", 1.0))
        ],
        strict=True,
    ):
        set_point(corners, point)
        stored = load_file(run.weights)
        for name, parameter in corners.model.named_parameters():
            wanted = (
                stored[name][torch.from_numpy(kept)] if "word_embeddings" in name else stored[name]
            )
            assert torch.equal(parameter, wanted), name


def test_parts(opened: Opened) -> None:
    corners = opened.corners
    set_point(corners, line_point("all", "source", 0.0))
    before = [parameter.clone() for parameter in ordered(corners.model)]
    encoder = len(list(corners.model.encoder.parameters()))
    set_point(corners, line_point("head", "source", 0.5))
    same = [torch.equal(a, b) for a, b in zip(before, ordered(corners.model), strict=True)]
    assert all(same[:encoder]) and not any(same[encoder:])
    set_point(corners, line_point("encoder", "source", 0.5))
    same = [torch.equal(a, b) for a, b in zip(before, ordered(corners.model), strict=True)]
    assert all(same[encoder:]) and not all(same[:encoder])


def test_the_way_to_a_point_does_not_matter(opened: Opened) -> None:
    corners, wanted = opened.corners, line_point("all", "target", 0.3)
    set_point(corners, wanted)
    straight = flatten(corners.model).clone()
    for alpha in ALPHAS:
        set_point(corners, line_point("all", "source", alpha))
    set_point(corners, wanted)
    assert torch.equal(flatten(corners.model), straight)


# scores


def test_ends_have_the_scores_of_the_runs(pair: Pair, tmp_path: Path) -> None:
    points = [
        line_point("all", "source", 0.0),
        line_point("all", "target", 0.0),
        line_point("all", "source", 1.0),
    ]
    found = score_points(pair.setting, pair.runs, pair.rows, points, tmp_path / "j")
    for run, point, dev in zip(pair.runs, points, (["en"], ["de"], ["en", "de"]), strict=True):
        facts = json.loads(run.facts.read_text())
        model = load_run(pair.folder, 2, TASK, facts["labels"], run.weights)
        tokenizer = load_tokenizer(pair.folder)
        evaluation = Evaluation(model.encoder, tokenizer, TASK, facts["labels"], None, model.head)
        list(evaluation.passes(pair.frames))
        own = score_frame(score_of("nli"), evaluation.predictions(), "dev")
        assert {row.language: row.value for row in own.itertuples()} == {
            language: scores["accuracy"] for language, scores in found[point].items()
        }
        # and the score that training chose these weights by
        chosen = max(score for _, score in facts["checks"])
        assert chosen == np.mean([found[point][language]["accuracy"] for language in dev])


def test_kept_states_change_no_score(pair: Pair, tmp_path: Path) -> None:
    points = [line_point("head", "source", alpha) for alpha in (-90.0, 0.0, 0.4, 90.0)]
    arguments = (pair.setting, pair.runs, pair.rows)
    together = score_points(*arguments, points, tmp_path / "together")
    alone = [score_points(*arguments, [p], tmp_path / f"{n}") for n, p in enumerate(points)]
    assert [together[point] for point in points] == [
        found[p] for p, found in zip(points, alone, strict=True)
    ]
    assert len({str(scores) for scores in together.values()}) > 1


def test_rows_of_a_table(pair: Pair, tmp_path: Path) -> None:
    points = grid_points("planes", ["all"], [0.0, 1.0])
    arguments = (pair.setting, pair.runs, pair.rows)
    found = score_points(*arguments, list(points.values()), tmp_path / "j")
    scored = [(named, found[point]) for named, point in points.items()]
    frame = score_rows(COLUMNS["planes"], scored, {"en": 20, "de": 20})
    names = {"encoder": "a", "task": "b", "source": "en", "target": "de", "recipe": "c", "seed": 1}
    table = arrange("planes", frame.assign(**names)).to_pandas()
    assert len(table) == 4 * 2 and set(table["n"]) == {20}
    assert table["value"].between(0, 100).all()


# journals


class Count:
    """Counts calls of a function."""

    def __init__(self, call: Any) -> None:
        self.call, self.calls = call, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.call(*arguments)


def test_only_missing_points_are_computed(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Count(room.scores_of)
    monkeypatch.setattr(room, "scores_of", counted)
    journal = tmp_path / "journal.jsonl"
    arguments = (pair.setting, pair.runs, pair.rows)
    few = list(line_points(["all"], [0.0, 0.5, 1.0]).values())
    first = score_points(*arguments, few, journal)
    assert counted.calls == 5 == len(set(few))  # both lines end in the same model
    again = score_points(*arguments, few, journal)
    assert counted.calls == 5 and again == first
    more = list(line_points(["all"], [0.0, 0.25, 0.5, 1.0]).values())
    found = score_points(*arguments, more, journal)
    assert counted.calls == 7 and {point: found[point] for point in first} == first
    # other rows, and everything is computed again
    rows = {"en": pair.rows["de"], "de": pair.rows["de"]}
    score_points(pair.setting, pair.runs, rows, few, journal)
    assert counted.calls == 12


def test_a_torn_line_is_left_out(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    assert open_journal(journal, "a") == {}
    append(journal, (1, 0.5), {"en": {"f1": 0.1}})
    append(journal, (2, 0.5), {"en": {"f1": 0.2}})
    whole = journal.read_bytes()
    for cut in range(1, 40):
        journal.write_bytes(whole[:-cut])
        assert open_journal(journal, "a") == {name_of((1, 0.5)): {"en": {"f1": 0.1}}}
        append(journal, (2, 0.5), {"en": {"f1": 0.2}})
        assert journal.read_bytes() == whole
    assert open_journal(journal, "b") == {} == open_journal(journal, "b")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_exactly(value: float) -> None:
    assert json.loads(name_of([value]))[0] == value


def test_identity(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"a")
    first = identity_of([file], ["x"])
    assert first == identity_of([file], ["x"]) != identity_of([file], ["y"])
    file.write_bytes(b"b")
    assert identity_of([file], ["x"]) != first


def test_killed_grids_end_as_others(tmp_path: Path) -> None:
    root = Path(__file__).parent
    paths = [str(root), str(root.parent / "workflow/scripts")]
    done = subprocess.run(
        [sys.executable, str(root / "killed_grid.py"), str(tmp_path), "5"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout)
    assert len(ends) == 21 and ends[-1][0] == 0
    counts = [count for _, count in ends]
    # all were killed on the way, and none lost what the ones before had found
    assert all(end == -9 for end, _ in ends[:-1])
    assert counts == sorted(counts) and len(set(counts)) > 10
    killed, whole = (
        (tmp_path / f"{name}.jsonl").read_bytes() for name in ("killed", "undisturbed")
    )
    assert killed == whole


# steps in random directions


def test_steps(pair: Pair, tmp_path: Path) -> None:
    arguments = (pair.setting, pair.runs[0], pair.rows)
    found = score_steps(*arguments, 2, [0.1, 2.0], 0, tmp_path / "a")
    assert list(found) == [(0, 0.0), (1, 0.1), (1, 2.0), (2, 0.1), (2, 2.0)]
    start = line_point("all", "source", 0.0)
    own = score_points(pair.setting, pair.runs, pair.rows, [start], tmp_path / "p")
    assert found[0, 0.0] == own[start]
    more = score_steps(*arguments, 3, [0.1, 2.0], 0, tmp_path / "b")
    assert {step: more[step] for step in found} == found
    other = score_steps(*arguments, 2, [0.1, 2.0], 1, tmp_path / "c")
    assert other[1, 2.0] != found[1, 2.0] or other[2, 2.0] != found[2, 2.0]


# mistakes


def test_runs_of_other_labels_are_refused(
    pair: Pair, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    facts = json.loads(pair.runs[1].facts.read_text())
    changed = pair.runs[1]._replace(facts=tmp_path / "run.json")
    changed.facts.write_text(json.dumps({**facts, "labels": ["other"]}))
    with pytest.raises(LandscapeError, match=r"run.json: other labels .*; allowed: runs of one"):
        read_labels([pair.runs[0], changed])
    assert read_labels(pair.runs) == facts["labels"] and not caplog.records
    changed.facts.write_text(json.dumps({**facts, "initial_weights": "0" * 64}))
    assert read_labels([pair.runs[0], changed]) == facts["labels"]
    assert "run.json: other initial weights" in caplog.text
