"""Philippy, Guo and Haddadan 2023: how fine-tuning moves each language's space.

Inputs: scores and similarities of one run per source language, distances, printed numbers.
Outputs: results/papers/philippy2023/ with tables, figures, comparison and index.html;
results/papers/philippy2023_published/ with what follows from the printed Figure 3 alone.
Steps: choose_layers, correlate, present; recompute for the printed numbers.
"""

PHILIPPY2023 = SETTINGS.studies.philippy2023
RENDERED_TABLES = (
    "table1",
    "table2",
    "table3",
    "scores",
    "layers",
    "comparison",
    "correlations",
)
RENDERED_FIGURES = ("figure1", "figure2", "figure3")


if PHILIPPY2023:
    SOURCE_FOLDERS = [run.folder for run in plan.source_runs(PHILIPPY2023).values()]
    EXPERIMENT_FOLDERS = [
        run.folder for run in plan.experiment_runs(PHILIPPY2023).values()
    ]
    DISTANCE_FILES = [
        f"results/distances/{name}.parquet" for name in PHILIPPY2023.distances
    ]

    rule choose_layers_philippy2023:
        """Apply the paper's rule for choosing layers to freeze to the numbers at hand."""
        input:
            scores=expand("{folder}/scores.parquet", folder=SOURCE_FOLDERS),
            cka=expand("{folder}/cka.parquet", folder=SOURCE_FOLDERS),
            distances=DISTANCE_FILES[:1],
        output:
            layers="results/papers/philippy2023/layers.json",
        log:
            "results/logs/choose_layers_philippy2023.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=20,
        params:
            # Not the whole study: runs wait for this choice, and more permutations need none.
            languages=PHILIPPY2023.languages,
            source=PHILIPPY2023.source,
            distances=PHILIPPY2023.distances[0],
            base=PHILIPPY2023.bases[0],
            code=fingerprint("choose_layers_philippy2023", SCRIPTS),
        script:
            "../workflow/scripts/choose_layers_philippy2023.py"

    rule correlate_philippy2023:
        """All correlations of the study, in every variant."""
        input:
            scores=expand("{folder}/scores.parquet", folder=SOURCE_FOLDERS),
            cka=expand("{folder}/cka.parquet", folder=SOURCE_FOLDERS),
            experiments=expand("{folder}/scores.parquet", folder=EXPERIMENT_FOLDERS),
            distances=DISTANCE_FILES,
        output:
            correlations="results/papers/philippy2023/correlations.parquet",
            cells="results/papers/philippy2023/cells.parquet",
        log:
            "results/logs/correlate_philippy2023.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime=60,
        params:
            study=PHILIPPY2023.model_dump(mode="json"),
            code=fingerprint("correlate_philippy2023", SCRIPTS),
        script:
            "../workflow/scripts/correlate_philippy2023.py"

    rule present_philippy2023:
        """Tables, figures and page of the study, beside the published numbers."""
        input:
            scores=expand("{folder}/scores.parquet", folder=SOURCE_FOLDERS),
            experiments=expand("{folder}/run.json", folder=EXPERIMENT_FOLDERS),
            experiment_scores=expand(
                "{folder}/scores.parquet", folder=EXPERIMENT_FOLDERS
            ),
            baselines=expand(
                "results/baselines/{encoder}/{task}/{source}.parquet",
                encoder=PHILIPPY2023.encoder,
                task=PHILIPPY2023.task,
                source=PHILIPPY2023.languages,
            ),
            layers="results/papers/philippy2023/layers.json",
            correlations="results/papers/philippy2023/correlations.parquet",
            cells="results/papers/philippy2023/cells.parquet",
            published=PRINTED,
        output:
            comparison="results/papers/philippy2023/comparison.parquet",
            page=report(
                "results/papers/philippy2023/index.html",
                caption="../report/comparison.rst",
                category="Philippy et al. 2023",
                subcategory="Page",
            ),
            tables=[
                report(
                    f"results/papers/philippy2023/{name}.csv",
                    caption=f"../report/{name}.rst",
                    category="Philippy et al. 2023",
                    subcategory="Tables",
                    labels={"table": name},
                )
                for name in RENDERED_TABLES
            ],
            views=[
                f"results/papers/philippy2023/{name}.{kind}"
                for name in RENDERED_TABLES
                for kind in ("md", "tex")
            ],
            figures=[
                report(
                    f"results/papers/philippy2023/{name}.svg",
                    caption=f"../report/{name}.rst",
                    category="Philippy et al. 2023",
                    subcategory="Figures",
                    labels={"figure": name},
                )
                for name in RENDERED_FIGURES
            ],
            drawings=[
                f"results/papers/philippy2023/{name}.{kind}"
                for name in RENDERED_FIGURES
                for kind in ("pdf", "png", "csv", "md", "tex")
            ],
        log:
            "results/logs/present_philippy2023.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime=30,
        params:
            study=PHILIPPY2023.model_dump(mode="json"),
            encoder=SETTINGS.encoders[PHILIPPY2023.encoder].model_dump(mode="json"),
            code=fingerprint("present_philippy2023", SCRIPTS),
        script:
            "../workflow/scripts/present_philippy2023.py"

    rule philippy2023:
        """Everything of the study."""
        input:
            rules.present_philippy2023.output,
        localrule: True


rule recompute_philippy2023:
    """What follows from the printed Figure 3 and language distances alone."""
    input:
        published=PRINTED,
    output:
        correlations="results/papers/philippy2023_published/correlations.parquet",
        comparison="results/papers/philippy2023_published/comparison.parquet",
        page=report(
            "results/papers/philippy2023_published/index.html",
            caption="../report/comparison.rst",
            category="Philippy et al. 2023, recomputed from print",
        ),
        views=[
            f"results/papers/philippy2023_published/{name}.{kind}"
            for name in ("table1", "table3", "figure3", "comparison", "correlations")
            for kind in ("csv", "md", "tex")
        ],
        drawings=[
            f"results/papers/philippy2023_published/figure3.{kind}"
            for kind in ("svg", "pdf", "png")
        ],
    log:
        "results/logs/recompute_philippy2023.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        table=PLAN.languages,
        code=fingerprint("recompute_philippy2023", SCRIPTS),
    script:
        "../workflow/scripts/recompute_philippy2023.py"


rule philippy2023_published:
    """The printed numbers, recomputed without any training."""
    input:
        rules.recompute_philippy2023.output,
    localrule: True
