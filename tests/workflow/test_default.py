"""The default configuration, whole: what is known of the family must come out.

The longest test of all, some minutes: it runs what a newcomer runs first. Tests marked `studies`
take most of an hour more: they run the studies that a bare call leaves out.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import study

from isogloss.metrics.names import MAIN_METRIC
from isogloss.papers.runs import accuracy_matrix
from isogloss.tables import read_table

pytestmark = pytest.mark.workflow
LANGUAGES = ["ana", "anu", "ari", "aro", "bel", "bok", "bim", "cet"]
SISTERS = [("ana", "anu"), ("ari", "aro"), ("bel", "bok")]
CHANCE = 100 / 3
# Languages among which layers are studied: to strangers there is no transfer to lose.
BRANCH = ["ana", "anu", "ari", "aro"]
OTHERS = ("muller2021", "xsns2023", "wu2022", "across")


@pytest.fixture(scope="module")
def default(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the default configuration was run."""
    folder = study.copy_project(root, tmp_path_factory.getbasetemp() / "default")
    first = study.snakemake(folder, "--cores", "2")
    assert first.status == 0, first.text
    again = study.snakemake(folder, "--cores", "2")
    assert "Nothing to be done" in again.text
    return folder


@pytest.fixture(scope="module")
def accuracy(default: Path) -> pd.DataFrame:
    """Percent, rows sources, columns targets."""
    runs = default / "results" / "runs" / "small" / "nli"
    files = sorted(runs.glob("*/philippy2023/42/scores.parquet"))
    scores = pd.concat([read_table(file, "scores") for file in files])
    return accuracy_matrix(scores, LANGUAGES)


def chosen(folder: Path, item: str, row: str) -> pd.DataFrame:
    """Pearson correlations of a row of an item, in all variants."""
    path = folder / "results" / "papers" / "philippy2023" / "correlations.parquet"
    table = read_table(path, "correlations")
    wanted = (table["item"] == item) & (table["row"] == row)
    return table[wanted & (table["coefficient"] == "pearson")]


def test_an_encoder_learns_its_own_language(accuracy: pd.DataFrame) -> None:
    assert (np.diag(accuracy) > 60).all(), accuracy


@pytest.mark.parametrize(("treatment", "bound"), [("included", -0.6), ("excluded", -0.3)])
def test_transfer_falls_with_genetic_distance(default: Path, treatment: str, bound: float) -> None:
    row = chosen(default, "table1", "GEN").query(f"same_language == '{treatment}'")
    assert len(row) == 1
    assert row["value"].item() < bound, row
    assert row["p_permutation"].item() < 0.05, row


def test_sisters_are_served_better_than_strangers(accuracy: pd.DataFrame) -> None:
    near = [accuracy.loc[a, b] for a, b in SISTERS] + [accuracy.loc[b, a] for a, b in SISTERS]
    far = accuracy.loc[["ana", "anu", "ari", "aro"], ["bel", "bok", "bim"]].to_numpy().mean()
    assert np.mean(near) > far + 10
    assert abs(far - CHANCE) < 6


def test_impact_grows_with_transfer_in_the_last_layer(default: Path) -> None:
    row = chosen(default, "table2", "4")
    row = row.query("base == 'pretrained' and same_language == 'included'")
    assert row["value"].item() > 0.2


@pytest.mark.parametrize("task", ["pos", "ner", "parsing", "paraphrase", "qa"])
def test_transfer_is_graded(default: Path, task: str) -> None:
    """The own language before its sister, the sister before other branches; two seeds."""
    scores = read_table(default / "results" / "transfer" / task / "scores.parquet", "scores")
    assert set(scores["seed"]) == {1, 2}
    main = scores[scores["metric"] == MAIN_METRIC[task]]
    means = main.groupby(["trained_on", "language"])["value"].mean()
    own, sister, others = [], [], []
    for source, near in (("ana", "anu"), ("bel", "bok")):
        row = means[source]
        own.append(row[source])
        sister.append(row[near])
        others.append(row.drop([source, near]).mean())
    assert np.mean(own) > 60, means
    assert np.mean(own) > np.mean(sister) > np.mean(others) + 10, means


