"""Isogloss: four studies of cross-lingual transfer, from raw text to the published table.

`snakemake --cores all` makes every study of the configuration, `snakemake philippy2023` one,
`snakemake transfer` all matrices of scores, and `snakemake philippy2023_published` or
`xsns2023_published` what follows from published numbers alone. `snakemake rank` ranks source
languages for a text of your own.
"""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import min_version

min_version("9.27")

PROJECT = Path(workflow.basedir)
SCRIPTS = PROJECT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from isogloss import (
    plan,
    plan_across,
    plan_disk,
    plan_muller2021,
    plan_wu2022,
    plan_xsns2023,
)
from isogloss.check import load_config
from isogloss.config.runs import INTERVENTION, TRAINED_ON
from isogloss.corpora.sources import read_datasets, read_languages
from isogloss.errors import IsoglossError
from isogloss.fingerprint import fingerprint
from isogloss.metrics.names import score_module
from isogloss.inputs import check_paths, check_tables, project_file

# A file without encoders is an overlay on the default configuration.
if "encoders" not in config:

    configfile: str(PROJECT / "config" / "config.yaml")


report: "report/workflow.rst"


try:
    SETTINGS = load_config(config)
    check_paths(SETTINGS, Path.cwd(), PROJECT)
    PLAN = plan.Plan(
        SETTINGS,
        read_datasets(project_file(SETTINGS.datasets, Path.cwd(), PROJECT)),
        read_languages(project_file(SETTINGS.languages, Path.cwd(), PROJECT)),
    )
    check_tables(SETTINGS, PLAN.datasets, PLAN.languages)
except IsoglossError as error:
    raise WorkflowError(f"Configuration: {error}")


MULLER2021 = SETTINGS.studies.muller2021 and plan_muller2021.StudyPlan(
    PLAN, SETTINGS.studies.muller2021
)
XSNS2023 = SETTINGS.studies.xsns2023 and plan_xsns2023.StudyPlan(
    PLAN, SETTINGS.studies.xsns2023
)
WU2022 = SETTINGS.studies.wu2022 and plan_wu2022.StudyPlan(
    PLAN, SETTINGS.studies.wu2022
)
ACROSS = SETTINGS.studies.across and plan_across.StudyPlan(
    PLAN, MULLER2021, XSNS2023, WU2022
)
# Said once, before a long run: jobs read this file too.
if workflow.is_main_process:
    limits = workflow.resource_settings
    cards = limits.resources.get("gpu")
    places = plan_disk.places(limits.nodes, cards and cards.value, limits.cores)
    disk = plan_disk.disk_of(SETTINGS, plan_disk.all_runs(PLAN), places)
    if note := plan_disk.disk_note(disk):
        logger.info(note)

KINDS = {name: task.kind for name, task in SETTINGS.tasks.items()}
# A task's own code: the rules' fingerprints do not follow modules that are found by name.
TASK_CODE = {
    name: fingerprint(f"isogloss.tasks.{kind}", SCRIPTS) for name, kind in KINDS.items()
}
BASELINE_CODE = {
    name: fingerprint(f"isogloss.baselines.{kind}", SCRIPTS)
    for name, kind in KINDS.items()
}
SCORE_CODE = {
    name: fingerprint(score_module(kind), SCRIPTS) for name, kind in KINDS.items()
}


wildcard_constraints:
    encoder=plan.one_of(SETTINGS.encoders),
    task=plan.one_of(SETTINGS.tasks),
    corpus=plan.one_of(SETTINGS.corpora),
    distances=plan.one_of(SETTINGS.distances),
    language="[a-z]{2,3}(-[a-z]+)*",
    trained_on=TRAINED_ON,
    recipe=rf"({plan.one_of(SETTINGS.recipes)})({INTERVENTION})?",
    transfer=plan.one_of(SETTINGS.studies.transfer),
    subnetwork=plan.one_of(SETTINGS.subnetworks),
    text=plan.one_of([*SETTINGS.tasks, *SETTINGS.corpora]),
    seed=r"\d+",
    split="[a-z]+",
    source="[a-z]{2,3}(-[a-z]+)*",
    targets=r"[a-z]{2,3}(-[a-z]+)*(\+[a-z]{2,3}(-[a-z]+)*)*",
    grid="paths|planes",
    parallel="[a-z0-9-]+",
    model=plan_muller2021.MODEL,


include: "rules/corpora.smk"
include: "rules/encoders.smk"
include: "rules/training.smk"
include: "rules/representations.smk"
include: "rules/languages.smk"
include: "rules/subnetworks.smk"
include: "rules/predictors.smk"
include: "rules/landscapes.smk"
include: "rules/transfer.smk"
include: "rules/philippy2023.smk"
include: "rules/muller2021.smk"
include: "rules/xsns2023.smk"
include: "rules/wu2022.smk"
include: "rules/across.smk"
include: "rules/rank.smk"


rule all:
    default_target: True
    input:
        rules.count_corpora.output if PLAN.counted() else [],
        rules.transfer.input if PLAN.asked("transfer") else [],
        rules.philippy2023.input if PLAN.asked("philippy2023") else [],
        rules.muller2021.input if PLAN.asked("muller2021") else [],
        rules.xsns2023.input if PLAN.asked("xsns2023") else [],
        rules.wu2022.input if PLAN.asked("wu2022") else [],
        rules.across.input if PLAN.asked("across") else [],
    localrule: True
