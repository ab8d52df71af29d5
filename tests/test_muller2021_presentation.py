"""Tables, figures and page of Muller et al. 2021, from made-up scores and similarities."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isogloss.config.learnt import MODELS
from isogloss.config.muller2021 import Muller2021, groups_of, targets_of
from isogloss.config.runs import reinitialised_recipe
from isogloss.papers.muller2021 import pictures
from isogloss.papers.muller2021.names import figure_names, table_names
from isogloss.papers.muller2021.presentation import CAPTIONS, Results, present
from isogloss.papers.muller2021.protocol import Configured, read_protocol
from isogloss.papers.muller2021.random_init import STUDY
from isogloss.papers.muller2021.unseen import PAIRS
from isogloss.papers.published import read_published
from isogloss.tables import arrange

METRICS = {"trees": "las", "tags": "accuracy", "names": "f1"}
NAMES = {"trees": "Parsing", "tags": "POS", "names": "NER"}
LAYERS = 4
LANGUAGES = {
    "ug": {"name": "Uyghur", "script": "arabic"},
    "wo": {"name": "Wolof", "script": "latin"},
    "aa": {"name": "Made-up", "script": "latin"},
    "ar": {"name": "Arabic", "script": "arabic"},
}
UNSEEN = {
    "encoders": {"original": {"adapted": "mlm", "alone": "own", "baseline": "lstm"}},
    "tasks": {
        name: {
            "task": task,
            "recipe": "short",
            "baseline_recipe": "words",
            "languages": ["ug", "wo", "aa"],
            "controls": ["ar"],
            "latin": {"task": f"{task}-latin", "languages": ["ug", "ar"]},
            "permuted": {"task": f"{task}-permuted", "languages": ["ug"]},
        }
        for task, name in list(NAMES.items())[:2]
    },
}


def settings(**changes: Any) -> Muller2021:
    raw: dict[str, Any] = {
        "encoder": "small",
        "tasks": {
            name: {"task": task, "recipe": "short", "seeds": [1, 2]} for task, name in NAMES.items()
        },
        "sources": ["en", "ru", "ar"],
        "targets": ["ar", "de", "fr", "ru", "tr"],
        "alignment": {"texts": {"pud": {"corpus": "pud"}, "news": {"corpus": "ntrex"}}},
        "unseen": UNSEEN,
        "resamples": 100,
        "permutations": 99,
    }
    return Muller2021.model_validate({**raw, **changes})


def scores(study: Muller2021) -> pd.DataFrame:
    """New lower layers cost 10 points in other languages and 1 in the same, upper ones nothing."""
    rows = []
    for item, source in itertools.product(study.tasks.values(), study.sources):
        for seed, group in itertools.product(item.seeds, [(), *groups_of(study, LAYERS)]):
            recipe = reinitialised_recipe(item.recipe, group) if group else item.recipe
            lower = bool(group) and max(group) <= LAYERS // 2
            for place, target in enumerate([source, *targets_of(study, source)]):
                value = (90.0 if target == source else 60.0 - 5 * place) + seed / 10
                value -= (1 if target == source else 10) * lower
                run = (study.encoder, item.task, source, recipe, seed)
                metric = METRICS[item.task]
                rows.append((*run, target, "test", metric, value, 100))
    columns = ["encoder", "task", "trained_on", "recipe", "seed", "language", "split", "metric"]
    return pd.DataFrame(rows, columns=[*columns, "value", "n"])


def similarity(study: Muller2021) -> pd.DataFrame | None:
    """Rises from layer to layer; the nearer a target stands to its source's place, the higher."""
    if study.alignment is None:
        return None
    asked = study.alignment
    models: list[tuple[str, str, str, int]] = [("-", "-", "-", 0)]
    models += [
        (item.task, source, item.recipe, seed)
        for item in study.tasks.values()
        for source in study.sources
        for seed in item.seeds
    ]
    rows = []
    for model, text in itertools.product(models, asked.texts):
        for protocol, index in itertools.product(asked.protocols, asked.indices):
            if protocol == "authors" and index != "rbf_cka":
                continue
            for source in study.sources if model[1] == "-" else [model[1]]:
                for place, target in enumerate(targets_of(study, source)):
                    for layer in range(LAYERS + 1):
                        value = 0.4 + 0.1 * min(layer, 2) - 0.02 * place + 0.001 * model[3]
                        names = (text, protocol, index, source, target, layer)
                        rows.append((study.encoder, *model, *names, 500, value))
    columns = ["encoder", "task", "trained_on", "recipe", "seed", "text", "protocol", "index"]
    return pd.DataFrame(rows, columns=[*columns, "source", "target", "layer", "n", "value"])


