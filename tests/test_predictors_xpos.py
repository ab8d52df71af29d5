"""Attributes of de Vries et al. 2022, features of pairs, and what follows from their scores."""

import csv
import itertools
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics import ndcg_score

from isogloss.errors import ConfigError, TableError
from isogloss.papers import published_xsns2023 as recomputed
from isogloss.papers.published import compare, read_published
from isogloss.predictors.lang2vec import typological_similarity
from isogloss.predictors.xpos import (
    FEATURES,
    SHARED,
    missing_attributes,
    pair_features,
    read_attributes,
    read_ldnd,
    read_scores,
)
from isogloss.tables import arrange

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "resources" / "published" / "devries2022"
PRINTED = ROOT / "resources" / "published" / "published.csv"
LOW_RESOURCE = {
    *("af", "br", "ckb", "fy", "ga", "hi", "is", "kk"),
    *("lb", "mr", "sq", "sw", "te", "tt", "uz"),
}

rows_of_attributes = pd.DataFrame(
    {
        "code": ["aa", "bb", "cc", "dd"],
        "family": ["One", "One", "Two", None],
        "script": ["latin", "cyrillic", "latin", "latin"],
        "script_type": ["alphabetic", "alphabetic", "alphabetic", "alphabetic"],
        "word_order": ["SVO", "Unknown", "Unknown", "SOV"],
        "in_xlmr": [1.0, 0.0, 1.0, 0.0],
    }
)
rows_of_ldnd = pd.DataFrame({"first": ["bb", "aa"], "second": ["aa", "cc"], "ldnd": [50.0, 101.5]})


@pytest.fixture(scope="module")
def accuracy() -> pd.DataFrame:
    return read_scores(FOLDER)


@pytest.fixture(scope="module")
def features(accuracy: pd.DataFrame) -> pd.DataFrame:
    languages = list(accuracy.index)
    return pair_features(languages, languages, read_attributes(FOLDER), read_ldnd(FOLDER))


@pytest.fixture(scope="module")
def typology(accuracy: pd.DataFrame) -> dict[str, pd.DataFrame]:
    with (ROOT / "config" / "languages.csv").open(encoding="utf-8") as file:
        codes = {row["language"]: row["uriel"] for row in csv.DictReader(file)}
    return {
        recomputed.L2V: typological_similarity(
            {code: {"zh": "zho"}.get(code, codes[code]) for code in accuracy.index}
        )
    }


def study_languages() -> set[str]:
    published = read_published(PRINTED)
    rows = published[(published["study"] == "xsns2023") & (published["item"] == "languages")]
    return set(rows.loc[rows["column"] == "code", "value"])


def test_attributes_cover_the_study() -> None:
    attributes = read_attributes(FOLDER)
    languages = study_languages()
    assert languages > LOW_RESOURCE
    assert languages <= set(attributes["code"])
    assert attributes.drop(columns=["subfamily", "added"]).notna().all(axis=None)
    assert set(attributes["script_type"]) == {"alphabetic", "abjad", "abugida", "logosyllabic"}


def test_added_rows_are_marked() -> None:
    attributes = read_attributes(FOLDER).set_index("code")
    added = attributes["added"].dropna()
    assert {code for code, names in added.items() if "family" in names} == {"ckb", "lb", "tt"}
    assert attributes.loc["tt", "family"] == "Turkic"
    assert attributes.loc["en", "family"] == attributes.loc["hi", "family"] == "Indo-European"
    assert attributes.loc["zh", "in_xlmr"] == 1 and attributes.loc["bm", "in_xlmr"] == 0


def test_one_script_has_one_type() -> None:
    attributes = read_attributes(FOLDER)
    assert (attributes.groupby("script")["script_type"].nunique() == 1).all()


def test_ldnd_covers_all_pairs_of_its_languages() -> None:
    ldnd = read_ldnd(FOLDER)
    languages = sorted(set(ldnd["first"]) | set(ldnd["second"]))
    pairs = {frozenset(pair) for pair in zip(ldnd["first"], ldnd["second"], strict=True)}
    assert pairs == {frozenset(pair) for pair in itertools.combinations(languages, 2)}
    assert set(languages) <= set(read_attributes(FOLDER)["code"])


def test_scores_are_those_of_the_20_languages(accuracy: pd.DataFrame) -> None:
    published = read_published(PRINTED)
    rows = published.query("study == 'xsns2023' and item == 'languages' and column == 'code'")
    pos = set(rows.loc[rows["row"].str.startswith("POS/"), "value"])
    assert set(accuracy.index) == pos and len(pos) == 20
    assert accuracy.loc["en", "en"] == 96.04587470044505
    assert (np.diag(accuracy) >= accuracy.max(axis=0) - 3).all()


