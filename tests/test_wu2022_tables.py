"""Frames behind the figures of Wu et al. 2022 against plain loops, and what has no values."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_wu2022_presentation import (
    METRICS,
    NAMES,
    expected,
    paths,
    record,
    results,
    settings,
    steps,
    ways,
)

from isogloss.papers.wu2022 import pictures
from isogloss.papers.wu2022.curves import flatness, kept_shares, mean_scores, normalise
from isogloss.papers.wu2022.presentation import Results, present
from isogloss.papers.wu2022.tables import directions, printed, surfaces
from isogloss.statistics.paths import Flatness

PLAIN = {
    "scored on source, from source's model": ("source", "source"),
    "scored on target, from source's model": ("source", "target"),
    "scored on target, from target's model": ("target", "target"),
    "scored on source, from target's model": ("target", "source"),
}


def noisy(frame: pd.DataFrame) -> pd.DataFrame:
    """Scores that follow no rule, so that a wrong row is a wrong mean."""
    values = np.random.default_rng(7).uniform(20, 100, len(frame))
    return frame.assign(value=values)


def mean_of(frame: pd.DataFrame, alpha: float, part: str, start: str, side: str) -> pd.Series:
    """Mean over seeds at one alpha by encoder, source, target and task, row by row."""
    found: dict[tuple[str, ...], list[float]] = {}
    for row in frame.to_dict("records"):
        here = row["alpha"] == alpha and row["part"] == part and row["start"] == start
        if here and row["language"] == row[side]:
            key = tuple(row[name] for name in ("encoder", "source", "target", "task"))
            found.setdefault(key, []).append(row["value"])
    return pd.Series({key: np.mean(values) for key, values in found.items()})


def bilingual(frame: pd.DataFrame, side: str) -> pd.Series:
    ends = [mean_of(frame, 1.0, "all", start, side) for start in ("source", "target")]
    return (ends[0] + ends[1]) / 2


def panel_means(units: pd.Series) -> dict[tuple[str, str], float]:
    """Mean over pairs and tasks by encoder and source."""
    found: dict[tuple[str, str], list[float]] = {}
    for (encoder, source, *_), value in units.items():  # type: ignore[misc]
        found.setdefault((encoder, source), []).append(value)
    return {key: float(np.mean(values)) for key, values in found.items()}


def shown(frame: pd.DataFrame, series: str, x: float) -> dict[tuple[str, str], float]:
    rows = frame[(frame["series"] == series) & (frame["x"] == x)]
    return dict(zip(zip(rows["encoder"], rows["source"], strict=True), rows["value"], strict=True))


@pytest.mark.parametrize("series", list(PLAIN))
def test_each_curve_of_figure_2_is_what_its_label_says(series: str) -> None:
    study = settings()
    frame = noisy(paths(study))
    start, side = PLAIN[series]
    curves = normalise(mean_scores(frame, METRICS), "mean")
    found = pictures.banded(curves, study, "performance")
    assert set(found["series"]) == set(PLAIN)
    for alpha in (-0.5, 0.0, 0.25, 1.5):
        units = mean_of(frame, alpha, "all", start, side) / bilingual(frame, side)
        assert shown(found, series, alpha) == pytest.approx(panel_means(units))
    assert (found["low"] <= found["value"] + 1e-12).all()
    assert (found["value"] <= found["high"] + 1e-12).all()
    assert (found["low"] < found["high"]).all()


def test_figure_5_is_the_variance_over_seeds() -> None:
    study = settings()
    frame = noisy(paths(study))
    rows = frame[(frame["part"] == "all") & (frame["start"] == "source") & (frame["alpha"] == 0.5)]
    rows = rows[rows["language"] == rows["target"]]
    names = ["encoder", "source", "target", "task"]
    wide = rows.pivot(index=names, columns="seed", values="value")
    # of two seeds: half the squared difference
    variance = (wide[1] - wide[2]) ** 2 / 2
    units = variance / bilingual(frame, "target").rename_axis(names)
    found = pictures.banded(
        normalise(mean_scores(frame, METRICS), "mean"), study, "normalised_variance"
    )
    label = "scored on target, from source's model"
    assert shown(found, label, 0.5) == pytest.approx(panel_means(units))


@pytest.mark.parametrize(("part", "label"), list(pictures.PARTS.items()))
def test_parts_are_of_the_target_from_the_sources_model(part: str, label: str) -> None:
    study = settings()
    frame = noisy(paths(study))
    found = pictures.by_part(normalise(mean_scores(frame, METRICS), "mean"), study)
    units = mean_of(frame, 0.25, part, "source", "target") / bilingual(frame, "target")
    assert shown(found, label, 0.25) == pytest.approx(panel_means(units))


def test_radii_are_means_of_shares() -> None:
    study = settings()
    table = steps(study)
    assert table is not None
    frame = noisy(table)
    found = pictures.by_radius(kept_shares(frame, METRICS), study)
    run = ["encoder", "task", "source", "seed", "language"]
    own = frame[frame["radius"] == 0].set_index(run)["value"]
    moved = frame[frame["radius"] == 0.2]
    shares = [row["value"] / own[tuple(row[run])] for _, row in moved.iterrows()]
    moved = moved.assign(share=shares)
    for (encoder, source), value in shown(found, "target language", 0.2).items():
        rows = moved[(moved["encoder"] == encoder) & (moved["source"] == source)]
        others = rows[rows["language"] != source]
        assert value == pytest.approx(others["share"].mean())
    assert set(found["x"]) == {0.1, 0.2}


def test_layers_are_means_over_pairs_and_seeds_in_the_order_of_tasks() -> None:
    frame = ways(settings())
    angles = np.random.default_rng(3).uniform(0, 90, len(frame))
    frame = frame.assign(angle=angles)[::-1]
    found = pictures.by_layer(frame)
    assert list(dict.fromkeys(found["task"])) == list(dict.fromkeys(frame["task"]))
    for encoder, task, layer in itertools.product(("first", "second"), NAMES, (0, 1, 2)):
        name = str(layer) if layer else "embeddings"
        rows = frame[(frame["encoder"] == encoder) & (frame["task"] == task)]
        wanted = rows.loc[(rows["level"] == "layer") & (rows["name"] == name), "angle"].mean()
        row = found[(found["encoder"] == encoder) & (found["task"] == task)]
        row = row[(row["quantity"] == "angle") & (row["layer"] == layer)]
        assert row["value"].tolist() == [pytest.approx(wanted)]


def way_rows(names: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Table kind `directions` of one pair."""
    return pd.DataFrame(
        [
            {"encoder": "first", "task": "tags", "level": level, "name": name}
            | {"parameters": 5, "ratio": 1.0, "angle": 50.0}
            for level, name in names
        ]
    )


