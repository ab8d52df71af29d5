"""Parsing: scores by the definition, and trees that no other tree exceeds."""

import itertools
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from models import ARCHITECTURES, TEXTS, WORDS, build_encoder
from torch import Tensor
from torch.nn import functional

from isogloss.config.tasks import Parsing
from isogloss.encoders.batches import IGNORED, forward
from isogloss.encoders.load import position_offset
from isogloss.encoders.tokenizer import Architecture, build_tokenizer, train_vocabulary
from isogloss.errors import TaskError
from isogloss.metrics.standard import score_of
from isogloss.tables import arrange
from isogloss.tasks import parsing
from isogloss.tasks.arborescence import best_heads
from isogloss.tasks.parsing import RELATIONS, ROOT, Biaffine
from isogloss.tasks.task import Features
from isogloss.training.score import batch_of, points_of

TOKENIZERS = {
    kind: build_tokenizer(train_vocabulary(TEXTS, 50, kind, min_count=1), kind, 64)
    for kind in ARCHITECTURES
}
TASK = Parsing(kind="parsing", corpus="x", max_length=20, context=6, arc_size=7, relation_size=5)


def treebank(lengths: list[int], seed: int = 0) -> pd.DataFrame:
    """Sentences of words of several sub-words, each with a random tree."""
    generator = np.random.default_rng(seed)
    rows = []
    for number, length in enumerate(lengths):
        words = ["".join(generator.choice(WORDS, 2)) for _ in range(length)]
        order = generator.permutation(length) + 1
        heads = [0] * length
        for place, word in enumerate(order[1:].tolist(), start=1):
            heads[word - 1] = int(generator.choice(order[:place]))
        relations = [ROOT if head == 0 else "obj" if head % 2 else "acl:relcl" for head in heads]
        rows.append((number + 3, words, ["NOUN"] * length, heads, relations))
    return pd.DataFrame(rows, columns=["id", "form", "upos", "head", "deprel"])


def random_head(encoder: Any, task: Parsing = TASK, labels: Any = RELATIONS) -> Biaffine:
    """A head in float64 whose bilinear forms are not 0, as after some training."""
    head = Biaffine(encoder, task, labels, seed=1).double().eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in head.named_parameters():
            if name in ("arc", "relation") or name.endswith("bias"):
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        # every word would best be a root, were it allowed to
        head.relation[head.root, -1, -1] += 100
    return head


class Alone(NamedTuple):
    """Scores of one sentence: arcs (words, words + 1), relations (words, words + 1, relations)."""

    arcs: Tensor
    relations: Tensor


def alone(encoder: Any, head: Biaffine, features: Features, index: int) -> Alone:
    """A sentence by the equations, from the states of each of its windows alone."""
    states = []
    for ids, types in features.windows[index]:
        inputs = {"input_ids": torch.from_numpy(ids)[None]}
        inputs["token_type_ids"] = torch.from_numpy(types)[None]
        states.append(encoder(**inputs).last_hidden_state[0])
    reached = torch.stack([states[window][offset] for window, offset in features.points[index]])
    dependent, governor, below, above = (
        functional.leaky_relu(reached @ layer.weight.T + layer.bias, 0.1) for layer in head.layers
    )
    one = torch.ones(len(reached), 1, dtype=reached.dtype)
    arcs = torch.einsum("ia,ab,jb->ij", torch.cat([dependent, one], 1)[1:], head.arc, governor)
    words = torch.arange(len(arcs))
    arcs[words, words + 1] = -torch.inf
    left, right = torch.cat([below, one], 1)[1:], torch.cat([above, one], 1)
    return Alone(arcs, torch.einsum("ia,rab,jb->ijr", left, head.relation, right))


def packed(encoder: Any, features: Features) -> tuple[Tensor, Any]:
    """States and points of all examples in one batch."""
    members = range(len(features.windows))
    batch = batch_of(features, members, encoder.config.pad_token_id, position_offset(encoder))
    return forward(encoder, batch)[0], points_of(features, members, batch)


def is_tree(heads: Any) -> bool:
    """Whether one word is under the root and all others are below it."""
    for word in range(1, len(heads) + 1):
        seen = set()
        while word and word not in seen:
            seen.add(word)
            word = int(heads[word - 1])
        if word:
            return False
    return list(heads).count(0) == 1


