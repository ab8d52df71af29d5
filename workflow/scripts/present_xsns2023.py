"""Tables, figures and page of Yun et al. 2023."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config.studies import Xsns2023
from isogloss.logs import job
from isogloss.papers.published import read_published
from isogloss.papers.views import score_table
from isogloss.papers.xsns2023.gold import Floats, Gold, gold_scores
from isogloss.papers.xsns2023.mixtures import mixture_scores
from isogloss.papers.xsns2023.presentation import Results, absences, present
from isogloss.papers.xsns2023.rankings import main_overlap
from isogloss.papers.xsns2023.relations import relations
from isogloss.papers.xsns2023.tables import STUDY, Study
from isogloss.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    settings = Xsns2023.model_validate(params.study)
    main = settings.encoder

    def by_task(files: list[str], kind: str) -> dict[str, pd.DataFrame]:
        """Rows of the study's own encoder by the printed name of their task."""
        frame = pd.concat([read_table(file, kind) for file in files])
        own = frame[frame["encoder"] == main]
        return {key: own[own["task"] == item.task] for key, item in settings.tasks.items()}

    gold: dict[str, Gold] = {}
    overlap: dict[str, Floats] = {}
    shown: list[pd.DataFrame] = []
    related: list[pd.DataFrame] = []
    scores, overlaps = by_task(given.scores, "scores"), by_task(given.overlaps, "overlap")
    baselines = pd.concat([read_table(file, "baselines") for file in given.baselines])
    for key, item in settings.tasks.items():
        targets = [*item.languages, *item.low_resource]
        runs = scores[key]
        gold[key] = gold_scores(runs, item.languages, targets, params.metrics[item.task])
        overlap[key] = main_overlap(overlaps[key], settings.p, gold[key]).mean(0)
        beside = baselines[(baselines["task"] == item.task) & baselines["language"].isin(targets)]
        table = score_table(runs[runs["language"].isin(targets)], beside)
        shown.append(table.assign(task=key))
        predictors = read_table(given.predictors[len(related)], "predictors")
        n = len(item.languages)
        frame = relations(
            gold[key].among_sources(),
            overlap[key][:, :n],
            predictors,
            settings.permutations,
            settings.resamples,
            settings.statistics_seed,
        )
        related.append(frame.assign(task=key))
    selections = pd.concat([read_table(file, "selections") for file in given.selections])
    selections = selections[selections["p"] == settings.p]
    brief = selections.groupby(["task", "asked"], as_index=False).agg(
        dict.fromkeys(("examples", "parameters", "selected", "ties", "clipped"), "mean")
    )
    published = read_published(given.published)
    published = published[published["study"] == STUDY].reset_index(drop=True)
    study = Study(
        settings, pd.concat([read_table(file, "rankings") for file in given.rankings]), params.asked
    )
    mixed = {}
    if params.mixed:
        runs = pd.concat([read_table(file, "scores") for file in given.mixture_scores])
        for (key, task), file in zip(params.mixed, given.mixtures, strict=True):
            own = runs[runs["task"] == task]
            here = gold[key].among_sources()
            mixed[key] = mixture_scores(pd.read_csv(file), own, params.metrics[task], here)
    results = Results(
        study=study,
        gold=gold,
        overlap=overlap,
        fitted=by_task(given.regressions, "regressions"),
        mixtures=mixed,
        metrics={key: params.metrics[item.task] for key, item in settings.tasks.items()},
        relations=pd.concat(related)[
            ["task", "with", "value", "p_permutation", "low", "high", "n"]
        ],
        selections=brief,
        scores=pd.concat(shown),
        published=published,
        reasons=absences(published, study),
        steps=params.steps,
    )
    comparison = present(Path(snakemake.output.page).parent, results)
    write_table(snakemake.output.comparison, "comparison", comparison)
