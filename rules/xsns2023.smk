"""Yun et al. 2023: which source language transfers best, predicted from sub-networks.

Inputs: scores of one run per source and seed, overlaps, predictors, printed numbers.
Outputs: results/papers/xsns2023/ with rankings and regressions of each encoder and task, tables,
figures, comparison and index.html; results/papers/xsns2023_published/ with what follows from
published scores alone.
Steps: rank_sources per encoder and task, choose_mixtures, present; recompute for published scores.
"""

XSNS2023_TABLES = (
    *("table1", "table2", "table3", "table4", "advantages", "relations"),
    *("selections", "scores", "comparison"),
)
XSNS2023_FIGURES = ("figure1", "figure3", "figure5", "figure6", "layers")


if XSNS2023:
    PREDICTED = [
        f"{case.encoder}/{case.task}" for case in plan_xsns2023.cases(XSNS2023.study)
    ]
    MIXED = XSNS2023.mixed_cases()
    XSNS2023_DRAWN = [
        *XSNS2023_FIGURES,
        *(f"gold-{key.lower()}" for key in XSNS2023.study.tasks),
        *(["figure4"] if MIXED else []),
        *(["figure7"] if XSNS2023.has_low_resource() else []),
    ]

    rule rank_sources_xsns2023:
        """How well each method ranks the sources of each target, and regressions of scores."""
        input:
            scores=XSNS2023.gold_files,
            overlaps=XSNS2023.overlap_files,
            predictors="results/predictors/{encoder}/{task}/predictors.parquet",
            features="results/predictors/{encoder}/{task}/features.parquet",
        output:
            rankings="results/papers/xsns2023/{encoder}/{task}/rankings.parquet",
            regressions="results/papers/xsns2023/{encoder}/{task}/regressions.parquet",
        log:
            "results/logs/rank_sources_xsns2023/{encoder}/{task}.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=6000,
            runtime=60,
        params:
            languages=XSNS2023.languages,
            metric=XSNS2023.metric,
            p=XSNS2023.study.p,
            source=XSNS2023.study.source,
            code=fingerprint("rank_sources_xsns2023", SCRIPTS),
        script:
            "../workflow/scripts/rank_sources_xsns2023.py"

    checkpoint choose_mixtures_xsns2023:
        """The three sources that each method puts first for each target, equal sets once."""
        input:
            scores=XSNS2023.gold_files,
            overlaps=lambda wildcards: XSNS2023.overlap_files(wildcards)[:1],
            predictors="results/predictors/{encoder}/{task}/predictors.parquet",
        output:
            mixtures="results/papers/xsns2023/{encoder}/{task}/mixtures.csv",
        log:
            "results/logs/choose_mixtures_xsns2023/{encoder}/{task}.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime=20,
        params:
            languages=XSNS2023.languages,
            metric=XSNS2023.metric,
            p=XSNS2023.study.p,
            methods=XSNS2023.mixture_methods(),
            code=fingerprint("choose_mixtures_xsns2023", SCRIPTS),
        script:
            "../workflow/scripts/choose_mixtures_xsns2023.py"

    rule present_xsns2023:
        """Tables, figures and page of the study, beside the published numbers."""
        input:
            rankings=expand(
                "results/papers/xsns2023/{case}/rankings.parquet", case=PREDICTED
            ),
            regressions=expand(
                "results/papers/xsns2023/{case}/regressions.parquet", case=PREDICTED
            ),
            predictors=expand(
                "results/predictors/{case}/predictors.parquet", case=PREDICTED
            ),
            scores=XSNS2023.all_gold_files(),
            baselines=XSNS2023.baseline_files(),
            overlaps=XSNS2023.main_overlap_files(),
            selections=XSNS2023.main_selection_files(),
            mixtures=expand(
                "results/papers/xsns2023/{case}/mixtures.csv",
                case=[f"{case.encoder}/{case.task}" for case in MIXED],
            ),
            mixture_scores=lambda wildcards: XSNS2023.mixture_score_files(
                checkpoints.choose_mixtures_xsns2023
            ),
            published=PRINTED,
        output:
            comparison="results/papers/xsns2023/comparison.parquet",
            page=report(
                "results/papers/xsns2023/index.html",
                caption="../report/comparison.rst",
                category="Yun et al. 2023",
                subcategory="Page",
            ),
            tables=[
                report(
                    f"results/papers/xsns2023/{name}.csv",
                    caption="../report/xsns2023.rst",
                    category="Yun et al. 2023",
                    subcategory="Tables",
                    labels={"table": name},
                )
                for name in XSNS2023_TABLES
            ],
            views=[
                f"results/papers/xsns2023/{name}.{kind}"
                for name in XSNS2023_TABLES
                for kind in ("md", "tex")
            ],
            figures=[
                report(
                    f"results/papers/xsns2023/{name}.svg",
                    caption="../report/xsns2023.rst",
                    category="Yun et al. 2023",
                    subcategory="Figures",
                    labels={"figure": name},
                )
                for name in XSNS2023_DRAWN
            ],
            drawings=[
                f"results/papers/xsns2023/{name}.{kind}"
                for name in XSNS2023_DRAWN
                for kind in ("pdf", "png", "csv", "md", "tex")
            ],
        log:
            "results/logs/present_xsns2023.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=6000,
            runtime=60,
        params:
            study=XSNS2023.study.model_dump(mode="json"),
            metrics=XSNS2023.metrics(),
            asked=XSNS2023.main_settings()["examples"],
            mixed=[[case.key, case.task] for case in MIXED],
            steps=PLAN.pretraining_steps(XSNS2023.study.encoder),
            code=fingerprint("present_xsns2023", SCRIPTS),
        script:
            "../workflow/scripts/present_xsns2023.py"

    rule xsns2023:
        """Everything of the study."""
        input:
            rules.present_xsns2023.output,
        localrule: True


rule recompute_xsns2023:
    """L2V against published scores of part-of-speech tagging in 20 languages."""
    input:
        published=PRINTED,
        data=[
            f"{DEVRIES2022}/{name}"
            for name in ("scores.csv", "attributes.csv", "ldnd.csv")
        ],
    output:
        comparison="results/papers/xsns2023_published/comparison.parquet",
        page=report(
            "results/papers/xsns2023_published/index.html",
            caption="../report/comparison.rst",
            category="Yun et al. 2023, from published scores",
        ),
        views=[
            f"results/papers/xsns2023_published/{name}.{kind}"
            for name in ("table2", "comparison")
            for kind in ("csv", "md", "tex")
        ],
    log:
        "results/logs/recompute_xsns2023.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        table=PLAN.languages,
        code=fingerprint("recompute_xsns2023", SCRIPTS),
    script:
        "../workflow/scripts/recompute_xsns2023.py"


rule xsns2023_published:
    """What follows from published scores, without any training."""
    input:
        rules.recompute_xsns2023.output,
    localrule: True
