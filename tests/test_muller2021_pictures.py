"""Figures of Muller et al. 2021: which panels, series and numbers they have."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_muller2021_presentation import LAYERS, METRICS, NAMES, contrasts, scores, settings

from isogloss.papers.muller2021 import pictures, random_init, tables

SHOWN = {NAMES[task]: metric for task, metric in METRICS.items()}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Panels by figure, which are not drawn."""
    found: dict[str, list[Any]] = {}

    def keep(panels: list[Any], stem: Path) -> None:
        found[stem.name] = panels

    for name in ("draw_lines", "draw_bars"):
        monkeypatch.setattr(pictures, name, keep)
    return found


def model_scores() -> pd.DataFrame:
    frame = contrasts(settings())
    assert frame is not None
    found = tables.model_scores(frame)
    return tables.in_order(found.assign(task=found["task"].map(NAMES)), settings())


def test_each_source_has_two_bars_in_a_group(drawn: dict[str, list[Any]]) -> None:
    study = settings()
    table = random_init.table(random_init.changes(scores(study), study, NAMES, METRICS, LAYERS))
    pictures.draw_changes(pictures.by_group(table, study), Path("f"), SHOWN)
    panels = drawn["f"]
    assert [panel.value_label for panel in panels] == [
        "change of LAS, points",
        "change of accuracy, points",
        "change of F1, points",
    ]
    values = panels[0].values.set_index(["group", "series"])["value"]
    assert values["1-2", "en-en"] == pytest.approx(-1)
    assert values["1-2", "ar-X_mean"] == pytest.approx(-10)
    assert values["3-4", "ar-X_mean"] == pytest.approx(0)


def test_many_sources_are_averaged() -> None:
    study = settings(sources=["en", "ru", "ar", "de", "fr"])
    table = random_init.table(random_init.changes(scores(study), study, NAMES, METRICS, LAYERS))
    found = pictures.by_group(table, study)
    assert list(dict.fromkeys(found["series"])) == ["same language", "others"]
    assert len(found) == 3 * 2 * 2
    value = found.set_index(["task", "group", "series"])["value"]
    assert value["NER", "1-2", "others"] == pytest.approx(-10)
    assert value["NER", "1-2", "same language"] == pytest.approx(-1)


def test_only_the_panel_that_is_compared_has_the_talks_levels(drawn: dict[str, list[Any]]) -> None:
    rows = [
        (protocol, index, task, layer, 0.1 * layer)
        for protocol, index in (("mean", "cka"), ("mean", "rsa"), ("authors", "rbf_cka"))
        for task in ("Parsing", "NER")
        for layer in range(3)
    ]
    frame = pd.DataFrame(rows, columns=["protocol", "index", "task", "layer", "value"])
    pictures.draw_gap(frame, Path("f"), {"Parsing": 0.76, "POS": 0.74}, ("mean", "cka"))
    panels = drawn["f"]
    assert [panel.title for panel in panels] == ["linear CKA", "RSA", "RBF CKA, authors' script"]
    assert [len(panel.references) for panel in panels] == [1, 0, 0]
    assert panels[0].references[0].value == 0.76


def test_unseen_languages_have_four_bars_and_controls_none(drawn: dict[str, list[Any]]) -> None:
    own = pictures.of_unseen(model_scores(), settings())
    pictures.draw_models(own, Path("f"), ["Parsing", "POS", "NER"])
    panels = drawn["f"]
    assert [panel.title for panel in panels] == ["Parsing", "POS"]
    values = panels[0].values
    assert list(dict.fromkeys(values["group"])) == ["ug", "wo", "aa"]
    assert list(values["series"][:4]) == list(pictures.MODELS.values())
    assert list(values["value"][:4]) == [30, 35, 40, 60]


def test_writings_are_drawn_where_there_are_two(drawn: dict[str, list[Any]]) -> None:
    pictures.draw_writings(model_scores(), Path("f"), ["Parsing", "POS"])
    panels = drawn["f"]
    assert [panel.title for panel in panels] == [
        *("Parsing, pretrained", "Parsing, adapted"),
        *("POS, pretrained", "POS, adapted"),
    ]
    first = panels[0].values.set_index(["group", "series"])["value"]
    assert first.to_dict() == {
        ("ug", "own letters"): 30,
        ("ug", "Latin letters"): 50,
        ("ug", "letters exchanged"): 15,
        ("ar", "own letters"): 80,
        ("ar", "Latin letters"): 79,
    }
    assert set(panels[1].values["group"]) == {"ug"}


@pytest.mark.parametrize(
    ("metric", "words"),
    [("las", "LAS"), ("las_without_punctuation", "LAS without punctuation"), ("f1", "F1")],
)
def test_metrics_in_words(metric: str, words: str) -> None:
    assert pictures.measured(metric) == words
