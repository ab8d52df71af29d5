"""Masking takes its shares, and the sparse head learns what the dense one learns."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import config_of, sequences
from torch.nn import functional
from transformers import BertForMaskedLM, RobertaConfig, RobertaForMaskedLM, XLMRobertaForMaskedLM

from isogloss.encoders.batches import Batch, Encoded, pack
from isogloss.encoders.load import position_offset
from isogloss.errors import TrainingError
from isogloss.tasks import mlm

SPECIAL = torch.arange(5)
MASKING = mlm.Masking(mask=4, vocabulary=60, special=SPECIAL)


def marked(lengths: list[int], seed: int = 0) -> Batch:
    """Sequences that begin and end with special sub-words."""
    items = [
        Encoded(np.array([2, *item.ids, 3]), np.zeros(len(item.ids) + 2, dtype=np.int64))
        for item in sequences(lengths, seed)
    ]
    return pack(items, 0)


def within(count: int, number: int, share: float) -> bool:
    """Whether a count is within four standard deviations of its binomial mean."""
    return bool(abs(count - number * share) < 4 * np.sqrt(number * share * (1 - share)))


def test_shares_of_masking() -> None:
    masking = mlm.Masking(mask=4, vocabulary=5000, special=SPECIAL)
    generator = torch.Generator().manual_seed(0)
    batch = marked([40] * 1500)
    hidden, answers = mlm.mask_batch(batch, masking, 0.15, generator)
    open_to = int((batch.ids >= 5).sum())
    chosen = answers != mlm.IGNORED
    number = int(chosen.sum())
    assert open_to == 60_000
    assert within(number, open_to, 0.15)
    assert torch.equal(answers[chosen], batch.ids[chosen])
    assert torch.equal(hidden.ids[~chosen], batch.ids[~chosen])
    masked = hidden.ids[chosen] == 4
    same = hidden.ids[chosen] == batch.ids[chosen]
    other = hidden.ids[chosen][~masked & ~same]
    assert within(int(masked.sum()), number, 0.8)
    assert within(int(same.sum()), number, 0.1)
    assert within(len(other), number, 0.1)
    # random sub-words come from the whole vocabulary
    assert within(int((other < 2500).sum()), len(other), 0.5)
    assert int(other.max()) > 4900
    for field in ("types", "positions", "sequence", "first"):
        assert torch.equal(getattr(hidden, field), getattr(batch, field))


@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=12),
    st.floats(0.001, 0.9),
    st.integers(0, 2**32),
)
def test_at_least_one_is_chosen_and_no_special_one(
    lengths: list[int], share: float, seed: int
) -> None:
    batch = marked(lengths, seed)
    hidden, answers = mlm.mask_batch(batch, MASKING, share, torch.Generator().manual_seed(seed))
    again, _ = mlm.mask_batch(batch, MASKING, share, torch.Generator().manual_seed(seed))
    assert torch.equal(hidden.ids, again.ids)
    chosen = answers != mlm.IGNORED
    assert chosen.any()
    assert not torch.isin(batch.ids[chosen], SPECIAL).any()
    assert (batch.sequence[chosen] > 0).all()


def test_a_batch_without_text_is_an_error() -> None:
    batch = pack([Encoded(np.array([2, 3]), np.array([0, 0]))] * 3, 0)
    with pytest.raises(TrainingError, match="holds no text"):
        mlm.mask_batch(batch, MASKING, 0.15, torch.Generator())


def bert() -> Any:
    return BertForMaskedLM(config_of("bert"))


def roberta() -> Any:
    settings = config_of("roberta").to_dict()
    return RobertaForMaskedLM(RobertaConfig(**{**settings, "model_type": "roberta"}))


def xlm_roberta() -> Any:
    return XLMRobertaForMaskedLM(config_of("roberta"))


@pytest.mark.parametrize("build", [bert, roberta, xlm_roberta])
def test_sparse_head_equals_the_dense_one(build: Any) -> None:
    model = build().double().eval()
    pad, offset = model.config.pad_token_id, position_offset(model.base_model)
    items = [item._replace(types=item.types * 0) for item in sequences([6, 13, 4, 9])]
    generator = torch.Generator().manual_seed(1)
    batch, answers = mlm.mask_batch(pack(items, pad, offset), MASKING, 0.3, generator)

    loss = mlm.loss(model, batch, answers)
    loss.backward()
    sparse = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()

    logits, wanted = [], []
    for index in range(len(items)):
        mine = batch.sequence == index + 1
        logits.append(model(input_ids=batch.ids[mine][None]).logits[0])
        wanted.append(answers[mine])
    dense = functional.cross_entropy(torch.cat(logits), torch.cat(wanted), ignore_index=-100)
    dense.backward()

    torch.testing.assert_close(loss, dense, rtol=0, atol=1e-10)
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert sparse.keys() == gradients.keys()
    assert any("decoder" in name or "lm_head" in name or "cls" in name for name in gradients)
    for name, gradient in gradients.items():
        torch.testing.assert_close(sparse[name], gradient, rtol=1e-7, atol=1e-10)


def test_loss_is_float32_under_bf16() -> None:
    model = bert()
    batch, answers = mlm.mask_batch(marked([9, 9]), MASKING, 0.3, torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        assert mlm.loss(model, batch, answers).dtype == torch.float32
