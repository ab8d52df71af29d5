"""Decoding and scoring as a share of an evaluation pass, per task.

`python benchmarks/decoding.py` prints a Markdown table.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import torch
from transformers import BertConfig, BertModel

from isogloss.config.tasks import task_of
from isogloss.corpora.conllu import UPOS
from isogloss.encoders.tokenizer import build_tokenizer
from isogloss.metrics.standard import score_of
from isogloss.seeds import named_seed
from isogloss.tasks import parsing
from isogloss.tasks.task import task_module
from isogloss.training.score import run_pass

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SHAPES = {"small": (4, 128, 4, 512), "mbert": (12, 768, 12, 3072)}
TASKS: dict[str, dict[str, Any]] = {
    "pos": {},
    "ner": {},
    "parsing": {},
    "paraphrase": {},
    "qa": {"max_length": 384},
}
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def rows(kind: str, count: int, seed: int) -> pd.DataFrame:
    """Random rows of the table kind that a task reads; sentences of 20 words on average."""
    generator = np.random.default_rng(named_seed(seed, kind))
    lengths = np.clip(generator.lognormal(2.9, 0.45, count).round().astype(int), 3, 60)
    words = [[f"w{word}" for word in generator.integers(0, 5000, length)] for length in lengths]
    frame = pd.DataFrame({"id": np.arange(count), "form": words})
    if kind == "ner":
        return frame.assign(tag=[list(generator.choice(TAGS, length)) for length in lengths])
    if kind in ("pos", "parsing"):
        heads = [
            [0, *(int(generator.integers(1, word)) for word in range(2, n + 1))] for n in lengths
        ]
        return frame.assign(
            upos=[list(generator.choice(UPOS, length)) for length in lengths],
            head=heads,
            deprel=[["root", *["dep"] * (length - 1)] for length in lengths],
        )
    texts = [" ".join(sentence) for sentence in words]
    if kind == "qa":
        contexts = [
            " ".join(
                words[(row + place) % count][0] + " " + texts[(row + place) % count]
                for place in range(5)
            )
            for row in range(count)
        ]
        answers = [context.split(" ")[3] for context in contexts]
        starts = [context.index(text) for context, text in zip(contexts, answers, strict=True)]
        return pd.DataFrame(
            {
                "id": np.arange(count),
                "question": texts,
                "context": contexts,
                "answers": [[text] for text in answers],
                "starts": [[start] for start in starts],
            }
        )
    labels = generator.choice(["different", "paraphrase"], count)
    return pd.DataFrame(
        {"id": np.arange(count), "premise": texts, "hypothesis": texts[::-1], "label": labels}
    )


class Clock:
    """Time spent in a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.spent = function, 0.0

    def __call__(self, *arguments: Any, **names: Any) -> Any:
        """Call it and add up."""
        started = time.perf_counter()
        found = self.function(*arguments, **names)
        self.spent += time.perf_counter() - started
        return found


def measure(kind: str, shape: str, count: int, seed: int) -> dict[str, float]:
    """Seconds of a pass, and of what comes after the head's scores.

    The scores themselves (linear layers, biaffine forms) belong to the model.
    """
    layers, hidden, heads, inner = SHAPES[shape]
    tokenizer = build_tokenizer([*SPECIAL, *(f"w{word}" for word in range(5000))], "bert", 512)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        encoder = BertModel(
            BertConfig(
                vocab_size=5005,
                hidden_size=hidden,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                intermediate_size=inner,
            )
        )
    task = task_of({"kind": kind, "corpus": "random", **TASKS[kind]})
    module, frame = task_module(kind), rows(kind, count, seed)
    labels = module.labels(task, frame)
    features = module.features(frame, tokenizer, task, labels)
    head: Any = module.build_head(encoder, task, labels, seed).eval()
    scores = ("_words", "_relations") if kind == "parsing" else ("logits",)
    inside = {name: Clock(getattr(head, name)) for name in scores}
    decode = Clock(head.decode)
    tree = Clock(parsing.best_heads)
    with (
        mock.patch.multiple(head, decode=decode, **inside),
        mock.patch.object(parsing, "best_heads", tree),
    ):
        started = time.perf_counter()
        decoded = run_pass(encoder, features, 0, head=head).decoded or []
        passed = time.perf_counter() - started
    started = time.perf_counter()
    predictions = module.predictions(frame, features, decoded, labels)
    scored = score_of(kind)(predictions.assign(language="en"))
    after = time.perf_counter() - started
    assert scored
    decoding = decode.spent - sum(clock.spent for clock in inside.values())
    return {"pass": passed, "decoding": decoding, "trees": tree.spent, "scoring": after}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one row per task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="small")
    parser.add_argument("--rows", type=int, default=500, help="sentences, pairs or passages")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="all repetitions")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print("| task | evaluation pass, s | decoding | of that trees | scoring |")
    print("|---|---|---|---|---|")
    everything = {}
    for kind in TASKS:
        runs = [measure(kind, chosen.shape, chosen.rows, seed) for seed in range(chosen.repeats)]
        everything[kind] = runs
        share = {
            part: statistics.median(run[part] / run["pass"] for run in runs)
            for part in ("decoding", "trees", "scoring")
        }
        passed = statistics.median(run["pass"] for run in runs)
        cells = " | ".join(f"{100 * share[part]:.1f}%" for part in share)
        print(f"| {kind} | {passed:.2f} | {cells} |", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
