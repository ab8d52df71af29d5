"""Write the generated family in upstream formats."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.corpora.family.files import FamilySizes
from isogloss.corpora.family.write import write_family
from isogloss.logs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]):
    family = snakemake.params.family
    write_family(
        Path(snakemake.output.files[0]).parent,
        family["languages"],
        FamilySizes(**family["sizes"]),
        family["seed"],
    )