def total(scores: np.ndarray, heads: Any) -> float:
    return float(scores[np.arange(len(heads)), np.asarray(heads)].sum())


def exhaustive(scores: np.ndarray) -> float:
    """Highest sum over all trees with one root."""
    count = len(scores)
    every = itertools.product(range(count + 1), repeat=count)
    return max(total(scores, heads) for heads in every if is_tree(heads))


def by_roots(scores: np.ndarray) -> float:
    """Highest sum over the best trees below each word as the root."""
    sums = []
    for root in range(1, len(scores) + 1):
        graph = nx.DiGraph([(0, root, {"weight": scores[root - 1, 0]})])
        for word, head in itertools.permutations(range(1, len(scores) + 1), 2):
            if word != root:
                graph.add_edge(head, word, weight=scores[word - 1, head])
        sums.append(nx.maximum_spanning_arborescence(graph).size("weight"))
    return max(sums)


def padded(parts: list[np.ndarray], fill: float) -> np.ndarray:
    """Scores of sentences in one array, `fill` where a sentence has no word."""
    most = max(map(len, parts))
    whole = np.full((len(parts), most, most + 1), fill)
    for place, part in enumerate(parts):
        whole[place, : len(part), : len(part) + 1] = part
    return whole


@st.composite
def scored(draw: st.DrawFn, most: int, sentences: int) -> list[np.ndarray]:
    """Scores of sentences, some of them small whole numbers, so that sums are equal."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    parts = []
    for count in draw(st.lists(st.integers(1, most), min_size=1, max_size=sentences)):
        part = generator.normal(size=(count, count + 1)) * draw(st.sampled_from([1.0, 30.0]))
        part[:, 0] += draw(st.sampled_from([-50.0, 0.0, 50.0]))
        parts.append(part.round() if draw(st.booleans()) else part)
    return parts


def check_trees(parts: list[np.ndarray], best: Any, fill: float) -> None:
    counts = [len(part) for part in parts]
    for part, heads in zip(parts, best_heads(padded(parts, fill), counts), strict=True):
        assert heads.dtype == np.int64
        assert is_tree(heads.tolist())
        assert total(part, heads) == pytest.approx(best(part), abs=1e-9)


@given(scored(5, 3), st.sampled_from([-np.inf, 1000.0]))
@settings(max_examples=60, deadline=None)
@example([np.array([[0.0, 9.0, 5.0], [0.0, 5.0, 9.0]])], 0.0)  # each word its own best head
@example([np.array([[9.0, 0.0, 1.0], [8.0, 1.0, 0.0]])], 0.0)  # two roots are best
def test_no_tree_is_better(parts: list[np.ndarray], fill: float) -> None:
    check_trees(parts, exhaustive, fill)


@given(scored(9, 2))
@settings(max_examples=25, deadline=None)
def test_no_tree_of_the_library_is_better(parts: list[np.ndarray]) -> None:
    check_trees(parts, by_roots, -np.inf)


def test_both_references_agree() -> None:
    generator = np.random.default_rng(0)
    for count in (1, 2, 3, 4, 5):
        scores = generator.normal(size=(count, count + 1))
        assert by_roots(scores) == pytest.approx(exhaustive(scores))


def test_long_sentences_have_trees() -> None:
    generator = np.random.default_rng(0)
    parts = [generator.normal(size=(count, count + 1)) for count in (120, 80, 1)]
    found = best_heads(padded(parts, 0.0).astype(np.float32), [120, 80, 1])
    assert [len(heads) for heads in found] == [120, 80, 1]
    assert all(is_tree(heads.tolist()) for heads in found)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_features(architecture: Architecture) -> None:
    tokenizer, frame = TOKENIZERS[architecture], treebank([3, 1, 8])
    found = parsing.features(frame, tokenizer, TASK, RELATIONS)
    assert found.ids.tolist() == [3, 4, 5]
    assert [len(points) for points in found.points] == [4, 2, 9]
    assert [point[0].tolist() for point in found.points] == [[0, 0]] * 3
    assert len(found.windows[2]) > 1
    for index, answers in enumerate(found.answers):
        assert answers[0].tolist() == [IGNORED, IGNORED]
        assert answers[1:, 0].tolist() == frame["head"][index]
        names = [RELATIONS[place] for place in answers[1:, 1]]
        assert names == [name.partition(":")[0] for name in frame["deprel"][index]]
    coded = tokenizer(frame["form"][1], is_split_into_words=True)
    assert found.windows[1][0].ids.tolist() == coded["input_ids"]
    assert found.points[1].tolist() == [[0, 0], [0, 1]]


def test_subtypes() -> None:
    tokenizer, frame = TOKENIZERS["bert"], treebank([5, 7])
    assert len(RELATIONS) == 37
    assert parsing.labels(TASK, frame) == RELATIONS
    whole = TASK.model_copy(update={"subtypes": True})
    labels = parsing.labels(whole, frame)
    assert set(labels) == {*RELATIONS, "acl:relcl"}
    assert list(labels) == sorted(labels)
    found = parsing.features(frame, tokenizer, whole, labels)
    names = [[labels[place] for place in row[1:, 1]] for row in found.answers]
    assert names == frame["deprel"].tolist()
    assert any("acl:relcl" in row for row in names)
    # a subtype that training did not have
    unseen = parsing.features(frame, tokenizer, whole, RELATIONS)
    for row, relations in zip(unseen.answers, frame["deprel"], strict=True):
        assert [place == IGNORED for place in row[1:, 1]] == [":" in name for name in relations]


def test_a_relation_that_is_not_universal_is_refused() -> None:
    frame = treebank([3, 2])
    frame.at[1, "deprel"] = ["root", "suj:x"]
    with pytest.raises(TaskError, match=r"row 4 has the relation suj:x; allowed: the universal"):
        parsing.features(frame, TOKENIZERS["bert"], TASK, RELATIONS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_loss_and_trees_equal_those_of_sentences_alone(architecture: Architecture) -> None:
    tokenizer = TOKENIZERS[architecture]
    encoder = build_encoder(architecture, vocab_size=len(tokenizer)).double()
    frame = treebank([4, 1, 5, 2, 3, 5])
    features = parsing.features(frame, tokenizer, TASK, RELATIONS)
    assert {len(item) for item in features.windows} >= {1, 2}
    head = random_head(encoder)
    states, points = packed(encoder, features)
    words = head._words(states, points)
    singles = [alone(encoder, head, features, index) for index in range(len(frame))]

    heads, relations, arc_losses, relation_losses = [], [], [], []
    for index, single in enumerate(singles):
        count = len(single.arcs)
        found = words.arcs[index, :count]
        torch.testing.assert_close(found[:, : count + 1], single.arcs, rtol=0, atol=1e-9)
        assert torch.isneginf(found[:, count + 1 :]).all()
        gold = torch.tensor(frame["head"][index])
        names = [RELATIONS.index(n.partition(":")[0]) for n in frame["deprel"][index]]
        arc_losses.append(-torch.log_softmax(single.arcs, 1)[torch.arange(count), gold])
        right = torch.log_softmax(single.relations[torch.arange(count), gold], 1)
        relation_losses.append(-right[torch.arange(count), torch.tensor(names)])
        heads.append(gold)
        relations.append(names)
    expected = torch.cat(arc_losses).mean() + torch.cat(relation_losses).mean()
    loss = head.loss(states, points, encoder)
    torch.testing.assert_close(loss, expected, rtol=0, atol=1e-9)
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())

    with torch.no_grad():
        decoded = head.decode(states, points, encoder)
    root = RELATIONS.index(ROOT)
    for single, found in zip(singles, decoded, strict=True):
        scores = torch.log_softmax(single.arcs, 1).detach().numpy()
        assert is_tree(found[:, 0].tolist())
        assert total(scores, found[:, 0]) == pytest.approx(exhaustive(scores), abs=1e-9)
        logits = single.relations[torch.arange(len(found)), torch.from_numpy(found[:, 0])]
        logits = logits.detach().index_fill(1, torch.tensor([root]), -torch.inf)
        best = logits.argmax(1).tolist()
        wanted = [root if h == 0 else b for h, b in zip(found[:, 0], best, strict=True)]
        assert found[:, 1].tolist() == wanted


def test_relations_that_the_head_does_not_know_are_not_learnt() -> None:
    tokenizer = TOKENIZERS["bert"]
    encoder = build_encoder("bert", vocab_size=len(tokenizer)).double()
    head = random_head(encoder)
    features = parsing.features(treebank([4, 3]), tokenizer, TASK, RELATIONS)
    states, points = packed(encoder, features)
    whole, answers = head.loss(states, points, encoder), points.answers.clone()
    answers[:, 1] = IGNORED
    arcs = head.loss(states, points._replace(answers=answers), encoder)
    assert arcs.isfinite() and arcs < whole
    one = answers.clone()
    one[1, 1] = points.answers[1, 1]
    single = alone(encoder, head, features, 0).relations[0, points.answers[1, 0]]
    expected = arcs - torch.log_softmax(single, 0)[points.answers[1, 1]]
    found = head.loss(states, points._replace(answers=one), encoder)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_head_comes_from_its_seed() -> None:
    before = torch.get_rng_state()
    encoder = build_encoder("bert", hidden_dropout_prob=0.2)
    first, again, other = (parsing.build_head(encoder, TASK, RELATIONS, n) for n in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for mine, theirs, third in zip(first.layers, again.layers, other.layers, strict=True):
        assert torch.equal(mine.weight, theirs.weight)
        assert not torch.equal(mine.weight, third.weight)
        assert not mine.bias.any()
        square = mine.weight @ mine.weight.T
        torch.testing.assert_close(square, torch.eye(len(square)), rtol=0, atol=1e-5)
    assert [len(layer.weight) for layer in first.layers] == [7, 7, 5, 5]
    assert not first.arc.any() and not first.relation.any()
    assert first.arc.shape == (8, 7) and first.relation.shape == (37, 6, 6)
    assert first.dropout.p == 0.2 and first.share == 0.33


def test_dropout_has_one_mask_per_sentence() -> None:
    head = Biaffine(build_encoder("bert"), TASK, RELATIONS, seed=1).train()
    torch.manual_seed(0)
    found = head._drop(torch.ones(40, 6, 50))
    assert torch.equal(found, found[:, :1].expand_as(found))
    assert not torch.equal(found[0], found[1])
    torch.testing.assert_close(found.unique(), torch.tensor([0, 1 / 0.67]))
    assert float((found == 0).float().mean()) == pytest.approx(0.33, abs=0.04)
    assert torch.equal(head.eval()._drop(found), found)


def test_predictions_and_score() -> None:
    frame = treebank([3, 2])
    features = parsing.features(frame, TOKENIZERS["bert"], TASK, RELATIONS)
    decoded = [
        np.stack([np.array(heads), [RELATIONS.index(n.partition(":")[0]) for n in names]], 1)
        for heads, names in zip(frame["head"], frame["deprel"], strict=True)
    ]
    found = parsing.predictions(frame, features, decoded, RELATIONS)
    arrange("tree_predictions", found.assign(language="en"))
    assert found["predicted_head"].tolist() == frame["head"].tolist()
    assert found["deprel"].tolist() == frame["deprel"].tolist()
    name, value = next(iter(score_of("parsing")(found).items()))
    assert (name, value) == ("las", 100)
    decoded[0][0, 1] = (decoded[0][0, 1] + 1) % len(RELATIONS)
    worse = parsing.predictions(frame, features, decoded, RELATIONS)
    assert score_of("parsing")(worse)["las"] == pytest.approx(80)


def test_a_head_learns_trees() -> None:
    tokenizer = TOKENIZERS["bert"]
    encoder = build_encoder("bert", vocab_size=len(tokenizer))
    frame = treebank([4, 3, 6])
    features = parsing.features(frame, tokenizer, TASK, RELATIONS)
    head = Biaffine(encoder, TASK.model_copy(update={"head_dropout": 0.0}), RELATIONS, seed=1)
    head.eval()
    optimiser = torch.optim.Adam([*encoder.parameters(), *head.parameters()], 0.02)
    for _ in range(60):
        loss = head.loss(*packed(encoder, features), encoder)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        decoded = head.decode(*packed(encoder, features), encoder)
    found = parsing.predictions(frame, features, decoded, RELATIONS)
    assert found["predicted_head"].tolist() == frame["head"].tolist()
