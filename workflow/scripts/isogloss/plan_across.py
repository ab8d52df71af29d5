"""What is set side by side across the studies: files of what each of them computes anyway."""

from typing import NamedTuple

from isogloss import plan_muller2021, plan_wu2022, plan_xsns2023
from isogloss.config.studies import Across
from isogloss.plan import Plan, source_runs


class StudyPlan(NamedTuple):
    """The plans of the studies that a configuration has; None for those that it leaves out."""

    plan: Plan
    muller2021: plan_muller2021.StudyPlan
    xsns2023: plan_xsns2023.StudyPlan | None
    wu2022: plan_wu2022.StudyPlan | None

    @property
    def study(self) -> Across:
        """Settings of the comparison."""
        asked = self.plan.config.studies.across
        assert asked is not None, "rules that ask for it are left out without it"
        return asked

    def score_files(self) -> list[str]:
        """Scores of all runs with and without new layers."""
        return self.muller2021.score_files()

    def similarity_files(self) -> list[str]:
        """Similarity of languages, where the study measures it."""
        return self.muller2021.similarity_files()

    def cka_files(self) -> list[str]:
        """Phi of the run of each source."""
        study = self.plan.config.studies.philippy2023
        runs = source_runs(study).values() if study else ()
        return [f"{run.folder}/cka.parquet" for run in runs]

    def overlap_files(self) -> list[str]:
        """Overlaps that fill the tables of Yun et al.'s study."""
        return self.xsns2023.main_overlap_files() if self.xsns2023 else []

    def path_files(self) -> list[str]:
        """Scores of all lines between runs."""
        return self.wu2022.path_files() if self.wu2022 else []

    def direction_files(self) -> list[str]:
        """Norms of the directions between runs."""
        return self.wu2022.direction_files() if self.wu2022 else []

    def base(self) -> str | None:
        """Base of Phi that fills the tables of Philippy et al.'s study."""
        study = self.plan.config.studies.philippy2023
        return study.bases[0] if study else None

    def p(self) -> float | None:
        """Fraction of the parameters that a sub-network keeps."""
        return self.xsns2023.study.p if self.xsns2023 else None

    def path_metrics(self) -> dict[str, str]:
        """Metric of the lines by configured task."""
        return self.wu2022.metrics() if self.wu2022 else {}

    def encoders(self) -> list[str]:
        """Encoders of all studies that take part, each once."""
        studies = self.plan.config.studies
        names = [self.muller2021.study.encoder]
        names += [studies.philippy2023.encoder] if studies.philippy2023 else []
        names += [self.xsns2023.study.encoder] if self.xsns2023 else []
        names += self.wu2022.study.encoders if self.wu2022 else []
        return list(dict.fromkeys(names))

    def depths(self) -> dict[str, int]:
        """Number of blocks by encoder."""
        return {name: self.plan.config.encoders[name].layers for name in self.encoders()}

    def kinds(self) -> dict[str, str]:
        """Kind of each task of the configuration."""
        return {name: task.kind for name, task in self.plan.config.tasks.items()}
