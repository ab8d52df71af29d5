"""From the configuration to the runs and files it asks for. Read when Snakemake plans."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from isogloss.config.encoders import AdaptedEncoder, OfText
from isogloss.config.learnt import learnt
from isogloss.config.recipes import Recipe
from isogloss.config.runs import (
    frozen_recipe,
    parse_recipe,
    parse_trained_on,
)
from isogloss.config.studies import Philippy2023, StudyName, Transfer
from isogloss.config.whole import Config
from isogloss.corpora.sources import Source, find_source, locate

HELD_OUT = ("dev", "test")
RUN = "results/runs/{encoder}/{task}/{trained_on}/{recipe}/{seed}"


class Run(NamedTuple):
    """A fine-tuned model, named by five words."""

    encoder: str
    task: str
    trained_on: str
    recipe: str
    seed: int

    @property
    def folder(self) -> str:
        """Folder of the run's files."""
        return RUN.format(**self._asdict())


def source_runs(study: Philippy2023) -> dict[str, Run]:
    """One run per source language."""
    return {
        language: Run(study.encoder, study.task, language, study.recipe, study.seed)
        for language in study.languages
    }


def experiment_runs(study: Philippy2023) -> dict[str, Run]:
    """One run per freezing experiment."""
    return {
        name: Run(
            study.encoder,
            study.task,
            study.source,
            frozen_recipe(study.recipe, "philippy2023", name, layers),
            study.seed,
        )
        for name, layers in sorted(study.experiments.items())
    }


def transfer_runs(transfer: Transfer) -> list[Run]:
    """One run per training set and seed of a matrix."""
    return [
        Run(transfer.encoder, transfer.task, source, transfer.recipe, seed)
        for source in transfer.sources
        for seed in transfer.seeds
    ]


def last_source(study: Philippy2023) -> Run:
    """The run whose states the released code takes for the base: its last source."""
    return source_runs(study)[study.languages[-1]]