def test_transfer_beats_what_needs_no_encoder(default: Path) -> None:
    """On their own language, for words: a table of words knows nothing of what stands around."""
    for task in ("pos", "parsing"):
        table = pd.read_csv(default / "results" / "transfer" / task / "scores.csv")
        main = table[(table["metric"] == MAIN_METRIC[task]) & (table["trained_on"] == "ana")]
        own = main[main["language"] == "ana"].iloc[0]
        assert own["score"] > own["word_table"], own


@pytest.fixture(scope="module")
def papers(default: Path) -> Path:
    """Folder of all studies; those that the bare call leaves out are made after the rest."""
    made = study.snakemake(default, *OTHERS, "--cores", "2")
    assert made.status == 0, made.text
    assert "Nothing to be done" in study.snakemake(default, *OTHERS, "--cores", "2").text
    return default / "results" / "papers"


@pytest.fixture(scope="module")
def predicted(papers: Path) -> Path:
    """Folder of the study of predicted transfer."""
    return papers / "xsns2023"


def jaccard(folder: Path, task: str) -> pd.DataFrame:
    """Overlaps of whole sub-networks of 256 examples at p = 0.15, of different languages."""
    file = folder / "results" / "subnetworks" / "small" / "text" / f"overlap-{task}.parquet"
    table = read_table(file, "overlap")
    usual = (table["asked"] == 256) & (table["layer"] == 0) & (table["p"] == 0.15)
    return table[usual & (table["source"] != table["target"])]


@pytest.mark.studies
@pytest.mark.parametrize("task", ["pos", "nli"])
def test_sisters_share_more_of_their_sub_networks(
    default: Path, predicted: Path, task: str
) -> None:
    """In each seed; and overlap goes with transfer beyond what relabelled languages give."""
    table = jaccard(default, task)
    for _, group in table.groupby("seed"):
        values = group.set_index(["source", "target"])["jaccard"]
        sisters = [values[pair] for pair in SISTERS]
        branches = values.loc[["ana", "anu", "ari", "aro"]].loc[:, ["bel", "bok", "bim"]]
        assert np.mean(sisters) > branches.mean() + 0.02, values
    related = pd.read_csv(predicted / "relations.csv")
    row = related[(related["task"] == task.upper()) & related["with"].str.startswith("transfer")]
    assert row["value"].item() > 0.3, row
    assert row["p_permutation"].item() < 0.05, row


@pytest.mark.studies
def test_predictions_beat_a_random_order_and_one_source_for_all(predicted: Path) -> None:
    table = pd.read_csv(predicted / "advantages.csv")
    rows = table[(table["task"] == "POS") & table["method"].isin(["random", "usual"])]
    assert len(rows) == 2
    assert (rows["low"] > 0).all(), rows
    assert (rows["difference"] > 10).all(), rows


@pytest.fixture(scope="module")
def interpolated(papers: Path) -> Path:
    """Folder of the study of interpolation."""
    return papers / "wu2022"


def curves(default: Path) -> pd.DataFrame:
    """Scores on the lines of all weights between alpha 0 and 1: one column per curve."""
    files = sorted((default / "results" / "landscapes").rglob("paths.parquet"))
    table = pd.concat([read_table(file, "paths") for file in files])
    main = table["metric"] == table["task"].map(MAIN_METRIC)
    inner = table[main & (table["part"] == "all") & table["alpha"].between(0, 1)]
    names = ["task", "seed", "start", "source", "target", "language"]
    return inner.pivot(index="alpha", columns=names, values="value").sort_index()


@pytest.mark.studies
def test_between_models_one_language_stays_and_the_other_rises(
    default: Path, interpolated: Path
) -> None:
    """Three pairs, two tasks, two seeds, from both monolingual models, each for itself."""
    found = curves(default)
    assert found.shape == (23, 2 * 2 * 2 * 3 * 2)
    for (_, _, start, source, target, language), curve in found.items():
        own = source if start == "source" else target
        gain = curve.iloc[-1] - curve.iloc[0]
        if language == own:
            assert curve.max() - curve.min() < 8, curve
        else:
            assert gain > 10, curve
            assert (curve.cummax() - curve).max() < 3, curve


