"""Tasks: what a run learns, on which corpus, and how its inputs are cut."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from isogloss.config.values import Model, Name, Positive, Share


class _Task(Model):
    """What all tasks have."""

    corpus: Name = Field(description="name of a corpus with the rows of the task")
    max_length: int = Field(128, ge=8, le=512, description="sub-words of an input at most")


class _PairTask(_Task):
    """A label for a pair of sentences."""

    pooler: bool = Field(
        True,
        description="true: the encoder's pooler before the linear layer; false: the linear layer "
        "reads the first state itself (Wu et al.'s code)",
    )


class _WordTask(_Task):
    """An output for each word of a sentence."""

    context: int = Field(
        64, ge=0, description="sub-words before a window that are kept as its context"
    )
    subword: Literal["first", "last"] = Field(
        "first", description="sub-word whose state stands for a word"
    )

    @model_validator(mode="after")
    def _room_for_words(self) -> "_WordTask":
        if self.context > self.max_length - 4:
            raise ValueError(
                f"found context {self.context}; allowed: at most max_length - 4 "
                f"({self.max_length - 4}), so that a window has room for a word"
            )
        return self


class Nli(_PairTask):
    """Natural language inference: entailment, neutral or contradiction."""

    kind: Literal["nli"] = Field(description="what the task is")
    truncation: Literal["longest_first", "authors"] = Field(
        "longest_first",
        description="authors: premise only, unless a block of 1,000 pairs has a hypothesis "
        "that alone is too long; then longest first for that block (Philippy et al.'s code)",
    )


class Paraphrase(_PairTask):
    """Paraphrase identification: paraphrase or different."""

    kind: Literal["paraphrase"] = Field(description="what the task is")


class Pos(_WordTask):
    """Part-of-speech tagging with the 17 universal tags."""

    kind: Literal["pos"] = Field(description="what the task is")


class Ner(_WordTask):
    """Named entity recognition with BIO tags."""

    kind: Literal["ner"] = Field(description="what the task is")
    types: Annotated[list[Annotated[str, Field(pattern=r"^[A-Z]+$")]], Field(min_length=1)] = Field(
        ["PER", "ORG", "LOC"], description="types of names that are learnt and scored"
    )
    other_types: Literal["error", "outside"] = Field(
        "error", description="what to do with names of other types: refuse them, or take them for O"
    )


class Parsing(_WordTask):
    """Dependency parsing with a biaffine head (Dozat and Manning 2017)."""

    kind: Literal["parsing"] = Field(description="what the task is")
    subtypes: bool = Field(
        False, description="true: relations as they are (acl:relcl); false: without subtypes (acl)"
    )
    arc_size: Positive = Field(500, description="width of the two arc layers")
    relation_size: Positive = Field(100, description="width of the two relation layers")
    head_dropout: Share = Field(
        0.33, description="dropout of these layers, one mask for all words of a sentence"
    )


class Qa(_Task):
    """Extractive question answering: the span of a passage that answers a question."""

    kind: Literal["qa"] = Field(description="what the task is")
    max_length: int = Field(384, ge=8, le=512, description="sub-words of an input at most")
    stride: Positive = Field(128, description="sub-words that neighbouring windows share")
    question_length: Positive = Field(64, description="sub-words of a question at most")
    answer_length: Positive = Field(30, description="sub-words of an answer at most")
    n_best: Positive = Field(20, description="starts and ends of a window that are combined")

    @model_validator(mode="after")
    def _room_for_a_passage(self) -> "Qa":
        # Special sub-words, and a few more where a cut question is cut into others.
        room = self.max_length - self.question_length - 8
        if self.stride >= room:
            raise ValueError(
                f"found stride {self.stride}; allowed: below {room}, the sub-words of a passage "
                f"that a window of {self.max_length} has room for beside the longest question"
            )
        return self


Task = Annotated[Nli | Paraphrase | Pos | Ner | Parsing | Qa, Field(discriminator="kind")]

# Kinds of canonical rows that a task reads.
TABLES: dict[str, tuple[str, ...]] = {
    "nli": ("pairs",),
    "paraphrase": ("pairs",),
    "pos": ("treebank", "tagged"),
    "ner": ("tagged",),
    "parsing": ("treebank",),
    "qa": ("questions",),
}


def task_of(settings: Mapping[str, Any]) -> Task:
    """The task that a group of keys of the configuration describes."""
    task: Task = TypeAdapter(Task).validate_python(dict(settings))
    return task
