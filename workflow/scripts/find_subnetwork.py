"""Squared gradients of a language's text, and which parameters are among the largest."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isogloss.config.subnetworks import SubNetwork
from isogloss.config.tasks import Task, task_of
from isogloss.encoders.load import check_layers, load_encoder, load_language_model, load_tokenizer
from isogloss.encoders.manifest import checked_folder
from isogloss.logs import job
from isogloss.subnetworks.estimate import room_of, sample_inputs
from isogloss.subnetworks.find import find
from isogloss.subnetworks.levels import write_levels
from isogloss.subnetworks.objectives import Sample
from isogloss.tables import read_any, write_table
from isogloss.tasks.task import task_module
from isogloss.training.model import build_model

if TYPE_CHECKING:
    from snakemake.script import snakemake

# What does not change the sum over an example.
LENGTHS = {"examples", "sizes", "grid", "seeds", "keep_sums"}


def origin(settings: SubNetwork, loss: Any, *files: str) -> str:
    """Checksum of all that sums rest on, so that they are gone on with only if it is the same."""
    facts = [settings.model_dump(mode="json", exclude=LENGTHS), loss]
    digest = hashlib.sha256(json.dumps(facts).encode())
    for file in files:
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()[:16]


with job(snakemake.log[0]) as log:
    params = snakemake.params
    folder = checked_folder(Path(snakemake.input.encoder))
    settings = SubNetwork.model_validate(params.subnetwork)
    task: Task | None = task_of(params.task) if params.task else None
    kind, frame = read_any(snakemake.input.rows)
    tokenizer = load_tokenizer(folder)
    own_loss = settings.objective == "task"
    labels = task_module(task.kind).labels(task, frame) if own_loss and task else ()
    kept = Path(snakemake.output.levels).parent / f"sums-{params.code}"
    loss = [params.task, params.task_code] if own_loss else None
    text = origin(settings, loss, snakemake.input.encoder, snakemake.input.rows)

    def load(seed: int) -> Any:
        """The language model, or the encoder under a head that is drawn from the seed."""
        if own_loss:
            return build_model(folder, params.layers, task, labels, seed)
        return load_language_model(folder)

    def draw(seed: int) -> Sample:
        """The sample of a seed."""
        return sample_inputs(frame, kind, tokenizer, settings, room, task, labels, seed)

    def sums_file(seed: int) -> Path:
        """Where the sums of a seed are kept."""
        return kept / f"{text}-{seed}.safetensors"

    encoder = load_encoder(folder, seed=0)
    check_layers(encoder, params.layers, folder)
    room = room_of(encoder)
    found = find(load, draw, settings, sums_file if settings.keep_sums else None)
    log.info("%d parameters", found.selections["parameters"].iloc[0])
    names = {
        name: snakemake.wildcards[key]
        for name, key in (
            ("encoder", "encoder"),
            ("subnetwork", "subnetwork"),
            ("task", "text"),
            ("language", "language"),
            ("split", "split"),
        )
    }
    write_table(snakemake.output.selections, "selections", found.selections.assign(**names))
    write_levels(snakemake.output.levels, found.columns, found.tensors, settings.grid)
