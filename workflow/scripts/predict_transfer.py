"""What predicts transfer besides sub-networks, for all pairs of a task's languages."""

from typing import TYPE_CHECKING

import pandas as pd

from isogloss.corpora.family.languages import family_languages
from isogloss.corpora.words import words_of
from isogloss.logs import job
from isogloss.predictors.assemble import (
    Languages,
    family_attributes,
    of_languages,
    of_texts,
    regressors,
)
from isogloss.predictors.evenness import evenness
from isogloss.predictors.lang2vec import family_similarity, typological_similarity
from isogloss.predictors.xpos import missing_attributes, read_attributes, read_ldnd
from isogloss.tables import read_any, read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0]) as log:
    given, params = snakemake.input, snakemake.params
    languages = Languages(params.languages, params.targets, params.scripts)
    files = dict(zip(params.targets, given.rows, strict=True))
    uneven = {
        language: evenness(words_of(*read_any(files[language])), params.merges, seed=params.seed)
        for language in params.languages
    }
    for language, found in uneven.items():
        log.info("SuE of %s: %.1f, spread %.1f", language, found.text, found.text_spread)
    if params.codes:
        typology = typological_similarity(params.codes)
        attributes, ldnd = read_attributes(params.attributes), read_ldnd(params.attributes)
    else:
        typology = family_similarity(read_table(given.distances[0], "distances"))
        attributes, ldnd = family_attributes(family_languages())
    for language, lacks in missing_attributes(params.targets, attributes, ldnd).items():
        log.info("X-POS: of %s is not known: %s", language, ", ".join(lacks))
    texts = of_texts(
        read_table(given.means, "means"),
        read_table(given.subwords, "subwords"),
        params.embedding_layers,
    )
    predictors = pd.concat([of_languages(languages, typology, uneven), texts])
    chosen = predictors["source"].isin(languages.sources)
    write_table(snakemake.output.predictors, "predictors", predictors[chosen])
    features = regressors(languages, attributes, ldnd, params.pretrained)
    write_table(snakemake.output.features, "pair_features", features)
