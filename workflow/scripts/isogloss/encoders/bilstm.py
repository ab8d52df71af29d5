"""A baseline that is not pretrained: words composed of sub-words, and a BiLSTM over the words.

It takes the place of a pretrained encoder, so that loop, heads, batches and scores are the same.
Words are composed of smaller units by one BiLSTM and read in context by others, as in supervised
taggers and parsers (Ling et al. 2015; Dozat, Qi and Manning 2017; Straka 2018). A word is what
BERT's pre-tokenizer cuts: its first sub-word does not begin with `##`. Special sub-words are
words too. All sub-words of a word get the word's state.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from isogloss.encoders.tokenizer import CONTINUATION
from isogloss.errors import EncoderError

MODEL_TYPE = "isogloss-bilstm"


class BilstmConfig(PreTrainedConfig):
    """Shape of the baseline; names as in BERT's configuration.

    Parameters
    ----------
    hidden_size : size of a word's state, both directions
    num_hidden_layers : BiLSTM layers over words
    embedding_size : size of a sub-word's embedding
    composed_size : size of what a BiLSTM makes of a word's sub-words, both directions
    hidden_dropout_prob : dropout of embeddings, of composed words and between layers
    initializer_range : standard deviation of embeddings, and of a head's new weights
    """

    model_type = MODEL_TYPE
    # There is no attention: a change of its dropout is one of the only dropout there is.
    attribute_map = {"attention_probs_dropout_prob": "hidden_dropout_prob"}  # noqa: RUF012

    def __init__(
        self,
        vocab_size: int = 2000,
        hidden_size: int = 256,
        num_hidden_layers: int = 2,
        embedding_size: int = 128,
        composed_size: int = 128,
        hidden_dropout_prob: float = 0.33,
        initializer_range: float = 0.1,
        max_position_embeddings: int = 512,
        pad_token_id: int = 0,
        **kwargs: Any,
    ) -> None:
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.num_hidden_layers, self.embedding_size = num_hidden_layers, embedding_size
        self.composed_size = composed_size
        self.hidden_dropout_prob = hidden_dropout_prob
        self.initializer_range = initializer_range
        self.max_position_embeddings = max_position_embeddings
        super().__init__(pad_token_id=pad_token_id, **kwargs)
        self.pad_token_id = pad_token_id


class Groups(NamedTuple):
    """Consecutive items in G groups: sub-words in words, or words in sequences.

    of : int64 (items,), group of each item, rising from 0
    place : int64 (items,), number of the item within its group
    lengths : int64 (G,), items of each group, at least one
    """

    of: Tensor
    place: Tensor
    lengths: Tensor


def grouped(starts: Tensor) -> Groups:
    """Groups from a mark at the first item of each, bool (items,); the first of all has it."""
    of = starts.cumsum(0) - 1
    lengths = torch.bincount(of)
    return Groups(of, torch.arange(len(of), device=of.device) - starts.nonzero()[:, 0][of], lengths)


class Bilstm(nn.LSTM):
    """A layer of an LSTM in each direction, over groups of any lengths."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__(size, hidden // 2, batch_first=True, bidirectional=True)

    def read(self, items: Tensor, groups: Groups) -> tuple[Tensor, Tensor]:
        """Read each group alone.

        Parameters
        ----------
        items : (items, size)

        Returns
        -------
        outputs (items, hidden), and the last states of both directions (G, hidden)
        """
        count, longest = len(groups.lengths), int(groups.lengths.max())
        slots = groups.of * longest + groups.place
        padded = items.new_zeros(count * longest, items.shape[1]).index_copy(0, slots, items)
        packed = pack_padded_sequence(
            padded.view(count, longest, -1),
            groups.lengths.cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        read, (last, _) = self(packed)
        outputs, _ = pad_packed_sequence(read, batch_first=True)
        return outputs.flatten(0, 1).index_select(0, slots), torch.cat([last[0], last[1]], -1)


class Embeddings(nn.Module):
    """Embeddings of sub-words, and a BiLSTM that composes words of them."""

    def __init__(self, config: BilstmConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(
            config.vocab_size, config.embedding_size, padding_idx=config.pad_token_id
        )
        self.compose = Bilstm(config.embedding_size, config.composed_size)
        self.widen = nn.Linear(config.composed_size, config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, ids: Tensor, words: Groups) -> Tensor:
        """Sub-words (P,) to words (W, hidden). A word that occurs often is composed once."""
        rows = ids.new_full((len(words.lengths), int(words.lengths.max())), -1)
        rows[words.of, words.place] = ids
        rows, which = torch.unique(rows, dim=0, return_inverse=True)
        there = rows >= 0
        of, place = there.nonzero(as_tuple=True)
        once = Groups(of, place, there.sum(1))
        _, composed = self.compose.read(self.dropout(self.word_embeddings(rows[there])), once)
        return self.widen(composed).index_select(0, which)


class Layers(nn.Module):
    """BiLSTM layers over the words of a sequence; from the second on each adds to its input."""

    def __init__(self, config: BilstmConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.layer = nn.ModuleList(Bilstm(size, size) for _ in range(config.num_hidden_layers))
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, states: Tensor, sequences: Groups) -> list[Tensor]:
        """Words (W, hidden) to those after 0, 1, ... layers."""
        found = [states]
        for number, layer in enumerate(self.layer):
            assert isinstance(layer, Bilstm)
            read, _ = layer.read(self.dropout(found[-1]), sequences)
            found.append(read + found[-1] if number else read)
        return found


class BilstmModel(PreTrainedModel):
    """The baseline as an encoder of the library transformers.

    `begins` says of each sub-word whether a word begins with it, bool (vocabulary,).
    """

    config_class = BilstmConfig
    base_model_prefix = "bilstm"
    # It has no attention, and any implementation will do.
    _supports_sdpa = True
    reads_packed = True

    def __init__(self, config: BilstmConfig, add_pooling_layer: bool = False) -> None:
        super().__init__(config)
        self.embeddings = Embeddings(config)
        self.encoder = Layers(config)
        self.register_buffer("begins", torch.ones(config.vocab_size, dtype=torch.bool))
        self.kept: Tensor | None
        self.begins: Tensor
        self.register_buffer("kept", None, persistent=False)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: weights come from a folder or from `draw`."""

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embeddings.word_embeddings

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.embeddings.word_embeddings = value

    def restrict(self, kept: Tensor | None) -> None:
        """Take ids for places in `kept`, int64 (k,), as `vocabulary.compact` does; None: as ids."""
        self.kept = kept

    @torch.no_grad()
    def draw(self, seed: int) -> None:
        """Draw all weights anew from a seed.

        Embeddings are N(0, initializer_range), matrices uniform after Glorot and Bengio (2010),
        biases 0, those of forget gates 1 (Jozefowicz et al. 2015).
        """
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            drawn = torch.zeros(parameter.shape)
            if parameter is self.get_input_embeddings().weight:
                drawn.normal_(0.0, self.config.initializer_range, generator=generator)
                drawn[self.config.pad_token_id] = 0.0
            elif parameter.ndim == 2:
                # the matrix of an LSTM is four, one below the other
                rows = parameter.shape[0] // (1 if "widen" in name else 4)
                bound = math.sqrt(6.0 / (rows + parameter.shape[1]))
                drawn.uniform_(-bound, bound, generator=generator)
            elif "bias_ih" in name:
                size = len(parameter) // 4
                drawn[size : 2 * size] = 1.0
            parameter.copy_(drawn)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        sequence: Tensor | None = None,
        output_hidden_states: bool = False,
        **ignored: Any,
    ) -> BaseModelOutput:
        """States of sub-words, those of their words.

        Parameters
        ----------
        input_ids : int64 (R, T)
        attention_mask : (R, T), not 0 at sub-words of the row's one sequence; None: all are
        sequence : int64 (R, T), as in `encoders.batches.Batch`; takes the mask's place

        Returns
        -------
        states (R, T, hidden) of the last layer, and if asked for of all layers, composed words
        first; 0 where there is no sequence
        """
        if sequence is None:
            row = torch.arange(1, len(input_ids) + 1, device=input_ids.device)
            there = torch.ones_like(input_ids) if attention_mask is None else attention_mask
            sequence = row[:, None] * (there != 0)
        inside = sequence > 0
        ids, owner = input_ids[inside], sequence[inside]
        opens = torch.ones_like(owner, dtype=torch.bool)
        opens[1:] = owner[1:] != owner[:-1]
        begins = self.begins if self.kept is None else self.begins[self.kept]
        starts = begins[ids] | opens
        words, sequences = grouped(starts), grouped(opens[starts])
        layers = self.encoder(self.embeddings(ids, words), sequences)
        places = torch.full_like(input_ids, len(words.lengths)).masked_scatter(inside, words.of)
        kept = layers if output_hidden_states else layers[-1:]
        states = tuple(_spread(layer, places) for layer in kept)
        return BaseModelOutput(
            last_hidden_state=states[-1], hidden_states=states if output_hidden_states else None
        )


def _spread(words: Tensor, places: Tensor) -> Tensor:
    """Words (W, hidden) to sub-words (R, T, hidden); place W stands for zeros."""
    padded = torch.cat([words, words.new_zeros(1, words.shape[1])])
    return padded.index_select(0, places.flatten()).view(*places.shape, -1)


def build_bilstm(config: BilstmConfig, tokenizer: Any, seed: int) -> BilstmModel:
    """A baseline for a tokenizer, its weights drawn from a seed.

    Raises
    ------
    EncoderError
        if the tokenizer has another number of sub-words than the configuration
    """
    if len(tokenizer) != config.vocab_size:
        raise EncoderError(
            f"BiLSTM: vocab_size {config.vocab_size}; allowed: the tokenizer's {len(tokenizer)}"
        )
    model = BilstmModel(config)
    pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    begins = [not piece.startswith(CONTINUATION) for piece in pieces]
    model.begins.copy_(torch.tensor(begins))
    model.draw(seed)
    return model.eval()


AutoConfig.register(MODEL_TYPE, BilstmConfig, exist_ok=True)
AutoModel.register(BilstmConfig, BilstmModel, exist_ok=True)
