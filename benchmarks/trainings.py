"""Fine-tuning with this project's loop and with the Hugging Face Trainer, measured alike."""

import gc
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from isogloss.encoders.batches import Batch, Encoded, Points
from isogloss.encoders.vocabulary import compact, expand, used_ids
from isogloss.seeds import named_seed
from isogloss.tasks.pairs import Classifier
from isogloss.tasks.task import Features
from isogloss.training.loop import Example, Plan, batch_members, train
from isogloss.training.model import Model
from isogloss.training.score import batch_of, points_of

PAD, CLS, SEP = 0, 1, 2
# An example's label is that of the sub-word after [CLS], one of this many.
MARKS = 30
SPECIAL = (PAD, CLS, SEP)


class Shape(NamedTuple):
    """Size of an encoder, and how many of its sub-words the training set may use."""

    layers: int
    hidden: int
    heads: int
    vocabulary: int
    used: int


SHAPES = {
    "tiny": Shape(2, 16, 2, 200, 80),
    "small": Shape(4, 128, 2, 8_000, 4_000),
    "mbert": Shape(12, 768, 12, 119_547, 16_000),
}


class Arm(NamedTuple):
    """One way to fine-tune. `longest` pads to that length, None to a batch's longest."""

    title: str
    kind: Literal["ours", "trainer"]
    longest: int | None = None
    grouped: bool = False
    compacted: bool = False


ARMS = {
    "isogloss": Arm("isogloss", "ours", compacted=True),
    "all_rows": Arm("isogloss, all embedding rows", "ours"),
    "pad_128": Arm("Trainer, padded to 128", "trainer", longest=128),
    "dynamic": Arm("Trainer, padded to the longest", "trainer"),
    "grouped": Arm("Trainer, group_by_length", "trainer", grouped=True),
}


class Settings(NamedTuple):
    """What a benchmark run is given on the command line."""

    shape: str = "small"
    steps: int = 40
    repeats: int = 3
    batch: int = 32
    learning_rate: float = 2e-5
    dropout: float = 0.1
    precision: Literal["auto", "fp32"] = "auto"
    pool: int = 200
    warm_up: int = 2
    check: int = 2
    seed: int = 1
    lengths: Path | None = None
    arms: tuple[str, ...] = tuple(ARMS)


class Measured(NamedTuple):
    """One training: loss of each step, sub-words, seconds by each clock, memory in MiB."""

    losses: list[float]
    tokens: int
    processed: int
    wall: float
    cpu: float
    gpu: float | None
    memory: float | None


class Data(NamedTuple):
    """Tokenised examples and their labels (N,)."""

    inputs: list[Encoded]
    labels: Tensor


class Meter:
    """Clocks and sub-word counts of one training, from its first batch to its last update."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.losses: list[Tensor] = []
        self.tokens = self.processed = 0
        self.first: tuple[float, float, Any] | None = None
        self.last: tuple[float, float, Any] | None = None

    def _now(self) -> tuple[float, float, Any]:
        event = None
        if self.device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)
            event.record()
        return time.perf_counter(), time.process_time(), event

    def prepare(self) -> None:
        """Say that a batch is about to be made."""
        if self.first is None:
            self.first = self._now()

    def count(self, tokens: int, processed: int) -> None:
        """Add a batch's real and computed sub-words."""
        self.tokens += tokens
        self.processed += processed

    def stepped(self, *_: object) -> None:
        """Say that the optimiser has made its step."""
        self.last = self._now()

    def result(self) -> Measured:
        """What was measured; waits for the device."""
        assert self.first is not None and self.last is not None
        gpu = memory = None
        wall = self.last[0] - self.first[0]
        if self.device.type == "cuda":
            torch.cuda.synchronize()
            gpu = self.first[2].elapsed_time(self.last[2]) / 1000
            memory = torch.cuda.max_memory_allocated() / 2**20
            # The host runs ahead of the device: only the device's clock says when it was done.
            wall = gpu
        losses = [float(loss) for loss in self.losses]
        cpu = self.last[1] - self.first[1]
        return Measured(losses, self.tokens, self.processed, wall, cpu, gpu, memory)


