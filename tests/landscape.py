"""Three tiny runs from the same start, and rows to score them on."""

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from models import pairs, save_encoder

from isogloss.config.recipes import Recipe
from isogloss.config.tasks import Nli
from isogloss.encoders.manifest import write_manifest
from isogloss.landscapes.corners import RunFiles
from isogloss.landscapes.grid import Setting
from isogloss.tables import write_table
from isogloss.training.finetune import Rows, finetune
from isogloss.training.model import save_run

TASK = Nli(kind="nli", corpus="family", max_length=16)
RECIPE = Recipe(
    steps=12,
    batch=8,
    learning_rate=3e-3,
    select="best_dev",
    mixing="by_language",
    output_dropout=0.2,
)
LANGUAGES = {"en": (1, 2), "de": (3, 4)}


class Pair(NamedTuple):
    """An encoder, the three runs, and held-out rows as files and frames."""

    folder: Path
    setting: Setting
    runs: list[RunFiles]
    rows: dict[str, Path]
    frames: dict[str, pd.DataFrame]


def save_pair(folder: Path, seed: int = 1) -> Pair:
    """Train and save the runs on en, de and both."""
    encoder = save_encoder(folder / "encoder", "bert")
    manifest = encoder / "encoder.json"
    write_manifest(manifest, encoder, {})
    frames = {name: pairs(20, seed=held) for name, (_, held) in LANGUAGES.items()}
    rows = {name: folder / f"{name}.parquet" for name in frames}
    for name, frame in frames.items():
        write_table(rows[name], "pairs", frame)
    trained = {
        name: Rows(name, pairs(32, seed=train), None, frames[name])
        for name, (train, _) in LANGUAGES.items()
    }
    runs = []
    for name in ("en", "de", "en+de"):
        run = finetune(encoder, 2, TASK, RECIPE, seed, [trained[one] for one in name.split("+")])
        files = RunFiles(folder / f"{name}.safetensors", folder / f"{name}.json")
        save_run(files.weights, run.model)
        files.facts.write_text(json.dumps(run.facts))
        runs.append(files)
    return Pair(encoder, Setting(manifest, 2, TASK, "fp32", "code"), runs, rows, frames)