def test_features_by_hand() -> None:
    frame = pair_features(["aa", "dd"], ["aa", "bb", "cc", "dd"], rows_of_attributes, rows_of_ldnd)
    assert list(frame.columns) == ["source", "target", *FEATURES, "source_family", "target_family"]
    values = frame.set_index(["source", "target"])
    first = values.loc[("aa", "bb")]
    assert first[list(FEATURES)].tolist() == [1, 0, 1, 0, 1, 0, 0, 50]
    assert first["source_family"] == first["target_family"] == "One"
    assert values.loc[("aa", "cc"), list(FEATURES)].tolist() == [0, 1, 1, 0, 1, 1, 1, 101.5]
    assert values.loc[("aa", "aa"), list(FEATURES)].tolist() == [1, 1, 1, 1, 1, 1, 1, 0]


def test_what_is_not_known_is_missing() -> None:
    frame = pair_features(["aa", "dd"], ["dd", "bb"], rows_of_attributes, rows_of_ldnd)
    values = frame.set_index(["source", "target"])
    assert np.isnan(values.loc[("aa", "dd"), "family_same"])
    assert np.isnan(values.loc[("dd", "dd"), "family_same"])
    assert np.isnan(values.loc[("aa", "dd"), "ldnd"])
    assert values.loc[("dd", "dd"), "ldnd"] == 0
    assert pd.isna(values.loc[("aa", "dd"), "target_family"])


def test_two_unknown_orders_are_the_same_one() -> None:
    frame = pair_features(["bb"], ["cc", "aa"], rows_of_attributes, rows_of_ldnd)
    assert frame["sov_order_same"].tolist() == [1, 0]


def test_features_without_any_distance() -> None:
    none = rows_of_ldnd.iloc[:0]
    frame = pair_features(["aa"], ["aa", "bb"], rows_of_attributes, none)
    assert frame["ldnd"].tolist()[0] == 0 and np.isnan(frame["ldnd"].tolist()[1])


def test_features_are_symmetric(features: pd.DataFrame) -> None:
    for name in (*SHARED, "ldnd", "pretrained_both"):
        matrix = features.pivot(index="source", columns="target", values=name).to_numpy()
        np.testing.assert_array_equal(matrix, matrix.T)


def test_unknown_code() -> None:
    with pytest.raises(ConfigError, match="no attributes of xx, yy; allowed: aa, bb"):
        pair_features(["aa", "xx"], ["yy", "xx"], rows_of_attributes, rows_of_ldnd)


def test_missing_attributes() -> None:
    found = missing_attributes(["aa", "bb", "dd", "xx"], rows_of_attributes, rows_of_ldnd)
    assert found == {
        "bb": ["word_order"],
        "dd": ["family", "ldnd"],
        "xx": ["family", "script", "script_type", "word_order", "in_xlmr", "ldnd"],
    }