@dataclass(frozen=True)
class Plan:
    """A configuration with its tables; its methods name the files that a job needs.

    Those that take `wildcards` are input functions and parameters of rules.
    """

    config: Config
    datasets: list[Source]
    languages: dict[str, dict[str, str]]

    def asked(self, study: StudyName) -> bool:
        """Whether a call without target makes a study."""
        chosen = self.config.all
        return bool(getattr(self.config.studies, study)) and (chosen is None or study in chosen)

    def targets(self, wildcards: Any) -> list[str]:
        """Languages on which a run is scored: those of all studies that train on its languages.

        Without a run, or for one that no study trains, those of all studies of encoder and task.
        """
        wanted = (wildcards.encoder, wildcards.task)
        items = [item for item in learnt(self.config) if (item.encoder, item.task) == wanted]
        parts = parse_trained_on(getattr(wildcards, "trained_on", ""))
        trained = {part.language for part in parts}
        asking = [item for item in items if trained <= set(item.trained)]
        languages = [language for item in asking or items for language in item.tested]
        return list(dict.fromkeys(languages))

    def pooling(self, wildcards: Any) -> str:
        """How the states of an encoder and task are pooled over sub-words."""
        study = self._study(wildcards)
        return study.pooling if study else "cls"

    def _study(self, wildcards: Any) -> Philippy2023 | None:
        study = self.config.studies.philippy2023
        wanted = (wildcards.encoder, wildcards.task)
        return study if study and (study.encoder, study.task) == wanted else None

    def tasks_with_states(self, wanted: bool) -> str:
        """Regular expression of the tasks whose hidden states some study asks for, or none does."""
        study = self.config.studies.philippy2023
        asked = {study.task} if study else set()
        return one_of(name for name in self.config.tasks if (name in asked) == wanted)

    # corpora

    def source(self, wildcards: Any) -> Source:
        """Row of the table of data sets behind a split of a corpus."""
        return self._source(wildcards.corpus, wildcards.split)

    def _source(self, corpus: str, split: str) -> Source:
        chosen = self.config.corpora[corpus]
        return find_source(self.datasets, chosen.dataset, chosen.home, split)

    def upstream_file(self, wildcards: Any) -> str:
        """File from which a split of a corpus in a language is read."""
        return self._upstream(wildcards.corpus, wildcards.language, wildcards.split)

    def _upstream(self, corpus: str, language: str, split: str) -> str:
        home = self.config.corpora[corpus].home
        if home in ("hub", "url"):
            return f"results/downloads/{corpus}/{language}/{split}"
        root = self.config.mirror if home == "mirror" else "results/family"
        return f"{root}/{locate(self._source(corpus, split), language, self.languages)}"

    def held_out_splits(self, wildcards: Any) -> list[str]:
        """Splits that training rows must not overlap with; none for other splits."""
        if wildcards.split != "train":
            return []
        chosen = self.config.corpora[wildcards.corpus]
        home = (chosen.dataset, chosen.home)
        splits = [row.split for row in self.datasets if (row.dataset, row.home) == home]
        return [split for split in splits if split in HELD_OUT]

    def held_out_files(self, wildcards: Any) -> list[str]:
        """Upstream files of `held_out_splits`."""
        corpus, language = wildcards.corpus, wildcards.language
        return [self._upstream(corpus, language, s) for s in self.held_out_splits(wildcards)]

    def held_out_formats(self, wildcards: Any) -> list[str]:
        """Formats of `held_out_files`."""
        return [
            self._source(wildcards.corpus, split).format
            for split in self.held_out_splits(wildcards)
        ]

    def counted(self) -> list[list[Any]]:
        """Corpus, data set, language, split and whether it is cut, of all rows of all studies."""
        wanted: dict[tuple[str, str, str], None] = {}
        for item in learnt(self.config):
            corpus = self.config.tasks[item.task].corpus
            best = self.config.recipes[item.recipe].select == "best_dev"
            for split in ("train", "dev") if best else ("train",):
                wanted |= dict.fromkeys((corpus, language, split) for language in item.trained)
            wanted |= dict.fromkeys((corpus, language, item.split) for language in item.tested)
        return [
            [corpus, self.config.corpora[corpus].dataset, language, split, cut]
            for corpus, language, split in wanted
            for cut in [split in self.config.corpora[corpus].limit]
        ]

    def counted_files(self) -> list[str]:
        """Canonical rows of `counted`."""
        return [
            corpus_file(corpus, language, split) for corpus, _, language, split, _ in self.counted()
        ]

    # encoders

    def encoders_of(self, kind: str) -> str:
        """Regular expression of the encoders of a kind."""
        return one_of(name for name, item in self.config.encoders.items() if item.kind == kind)

    def encoder_settings(self, wildcards: Any) -> dict[str, Any]:
        """The encoder's part of the configuration."""
        # A size that is named for the plan of the disk changes no file.
        encoder = self.config.encoders[wildcards.encoder]
        return encoder.model_dump(mode="json", exclude={"parameters"})

    def encoder_layers(self, wildcards: Any) -> int:
        """Number of blocks."""
        return self.config.encoders[wildcards.encoder].layers

    def pretraining_texts(self, wildcards: Any) -> list[list[Any]]:
        """Corpus, language, split of each text an encoder is trained on here, and its group.

        Rows of the same place in texts of one group translate each other; None for no group.
        """
        return self.texts_of(wildcards.encoder)

    def texts_of(self, name: str) -> list[list[Any]]:
        """As `pretraining_texts`, of an encoder by its name."""
        encoder = self.config.encoders[name]
        if not isinstance(encoder, OfText):
            return []
        return [
            [text.corpus, language, text.split, f"text {place}" if text.parallel else None]
            for place, text in enumerate(encoder.text)
            for language in text.languages or encoder.languages
        ]

    def pretraining_files(self, wildcards: Any) -> list[str]:
        """Canonical rows of `pretraining_texts`."""
        return [corpus_file(*text[:3]) for text in self.pretraining_texts(wildcards)]

    def base_encoder(self, wildcards: Any) -> str:
        """Manifest of the encoder that another one is adapted from."""
        encoder = self.config.encoders[wildcards.encoder]
        assert isinstance(encoder, AdaptedEncoder), "the rule's wildcards admit no other kind"
        return f"results/encoders/{encoder.base}/encoder.json"

    def pretraining_steps(self, encoder: str) -> int | None:
        """Steps of an encoder that is pretrained here; None for others."""
        return getattr(self.config.encoders[encoder], "steps", None)

    def encoder_threads(self, wildcards: Any) -> int:
        """CPU threads of an encoder's training."""
        return getattr(self.config.encoders[wildcards.encoder], "threads", 1)

    # runs

    def recipe(self, wildcards: Any) -> Recipe:
        """The recipe without its intervention."""
        return self.config.recipes[parse_recipe(wildcards.recipe).recipe]

    def recipe_settings(self, wildcards: Any) -> dict[str, Any]:
        """The recipe's part of the configuration."""
        # Whether weights are kept changes nothing of them; how they are stored changes their file.
        return self.recipe(wildcards).model_dump(mode="json", exclude={"keep_weights"})

    def recipe_threads(self, wildcards: Any) -> int:
        """CPU threads of a run."""
        return self.recipe(wildcards).threads

    def task_settings(self, wildcards: Any) -> dict[str, Any]:
        """The task's part of the configuration."""
        return self.config.tasks[wildcards.task].model_dump(mode="json")

    def training_files(self, wildcards: Any) -> list[str]:
        """Canonical rows to train on, one file per language of `trained_on`."""
        languages = [part.language for part in parse_trained_on(wildcards.trained_on)]
        return self._task_files(wildcards, languages, "train")

    def dev_languages(self, wildcards: Any) -> list[str]:
        """Training languages whose dev sets the recipe selects by; none if it does not."""
        recipe = self.recipe(wildcards)
        languages = [part.language for part in parse_trained_on(wildcards.trained_on)]
        if recipe.select != "best_dev":
            return []
        return languages[:1] if recipe.dev == "first" else languages

    def dev_files(self, wildcards: Any) -> list[str]:
        """Canonical rows of `dev_languages`."""
        return self._task_files(wildcards, self.dev_languages(wildcards), "dev")

    def test_files(self, wildcards: Any) -> list[str]:
        """Canonical rows of all targets."""
        return self._task_files(wildcards, self.targets(wildcards), "test")

    def _task_files(self, wildcards: Any, languages: Iterable[str], split: str) -> list[str]:
        corpus = self.config.tasks[wildcards.task].corpus
        return [corpus_file(corpus, language, split) for language in languages]

    def chosen_layers(self, wildcards: Any) -> list[str]:
        """The file in which a study says which layers a run freezes, if one does."""
        study = parse_recipe(wildcards.recipe).study
        return [f"results/papers/{study}/layers.json"] if study else []

    # sub-networks

    def subnetwork_settings(self, wildcards: Any) -> dict[str, Any]:
        """The sub-network's part of the configuration."""
        return self.config.subnetworks[wildcards.subnetwork].model_dump(mode="json")

    def subnetwork_threads(self, wildcards: Any) -> int:
        """CPU threads of a sub-network's job."""
        return self.config.subnetworks[wildcards.subnetwork].threads

    def text_rows(self, wildcards: Any) -> str:
        """Canonical rows of a text: a task's, or those of a corpus by its name."""
        task = self.config.tasks.get(wildcards.text)
        corpus = task.corpus if task else wildcards.text
        return corpus_file(corpus, wildcards.language, wildcards.split)

    def text_task(self, wildcards: Any) -> dict[str, Any] | None:
        """The part of the configuration of the task that a text is of; None for a corpus."""
        task = self.config.tasks.get(wildcards.text)
        return task.model_dump(mode="json") if task else None

    # transfer

    def transfer(self, wildcards: Any) -> Transfer:
        """One matrix of scores."""
        return self.config.studies.transfer[wildcards.transfer]

    def transfer_settings(self, wildcards: Any) -> dict[str, Any]:
        """The matrix's part of the configuration."""
        return self.transfer(wildcards).model_dump(mode="json")

    def transfer_scores(self, wildcards: Any) -> list[str]:
        """Scores of all runs of a matrix."""
        runs = transfer_runs(self.transfer(wildcards))
        return [f"{run.folder}/scores.parquet" for run in runs]

    def transfer_baselines(self, wildcards: Any) -> list[str]:
        """Trivial baselines of all training sets of a matrix."""
        chosen = self.transfer(wildcards)
        folder = f"results/baselines/{chosen.encoder}/{chosen.task}"
        return [f"{folder}/{source}.parquet" for source in chosen.sources]

    # representations and languages

    def bases(self, wildcards: Any) -> list[str]:
        """Names of the states that a run's states are compared with."""
        study = self._study(wildcards)
        return list(study.bases) if study else ["pretrained"]

    def base_files(self, wildcards: Any) -> list[str]:
        """Files of `bases`."""
        study = self._study(wildcards)
        files = {"pretrained": f"results/base/{wildcards.encoder}/{wildcards.task}/states.parquet"}
        if study:
            files["last_source"] = f"{last_source(study).folder}/states.parquet"
        return [files[base] for base in self.bases(wildcards)]

    def distance_settings(self, wildcards: Any) -> dict[str, Any]:
        """The distances' part of the configuration."""
        return self.config.distances[wildcards.distances].model_dump(mode="json")

    def distance_file(self, wildcards: Any) -> list[str]:
        """The file that distances are read from, if there is one."""
        chosen = self.config.distances[wildcards.distances]
        if chosen.kind == "zip":
            return [chosen.path]
        return ["results/family/distances.csv"] if chosen.kind == "family" else []

    def distance_languages(self, wildcards: Any) -> list[str]:
        """Languages whose distances some study asks for, sorted."""
        name, languages = wildcards.distances, set()
        study = self.config.studies.philippy2023
        if study and name in study.distances:
            languages |= set(study.languages)
        prediction = self.config.studies.xsns2023
        if prediction and name == prediction.typology:
            for chosen in prediction.tasks.values():
                languages |= {*chosen.languages, *chosen.low_resource}
        return sorted(languages)


def corpus_file(corpus: str, language: str, split: str) -> str:
    """Canonical rows of a split."""
    return f"results/corpora/{corpus}/{language}/{split}.parquet"


def one_of(names: Iterable[str]) -> str:
    """Regular expression that matches these names only, and nothing if there are none."""
    return "|".join(re.escape(name) for name in sorted(names)) or "(?!x)x"
