"""Matrices of scores: a task learnt from each source and scored on each target.

Inputs: scores of one run per source and seed, trivial baselines of each source.
Outputs: results/transfer/{transfer}/ with scores, matrix, figure and index.html.
"""


rule present_transfer:
    """Scores beside trivial baselines, their matrix and its figure."""
    input:
        scores=PLAN.transfer_scores,
        baselines=PLAN.transfer_baselines,
    output:
        scores="results/transfer/{transfer}/scores.parquet",
        page=report(
            "results/transfer/{transfer}/index.html",
            caption="../report/transfer.rst",
            category="Transfer",
            subcategory="{transfer}",
        ),
        tables=[
            report(
                f"results/transfer/{{transfer}}/{name}.csv",
                caption="../report/transfer.rst",
                category="Transfer",
                subcategory="{transfer}",
                labels={"table": name},
            )
            for name in ("scores", "matrix", "summary")
        ],
        views=[
            f"results/transfer/{{transfer}}/{name}.{kind}"
            for name in ("scores", "matrix", "summary")
            for kind in ("md", "tex")
        ],
        figure=report(
            "results/transfer/{transfer}/matrix.svg",
            caption="../report/transfer.rst",
            category="Transfer",
            subcategory="{transfer}",
            labels={"figure": "matrix"},
        ),
        drawings=[
            f"results/transfer/{{transfer}}/matrix.{kind}" for kind in ("pdf", "png")
        ],
    log:
        "results/logs/present_transfer/{transfer}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        transfer=PLAN.transfer_settings,
        kind=lambda wildcards: KINDS[PLAN.transfer(wildcards).task],
        steps=lambda wildcards: PLAN.pretraining_steps(PLAN.transfer(wildcards).encoder),
        code=fingerprint("present_transfer", SCRIPTS),
    script:
        "../workflow/scripts/present_transfer.py"


rule transfer:
    """All matrices of the configuration."""
    input:
        expand(
            "results/transfer/{transfer}/index.html",
            transfer=sorted(SETTINGS.studies.transfer),
        ),
    localrule: True
