"""Encoders in the Hugging Face folder layout: loading, checking, saving."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForTextEncoding,
    AutoTokenizer,
)
from transformers.utils import logging as transformers_logging

# Imported to be registered: the library then loads a BiLSTM as it loads its own models.
from isogloss.encoders import bilstm  # noqa: F401
from isogloss.errors import EncoderError


def load_tokenizer(folder: str | Path) -> Any:
    """Load the tokenizer saved with an encoder."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
    except (OSError, ValueError) as error:
        raise EncoderError(f"{folder}: no tokenizer can be loaded ({error})") from error
    # From a folder without any the library makes one that knows special sub-words only.
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise EncoderError(f"{folder}: no tokenizer can be loaded (no vocabulary in its files)")
    return tokenizer


def load_encoder(folder: str | Path, seed: int, dropout: float | None = None) -> Any:
    """Load the weights of a BERT- or RoBERTa-like encoder, or of T5's encoder half, float32.

    Weights are read from safetensors only and no code of the folder runs. A pooler the
    folder does not hold is initialised from `seed`; all other weights must be there. T5 and a
    BiLSTM (`encoders.bilstm`) have no pooler.

    Parameters
    ----------
    dropout : replaces the dropout probabilities of the configuration, unless None

    Raises
    ------
    EncoderError
        if the folder holds no usable encoder
    """
    t5 = _is_t5(folder)
    changed: dict[str, Any] = {} if t5 else {"add_pooling_layer": True}
    changed |= _dropouts(t5, dropout)
    kind = AutoModelForTextEncoding if t5 else AutoModel
    encoder, missing = _load(kind, folder, seed, changed)
    if not hasattr(encoder, "encoder") or not (t5 or hasattr(encoder, "embeddings")):
        raise EncoderError(
            f"{folder}: {type(encoder).__name__} is not a BERT-, RoBERTa- or T5-like encoder"
        )
    _refuse_missing(folder, [name for name in missing if not name.startswith("pooler.")])
    return encoder.eval()


def load_language_model(folder: str | Path, dropout: float | None = None) -> Any:
    """Load an encoder with its language-modelling head; for T5 the whole model. Float32.

    Parameters
    ----------
    dropout : as in `load_encoder`

    Raises
    ------
    EncoderError
        if the folder lacks weights of the model or its head
    """
    t5 = _is_t5(folder)
    kind = AutoModelForSeq2SeqLM if t5 else AutoModelForMaskedLM
    model, missing = _load(kind, folder, 0, _dropouts(t5, dropout))
    _refuse_missing(folder, missing)
    return model.eval()


def _dropouts(t5: bool, dropout: float | None) -> dict[str, Any]:
    """Keys of the configuration that replace its dropout."""
    names = ("dropout_rate",) if t5 else ("hidden_dropout_prob", "attention_probs_dropout_prob")
    return {} if dropout is None else dict.fromkeys(names, dropout)


def _is_t5(folder: str | Path) -> bool:
    try:
        kind = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise EncoderError(f"{folder}: no encoder can be loaded ({error})") from error
    return kind.model_type in ("t5", "mt5")


def _load(
    kind: Any, folder: str | Path, seed: int, changed: dict[str, Any]
) -> tuple[Any, list[str]]:
    """A model and the names of its weights that the folder lacks."""
    # A head that is left out and a pooler that is new are expected here, not worth a report.
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        try:
            model, report = kind.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                attn_implementation="sdpa",
                dtype=torch.float32,
                output_loading_info=True,
                **changed,
            )
        except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
            raise EncoderError(f"{folder}: no encoder can be loaded ({error})") from error
    return model, sorted(report["missing_keys"])


def _refuse_missing(folder: str | Path, missing: list[str]) -> None:
    if missing:
        raise EncoderError(
            f"{folder}: the weights lack {len(missing)} tensors of config.json's model, "
            f"{missing[0]} first; only a pooler may be absent"
        )


def blocks(encoder: Any) -> nn.ModuleList:
    """Blocks of an encoder; block i (1-based) is `blocks(encoder)[i - 1]`."""
    stack = encoder.encoder
    return stack.layer if hasattr(stack, "layer") else stack.block


def dropout_of(encoder: Any) -> float:
    """Dropout of hidden states that the encoder is configured with."""
    settings = encoder.config
    return float(getattr(settings, "hidden_dropout_prob", getattr(settings, "dropout_rate", 0.0)))


def deviation_of(encoder: Any) -> float:
    """Standard deviation of new weights: the encoder's own, or BERT's where it names none."""
    return float(getattr(encoder.config, "initializer_range", 0.02))


def check_length(encoder: Any, length: int, folder: str | Path) -> None:
    """Raise EncoderError unless the encoder has positions for inputs of `length` sub-words."""
    positions = getattr(encoder.config, "max_position_embeddings", None)
    room = None if positions is None else positions - position_offset(encoder)
    if room is not None and length > room:
        raise EncoderError(
            f"{folder}: has positions for {room} sub-words; the task's max_length is {length}"
        )


def check_layers(encoder: Any, layers: int, folder: str | Path) -> None:
    """Raise EncoderError unless the encoder has as many blocks as the configuration says."""
    found = len(blocks(encoder))
    if found != layers:
        raise EncoderError(f"{folder}: has {found} layers; the configuration says {layers}")


def position_offset(encoder: Any) -> int:
    """Position of the first sub-word: 0 in BERT and T5, padding index + 1 in RoBERTa."""
    embeddings: Any = getattr(encoder, "embeddings", None)
    if hasattr(embeddings, "create_position_ids_from_input_ids"):
        return int(embeddings.padding_idx) + 1
    return 0


def freeze(encoder: Any, layers: list[int], embeddings: bool) -> None:
    """Exclude whole blocks (1-based, as in Philippy et al.) or the embeddings from training."""
    for layer in layers:
        if not 1 <= layer <= len(blocks(encoder)):
            raise EncoderError(
                f"layer {layer} cannot be frozen; allowed: 1 to {len(blocks(encoder))}"
            )
        blocks(encoder)[layer - 1].requires_grad_(False)
    if embeddings:
        getattr(encoder, "embeddings", encoder.get_input_embeddings()).requires_grad_(False)


def weights_hash(model: nn.Module) -> str:
    """Checksum over names, shapes and bytes of all parameters, hexadecimal."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.named_parameters()):
        digest.update(json.dumps([name, list(tensor.shape)]).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
