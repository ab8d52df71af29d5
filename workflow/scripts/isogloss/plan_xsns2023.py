"""What the study of Yun et al. 2023 asks for: runs, sub-networks and rows, and their files."""

import csv
from pathlib import Path
from typing import Any, Literal, NamedTuple

from isogloss.config.studies import PaperTask, PredictedTask, Xsns2023
from isogloss.config.subnetworks import Rank
from isogloss.config.whole import Config
from isogloss.inputs import URIEL_COLUMNS
from isogloss.languages.codes import uriel_codes
from isogloss.metrics.names import MAIN_METRIC
from isogloss.plan import Plan, Run, corpus_file

MAIN: Literal["T/L"] = "T/L"
LEVELS = "results/subnetworks/{encoder}/{subnetwork}/{text}/{language}/{split}/levels.parquet"
OVERLAP = "results/subnetworks/{encoder}/{subnetwork}/overlap-{task}.parquet"


class Case(NamedTuple):
    """Transfer that is predicted: an encoder, a task, and the name that the paper gives it."""

    encoder: str
    task: str
    key: PaperTask


def cases(study: Xsns2023) -> list[Case]:
    """The study's encoder on every task, and the other encoders on the task of Table 4."""
    found = [Case(study.encoder, chosen.task, key) for key, chosen in study.tasks.items()]
    if study.models_task in study.tasks:
        task = study.tasks[study.models_task].task
        found += [Case(model, task, study.models_task) for model in study.models.values()]
    return list(dict.fromkeys(found))


def case_of(study: Xsns2023, encoder: str, task: str) -> Case:
    """The case of an encoder and a task."""
    return next(case for case in cases(study) if case[:2] == (encoder, task))


def subnetworks_of(study: Xsns2023, case: Case) -> list[str]:
    """Sub-networks of a case, that of the tables first; other encoders have that one only."""
    main = study.subnetworks[MAIN]
    if case.encoder != study.encoder:
        return [main]
    return list(dict.fromkeys([main, *study.subnetworks.values(), *study.others]))


def gold_runs(study: Xsns2023, case: Case) -> list[Run]:
    """Fine-tunings behind the gold scores: one per source and seed."""
    chosen = study.tasks[case.key]
    return [
        Run(case.encoder, case.task, source, chosen.recipe, seed)
        for seed in chosen.seeds
        for source in chosen.languages
    ]


def mixture_runs(study: Xsns2023, case: Case, sources: str) -> list[Run]:
    """Fine-tunings on a mixture, one per seed."""
    recipe = study.tasks[case.key].recipe
    seeds = study.mixtures.seeds if study.mixtures else []
    return [Run(case.encoder, case.task, sources, recipe, seed) for seed in seeds]


def targets_of(chosen: PredictedTask) -> list[str]:
    """All languages that a task is scored on."""
    return [*chosen.languages, *chosen.low_resource]


def sources_and_targets(config: Config, subnetwork: str, chosen: PredictedTask) -> list[list[str]]:
    """Language and split of the sub-networks that are compared: of sources, and of targets."""
    settings = config.subnetworks[subnetwork]
    sources = [[language, settings.source_split] for language in chosen.languages]
    return [*sources, *([language, settings.target_split] for language in targets_of(chosen))]


