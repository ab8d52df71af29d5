"""How similar a language's states are before and after fine-tuning.

Inputs: states of the encoder before fine-tuning, states of a run.
Outputs: results/base/{encoder}/{task}/states.parquet and cka.parquet in each run's folder.
"""


def cka_bases(wildcards):
    study = SETTINGS.studies.philippy2023
    files = {
        "pretrained": f"results/base/{wildcards.encoder}/{wildcards.task}/states.parquet",
        "last_source": f"{plan.last_source(study).folder}/states.parquet",
    }
    return [files[base] for base in study.bases]


rule embed_base:
    """Hidden states of all targets before fine-tuning."""
    input:
        encoder="results/encoders/{encoder}/encoder.json",
        test=target_files,
    output:
        states="results/base/{encoder}/{task}/states.parquet",
    log:
        "results/logs/embed_base/{encoder}/{task}.log",
    threads: 1
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        task=lambda wildcards: SETTINGS.tasks[wildcards.task].model_dump(mode="json"),
        targets=lambda wildcards: plan.targets(SETTINGS, wildcards.encoder, wildcards.task),
        pooling=lambda wildcards: plan.pooling(SETTINGS, wildcards.encoder, wildcards.task),
        layers=encoder_layers,
        code=fingerprint("embed_base", SCRIPTS),
    conda:
        "../envs/train.yaml"
    script:
        "../workflow/scripts/embed_base.py"


rule compute_cka:
    """Linear CKA per target and layer, biased and debiased, against each base."""
    input:
        states=f"{RUN}/states.parquet",
        bases=cka_bases,
    output:
        cka=f"{RUN}/cka.parquet",
    log:
        f"{RUN}/cka.log",
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        bases=lambda wildcards: list(SETTINGS.studies.philippy2023.bases),
        pooling=lambda wildcards: plan.pooling(SETTINGS, wildcards.encoder, wildcards.task),
        code=fingerprint("compute_cka", SCRIPTS),
    conda:
        "../envs/analysis.yaml"
    script:
        "../workflow/scripts/compute_cka.py"
