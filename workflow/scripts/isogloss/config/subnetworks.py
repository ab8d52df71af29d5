"""Sub-networks: how the part of an encoder that a language uses is found."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from isogloss.config.values import Above0, Language, Model, Name, Number, Positive

# 0.05, 0.10, ... 0.95: the values of Figure 3 (Yun et al. 2023).
GRID = [round(0.05 * step, 2) for step in range(1, 20)]
Split = Annotated[str, Field(pattern=r"^[a-z]+$")]
Portion = Annotated[float, Field(gt=0, lt=1)]


class SubNetwork(Model):
    """How a sub-network is found; the defaults follow the released code of Yun et al. 2023."""

    estimator: Literal["batch_squared", "per_sample"] = Field(
        "batch_squared",
        description="batch_squared: the squared mean gradient of a batch (released code); "
        "per_sample: the mean squared gradient of an example (text, Section 3)",
    )
    batch: Positive = Field(4, description="examples of a batch, for batch_squared")
    clip: Above0 | None = Field(
        1.0,
        description="largest norm of each tensor's gradient, for batch_squared; null for none",
    )
    dropout: bool = Field(
        True, description="whether the encoder's dropout is on, for batch_squared"
    )
    objective: Literal["language_model", "task"] = Field(
        "language_model",
        description="language_model: masked sub-words, or T5's span corruption; task: the task's "
        "loss under a head with random weights",
    )
    mask: Number = Field(0.15, gt=0, lt=1, description="share of sub-words to predict")
    corpus: Name | None = Field(
        None, description="corpus of the text for all tasks; null for the task's own"
    )
    pairs: Literal["premise", "both"] = Field(
        "premise",
        description="what is read of a pair of an inference task: its premise (released code), or "
        "both sentences; paraphrases are always read as pairs",
    )
    source_split: Split = Field("train", description="split of a source's text")
    target_split: Split = Field(
        "train", description="split of a target's text: train (released code), or test (text)"
    )
    max_length: int = Field(
        512, ge=8, description="longest input, sub-words; at most the encoder's"
    )
    examples: Positive = Field(1024, description="examples per language, or all if there are fewer")
    sizes: list[Positive] = Field(
        [], description="further numbers of examples, smaller than `examples` (Figure 6)"
    )
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = Field(
        [42, 16, 10], description="seeds of sample, masks and dropout, one sub-network each"
    )
    grid: Annotated[list[Portion], Field(min_length=1, max_length=255)] = Field(
        GRID, description="fractions p of the parameters that a sub-network keeps, rising"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 with float32 sums on a GPU, fp32 on a CPU"
    )
    keep_sums: bool = Field(
        False, description="keep sums of squares on disk, so that more examples can be added"
    )
    threads: int = Field(1, ge=1, le=64, description="CPU threads; part of what is reproduced")

    @model_validator(mode="after")
    def _rising(self) -> "SubNetwork":
        if sorted(set(self.grid)) != self.grid:
            raise ValueError("found a grid that does not rise; allowed: fractions in rising order")
        if any(size >= self.examples for size in self.sizes):
            raise ValueError(f"found sizes {self.sizes}; allowed: below examples ({self.examples})")
        return self


class Rank(Model):
    """A ranking of source languages for a text of the user's own."""

    text: Annotated[str, Field(min_length=1)] | Annotated[list[str], Field(min_length=1)] = Field(
        description="a file of the target language, or several: plain text, or CoNLL-U (.conllu)"
    )
    task: Name = Field(description="name of a task that the study of Yun et al. has")
    name: Name = Field("mine", description="folder of the answer, results/rank/{name}")
    language: Language | None = Field(
        None, description="the target's code, for what is known of it without text; null: unknown"
    )
