"""From rows to sums: what is read of them, in which order, and how sums go on."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from models import WORDS, build_unigram, save_encoder, save_mt5, word_pieces_of
from safetensors.torch import save_file
from test_fisher import KINDS, language_model, task_model, texts
from transformers import AutoModelForMaskedLM

from isogloss.config.subnetworks import SubNetwork
from isogloss.config.tasks import task_of
from isogloss.encoders.load import load_language_model, load_tokenizer
from isogloss.errors import EncoderError, TableError, TaskError
from isogloss.seeds import named_seed
from isogloss.subnetworks import estimate as room
from isogloss.subnetworks.estimate import estimate, room_of, sample_inputs
from isogloss.subnetworks.objectives import Sample, objective_of
from isogloss.subnetworks.sums import (
    Sums,
    add,
    empty,
    flat_mean,
    load_sums,
    mean,
    save_sums,
    tensors_of,
)
from isogloss.subnetworks.theta import theta

NLI = task_of({"kind": "nli", "corpus": "x"})
POS = task_of({"kind": "pos", "corpus": "x"})
PARAPHRASE = task_of({"kind": "paraphrase", "corpus": "x"})
QA = task_of({"kind": "qa", "corpus": "x"})
LENGTHS = [3, 17, 5, 9, 1, 12, 30, 8, 2, 7, 7, 4, 20, 6, 11]


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    monkeypatch.setattr(room, "pick_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(room, "TOKENS", {"cpu": 40})


def settings_of(**changes: Any) -> SubNetwork:
    return SubNetwork.model_validate({"examples": 8, **changes})


def tokenizer_of(t5: bool = False) -> Any:
    tokenizer = build_unigram(word_pieces_of(WORDS), t5)
    sentinels = {"additional_special_tokens": ["<extra_id_0>", "<extra_id_1>"]}
    tokenizer.add_special_tokens(sentinels if t5 else {"mask_token": "<mask>"})
    return tokenizer


def lines(count: int, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    text = [" ".join(generator.choice(WORDS, 1 + n % 9)) for n in range(count)]
    return pd.DataFrame({"id": np.arange(count) + 10, "document": 0, "text": text})


def read(
    frame: pd.DataFrame, kind: str, task: Any = NLI, t5: bool = False, seed: int = 1, **changes: Any
) -> Sample:
    tokenizer = tokenizer_of(t5)
    return sample_inputs(frame, kind, tokenizer, settings_of(**changes), None, task, (), seed)


def shown(sample: Sample, t5: bool = False) -> dict[int, str]:
    """Text of each example as the tokenizer writes it out."""
    tokenizer = tokenizer_of(t5)
    return {one.id: tokenizer.decode(one.windows[0].ids) for one in sample.examples}


def test_smaller_samples_begin_larger_ones() -> None:
    frame = lines(50)
    ids = [one.id for one in read(frame, "lines", examples=30).examples]
    assert [one.id for one in read(frame, "lines", examples=12).examples] == ids[:12]
    assert len(set(ids)) == 30 and ids != sorted(ids)
    assert [one.id for one in read(frame, "lines", examples=30, seed=2).examples] != ids
    assert len(read(frame, "lines", examples=80).examples) == 50


@pytest.mark.parametrize("t5", [False, True])
def test_what_is_read_of_each_kind(t5: bool) -> None:
    def written(first: str, second: str | None = None) -> str:
        tokenizer = tokenizer_of(t5)
        given = (first,) if second is None else (first, second)
        return tokenizer.decode(tokenizer(*given)["input_ids"])

    pairs = pd.DataFrame({"id": [4], "premise": ["cats see dogs"], "hypothesis": ["red birds"]})
    words = pd.DataFrame({"id": [4], "form": [np.array(["cats", "see"], dtype=object)]})
    passage = pd.DataFrame({"id": [4], "question": ["red birds"], "context": ["cats see dogs"]})
    line = pd.DataFrame({"id": [4], "document": [0], "text": ["old cows"]})
    both = written("cats see dogs", "red birds")
    assert shown(read(pairs, "pairs", NLI, t5), t5) == {4: written("cats see dogs")}
    assert shown(read(pairs, "pairs", NLI, t5, pairs="both"), t5) == {4: both}
    assert shown(read(pairs, "pairs", PARAPHRASE, t5), t5) == {4: both}
    assert shown(read(words, "tagged", POS, t5), t5) == {4: written("cats see")}
    assert shown(read(words, "treebank", POS, t5), t5) == {4: written("cats see")}
    wanted = written("red birds", "cats see dogs")
    assert shown(read(passage, "questions", QA, t5), t5) == {4: wanted}
    assert shown(read(line, "lines", POS, t5), t5) == {4: written("old cows")}


def test_inputs_are_cut_at_the_smaller_of_two_limits() -> None:
    frame = pd.DataFrame({"id": [0], "text": [" ".join(WORDS * 3)]})
    tokenizer = tokenizer_of()
    for given, room_left, wanted in ((20, None, 20), (20, 12, 12), (9, 12, 9)):
        settings = settings_of(max_length=given)
        found = sample_inputs(frame, "lines", tokenizer, settings, room_left, NLI, (), 1)
        ids = found.examples[0].windows[0].ids
        assert len(ids) == wanted and ids[-1] == tokenizer.sep_token_id


@pytest.mark.parametrize("t5", [False, True])
def test_rows_without_text_are_passed_over(t5: bool) -> None:
    frame = lines(20)
    frame.loc[[3, 8, 9], "text"] = ["", "<pad>", "<unk><unk>"]
    found = read(frame, "lines", NLI, t5, examples=40)
    short = [row for row in range(20) if t5 and len(frame["text"][row].split()) == 1]
    bad = {13, 18, 19, *(row + 10 for row in short)}
    assert {one.id for one in found.examples} == set(frame["id"]) - bad
    assert found.left_out == len(bad)
    # a smaller sample is as large as it was asked to be
    ids = [one.id for one in found.examples]
    assert [one.id for one in read(frame, "lines", NLI, t5, examples=10).examples] == ids[:10]


def test_no_text_at_all_is_refused() -> None:
    frame = pd.DataFrame({"id": [0, 1], "text": ["", "<pad>"]})
    with pytest.raises(TaskError, match="none of 2 rows has text"):
        read(frame, "lines")
    with pytest.raises(TaskError, match=r"'sizes'.*allowed: tagged"):
        read(frame, "sizes")
    with pytest.raises(TaskError, match="kind lines; allowed: pairs"):
        read(frame, "lines", objective="task")


def test_sentences_without_a_known_tag_have_no_task() -> None:
    form = [["cats", "see"], ["dogs"], ["red", "cows"]]
    tags = [["NOUN", "VERB"], ["_"], ["_", "NOUN"]]
    frame = pd.DataFrame({"id": [7, 8, 9], "form": form, "tag": tags})
    found = sample_inputs(
        *(frame, "tagged", tokenizer_of(), settings_of(objective="task"), None, POS),
        *(("NOUN", "VERB"), 1),
    )
    assert sorted(one.id for one in found.examples) == [7, 9] and found.left_out == 1


def run(model: Any, sample: Sample, start: Sums | None = None, **changes: Any) -> list[Sums]:
    return list(estimate(model, sample, settings_of(mask=0.3, **changes), 42, start))


def same(first: Sums, second: Sums, exactly: bool = True) -> None:
    assert first[1:] == second[1:]
    assert list(first.values) == list(second.values)
    for name, value in first.values.items():
        other = second.values[name]
        if exactly:
            assert torch.equal(value, other), name
        else:
            largest = float(value.max())
            assert float((value - other).abs().max()) <= 1e-12 * largest + 1e-28, name


def first(sample: Sample, count: int) -> Sample:
    return sample._replace(examples=sample.examples[:count])


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_of_single_examples(kind: str) -> None:
    model, sample = language_model(kind), texts(kind, LENGTHS)
    found = run(model, sample, estimator="per_sample", sizes=[4, 7], examples=99)
    assert [sums.n for sums in found] == [sums.examples for sums in found] == [4, 7, 15]
    for sums in found:
        alone = run(model, first(sample, sums.n), estimator="per_sample")
        assert len(alone) == 1
        same(alone[0], sums, exactly=sums.n == 4)
    assert not any(sums.tensors or sums.clipped or sums.clipped_share for sums in found)


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_of_batches(kind: str) -> None:
    model, sample = language_model(kind), texts(kind, LENGTHS)
    clip = 0.5 if kind == "mt5" else 0.05
    found = run(model, sample, batch=4, clip=clip, sizes=[3, 8, 10, 11], examples=99)
    assert [sums.examples for sums in found] == [3, 8, 10, 11, 15]
    assert [sums.n for sums in found] == [1, 2, 3, 3, 4]
    for sums in found:
        (alone,) = run(model, first(sample, sums.examples), batch=4, clip=clip)
        same(alone, sums)
        assert sums.tensors == sums.n * len(theta(model))
        assert sums.clipped_share == sums.clipped / sums.tensors
    assert 0 < found[-1].clipped < found[-1].tensors


def test_sums_of_batches_are_those_of_the_released_loop() -> None:
    model, sample = language_model("bert"), texts("bert", LENGTHS)
    (found,) = run(model, sample, batch=4, clip=0.05)
    objective, parts = objective_of(model, sample, 0.3, 42, 0), theta(model)
    model.train()
    wanted = {part.name: torch.zeros_like(part.tensor) for part in parts}
    for number, begin in enumerate(range(0, 15, 4)):
        with torch.random.fork_rng():
            torch.manual_seed(named_seed(42, "dropout", number))
            loss = objective.mean(objective.work(range(begin, min(begin + 4, 15))))
        assert loss is not None
        for part, gradient in zip(
            parts, torch.autograd.grad(loss, [part.tensor for part in parts]), strict=True
        ):
            factor = (0.05 / (gradient.norm() + 1e-6)).clamp(max=1)
            wanted[part.name] += (gradient * factor) ** 2
    for name, value in wanted.items():
        torch.testing.assert_close(found.values[name], value.detach(), rtol=1e-12, atol=1e-30)


@pytest.mark.parametrize("estimator", ["per_sample", "batch_squared"])
def test_sums_go_on_from_a_file(estimator: str, tmp_path: Path) -> None:
    model, sample = language_model("roberta"), texts("roberta", LENGTHS)
    (begun,) = run(model, first(sample, 8), estimator=estimator)
    save_sums(tmp_path / "sums.safetensors", begun)
    kept = load_sums(tmp_path / "sums.safetensors")
    same(kept, begun)
    found = run(model, sample, kept, estimator=estimator, sizes=[4, 6], examples=99)
    same(kept, begun)
    wanted = run(model, sample, estimator=estimator, sizes=[8], examples=99)
    assert len(found) == 1
    same(found[0], wanted[-1])
    (whole,) = run(model, sample, estimator=estimator)
    same(whole, found[0], exactly=estimator == "batch_squared")


def test_a_sample_that_was_read_already_adds_nothing() -> None:
    model, sample = language_model("bert"), texts("bert", LENGTHS)
    (begun,) = run(model, sample)
    (found,) = run(model, sample, begun)
    same(found, begun)


def test_tasks_have_both_estimators() -> None:
    model, sample = task_model("qa", "bert")
    exact, batches = (
        run(model, sample, estimator=name, objective="task")[-1]
        for name in ("per_sample", "batch_squared")
    )
    assert (exact.n, batches.n) == (4, 1)
    name = "encoder.layer.0.output.dense.weight"
    assert float(exact.values[name].min()) > 0 and float(batches.values[name].min()) > 0


def test_sums_add_up() -> None:
    model, sample = language_model("bert"), texts("bert", LENGTHS)
    one, two = (
        run(model, sample._replace(examples=part), estimator="per_sample")[0]
        for part in (sample.examples[:6], sample.examples[6:])
    )
    (whole,) = run(model, sample, estimator="per_sample")
    same(add(one, two), whole, exactly=False)
    name = "encoder.layer.1.output.dense.bias"
    torch.testing.assert_close(mean(whole)[name], whole.values[name] / 15)
    with pytest.raises(ValueError, match="same tensors"):
        add(one, two._replace(values={}))
    with pytest.raises(ValueError, match="one or more"):
        mean(empty(model))


def test_the_mean_is_one_array_in_the_order_of_the_blocks(tmp_path: Path) -> None:
    values = {f"encoder.layer.{n}.a.weight": torch.full((2, n + 1), float(n)) for n in range(12)}
    save_sums(tmp_path / "s", Sums(values, 2, 5, 0, 0))
    sums = load_sums(tmp_path / "s")
    assert tensors_of(sums) == [(name, n + 1, 2 * n + 2) for n, name in enumerate(values)]
    found = flat_mean(sums)
    assert found.dtype == np.float32
    assert found.tolist() == [n / 2 for n in range(12) for _ in range(2 * n + 2)]


def test_files_of_sums_are_the_same_bytes(tmp_path: Path) -> None:
    model, sample = language_model("bert").float(), texts("bert", LENGTHS)
    for name in "ab":
        (found,) = run(model, sample, estimator="per_sample")
        save_sums(tmp_path / name, found)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no sums", encoding="utf-8")
    for name in ("text", "absent"):
        with pytest.raises(TableError, match=f"{name}: holds no sums"):
            load_sums(tmp_path / name)
    save_file({"a": torch.zeros(2)}, tmp_path / "bare")
    with pytest.raises(TableError, match="holds no sums"):
        load_sums(tmp_path / "bare")


def test_sums_of_another_encoder_are_refused() -> None:
    begun = empty(language_model("mt5"))
    with pytest.raises(EncoderError, match="not of this encoder"):
        run(language_model("bert"), texts("bert"), begun)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_the_hub_is_enough(kind: str, tmp_path: Path) -> None:
    if kind == "mt5":
        folder = save_mt5(tmp_path, whole=True)
    else:
        folder = save_encoder(tmp_path, kind)
        AutoModelForMaskedLM.from_pretrained(folder).save_pretrained(folder)
    tokenizer, model = load_tokenizer(folder), load_language_model(folder)
    if kind == "mt5":
        tokenizer.add_special_tokens({"additional_special_tokens": ["<extra_id_0>"]})
    assert room_of(model) == {"bert": 64, "roberta": 64, "mt5": None}[kind]
    settings = settings_of(sizes=[4])
    sample = sample_inputs(lines(20), "lines", tokenizer, settings, room_of(model), NLI, (), 1)
    found = list(estimate(model, sample, settings, 1))
    assert [sums.examples for sums in found] == [4, 8]
    assert tensors_of(found[-1]) == [
        (part.name, part.block, part.tensor.numel()) for part in theta(model)
    ]
    values = flat_mean(found[-1])
    assert values.dtype == np.float32 and (values >= 0).all() and (values > 0).mean() > 0.5
