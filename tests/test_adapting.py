"""An encoder that is trained on with raw text."""

from pathlib import Path
from typing import Any

import models
import pytest
import torch
from transformers import BertForMaskedLM

from isogloss.config.encoders import AdaptedEncoder, HubEncoder, PretrainedEncoder, one_for_each
from isogloss.encoders.load import load_encoder, load_language_model, load_tokenizer, weights_hash
from isogloss.errors import ConfigError, EncoderError
from isogloss.training.adapt import adapt
from isogloss.training.loop import _Tally

LINES = ["all cats see dogs", "some birds chase small cows", "no old dogs hear red cats", "zebu"]


def settings_of(**changes: Any) -> AdaptedEncoder:
    given: dict[str, Any] = {
        **{"kind": "adapted", "base": "small", "layers": 2, "languages": ["xx"]},
        **{
            "text": [{"corpus": "raw"}],
            "epochs": 3,
            "batch": 3,
            "learning_rate": 0.01,
            "max_length": 32,
        },
    }
    return AdaptedEncoder.model_validate(given | changes)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with its head for masked sub-words, as the hub has it."""
    folder = models.save_encoder(tmp_path_factory.mktemp("base"), "bert")
    size = len(load_tokenizer(folder))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        BertForMaskedLM(models.config_of("bert", vocab_size=size)).save_pretrained(folder)
    return folder


def test_all_weights_move_and_the_tokenizer_stays(base: Path, tmp_path: Path) -> None:
    curve = adapt(base, LINES * 5, settings_of(), tmp_path / "out")
    before, after = load_language_model(base), load_language_model(tmp_path / "out")
    still = [
        name
        for (name, old), (_, new) in zip(
            before.named_parameters(), after.named_parameters(), strict=True
        )
        if torch.equal(old, new)
    ]
    assert still == [] or all("token_type" in name or "position" in name for name in still)
    assert load_tokenizer(tmp_path / "out").get_vocab() == load_tokenizer(base).get_vocab()
    # Twenty lines in batches of three are seven steps in each of three epochs.
    assert curve["step"].iloc[-1] == 21
    assert load_encoder(tmp_path / "out", seed=0) is not None


def test_it_learns_the_text(base: Path, tmp_path: Path) -> None:
    curve = adapt(base, LINES * 40, settings_of(epochs=10, batch=8), tmp_path / "out")
    assert curve["loss"].iloc[-1] < 0.7 * curve["loss"].iloc[0]


def test_same_text_same_bytes_and_going_on_gives_the_same(base: Path, tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "two"):
        adapt(base, LINES * 5, settings_of(), tmp_path / name)
        hashes.append(weights_hash(load_language_model(tmp_path / name)))
    assert hashes[0] == hashes[1]
    # Stopped after its last saved state, and started again.
    state = tmp_path / "state"
    short = settings_of(save_every=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("isogloss.training.loop._Tally.close", _stopping(12))
        with pytest.raises(KeyboardInterrupt):
            adapt(base, LINES * 5, short, tmp_path / "three", state, "key")
    assert state.exists()
    adapt(base, LINES * 5, short, tmp_path / "three", state, "key")
    assert weights_hash(load_language_model(tmp_path / "three")) == hashes[0]


def _stopping(last: int) -> Any:
    close = _Tally.close

    def stop(self: Any, done: int) -> None:
        close(self, done)
        if done >= last:
            raise KeyboardInterrupt

    return stop


def test_long_lines_are_cut(base: Path, tmp_path: Path) -> None:
    long = " ".join(models.WORDS * 10)
    curve = adapt(base, [long], settings_of(max_length=16, epochs=1), tmp_path / "out")
    assert curve["tokens"].iloc[-1] == 16


@pytest.mark.parametrize("lines", [[], [""]])
def test_no_text_is_refused(base: Path, tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(EncoderError, match="the text to adapt to is empty"):
        adapt(base, lines, settings_of(), tmp_path / "out")


def test_another_depth_and_too_long_inputs_are_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="2 layers; the configuration says 3"):
        adapt(base, LINES, settings_of(layers=3), tmp_path / "out")
    with pytest.raises(EncoderError, match="positions for 64"):
        adapt(base, LINES, settings_of(max_length=100), tmp_path / "out")


def test_one_encoder_is_made_for_each_language() -> None:
    hub = HubEncoder.model_validate(
        {"kind": "hub", "repository": "a/b", "revision": "main", "layers": 12, "parameters": 178}
    )
    alone = PretrainedEncoder.model_validate(
        {"kind": "pretrained", "each": ["ug"], "text": [{"corpus": "raw"}], "layers": 6}
    )
    every = one_for_each(
        {
            "big": hub,
            "mlm": settings_of(base="big", layers=0, languages=[], each=["ug", "wo"]),
            "alone": alone,
            "two": settings_of(base="alone-ug", layers=0, languages=["ug", "wo"]),
        }
    )
    assert list(every) == ["big", "mlm-ug", "mlm-wo", "alone-ug", "two"]
    adapted = every["mlm-wo"]
    assert isinstance(adapted, AdaptedEncoder)
    assert (adapted.languages, adapted.each) == (["wo"], [])
    assert (adapted.layers, adapted.parameters) == (12, 178)
    assert every["two"].layers == 6


def test_a_name_that_is_taken_is_refused() -> None:
    given = {"mlm": settings_of(languages=[], each=["ug"]), "mlm-ug": settings_of()}
    with pytest.raises(ConfigError, match=r"encoders\.mlm\.each: found 'ug'"):
        one_for_each(given)
    with pytest.raises(ConfigError, match="both languages and each"):
        one_for_each({"mlm": settings_of(each=["ug"])})
