"""One pass yields the predictions and states that each example gets alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from models import pairs

from isogloss.config import Task
from isogloss.encoders.load import load_encoder, load_tokenizer
from isogloss.tables import arrange
from isogloss.tasks import nli
from isogloss.training import score
from isogloss.training.evaluate import Evaluation, score_frame

TASK = Task(kind="nli", corpus="family", max_length=12)
TESTS = {"en": pairs(30, seed=4), "de": pairs(20, seed=5).assign(id=lambda frame: frame["id"] + 7)}


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches on the CPU, so that there are several."""
    monkeypatch.setattr(score, "pick_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(score, "TOKENS", {"cpu": 64})


def model_of(folder: Path) -> nli.Classifier:
    """Encoder and a head that answers with each label about as often."""
    model = nli.Classifier(load_encoder(folder, 0), seed=2)
    texts = TESTS["en"]["premise"].tolist()
    inputs = load_tokenizer(folder)(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model.output(model.encoder(**inputs).pooler_output)
        model.output.bias -= logits.mean(0)
    return model


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_pass_equals_examples_alone(encoder_folder: Path, pooling: str) -> None:
    model, tokenizer = model_of(encoder_folder), load_tokenizer(encoder_folder)
    evaluation = Evaluation(model.encoder, tokenizer, TASK, pooling, model.train())
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
                logits = model.output(output.pooler_output)[0]
            layers = torch.stack(output.hidden_states)[:, 0]
            special = torch.isin(inputs["input_ids"][0], torch.tensor(tokenizer.all_special_ids))
            wanted = layers[:, 0] if pooling == "cls" else layers[:, ~special].mean(1)
            np.testing.assert_allclose(states[place], wanted.numpy(), rtol=2e-3, atol=1e-4)
            row = answers.loc[(language, number)]
            assert row["label"] == label
            assert row["prediction"] == nli.LABELS[int(logits.argmax())]


def test_an_encoder_without_head_has_states_only(bert_folder: Path) -> None:
    tokenizer = load_tokenizer(bert_folder)
    inputs = nli.features(TESTS["en"], tokenizer, 12).inputs
    encoder = load_encoder(bert_folder, 0)
    found = score.run_pass(encoder, inputs, 0, tokenizer.all_special_ids, ["cls", "mean"])
    assert found.predictions is None
    assert found.states.keys() == {"cls", "mean"}
    assert not np.array_equal(found.states["cls"], found.states["mean"])
    model = model_of(bert_folder)
    predictions = score.predict(model, inputs, 0)
    assert predictions == score.run_pass(model.encoder, inputs, 0, head=model).predictions


def test_scores_per_language(bert_folder: Path) -> None:
    model, tokenizer = model_of(bert_folder), load_tokenizer(bert_folder)
    evaluation = Evaluation(model.encoder, tokenizer, TASK, "cls", model)
    list(evaluation.passes(TESTS))
    predictions = evaluation.predictions()
    frame = score_frame(predictions, "test")
    assert frame["language"].tolist() == ["de", "en"]
    assert frame["n"].tolist() == [20, 30]
    for language, value in zip(frame["language"], frame["value"], strict=True):
        rows = predictions[predictions["language"] == language]
        assert value == pytest.approx(100 * (rows["label"] == rows["prediction"]).mean())
    run = {"encoder": "e", "task": "t", "trained_on": "en", "recipe": "r"}
    arrange("scores", frame.assign(**run, seed=1))
