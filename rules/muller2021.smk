"""Muller et al. 2021: re-initialised layers, similarity of languages, unseen languages.

Inputs: scores of runs with and without new layers, similarity of languages in each layer,
predictions on unseen languages, canonical rows of raw text (for their number), printed numbers.
Outputs: results/papers/muller2021/ with claims, tables, figures, protocol, comparison and
index.html.
Steps: contrast models on unseen languages (where they are asked for), present.
"""

from isogloss.papers.muller2021.names import (
    configured_names,
    figure_names,
    table_names,
)

if MULLER2021:
    MULLER2021_NAMED = configured_names(MULLER2021.study)

    if MULLER2021.study.unseen is not None:

        rule contrast_models_muller2021:
            """What one model or writing scores above another on unseen languages."""
            input:
                predictions=MULLER2021.prediction_files(),
            output:
                contrasts="results/papers/muller2021/contrasts.parquet",
            log:
                "results/logs/contrast_models_muller2021.log",
            conda:
                "../envs/analysis.yaml"
            threads: 1
            resources:
                mem_mb=6000,
                runtime=60,
            params:
                runs=MULLER2021.contrast_runs(),
                resamples=MULLER2021.study.resamples,
                seed=MULLER2021.study.statistics_seed,
                code=fingerprint("contrast_models_muller2021", SCRIPTS),
            script:
                "../workflow/scripts/contrast_models_muller2021.py"

    rule present_muller2021:
        """Claims, tables, figures and page of the study, beside the published numbers."""
        input:
            scores=MULLER2021.score_files(),
            similarity=MULLER2021.similarity_files(),
            contrasts=(
                [rules.contrast_models_muller2021.output.contrasts]
                if MULLER2021.study.unseen is not None
                else []
            ),
            rows=MULLER2021.row_files(),
            published=PRINTED,
            protocol=os.path.relpath(
                PROJECT / "resources" / "protocols" / "muller2021.csv"
            ),
        output:
            comparison="results/papers/muller2021/comparison.parquet",
            page=report(
                "results/papers/muller2021/index.html",
                caption="../report/comparison.rst",
                category="Muller et al. 2021",
                subcategory="Page",
            ),
            tables=[
                report(
                    f"results/papers/muller2021/{name}.csv",
                    caption="../report/muller2021.rst",
                    category="Muller et al. 2021",
                    subcategory="Tables",
                    labels={"table": name},
                )
                for name in table_names(MULLER2021.study)
            ],
            views=[
                f"results/papers/muller2021/{name}.{kind}"
                for name in table_names(MULLER2021.study)
                for kind in ("md", "tex")
            ],
            figures=[
                report(
                    f"results/papers/muller2021/{name}.svg",
                    caption="../report/muller2021.rst",
                    category="Muller et al. 2021",
                    subcategory="Figures",
                    labels={"figure": name},
                )
                for name in figure_names(MULLER2021.study)
            ],
            drawings=[
                f"results/papers/muller2021/{name}.{kind}"
                for name in figure_names(MULLER2021.study)
                for kind in ("pdf", "png", "csv", "md", "tex")
            ],
        log:
            "results/logs/present_muller2021.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=6000,
            runtime=60,
        params:
            study=MULLER2021.study.model_dump(mode="json"),
            layers=MULLER2021.layers,
            names=MULLER2021.names(),
            metrics=MULLER2021.metrics(),
            texts=MULLER2021.raw_texts(),
            languages={
                code: {key: row[key] for key in ("name", "iso639_3", "script")}
                for code, row in PLAN.languages.items()
            },
            configured={
                kind: {
                    name: getattr(PLAN.config, kind)[name].model_dump(mode="json")
                    for name in names
                }
                for kind, names in MULLER2021_NAMED.items()
            },
            corpora={
                name: corpus.dataset for name, corpus in PLAN.config.corpora.items()
            },
            steps=PLAN.pretraining_steps(MULLER2021.study.encoder),
            code=fingerprint("present_muller2021", SCRIPTS),
        script:
            "../workflow/scripts/present_muller2021.py"

    rule muller2021:
        """Everything of the study."""
        input:
            rules.present_muller2021.output,
        localrule: True
