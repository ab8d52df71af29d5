"""A run's model: an encoder with the head of its task, and its file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from isogloss.encoders.batches import Batch, Points, forward
from isogloss.encoders.bilstm import BilstmModel
from isogloss.encoders.load import check_layers, check_length, load_encoder
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed
from isogloss.tables import write_atomically
from isogloss.tasks.task import task_module
from isogloss.training.difference import apply_difference, origin_of


def drop_by_sequence(states: Tensor, batch: Batch, share: float) -> Tensor:
    """Dropout of states (R, T, H) with one mask (H,) for all sub-words of a sequence.

    Gal and Ghahramani 2016; Wu et al.'s code has it as AllenNLP's InputVariationalDropout.
    """
    rows = len(batch.first) + 1  # row 0 is where there is no sequence
    mask = functional.dropout(states.new_ones(rows, states.shape[-1]), share)
    return states * mask[batch.sequence]


class Model(nn.Module):
    """An encoder and a head (`isogloss.tasks.task.Head`).

    `output_dropout` is the share of `drop_by_sequence` on the encoder's output, in training,
    which takes the place of the head's own dropout of it; None leaves the head its own.
    """

    def __init__(self, encoder: Any, head: Any, output_dropout: float | None = None) -> None:
        super().__init__()
        self.encoder, self.head, self.output_dropout = encoder, head, output_dropout
        if output_dropout is not None:
            head.dropout.p = 0.0

    def loss(self, batch: Batch, points: Points) -> Tensor:
        """Mean loss of a batch in nats, a scalar."""
        states = forward(self.encoder, batch)[0]
        if self.output_dropout is not None and self.training:
            states = drop_by_sequence(states, batch, self.output_dropout)
        found: Tensor = self.head.loss(states, points, self.encoder)
        return found


def build_model(
    folder: Path,
    layers: int,
    task: Any,
    labels: Sequence[str],
    seed: int,
    dropout: float | None = None,
    output_dropout: float | None = None,
) -> Model:
    """Encoder and head before fine-tuning; the head is drawn from the run's seed.

    So are all weights of an encoder that is not pretrained.

    Parameters
    ----------
    dropout, output_dropout : as in a recipe; they change no weights

    Raises
    ------
    EncoderError
        if the encoder has another number of layers, or no positions for the task's inputs
    """
    encoder = load_encoder(folder, named_seed(seed, "pooler"), dropout)
    if isinstance(encoder, BilstmModel):
        encoder.draw(named_seed(seed, "encoder"))
    check_layers(encoder, layers, folder)
    check_length(encoder, task.max_length, folder)
    head = task_module(task.kind).build_head(encoder, task, labels, named_seed(seed, "head"))
    return Model(encoder, head, output_dropout)


def load_run(folder: Path, layers: int, task: Any, labels: Sequence[str], weights: Path) -> Model:
    """Encoder and head after fine-tuning, from the encoder's folder and a run's file.

    The file holds the weights as they are (`save_run`), or their difference to those of the
    encoder (`training.difference.save_difference`).

    Raises
    ------
    EncoderError
        if the file is of another encoder, task or labels, or damaged; and as `build_model`
    """
    try:
        origin = origin_of(weights)
        # An encoder that is not pretrained has the weights that the run's seed draws.
        model = build_model(folder, layers, task, labels, 0 if origin is None else origin.seed)
        if origin is None:
            _fill(model, weights)
        else:
            apply_difference(weights, origin, model)
    except (RuntimeError, ValueError, SafetensorError) as error:
        raise EncoderError(f"{weights}: does not fit the encoder {folder} ({error})") from error
    return model.eval()


def _fill(model: Model, weights: Path) -> None:
    """Copy weights from a file into a model; RuntimeError where they do not fit."""
    tensors = load_file(weights)
    # Weights that two places share stand in the file once.
    if tensors.keys() != dict(model.named_parameters()).keys():
        raise RuntimeError("other names of weights")
    model.load_state_dict(tensors, strict=False)


def save_run(path: Path, model: Model) -> None:
    """Write all weights of a run, float32 safetensors."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.named_parameters()}
    blob = save(tensors, metadata={"format": "pt"})
    write_atomically(path, lambda file: file.write(blob))
