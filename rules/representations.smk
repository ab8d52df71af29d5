"""How similar a language's states are before and after fine-tuning, and to another language's.

Inputs: states of the encoder before fine-tuning, states of a run, rows that translate each other.
Outputs: results/base/{encoder}/{task}/states.parquet and cka.parquet in each run's folder;
results/parallel/{encoder}/{parallel}/{model}/similarity.parquet, where {parallel} names a text and
{model} a run, or `pretrained`.
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


if MULLER2021 and MULLER2021.study.alignment:

    rule embed_parallel:
        """States of sentences that translate each other, of a run or before fine-tuning."""
        input:
            encoder="results/encoders/{encoder}/encoder.json",
            weights=MULLER2021.parallel_weights,
            facts=MULLER2021.parallel_facts,
            rows=MULLER2021.parallel_files,
        output:
            states=[
                temp(f"{plan_muller2021.PARALLEL}/{protocol}.parquet")
                for protocol in MULLER2021.study.alignment.protocols
            ],
        log:
            f"{plan_muller2021.PARALLEL}/embed.log",
        priority: plan_disk.READING
        conda:
            "../envs/train.yaml"
        threads: MULLER2021.study.threads
        resources:
            mem_mb=8000,
            runtime=120,
        params:
            task=MULLER2021.parallel_task,
            layers=PLAN.encoder_layers,
            languages=MULLER2021.parallel_languages,
            sentences=MULLER2021.study.alignment.sentences,
            max_length=MULLER2021.study.alignment.max_length,
            protocols=list(MULLER2021.study.alignment.protocols),
            code=fingerprint("embed_parallel", SCRIPTS),
            task_code=lambda wildcards: TASK_CODE.get(
                MULLER2021.parallel_task_name(wildcards), ""
            ),
        script:
            "../workflow/scripts/embed_parallel.py"

    rule compare_languages:
        """All indices of similarity between each source and its targets, by layer."""
        input:
            states=rules.embed_parallel.output.states,
        output:
            similarity=f"{plan_muller2021.PARALLEL}/similarity.parquet",
        log:
            f"{plan_muller2021.PARALLEL}/compare.log",
        priority: plan_disk.READING
        conda:
            "../envs/analysis.yaml"
        threads: MULLER2021.study.threads
        resources:
            mem_mb=8000,
            runtime=120,
        params:
            pairs=MULLER2021.parallel_pairs,
            indices=list(MULLER2021.study.alignment.indices),
            protocols=list(MULLER2021.study.alignment.protocols),
            sentences=MULLER2021.study.alignment.sentences,
            tuned=lambda wildcards: wildcards.model != plan_muller2021.PRETRAINED,
            code=fingerprint("compare_languages", SCRIPTS),
        script:
            "../workflow/scripts/compare_languages.py"
