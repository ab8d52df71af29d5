"""Corpora and the generated family."""

from typing import Literal

from pydantic import Field

from isogloss.config.values import Languages, Model, Positive


class FamilySizes(Model):
    """How much the generated family writes, per language."""

    documents: Positive = Field(5000, description="pretraining documents of two sentences")
    nli_train: Positive = Field(2000, description="sentence pairs to train on")
    nli_dev: Positive = Field(200, description="sentence pairs for model selection, parallel")
    nli_test: Positive = Field(450, description="sentence pairs to test on, parallel")
    ud_train: Positive = Field(500, description="trees to train on")
    ud_dev: Positive = Field(100, description="trees for model selection, parallel")
    ud_test: Positive = Field(200, description="trees to test on, parallel")
    ner_train: Positive = Field(500, description="sentences with names to train on")
    ner_dev: Positive = Field(100, description="sentences with names for selection, parallel")
    ner_test: Positive = Field(200, description="sentences with names to test on, parallel")
    paraphrase_train: Positive = Field(2000, description="paraphrase pairs to train on")
    paraphrase_dev: Positive = Field(100, description="paraphrase pairs for selection, parallel")
    paraphrase_test: Positive = Field(400, description="paraphrase pairs to test on, parallel")
    qa_train: Positive = Field(2000, description="questions to train on")
    qa_dev: Positive = Field(100, description="questions for model selection, parallel")
    qa_test: Positive = Field(300, description="questions to test on, parallel")


class Family(Model):
    """The generated language family."""

    languages: Languages = Field(description="codes out of the family")
    seed: int = Field(1, ge=0, description="seed of lexicon, meanings and texts")
    sizes: FamilySizes = Field(FamilySizes.model_validate({}), description="amount of text")


class Corpus(Model):
    """A data set, and where its upstream files come from."""

    dataset: str = Field(description="name in the table of data sets")
    home: Literal["mirror", "family", "hub", "url"] = Field(
        description="folder in upstream layout, generated, hub data set, or download"
    )
    limit: dict[str, Positive] = Field(
        {}, description="first rows to keep, by split (train, dev, test, all)"
    )
    overlap: Literal["error", "drop", "keep"] = Field(
        "error", description="what to do with train rows that dev or test hold too"
    )
    writing: Literal["original", "latin", "permuted"] = Field(
        "original",
        description="latin: romanised; permuted: the letters of the script exchanged for each "
        "other, the same way everywhere; both word by word, so that tags and trees stay",
    )