def draw_lengths(size: int, generator: np.random.Generator, file: Path | None) -> np.ndarray:
    """Sub-words per example: lognormal as mBERT's on XNLI, or drawn from a TSV's `length` column.

    The lognormal has mean 39.8 and median 36; its 95th percentile is 75.
    """
    if file is not None:
        head, *lines = file.read_text(encoding="utf-8").splitlines()
        column = head.split("\t").index("length")
        found = np.array([int(line.split("\t")[column]) for line in lines])
        drawn = generator.choice(found, size)
    else:
        sigma = np.sqrt(2 * np.log(39.8 / 36))
        drawn = np.rint(generator.lognormal(np.log(36), sigma, size))
    return np.clip(drawn, 5, 128).astype(np.int64)


def draw_data(shape: Shape, size: int, seed: int, lengths: Path | None) -> Data:
    """Sentence pairs of random sub-words with Zipf's frequencies, and labels one can learn."""
    generator = np.random.default_rng(named_seed(seed, "data"))
    ids = 3 + generator.permutation(shape.vocabulary - 3)[: shape.used]
    weights = 1 / np.arange(1, shape.used + 1)
    weights /= weights.sum()
    marks = generator.integers(0, MARKS, size)
    inputs = []
    for length, mark in zip(draw_lengths(size, generator, lengths), marks, strict=True):
        body = ids[generator.choice(shape.used, length, p=weights)]
        body[0], body[1], body[-1] = CLS, ids[mark], SEP
        middle = int(length) * 3 // 5
        body[middle] = SEP
        types = (np.arange(length) > middle).astype(np.int64)
        inputs.append(Encoded(body, types))
    return Data(inputs, torch.from_numpy(marks % 3))


def build_peer(shape: Shape, dropout: float, seed: int) -> BertForSequenceClassification:
    """Encoder and head with random weights, as transformers builds them."""
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.hidden,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        num_labels=3,
    )
    torch.manual_seed(named_seed(seed, "weights"))
    return BertForSequenceClassification(config)


def build_ours(peer: BertForSequenceClassification) -> Model:
    """Our model around the encoder and with the head of `peer`."""
    head = Classifier(peer.bert, 3, pooler=True, seed=0)
    head.output.load_state_dict(peer.classifier.state_dict())
    return Model(peer.bert, head)


def features_of(inputs: Sequence[Encoded], labels: Tensor) -> Features:
    """Inputs of one window each, read at their first sub-word."""
    place = np.zeros((1, 2), dtype=np.int64)
    return Features(
        np.arange(len(inputs)),
        [(item,) for item in inputs],
        np.repeat(place, len(inputs), axis=0),
        [place] * len(inputs),
        list(labels.numpy().reshape(-1, 1, 1)),
    )


def train_ours(arm: Arm, settings: Settings, steps: int, data: Data, meter: Meter) -> None:
    """Fine-tune with `isogloss.training.loop.train` on packed batches."""
    shape = SHAPES[settings.shape]
    model = build_ours(build_peer(shape, settings.dropout, settings.seed))
    inputs, pad = data.inputs, PAD
    if arm.compacted:
        kept = used_ids(data.inputs, SPECIAL)
        full = compact(model.encoder, kept)
        inputs = [item._replace(ids=kept.searchsorted(item.ids)) for item in data.inputs]
        pad = int(kept.searchsorted(PAD))
    features = features_of(inputs, data.labels)

    def example(step: int) -> Example:
        meter.prepare()
        members = batch_members(step, len(inputs), settings.batch, settings.seed)
        batch = batch_of(features, members, pad, 0)
        meter.count(batch.tokens, batch.processed)
        return Example(batch, points_of(features, members, batch), f"step {step}")

    def loss_of(batch: Batch, points: Points) -> Tensor:
        loss = model.loss(batch, points)
        meter.losses.append(loss.detach())
        return loss

    plan = Plan(
        steps=steps,
        steps_per_epoch=len(inputs) / settings.batch,
        learning_rate=settings.learning_rate,
        warmup_steps=0,
        seed=settings.seed,
        precision=settings.precision,
    )
    train(model, example, loss_of, plan)
    if arm.compacted:
        expand(model.encoder, kept, full)


