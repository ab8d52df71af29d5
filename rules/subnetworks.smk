"""Which part of an encoder a language uses, and how much two languages' parts overlap.

Inputs: an encoder and canonical rows of a language.
Outputs: results/subnetworks/{encoder}/{subnetwork}/{text}/{language}/{split}/ with levels and
selections, where {text} is a task or a corpus; overlap-{task}.parquet in the folder of the setting.
"""


rule find_subnetwork:
    """Squared gradients of a language's text, and which parameters are among the largest."""
    input:
        encoder="results/encoders/{encoder}/encoder.json",
        rows=PLAN.text_rows,
    output:
        levels="results/subnetworks/{encoder}/{subnetwork}/{text}/{language}/{split}/levels.parquet",
        selections="results/subnetworks/{encoder}/{subnetwork}/{text}/{language}/{split}/selections.parquet",
    log:
        "results/subnetworks/{encoder}/{subnetwork}/{text}/{language}/{split}/find.log",
    conda:
        "../envs/train.yaml"
    threads: PLAN.subnetwork_threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        subnetwork=PLAN.subnetwork_settings,
        task=PLAN.text_task,
        layers=PLAN.encoder_layers,
        code=fingerprint("find_subnetwork", SCRIPTS),
        task_code=lambda wildcards: TASK_CODE.get(wildcards.text, ""),
    script:
        "../workflow/scripts/find_subnetwork.py"


if XSNS2023:

    rule overlap_subnetworks:
        """Jaccard coefficients of all pairs of a task's languages, for all p and each block."""
        input:
            levels=XSNS2023.level_files,
        output:
            overlap="results/subnetworks/{encoder}/{subnetwork}/overlap-{task}.parquet",
        log:
            "results/logs/overlap_subnetworks/{encoder}/{subnetwork}/{task}.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=8000,
            runtime=60,
        params:
            compared=XSNS2023.compared,
            languages=XSNS2023.languages,
            targets=XSNS2023.all_languages,
            splits=XSNS2023.splits,
            code=fingerprint("overlap_subnetworks", SCRIPTS),
        script:
            "../workflow/scripts/overlap_subnetworks.py"
