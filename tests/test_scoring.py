"""One pass yields the predictions and states that each example gets alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from models import WORDS, pairs

from isogloss.config.tasks import Nli, Pos
from isogloss.corpora.conllu import UPOS
from isogloss.encoders.load import load_encoder, load_tokenizer
from isogloss.metrics.labels import accuracy
from isogloss.metrics.standard import score_frame
from isogloss.tables import arrange
from isogloss.tasks import nli, pos
from isogloss.tasks.pairs import Classifier
from isogloss.tasks.tagging import Tagger
from isogloss.training import score
from isogloss.training.evaluate import Evaluation
from isogloss.training.model import Model

TASK = Nli(kind="nli", corpus="family", max_length=12)
TESTS = {"en": pairs(30, seed=4), "de": pairs(20, seed=5).assign(id=lambda frame: frame["id"] + 7)}


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches on the CPU, so that there are several."""
    monkeypatch.setattr(score, "pick_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(score, "TOKENS", {"cpu": 64})


def model_of(folder: Path) -> Model:
    """Encoder and a head that answers with each label about as often."""
    encoder = load_encoder(folder, 0)
    model = Model(encoder, Classifier(encoder, 3, True, seed=2)).eval()
    texts = TESTS["en"]["premise"].tolist()
    inputs = load_tokenizer(folder)(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model.head.output(encoder(**inputs).pooler_output)
        model.head.output.bias -= logits.mean(0)
    return model


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_pass_equals_examples_alone(encoder_folder: Path, pooling: str) -> None:
    model, tokenizer = model_of(encoder_folder), load_tokenizer(encoder_folder)
    model.train()
    evaluation = Evaluation(model.encoder, tokenizer, TASK, nli.LABELS, pooling, model.head)
    passes = {language: (ids, states) for language, ids, states in evaluation.passes(TESTS)}
    predictions = evaluation.predictions()
    arrange("predictions", predictions)
    assert len(set(predictions["prediction"])) >= 2
    answers = predictions.set_index(["language", "id"])
    model.eval()
    for language, frame in TESTS.items():
        ids, states = passes[language]
        assert ids.tolist() == frame["id"].tolist()
        assert states.shape == (len(frame), 3, 16)
        assert states.dtype == np.float16
        for place, (number, premise, hypothesis, label) in enumerate(frame.itertuples(index=False)):
            inputs = tokenizer(
                premise, hypothesis, truncation=True, max_length=12, return_tensors="pt"
            )
            with torch.inference_mode():
                output = model.encoder(**inputs, output_hidden_states=True)
                logits = model.head.output(output.pooler_output)[0]
            layers = torch.stack(output.hidden_states)[:, 0]
            special = torch.isin(inputs["input_ids"][0], torch.tensor(tokenizer.all_special_ids))
            wanted = layers[:, 0] if pooling == "cls" else layers[:, ~special].mean(1)
            np.testing.assert_allclose(states[place], wanted.numpy(), rtol=2e-3, atol=1e-4)
            row = answers.loc[(language, number)]
            assert row["label"] == label
            assert row["prediction"] == nli.LABELS[int(logits.argmax())]


@pytest.mark.parametrize("subword", ["first", "last"])
def test_examples_of_several_windows(
    encoder_folder: Path, subword: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "TOKENS", {"cpu": 40})
    task = Pos.model_validate(
        {"kind": "pos", "corpus": "x", "max_length": 9, "context": 3, "subword": subword}
    )
    generator = np.random.default_rng(0)
    forms = [generator.choice(WORDS, size).tolist() for size in (3, 20, 1, 7, 12, 5)]
    frame = pd.DataFrame({"id": np.arange(6) + 4, "form": forms})
    frame["tag"] = [["NOUN"] * len(words) for words in forms]
    tokenizer, encoder = load_tokenizer(encoder_folder), load_encoder(encoder_folder, 0)
    features = pos.features(frame, tokenizer, task, UPOS)
    assert [len(windows) for windows in features.windows][1:3] == [5, 1]
    head = Tagger(encoder, 17, seed=1)
    special = torch.tensor(tokenizer.all_special_ids)
    pad = tokenizer.pad_token_id
    found = score.run_pass(encoder, features, pad, special.tolist(), ["cls", "mean"], head)
    assert found.decoded is not None
    assert found.tokens == sum(len(ids) for item in features.windows for ids, _ in item)
    ends = []
    for place, windows in enumerate(features.windows):
        layers, plain = [], []
        for ids, types in windows:
            inputs = {"input_ids": torch.from_numpy(ids)[None]}
            inputs["token_type_ids"] = torch.from_numpy(types)[None]
            with torch.inference_mode():
                output = encoder(**inputs, output_hidden_states=True).hidden_states
            layers.append(torch.stack(output)[:, 0])
            plain.append(layers[-1][:, ~torch.isin(inputs["input_ids"][0], special)])
        alone = {"cls": layers[0][:, 0], "mean": torch.cat(plain, 1).mean(1)}
        for pooling, wanted in alone.items():
            mine = found.states[pooling][place]
            np.testing.assert_allclose(mine, wanted.numpy(), rtol=2e-3, atol=2e-4)
        reached = [layers[window][-1, offset] for window, offset in features.points[place]]
        tags = head.output(torch.stack(reached)).argmax(-1)
        assert found.decoded[place].tolist() == tags.tolist()
        assert len(tags) == len(forms[place])
        ends.append(layers[-1][:, -1].numpy())
    places = [(len(item) - 1, len(item[-1].ids) - 1) for item in features.windows]
    last = features._replace(first=np.array(places))
    states = score.run_pass(encoder, last, pad, (), ["cls"]).states["cls"]
    np.testing.assert_allclose(states, np.stack(ends), rtol=2e-3, atol=2e-4)


def test_an_encoder_without_head_has_states_only(bert_folder: Path) -> None:
    tokenizer = load_tokenizer(bert_folder)
    features = nli.features(TESTS["en"], tokenizer, TASK)
    encoder = load_encoder(bert_folder, 0)
    found = score.run_pass(encoder, features, 0, tokenizer.all_special_ids, ["cls", "mean"])
    assert found.decoded is None
    assert found.tokens == sum(features.lengths) <= found.processed < 1.1 * found.tokens
    assert found.states.keys() == {"cls", "mean"}
    assert not np.array_equal(found.states["cls"], found.states["mean"])
    model = model_of(bert_folder)
    marks = tokenizer.all_special_ids
    plain = score.run_pass(model.encoder, features, 0, head=model.head)
    whole = score.run_pass(model.encoder, features, 0, marks, ["cls"], model.head)
    assert plain.states == {}
    assert plain.decoded is not None and whole.decoded is not None
    np.testing.assert_array_equal(np.stack(plain.decoded), np.stack(whole.decoded))
    assert len(np.unique(np.stack(plain.decoded))) >= 2


def test_scores_per_language(bert_folder: Path) -> None:
    model, tokenizer = model_of(bert_folder), load_tokenizer(bert_folder)
    evaluation = Evaluation(model.encoder, tokenizer, TASK, nli.LABELS, None, model.head)
    list(evaluation.passes(TESTS))
    predictions = evaluation.predictions()
    frame = score_frame(accuracy, predictions, "test")
    assert frame["language"].tolist() == ["de", "en"]
    assert frame["n"].tolist() == [20, 30]
    assert set(frame["metric"]) == {"accuracy"}
    for language, value in zip(frame["language"], frame["value"], strict=True):
        rows = predictions[predictions["language"] == language]
        assert value == pytest.approx(100 * (rows["label"] == rows["prediction"]).mean())
    run = {"encoder": "e", "task": "t", "trained_on": "en", "recipe": "r"}
    arrange("scores", frame.assign(**run, seed=1))
