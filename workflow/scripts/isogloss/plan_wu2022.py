"""What the study of Wu et al. 2022 asks for: runs, grids between them, and their files."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from isogloss.config.landscapes import InterpolatedTask, Wu2022, targets_of
from isogloss.config.runs import parse_trained_on
from isogloss.metrics.names import MAIN_METRIC
from isogloss.plan import Plan, Run, corpus_file

FOLDER = "results/landscapes/{encoder}/{task}/{recipe}/{seed}/{source}"


class Case(NamedTuple):
    """An encoder and a task with the settings of the study."""

    encoder: str
    chosen: InterpolatedTask


def cases(study: Wu2022) -> list[Case]:
    """All encoders on all tasks."""
    return [Case(encoder, chosen) for encoder in study.encoders for chosen in study.tasks.values()]


def pairs_of(study: Wu2022) -> list[tuple[str, str]]:
    """All pairs of a source and a target."""
    return [(source, target) for source in study.sources for target in targets_of(study, source)]


def study_runs(study: Wu2022) -> list[Run]:
    """Monolingual runs of all languages, and a bilingual one of each pair; each once."""
    languages = dict.fromkeys([*study.sources, *study.targets])
    trained = [*languages, *(f"{source}+{target}" for source, target in pairs_of(study))]
    runs = [
        Run(encoder, chosen.task, name, chosen.recipe, seed)
        for encoder, chosen in cases(study)
        for seed in chosen.seeds
        for name in trained
    ]
    return list(dict.fromkeys(runs))


def pair_runs(wildcards: Any) -> list[Run]:
    """The source's run; and of each target its own run, and that on both."""
    source = wildcards.source
    names = [source]
    for target in wildcards.targets.split("+"):
        names += [target, f"{source}+{target}"]
    run = (wildcards.encoder, wildcards.task)
    return [Run(*run, name, wildcards.recipe, int(wildcards.seed)) for name in names]


class StudyPlan(NamedTuple):
    """The study with the plan it is part of; methods that take `wildcards` are for rules."""

    plan: Plan
    study: Wu2022

    def weights(self, wildcards: Any) -> list[str]:
        """Weights of `pair_runs`."""
        return [f"{run.folder}/model.safetensors" for run in pair_runs(wildcards)]

    def facts(self, wildcards: Any) -> list[str]:
        """Facts of `pair_runs`."""
        return [f"{run.folder}/run.json" for run in pair_runs(wildcards)]

    def source_weights(self, wildcards: Any) -> str:
        """Weights of the source's run."""
        return f"{self._source_run(wildcards).folder}/model.safetensors"

    def source_facts(self, wildcards: Any) -> str:
        """Facts of the source's run."""
        return f"{self._source_run(wildcards).folder}/run.json"

    def _source_run(self, wildcards: Any) -> Run:
        names = (wildcards.encoder, wildcards.task, wildcards.source, wildcards.recipe)
        return Run(*names, int(wildcards.seed))

    def languages(self, wildcards: Any) -> list[str]:
        """The source, and the targets of a job."""
        return [wildcards.source, *wildcards.targets.split("+")]

    def all_languages(self, wildcards: Any) -> list[str]:
        """The source, and all its targets."""
        return [wildcards.source, *targets_of(self.study, wildcards.source)]

    def rows(self, wildcards: Any) -> list[str]:
        """Held-out rows of `languages`."""
        return self._rows(wildcards.task, self.languages(wildcards))

    def all_rows(self, wildcards: Any) -> list[str]:
        """Held-out rows of `all_languages`."""
        return self._rows(wildcards.task, self.all_languages(wildcards))

    def _rows(self, task: str, languages: Sequence[str]) -> list[str]:
        corpus = self.plan.config.tasks[task].corpus
        return [corpus_file(corpus, language, self.study.split) for language in languages]

    def alphas(self, wildcards: Any) -> list[float]:
        """Values of the coefficients of a grid."""
        planes = self.study.planes
        chosen = planes.alphas if planes and wildcards.grid == "planes" else self.study.alphas
        return list(chosen)

    def parts(self, wildcards: Any) -> list[str]:
        """Parts that a grid interpolates."""
        planes = self.study.planes
        return list(planes.parts if planes and wildcards.grid == "planes" else self.study.parts)

    def path_files(self) -> list[str]:
        """Scores of all lines."""
        return self._files(self._jobs(), "paths")

    def direction_files(self) -> list[str]:
        """Norms and angles of all pairs."""
        return self._files(self._jobs(), "directions")

    def plane_files(self) -> list[str]:
        """Scores of all planes."""
        planes = self.study.planes
        if planes is None:
            return []
        pairs = [
            (first.language, second.language)
            for first, second in map(parse_trained_on, planes.pairs)
        ]
        tasks = planes.tasks or list(self.study.tasks)
        return [
            file
            for name, chosen in self.study.tasks.items()
            if name in tasks
            for file in self._files(pairs, "planes", [chosen])
        ]

    def sharpness_files(self) -> list[str]:
        """Scores after steps around each source's run."""
        if self.study.sharpness is None:
            return []
        return [
            f"{_folder(encoder, chosen, source, seed)}/sharpness.parquet"
            for encoder, chosen in cases(self.study)
            for source in self.study.sources
            for seed in chosen.seeds
        ]

    def _jobs(self) -> list[tuple[str, str]]:
        """Source and joined targets of each job."""
        size = self.study.targets_per_job
        return [
            (source, "+".join(targets[start : start + size]))
            for source in self.study.sources
            for targets in [targets_of(self.study, source)]
            for start in range(0, len(targets), size)
        ]

    def _files(
        self,
        jobs: Sequence[tuple[str, str]],
        table: str,
        tasks: Sequence[InterpolatedTask] | None = None,
    ) -> list[str]:
        return [
            f"{_folder(encoder, chosen, source, seed)}/{targets}/{table}.parquet"
            for encoder, chosen in cases(self.study)
            if tasks is None or chosen in tasks
            for seed in chosen.seeds
            for source, targets in jobs
        ]

    def counted(self) -> list[list[Any]]:
        """Corpus, data set, language, split and whether it is cut, of Table 1."""
        config = self.plan.config
        languages = dict.fromkeys([*self.study.sources, *self.study.targets])
        tasks = [config.tasks[item.task] for item in self.study.tasks.values()]
        return [
            [corpus, config.corpora[corpus].dataset, language, split, cut]
            for corpus in dict.fromkeys(task.corpus for task in tasks)
            for language in languages
            for split in ("train", self.study.split)
            for cut in [split in config.corpora[corpus].limit]
        ]

    def counted_files(self) -> list[str]:
        """Canonical rows of `counted`."""
        return [corpus_file(row[0], row[2], row[3]) for row in self.counted()]

    def corpora(self) -> dict[str, str]:
        """Corpus by printed name of the task."""
        tasks = self.plan.config.tasks
        return {name: tasks[item.task].corpus for name, item in self.study.tasks.items()}

    def metrics(self) -> dict[str, str]:
        """Metric that is shown, by configured task."""
        return {
            item.task: item.metric or MAIN_METRIC[self.plan.config.tasks[item.task].kind]
            for item in self.study.tasks.values()
        }


def _folder(encoder: str, chosen: InterpolatedTask, source: str, seed: int) -> str:
    return FOLDER.format(
        encoder=encoder, task=chosen.task, recipe=chosen.recipe, seed=seed, source=source
    )