def contrasts(study: Muller2021) -> pd.DataFrame | None:
    """Uyghur is Hard and gains from Latin letters, Wolof Intermediate, the made-up one a tie."""
    if study.unseen is None:
        return None
    means = {
        "ug": dict(zip(MODELS, (30.0, 35.0, 40.0, 60.0), strict=True)),
        "wo": dict(zip(MODELS, (50.0, 70.0, 40.0, 60.0), strict=True)),
        "aa": dict(zip(MODELS, (61.0, 70.0, 40.0, 60.0), strict=True)),
        "ar": {"pretrained": 80.0},
    }
    added = {"original": 0.0, "latin": 20.0, "permuted": -15.0}
    rows = []
    for item in study.unseen.tasks.values():
        writings = {"original": [*item.languages, *item.controls]}
        writings |= {"latin": item.latin.languages} if item.latin else {}
        writings |= {"permuted": item.permuted.languages} if item.permuted else {}
        for writing, languages in writings.items():
            for language in languages:
                own = means[language]
                cell = (item.task, language, METRICS[item.task])
                for model, other in PAIRS:
                    if model in own and other in own:
                        values = (own[model] + added[writing], own[other] + added[writing])
                        rows.append((*cell, model, writing, other, writing, *values))
                for model in own if writing != "original" else ():
                    extra = added[writing] if language == "ug" else -1.0
                    values = (own[model] + extra, own[model])
                    rows.append((*cell, model, writing, model, "original", *values))
    columns = ["task", "language", "metric", "model", "writing", "other_model", "other_writing"]
    frame = pd.DataFrame(rows, columns=[*columns, "value", "other_value"])
    gain = frame["value"] - frame["other_value"]
    return frame.assign(difference=gain, low=gain - 2, high=gain + 2, n=100, seeds=2)


def results(root: Path, study: Muller2021) -> Results:
    published = read_published(root / "resources" / "published" / "published.csv")
    return Results(
        settings=study,
        scores=scores(study),
        similarity=similarity(study),
        contrasts=contrasts(study),
        names=NAMES,
        metrics=METRICS,
        layers=LAYERS,
        languages=LANGUAGES,
        rows={} if study.unseen is None else {"ug": 105000, "wo": 900, "aa": 5},
        published=published[published["study"] == STUDY].reset_index(drop=True),
        protocol=read_protocol(root / "resources" / "protocols" / "muller2021.csv"),
        configured=Configured({}, {}, {}, {}),
        steps=1500,
    )


