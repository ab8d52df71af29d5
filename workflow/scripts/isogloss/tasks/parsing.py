"""Dependency parsing with biaffine attention (Dozat and Manning 2017): UAS and LAS."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from isogloss.config.tasks import Parsing
from isogloss.encoders.batches import IGNORED, Points, gather, spread
from isogloss.encoders.load import dropout_of
from isogloss.errors import TaskError
from isogloss.tasks.arborescence import best_heads
from isogloss.tasks.tagging import windows_of
from isogloss.tasks.task import Features, wide

PREDICTIONS = "tree_predictions"
ROOT = "root"
# The universal relations (universaldependencies.org/u/dep).
RELATIONS = (
    *("acl", "advcl", "advmod", "amod", "appos", "aux", "case", "cc", "ccomp", "clf"),
    *("compound", "conj", "cop", "csubj", "dep", "det", "discourse", "dislocated", "expl"),
    *("fixed", "flat", "goeswith", "iobj", "list", "mark", "nmod", "nsubj", "nummod", "obj"),
    *("obl", "orphan", "parataxis", "punct", "reparandum", ROOT, "vocative", "xcomp"),
)


def labels(task: Parsing, frame: pd.DataFrame) -> tuple[str, ...]:
    """The universal relations; with `subtypes` those of the training rows as well."""
    if not task.subtypes:
        return RELATIONS
    found = {relation for relations in frame["deprel"] for relation in relations}
    return tuple(sorted(found.union(RELATIONS)))


def _relations(frame: pd.DataFrame, subtypes: bool) -> list[list[str]]:
    """Relations of each sentence; a relation that is not universal is refused."""
    known = set(RELATIONS)
    for row, relations in zip(frame["id"], frame["deprel"], strict=True):
        for relation in relations:
            if relation.partition(":")[0] not in known:
                raise TaskError(
                    f"row {row} has the relation {relation}; allowed: the universal relations "
                    f"{', '.join(RELATIONS)}, each with or without a subtype"
                )
    if subtypes:
        return [list(row) for row in frame["deprel"]]
    return [[relation.partition(":")[0] for relation in row] for row in frame["deprel"]]


def features(frame: pd.DataFrame, tokenizer: Any, task: Parsing, labels: Sequence[str]) -> Features:
    """Sentences of a frame of table kind `treebank`: a point for the root, then one per word.

    Answers are the head's number, 0 for the root, and the place of the relation in `labels`,
    IGNORED where it is not among them. A sentence that needs several windows stays one example,
    so that every word can be the head of every other.

    Raises
    ------
    TaskError
        for a relation outside of the universal ones
    """
    cut = windows_of(frame["form"].tolist(), tokenizer, task)
    place = {label: number for number, label in enumerate(labels)}
    rows = zip(frame["head"], _relations(frame, task.subtypes), strict=True)
    answers = [
        np.array(
            [
                (IGNORED, IGNORED),
                *(
                    (head, place.get(name, IGNORED))
                    for head, name in zip(heads, names, strict=True)
                ),
            ],
            dtype=np.int64,
        )
        for heads, names in rows
    ]
    return Features(
        frame["id"].to_numpy(),
        [item.windows for item in cut],
        np.stack([item.first for item in cut]),
        [np.concatenate([item.first[None], item.points]) for item in cut],
        answers,
    )


class _Words(NamedTuple):
    """What the head makes of states: of N sentences of up to W words.

    arcs : (N, W, W + 1), of word i + 1 having the head j; 0 is the root
    as_dependent, as_head : (N, W + 1, relation_size), for relations
    """

    arcs: Tensor
    as_dependent: Tensor
    as_head: Tensor


class Biaffine(nn.Module):
    """Scores of arcs and relations (Dozat and Manning 2017, Equations 2 to 7).

    Four layers with LeakyReLU (0.1) and dropout with one mask per sentence; a bilinear form
    with a bias for heads; one with biases on both sides per relation. Layers start orthogonal,
    the bilinear forms at 0.
    """

    def __init__(self, encoder: Any, task: Parsing, relations: Sequence[str], seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        width = encoder.config.hidden_size
        sizes = (task.arc_size, task.arc_size, task.relation_size, task.relation_size)
        self.layers = nn.ModuleList(nn.utils.skip_init(nn.Linear, width, n) for n in sizes)
        for name, parameter in self.layers.named_parameters():
            if name.endswith("weight"):
                nn.init.orthogonal_(parameter, generator=generator)
            else:
                nn.init.zeros_(parameter)
        self.arc = nn.Parameter(torch.zeros(task.arc_size + 1, task.arc_size))
        inner = task.relation_size + 1
        self.relation = nn.Parameter(torch.zeros(len(relations), inner, inner))
        self.root = list(relations).index(ROOT)
        self.dropout = nn.Dropout(dropout_of(encoder))
        self.share = task.head_dropout

    def loss(self, states: Tensor, points: Points, encoder: Any) -> Tensor:
        """Mean cross-entropy of heads plus that of relations at the right heads, in nats."""
        words = self._words(states, points)
        answers = spread(points.answers, points, IGNORED)[:, 1:]
        heads, relations = answers[..., 0], answers[..., 1]
        known = heads != IGNORED
        arcs = functional.cross_entropy(wide(words.arcs[known]), heads[known])
        logits = self._relations(words, known, heads[known])
        chosen = relations[known]
        # A batch may hold no relation that the head knows.
        if not bool((chosen != IGNORED).any()):
            return arcs
        return arcs + functional.cross_entropy(wide(logits), chosen, ignore_index=IGNORED)

    def decode(self, states: Tensor, points: Points, encoder: Any) -> list[np.ndarray]:
        """Head and place of the relation of each word, int64 (words, 2) per sentence.

        The tree has the highest sum of log-probabilities of its arcs. The word under the root
        gets the relation root, and no other word does.
        """
        words = self._words(states, points)
        counts = (torch.bincount(points.owner) - 1).cpu().numpy()
        scores = torch.log_softmax(wide(words.arcs), -1)
        trees = best_heads(scores.cpu().numpy(), counts)
        known = spread(points.place > 0, points, 0)[:, 1:].bool()
        heads = torch.from_numpy(np.concatenate(trees)).to(states.device)
        logits = self._relations(words, known, heads)
        logits[:, self.root] = torch.where(heads == 0, torch.inf, -torch.inf)
        found = torch.stack([heads, logits.argmax(-1)], 1).cpu().numpy()
        return np.split(found, np.cumsum(counts)[:-1])

    def _words(self, states: Tensor, points: Points) -> _Words:
        reached = spread(self.dropout(gather(states, points)), points)
        dependent, head, relation_dependent, relation_head = (
            self._drop(functional.leaky_relu(layer(reached), 0.1)) for layer in self.layers
        )
        left = _with_one(dependent[:, 1:]) @ self.arc.to(dependent.dtype)
        arcs = left @ head.transpose(1, 2)
        there = spread(torch.ones_like(points.owner), points).bool()
        own = torch.eye(arcs.shape[1], arcs.shape[2] - 1, dtype=torch.bool, device=arcs.device)
        arcs = arcs.masked_fill(~there[:, None, :], -torch.inf)
        arcs[:, :, 1:].masked_fill_(own, -torch.inf)
        return _Words(arcs, relation_dependent, relation_head)

    def _relations(self, words: _Words, known: Tensor, heads: Tensor) -> Tensor:
        """Logits (K, relations) of the K `known` words (N, W) at the given heads (K,)."""
        sentence = known.nonzero()[:, 0]
        left = _with_one(words.as_dependent[:, 1:][known])
        right = _with_one(words.as_head[sentence, heads])
        flat = self.relation.to(left.dtype).permute(1, 0, 2).flatten(1)
        middle = (left @ flat).view(len(left), len(self.relation), -1)
        return (middle @ right[:, :, None])[:, :, 0]

    def _drop(self, values: Tensor) -> Tensor:
        """Dropout with the same mask for all words of a sentence (N, W, size)."""
        mask = torch.ones_like(values[:, :1])
        return values * functional.dropout(mask, self.share, self.training)


def _with_one(values: Tensor) -> Tensor:
    return torch.cat([values, values.new_ones(*values.shape[:-1], 1)], -1)


def build_head(encoder: Any, task: Parsing, labels: Sequence[str], seed: int) -> nn.Module:
    """The biaffine head."""
    return Biaffine(encoder, task, labels, seed)


def predictions(
    frame: pd.DataFrame,
    features: Features,
    decoded: Sequence[np.ndarray],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Columns id, upos, head, deprel, predicted_head, predicted_deprel; lists of words.

    `deprel` is that of the treebank, subtypes included; metrics say what they compare.
    """
    names = np.array(labels, dtype=object)
    return frame[["id", "upos", "head", "deprel"]].assign(
        predicted_head=[found[:, 0].tolist() for found in decoded],
        predicted_deprel=[names[found[:, 1]].tolist() for found in decoded],
    )