@pytest.mark.studies
def test_claims_say_so_with_numbers(interpolated: Path) -> None:
    table = pd.read_csv(interpolated / "claims.csv").set_index("claim")
    for claim in ("source-stays", "target-rises", "target-stays", "source-rises", "variance"):
        assert table.loc[claim, "holds"] == "yes", table.loc[claim]
        assert table.loc[claim, "n"] == 6
    assert table.loc["source-stays", "lower end"] > 0.95
    assert table.loc["target-rises", "lower end"] > 0.15
    assert set(table.loc[["flatter-slope"], "holds"]) == {"not in this run"}


@pytest.mark.studies
def test_weights_that_are_read_are_gone_and_others_small(default: Path, interpolated: Path) -> None:
    runs = default / "results" / "runs" / "small"
    kept = {file.parts[-4] for file in runs.glob("*/*/pairs/*/model.safetensors")}
    assert kept == {"ana", "ari", "bel", "bim"}
    full = (runs / "pos" / "ana" / "words" / "1" / "model.safetensors").stat().st_size
    assert (runs / "pos" / "ana" / "pairs" / "1" / "model.safetensors").stat().st_size < 0.7 * full


@pytest.mark.studies
def test_new_lower_layers_cost_transfer_more_than_the_own_language(papers: Path) -> None:
    """Sign and interval over sources and seeds; new upper layers cost little."""
    claims = pd.read_csv(papers / "muller2021" / "claims.csv").set_index("claim")
    for claim in ("same-language", "lower-layers"):
        assert claims.loc[claim, "verdict"] == "holds", claims.loc[claim]
    files = sorted((papers.parent / "runs" / "small" / "pos").glob("*/words*/*/scores.parquet"))
    scores = pd.concat([read_table(file, "scores") for file in files])
    scores = scores[(scores["metric"] == "accuracy") & scores["language"].isin(BRANCH)]
    scores = scores[scores["trained_on"].isin(["ana", "ari"])]
    keys = ["trained_on", "seed", "language"]
    wide = scores.pivot(index=keys, columns="recipe", values="value")
    lost = {}
    for layers in ("1-2", "3-4"):
        change = (wide[f"words-reinit-{layers}"] - wide["words"]).reset_index(name="change")
        own = change["language"] == change["trained_on"]
        same = change[own]["change"].mean()
        assert abs(same) < 2, wide
        lost[layers] = same - change[~own]["change"].mean()
    assert lost["1-2"] > max(3, lost["3-4"] + 3), wide


@pytest.mark.studies
def test_an_unseen_sister_in_another_script_gains_from_latin_letters(papers: Path) -> None:
    table = pd.read_csv(papers / "muller2021" / "transliteration.csv")
    sister = table[(table["language"] == "aro") & (table["writing"] == "latin")]
    assert {"pretrained", "adapted", "alone", "baseline"} == set(sister["model"])
    gain = sister.set_index("model").loc["pretrained"]
    assert gain["effect"] == "gains" and gain["low"] > 0, gain


@pytest.mark.studies
def test_every_cell_of_unseen_languages_is_filled(papers: Path) -> None:
    table = pd.read_csv(papers / "muller2021" / "unseen.csv")
    assert set(table["language"]) == {"aro", "bok"}
    assert table[["pretrained", "adapted", "alone", "baseline", "category"]].notna().all(axis=None)


@pytest.mark.studies
def test_layers_of_all_studies_stand_beside_each_other(papers: Path) -> None:
    table = pd.read_csv(papers / "across" / "layers.csv")
    assert {"phi", "overlap", "movement"} <= set(table["quantity"])
    assert set(table["layer"]) == {1, 2, 3, 4}
    correlations = pd.read_csv(papers / "across" / "correlations.csv")
    assert {"layer", "pair"} == set(correlations["level"])
