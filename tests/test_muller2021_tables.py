"""Tables of Muller et al. 2021 in the talk's form."""

import math
from pathlib import Path

import pandas as pd
import pytest
from test_muller2021_presentation import (
    LANGUAGES,
    LAYERS,
    METRICS,
    NAMES,
    contrasts,
    scores,
    settings,
    similarity,
)

from isogloss.papers.muller2021 import alignment, gap, random_init, tables, unseen
from isogloss.papers.published import read_published


@pytest.fixture(scope="module")
def published(root: Path) -> pd.DataFrame:
    frame = read_published(root / "resources" / "published" / "published.csv")
    return frame[frame["study"] == random_init.STUDY].reset_index(drop=True)


def changed() -> pd.DataFrame:
    study = settings()
    return random_init.table(random_init.changes(scores(study), study, NAMES, METRICS, LAYERS))


def test_printed_numbers_stand_beside_ours(published: pd.DataFrame) -> None:
    found = tables.random_init(changed(), published)
    of_pos = found[found["task"] == "POS"]
    row = found.set_index(["task", "row", "layers"]).sort_index().loc["Parsing", "en-X_mean", "1-2"]
    assert row["talk's reference"] == 53.23 and row["talk's change"] == -15.77
    assert row["change"] == pytest.approx(-10)
    assert of_pos["talk's change"].isna().all() and len(of_pos) == 6 * 2
    study = settings()
    las = tables.las(random_init.las_table(scores(study), study, NAMES, METRICS), published)
    talk = las.set_index(["task", "target"])["talk"]
    assert talk["Parsing", "fr"] == 74.0 and talk["Parsing", "X_mean"] == 53.2
    assert math.isnan(talk["Parsing", "tr"]) and talk["POS"].isna().all()


def test_the_talks_form_has_a_column_per_group() -> None:
    wide = tables.in_the_talks_form(changed())
    assert list(wide.columns) == ["task", "row", "REF", "1-2", "3-4"]
    assert list(wide["row"][:6]) == [
        *("en-en", "ru-ru", "ar-ar"),
        *("en-X_mean", "ru-X_mean", "ar-X_mean"),
    ]
    assert len(wide) == 3 * 6
    first = wide.iloc[0]
    assert first["REF"] == pytest.approx(90.15) and first["1-2"] == pytest.approx(-1)


def test_similarity_has_a_column_per_stage() -> None:
    frame = similarity(settings())
    assert frame is not None
    found = tables.similarity(alignment.profile(frame, settings(), NAMES))
    assert list(found.columns[3:]) == [
        *("layer", "before", "after Parsing", "after POS", "after NER", "pairs")
    ]
    assert len(found) == 2 * 6 * (LAYERS + 1)
    row = found[(found["text"] == "news") & (found["index"] == "rsa") & (found["layer"] == 1)]
    # places 0 to 3 of sources ru and ar, 0 to 4 of en
    places = [0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 1, 2, 3]
    mean = 0.5 - 0.02 * sum(places) / len(places)
    assert row["before"].item() == pytest.approx(mean) and row["pairs"].item() == len(places)
    assert row["after POS"].item() == pytest.approx(mean + 0.0015)


def test_the_talks_gap_stands_in_one_row_per_task(published: pd.DataFrame) -> None:
    study = settings()
    frame = similarity(study)
    assert frame is not None
    gaps = gap.gaps(scores(study), study, NAMES, METRICS)
    found = gap.correlations(gaps, frame, study, NAMES)
    table, layers = tables.gap(found, published, study)
    held = table.dropna(subset=["talk"])
    assert dict(zip(held["task"], held["talk"], strict=True)) == {
        **{"Parsing": 0.76, "POS": 0.74, "NER": 0.47}
    }
    assert set(held["text"]) == {"pud"} and set(held["index"]) == {"cka"}
    assert set(held["stage"]) == {"after"} and set(held["protocol"]) == {"mean"}
    assert sorted(set(layers["layer"])) == list(range(LAYERS + 1))
    assert len(layers) == len(table) * (LAYERS + 1)


