"""Grids of points between the runs of a pair, and steps around one run."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from isogloss.config.tasks import TABLES
from isogloss.encoders.load import load_tokenizer, position_offset
from isogloss.encoders.manifest import checked_folder
from isogloss.encoders.vocabulary import used_ids
from isogloss.landscapes.corners import (
    Corners,
    RunFiles,
    mix,
    open_corners,
    read_labels,
    set_point,
)
from isogloss.landscapes.evaluation import DevSets, Scores, prepare, scores_of, states_of
from isogloss.landscapes.filters import random_direction
from isogloss.landscapes.journal import append, identity_of, name_of, open_journal
from isogloss.landscapes.points import Point
from isogloss.seeds import named_seed
from isogloss.tables import read_rows
from isogloss.tasks.task import task_module
from isogloss.training.loop import pick_device

LOG = logging.getLogger("isogloss")


class Setting(NamedTuple):
    """What all grids of a job share.

    encoder : its manifest
    task : of `isogloss.config.tasks`
    precision : `auto` for TF32 on a GPU, or `fp32`
    code : of what scores depend on
    """

    encoder: Path
    layers: int
    task: Any
    precision: str
    code: str


class Opened(NamedTuple):
    """Runs, and the rows that they are scored on."""

    corners: Corners
    sets: DevSets


def score_points(
    setting: Setting,
    runs: Sequence[RunFiles],
    rows: Mapping[str, Path],
    points: Sequence[Point],
    journal: Path,
) -> dict[Point, Scores]:
    """Score points between runs; those that the journal has are not computed again.

    Parameters
    ----------
    runs : corners in the order of the points' shares
    rows : files of held-out rows by language
    """
    known = open_journal(journal, _identity(setting, runs, rows))
    wanted = list(dict.fromkeys(points))
    # Next to each other where the encoder is the same, so that its states can be kept.
    missing = sorted(point for point in wanted if name_of(point) not in known)
    LOG.info("%d points, %d of them known", len(wanted), len(wanted) - len(missing))
    if missing:
        opened = open_runs(setting, runs, rows)
        for point, scores in _scored(opened, missing):
            append(journal, point, scores)
            known[name_of(point)] = scores
    return {point: known[name_of(point)] for point in wanted}


def _scored(opened: Opened, points: Sequence[Point]) -> Iterator[tuple[Point, Scores]]:
    """Scores of points; neighbours with the same encoder share its states."""
    corners, sets = opened
    for _, group in groupby(points, key=lambda point: point.encoder):
        same = list(group)
        states: list[Tensor] = []
        for point in same:
            set_point(corners, point)
            if len(same) > 1 and not states:
                states = list(states_of(corners.model, sets))
            yield point, scores_of(corners.model, sets, states or states_of(corners.model, sets))


def score_steps(
    setting: Setting,
    run: RunFiles,
    rows: Mapping[str, Path],
    directions: int,
    radii: Sequence[float],
    seed: int,
    journal: Path,
) -> dict[tuple[int, float], Scores]:
    """Score a run after steps in random filter-normalised directions (Li et al. 2018).

    Returns
    -------
    scores by direction (from 1) and radius; (0, 0.0) is the run itself
    """
    known = open_journal(journal, _identity(setting, [run], rows, seed))
    steps = [(0, 0.0), *((d, r) for d in range(1, directions + 1) for r in radii)]
    missing = [step for step in steps if name_of(step) not in known]
    LOG.info("%d steps, %d of them known", len(steps), len(steps) - len(missing))
    if missing:
        (model, weights, (start,), _), sets = open_runs(setting, [run], rows)
        for number in dict.fromkeys(direction for direction, _ in missing):
            generator = torch.Generator().manual_seed(named_seed(seed, "direction", number))
            parts = random_direction(model, generator)
            direction = torch.cat([part.flatten() for part in parts]).to(start)
            for radius in (radius for d, radius in missing if d == number):
                mix(weights, [start, direction], (1.0, radius))
                scores = scores_of(model, sets, states_of(model, sets))
                append(journal, (number, radius), scores)
                known[name_of((number, radius))] = scores
            mix(weights, [start], (1.0,))
    return {step: known[name_of(step)] for step in steps}


def open_runs(setting: Setting, runs: Sequence[RunFiles], rows: Mapping[str, Path]) -> Opened:
    """Load runs and encode held-out rows once, with the sub-words that occur in them."""
    device = pick_device()
    if device.type == "cuda" and setting.precision == "auto":
        torch.set_float32_matmul_precision("high")
    folder, kinds = checked_folder(setting.encoder), TABLES[setting.task.kind]
    frames = {language: read_rows(file, kinds) for language, file in rows.items()}
    labels = read_labels(runs)
    tokenizer, module = load_tokenizer(folder), task_module(setting.task.kind)
    parts = {
        language: module.features(frame, tokenizer, setting.task, labels)
        for language, frame in frames.items()
    }
    inputs = (window for part in parts.values() for item in part.windows for window in item)
    kept = used_ids(inputs, tokenizer.all_special_ids)
    corners = open_corners(folder, setting.layers, setting.task, labels, runs, kept, device)
    sets = prepare(
        setting.task.kind,
        labels,
        frames,
        parts,
        kept,
        int(tokenizer.pad_token_id),
        position_offset(corners.model.encoder),
        device,
    )
    return Opened(corners, sets)


def _identity(
    setting: Setting, runs: Sequence[RunFiles], rows: Mapping[str, Path], *more: Any
) -> str:
    files = [setting.encoder, *(file for run in runs for file in run), *rows.values()]
    task = setting.task.model_dump(mode="json")
    return identity_of(files, [task, setting.precision, setting.code, list(rows), *more])
