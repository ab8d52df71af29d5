"""Predictors of transfer that need no encoder, against published scores of 20 languages."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.languages.codes import uriel_codes
from isogloss.logs import job
from isogloss.papers.published import compare, read_published
from isogloss.papers.published_xsns2023 import (
    L2V,
    STUDY,
    cells,
    predictions,
    present_published,
    ranking_table,
    regress_pairs,
)
from isogloss.predictors.lang2vec import typological_similarity
from isogloss.predictors.xpos import pair_features, read_attributes, read_ldnd, read_scores
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

# what lang2vec makes of the two-letter code zh; the table of languages has cmn, which has
# distances too
MACROLANGUAGE = {"zh": "zho"}
REAL = "L2V, codes with stored distances"
UNTRAINED = "needs runs; here only published scores and attributes of languages are used"

with job(snakemake.log[0]):
    folder = Path(snakemake.input.data[0]).parent
    accuracy = read_scores(folder)
    languages = list(accuracy.index)
    real = uriel_codes(snakemake.params.table, "uriel", languages)
    authors = {code: MACROLANGUAGE.get(code, uriel) for code, uriel in real.items()}
    typology = {L2V: typological_similarity(authors), REAL: typological_similarity(real)}
    features = pair_features(languages, languages, read_attributes(folder), read_ldnd(folder))
    table = ranking_table(accuracy, predictions(accuracy, typology, features))
    published = read_published(snakemake.input.published)
    published = published[published["study"] == STUDY].reset_index(drop=True)
    shown = cells(table, regress_pairs(accuracy, features))
    comparison = compare(published, shown, {(STUDY,): UNTRAINED})
    write_table(snakemake.output.comparison, "comparison", comparison)
    intro = [
        "Gold scores: accuracies of de Vries, Wieling and Nissim 2022, who fine-tuned XLM-R base "
        "on 20 languages of Universal Dependencies 2.8, one run each, with another recipe than "
        "Yun et al. 2023. Nothing was trained here: a number near the published one speaks for the "
        "way in which predictor and metric are computed, and says nothing about the paper's own "
        "scores.",
        "L2V takes zho for Chinese, as lang2vec does with the code zh. X-POS is fitted to the "
        "scores it predicts; the line without the target leaves out all its pairs.",
    ]
    present_published(Path(snakemake.output.page).parent, intro, table, comparison)
