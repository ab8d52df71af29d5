"""New weights of named blocks: what is drawn, from which seed, and what stays."""

import math

import models
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers import T5Config, T5EncoderModel

from isogloss.encoders.load import blocks
from isogloss.encoders.reinitialise import Initialisation, reinitialise
from isogloss.errors import EncoderError


def weights(encoder: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in encoder.named_parameters()}


def changed(before: dict[str, torch.Tensor], encoder: nn.Module) -> set[str]:
    return {name for name, new in weights(encoder).items() if not torch.equal(before[name], new)}


@pytest.mark.parametrize("architecture", models.ARCHITECTURES)
@pytest.mark.parametrize("initialisation", ["bert", "linear"])
def test_all_weights_of_the_blocks_change_and_no_others(
    architecture: models.Architecture, initialisation: Initialisation
) -> None:
    encoder = models.build_encoder(architecture, num_hidden_layers=4)
    before = weights(encoder)
    reinitialise(encoder, [2, 3], initialisation, seed=1)
    wanted = {name for name in before if name.startswith(("encoder.layer.1.", "encoder.layer.2."))}
    assert changed(before, encoder) == wanted
    assert len(wanted) == 2 * 16


def test_bert_draws_the_encoders_own_deviation_and_no_biases() -> None:
    encoder = models.build_encoder(
        "bert", hidden_size=128, intermediate_size=512, initializer_range=0.03
    )
    reinitialise(encoder, [1], "bert", seed=7)
    for name, part in blocks(encoder)[0].named_modules():
        if isinstance(part, nn.LayerNorm):
            assert torch.equal(part.weight, torch.ones(128)), name
            assert torch.equal(part.bias, torch.zeros(128)), name
        elif isinstance(part, nn.Linear):
            assert torch.equal(part.bias, torch.zeros(part.out_features)), name
            # The deviation of n draws has a standard error of sigma / sqrt(2 n).
            error = 0.03 / math.sqrt(2 * part.weight.numel())
            assert abs(part.weight.std().item() - 0.03) < 5 * error, name
            assert abs(part.weight.mean().item()) < 5 * 0.03 / math.sqrt(part.weight.numel())


def test_linear_draws_as_torch_does() -> None:
    encoder = models.build_encoder("bert", hidden_size=128, intermediate_size=512)
    reinitialise(encoder, [1], "linear", seed=7)
    for name, part in blocks(encoder)[0].named_modules():
        if isinstance(part, nn.Linear):
            fresh = nn.Linear(part.in_features, part.out_features)
            bound = 1 / math.sqrt(part.in_features)
            assert part.weight.abs().max() <= bound, name
            assert part.bias.abs().max() <= bound and part.bias.std() > 0, name
            assert abs(part.weight.std() / fresh.weight.std() - 1) < 0.05, name


@given(st.sets(st.integers(1, 4), min_size=1), st.sets(st.integers(1, 4), min_size=1))
def test_a_block_depends_on_seed_and_number_alone(first: set[int], second: set[int]) -> None:
    one, two = (models.build_encoder("bert", num_hidden_layers=4) for _ in range(2))
    torch.manual_seed(len(first))
    reinitialise(one, sorted(first), "bert", seed=3)
    torch.manual_seed(99)
    reinitialise(two, sorted(second, reverse=True), "bert", seed=3)
    for layer in first & second:
        a, b = (weights(blocks(encoder)[layer - 1]) for encoder in (one, two))
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_other_seeds_and_blocks_have_other_weights() -> None:
    drawn = []
    for seed in (1, 2):
        encoder = models.build_encoder("bert")
        reinitialise(encoder, [1, 2], "bert", seed)
        drawn += [blocks(encoder)[i].attention.self.query.weight for i in (0, 1)]
    for i, first in enumerate(drawn):
        assert not any(torch.equal(first, other) for other in drawn[i + 1 :])


def test_the_global_stream_of_random_numbers_stays() -> None:
    encoder = models.build_encoder("bert")
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    reinitialise(encoder, [1], "bert", seed=1)
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.parametrize("layer", [0, 3])
def test_a_layer_that_is_not_there_is_refused(layer: int) -> None:
    with pytest.raises(EncoderError, match=f"layer {layer} .* allowed: 1 to 2"):
        reinitialise(models.build_encoder("bert"), [layer], "bert", seed=1)


def test_other_blocks_than_berts_are_refused() -> None:
    t5 = T5EncoderModel(T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=24, num_layers=2))
    with pytest.raises(EncoderError, match="like BERT or RoBERTa"):
        reinitialise(t5, [1], "bert", seed=1)
