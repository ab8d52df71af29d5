"""Wu et al. 2022: why zero-shot transfer is under-specified.

Inputs: scores on lines and planes between monolingual and bilingual runs and around the source's,
norms and angles, canonical rows (for their number), printed numbers.
Outputs: results/papers/wu2022/ with claims, tables, figures, comparison and index.html.
"""

from isogloss.papers.wu2022.names import figure_names, table_names

if WU2022:

    rule present_wu2022:
        """Claims, tables, figures and page of the study, beside the published numbers."""
        input:
            paths=WU2022.path_files(),
            planes=WU2022.plane_files(),
            directions=WU2022.direction_files(),
            sharpness=WU2022.sharpness_files(),
            rows=WU2022.counted_files(),
            published=PRINTED,
        output:
            comparison="results/papers/wu2022/comparison.parquet",
            page=report(
                "results/papers/wu2022/index.html",
                caption="../report/comparison.rst",
                category="Wu et al. 2022",
                subcategory="Page",
            ),
            tables=[
                report(
                    f"results/papers/wu2022/{name}.csv",
                    caption="../report/wu2022.rst",
                    category="Wu et al. 2022",
                    subcategory="Tables",
                    labels={"table": name},
                )
                for name in table_names(WU2022.study)
            ],
            views=[
                f"results/papers/wu2022/{name}.{kind}"
                for name in table_names(WU2022.study)
                for kind in ("md", "tex")
            ],
            figures=[
                report(
                    f"results/papers/wu2022/{name}.svg",
                    caption="../report/wu2022.rst",
                    category="Wu et al. 2022",
                    subcategory="Figures",
                    labels={"figure": name},
                )
                for name in figure_names(WU2022.study)
            ],
            drawings=[
                f"results/papers/wu2022/{name}.{kind}"
                for name in figure_names(WU2022.study)
                for kind in ("pdf", "png", "csv", "md", "tex")
            ],
        log:
            "results/logs/present_wu2022.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=6000,
            runtime=60,
        params:
            study=WU2022.study.model_dump(mode="json"),
            counted=WU2022.counted(),
            metrics=WU2022.metrics(),
            corpora=WU2022.corpora(),
            steps=PLAN.pretraining_steps(WU2022.study.encoders[0]),
            code=fingerprint("present_wu2022", SCRIPTS),
        script:
            "../workflow/scripts/present_wu2022.py"

    rule wu2022:
        """Everything of the study."""
        input:
            rules.present_wu2022.output,
        localrule: True
