"""A run's model: an encoder with the head of its task, and its file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from isogloss.encoders.batches import Batch, Points, forward
from isogloss.encoders.load import check_layers, check_length, load_encoder
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed
from isogloss.tables import write_atomically
from isogloss.tasks.task import task_module


class Model(nn.Module):
    """An encoder and a head (`isogloss.tasks.task.Head`)."""

    def __init__(self, encoder: Any, head: Any) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def loss(self, batch: Batch, points: Points) -> Tensor:
        """Mean loss of a batch in nats, a scalar."""
        found: Tensor = self.head.loss(forward(self.encoder, batch)[0], points, self.encoder)
        return found


def build_model(
    folder: Path,
    layers: int,
    task: Any,
    labels: Sequence[str],
    seed: int,
    dropout: float | None = None,
) -> Model:
    """Encoder and head before fine-tuning; the head is drawn from the run's seed.

    Raises
    ------
    EncoderError
        if the encoder has another number of layers, or no positions for the task's inputs
    """
    encoder = load_encoder(folder, named_seed(seed, "pooler"), dropout)
    check_layers(encoder, layers, folder)
    check_length(encoder, task.max_length, folder)
    head = task_module(task.kind).build_head(encoder, task, labels, named_seed(seed, "head"))
    return Model(encoder, head)


def load_run(folder: Path, layers: int, task: Any, labels: Sequence[str], weights: Path) -> Model:
    """Encoder and head after fine-tuning, from the encoder's folder and a run's weights."""
    model = build_model(folder, layers, task, labels, 0)
    try:
        tensors = load_file(weights)
        # Weights that two places share stand in the file once.
        if tensors.keys() != dict(model.named_parameters()).keys():
            raise RuntimeError("other names of weights")
        model.load_state_dict(tensors, strict=False)
    except (RuntimeError, SafetensorError) as error:
        raise EncoderError(f"{weights}: does not fit the encoder {folder} ({error})") from error
    return model.eval()


def save_run(path: Path, model: Model) -> None:
    """Write all weights of a run, float32 safetensors."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.named_parameters()}
    blob = save(tensors, metadata={"format": "pt"})
    write_atomically(path, lambda file: file.write(blob))
