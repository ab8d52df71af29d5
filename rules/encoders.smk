"""How an encoder comes to be: pretrained or adapted here, new, from the hub, or a local folder.

Inputs: canonical rows to train on, or a repository and revision, or a folder.
Outputs: results/encoders/{encoder}/encoder.json, which names the files and their checksums.
"""


rule pretrain_encoder:
    """Train tokenizer and encoder by masked language modelling."""
    input:
        text=PLAN.pretraining_files,
    output:
        manifest="results/encoders/{encoder}/encoder.json",
        curve="results/encoders/{encoder}/curve.parquet",
    log:
        "results/logs/pretrain_encoder/{encoder}.log",
    wildcard_constraints:
        encoder=PLAN.encoders_of("pretrained"),
    priority: plan_disk.ENCODING
    conda:
        "../envs/train.yaml"
    threads: PLAN.encoder_threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        encoder=PLAN.encoder_settings,
        texts=PLAN.pretraining_texts,
        code=fingerprint("pretrain_encoder", SCRIPTS),
    script:
        "../workflow/scripts/pretrain_encoder.py"


rule adapt_encoder:
    """Train an encoder on with raw text, all of its weights."""
    input:
        base=PLAN.base_encoder,
        text=PLAN.pretraining_files,
    output:
        manifest="results/encoders/{encoder}/encoder.json",
        curve="results/encoders/{encoder}/curve.parquet",
    log:
        "results/logs/adapt_encoder/{encoder}.log",
    wildcard_constraints:
        encoder=PLAN.encoders_of("adapted"),
    priority: plan_disk.ENCODING
    conda:
        "../envs/train.yaml"
    threads: PLAN.encoder_threads
    resources:
        mem_mb=8000,
        runtime=480,
    params:
        encoder=PLAN.encoder_settings,
        texts=PLAN.pretraining_texts,
        code=fingerprint("adapt_encoder", SCRIPTS),
    script:
        "../workflow/scripts/adapt_encoder.py"


rule fetch_encoder:
    """Download a pinned revision from the hub and record its checksums."""
    output:
        manifest="results/encoders/{encoder}/encoder.json",
    log:
        "results/logs/fetch_encoder/{encoder}.log",
    wildcard_constraints:
        encoder=PLAN.encoders_of("hub"),
    conda:
        "../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        encoder=PLAN.encoder_settings,
        code=fingerprint("fetch_encoder", SCRIPTS),
    script:
        "../workflow/scripts/fetch_encoder.py"


rule link_encoder:
    """Record the checksums of an encoder in a local folder; the files stay where they are."""
    input:
        config=lambda wildcards: f"{SETTINGS.encoders[wildcards.encoder].path}/config.json",
    output:
        manifest="results/encoders/{encoder}/encoder.json",
    log:
        "results/logs/link_encoder/{encoder}.log",
    wildcard_constraints:
        encoder=PLAN.encoders_of("folder"),
    conda:
        "../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        encoder=PLAN.encoder_settings,
        code=fingerprint("link_encoder", SCRIPTS),
    script:
        "../workflow/scripts/link_encoder.py"


rule start_encoder:
    """Learn the vocabulary of a BiLSTM and save it with weights that are not trained."""
    input:
        text=PLAN.pretraining_files,
    output:
        manifest="results/encoders/{encoder}/encoder.json",
    log:
        "results/logs/start_encoder/{encoder}.log",
    wildcard_constraints:
        encoder=PLAN.encoders_of("bilstm"),
    priority: plan_disk.ENCODING
    conda:
        "../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        encoder=PLAN.encoder_settings,
        texts=PLAN.pretraining_texts,
        code=fingerprint("start_encoder", SCRIPTS),
    script:
        "../workflow/scripts/start_encoder.py"
