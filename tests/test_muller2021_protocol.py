"""The file of settings of Muller et al. 2021, and what a configuration has beside it."""

from pathlib import Path
from typing import Any

import pytest

from isogloss.config.encoders import AdaptedEncoder, BilstmEncoder, PretrainedEncoder
from isogloss.config.muller2021 import Muller2021
from isogloss.config.recipes import Recipe
from isogloss.config.tasks import task_of
from isogloss.errors import TableError
from isogloss.papers.muller2021.names import configured_names, encoder_names
from isogloss.papers.muller2021.protocol import (
    COLUMNS,
    Configured,
    given,
    protocol_table,
    read_protocol,
)

NOTHING = Configured({}, {}, {}, {})
METRICS = {"trees": "las", "tags": "accuracy", "spans": "f1"}


def settings(**changes: Any) -> Muller2021:
    unseen = {
        "task": "trees",
        "recipe": "short",
        "baseline_recipe": "words",
        "languages": ["ug", "wo"],
        "controls": ["ar"],
        "latin": {"task": "trees-latin", "languages": ["ug", "ar"]},
    }
    raw: dict[str, Any] = {
        "encoder": "small",
        "tasks": {
            "Parsing": {"task": "trees", "recipe": "short", "seeds": [1, 2]},
            "NER": {"task": "spans", "recipe": "long", "seeds": [1]},
        },
        "sources": ["en", "ru"],
        "targets": ["de", "fr", "ru"],
        "alignment": {"texts": {"pud": {"corpus": "lines"}}, "sentences": 200},
        "unseen": {
            "encoders": {"original": {"adapted": "mlm", "alone": "own", "baseline": "lstm"}},
            "tasks": {"Parsing": unseen},
        },
    }
    return Muller2021.model_validate({**raw, **changes})


def configured() -> Configured:
    """Parts of a configuration, as a rule hands them over."""
    text = [{"corpus": "raw"}]
    encoders = {
        "mlm-ug": AdaptedEncoder(kind="adapted", base="small", text=text, epochs=2),
        "own-ug": PretrainedEncoder(kind="pretrained", text=text, steps=1500),
        "lstm-ug": BilstmEncoder(kind="bilstm", text=text, vocabulary=2000),
    }
    recipes = {"short": Recipe(epochs=3), "long": Recipe(steps=1200, learning_rate=1e-4)}
    tasks = {
        "trees": task_of({"kind": "parsing", "corpus": "ud"}),
        "spans": task_of({"kind": "ner", "corpus": "names"}),
    }
    return Configured(
        tasks={name: item.model_dump(mode="json") for name, item in tasks.items()},
        recipes={name: item.model_dump(mode="json") for name, item in recipes.items()},
        encoders={name: item.model_dump(mode="json") for name, item in encoders.items()},
        corpora={"ud": "ud-2.7", "names": "wikiann", "raw": "wikipedia"},
    )


@pytest.fixture
def file(root: Path) -> Path:
    return root / "resources" / "protocols" / "muller2021.csv"


def test_the_file_is_accepted_and_marks_what_is_ours(file: Path) -> None:
    protocol = read_protocol(file)
    assert list(protocol.columns) == COLUMNS
    origin = protocol.set_index("setting")["origin"]
    # not in the talk, and without a value in the code
    for setting in ("targets", "treebank of en", "epochs", "learning rate", "batch", "seeds"):
        assert origin[setting] == "ours", setting
    assert origin["sources"] == origin["rule of categories"] == "talk"
    assert origin["kernel of rbf_cka"] == "code"


def test_all_that_a_configuration_says_is_a_setting_of_the_file(file: Path) -> None:
    found = given(settings(), 4, METRICS, configured())
    known = set(read_protocol(file)["setting"])
    assert set(found) <= known
    assert given(settings(alignment=None, unseen=None), 4, METRICS, NOTHING).keys() <= known


def test_settings_are_taken_from_the_configuration(file: Path) -> None:
    table = protocol_table(read_protocol(file), settings(), 4, METRICS, configured())
    assert list(table.columns) == ["setting", "whole study", "here", "origin", "reason"]
    here = table.set_index("setting")["here"]
    assert here["encoder"] == "small, 4 layers"
    assert here["layers that start anew"] == "pairs of consecutive layers: 1-2, 3-4"
    assert here["targets"] == "3: de, fr, ru"
    assert here["seeds"] == "Parsing 2: 1, 2; NER 1: 1"
    assert here["epochs"] == "Parsing 3 epochs; NER 1,200 steps"
    assert here["batch"] == "32"
    assert here["learning rate"] == "Parsing 2e-05, linear decay; NER 0.0001, linear decay"
    assert here["scores"] == "Parsing las, NER f1"
    assert here["treebank of ru"] == here["test sets of targets"] == "ud-2.7"
    assert here["treebank of ar"] == ""
    assert here["names"] == "wikiann"
    assert here["parser"] == "biaffine, arcs 500, relations 100, dropout 0.33"
    assert here["number of sentences"] == "200"
    assert here["index of similarity"] == "cka; beside it rbf_cka, svcca, rsa, retrieval"
    assert here["adaptation"].startswith("MLM, 2 epochs, batch 8, up to 128 sub-words")
    assert here["model on the language alone"].endswith("vocabulary of 2,500, 1,500 steps")
    assert here["baseline"].startswith("BiLSTM, 2 layers")
    assert here["raw text"] == "wikipedia"
    assert here["transliterated languages"] == "ug, ar"
    assert here["permuted letters"] == "none"
    assert here["training on unseen languages"] == "3 epochs, learning rate 2e-05"
    assert here["training of the baseline"] == "words"  # not handed over
    assert here["clipping"] == "gradient norm 1"


def test_what_is_left_out_has_no_settings_here() -> None:
    found = given(settings(alignment=None, unseen=None), 4, METRICS, configured())
    assert "index of similarity" not in found and "raw text" not in found
    study = settings()
    assert study.unseen is not None
    encoders = {"original": {"adapted": "mlm", "baseline": "lstm"}}
    less = settings(unseen={**study.unseen.model_dump(), "encoders": encoders})
    assert given(less, 4, METRICS, configured())["model on the language alone"] == "not in this run"


def test_sets_of_layers_are_named() -> None:
    found = given(settings(groups=[[1], [4, 2]]), 4, METRICS, NOTHING)
    assert found["layers that start anew"] == "sets of layers: 1, 2-4"


def test_names_that_a_study_uses() -> None:
    assert configured_names(settings()) == {
        "tasks": ["trees", "spans"],
        "recipes": ["short", "long", "words"],
        "encoders": ["small", "mlm-ug", "own-ug", "lstm-ug"],
    }
    assert encoder_names(settings(unseen=None)) == {}
    assert configured_names(settings(unseen=None))["encoders"] == ["small"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("epochs,3,guess,reason", "3: an unknown origin; allowed: talk, code, ours"),
        ("batch,32,ours,reason", "3: a setting that stands above too"),
        ("epochs,,ours,reason", "3: an empty cell"),
    ],
)
def test_mistakes_in_the_file_are_told(tmp_path: Path, row: str, message: str) -> None:
    file = tmp_path / "protocol.csv"
    file.write_text(f"setting,value,origin,reason\nbatch,32,ours,x\n{row}\n", encoding="utf-8")
    with pytest.raises(TableError, match=rf"protocol.csv:{message}"):
        read_protocol(file)
    file.write_text("setting,value\nbatch,32\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"protocol.csv:1: columns"):
        read_protocol(file)
