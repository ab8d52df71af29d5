"""Tables, figures and page of Wu et al. 2022, from what was computed."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from isogloss.config.landscapes import Wu2022
from isogloss.papers.page import Section, origin, write_page
from isogloss.papers.published import compare
from isogloss.papers.views import comparison_summary, comparison_table, write_views
from isogloss.papers.wu2022 import pictures
from isogloss.papers.wu2022.claims import Evidence, claims
from isogloss.papers.wu2022.curves import (
    AXES,
    described,
    flatness,
    kept_shares,
    mean_planes,
    mean_scores,
    normalise,
)
from isogloss.papers.wu2022.names import BY_TASK, figure_names, plane_name
from isogloss.papers.wu2022.tables import (
    absences,
    cells,
    directions,
    ends,
    in_order,
    printed,
    shapes,
    surfaces,
)

CAPTIONS = {
    "claims": "What the text claims, held against this run.",
    "ends": "Scores of the models themselves (percent, means over seeds).",
    "shapes": "Shape of each line between alpha 0 and 1 (points of the metric; linearity is R "
    "squared).",
    "flatness": "Shape of each plane (shares of the bilingual score).",
    "directions": "Norm ratio and angle of the two directions by part of the model.",
    "table1": "Table 1: number of examples.",
}
NOTES = {
    "claims": "The paper's figures have no printed numbers, so the bounds are ours; each stands in "
    "the column criterion. Intervals are over pairs and tasks (95 percent bootstrap).",
    "shapes": "Gain is the score at alpha 1 less that at 0; barrier the deepest point below the "
    "straight line between both; fall the largest loss on the way up; roughness says how jagged a "
    "curve is. Intervals are over seeds (Student's t).",
    "flatness": "Gradient is the mean norm of the slope per unit of alpha, on the whole grid or "
    "between 0 and 1 on both axes, or its norm at a model; high are points within 5 percent of the "
    "bilingual model or above. Intervals are over seeds (Student's t).",
    "directions": "Directions lead from the bilingual model to the source's and to the target's; "
    "the angle is at the bilingual model. Means over pairs and seeds.",
}


class Results(NamedTuple):
    """What a presentation shows; tables have configured names of tasks.

    paths, planes, directions, sharpness : tables of these kinds; None where not asked for
    sizes : result of `corpora.sizes.count_corpora`
    corpora : corpus by printed name of the task
    metrics : metric by configured task
    names : printed name by configured task
    published : rows of this study
    steps : of the first encoder's pretraining, None where it was not made here
    """

    settings: Wu2022
    paths: pd.DataFrame
    planes: pd.DataFrame | None
    directions: pd.DataFrame
    sharpness: pd.DataFrame | None
    sizes: pd.DataFrame
    corpora: Mapping[str, str]
    metrics: Mapping[str, str]
    names: Mapping[str, str]
    published: pd.DataFrame
    steps: int | None


def present(folder: Path, results: Results) -> pd.DataFrame:
    """Write tables, figures and page; return table kind `comparison`."""
    settings = results.settings
    scores = mean_scores(results.paths, results.metrics)
    curves = normalise(scores, settings.variance)
    shaped = described(results.paths, results.metrics)
    flat = None if results.planes is None else flatness(results.planes, results.metrics)
    evidence = Evidence(
        curves, shaped, flat, results.directions, results.sharpness, results.metrics, settings
    )
    pairs = ["encoder", "task", "source", "target"]
    tables = {
        # Bounds are as fine as 0.005: the ends stand by themselves, with four decimals.
        "claims": claims(evidence).rename(columns={"low": "lower end", "high": "upper end"}),
        "ends": in_order(printed(ends(scores), results.names), settings, pairs),
        "shapes": in_order(printed(shapes(shaped), results.names), settings, pairs),
        "directions": in_order(
            printed(directions(results.directions), results.names), settings, pairs[:2]
        ),
        "table1": results.sizes,
    }
    if flat is not None:
        tables["flatness"] = in_order(printed(surfaces(flat), results.names), settings, pairs)
    for name, table in tables.items():
        write_views(table, folder / name, CAPTIONS[name], NOTES.get(name, ""))
    comparison = compare(
        results.published,
        cells(results.sizes, settings, results.corpora),
        absences(results.published, results.sizes, results.corpora),
    )
    table = comparison_table(comparison)
    write_views(table, folder / "comparison", "All numbers beside the published ones.", "")
    sections = [
        *_sections(tables, ("claims", "ends")),
        *_figures(folder, printed(curves, results.names), results),
        *_sections(tables, ("shapes", "flatness", "directions", "table1")),
        Section(
            "Comparison, summary", "Number of cells.", None, comparison_summary(comparison), []
        ),
        Section("Comparison, all cells", "", None, table, []),
    ]
    title = "Wu et al. 2022: between monolingual and bilingual models"
    write_page(folder / "index.html", title, _intro(results, tables["claims"]), sections)
    return comparison


def _sections(tables: Mapping[str, pd.DataFrame], names: tuple[str, ...]) -> list[Section]:
    return [
        Section(name.replace("table", "Table ").capitalize(), CAPTIONS[name], None, table, notes)
        for name in names
        if name in tables
        for table in [tables[name]]
        for notes in [[NOTES[name]] if name in NOTES else []]
    ]


def _intro(results: Results, found: pd.DataFrame) -> list[str]:
    settings = results.settings
    metrics = ", ".join(f"{name} {results.metrics[task]}" for task, name in results.names.items())
    recipes = sorted({item.recipe for item in settings.tasks.values()})
    holds = found["holds"].value_counts()
    counts = ", ".join(
        f"{holds.get(answer, 0)} {answer}" for answer in ("yes", "no", "not in this run")
    )
    others = settings.encoders[1:]
    return [
        origin(settings.encoders[0], results.steps),
        *(
            [f"This is the first encoder; second and further: {', '.join(others)}."]
            if others
            else []
        ),
        f"Scored on {settings.split}: {metrics}. Recipes: {', '.join(recipes)}. Every point is "
        "normalised by the bilingual model; its variance over seeds is divided by the bilingual "
        f"model's {settings.variance.replace('_', ' ')}.",
        f"Claims (rows of the table below): {counts}. Figures 2 to 10 of the paper have no printed "
        "numbers; what can be compared are the claims, the numbers of examples and the grid.",
    ]


def _figures(folder: Path, curves: pd.DataFrame, results: Results) -> list[Section]:
    """Draw all figures; `curves` have printed names of tasks."""
    settings = results.settings
    sections: list[Section] = []

    def add(name: str, caption: str, frame: pd.DataFrame, of: str = "") -> None:
        write_views(frame.reset_index(drop=True), folder / name, caption, "")
        title = name.partition("-")[0].replace("figure", "Figure ").capitalize()
        sections.append(Section(f"{title}{of}", caption, folder / f"{name}.svg", None, []))

    def draw(
        name: str, caption: str, frame: pd.DataFrame, label: str, x_label: str = pictures.ALPHA
    ) -> None:
        pictures.draw_banded(frame, folder / name, settings, x_label, label)
        # text, because tables for reading would round 0.025 to 0.03
        named = frame.rename(columns={"x": x_label.partition(" ")[0]})
        add(name, caption, named.astype({named.columns[3]: str}))

    whole = pictures.banded(curves, settings, "performance")
    band = "mean and 95 percent interval over pairs and tasks"
    draw("figure2", f"Figure 2: lines of all tasks, {band}.", whole, pictures.PERFORMANCE)
    for name, frame in _planes(results):
        pictures.draw_plane(frame, folder / name, settings)
        task, source, target, part = frame[["task", "source", "target", "part"]].iloc[0]
        caption = (
            f"Plane of the three models ({pictures.PARTS[part]}), {task}, {source} and {target}; "
            "mean over seeds."
        )
        add(
            name,
            caption,
            frame.astype(dict.fromkeys(AXES, str)),
            f": {task}, {source} and {target}",
        )
    order = ["encoder", "task", "source", "target"]
    ways = in_order(printed(results.directions, results.names), settings, order)
    pictures.draw_directions(ways, folder / "figure4", settings)
    points = ways[ways["level"] == "all"].drop(columns=["level", "name"])
    add("figure4", "Figure 4: norm ratio and angle of the two directions.", points)
    spread = pictures.banded(curves, settings, "normalised_variance")
    if "figure5" in figure_names(settings):
        label = f"variance / bilingual {settings.variance.replace('_', ' ')}"
        draw("figure5", f"Figure 5: variance over seeds, {band}.", spread, label)
    for task, name in BY_TASK.items():
        if task in settings.tasks:
            own = pictures.banded(curves[curves["task"] == task], settings, "performance")
            caption = f"{name.replace('figure', 'Figure ')}: lines of {task}, mean and interval."
            draw(name, caption, own, f"{task} score / bilingual")
    parts = pictures.by_part(curves, settings)
    caption = "Target's score from the source's model, by what is interpolated (footnote 2)."
    draw("parts", caption, parts, "target's score / bilingual")
    layers = pictures.by_layer(ways)
    pictures.draw_layers(layers, folder / "layers", settings)
    add("layers", "Norm ratio and angle by layer (not in the paper).", layers)
    if results.sharpness is not None:
        shares = kept_shares(results.sharpness, results.metrics)
        frame = pictures.by_radius(shares, settings)
        caption = (
            "What the source's model keeps of its score after a step of the same radius in random "
            "directions, filter by filter (not in the paper)."
        )
        draw("sharpness", caption, frame, "score / own score", "radius")
    return sections


def _planes(results: Results) -> list[tuple[str, pd.DataFrame]]:
    """Name of each plane's figure, and its points with printed names of tasks.

    Of several parts that are interpolated, all weights are drawn, or else the first.
    """
    asked = results.settings.planes
    if results.planes is None or asked is None:
        return []
    part = "all" if "all" in asked.parts else asked.parts[0]
    found = printed(mean_planes(results.planes, results.metrics), results.names)
    found = found[found["part"] == part]
    return [
        (plane_name(results.settings, str(task), f"{source}+{target}"), plane)
        for (task, source, target), plane in found.groupby(["task", "source", "target"], sort=False)
    ]
