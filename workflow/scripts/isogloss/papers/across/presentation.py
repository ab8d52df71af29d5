"""Tables, figure and page of what the studies have in common, from what they computed."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from isogloss.config.muller2021 import Muller2021
from isogloss.config.studies import Across
from isogloss.papers.across import layers, pairs
from isogloss.papers.across.names import STUDIES
from isogloss.papers.across.pictures import draw_layers
from isogloss.papers.across.tables import (
    FEWEST,
    Draws,
    layer_correlations,
    pair_correlations,
)
from isogloss.papers.page import Section, origin, write_page
from isogloss.papers.views import write_views
from isogloss.seeds import named_seed

OURS = "No paper asks this; runs, targets, seeds and the comparison are ours."
CAPTIONS = {
    "layers": f"What each study measures of a layer. {OURS}",
    "correlations": f"Damage against what the other studies measure. {OURS}",
}
NOTES = {
    "layers": "Damage (points) is minus the change of the score when a group of layers starts from "
    "new weights; a layer has the mean over the groups that hold it. Phi is 1 - CKA, overlap a "
    "Jaccard coefficient, movement the norm of a layer's difference between the bilingual and the "
    "source's model, depth the number of the layer. Means over targets other than the source; in "
    "rows of source all, over sources. n: of damage seeds (interval: Student's t), else targets, "
    "and of source all sources.",
    "correlations": "Value is Spearman's rho over groups of layers (level layer) or pairs of "
    "languages (level pair; damage of the lower half of the layers). p exchanges groups of "
    "layers, or targets in the rows of all sources alike; it is exact up to 8 of them. q is the "
    "false discovery rate over the rows of a level. Encoder, task and source are those of the "
    "damage, other encoder and other task those of the quantity; task - is the encoder before "
    "fine-tuning, or none.",
}


class Results(NamedTuple):
    """What a presentation shows; tables are of these kinds, None where a study takes no part.

    changes : result of `papers.muller2021.random_init.changes`
    base : of Phi
    p : of sub-networks
    metrics : of the tasks of `paths`
    kinds : kind by configured task
    depths : blocks by encoder
    steps : of the pretraining of RANDOM-INIT's encoder, None where it was not made here
    """

    settings: Across
    study: Muller2021
    changes: pd.DataFrame
    similarity: pd.DataFrame | None
    cka: pd.DataFrame | None
    base: str | None
    overlap: pd.DataFrame | None
    p: float | None
    paths: pd.DataFrame | None
    directions: pd.DataFrame | None
    metrics: Mapping[str, str]
    kinds: Mapping[str, str]
    depths: Mapping[str, int]
    steps: int | None


def present(folder: Path, results: Results) -> None:
    """Write tables, figure and page."""
    study = results.study
    tasks = {str(printed): item.task for printed, item in study.tasks.items()}
    depth = results.depths[study.encoder]
    damage = layers.damages(results.changes, tasks)
    values = _values(results)
    control = layers.depth(study.encoder, depth, study.sources)
    by_layer = pd.concat([layers.by_layer(values), control], ignore_index=True)
    table = layers.layer_table(damage, by_layer, study.encoder)
    draws = _draws(results.settings)
    of_layers = layer_correlations(
        layers.of_groups(damage), by_layer, study.encoder, results.depths, draws
    )
    falls = pairs.damage(results.changes, tasks, depth)
    of_pairs = pair_correlations(falls, _of_pairs(results, values), study.encoder, draws)
    correlations = pd.concat([of_layers, of_pairs], ignore_index=True)
    tables = {"layers": table, "correlations": correlations}
    for name, frame in tables.items():
        write_views(frame, folder / name, CAPTIONS[name], NOTES[name])
    draw_layers(table, results.kinds, folder / "layers")
    drawn = "Damage and the other quantities by layer, means over sources and targets."
    sections = [
        Section("Layers", drawn, folder / "layers.svg", None, []),
        *(
            Section(title, CAPTIONS[name], None, tables[name], [NOTES[name]])
            for name, title in (("correlations", "Correlations"), ("layers", "Layers, numbers"))
        ),
    ]
    title = "Across the studies: where new weights do damage"
    write_page(folder / "index.html", title, _intro(results, values, correlations), sections)


def _draws(settings: Across) -> Draws:
    return Draws(settings.permutations, named_seed(settings.statistics_seed, "across"))


def _values(results: Results) -> pd.DataFrame:
    """By pair and layer, of all studies that take part."""
    frames = []
    if results.cka is not None and results.base is not None:
        frames.append(layers.phi(results.cka, results.base))
    if results.overlap is not None and results.p is not None:
        frames.append(layers.overlap(results.overlap, results.p))
    if results.directions is not None:
        frames.append(layers.movement(results.directions))
    return pd.concat(frames, ignore_index=True)


def _of_pairs(results: Results, values: pd.DataFrame) -> pd.DataFrame:
    """By pair, of all studies that take part."""
    frames = []
    if results.cka is not None:
        frames.append(pairs.phi(values))
    if results.overlap is not None:
        frames.append(pairs.overlap(values))
    if results.paths is not None:
        frames.append(pairs.slope(results.paths, results.metrics))
    if results.similarity is not None and results.study.alignment is not None:
        frames.append(pairs.similarity(results.similarity, results.study.alignment))
    return pd.concat(frames, ignore_index=True)


def _intro(results: Results, values: pd.DataFrame, correlations: pd.DataFrame) -> list[str]:
    study = results.study
    groups = results.changes["group"].nunique()
    others = [name for name in studies_of(values["quantity"]) if name != "muller2021"]
    return [
        origin(study.encoder, results.steps),
        f"Does the damage of new weights (muller2021) follow, layer by layer and pair by pair, "
        f"what the other studies measure? Here {', '.join(others)} take part. Sources: "
        f"{', '.join(study.sources)}.",
        what_groups_show(groups),
        "Neighbouring layers resemble each other, and whatever rises or falls steadily with depth "
        "goes together with whatever else does. The permutation takes layers as exchangeable and "
        "does not see this: compare each row with that of the quantity depth, the number of the "
        "layer itself. A quantity that is no further from 0 than depth says no more than that low "
        "and high layers differ. None of this says that one is the cause of the other.",
        f"The table has {int(correlations['value'].notna().sum())} correlations in "
        f"{len(correlations)} rows, and rows share their damages: read q beside p.",
    ]


def what_groups_show(groups: int) -> str:
    """What correlations over so many groups of layers can and cannot show, in sentences."""
    if groups < FEWEST:
        return (
            f"Groups of layers that RANDOM-INIT starts anew: {groups}. An order of so few is no "
            f"evidence: correlations over layers need {FEWEST} groups and are left out; the figure "
            "shows the curves, and pairs of languages are compared below."
        )
    least = 2 / math.factorial(groups)
    text = f"{least:.3f}" if least >= 0.001 else "below 0.001"
    bound = (
        "so that no order of the layers, not even the same or the opposite one, can be told from "
        "chance at the level of 0.05"
        if least > 0.05
        else "which only the same or the opposite order reaches; one exchange of neighbours is "
        "already more frequent"
    )
    return (
        f"RANDOM-INIT has {groups} groups of layers here, so that a correlation over layers rests "
        f"on {groups} numbers however many runs are behind them. Its smallest two-sided p is "
        f"{text}, {bound}."
    )


def studies_of(quantities: pd.Series) -> list[str]:
    """Studies behind quantities, each once."""
    return list(dict.fromkeys(quantities.map(STUDIES)))
