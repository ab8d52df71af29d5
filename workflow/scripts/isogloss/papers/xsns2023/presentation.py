"""Tables, figures and page of Yun et al. 2023, from what was computed."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from isogloss.figures.matrix import Panel, draw_matrices
from isogloss.papers.page import Section, origin, write_page
from isogloss.papers.published import compare
from isogloss.papers.transfer import standing
from isogloss.papers.views import comparison_summary, comparison_table, write_views
from isogloss.papers.xsns2023 import pictures
from isogloss.papers.xsns2023.gold import Floats, Gold, choices, gaps
from isogloss.papers.xsns2023.regressions import regression_table
from isogloss.papers.xsns2023.tables import (
    STUDY,
    Study,
    advantages,
    cells,
    table1,
    table2,
    table4,
)

CAPTIONS = {
    "table1": "Table 1: sub-networks by text and objective (percent, means over targets).",
    "table2": "Table 2: methods that rank sources (percent, means over targets).",
    "advantages": "NDCG@3 of X-SNS minus that of each other method (points), target by target.",
    "table3": "Table 3: scores by regression; errors in points, rankings in percent.",
    "table4": "Table 4: other encoders (percent, means over targets).",
    "relations": "What the overlap of two languages goes with: Pearson's r over pairs.",
    "selections": "What a fraction p of the parameters became.",
    "scores": "Scores behind the study beside what needs no encoder (percent).",
}
NOTES = {
    "table1": "Variants: text T of the task or W of Wikipedia, objective T of the task or L of the "
    "language model; - is a further setting. The interval is of NDCG@3, over targets.",
    "table2": "Gains of NDCG@3 are ranks, as the authors compute it; ndcg3 scores takes scores as "
    "gains. ndcg3 random is what a random order reaches. The row usual puts one source first "
    "for every target; oracle knows the scores, and misses 100 where fine-tuning seeds disagree. "
    "Same script and shared sub-words are controls, not methods of the paper. The sign of LEX and "
    "SuE is turned, so that higher is better in all rows.",
    "advantages": "p is of a two-sided sign-flip test over targets.",
    "table3": "In the sample as published, and held out: each target predicted by a regression "
    "without it. The paper averages over nine combinations of seeds; here scores and "
    "overlaps are averaged before. X-POS lacks features that are not known of the languages.",
    "relations": "p permutation relabels languages (Mantel test); the interval redraws them.",
    "selections": "Ties are parameters whose value equals the threshold. A threshold of 0 "
    "keeps all. Clipped is the fraction of gradients of tensors that exceeded the largest norm. "
    "Means over languages and seeds.",
}


class Results(NamedTuple):
    """What a presentation shows; mappings are by the printed name of the task.

    gold : scores on all targets
    overlap : of the tables, mean over seeds, (sources, targets)
    fitted : table kind `regressions`
    mixtures : results of `mixtures.mixture_scores`
    metrics : metric of the gold scores
    relations : result of `relations.relations`
    selections, scores : tables for reading
    published : rows of this study
    reasons : why published cells were not attempted
    """

    study: Study
    gold: Mapping[str, Gold]
    overlap: Mapping[str, Floats]
    fitted: Mapping[str, pd.DataFrame]
    mixtures: Mapping[str, pd.DataFrame]
    metrics: Mapping[str, str]
    relations: pd.DataFrame
    selections: pd.DataFrame
    scores: pd.DataFrame
    published: pd.DataFrame
    reasons: Mapping[tuple[str, ...], str]
    steps: int | None


def present(folder: Path, results: Results) -> pd.DataFrame:
    """Write tables, figures and page; return table kind `comparison`."""
    study = results.study
    summary = study.summary()
    errors = {
        key: regression_table(fitted, results.gold[key].among_sources())
        for key, fitted in results.fitted.items()
    }
    tables = {
        "table1": table1(summary, study),
        "table2": table2(summary, study),
        "advantages": advantages(study),
        "table3": pd.concat([table.assign(task=key) for key, table in errors.items()]),
        "table4": table4(summary, study),
        "relations": results.relations,
        "selections": results.selections,
        "scores": results.scores,
    }
    tables["table3"].insert(0, "task", tables["table3"].pop("task"))
    tables = {name: table.reset_index(drop=True) for name, table in tables.items()}
    for name, table in tables.items():
        write_views(table, folder / name, CAPTIONS[name], NOTES.get(name, ""))
    comparison = compare(results.published, cells(tables, errors, study), results.reasons)
    sections = [
        Section(name.replace("table", "Table ").capitalize(), CAPTIONS[name], None, table, notes)
        for name, table in tables.items()
        if name != "scores" and len(table)
        for notes in [[NOTES[name]] if name in NOTES else []]
    ]
    sections += _figures(folder, summary, results)
    sections.append(Section("Scores", CAPTIONS["scores"], None, results.scores, []))
    table = comparison_table(comparison)
    write_views(table, folder / "comparison", "All numbers beside the published ones.", "")
    brief = comparison_summary(comparison)
    sections.append(Section("Comparison, summary", "Number of cells.", None, brief, []))
    sections.append(Section("Comparison, all cells", "", None, table, []))
    write_page(folder / "index.html", "Yun et al. 2023: X-SNS", _intro(results), sections)
    return comparison


def _intro(results: Results) -> list[str]:
    settings = results.study.settings
    metrics = ", ".join(f"{key} {metric}" for key, metric in results.metrics.items())
    lines = [
        origin(settings.encoder, results.steps),
        f"Metric of the gold scores: {metrics}. Sub-networks of the tables: "
        f"{settings.subnetworks['T/L']}, p = {settings.p}.",
    ]
    lines += [
        f"{key}: {standing(results.scores[results.scores['task'] == key], metric)}"
        for key, metric in results.metrics.items()
    ]
    return lines


def _figures(folder: Path, summary: pd.DataFrame, results: Results) -> list[Section]:
    study = results.study
    settings = study.settings
    sections = []

    def add(name: str, title: str, caption: str, frame: pd.DataFrame) -> None:
        write_views(frame.reset_index(drop=True), folder / name, caption, "")
        sections.append(Section(title, caption, folder / f"{name}.svg", None, []))

    for name, axis, marker, caption in (
        ("figure3", "p", settings.p, "Figure 3: NDCG@3 against p."),
        ("figure6", "asked", float(study.asked), "Figure 6: NDCG@3 against |D|."),
        ("layers", "layer", None, "NDCG@3 of the overlap of single blocks (not in the paper)."),
    ):
        curve = pictures.curves(summary, study, axis)
        pictures.draw_curves(curve, folder / name, axis, marker)
        add(name, name.replace("figure", "Figure ").capitalize(), caption, curve)
    pictures_of = {key: gaps(gold) for key, gold in results.gold.items()}
    pictures.draw_gaps(pictures_of, folder / "figure5")
    caption = "Figure 5: score from each source minus that of the target's own model, P_s - P_o."
    frame = pd.concat([part.assign(task=key) for key, part in pictures_of.items()])
    add("figure5", "Figure 5", caption, frame)
    sections += _choices(folder, results)
    if results.mixtures:
        first = next(iter(results.mixtures))
        pictures.draw_mixtures(results.mixtures, folder / "figure4", results.metrics[first])
        caption = "Figure 4: trained on the three sources that each method puts first."
        frame = pd.concat([part.assign(task=key) for key, part in results.mixtures.items()])
        add("figure4", "Figure 4", caption, frame)
    for key, gold in results.gold.items():
        name = f"gold-{key.lower()}"
        label = f"{results.metrics[key]} (percent)"
        draw_matrices([Panel(key, gold.mean, None, label, False)], folder / name)
        caption = f"Gold scores of {key}, {label}: rows sources, columns targets, means over seeds."
        add(name, f"Gold scores, {key}", caption, gold.mean.rename_axis("source").reset_index())
    return sections


def _choices(folder: Path, results: Results) -> list[Section]:
    """Figures 1 and 7: what the chosen source reaches."""
    settings = results.study.settings
    key: str = settings.low_resource_task
    if key not in results.gold:
        key = next(iter(results.gold))
    gold = results.gold[key]
    chosen = choices(gold, results.overlap[key], settings.source)
    low = chosen["target"].isin(gold.targets[len(gold.sources) :])
    sections = []
    for name, part, title in (
        ("figure1", chosen[~low], f"Figure 1: {key} from three sources."),
        ("figure7", chosen[low], f"Figure 7: {key} of low-resource targets from three sources."),
    ):
        if len(part):
            label = f"{results.metrics[key]} (percent)"
            pictures.draw_choices(part, folder / name, title, label)
            write_views(part.reset_index(drop=True), folder / name, title, "")
            better, targets, points = pictures.gain(part)
            note = (
                f"The source that X-SNS chooses beats {settings.source} on {better} of {targets} "
                f"targets, by {points:+.1f} points on average."
            )
            heading = name.replace("figure", "Figure ")
            sections.append(Section(heading, title, folder / f"{name}.svg", None, [note]))
    return sections


def absences(published: pd.DataFrame, study: Study) -> dict[tuple[str, ...], str]:
    """Why published cells have no counterpart in a run: (study, item, row, column) -> reason."""
    settings = study.settings
    reasons: dict[tuple[str, ...], str] = {
        (STUDY, "hyperparameters"): "a setting, not a result",
        (STUDY, "languages"): "a list of languages, not a result",
    }
    for item, row in published[["item", "row"]].drop_duplicates().itertuples(index=False):
        if item in ("table1", "table2", "table3"):
            task, _, rest = row.partition("/")
            variant = "T/L" if rest == "T=W/L" else rest
            if task not in settings.tasks:
                reasons[STUDY, item, row] = f"task {task} is not in this run"
            elif item == "table1" and variant not in settings.subnetworks:
                reasons[STUDY, item, row] = f"sub-networks {variant} are not in this run"
        if item == "table4" and row.partition("/")[0] not in settings.models:
            reasons[STUDY, item, row] = f"encoder {row.partition('/')[0]} is not in this run"
    return reasons