class Peer(Trainer):
    """The Trainer with its own loop; batch order is given, losses are kept.

    The order of the random strategy is ours, so that losses can be compared. That of
    group_by_length is the Trainer's. Where the epoch is longer than the training, its batches
    are taken at even ranks of length, since the Trainer visits long ones first.
    """

    def __init__(self, settings: Settings, steps: int, meter: Meter, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.settings, self.steps, self.meter = settings, steps, meter

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        size, batch = len(self.train_dataset), self.settings.batch
        if self.args.train_sampling_strategy == "group_by_length":
            order = list(super()._get_train_sampler(train_dataset))
            batches = [order[start : start + batch] for start in range(0, size, batch)]
            if self.steps < len(batches):
                batches.sort(key=self._longest)
                share = len(batches) / self.steps
                batches = [batches[int((step + 0.5) * share)] for step in range(self.steps)]
            return [place for members in batches for place in members]
        steps = (batch_members(step, size, batch, self.settings.seed) for step in range(self.steps))
        return [int(place) for members in steps for place in members]

    def _longest(self, members: Sequence[int]) -> int:
        return max(len(self.train_dataset[place]["input_ids"]) for place in members)

    def compute_loss(self, model: Any, inputs: Any, *rest: Any, **keywords: Any) -> Any:
        """Keep the loss, on the device."""
        loss = super().compute_loss(model, inputs, *rest, **keywords)
        self.meter.losses.append(loss.detach())
        return loss


def collate(rows: Sequence[dict[str, Any]], longest: int | None, meter: Meter) -> dict[str, Tensor]:
    """Pad examples to `longest` or to their own longest; plain numpy, quicker than a tokenizer."""
    meter.prepare()
    width = longest or max(len(row["input_ids"]) for row in rows)
    names = ("input_ids", "token_type_ids", "attention_mask")
    padded = {name: np.zeros((len(rows), width), dtype=np.int64) for name in names}
    for place, row in enumerate(rows):
        length = len(row["input_ids"])
        padded["input_ids"][place, :length] = row["input_ids"]
        padded["token_type_ids"][place, :length] = row["token_type_ids"]
        padded["attention_mask"][place, :length] = 1
    meter.count(sum(len(row["input_ids"]) for row in rows), len(rows) * width)
    tensors = {name: torch.from_numpy(array) for name, array in padded.items()}
    return tensors | {"labels": torch.tensor([row["labels"] for row in rows])}


def train_peer(arm: Arm, settings: Settings, steps: int, data: Data, meter: Meter) -> None:
    """Fine-tune with the Trainer: its defaults, but for what the recipe and the arm say."""
    on_gpu = meter.device.type == "cuda"
    rows = [
        {"input_ids": item.ids, "token_type_ids": item.types, "labels": int(label)}
        for item, label in zip(data.inputs, data.labels, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=settings.batch,
            learning_rate=settings.learning_rate,
            train_sampling_strategy="group_by_length" if arm.grouped else "random",
            bf16=on_gpu and settings.precision == "auto",
            use_cpu=not on_gpu,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = Peer(
            settings,
            steps,
            meter,
            model=build_peer(SHAPES[settings.shape], settings.dropout, settings.seed),
            args=arguments,
            train_dataset=rows,
            data_collator=lambda batch: collate(batch, arm.longest, meter),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()


def measure(arm: Arm, settings: Settings, steps: int, data: Data, device: torch.device) -> Measured:
    """Train one arm from the same initial weights; free what it held."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    meter = Meter(device)
    hook = register_optimizer_step_post_hook(meter.stepped)
    try:
        (train_ours if arm.kind == "ours" else train_peer)(arm, settings, steps, data, meter)
    finally:
        hook.remove()
    return meter.result()