@pytest.fixture(scope="module")
def made(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Folder and comparison of the whole study, drawn."""
    folder = tmp_path_factory.mktemp("muller2021")
    return folder, present(folder, results(root, settings()))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Panels by figure, which are not drawn."""
    found: dict[str, list[Any]] = {}

    def keep(panels: list[Any], stem: Path) -> None:
        found[stem.name] = panels
        for kind in ("svg", "pdf", "png"):
            stem.with_name(f"{stem.name}.{kind}").write_text("<svg></svg>", encoding="utf-8")

    for name in ("draw_lines", "draw_bars"):
        monkeypatch.setattr(pictures, name, keep)
    return found


def expected(study: Muller2021) -> set[str]:
    """Names of all files that the rule declares, without the comparison's table."""
    tables = {f"{name}.{kind}" for name in table_names(study) for kind in ("csv", "md", "tex")}
    kinds = ("svg", "pdf", "png", "csv", "md", "tex")
    return tables | {f"{name}.{kind}" for name in figure_names(study) for kind in kinds}


def test_no_figure_has_the_name_of_a_table() -> None:
    assert not set(figure_names(settings())) & set(table_names(settings()))


def test_made_up_tables_are_of_their_kinds() -> None:
    for kind, frame in (
        ("scores", scores(settings())),
        ("similarity", similarity(settings())),
        ("contrasts", contrasts(settings())),
    ):
        assert frame is not None and arrange(kind, frame).num_rows == len(frame)


def test_everything_declared_is_written(made: tuple[Path, pd.DataFrame]) -> None:
    folder, comparison = made
    found = {path.name for path in folder.iterdir()}
    assert found == expected(settings()) | {"index.html"}
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(figure_names(settings()))
    assert "pretrained here for 1,500 steps" in page and "minus the gap" in page
    assert arrange("comparison", comparison).num_rows == len(comparison)


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(
    "changes",
    [
        {"alignment": None},
        {"unseen": None},
        {"alignment": None, "unseen": None},
        {"groups": [[1, 2, 3], [4]]},
        {"sources": ["en"], "targets": ["de", "fr"]},
    ],
)
def test_what_is_not_asked_for_is_left_out(
    root: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    study = settings(**changes)
    comparison = present(tmp_path, results(root, study))
    assert {path.name for path in tmp_path.iterdir()} == expected(study) | {"index.html"}
    assert not comparison["status"].str.contains("no reason").any()


@pytest.mark.usefixtures("drawn")
def test_without_other_writings_there_is_no_transliteration(root: Path, tmp_path: Path) -> None:
    tasks = {
        name: {**item, "latin": None, "permuted": None} for name, item in UNSEEN["tasks"].items()
    }
    study = settings(unseen={**UNSEEN, "tasks": tasks})
    present(tmp_path, results(root, study))
    found = {path.name for path in tmp_path.iterdir()}
    assert found == expected(study) | {"index.html"}
    assert "transliteration.csv" not in found and "unseen.csv" in found


@pytest.mark.usefixtures("drawn")
def test_one_seed_and_one_target_are_enough(root: Path, tmp_path: Path) -> None:
    task = {"task": "tags", "recipe": "short", "seeds": [1]}
    study = settings(tasks={"POS": task}, sources=["en"], targets=["de"], unseen=None)
    comparison = present(tmp_path, results(root, study))
    table = pd.read_csv(tmp_path / "random_init.csv")
    assert table["low"].isna().all() and set(table["row"]) == {"en-en", "en-X_mean"}
    assert pd.read_csv(tmp_path / "gap.csv")["value"].isna().all()
    status = comparison.set_index(["item", "row", "column"])["status"]
    assert status["xgap", "pos", "spearman"].endswith("no spread among them")


@pytest.mark.usefixtures("drawn")
def test_same_input_same_bytes(root: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        present(tmp_path / name, results(root, settings()))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_every_table_says_what_is_ours() -> None:
    ours = {name for name, caption in CAPTIONS.items() if "ours" in caption}
    assert ours == set(CAPTIONS)


def test_comparison_says_why_a_number_is_missing(made: tuple[Path, pd.DataFrame]) -> None:
    _, comparison = made
    status = comparison.set_index(["item", "row", "column"])["status"]
    assert status["random_init_parsing", "en-en", "REF"] == "differs by +1.17"  # 90.15 - 88.98
    assert status["random_init_parsing", "en-X_mean", "1-2"] == "differs by +5.77"  # -10 + 15.77
    assert "the encoder has 4 layers" in status["random_init_parsing", "ru-ru", "11-12"]
    assert status["random_init_pos", "ru-ru", "1-2"] == "not published"
    assert status["mbert_parsing", "en", "fr"].startswith("differs")
    assert status["xgap", "ner", "spearman"].startswith("differs")
    assert status["unseen_languages", "Uyghur", "sentences"] == "matched"
    assert status["unseen_languages", "aa", "sentences"] == "not published"
    assert status["unseen_languages", "Maltese", "sentences"] == (
        "not attempted: Maltese is no unseen language of this run"
    )
    assert not comparison["status"].str.contains("no reason").any()
    # every printed number is there
    assert comparison["published"].notna().sum() == 42 + 5 + 3 + 15


def test_numbers_of_figures_are_those_drawn(
    root: Path, tmp_path: Path, drawn: dict[str, list[Any]]
) -> None:
    present(tmp_path, results(root, settings()))
    panels = drawn["random_init-layers"]
    numbers = pd.read_csv(tmp_path / "random_init-layers.csv")
    assert [panel.title for panel in panels] == ["Parsing", "POS", "NER"]
    assert sum(len(panel.values) for panel in panels) == len(numbers) == 3 * 6 * 2
    assert np.isclose(numbers.loc[numbers["group"] == "3-4", "value"], 0).all()
    texts = [name for name in drawn if name.startswith("similarity-")]
    assert texts == ["similarity-pud", "similarity-news"]
    curves = pd.read_csv(tmp_path / "similarity-pud.csv")
    assert len(drawn["similarity-pud"]) == 6
    assert sum(len(panel.values) for panel in drawn["similarity-pud"]) == len(curves)
