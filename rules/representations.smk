"""How similar a language's states are before and after fine-tuning.

Inputs: states of the encoder before fine-tuning, states of a run.
Outputs: results/base/{encoder}/{task}/states.parquet and cka.parquet in each run's folder.
"""


rule embed_base:
    """Hidden states of all targets before fine-tuning."""
    input:
        encoder="results/encoders/{encoder}/encoder.json",
        test=PLAN.test_files,
    output:
        states="results/base/{encoder}/{task}/states.parquet",
    log:
        "results/logs/embed_base/{encoder}/{task}.log",
    conda:
        "../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        task=PLAN.task_settings,
        targets=PLAN.targets,
        pooling=PLAN.pooling,
        layers=PLAN.encoder_layers,
        code=fingerprint("embed_base", SCRIPTS),
        task_code=lambda wildcards: TASK_CODE[wildcards.task],
    script:
        "../workflow/scripts/embed_base.py"


rule compute_cka:
    """Linear CKA per target and layer, biased and debiased, against each base."""
    input:
        states=f"{plan.RUN}/states.parquet",
        bases=PLAN.base_files,
    output:
        cka=f"{plan.RUN}/cka.parquet",
    log:
        f"{plan.RUN}/cka.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        bases=PLAN.bases,
        pooling=PLAN.pooling,
        code=fingerprint("compute_cka", SCRIPTS),
    script:
        "../workflow/scripts/compute_cka.py"
