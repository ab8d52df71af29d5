"""The whole configuration: what may be asked for, with defaults, limits and meanings.

The JSON schema and the reference page of all keys are generated from these models
(`isogloss.reference`); `isogloss.check` reads a configuration and words its mistakes.
"""

from pydantic import Field

from isogloss.config.corpora import Corpus, Family
from isogloss.config.distances import Distances
from isogloss.config.encoders import Encoder
from isogloss.config.recipes import Recipe
from isogloss.config.studies import Studies, StudyName
from isogloss.config.subnetworks import Rank, SubNetwork
from isogloss.config.tasks import Task
from isogloss.config.values import Folder, Model, Name


class Config(Model):
    """Everything that can be asked for."""

    mirror: Folder = Field("data/mirror", description="folder with data sets in upstream layout")
    datasets: Folder = Field("config/datasets.csv", description="table of data sets")
    languages: Folder = Field("config/languages.csv", description="table of languages")
    family: Family | None = Field(None, description="the generated family; null for none")
    corpora: dict[Name, Corpus] = Field(min_length=1, description="corpora by name")
    encoders: dict[Name, Encoder] = Field(min_length=1, description="encoders by name")
    tasks: dict[Name, Task] = Field({}, description="tasks by name")
    recipes: dict[Name, Recipe] = Field({}, description="recipes by name")
    distances: dict[Name, Distances] = Field({}, description="language distances by name")
    subnetworks: dict[Name, SubNetwork] = Field({}, description="kinds of sub-networks by name")
    studies: Studies = Field(Studies.model_validate({}), description="studies to run")
    all: list[StudyName] | None = Field(
        None, description="studies that a call without target makes; null for every one"
    )
    rank: Rank | None = Field(
        None, description="a text of your own to rank sources for; target `rank`"
    )
