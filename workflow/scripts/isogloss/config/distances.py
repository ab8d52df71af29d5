"""Distances between languages."""

from typing import Annotated, Literal

from pydantic import Field

from isogloss.config.values import Folder, Model


class FamilyDistances(Model):
    """Distances that the generated family knows of itself."""

    kind: Literal["family"] = Field(description="where the distances come from")


class UrielDistances(Model):
    """lang2vec distances, rebuilt from the feature files of its package."""

    kind: Literal["lang2vec"] = Field(description="where the distances come from")
    codes: Literal["authors", "real"] = Field(
        "authors", description="authors: ara, swa, zho (no data behind them); real: arb, swh, cmn"
    )


class ZipDistances(Model):
    """lang2vec's own distances2.zip."""

    kind: Literal["zip"] = Field(description="where the distances come from")
    path: Folder = Field(description="the file distances2.zip")
    codes: Literal["authors", "real"] = Field(
        "authors", description="authors: ara, swa, zho (no data behind them); real: arb, swh, cmn"
    )


Distances = Annotated[FamilyDistances | UrielDistances | ZipDistances, Field(discriminator="kind")]
