"""Tables and figures of the study of Yun et al. 2023, from rankings whose values are known."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_xsns2023 import CODES, SCORES, gold_of

from isogloss.config.studies import Xsns2023
from isogloss.figures.bars import BarPanel
from isogloss.papers.published import read_published
from isogloss.papers.xsns2023 import pictures
from isogloss.papers.xsns2023.gold import choices, gaps
from isogloss.papers.xsns2023.presentation import absences
from isogloss.papers.xsns2023.regressions import MULTIPLE, SINGLE
from isogloss.papers.xsns2023.tables import (
    STUDY,
    Study,
    advantages,
    cells,
    table1,
    table2,
    table4,
)

TASKS = ("NER", "POS", "NLI", "PI", "QA")
PREDICTORS = {
    "X-SNS": ("text", "labels", "wikipedia", "authors"),
    "EMB": ("layer 1", "last"),
    "L2V": ("-",),
    "LEX": ("-",),
    "SuE": ("text", "original"),
    "random": ("-",),
    "usual": ("de",),
    "oracle": ("-",),
    "script": ("-",),
    "subwords": ("-",),
}
METRICS = ("pearson", "spearman", "top1", "ndcg_ranks", "ndcg_scores")


def settings_of(*tasks: str, **changes: Any) -> Xsns2023:
    wanted = {key: {"task": key.lower(), "recipe": "r", "languages": CODES} for key in tasks}
    return Xsns2023.model_validate(
        {
            "encoder": "small",
            "tasks": wanted,
            "subnetworks": {"T/T": "labels", "T/L": "text", "W/L": "wikipedia"},
            "others": ["authors"],
            "models": {"mBERT": "multi", "XLM-R": "small", "mT5": "tee"},
            "source": "de",
            "typology": "family",
            "resamples": 100,
            "permutations": 99,
            **changes,
        }
    )


def height(method: str, setting: str, encoder: str) -> float:
    """NDCG@3 of a method on its first target, a fraction."""
    place = list(PREDICTORS).index(method)
    base = 0.9 - 0.05 * place - 0.01 * PREDICTORS[method].index(setting)
    return base - (0.2 if encoder != "small" else 0)


def ranking_rows(settings: Xsns2023) -> pd.DataFrame:
    """Table kind `rankings`; the value says method, setting, encoder, metric and target."""
    rows = []
    for encoder, item in itertools.product(("multi", "small", "tee"), settings.tasks.values()):
        for method, setting, size, layer, p in settings_shown():
            base = height(method, setting, encoder) - layer / 10 - (size == 8)
            for (j, target), (k, metric) in itertools.product(enumerate(CODES), enumerate(METRICS)):
                # a random order has no correlation
                if method != "random" or k > 1:
                    key = (encoder, item.task, method, setting, size, layer, p)
                    rows.append((*key, target, metric, base - j / 100 - k / 1000, 9))
    names = ["encoder", "task", "method", "setting", "asked", "layer", "p"]
    return pd.DataFrame(rows, columns=[*names, "target", "metric", "value", "n"])


def settings_shown() -> Iterator[tuple[str, str, int, int, float]]:
    """Method, setting, examples, block and p; the main sub-network has several of each."""
    for method, names in PREDICTORS.items():
        for setting in names:
            yield method, setting, *((24, 0, 0.15) if method == "X-SNS" else (0, 0, 0.0))
    for size, layer, p in ((24, 1, 0.15), (24, 0, 0.5), (8, 0, 0.15)):
        yield "X-SNS", "text", size, layer, p


def study_of(*tasks: str, **changes: Any) -> Study:
    settings = settings_of(*tasks, **changes)
    return Study(settings, ranking_rows(settings), 24)


def percent(method: str, setting: str, metric: str, encoder: str = "small") -> float:
    """Mean over the four targets."""
    return 100 * (height(method, setting, encoder) - 0.015 - METRICS.index(metric) / 1000)


def test_table_1_has_a_row_per_variant_in_the_order_of_the_paper() -> None:
    study = study_of("NER", "POS")
    found = table1(study.summary(), study)
    wanted = [("T/T", "labels"), ("T/L", "text"), ("W/L", "wikipedia"), ("-", "authors")]
    rows = list(found[["task", "variant", "setting"]].itertuples(index=False, name=None))
    assert rows == [(task, *row) for task in ("NER", "POS") for row in wanted]


def test_table_1_has_means_over_targets() -> None:
    study = study_of("NER", "POS")
    found = table1(study.summary(), study).set_index(["task", "setting"])
    for setting in PREDICTORS["X-SNS"]:
        row = found.loc["POS", setting]
        for column, metric in (("pearson", "pearson"), ("top1", "top1"), ("ndcg3", "ndcg_ranks")):
            assert row[column] == pytest.approx(percent("X-SNS", setting, metric))
        assert row["low"] <= row["ndcg3"] <= row["high"] and row["high"] - row["low"] < 4
        assert row["targets"] == 4


def test_sub_networks_of_other_sizes_are_in_table_1() -> None:
    """The task's own loss may be given fewer examples than the language model's."""
    study = study_of("POS")
    own = study.rankings["setting"] == "labels"
    asked = study.rankings["asked"].where(~own, 16)
    study = study._replace(rankings=study.rankings.assign(asked=asked))
    assert "labels" in set(table1(study.summary(), study)["setting"])


def test_table_2_has_methods_variants_controls_and_lines() -> None:
    study = study_of("POS", "NLI")
    found = table2(study.summary(), study)
    wanted = [
        ("L2V", "-"),
        ("LEX", "-"),
        *(("SuE", name) for name in ("text", "original")),
        *(("EMB", name) for name in ("last", "layer 1")),
        ("X-SNS", "text"),
        *((name, "-") for name in ("script", "subwords", "random")),
        ("usual", "de"),
        ("oracle", "-"),
    ]
    rows = list(found[["task", "method", "setting"]].itertuples(index=False, name=None))
    assert rows == [(task, *row) for task in ("POS", "NLI") for row in wanted]
    cell = found[found["task"] == "NLI"].set_index(["method", "setting"])
    expected = percent("EMB", "last", "ndcg_ranks")
    assert cell.loc[("EMB", "last"), "ndcg3"] == pytest.approx(expected)
    assert np.isnan(cell.loc[("random", "-"), "pearson"])
    assert cell.loc[("random", "-"), "targets"] == 4


def test_chance_is_that_of_the_rows_own_encoder() -> None:
    study = study_of("POS")
    summary = study.summary()
    own = percent("random", "-", "ndcg_ranks")
    for table in (table1(summary, study), table2(summary, study)):
        assert table["ndcg3_random"].to_numpy() == pytest.approx(own)


def test_table_4_has_two_methods_per_model() -> None:
    study = study_of("NER", "POS")
    found = table4(study.summary(), study)
    rows = list(found[["model", "method"]].itertuples(index=False, name=None))
    models = ("mBERT", "XLM-R", "mT5")
    assert rows == [(model, method) for model in models for method in ("EMB", "X-SNS")]
    cell = found.set_index(["model", "method"])["spearman"]
    assert cell["mBERT", "EMB"] == pytest.approx(percent("EMB", "last", "spearman", "multi"))
    assert cell["XLM-R", "X-SNS"] == pytest.approx(percent("X-SNS", "text", "spearman"))


def test_table_4_may_be_empty() -> None:
    study = study_of("NER", models={})
    found = table4(study.summary(), study)
    assert found.empty and found.columns.tolist()[:2] == ["model", "method"]


def test_models_without_their_task_leave_table_4_empty() -> None:
    study = study_of("POS", models_task="NER")
    assert table4(study.summary(), study).empty


def test_advantages_are_differences_target_by_target() -> None:
    found = advantages(study_of("POS", "QA"))
    methods = found.loc[found["task"] == "QA", ["method", "setting"]]
    assert len(found) == 2 * 11 and "X-SNS" not in set(methods["method"])
    row = found.set_index(["task", "method", "setting"]).loc["POS", "LEX", "-"]
    expected = 100 * (height("X-SNS", "text", "small") - height("LEX", "-", "small"))
    # The same on each of four targets: two of sixteen sign flips are as far from 0.
    assert row["difference"] == row["low"] == row["high"] == pytest.approx(expected)
    assert row["p"] == pytest.approx(2 / 16) and row["targets"] == 4


def regression_rows() -> pd.DataFrame:
    """Result of `regression_table`."""
    rows = [(one, kind, 5.0, 6.0, 30.0, 70.0) for one in (SINGLE, MULTIPLE) for kind in KINDS]
    names = ["features", "regression", "rmse", "rmse_held_out", "top1", "ndcg3"]
    return pd.DataFrame(rows, columns=names)


KINDS = ("OLS", "MER")
KEY = ["item", "row", "column", "unit"]


def cells_of(study: Study) -> pd.DataFrame:
    summary = study.summary()
    tables = {
        "table1": table1(summary, study),
        "table2": table2(summary, study),
        "table4": table4(summary, study),
    }
    return cells(tables, {key: regression_rows() for key in study.settings.tasks}, study)


@pytest.fixture(scope="module")
def published(root: Path) -> pd.DataFrame:
    """Published rows of this study."""
    frame = read_published(root / "resources" / "published" / "published.csv")
    return frame[frame["study"] == STUDY].reset_index(drop=True)


def names_of(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(frame[KEY].itertuples(index=False, name=None))


def test_cells_have_the_names_of_published_ones(published: pd.DataFrame) -> None:
    ours = cells_of(study_of(*TASKS))
    assert not ours.duplicated(KEY[:3]).any() and set(ours["study"]) == {STUDY}
    printed = names_of(published[published["unit"] != "text"])
    wanted = {name for name in printed if name[0].startswith("table")}
    assert wanted <= names_of(ours)
    # Tables 3 and 4 are not whole in print.
    assert {name[0] for name in names_of(ours) - wanted} <= {"table3", "table4"}


def test_cells_hold_the_values_of_the_tables() -> None:
    frame = cells_of(study_of(*TASKS)).set_index(["item", "row", "column"])["value"]
    text = percent("X-SNS", "text", "ndcg_ranks")
    assert frame["table1", "NER/T=W/L", "ndcg3"] == pytest.approx(text)
    assert frame["table2", "NER/X-SNS", "ndcg3"] == pytest.approx(text)
    wikipedia = percent("X-SNS", "wikipedia", "pearson")
    assert frame["table1", "POS/W/L", "pearson"] == pytest.approx(wikipedia)
    assert ("table1", "NER/W/L", "pearson") not in frame.index
    last = percent("EMB", "last", "top1", "tee")
    assert frame["table4", "mT5/EMB", "top1"] == pytest.approx(last)
    assert frame["table2", "QA/SuE", "top1"] == pytest.approx(percent("SuE", "text", "top1"))
    assert frame["table3", f"QA/MER/{MULTIPLE}", "rmse"] == 5
    assert frame["table2", "PI", "languages"] == 4


@pytest.mark.parametrize(
    ("tasks", "changes"),
    [
        (TASKS, {}),
        (("POS",), {"subnetworks": {"T/L": "text"}, "models": {}}),
        (("NER", "QA"), {"subnetworks": {"T/L": "text", "T/T": "labels"}}),
    ],
)
def test_each_published_cell_is_there_or_has_a_reason(
    published: pd.DataFrame, tasks: tuple[str, ...], changes: dict[str, Any]
) -> None:
    study = study_of(*tasks, **changes)
    reasons = absences(published, study)
    ours = names_of(cells_of(study))
    for name in names_of(published):
        address = (STUDY, *name[:3])
        reasoned = any(address[: len(key)] == key for key in reasons)
        if name[3] == "text":
            continue
        assert (name in ours) != reasoned, name


def test_reasons_name_what_is_not_in_a_run(published: pd.DataFrame) -> None:
    study = study_of("POS", subnetworks={"T/L": "text"}, models={"mBERT": "multi"})
    found = absences(published, study)
    assert found[STUDY, "table1", "POS/T/T"] == "sub-networks T/T are not in this run"
    assert found[STUDY, "table2", "NER/LEX"] == "task NER is not in this run"
    assert found[STUDY, "table4", "mT5/EMB"] == "encoder mT5 is not in this run"
    assert (STUDY, "table1", "POS/T/L") not in found and (STUDY, "table2", "POS") not in found
    assert found[STUDY, "languages"] == "a list of languages, not a result"
    # Wikipedia is the task's text of names
    only = absences(published, study_of("NER", subnetworks={"T/L": "text"}))
    assert (STUDY, "table1", "NER/T=W/L") not in only


def test_curves_change_one_thing() -> None:
    study = study_of("POS", "NER")
    summary = study.summary()
    plain = percent("X-SNS", "text", "ndcg_ranks")
    expected = {
        "p": {0.15: plain, 0.5: plain},
        "asked": {8: plain - 100, 24: plain},
        "layer": {1: plain - 10},
    }
    for axis, points in expected.items():
        found = pictures.curves(summary, study, axis)
        assert found.columns.tolist() == ["series", "x", "value", "low", "high"]
        assert set(found["series"]) == {"POS", "NER"}
        for _, group in found.groupby("series"):
            assert dict(zip(group["x"], group["value"], strict=True)) == pytest.approx(points)


def chosen_rows() -> pd.DataFrame:
    values = np.array([[0.0, 9, 9, 1], [9, 0, 1, 9], [1, 1, 0, 2], [2, 2, 2, 0]])
    return choices(gold_of(SCORES), values, "de")


def test_gain_is_over_targets_with_the_usual_source() -> None:
    chosen = chosen_rows()
    assert chosen[chosen["choice"] == "predicted"]["source"].tolist() == ["en", "de", "de", "en"]
    # en and fr: the usual source itself; ru: 30 in place of 60
    assert pictures.gain(chosen) == (0, 3, pytest.approx(-10))
    better = chosen.assign(score=chosen["score"] + 100 * (chosen["choice"] == "predicted"))
    assert pictures.gain(better) == (3, 3, pytest.approx(90))


def panels_of(monkeypatch: pytest.MonkeyPatch) -> list[BarPanel]:
    held: list[BarPanel] = []
    monkeypatch.setattr(pictures, "draw_bars", lambda panels, stem: held.extend(panels))
    return held


def test_bars_of_choices_have_their_means(monkeypatch: pytest.MonkeyPatch) -> None:
    held = panels_of(monkeypatch)
    pictures.draw_choices(chosen_rows(), Path("f"), "title", "accuracy (percent)")
    means = {reference.label: reference.value for reference in held[0].references}
    assert means == {
        "mean, chosen by X-SNS": pytest.approx((70 + 50 + 40 + 30) / 4),
        "mean, best source": pytest.approx((70 + 65 + 55 + 60) / 4),
        "mean, usual source": pytest.approx((50 + 40 + 60) / 3),
    }
    # the usual source has an empty place on its own target
    bars = held[0].values.set_index(["group", "series"])["value"]
    assert len(bars) == 12 and np.isnan(bars["de", "usual source"])
    assert bars["fr", "usual source"] == 40 and bars.isna().sum() == 1


def test_bars_of_mixtures_call_the_oracle_best_3(monkeypatch: pytest.MonkeyPatch) -> None:
    held = panels_of(monkeypatch)
    frame = pd.DataFrame(
        {"method": ["X-SNS", "oracle", "BEST-1"], "score": [60.0, 70, 65], "sets": [2, 3, 4]}
    )
    pictures.draw_mixtures({"POS": frame, "NER": frame}, Path("f"), "accuracy")
    assert [panel.title for panel in held] == ["POS", "NER"]
    bars = held[0].values
    assert dict(zip(bars["group"], bars["value"], strict=True)) == {"X-SNS": 60, "BEST-3": 70}
    assert held[0].references[0].value == 65


def test_figures_are_drawn(tmp_path: Path) -> None:
    study = study_of("POS")
    curve = pictures.curves(study.summary(), study, "asked")
    pictures.draw_curves(curve, tmp_path / "figure6", "asked", 24.0)
    pictures.draw_gaps({"POS": gaps(gold_of(SCORES))}, tmp_path / "figure5")
    pictures.draw_choices(chosen_rows(), tmp_path / "figure1", "Figure 1", "accuracy (percent)")
    for name in ("figure1", "figure5", "figure6"):
        assert (tmp_path / f"{name}.svg").stat().st_size > 1000
