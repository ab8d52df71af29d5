"""How scores change between runs and around them.

Inputs: an encoder, the runs of a source, of its targets and of both, and held-out rows.
Outputs: results/landscapes/{encoder}/{task}/{recipe}/{seed}/{source}/ with sharpness; in its
folder {targets} (joined by +) paths, planes and directions.
"""

if WU2022:

    rule interpolate_runs:
        """Score points between three runs; a grid that was stopped goes on at the missing ones."""
        input:
            encoder="results/encoders/{encoder}/encoder.json",
            weights=WU2022.weights,
            facts=WU2022.facts,
            rows=WU2022.rows,
        output:
            scores=f"{plan_wu2022.FOLDER}/{{targets}}/{{grid}}.parquet",
        log:
            f"{plan_wu2022.FOLDER}/{{targets}}/{{grid}}.log",
        priority: plan_disk.READING
        conda:
            "../envs/train.yaml"
        threads: WU2022.study.threads
        resources:
            mem_mb=16000,
            runtime=480,
        params:
            task=PLAN.task_settings,
            languages=WU2022.languages,
            alphas=WU2022.alphas,
            parts=WU2022.parts,
            precision=WU2022.study.precision,
            layers=PLAN.encoder_layers,
            code=fingerprint("interpolate_runs", SCRIPTS),
            task_code=lambda wildcards: TASK_CODE[wildcards.task],
            score_code=lambda wildcards: SCORE_CODE[wildcards.task],
        script:
            "../workflow/scripts/interpolate_runs.py"

    rule measure_directions:
        """Norms of the two directions from the bilingual run, and the angle between them."""
        input:
            encoder="results/encoders/{encoder}/encoder.json",
            weights=WU2022.weights,
            facts=WU2022.facts,
        output:
            directions=f"{plan_wu2022.FOLDER}/{{targets}}/directions.parquet",
        log:
            f"{plan_wu2022.FOLDER}/{{targets}}/directions.log",
        priority: plan_disk.READING
        conda:
            "../envs/train.yaml"
        threads: 1
        resources:
            mem_mb=16000,
            runtime=60,
        params:
            task=PLAN.task_settings,
            languages=WU2022.languages,
            layers=PLAN.encoder_layers,
            code=fingerprint("measure_directions", SCRIPTS),
            task_code=lambda wildcards: TASK_CODE[wildcards.task],
        script:
            "../workflow/scripts/measure_directions.py"

    rule perturb_source:
        """Score the source's run after steps in random directions, on all its targets."""
        input:
            encoder="results/encoders/{encoder}/encoder.json",
            weights=WU2022.source_weights,
            facts=WU2022.source_facts,
            rows=WU2022.all_rows,
        output:
            scores=f"{plan_wu2022.FOLDER}/sharpness.parquet",
        log:
            f"{plan_wu2022.FOLDER}/sharpness.log",
        priority: plan_disk.READING
        conda:
            "../envs/train.yaml"
        threads: WU2022.study.threads
        resources:
            mem_mb=16000,
            runtime=240,
        params:
            task=PLAN.task_settings,
            languages=WU2022.all_languages,
            sharpness=WU2022.study.sharpness
            and WU2022.study.sharpness.model_dump(mode="json"),
            precision=WU2022.study.precision,
            layers=PLAN.encoder_layers,
            code=fingerprint("perturb_source", SCRIPTS),
            task_code=lambda wildcards: TASK_CODE[wildcards.task],
            score_code=lambda wildcards: SCORE_CODE[wildcards.task],
        script:
            "../workflow/scripts/perturb_source.py"
