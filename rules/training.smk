"""How a run comes to be, and how it scores.

Inputs: an encoder and the canonical rows of its training languages.
Outputs: results/runs/{encoder}/{task}/{trained_on}/{recipe}/{seed}/ with weights, training
curve, predictions, scores and hidden states; results/baselines/ with trivial baselines.
"""

from isogloss.config import parse_recipe

RUN = "results/runs/{encoder}/{task}/{trained_on}/{recipe}/{seed}"


def task_file(task, language, split):
    return corpus_file(SETTINGS.tasks[task].corpus, language, split)


def training_files(wildcards):
    return [
        task_file(wildcards.task, language, "train")
        for language in wildcards.trained_on.split("+")
    ]


def dev_files(wildcards):
    if SETTINGS.recipes[parse_recipe(wildcards.recipe).recipe].select != "best_dev":
        return []
    return [
        task_file(wildcards.task, language, "dev")
        for language in wildcards.trained_on.split("+")
    ]


def chosen_layers(wildcards):
    study = parse_recipe(wildcards.recipe).study
    return f"results/papers/{study}/layers.json" if study else []


def target_files(wildcards):
    return [
        task_file(wildcards.task, language, "test")
        for language in plan.targets(SETTINGS, wildcards.encoder, wildcards.task)
    ]


rule finetune:
    """Train an encoder on a task; goes on from its last state if it was stopped."""
    input:
        encoder="results/encoders/{encoder}/encoder.json",
        train=training_files,
        dev=dev_files,
        layers=chosen_layers,
    output:
        weights=f"{RUN}/model.safetensors",
        curve=f"{RUN}/curve.parquet",
        facts=f"{RUN}/run.json",
    log:
        f"{RUN}/finetune.log",
    threads: lambda wildcards: SETTINGS.recipes[parse_recipe(wildcards.recipe).recipe].threads
    resources:
        mem_mb=8000,
        runtime=480,
    params:
        recipe=lambda wildcards: SETTINGS.recipes[
            parse_recipe(wildcards.recipe).recipe
        ].model_dump(mode="json"),
        task=lambda wildcards: SETTINGS.tasks[wildcards.task].model_dump(mode="json"),
        layers=encoder_layers,
        code=fingerprint("finetune", SCRIPTS),
    conda:
        "../envs/train.yaml"
    script:
        "../workflow/scripts/finetune.py"


rule evaluate_run:
    """Predictions and hidden states of all targets in one pass."""
    input:
        encoder="results/encoders/{encoder}/encoder.json",
        weights=f"{RUN}/model.safetensors",
        test=target_files,
    output:
        predictions=f"{RUN}/predictions.parquet",
        scores=f"{RUN}/scores.parquet",
        states=f"{RUN}/states.parquet",
    log:
        f"{RUN}/evaluate.log",
    threads: lambda wildcards: SETTINGS.recipes[parse_recipe(wildcards.recipe).recipe].threads
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        task=lambda wildcards: SETTINGS.tasks[wildcards.task].model_dump(mode="json"),
        targets=lambda wildcards: plan.targets(SETTINGS, wildcards.encoder, wildcards.task),
        pooling=lambda wildcards: plan.pooling(SETTINGS, wildcards.encoder, wildcards.task),
        layers=encoder_layers,
        code=fingerprint("evaluate_run", SCRIPTS),
    conda:
        "../envs/train.yaml"
    script:
        "../workflow/scripts/evaluate_run.py"


rule score_baselines:
    """Majority, bag of words, hypothesis only and chance: what a score must beat."""
    input:
        train=training_files,
        test=target_files,
    output:
        scores="results/baselines/{encoder}/{task}/{trained_on}.parquet",
    log:
        "results/logs/score_baselines/{encoder}/{task}/{trained_on}.log",
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        targets=lambda wildcards: plan.targets(SETTINGS, wildcards.encoder, wildcards.task),
        code=fingerprint("score_baselines", SCRIPTS),
    conda:
        "../envs/analysis.yaml"
    script:
        "../workflow/scripts/score_baselines.py"