def test_layers_of_the_table_are_in_the_order_of_the_model() -> None:
    layers = ["embeddings", *map(str, range(1, 13)), "pooler", "head"]
    wanted = [("all", "all"), ("part", "encoder"), ("part", "head")]
    wanted += [("layer", name) for name in layers]
    found = directions(way_rows(sorted([*wanted, ("tensor", "head.weight")])))
    assert list(zip(found["level"], found["name"], strict=True)) == wanted


def test_parts_that_do_not_move_are_not_counted() -> None:
    rows = way_rows([("layer", "pooler"), ("layer", "1")])
    rows[["ratio", "angle"]] = rows[["ratio", "angle"]].where(rows["name"] != "pooler")
    found = directions(rows).set_index("name")
    assert found["n"].to_dict() == {"1": 1, "pooler": 0}
    assert np.isnan(found.loc["pooler", "angle"])


def test_planes_are_described_in_words(root: Path) -> None:
    planes = results(root, settings()).planes
    assert planes is not None
    shapes = flatness(planes, METRICS)
    found = surfaces(shapes)
    assert len(found) == len(shapes) and found["quantity"].nunique() == len(Flatness._fields)
    assert not found["quantity"].str.contains("_").any()
    assert found["value"].sum() == pytest.approx(shapes["value"].sum())
    first = found[found["quantity"] == "gradient at source's model"]["value"].tolist()
    assert first == shapes[shapes["quantity"] == "at_first"]["value"].tolist()


def test_tasks_have_the_names_of_the_paper() -> None:
    found = printed(pd.DataFrame({"task": ["tags", "pairs"]}, index=[5, 9]), NAMES)
    assert found["task"].tolist() == ["POS", "XNLI"] and found.index.tolist() == [0, 1]


