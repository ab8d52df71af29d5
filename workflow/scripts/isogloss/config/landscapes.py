"""Landscapes: interpolation between runs, and random directions around one."""

from typing import Annotated, Literal

from pydantic import Field

from isogloss.config.runs import TRAINED_ON
from isogloss.config.values import Above0, Language, Languages, Model, Name, Number, Positive

InterpolatedName = Literal["XNLI", "NER", "POS", "Parsing"]
Part = Literal["all", "encoder", "head"]
# Section 4 and footnote 5 of Wu et al. 2022: 21 values, and 12 more on lines.
AXIS = [round(step / 10, 1) for step in range(-5, 16)]
BETWEEN = [*(0.025, 0.05, 0.075, 0.125, 0.15, 0.175), *(0.825, 0.85, 0.875, 0.925, 0.95, 0.975)]
ALPHAS = sorted([*AXIS, *BETWEEN])
Axis = Annotated[list[Number], Field(min_length=2)]
Pair = Annotated[str, Field(pattern=rf"^{TRAINED_ON}$")]


class InterpolatedTask(Model):
    """A task of Wu et al. 2022."""

    task: Name = Field(description="name of a task")
    recipe: Name = Field(description="name of a recipe, of all runs of the task")
    metric: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="metric that is shown; null for the task's main metric"
    )
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = Field(
        [1, 2, 3], description="seeds of the runs; those of a seed start from the same weights"
    )


class Planes(Model):
    """Interpolation in two directions (Equation 3; Figures 3 and 10)."""

    pairs: Annotated[list[Pair], Field(min_length=1)] = Field(
        description="source and target of each plane, for instance en+de"
    )
    alphas: Axis = Field(AXIS, description="values of both coefficients; 0 and 1 among them")
    parts: Annotated[list[Part], Field(min_length=1)] = Field(
        ["all"], description="what is interpolated; the rest stays that of the bilingual model"
    )
    tasks: list[InterpolatedName] = Field([], description="tasks; empty for all of the study")


class Sharpness(Model):
    """Random directions around the source's model, filter by filter as long as its weights (Li et
    al. 2018)."""

    radii: Annotated[list[Above0], Field(min_length=1)] = Field(
        [0.05, 0.1, 0.2, 0.3, 0.4],
        description="lengths of the steps, as shares of the norm of each filter's weights",
    )
    directions: Positive = Field(10, description="random directions per run")
    seed: int = Field(0, ge=0, description="seed of the directions")


class Wu2022(Model):
    """Wu, Van Durme and Dredze 2022."""

    encoders: Annotated[list[Name], Field(min_length=1, max_length=4)] = Field(
        description="names of encoders; claims that compare two hold the second against the first "
        "(in the paper XLM-R large against mBERT)"
    )
    tasks: Annotated[dict[InterpolatedName, InterpolatedTask], Field(min_length=1)] = Field(
        description="tasks by the name that the paper prints"
    )
    sources: Languages = Field(description="source languages")
    targets: Languages = Field(description="target languages; a source is not a target of its own")
    split: Literal["dev", "test"] = Field("dev", description="split that every point is scored on")
    alphas: Axis = Field(
        ALPHAS, description="values of the mixing coefficient on lines; 0 and 1 among them"
    )
    parts: Annotated[list[Part], Field(min_length=1)] = Field(
        ["all", "encoder", "head"],
        description="what is interpolated on lines (footnote 2); the rest stays that of the "
        "monolingual model. all is required and fills the figures",
    )
    planes: Planes | None = Field(None, description="Figures 3 and 10; null leaves them out")
    sharpness: Sharpness | None = Field(
        None, description="random directions around the source's models; null leaves them out"
    )
    variance: Literal["mean", "squared_mean", "variance"] = Field(
        "mean",
        description="what the variance over seeds is divided by, of the bilingual model: its mean, "
        "its squared mean, or its variance. The text says performance",
    )
    precision: Literal["auto", "fp32"] = Field(
        "auto", description="auto: TF32 on a GPU, fp32 on a CPU; fp32: the same on both"
    )
    targets_per_job: Positive = Field(
        1, description="pairs of a source that one job interpolates; more where models are small"
    )
    threads: int = Field(1, ge=1, le=64, description="CPU threads of a job")
    resamples: int = Field(2000, ge=100, description="draws of pairs and tasks behind an interval")
    statistics_seed: int = Field(1, ge=0, description="seed of the resamples")


def targets_of(study: Wu2022, source: Language) -> list[Language]:
    """Targets of a source: all but itself."""
    return [target for target in study.targets if target != source]
