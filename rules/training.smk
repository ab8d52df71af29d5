"""How a run comes to be, and how it scores.

Inputs: an encoder and the canonical rows of its training languages.
Outputs: results/runs/{encoder}/{task}/{trained_on}/{recipe}/{seed}/ with weights, training
curve, predictions, scores and hidden states; results/baselines/ with trivial baselines.
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
    conda:
        "../envs/train.yaml"
    threads: PLAN.recipe_threads
    resources:
        mem_mb=8000,
        runtime=480,
    params:
        recipe=PLAN.recipe_settings,
        task=PLAN.task_settings,
        layers=PLAN.encoder_layers,
        code=fingerprint("finetune", SCRIPTS),
    script:
        "../workflow/scripts/finetune.py"


rule evaluate_run:
    """Predictions and hidden states of all targets in one pass."""
    input:
        encoder="results/encoders/{encoder}/encoder.json",
        weights=f"{plan.RUN}/model.safetensors",
        test=PLAN.test_files,
    output:
        predictions=f"{plan.RUN}/predictions.parquet",
        scores=f"{plan.RUN}/scores.parquet",
        states=f"{plan.RUN}/states.parquet",
    log:
        f"{plan.RUN}/evaluate.log",
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
    script:
        "../workflow/scripts/evaluate_run.py"


rule score_baselines:
    """Majority, bag of words, hypothesis only and chance: what a score must beat."""
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
        targets=PLAN.targets,
        code=fingerprint("score_baselines", SCRIPTS),
    script:
        "../workflow/scripts/score_baselines.py"
