"""How upstream files become canonical rows.

Inputs: a mirror folder in upstream layout, the model hub, a URL, or the generated family.
Outputs: results/corpora/{corpus}/{language}/{split}.parquet (pairs, lines, treebank, tagged or
questions); results/corpora/sizes.csv with the number of rows of all tasks.
Steps: generate_family or fetch_corpus where the text is not at hand, then import_corpus.
"""

import os

from isogloss.corpora.family.files import family_files

# Relative, so that results stay valid where a project is moved or cloned with them.
PRINTED = os.path.relpath(PROJECT / "resources" / "published" / "published.csv")

if SETTINGS.family:

    rule generate_family:
        """Write the generated family in upstream formats, and its own distances."""
        output:
            files=[
                f"results/family/{name}"
                for name in family_files(SETTINGS.family.languages)
            ],
        log:
            "results/logs/generate_family.log",
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=20,
        params:
            family=SETTINGS.family.model_dump(mode="json"),
            code=fingerprint("generate_family", SCRIPTS),
        script:
            "../workflow/scripts/generate_family.py"


rule fetch_corpus:
    """Download a split from the hub or a URL; the revision and checksum are recorded."""
    output:
        file="results/downloads/{corpus}/{language}/{split}",
    log:
        "results/logs/fetch_corpus/{corpus}/{language}/{split}.log",
    priority: plan_disk.READING
    conda:
        "../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        source=lambda wildcards: PLAN.source(wildcards)._asdict(),
        row=lambda wildcards: PLAN.languages.get(wildcards.language, {}),
        code=fingerprint("fetch_corpus", SCRIPTS),
    script:
        "../workflow/scripts/fetch_corpus.py"


rule import_corpus:
    """Read one upstream file into canonical rows; training rows are held against dev and test."""
    input:
        file=PLAN.upstream_file,
        held_out=PLAN.held_out_files,
    output:
        rows="results/corpora/{corpus}/{language}/{split}.parquet",
    log:
        "results/logs/import_corpus/{corpus}/{language}/{split}.log",
    priority: plan_disk.READING
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        format=lambda wildcards: PLAN.source(wildcards).format,
        held_out_formats=PLAN.held_out_formats,
        limit=lambda wildcards: SETTINGS.corpora[wildcards.corpus].limit.get(
            wildcards.split
        ),
        overlap=lambda wildcards: SETTINGS.corpora[wildcards.corpus].overlap,
        writing=lambda wildcards: SETTINGS.corpora[wildcards.corpus].writing,
        iso639_3=lambda wildcards: PLAN.languages.get(wildcards.language, {}).get(
            "iso639_3", ""
        ),
        script=lambda wildcards: PLAN.languages.get(wildcards.language, {}).get(
            "script", ""
        ),
        code=fingerprint("import_corpus", SCRIPTS),
    script:
        "../workflow/scripts/import_corpus.py"


rule count_corpora:
    """Number of rows that the tasks read, beside the published numbers."""
    input:
        rows=PLAN.counted_files(),
        published=PRINTED,
    output:
        sizes="results/corpora/sizes.parquet",
        views=[f"results/corpora/sizes.{kind}" for kind in ("csv", "md", "tex")],
    log:
        "results/logs/count_corpora.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        rows=PLAN.counted(),
        code=fingerprint("count_corpora", SCRIPTS),
    script:
        "../workflow/scripts/count_corpora.py"
