"""How far languages are from each other.

Inputs: lang2vec's feature files, a user's distances2.zip, or the generated family's own table.
Outputs: results/distances/{distances}.parquet.
"""


rule compute_distances:
    """SYN, GEO, INV, GEN and PHON for all pairs of the study's languages."""
    input:
        file=PLAN.distance_file,
    output:
        distances="results/distances/{distances}.parquet",
    log:
        "results/logs/compute_distances/{distances}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        distances=PLAN.distance_settings,
        languages=PLAN.distance_languages,
        table=lambda wildcards: PLAN.languages,
        code=fingerprint("compute_distances", SCRIPTS),
    script:
        "../workflow/scripts/compute_distances.py"
