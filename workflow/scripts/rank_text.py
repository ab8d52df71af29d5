"""Candidate sources for a text of the user's own, in the order of their overlap with it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isogloss.config.subnetworks import Rank
from isogloss.logs import job
from isogloss.papers.rank import Text, present_rank, ranking
from isogloss.predictors.assemble import of_texts
from isogloss.predictors.lang2vec import typological_similarity
from isogloss.subnetworks.compare import compare
from isogloss.subnetworks.levels import LevelsFile
from isogloss.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

TEXT = "text"
PAIR = ["source", "target"]

with job(snakemake.log[0]) as log:
    given, params = snakemake.input, snakemake.params
    rank = Rank.model_validate(params.rank)
    files = {
        (language, "candidate"): LevelsFile(file)
        for language, file in zip(params.candidates, given.candidates, strict=True)
    }
    files[TEXT, "own"] = LevelsFile(given.levels)
    found = compare(files, params.candidates, [TEXT], ("candidate", "own"))
    found = found[(found["layer"] == 0) & (found["p"] == params.p)]

    def tables(kind: str, *paths: str) -> pd.DataFrame:
        """Rows of all files of a kind."""
        return pd.concat([read_table(path, kind) for path in paths])

    pairs = of_texts(
        tables("means", given.means, given.candidate_means),
        tables("subwords", given.subwords, given.candidate_subwords),
        [],
    )
    pairs = pairs[(pairs["target"] == TEXT) & pairs["source"].isin(params.candidates)]
    others = {
        str(method): group.groupby("source")["value"].mean()
        for method, group in pairs.groupby("method")
    }
    if params.codes:
        typology = typological_similarity(params.codes)
        own = typology[typology["target"] == rank.language]
        others["L2V"] = own.set_index("source")["value"]
    studied = None
    if given.study:
        overlap = read_table(given.study[0], "overlap")
        usual = (overlap["asked"] == overlap["asked"].max()) & (overlap["layer"] == 0)
        overlap = overlap[usual & (overlap["p"] == params.p)]
        mean = overlap.groupby(PAIR)["jaccard"].mean()
        fitted = read_table(given.study[1], "regressions")
        scores = fitted[["source", "target", "score"]].drop_duplicates(PAIR)
        studied = scores.join(mean, on=PAIR).dropna()
    table = ranking(found, others, studied)
    selections = read_table(given.selections, "selections")
    names = [rank.text] if isinstance(rank.text, str) else rank.text
    text = Text(names, int(selections["examples"].max()), rank.task)
    title = f"Source languages for {', '.join(Path(name).name for name in names)}"
    present_rank(Path(snakemake.output.page).parent, text, table, params.p, params.source, title)
    log.info("first: %s", ", ".join(table["source"].head(3)))
