"""Which source languages suit a text of your own.

Inputs: files of text, sub-networks and descriptions of the candidates' training texts; scores
of the study by Yun et al. where they are already there.
Outputs: results/rank/{name}/ with ranking.csv, a figure and index.html.
Steps: find_subnetwork_of_text, rank_text.
"""

RANK = SETTINGS.rank


if RANK and XSNS2023:
    RANKED = plan_xsns2023.RankPlan(XSNS2023, RANK)

    rule find_subnetwork_of_text:
        """Sub-networks, mean states and sub-words of the text."""
        input:
            encoder=f"results/encoders/{XSNS2023.study.encoder}/encoder.json",
            text=RANKED.texts(),
        output:
            levels=f"results/rank/{RANK.name}/levels.parquet",
            selections=f"results/rank/{RANK.name}/selections.parquet",
            means=f"results/rank/{RANK.name}/means.parquet",
            subwords=f"results/rank/{RANK.name}/subwords.parquet",
        log:
            f"results/rank/{RANK.name}/find.log",
        conda:
            "../envs/train.yaml"
        threads: 1
        resources:
            mem_mb=8000,
            runtime=60,
        params:
            subnetwork=XSNS2023.main_settings(),
            encoder=XSNS2023.study.encoder,
            setting=RANKED.setting(),
            task=RANK.task,
            code=fingerprint("find_subnetwork_of_text", SCRIPTS),
        script:
            "../workflow/scripts/find_subnetwork_of_text.py"

    rule rank_text:
        """Candidates in the order of their overlap with the text, and what else is known."""
        input:
            levels=f"results/rank/{RANK.name}/levels.parquet",
            selections=f"results/rank/{RANK.name}/selections.parquet",
            means=f"results/rank/{RANK.name}/means.parquet",
            subwords=f"results/rank/{RANK.name}/subwords.parquet",
            candidates=RANKED.candidate_files(),
            candidate_means=f"results/predictors/{XSNS2023.study.encoder}/{RANK.task}/means.parquet",
            candidate_subwords=f"results/predictors/{XSNS2023.study.encoder}/{RANK.task}/subwords.parquet",
            # Scores are used where they are there; a ranking asks for no training.
            study=RANKED.study_files(),
        output:
            page=report(
                f"results/rank/{RANK.name}/index.html",
                caption="../report/rank.rst",
                category="Ranking of sources",
            ),
            views=[
                f"results/rank/{RANK.name}/ranking.{kind}"
                for kind in ("csv", "md", "tex")
            ],
            drawings=[
                f"results/rank/{RANK.name}/ranking.{kind}"
                for kind in ("svg", "pdf", "png")
            ],
        log:
            f"results/rank/{RANK.name}/rank.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime=20,
        params:
            rank=RANK.model_dump(mode="json"),
            p=XSNS2023.study.p,
            source=XSNS2023.study.source,
            candidates=RANKED.candidates(),
            codes=RANKED.uriel_codes(),
            code=fingerprint("rank_text", SCRIPTS),
        script:
            "../workflow/scripts/rank_text.py"

    rule rank:
        """A ranking of source languages for your text."""
        input:
            rules.rank_text.output,
        localrule: True
