"""What the study of Muller et al. 2021 asks for: runs, states of parallel text, and their files."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from isogloss.config.learnt import unseen_encoders, writings
from isogloss.config.muller2021 import (
    Alignment,
    Muller2021,
    StudiedTask,
    UnseenTask,
    Writing,
    groups_of,
    parallel_languages,
)
from isogloss.config.runs import reinitialised_recipe
from isogloss.metrics.names import MAIN_METRIC
from isogloss.plan import Plan, Run, corpus_file

# A model whose states of parallel text are compared: a run, or the encoder before fine-tuning.
PRETRAINED = "pretrained"
PARALLEL = "results/parallel/{encoder}/{parallel}/{model}"
MODEL = rf"{PRETRAINED}|[a-z0-9-]+/[a-z0-9+-]+/[a-z0-9-]+/\d+"


class UnseenRun(NamedTuple):
    """A run on an unseen language, and what it stands for in the tables."""

    run: Run
    chosen: UnseenTask
    language: str
    model: str
    writing: Writing


def reference_runs(study: Muller2021) -> list[Run]:
    """Runs with all layers as they were pretrained: one per task, source and seed."""
    return [
        Run(study.encoder, chosen.task, source, chosen.recipe, seed)
        for chosen in study.tasks.values()
        for source in study.sources
        for seed in chosen.seeds
    ]


def study_runs(study: Muller2021, layers: int) -> list[Run]:
    """The runs above, and those with each group of layers new."""
    runs = reference_runs(study)
    for group in groups_of(study, layers):
        runs += [
            run._replace(recipe=reinitialised_recipe(run.recipe, group))
            for run in reference_runs(study)
        ]
    return list(dict.fromkeys(runs))


def unseen_runs(study: Muller2021) -> list[UnseenRun]:
    """Runs on unseen languages and on controls, in all writings."""
    return list(_unseen_runs(study))


def _unseen_runs(study: Muller2021) -> Iterator[UnseenRun]:
    if study.unseen is None:
        return
    for chosen in study.unseen.tasks.values():
        for writing, task, languages in writings(chosen):
            for language in languages:
                for model, encoder in unseen_encoders(study, chosen, writing, language):
                    baseline = model == "baseline"
                    recipe = chosen.baseline_recipe if baseline else chosen.recipe
                    for seed in chosen.seeds:
                        run = Run(encoder, task, language, recipe, seed)
                        yield UnseenRun(run, chosen, language, model, writing)


class StudyPlan(NamedTuple):
    """The study with the plan it is part of; methods that take `wildcards` are for rules."""

    plan: Plan
    study: Muller2021

    @property
    def layers(self) -> int:
        """Number of blocks of the study's encoder."""
        return self.plan.config.encoders[self.study.encoder].layers

    # re-initialised layers

    def score_files(self) -> list[str]:
        """Scores of all runs with and without new layers."""
        return [f"{run.folder}/scores.parquet" for run in study_runs(self.study, self.layers)]

    # parallel text

    def similarity_files(self) -> list[str]:
        """Similarity of languages on each text, before fine-tuning and in each reference run."""
        if self.study.alignment is None:
            return []
        models = [PRETRAINED]
        models += ["/".join(map(str, run[1:])) for run in reference_runs(self.study)]
        return [
            f"{PARALLEL}/similarity.parquet".format(
                encoder=self.study.encoder, parallel=text, model=model
            )
            for text in self.study.alignment.texts
            for model in models
        ]

    def parallel_languages(self, wildcards: Any) -> list[str]:
        """Languages of a parallel text: sources and targets, or those that it names."""
        return parallel_languages(self.study, wildcards.parallel)

    def parallel_files(self, wildcards: Any) -> list[str]:
        """Canonical rows of `parallel_languages`."""
        text = self._alignment().texts[wildcards.parallel]
        languages = self.parallel_languages(wildcards)
        return [corpus_file(text.corpus, language, text.split) for language in languages]

    def parallel_weights(self, wildcards: Any) -> list[str]:
        """Weights of the run whose states are asked for; none before fine-tuning."""
        return _of_run(wildcards, "model.safetensors")

    def parallel_facts(self, wildcards: Any) -> list[str]:
        """Facts of the run whose states are asked for; none before fine-tuning."""
        return _of_run(wildcards, "run.json")

    def parallel_task_name(self, wildcards: Any) -> str | None:
        """Name of the task of the run whose states are asked for; None before fine-tuning."""
        return None if wildcards.model == PRETRAINED else wildcards.model.split("/")[0]

    def parallel_task(self, wildcards: Any) -> dict[str, Any] | None:
        """The task of the run whose states are asked for; None before fine-tuning."""
        task = self.parallel_task_name(wildcards)
        return self.plan.config.tasks[task].model_dump(mode="json") if task else None

    def parallel_pairs(self, wildcards: Any) -> list[list[str]]:
        """Pairs that are compared: each source, or that of the run, with all other languages."""
        languages = self.parallel_languages(wildcards)
        sources = self.study.sources
        if wildcards.model != PRETRAINED:
            sources = [wildcards.model.split("/")[1]]
        return [
            [source, target]
            for source in sources
            for target in languages
            if source in languages and target != source
        ]

    def _alignment(self) -> Alignment:
        assert self.study.alignment is not None, "rules that ask for it are left out without it"
        return self.study.alignment

    # unseen languages

    def prediction_files(self) -> list[str]:
        """Predictions of all runs on unseen languages and controls."""
        return [f"{item.run.folder}/predictions.parquet" for item in unseen_runs(self.study)]

    def contrast_runs(self) -> list[list[Any]]:
        """Task, kind, metric, language, model, writing and seed of each of these files.

        The task is the one on the original writing.
        """
        return [
            [
                *(item.chosen.task, self._kind(item.chosen), self._metric(item.chosen)),
                *(item.language, item.model, item.writing, item.run.seed),
            ]
            for item in unseen_runs(self.study)
        ]

    def raw_texts(self) -> list[list[str]]:
        """Corpus, language and split of each text that an unseen language is adapted on."""
        if self.study.unseen is None:
            return []
        adapted = self.study.unseen.encoders["original"].adapted
        languages = dict.fromkeys(
            language for chosen in self.study.unseen.tasks.values() for language in chosen.languages
        )
        names = [f"{adapted}-{language}" for language in languages]
        return [text[:3] for name in names for text in self.plan.texts_of(name)]

    def row_files(self) -> list[str]:
        """Canonical rows of `raw_texts`."""
        return [corpus_file(*text) for text in self.raw_texts()]

    # what the tables name

    def metrics(self) -> dict[str, str]:
        """Metric that is shown, by configured task."""
        return {item.task: self._metric(item) for _, item in self._tasks()}

    def names(self) -> dict[str, str]:
        """Printed name, by configured task."""
        return {item.task: printed for printed, item in self._tasks()}

    def _tasks(self) -> Iterator[tuple[str, StudiedTask | UnseenTask]]:
        yield from self.study.tasks.items()
        if self.study.unseen is not None:
            yield from self.study.unseen.tasks.items()

    def _kind(self, item: StudiedTask | UnseenTask) -> str:
        return self.plan.config.tasks[item.task].kind

    def _metric(self, item: StudiedTask | UnseenTask) -> str:
        return item.metric or MAIN_METRIC[self._kind(item)]


def _of_run(wildcards: Any, name: str) -> list[str]:
    if wildcards.model == PRETRAINED:
        return []
    return [f"results/runs/{wildcards.encoder}/{wildcards.model}/{name}"]
