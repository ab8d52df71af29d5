"""What predicts transfer besides sub-networks.

Inputs: an encoder, training rows of a task in all its languages, what is known of languages.
Outputs: results/predictors/{encoder}/{task}/ with means and sub-words of each language's text,
predictors of pairs, and the features of regressions.
"""

# Attributes of languages, scores and distances of de Vries et al. 2022.
DEVRIES2022 = os.path.relpath(PROJECT / "resources" / "published" / "devries2022")

if XSNS2023:

    rule describe_texts:
        """Mean state of each language's text at each layer, and how often sub-words occur."""
        input:
            encoder="results/encoders/{encoder}/encoder.json",
            rows=XSNS2023.text_files,
        output:
            means="results/predictors/{encoder}/{task}/means.parquet",
            subwords="results/predictors/{encoder}/{task}/subwords.parquet",
        log:
            "results/logs/describe_texts/{encoder}/{task}.log",
        conda:
            "../envs/train.yaml"
        threads: 1
        resources:
            mem_mb=8000,
            runtime=120,
        params:
            languages=XSNS2023.all_languages,
            task=PLAN.task_settings,
            subnetwork=XSNS2023.main_settings(),
            layers=PLAN.encoder_layers,
            code=fingerprint("describe_texts", SCRIPTS),
            task_code=lambda wildcards: TASK_CODE[wildcards.task],
        script:
            "../workflow/scripts/describe_texts.py"

    rule predict_transfer:
        """L2V, LEX, SuE, EMB and what regressions read, for all pairs of a task's languages."""
        input:
            means="results/predictors/{encoder}/{task}/means.parquet",
            subwords="results/predictors/{encoder}/{task}/subwords.parquet",
            rows=XSNS2023.text_files,
            distances=XSNS2023.typology_files(),
        output:
            predictors="results/predictors/{encoder}/{task}/predictors.parquet",
            features="results/predictors/{encoder}/{task}/features.parquet",
        log:
            "results/logs/predict_transfer/{encoder}/{task}.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime=60,
        params:
            languages=XSNS2023.languages,
            targets=XSNS2023.all_languages,
            codes=XSNS2023.uriel_codes,
            scripts=XSNS2023.scripts,
            pretrained=XSNS2023.pretrained_languages,
            merges=XSNS2023.study.merges,
            embedding_layers=XSNS2023.study.embedding_layers,
            attributes=DEVRIES2022,
            seed=XSNS2023.study.statistics_seed,
            code=fingerprint("predict_transfer", SCRIPTS),
        script:
            "../workflow/scripts/predict_transfer.py"
