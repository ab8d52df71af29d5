"""Encoders in the Hugging Face folder layout: loading, checking, saving."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

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
    """Load the weights of a BERT- or RoBERTa-like encoder, float32, with a pooler.

    Weights are read from safetensors only and no code of the folder runs. A pooler the
    folder does not hold is initialised from `seed`; all other weights must be there.

    Parameters
    ----------
    dropout : replaces the dropout probabilities of the configuration, unless None

    Raises
    ------
    EncoderError
        if the folder holds no usable encoder
    """
    # A head that is left out and a pooler that is new are expected here, not worth a report.
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    changed: dict[str, Any] = {}
    if dropout is not None:
        changed = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        try:
            encoder, report = AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                add_pooling_layer=True,
                attn_implementation="sdpa",
                dtype=torch.float32,
                output_loading_info=True,
                **changed,
            )
        except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
            raise EncoderError(f"{folder}: no encoder can be loaded ({error})") from error
    if not hasattr(encoder, "encoder") or not hasattr(encoder, "embeddings"):
        raise EncoderError(
            f"{folder}: {type(encoder).__name__} is not a BERT- or RoBERTa-like encoder"
        )
    missing = sorted(name for name in report["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise EncoderError(
            f"{folder}: the weights lack {len(missing)} tensors of config.json's model, "
            f"{missing[0]} first; only a pooler may be absent"
        )
    return encoder.eval()


def blocks(encoder: Any) -> nn.ModuleList:
    """Blocks of an encoder; block i (1-based) is `blocks(encoder)[i - 1]`."""
    return encoder.encoder.layer


def check_layers(encoder: Any, layers: int, folder: str | Path) -> None:
    """Raise EncoderError unless the encoder has as many blocks as the configuration says."""
    found = len(blocks(encoder))
    if found != layers:
        raise EncoderError(f"{folder}: has {found} layers; the configuration says {layers}")


def position_offset(encoder: Any) -> int:
    """Position of the first sub-word: 0 in BERT, padding index + 1 in RoBERTa."""
    if hasattr(encoder.embeddings, "create_position_ids_from_input_ids"):
        return int(encoder.embeddings.padding_idx) + 1
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
        encoder.embeddings.requires_grad_(False)


def weights_hash(model: nn.Module) -> str:
    """Checksum over names, shapes and bytes of all parameters, hexadecimal."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(json.dumps([name, list(tensor.shape)]).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
