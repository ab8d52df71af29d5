"""Types that the parts of a configuration are made of.

Nothing in this room imports torch or pandas, because Snakemake reads it each time it parses the
workflow.
"""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
LANGUAGE = r"^[a-z]{2,3}(-[a-z]+)*$"
REPOSITORY = r"^[\w.-]+/[\w.-]+$"
REVISION = r"^[\w.][\w./-]*$"
SHA256 = r"^[0-9a-f]{64}$"


def _number(value: object) -> object:
    """YAML 1.1 takes 2e-5 for text; a number is meant."""
    text = isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value)
    return float(text.group()) if text else value


Name = Annotated[str, Field(pattern=NAME)]
Language = Annotated[str, Field(pattern=LANGUAGE)]
Languages = Annotated[list[Language], Field(min_length=1)]
Number = Annotated[float, BeforeValidator(_number)]
# Limits stand before the validator: pydantic writes only these into the JSON schema.
Fraction = Annotated[float, Field(ge=0, le=1), BeforeValidator(_number)]
Share = Annotated[float, Field(ge=0, lt=1), BeforeValidator(_number)]
Above0 = Annotated[float, Field(gt=0), BeforeValidator(_number)]
Positive = Annotated[int, Field(ge=1)]
Layer = Annotated[int, Field(ge=1)]
Folder = Annotated[str, Field(min_length=1)]


class Model(BaseModel):
    """Base of all parts: unknown keys are errors, types are not guessed, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
