"""Making the folder of an encoder that is not pretrained: a BiLSTM and its vocabulary."""

from collections.abc import Sequence
from pathlib import Path

from isogloss.config.encoders import BilstmEncoder
from isogloss.encoders.bilstm import BilstmConfig, build_bilstm
from isogloss.encoders.tokenizer import build_tokenizer, train_vocabulary
from isogloss.errors import EncoderError
from isogloss.seeds import named_seed
from isogloss.training.pretrain import Document


def start_bilstm(items: Sequence[Document], settings: BilstmEncoder, folder: Path) -> None:
    """Learn the vocabulary of some documents and save it with new weights in `folder`.

    Each run draws weights of its own (`training.model.build_model`); those of the folder are
    drawn from the encoder's seed.

    Raises
    ------
    EncoderError
        if there is no text, or the vocabulary is too small for its characters
    """
    if not items:
        raise EncoderError("encoders: the text to learn a vocabulary from is empty")
    segments = (segment for item in items for segment in item.segments)
    vocabulary = train_vocabulary(segments, settings.vocabulary, "bert", settings.alphabet)
    tokenizer = build_tokenizer(vocabulary, "bert", settings.max_length)
    shape = BilstmConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        embedding_size=settings.embedding,
        composed_size=settings.composed,
        hidden_dropout_prob=settings.dropout,
        max_position_embeddings=settings.max_length,
        pad_token_id=int(tokenizer.pad_token_id),
    )
    model = build_bilstm(shape, tokenizer, named_seed(settings.seed, "encoder"))
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder, safe_serialization=True)