def zeros(given: Results, languages: set[str]) -> Results:
    """The same study where nothing is solved in some languages."""

    def silent(frame: pd.DataFrame | None) -> Any:
        if frame is None:
            return None
        return frame.assign(value=frame["value"].where(~frame["language"].isin(languages), 0.0))

    return given._replace(
        paths=silent(given.paths), planes=silent(given.planes), sharpness=silent(given.sharpness)
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Panels by figure, which are not drawn."""
    return record(monkeypatch)


def test_nothing_is_solved_and_every_file_is_there(root: Path, tmp_path: Path) -> None:
    planes = {**settings().model_dump()["planes"], "pairs": ["en+de"]}
    study = settings(encoders=["first"], sources=["en"], targets=["de"], planes=planes)
    present(tmp_path, zeros(results(root, study), {"en", "ar", "de"}))
    assert {path.name for path in tmp_path.iterdir()} == expected(study) | {"index.html"}
    found = pd.read_csv(tmp_path / "claims.csv").set_index("claim")["holds"]
    assert found["source-stays"] == found["variance"] == "not in this run"


def test_a_language_that_is_not_solved_is_no_curve(
    root: Path, tmp_path: Path, drawn: dict[str, list[Any]]
) -> None:
    planes = {**settings().model_dump()["planes"], "pairs": ["en+de", "en+ar"]}
    study = settings(encoders=["first"], sources=["en"], targets=["de", "ar"], planes=planes)
    given = results(root, study)
    present(tmp_path, zeros(given, {"de"}))
    titles = [panel.title for panel in drawn["figure3-pos-en-de"]]
    assert titles == ["first, scored on en", "first, scored on de: bilingual score 0"]
    assert (drawn["figure3-pos-en-de"][1].values["value"] == 0).all()
    assert not any("score 0" in panel.title for panel in drawn["figure10-pos-en-ar"])
    # the mean over the pair that is left
    only = given._replace(paths=given.paths[given.paths["target"] == "ar"])
    curves = normalise(mean_scores(only.paths, METRICS), "mean")
    label = "scored on target, from source's model"
    wanted = shown(pictures.banded(curves, study, "performance"), label, 0.25)
    values = drawn["figure2"][0].values
    row = values[(values["series"] == label) & (values["x"] == 0.25)]
    assert row["value"].tolist() == pytest.approx(list(wanted.values()))
    present(tmp_path, zeros(given, {"de", "ar", "en"}))
    assert [panel.title for panel in drawn["figure2"]] == ["first, source en: no values"]


def test_without_spread_figure_5_is_there_and_empty(
    root: Path, tmp_path: Path, drawn: dict[str, list[Any]]
) -> None:
    """Seeds of the bilingual model that agree leave nothing to divide by."""
    study = settings(encoders=["first"], variance="variance", planes=None, sharpness=None)
    given = results(root, study)
    frame = given.paths.assign(value=given.paths["value"].where(given.paths["alpha"] != 1, 80.0))
    present(tmp_path, given._replace(paths=frame))
    assert all(panel.title.endswith("no values") for panel in drawn["figure5"])
    assert not any(panel.title.endswith("no values") for panel in drawn["figure2"])


def test_planes_without_all_weights_show_the_first_part(
    root: Path, tmp_path: Path, drawn: dict[str, list[Any]]
) -> None:
    planes = {**settings().model_dump()["planes"], "parts": ["head", "encoder"]}
    study = settings(encoders=["first"], planes=planes, sharpness=None)
    given = results(root, study)
    assert given.planes is not None
    parts = [given.planes.assign(part=part) for part in ("encoder", "head")]
    present(tmp_path, given._replace(planes=pd.concat(parts, ignore_index=True)))
    table = pd.read_csv(tmp_path / "figure3-pos-en-de.csv")
    assert set(table["part"]) == {"head"} and len(drawn["figure3-pos-en-de"][0].values) == 25
    assert "head only" in (tmp_path / "figure3-pos-en-de.md").read_text(encoding="utf-8")


def test_tables_for_reading_show_coefficients_in_full(
    root: Path, tmp_path: Path, drawn: dict[str, list[Any]]
) -> None:
    alphas = [-0.5, 0.0, 0.025, 0.5, 1.0]
    study = settings(encoders=["first"], alphas=alphas, planes=None)
    present(tmp_path, results(root, study))
    cells = (tmp_path / "figure2.md").read_text(encoding="utf-8").replace(" ", "").split("|")
    assert "0.025" in cells
    assert pd.read_csv(tmp_path / "figure2.csv")["alpha"].drop_duplicates().tolist() == alphas
    assert set(pd.read_csv(tmp_path / "sharpness.csv")["radius"]) == {0.1, 0.2}
    assert drawn["sharpness"][0].x_label == "radius"


def test_the_page_tells_which_encoder_is_which_and_titles_planes(
    root: Path, tmp_path: Path, drawn: dict[str, list[Any]]
) -> None:
    present(tmp_path, results(root, settings()))
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "second and further: second" in page
    assert "Figure 3: POS, en and de" in page and "Figure 10: POS, ar and de" in page
    # a task has one colour in both figures
    orders = [
        list(dict.fromkeys(drawn[name][0].values["series"])) for name in ("figure4", "layers")
    ]
    assert orders == [["XNLI", "POS"]] * 2