class StudyPlan(NamedTuple):
    """The study with the plan it is part of; methods that take `wildcards` are for rules."""

    plan: Plan
    study: Xsns2023

    def _chosen(self, wildcards: Any) -> PredictedTask:
        return self.study.tasks[case_of(self.study, wildcards.encoder, wildcards.task).key]

    def languages(self, wildcards: Any) -> list[str]:
        """Candidate sources of a task."""
        return list(self._chosen(wildcards).languages)

    def all_languages(self, wildcards: Any) -> list[str]:
        """Candidate sources and further targets of a task."""
        return targets_of(self._chosen(wildcards))

    def compared(self, wildcards: Any) -> list[list[str]]:
        """Language and split of each file of levels that an overlap reads."""
        pairs = sources_and_targets(self.plan.config, wildcards.subnetwork, self._chosen(wildcards))
        return [list(pair) for pair in dict.fromkeys(map(tuple, pairs))]

    def splits(self, wildcards: Any) -> list[str]:
        """Splits of the text behind a source's sub-network, and a target's."""
        settings = self.plan.config.subnetworks[wildcards.subnetwork]
        return [settings.source_split, settings.target_split]

    def level_files(self, wildcards: Any) -> list[str]:
        """Files of `compared`."""
        text = text_of(self.plan.config, wildcards.subnetwork, wildcards.task)
        return [
            levels_file(wildcards.encoder, wildcards.subnetwork, text, language, split)
            for language, split in self.compared(wildcards)
        ]

    def overlap_files(self, wildcards: Any) -> list[str]:
        """Overlaps of all sub-networks of a case."""
        case = case_of(self.study, wildcards.encoder, wildcards.task)
        return [
            OVERLAP.format(encoder=case.encoder, subnetwork=name, task=case.task)
            for name in subnetworks_of(self.study, case)
        ]

    def gold_files(self, wildcards: Any) -> list[str]:
        """Scores of all runs of a case."""
        case = case_of(self.study, wildcards.encoder, wildcards.task)
        return [f"{run.folder}/scores.parquet" for run in gold_runs(self.study, case)]

    def text_files(self, wildcards: Any) -> list[str]:
        """Training rows of all languages of a case, of its task's own corpus."""
        corpus = self.plan.config.tasks[wildcards.task].corpus
        return [corpus_file(corpus, one, "train") for one in self.all_languages(wildcards)]

    def metric(self, wildcards: Any) -> str:
        """Metric of the gold scores."""
        return self.metrics()[wildcards.task]

    def main_settings(self) -> dict[str, Any]:
        """Settings of the sub-network that fills the tables."""
        return self.plan.config.subnetworks[self.study.subnetworks[MAIN]].model_dump(mode="json")

    def typology_kind(self) -> str:
        """Whether L2V reads URIEL's features or the family's own distances."""
        return self.plan.config.distances[self.study.typology].kind

    def typology_files(self) -> list[str]:
        """The family's distances, where L2V reads them."""
        name = self.study.typology
        return [f"results/distances/{name}.parquet"] if self.typology_kind() == "family" else []

    def uriel_codes(self, wildcards: Any) -> dict[str, str]:
        """URIEL's codes of all languages of a case; none for generated ones."""
        typology = self.plan.config.distances[self.study.typology]
        if typology.kind == "family":
            return {}
        column = URIEL_COLUMNS[typology.codes]
        return uriel_codes(self.plan.languages, column, self.all_languages(wildcards))

    def scripts(self, wildcards: Any) -> dict[str, str]:
        """Script of each language of a case."""
        table = self.plan.languages
        return {one: table[one]["script"] for one in self.all_languages(wildcards)}

    def pretrained_languages(self, wildcards: Any) -> list[str] | None:
        """Languages of an encoder that was pretrained here; None where that is not known."""
        return getattr(self.plan.config.encoders[wildcards.encoder], "languages", None)

    def mixed_cases(self) -> list[Case]:
        """Tasks of the study's encoder for which mixtures of sources are trained."""
        wanted = self.study.mixtures.tasks if self.study.mixtures else []
        return [case for case in self.own_cases() if case.key in wanted]

    def own_cases(self) -> list[Case]:
        """All tasks of the study's encoder."""
        return [case for case in cases(self.study) if case.encoder == self.study.encoder]

    def mixture_methods(self) -> list[str]:
        """Methods that choose mixtures."""
        return list(self.study.mixtures.methods) if self.study.mixtures else []

    def mixture_files(self, case: Case, chosen: str) -> list[str]:
        """Scores of all runs on the mixtures in a file."""
        with Path(chosen).open(encoding="utf-8", newline="") as file:
            names = sorted({row["sources"] for row in csv.DictReader(file)})
        runs = [run for name in names for run in mixture_runs(self.study, case, name)]
        return [f"{run.folder}/scores.parquet" for run in runs]

    def mixture_score_files(self, checkpoint: Any) -> list[str]:
        """Scores of the runs on all mixtures, known once the checkpoint has chosen them."""
        files: list[str] = []
        for case in self.mixed_cases():
            chosen = checkpoint.get(encoder=case.encoder, task=case.task).output.mixtures
            files += self.mixture_files(case, chosen)
        return files

    def has_low_resource(self) -> bool:
        """Whether Figure 7 has targets."""
        chosen = self.study.tasks.get(self.study.low_resource_task)
        return bool(chosen and chosen.low_resource)

    def all_gold_files(self) -> list[str]:
        """Scores of all runs of the study's encoder behind gold scores."""
        runs = [run for case in self.own_cases() for run in gold_runs(self.study, case)]
        return [f"{run.folder}/scores.parquet" for run in runs]

    def baseline_files(self) -> list[str]:
        """Trivial baselines of all sources of the study's encoder."""
        return [
            f"results/baselines/{case.encoder}/{case.task}/{source}.parquet"
            for case in self.own_cases()
            for source in self.study.tasks[case.key].languages
        ]

    def main_overlap_files(self) -> list[str]:
        """Overlaps that fill the tables, one per task of the study's encoder."""
        name = self.study.subnetworks[MAIN]
        return [
            OVERLAP.format(encoder=case.encoder, subnetwork=name, task=case.task)
            for case in self.own_cases()
        ]

    def main_selection_files(self) -> list[str]:
        """Selections behind `main_overlap_files`, of training texts."""
        name = self.study.subnetworks[MAIN]
        split = self.plan.config.subnetworks[name].source_split
        return [
            levels_file(
                case.encoder, name, text_of(self.plan.config, name, case.task), one, split
            ).replace("levels.parquet", "selections.parquet")
            for case in self.own_cases()
            for one in self.study.tasks[case.key].languages
        ]

    def metrics(self) -> dict[str, str]:
        """Metric of the gold scores by configured task."""
        return {
            case.task: self.study.tasks[case.key].metric
            or MAIN_METRIC[self.plan.config.tasks[case.task].kind]
            for case in self.own_cases()
        }


