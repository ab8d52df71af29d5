"""How a run comes to be, and how it scores.

Inputs: an encoder and the canonical rows of its training languages.
Outputs: results/runs/{encoder}/{task}/{trained_on}/{recipe}/{seed}/ with weights, training
curve, predictions and scores, and hidden states where a study asks for the task's;
results/baselines/ with trivial baselines.
"""


rule finetune:
    """Train an encoder on a task; goes on from its last state if it was stopped."""
    input:
        encoder="results/encoders/{encoder}/encoder.json",
        train=PLAN.training_files,
        dev=PLAN.dev_files,
        layers=PLAN.chosen_layers,
    output:
        weights=f"{plan.RUN}/model.safetensors",
        curve=f"{plan.RUN}/curve.parquet",
        facts=f"{plan.RUN}/run.json",
    log:
        f"{plan.RUN}/finetune.log",
    wildcard_constraints:
        trained_on=plan_disk.trained_on_by_weights(SETTINGS, True),
    priority: plan_disk.training_priority
    conda:
        "../envs/train.yaml"
    threads: PLAN.recipe_threads
    resources:
        mem_mb=8000,
        runtime=480,
    params:
        recipe=PLAN.recipe_settings,
        dev_languages=PLAN.dev_languages,
        task=PLAN.task_settings,
        layers=PLAN.encoder_layers,
        code=fingerprint("finetune", SCRIPTS),
        task_code=lambda wildcards: TASK_CODE[wildcards.task],
        # Only a run that is selected by its scores depends on how they are taken.
        score_code=lambda wildcards: (
            SCORE_CODE[wildcards.task] if PLAN.dev_languages(wildcards) else ""
        ),
    script:
        "../workflow/scripts/finetune.py"


use rule finetune as finetune_temporary with:
    output:
        weights=temp(f"{plan.RUN}/model.safetensors"),
        curve=f"{plan.RUN}/curve.parquet",
        facts=f"{plan.RUN}/run.json",
    wildcard_constraints:
        trained_on=plan_disk.trained_on_by_weights(SETTINGS, False),


rule evaluate_run:
    """Predictions and hidden states of all targets in one pass."""
    input:
        encoder="results/encoders/{encoder}/encoder.json",
        weights=f"{plan.RUN}/model.safetensors",
        facts=f"{plan.RUN}/run.json",
        test=PLAN.test_files,
    output:
        predictions=f"{plan.RUN}/predictions.parquet",
        scores=f"{plan.RUN}/scores.parquet",
        states=f"{plan.RUN}/states.parquet",
    log:
        f"{plan.RUN}/evaluate.log",
    wildcard_constraints:
        task=PLAN.tasks_with_states(True),
    priority: plan_disk.READING
    conda:
        "../envs/train.yaml"
    threads: PLAN.recipe_threads
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        task=PLAN.task_settings,
        targets=PLAN.targets,
        pooling=PLAN.pooling,
        layers=PLAN.encoder_layers,
        code=fingerprint("evaluate_run", SCRIPTS),
        task_code=lambda wildcards: TASK_CODE[wildcards.task],
        score_code=lambda wildcards: SCORE_CODE[wildcards.task],
    script:
        "../workflow/scripts/evaluate_run.py"


use rule evaluate_run as score_run with:
    output:
        predictions=f"{plan.RUN}/predictions.parquet",
        scores=f"{plan.RUN}/scores.parquet",
    wildcard_constraints:
        task=PLAN.tasks_with_states(False),


rule score_baselines:
    """What needs no encoder, and a score must beat: word table, bag of words, majority, ..."""
    input:
        train=PLAN.training_files,
        test=PLAN.test_files,
    output:
        scores="results/baselines/{encoder}/{task}/{trained_on}.parquet",
    log:
        "results/logs/score_baselines/{encoder}/{task}/{trained_on}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        kind=lambda wildcards: KINDS[wildcards.task],
        targets=PLAN.targets,
        code=fingerprint("score_baselines", SCRIPTS),
        baseline_code=lambda wildcards: BASELINE_CODE[wildcards.task],
    script:
        "../workflow/scripts/score_baselines.py"