def test_missing_attributes_of_the_study() -> None:
    found = missing_attributes(
        sorted(study_languages()), read_attributes(FOLDER), read_ldnd(FOLDER)
    )
    neither = {"bn", "ckb", "fy", "lb", "sw", "tt", "uz"}
    assert {code for code, lacks in found.items() if lacks == ["word_order", "ldnd"]} == neither
    assert {code for code, lacks in found.items() if lacks == ["word_order"]} == {"af", "kk", "sk"}
    assert len(found) == 10


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("attributes.csv", "code,family\naa,One\n", r"attributes\.csv:1: columns"),
        (
            "attributes.csv",
            "code,family,subfamily,script,script_type,word_order,in_xlmr,added\n"
            "aa,,,,,,1,\naa,,,,,,0,\n",
            "one row per code",
        ),
        (
            "attributes.csv",
            "code,family,subfamily,script,script_type,word_order,in_xlmr,added\naa,,,,,,,\n",
            "in_xlmr other than",
        ),
        ("ldnd.csv", "first,second,ldnd\na,b,1\nb,a,1\n", "stands there twice"),
        ("ldnd.csv", "first,second,ldnd\na,a,1\n", "one language with itself"),
        ("ldnd.csv", "first,second,ldnd\na,b,1\na,c,-2\n", r"ldnd\.csv:3: ldnd '-2'"),
        ("scores.csv", "source,target,accuracy\na,a,1\na,a,2\n", "twice"),
        ("scores.csv", "source,target,accuracy\na,a,1\na,b,2\n", "pair of source and target is"),
        ("scores.csv", "source,target,accuracy\na,a,x\n", r"scores\.csv:2: accuracy 'x'"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    readers = {"attributes.csv": read_attributes, "ldnd.csv": read_ldnd, "scores.csv": read_scores}
    with pytest.raises(TableError, match=message):
        readers[name](tmp_path)


def plain_ranking(accuracy: pd.DataFrame, matrix: pd.DataFrame) -> np.ndarray:
    """Pearson, Spearman, Top-1 and NDCG@3 by scipy and scikit-learn, percent."""
    rows = []
    for target in accuracy.columns:
        gold = accuracy[target].drop(target).to_numpy()
        guess = matrix[target].drop(target).to_numpy()
        ranks = [stats.rankdata(gold)], [stats.rankdata(guess)]
        rows.append(
            (
                stats.pearsonr(gold, guess)[0],
                stats.spearmanr(gold, guess)[0],
                float(gold.argmax() == guess.argmax()),
                ndcg_score(*ranks, k=3),
            )
        )
    return 100 * np.mean(rows, axis=0)


def test_l2v_against_published_scores(
    accuracy: pd.DataFrame, typology: dict[str, pd.DataFrame], features: pd.DataFrame
) -> None:
    predicted = recomputed.predictions(accuracy, typology, features)
    table = recomputed.ranking_table(accuracy, predicted).set_index("predictor")
    names = list(recomputed.METRICS)
    found = table.loc[recomputed.L2V, names].to_numpy(dtype=float)
    matrix = typology[recomputed.L2V].pivot(index="source", columns="target", values="value")
    np.testing.assert_allclose(found, plain_ranking(accuracy, matrix), rtol=1e-9)
    # the paper prints 67.62, 56.97, 23.33, 78.06 for its own scores
    np.testing.assert_allclose(found, [67.77, 56.40, 15.0, 78.69], atol=0.005)
    assert table.loc["LDND", "targets"] == 20
    assert table.loc["same family", "targets"] == 14
    # the closed form for 19 candidates
    d = 1 / np.log2(np.arange(2, 5))
    assert table.loc[recomputed.RANDOM, "ndcg3"] == pytest.approx(
        100 * 10 * d.sum() / (19 * d[0] + 18 * d[1] + 17 * d[2])
    )


def test_distances_are_negated(
    accuracy: pd.DataFrame, typology: dict[str, pd.DataFrame], features: pd.DataFrame
) -> None:
    predicted = recomputed.predictions(accuracy, typology, features)
    near, far = predicted["LDND"][:, 0].argmax(), predicted["LDND"][:, 0].argmin()
    assert accuracy.iloc[near, 0] > accuracy.iloc[far, 0]
    assert (np.diag(predicted["LDND"]) == 0).all() and (predicted["LDND"] <= 0).all()
    table = recomputed.ranking_table(accuracy, predicted)
    assert (table["pearson"] >= 0).all()


def test_regression_against_scikit_learn(accuracy: pd.DataFrame, features: pd.DataFrame) -> None:
    found = recomputed.regress_pairs(accuracy, features)
    assert len(found) == 20 * 19
    pairs = features[features["source"] != features["target"]]
    score = np.array(
        [accuracy.loc[s, t] for s, t in zip(pairs["source"], pairs["target"], strict=True)]
    )
    design = pairs[list(FEATURES)].to_numpy()
    expected = LinearRegression().fit(design, score).predict(design)
    np.testing.assert_allclose(found["score"], score)
    np.testing.assert_allclose(found["in_sample"], expected, atol=1e-8)
    out = (pairs["target"] == "ja").to_numpy()
    held = LinearRegression().fit(design[~out], score[~out]).predict(design[out])
    np.testing.assert_allclose(found.loc[out, "held_out"], held, atol=1e-8)
    predicted = recomputed.predictions(accuracy, {}, features)
    different = ~np.eye(20, dtype=bool)
    np.testing.assert_allclose(predicted[recomputed.XPOS][different], expected, atol=1e-8)
    at_ja = list(accuracy.columns).index("ja")
    np.testing.assert_allclose(
        predicted[recomputed.XPOS_HELD_OUT][different[:, at_ja], at_ja], held, atol=1e-8
    )


def test_cells_and_page(
    accuracy: pd.DataFrame,
    typology: dict[str, pd.DataFrame],
    features: pd.DataFrame,
    tmp_path: Path,
) -> None:
    table = recomputed.ranking_table(accuracy, recomputed.predictions(accuracy, typology, features))
    shown = recomputed.cells(table, recomputed.regress_pairs(accuracy, features))
    assert arrange("cells", shown).num_rows == 7
    published = read_published(PRINTED)
    published = published[published["study"] == "xsns2023"]
    comparison = compare(published, shown, {("xsns2023",): "needs runs"})
    here = comparison.dropna(subset="here").set_index(["item", "row", "column"])
    assert here.loc[("table2", "POS/L2V", "pearson"), "status"] == "differs by +0.15"
    assert here.loc[("table3", "POS/OLS/X-POS (multi)", "top1"), "published"] == "33.33"
    recomputed.present_published(tmp_path, ["An introduction."], table, comparison)
    names = {path.name for path in tmp_path.iterdir()}
    views = {f"{name}.{kind}" for name in ("table2", "comparison") for kind in ("csv", "md", "tex")}
    assert names == views | {"index.html"}
    saved = pd.read_csv(tmp_path / "table2.csv")
    pd.testing.assert_frame_equal(saved, table)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "An introduction." in page and "X-POS, OLS without the target" in page
