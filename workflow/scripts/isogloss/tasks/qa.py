"""Extractive question answering: the span of a passage that answers a question. F1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from isogloss.config.tasks import Qa
from isogloss.encoders.batches import Encoded, Points, gather, spread
from isogloss.encoders.load import deviation_of, dropout_of
from isogloss.errors import TaskError
from isogloss.tasks.task import Features, linear, wide

PREDICTIONS = "answer_predictions"


def labels(task: Qa, frame: pd.DataFrame) -> tuple[str, ...]:
    """A start and an end, as the head's two outputs."""
    return ("start", "end")


def features(frame: pd.DataFrame, tokenizer: Any, task: Qa, labels: Sequence[str]) -> Features:
    """Windows over the passages of a frame of table kind `questions`.

    A long passage makes several examples, which share `stride` sub-words and have the question
    in front. Point 0 is the sub-word that stands for the whole input, the others are those of
    the passage. It is the answer where a window does not hold the whole of the first given
    answer (Devlin et al. 2019 for SQuAD).

    Raises
    ------
    TaskError
        for a passage without text
    """
    questions = _cut_questions(frame["question"].tolist(), tokenizer, task.question_length)
    for row, context in zip(frame["id"], frame["context"], strict=True):
        if not context.strip():
            raise TaskError(f"row {row} has a passage without text; some text is needed")
    coded = tokenizer(
        questions,
        frame["context"].tolist(),
        truncation="only_second",
        max_length=task.max_length,
        stride=task.stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_token_type_ids=True,
        return_attention_mask=False,
    )
    leads = tokenizer.cls_token_id is not None
    # The library marks the second segment of further windows also where there is no such type.
    typed = any(tokenizer("a", "a", return_token_type_ids=True)["token_type_ids"])
    starts = [places[0] for places in frame["starts"]]
    ends = [start + len(texts[0]) for start, texts in zip(starts, frame["answers"], strict=True)]
    rows = coded["overflow_to_sample_mapping"]
    windows, first, points, answers, spans = [], [], [], [], []
    for place, row in enumerate(rows):
        ids = np.array(coded["input_ids"][place], dtype=np.int64)
        types = np.array(coded["token_type_ids"][place], dtype=np.int64) * typed
        passage = np.array([part == 1 for part in coded.sequence_ids(place)])
        offsets = passage.nonzero()[0]
        characters = np.array(coded["offset_mapping"][place], dtype=np.int64)[offsets]
        summary = 0 if leads else len(ids) - 1
        windows.append((Encoded(ids, types),))
        first.append((0, summary))
        points.append(
            np.stack([np.zeros(len(offsets) + 1), np.r_[summary, offsets]], 1).astype(int)
        )
        spans.append(characters)
        answers.append(_marks(characters, starts[row], ends[row]))
    ids = frame["id"].to_numpy()[np.array(rows)]
    return Features(ids, windows, np.array(first, dtype=np.int64), points, answers, spans)


def _cut_questions(questions: list[str], tokenizer: Any, length: int) -> list[str]:
    """Questions of at most `length` sub-words, the rest of their text left out."""
    coded = tokenizer(
        questions,
        add_special_tokens=False,
        truncation=True,
        max_length=length,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    ends = [spans[-1][1] if spans else 0 for spans in coded["offset_mapping"]]
    return [question[:end] for question, end in zip(questions, ends, strict=True)]


def _marks(spans: np.ndarray, start: int, end: int) -> np.ndarray:
    """1 at the first and at the last point of an answer, int64 (k + 1, 2)."""
    marks = np.zeros((len(spans) + 1, 2), dtype=np.int64)
    holds = len(spans) > 0 and spans[0, 0] <= start and spans[-1, 1] >= end
    inside = (spans[:, 1] > start) & (spans[:, 0] < end) if holds else np.zeros(0, dtype=bool)
    if inside.any():
        places = inside.nonzero()[0] + 1
        marks[places[0], 0] = marks[places[-1], 1] = 1
    else:
        marks[0] = 1
    return marks


class Reader(nn.Module):
    """Two logits per sub-word of the passage: whether the answer starts or ends there."""

    def __init__(self, encoder: Any, task: Qa, seed: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout_of(encoder))
        self.output = linear(encoder.config.hidden_size, 2, deviation_of(encoder), seed)
        self.n_best, self.answer_length = task.n_best, task.answer_length

    def logits(self, states: Tensor, points: Points) -> Tensor:
        """States (R, T, H) to logits (N, K, 2), minus infinity where an example has no point."""
        found = wide(self.output(self.dropout(gather(states, points))))
        return spread(found, points, -torch.inf)

    def loss(self, states: Tensor, points: Points, encoder: Any) -> Tensor:
        """Mean cross-entropy of starts and of ends over the windows of the batch, in nats."""
        logits = torch.log_softmax(self.logits(states, points), 1)
        right = spread(points.answers, points).bool()
        return -logits[right].mean()

    def decode(self, states: Tensor, points: Points, encoder: Any) -> list[np.ndarray]:
        """First and last point of the best span of each window, and its score; float64 (3,).

        The `n_best` starts and ends of a window are combined; a span must not end before it
        starts nor be longer than `answer_length`, and lies in the passage. Where none of the
        combinations is one, the best single sub-word is taken.
        """
        logits = self.logits(states, points).double()
        logits[:, 0] = -torch.inf
        best = min(self.n_best, logits.shape[1])
        starts, ends = logits.topk(best, 1).indices.unbind(-1)
        values = logits.gather(1, torch.stack([starts, ends], -1))
        total = values[:, :, None, 0] + values[:, None, :, 1]
        length = ends[:, None, :] - starts[:, :, None]
        total = total.masked_fill((length < 0) | (length >= self.answer_length), -torch.inf)
        score, place = total.flatten(1).max(1)
        chosen = torch.stack(
            [
                starts.gather(1, (place // best)[:, None])[:, 0],
                ends.gather(1, (place % best)[:, None])[:, 0],
            ],
            1,
        )
        single, where = logits.sum(-1).max(1)
        none = torch.isinf(score)
        chosen[none] = where[none, None]
        score = torch.where(none, single, score)
        return list(torch.cat([chosen.double(), score[:, None]], 1).cpu().numpy())


def build_head(encoder: Any, task: Qa, labels: Sequence[str], seed: int) -> nn.Module:
    """A reader of passages."""
    return Reader(encoder, task, seed)


def predictions(
    frame: pd.DataFrame,
    features: Features,
    decoded: Sequence[np.ndarray],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Columns id, answers, prediction: the text of the best span over a passage's windows."""
    assert features.spans is not None
    found = np.stack(decoded)
    order = np.lexsort((-found[:, 2], features.ids))  # by row, the best window first
    rows, leading = np.unique(features.ids[order], return_index=True)
    best = {row: int(order[place]) for row, place in zip(rows.tolist(), leading, strict=True)}
    texts = []
    for row, context in zip(frame["id"].tolist(), frame["context"], strict=True):
        window = best[row]
        start, end = (int(place) - 1 for place in found[window, :2])
        spans = features.spans[window]
        # A passage without a single sub-word has no span.
        text = context[spans[start, 0] : spans[end, 1]] if start >= 0 else ""
        texts.append(text.strip())
    answers = [list(given) for given in frame["answers"]]
    return pd.DataFrame({"id": frame["id"], "answers": answers, "prediction": texts})
