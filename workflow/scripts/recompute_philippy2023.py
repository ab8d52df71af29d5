"""What follows from the printed Figure 3 and language distances alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from isogloss.languages.codes import UrielColumn, uriel_codes
from isogloss.languages.distances import placeholders, uriel_distances
from isogloss.logs import job
from isogloss.papers.philippy2023 import cells, correlations
from isogloss.papers.presentation import Results, present, study_rows
from isogloss.papers.published import compare, read_published, restore_accuracy
from isogloss.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import snakemake

SOURCE = "en"
SEED = 1
PERMUTATIONS, RESAMPLES = 9999, 2000
CODES: dict[str, UrielColumn] = {"uriel-authors": "uriel_authors", "uriel-real": "uriel"}
UNTRAINED = "needs runs; here only the printed Figure 3 is used"

with job(snakemake.log[0]):
    published = study_rows(read_published(snakemake.input.published))
    accuracy = restore_accuracy(published)
    codes = {
        name: uriel_codes(snakemake.params.table, column, list(accuracy.index))
        for name, column in CODES.items()
    }
    distances = {name: uriel_distances(languages) for name, languages in codes.items()}
    hollow = {
        name: len({pair[1:] for pair in placeholders(languages)})
        for name, languages in codes.items()
    }
    table = correlations(accuracy, None, distances, {}, SOURCE, PERMUTATIONS, RESAMPLES, SEED)
    write_table(snakemake.output.correlations, "correlations", table)
    shown = cells(table, accuracy, {}, SOURCE, "uriel-authors", "-")
    comparison = compare(published, shown, {("philippy2023",): UNTRAINED})
    write_table(snakemake.output.comparison, "comparison", comparison)
    intro = [
        "Every number here is computed from the 225 accuracies printed in Figure 3, restored to "
        "k/5010, and the distances rebuilt from lang2vec's feature files. Nothing was trained.",
        "Distances 'uriel-authors' use the authors' codes, of which ara, swa and zho have no data "
        f"behind them; 'uriel-real' use arb, swh and cmn. Of the 225 ordered pairs, "
        f"{hollow['uriel-authors']} and {hollow['uriel-real']} have at least one distance that "
        "rests on a placeholder instead of data. The sections named by their variant show "
        "what becomes of the coefficients with real codes, and without same-language pairs.",
    ]
    results = Results(table, comparison, accuracy, published, ("uriel-authors", "-"))
    title = "Philippy, Guo and Haddadan 2023, recomputed from its printed numbers"
    present(Path(snakemake.output.page).parent, title, intro, results)