def text_of(config: Config, subnetwork: str, task: str) -> str:
    """Name of the text behind a sub-network: its own corpus, or the task."""
    return config.subnetworks[subnetwork].corpus or task


def levels_file(encoder: str, subnetwork: str, text: str, language: str, split: str) -> str:
    """File of a language's sub-networks."""
    return LEVELS.format(
        encoder=encoder, subnetwork=subnetwork, text=text, language=language, split=split
    )


class RankPlan(NamedTuple):
    """What a ranking for a text of the user's own asks for."""

    study_plan: StudyPlan
    rank: Rank

    def case(self) -> Case:
        """The study's encoder and the task that a source is looked for."""
        study = self.study_plan.study
        return case_of(study, study.encoder, self.rank.task)

    def texts(self) -> list[str]:
        """Files of the text."""
        return [self.rank.text] if isinstance(self.rank.text, str) else list(self.rank.text)

    def setting(self) -> str:
        """Name of the sub-network that fills the study's tables."""
        return self.study_plan.study.subnetworks[MAIN]

    def candidates(self) -> list[str]:
        """Languages that are ranked; the text's own, if it is one of them, stays among them."""
        return list(self.study_plan.study.tasks[self.case().key].languages)

    def candidate_files(self) -> list[str]:
        """Levels of the candidates' training texts."""
        case, setting = self.case(), self.setting()
        text = text_of(self.study_plan.plan.config, setting, case.task)
        split = self.study_plan.plan.config.subnetworks[setting].source_split
        return [
            levels_file(case.encoder, setting, text, language, split)
            for language in self.candidates()
        ]

    def study_files(self) -> list[str]:
        """Overlaps and regressions of the study, if both are there."""
        case = self.case()
        files = [
            OVERLAP.format(encoder=case.encoder, subnetwork=self.setting(), task=case.task),
            f"results/papers/xsns2023/{case.encoder}/{case.task}/regressions.parquet",
        ]
        return files if all(Path(file).exists() for file in files) else []

    def uriel_codes(self) -> dict[str, str]:
        """URIEL's codes of the candidates and of the text's language, if that is given."""
        language = self.rank.language
        typology = self.study_plan.plan.config.distances[self.study_plan.study.typology]
        if language is None or typology.kind == "family":
            return {}
        column = URIEL_COLUMNS[typology.codes]
        languages = [*self.candidates(), language]
        return uriel_codes(self.study_plan.plan.languages, column, languages)
