"""Recipes: how a run is trained."""

from typing import Literal

from pydantic import Field, model_validator

from isogloss.config.values import Above0, Fraction, Layer, Model, Number, Positive, Share


class Recipe(Model):
    """How a run is trained."""

    epochs: Positive | None = Field(None, description="passes over the data; or give steps")
    steps: Positive | None = Field(None, description="optimiser steps; or give epochs")
    batch: Positive = Field(32, description="examples per optimiser step, drawn at random")
    mixing: Literal["mixed", "by_language"] = Field(
        "mixed",
        description="batches of several training languages: of all of them together (Yun et "
        "al.), or of one language each, drawn by size, without incomplete ones (Wu et al.'s code)",
    )
    learning_rate: Number = Field(2e-5, gt=0, le=1, description="highest learning rate")
    warmup: Fraction = Field(0.0, description="share of the steps with a rising rate")
    decay: Literal["linear", "constant"] = Field(
        "linear", description="to 0 over all steps, or none"
    )
    betas: tuple[Share, Share] = Field((0.9, 0.999), strict=False, description="AdamW's betas")
    epsilon: Above0 = Field(1e-8, description="AdamW's epsilon")
    weight_decay: Number = Field(0.0, ge=0, description="AdamW's weight decay")
    clip: Above0 | None = Field(1.0, description="largest gradient norm; null for none")
    dropout: Share | None = Field(None, description="null keeps the encoder's own")
    output_dropout: Share | None = Field(
        None,
        description="dropout on the encoder's output with one mask for all sub-words of an input, "
        "instead of the head's own (0.2 in Wu et al.'s code); null: the head's own",
    )
    freeze: list[Layer] = Field([], description="blocks that are not trained, counted from 1")
    freeze_embeddings: bool = Field(False, description="keep the embeddings fixed")
    reinitialise: list[Layer] = Field(
        [], description="blocks that start from new weights, counted from 1; they are trained"
    )
    initialisation: Literal["bert", "linear"] = Field(
        "bert",
        description="new weights of these blocks: bert: N(0, initializer_range), biases 0, as "
        "Muller et al.'s code; linear: those of torch's Linear, with biases, as their later port",
    )
    select: Literal["last", "best_dev"] = Field(
        "last", description="weights to keep: after the last step, or best on dev"
    )
    checks: Positive = Field(1, description="dev evaluations per epoch, for best_dev")
    dev: Literal["all", "first"] = Field(
        "all",
        description="dev sets that best_dev looks at: the mean over all training languages, or "
        "that of the first one (the source)",
    )
    patience: Positive | None = Field(
        None, description="checks without a better dev score after which best_dev stops; null: none"
    )
    min_delta: Number = Field(
        0.0, ge=0, description="what a better score must exceed the best one by, for patience"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 with fp32 master weights on a GPU, fp32 on a CPU"
    )
    keep_weights: Literal["all", "monolingual", "none"] = Field(
        "all",
        description="runs whose weights are kept: all, those on one language, or none; others are "
        "deleted once everything that reads them is there",
    )
    store: Literal["full", "difference"] = Field(
        "full",
        description="how weights are written: as they are, or as their difference to the initial "
        "weights, which is exact and takes a third of the disk for a large encoder",
    )
    save_every: Positive = Field(500, description="steps between resumable states")
    threads: int = Field(1, ge=1, le=64, description="CPU threads; part of what is reproduced")

    @model_validator(mode="after")
    def _one_length(self) -> "Recipe":
        if (self.epochs is None) == (self.steps is None):
            found = "neither epochs nor steps" if self.epochs is None else "both epochs and steps"
            raise ValueError(f"found {found}; allowed: exactly one of them")
        if self.patience is not None and self.select != "best_dev":
            raise ValueError("found patience; allowed: only with select: best_dev")
        return self