def test_unseen_languages_have_their_categories(published: pd.DataFrame) -> None:
    frame = contrasts(settings())
    assert frame is not None
    categories = unseen.categories(frame)
    categories["task"] = categories["task"].map(NAMES)
    found = tables.unseen(categories, settings(), LANGUAGES, {"ug": 7}, published)
    assert list(found["task"]) == ["Parsing las"] * 3 + ["POS accuracy"] * 3
    assert list(found["language"][:3]) == ["Uyghur", "Wolof", "Made-up"]
    first = found.iloc[0]
    assert (first["family"], first["script"], first["main"]) == ("Turkic", "arabic", "yes")
    assert first["talk's sentences"] == 105000 and first["sentences"] == 7
    assert (first["category"], first["talk's category"]) == ("Hard", "Hard")
    assert first["pretrained less baseline"] == "−30.00 [−32.00, −28.00]"
    third = found.iloc[2]
    assert third["category"] == "tie: Easy or Intermediate" and third["by_means"] == "Easy"
    assert pd.isna(third["talk's sentences"]) and third["family"] == ""
    assert list(found["main"][3:]) == ["no"] * 3


def test_a_difference_that_is_not_there_is_a_dash() -> None:
    assert tables.difference(math.nan, math.nan, math.nan) == "–"
    assert tables.difference(1.234, -0.5, 3) == "+1.23 [−0.50, 3.00]"


def test_transliteration_says_which_languages_were_seen() -> None:
    frame = contrasts(settings())
    assert frame is not None
    effects = unseen.transliteration(frame)
    effects["task"] = effects["task"].map(NAMES)
    found = tables.transliteration(effects, settings(), LANGUAGES)
    seen = dict(zip(found["language"], found["seen"], strict=True))
    assert seen == {"Uyghur": "no", "Arabic": "yes"}
    latin = found[(found["writing"] == "latin") & (found["model"] == "pretrained")]
    assert list(latin["effect"]) == ["gains", "tie", "gains", "tie"]


def test_each_model_is_scored_once_in_each_writing() -> None:
    frame = contrasts(settings())
    assert frame is not None
    found = tables.model_scores(frame)
    assert not found.duplicated(tables.SCORED[:-1]).any()
    own = found[(found["language"] == "ug") & (found["task"] == "trees")]
    assert len(own) == 4 * 3
    value = own.set_index(["model", "writing"])["value"]
    assert value["baseline", "original"] == 60 and value["adapted", "permuted"] == 20


def test_languages_stand_as_configured() -> None:
    frame = pd.DataFrame(
        [("POS", "wo"), ("Parsing", "ar"), ("Parsing", "zz"), ("Parsing", "ug"), ("NER", "ug")],
        columns=["task", "language"],
    )
    found = tables.in_order(frame, settings())
    assert found.to_numpy().tolist() == [["Parsing", "ug"], ["Parsing", "ar"], ["POS", "wo"]]


@pytest.mark.parametrize(
    ("cell", "changes", "reason"),
    [
        (("random_init_parsing", "en-en", "9-10"), {}, "the encoder has 4 layers"),
        (("random_init_parsing", "en-en", "1-2"), {"groups": [[1]]}, "layers 1-2 are no group"),
        (("random_init_parsing", "ru-ru", "REF"), {"sources": ["en"]}, "source 'ru' is not"),
        (("mbert_parsing", "en", "fr"), {"sources": ["ru"]}, "'en' is not the first source"),
        (("mbert_parsing", "en", "fr"), {"targets": ["de"]}, "'fr' is no target"),
        (("xgap", "ner", "spearman"), {"alignment": None}, "similarity is not measured"),
        (("unseen_languages", "Sorani", "sentences"), {}, "Sorani is no unseen language"),
        (("unseen_languages", "Sorani", "sentences"), {"unseen": None}, "are not in this run"),
    ],
)
def test_reasons(
    published: pd.DataFrame, cell: tuple[str, str, str], changes: dict, reason: str
) -> None:
    none = pd.DataFrame(columns=random_init.CELL)
    found = tables.absences(published, none, settings(**changes), LAYERS)
    assert reason in found[("muller2021", *cell)]
    here = pd.DataFrame([("muller2021", *cell, "percent", 1.0)], columns=random_init.CELL)
    assert ("muller2021", *cell) not in tables.absences(
        published, here, settings(**changes), LAYERS
    )
