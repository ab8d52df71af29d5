"""Tables, figures and page of Muller et al. 2021, from what was computed."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from isogloss.config.muller2021 import Muller2021
from isogloss.papers.muller2021 import alignment, gap, pictures, random_init, tables, unseen
from isogloss.papers.muller2021.claims import ABSENT, FAILS, HOLDS, UNDECIDED, Evidence, claims
from isogloss.papers.muller2021.names import rewrites, similarity_name
from isogloss.papers.muller2021.protocol import Configured, protocol_table
from isogloss.papers.page import Section, origin, write_page
from isogloss.papers.published import compare
from isogloss.papers.views import comparison_summary, comparison_table, write_views

OURS = "Treebanks, targets, epochs, learning rate, batch and seeds are ours, not the authors' (see "
OURS += "protocol)."
SIGN = "Positive means: more alike, smaller gap. The layers, the sign and the pairs are ours (see "
SIGN += "protocol)."
UNSEEN = "Treebanks, raw text, models' settings, seeds and the rule for ties are ours (see "
UNSEEN += "protocol)."
CAPTIONS = {
    "claims": "What the talk states, held against this run. Bounds are ours.",
    "las": f"Scores from the first source (percent). {OURS}",
    "random_init": "RANDOM-INIT: change of the score (points) where some layers start from new "
    f"weights. {OURS}",
    "similarity": "Similarity of languages by layer, means over pairs of languages. Sentences, "
    "kernel and pooling are ours, or the released script's where the protocol is authors (see "
    "protocol).",
    "alignment": "Where similarity arises, and what fine-tuning does to it. Halves are ours (see "
    "protocol).",
    "gap": "Spearman correlation of similarity (mean over layers 1 to the last) and minus the "
    f"cross-lingual gap. {SIGN}",
    "unseen": "Unseen languages: scores (percent), differences from the baseline (points) and "
    f"category. {UNSEEN}",
    "transliteration": "Score in another writing less that in the language's own (points). "
    f"{UNSEEN}",
    "protocol": "Settings of the whole study, which of them are ours, and what this run has.",
    "comparison": f"All numbers beside the published ones. {OURS}",
}
NOTES = {
    "claims": "A statement holds where the whole interval is on the right side of the bound, and "
    "is undecided where the interval holds it. The talk gives no bounds.",
    "las": "X_mean is the mean over the source's targets. Intervals are over seeds (Student's t). "
    "The talk prints another English score, 88.98, in the table of RANDOM-INIT.",
    "random_init": "Reference: all layers as they were pretrained. X_mean: mean over the source's "
    "targets. Intervals are over seeds (Student's t).",
    "similarity": "Layer 0 is the embeddings. After fine-tuning, a pair's similarity is that of "
    "the runs on its source, means over seeds.",
    "alignment": "rise_lower and rise_upper: change of similarity over the lower and the upper "
    "half of the layers; rise_excess: the former less the latter, where that is a rise; change: "
    "after fine-tuning less before, mean over layers. Intervals are over pairs (Student's t).",
    "gap": "The p-value takes pairs for independent, the permutation p relabels languages, the "
    "interval redraws targets. Fewer than four pairs give no number.",
    "unseen": "Easy: pretrained above baseline; Intermediate: only adapted above it; Hard: "
    "neither. An interval (95 percent bootstrap over sentences and seeds) that holds 0 is a tie. "
    "by_means compares scores alone, as the talk does. main: the task that stands for a language. "
    "In full, differences stand in contrasts.parquet.",
    "transliteration": "Intervals: 95 percent bootstrap over sentences and seeds; one that holds 0 "
    "is a tie. permuted exchanges the letters of the script for each other. Part of a gain can be "
    "that a vocabulary lacks letters of a script, so that words are unknown as they stand.",
    "protocol": "Origin: stated in the talk, in the released code, or ours. Empty: no key of the "
    "configuration, or a part that this run leaves out.",
}
TITLES = {"las": "LAS table", "random_init": "RANDOM-INIT", "gap": "X-Gap"}
DRAWN = {
    "random_init-layers": f"Change of the score by group of new layers. {OURS}",
    "gap-layers": f"Spearman correlation of similarity and minus the gap by layer. {SIGN}",
    "unseen-models": f"Scores of the four models in each unseen language. {UNSEEN}",
    "transliteration-writings": f"Scores in each writing. {UNSEEN}",
}


class Results(NamedTuple):
    """What a presentation shows; tables have configured names of tasks.

    scores : table kind `scores`, of the runs with and without new layers
    similarity : table of this kind; None where not asked for
    contrasts : table of this kind; None where not asked for
    names : printed name by configured task
    metrics : metric by configured task
    layers : depth of the encoder
    languages : rows of the table of languages by code, of which name and script are used
    rows : number of raw sentences by unseen language
    published : rows of this study
    protocol : result of `protocol.read_protocol`
    configured : parts of the configuration that the study names
    steps : of the encoder's pretraining, None where it was not made here
    """

    settings: Muller2021
    scores: pd.DataFrame
    similarity: pd.DataFrame | None
    contrasts: pd.DataFrame | None
    names: Mapping[str, str]
    metrics: Mapping[str, str]
    layers: int
    languages: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, int]
    published: pd.DataFrame
    protocol: pd.DataFrame
    configured: Configured
    steps: int | None


class _Found(NamedTuple):
    """What follows from the results; parts that are not asked for are None."""

    changes: pd.DataFrame
    random_init: pd.DataFrame
    las: pd.DataFrame
    profile: pd.DataFrame | None
    summary: pd.DataFrame | None
    correlations: pd.DataFrame | None
    categories: pd.DataFrame | None


def present(folder: Path, results: Results) -> pd.DataFrame:
    """Write tables, figures and page; return table kind `comparison`."""
    found = _computed(results)
    shown = _tables(results, found)
    for name, table in shown.items():
        write_views(table, folder / name, CAPTIONS[name], NOTES.get(name, ""))
    comparison = _comparison(results, found)
    table = comparison_table(comparison)
    write_views(table, folder / "comparison", CAPTIONS["comparison"], "")
    wide = tables.in_the_talks_form(found.random_init)
    form = "RANDOM-INIT in the talk's form: REF in percent, changes by layers in points."
    sections = [
        *_sections(shown, ("claims", "las")),
        Section("RANDOM-INIT, the talk's form", f"{form} {OURS}", None, wide, []),
        *_figures(folder, results, found),
        *_sections(shown, ("random_init", "gap", "alignment", "similarity")),
        *_sections(shown, ("unseen", "transliteration", "protocol")),
        Section(
            "Comparison, summary", "Number of cells.", None, comparison_summary(comparison), []
        ),
        Section("Comparison, all cells", CAPTIONS["comparison"], None, table, []),
    ]
    title = "Muller et al. 2021: layers, similarity of languages, unseen languages"
    write_page(folder / "index.html", title, _intro(results, shown["claims"]), sections)
    return comparison


def _computed(results: Results) -> _Found:
    settings, names, metrics = results.settings, results.names, results.metrics
    changes = random_init.changes(results.scores, settings, names, metrics, results.layers)
    profile = summary = correlations = None
    if results.similarity is not None:
        profile = alignment.profile(results.similarity, settings, names)
        summary = alignment.summary(results.similarity, settings, names)
        gaps = gap.gaps(results.scores, settings, names, metrics)
        correlations = gap.correlations(gaps, results.similarity, settings, names)
    return _Found(
        changes,
        random_init.table(changes),
        random_init.las_table(results.scores, settings, names, metrics),
        profile,
        summary,
        correlations,
        None if results.contrasts is None else unseen.categories(results.contrasts),
    )


def _tables(results: Results, found: _Found) -> dict[str, pd.DataFrame]:
    """Tables by name, in the order of the files."""
    settings, published = results.settings, results.published
    evidence = Evidence(
        found.changes,
        results.layers,
        found.summary,
        found.correlations,
        found.categories,
        results.contrasts,
        results.names,
        settings,
    )
    # Changes of a similarity are small: ends by themselves have four decimals.
    ends = {"low": "lower end", "high": "upper end"}
    shown = {
        "claims": claims(evidence).rename(columns=ends),
        "las": tables.las(found.las, published),
        "random_init": tables.random_init(found.random_init, published),
    }
    if found.profile is not None:
        assert found.summary is not None and found.correlations is not None
        shown["similarity"] = tables.similarity(found.profile)
        shown["alignment"] = found.summary.rename(columns=ends)
        shown["gap"] = tables.gap(found.correlations, published, settings)[0]
    if found.categories is not None:
        categories = _printed(found.categories, results)
        shown["unseen"] = tables.unseen(
            categories, settings, results.languages, results.rows, published
        )
    if results.contrasts is not None and rewrites(settings):
        effects = _printed(unseen.transliteration(results.contrasts), results)
        shown["transliteration"] = tables.transliteration(effects, settings, results.languages)
    shown["protocol"] = protocol_table(
        results.protocol, settings, results.layers, results.metrics, results.configured
    )
    return shown


def _printed(frame: pd.DataFrame, results: Results) -> pd.DataFrame:
    """A frame with the printed names of tasks."""
    return frame.assign(task=frame["task"].map(dict(results.names)))


def _comparison(results: Results, found: _Found) -> pd.DataFrame:
    parts = [random_init.cells(found.random_init, found.las)]
    if found.correlations is not None:
        parts.append(gap.cells(found.correlations, results.settings))
    if results.settings.unseen is not None:
        parts.append(unseen.cells(results.rows))
    cells = pd.concat([part for part in parts if len(part)], ignore_index=True)
    reasons = tables.absences(results.published, cells, results.settings, results.layers)
    return compare(results.published, cells, reasons)


def _sections(shown: Mapping[str, pd.DataFrame], names: tuple[str, ...]) -> list[Section]:
    return [
        Section(TITLES.get(name, name.capitalize()), CAPTIONS[name], None, shown[name], notes)
        for name in names
        if name in shown
        for notes in [[NOTES[name]] if name in NOTES else []]
    ]


def _intro(results: Results, found: pd.DataFrame) -> list[str]:
    settings = results.settings
    metrics = ", ".join(
        f"{name} {results.metrics[item.task]}" for name, item in settings.tasks.items()
    )
    recipes = sorted({item.recipe for item in settings.tasks.values()})
    verdicts = found["verdict"].value_counts()
    counts = ", ".join(
        f"{verdicts.get(answer, 0)} {answer}" for answer in (HOLDS, FAILS, UNDECIDED, ABSENT)
    )
    return [
        origin(f"{settings.encoder} ({results.layers} layers)", results.steps),
        f"Scored on test rows: {metrics}. Recipes: {', '.join(recipes)}.",
        "The numbers of the study are those of a talk of 2022. It gives no learning rate, epochs, "
        "seeds, treebanks or list of targets, and the released code none either: these are ours, "
        "and the table protocol says of each setting where it comes from and why.",
        "The gap is the score on the source's own language less that on a target. Correlations "
        "are of similarity and minus the gap: positive means more alike, smaller gap.",
        f"Statements of the talk (rows of the table below): {counts}.",
    ]


def _figures(folder: Path, results: Results, found: _Found) -> list[Section]:
    """Draw all figures and write their numbers."""
    settings = results.settings
    sections: list[Section] = []

    def add(name: str, caption: str, frame: pd.DataFrame) -> None:
        write_views(frame.reset_index(drop=True), folder / name, caption, "")
        title = name.replace("random_init", "RANDOM-INIT").replace("-", ", ", 1)
        title = title if title.startswith("RANDOM") else title.capitalize()
        sections.append(Section(f"Figure: {title}", caption, folder / f"{name}.svg", None, []))

    bars = pictures.by_group(found.random_init, settings)
    shown: dict[str, str] = {
        name: results.metrics[item.task] for name, item in settings.tasks.items()
    }
    pictures.draw_changes(bars, folder / "random_init-layers", shown)
    add("random_init-layers", DRAWN["random_init-layers"], bars)
    if found.profile is not None and settings.alignment is not None:
        for text in settings.alignment.texts:
            name = similarity_name(text)
            curves = pictures.by_stage(found.profile, text)
            pictures.draw_similarity(curves, folder / name)
            caption = (
                f"Similarity of languages by layer on {text}, mean and 95 percent interval over "
                "pairs. Sentences, kernel and pooling are ours (see protocol)."
            )
            add(name, caption, curves)
    if found.correlations is not None:
        _, layers = tables.gap(found.correlations, results.published, settings)
        drawn = pictures.of_first_text(layers, settings)
        known = tables.numbers(results.published, "xgap")
        levels: dict[str, float] = {
            task: known[task.lower(), "spearman"]
            for task in settings.tasks
            if (task.lower(), "spearman") in known
        }
        assert settings.alignment is not None
        held = ("mean", settings.alignment.indices[0])
        pictures.draw_gap(drawn, folder / "gap-layers", levels, held)
        add("gap-layers", DRAWN["gap-layers"], layers)
    if results.contrasts is not None and settings.unseen is not None:
        scores = tables.model_scores(_printed(results.contrasts, results))
        scores = tables.in_order(scores, settings)
        tasks = list(settings.unseen.tasks)
        own = pictures.of_unseen(scores, settings)
        pictures.draw_models(own, folder / "unseen-models", tasks)
        add("unseen-models", DRAWN["unseen-models"], own)
        if rewrites(settings):
            name = "transliteration-writings"
            pictures.draw_writings(scores, folder / name, tasks)
            add(name, DRAWN[name], pictures.rewritten(scores))
    return sections
