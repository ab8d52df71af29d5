"""Across the studies: whether the damage of new weights follows what the others measure.

Inputs: scores with and without new layers, similarities, CKA, overlaps, lines and directions
between runs: what the studies of the configuration compute anyway.
Outputs: results/papers/across/ with tables, a figure and index.html.
"""

from isogloss.papers.across.names import FIGURES, TABLES

if ACROSS:

    rule present_across:
        """Quantities by layer and by pair of languages, and how they go together."""
        input:
            scores=ACROSS.score_files(),
            similarity=ACROSS.similarity_files(),
            cka=ACROSS.cka_files(),
            overlaps=ACROSS.overlap_files(),
            paths=ACROSS.path_files(),
            directions=ACROSS.direction_files(),
        output:
            page=report(
                "results/papers/across/index.html",
                caption="../report/across.rst",
                category="Across the studies",
                subcategory="Page",
            ),
            tables=[
                report(
                    f"results/papers/across/{name}.csv",
                    caption="../report/across.rst",
                    category="Across the studies",
                    subcategory="Tables",
                    labels={"table": name},
                )
                for name in TABLES
            ],
            views=[
                f"results/papers/across/{name}.{kind}"
                for name in TABLES
                for kind in ("md", "tex")
            ],
            figures=[
                report(
                    f"results/papers/across/{name}.svg",
                    caption="../report/across.rst",
                    category="Across the studies",
                    subcategory="Figures",
                    labels={"figure": name},
                )
                for name in FIGURES
            ],
            drawings=[
                f"results/papers/across/{name}.{kind}"
                for name in FIGURES
                for kind in ("pdf", "png")
            ],
        log:
            "results/logs/present_across.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=6000,
            runtime=60,
        params:
            study=ACROSS.muller2021.study.model_dump(mode="json"),
            across=ACROSS.study.model_dump(mode="json"),
            metrics=ACROSS.muller2021.metrics(),
            base=ACROSS.base(),
            p=ACROSS.p(),
            path_metrics=ACROSS.path_metrics(),
            kinds=ACROSS.kinds(),
            depths=ACROSS.depths(),
            steps=PLAN.pretraining_steps(ACROSS.muller2021.study.encoder),
            code=fingerprint("present_across", SCRIPTS),
        script:
            "../workflow/scripts/present_across.py"

    rule across:
        """Everything of the comparison."""
        input:
            rules.present_across.output,
        localrule: True
