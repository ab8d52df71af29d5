"""How far languages are from each other.

Inputs: lang2vec's feature files, a user's distances2.zip, or the generated family's own table.
Outputs: results/distances/{distances}.parquet.
"""


def distances_input(wildcards):
    chosen = SETTINGS.distances[wildcards.distances]
    if chosen.kind == "zip":
        return chosen.path
    return "results/family/distances.csv" if chosen.kind == "family" else []


rule compute_distances:
    """SYN, GEO, INV, GEN and PHON for all pairs of the study's languages."""
    input:
        file=distances_input,
    output:
        distances="results/distances/{distances}.parquet",
    log:
        "results/logs/compute_distances/{distances}.log",
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        distances=lambda wildcards: SETTINGS.distances[wildcards.distances].model_dump(
            mode="json"
        ),
        languages=lambda wildcards: plan.distance_languages(SETTINGS, wildcards.distances),
        table=lambda wildcards: LANGUAGES,
        code=fingerprint("compute_distances", SCRIPTS),
    conda:
        "../envs/analysis.yaml"
    script:
        "../workflow/scripts/compute_distances.py"
