"""A ranking of sources for a text of one's own: order, predicted scores, cautions, page."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isogloss.corpora.own import FEW
from isogloss.papers.rank import Text, cautions, present_rank, ranking

CODES = ["de", "en", "es", "fr", "it"]


def overlap_of(**seeds: list[float]) -> pd.DataFrame:
    """Overlaps of each source, one for each seed."""
    rows = [
        (source, seed, value)
        for source, values in seeds.items()
        for seed, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=["source", "seed", "jaccard"])


def studied_pairs(noise: float = 0.0) -> pd.DataFrame:
    """Scores 20 + 100 times the overlap, and a pair of a language with itself far from it."""
    generator = np.random.default_rng(3)
    rows = []
    for i, source in enumerate(CODES):
        for j, target in enumerate(CODES):
            jaccard = 0.2 + 0.03 * i + 0.05 * ((i * j) % 4)
            score = 20 + 100 * jaccard + noise * generator.standard_normal()
            rows.append((source, target, jaccard, 99.0 if source == target else score))
    return pd.DataFrame(rows, columns=["source", "target", "jaccard", "score"])


def test_the_highest_mean_overlap_is_first() -> None:
    found = ranking(overlap_of(en=[0.2, 0.4], de=[0.5, 0.3], fr=[0.9, 0.1]), {}, None)
    assert found["source"].tolist() == ["fr", "de", "en"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found.columns.tolist() == ["rank", "source", "overlap", "lowest", "highest"]
    assert found[["overlap", "lowest", "highest"]].to_numpy() == pytest.approx(
        np.array([[0.5, 0.1, 0.9], [0.4, 0.3, 0.5], [0.3, 0.2, 0.4]])
    )


def test_ties_keep_the_order_of_letters() -> None:
    found = ranking(overlap_of(fr=[0.5], de=[0.5], en=[0.6]), {}, None)
    assert found["source"].tolist() == ["en", "de", "fr"]


def test_other_predictors_stand_beside_their_source() -> None:
    others = {
        "L2V": pd.Series({"fr": 0.1, "en": 0.7, "tr": 9.0}),
        "LEX": pd.Series({"de": -0.2, "en": -0.1, "fr": -0.3}),
    }
    found = ranking(overlap_of(en=[0.2], de=[0.9], fr=[0.4]), others, None)
    assert found["source"].tolist() == ["de", "fr", "en"]
    assert found["LEX"].tolist() == [-0.2, -0.3, -0.1]
    assert found["L2V"].tolist()[1:] == [0.1, 0.7] and math.isnan(found["L2V"][0])


def test_scores_lie_on_the_line_through_studied_pairs() -> None:
    found = ranking(overlap_of(en=[0.2, 0.4], de=[0.5, 0.5]), {}, studied_pairs())
    assert found["predicted"].tolist() == pytest.approx([70, 50])
    assert found["predicted_low"].tolist() == pytest.approx([70, 50])
    assert found["predicted_high"].tolist() == pytest.approx([70, 50])


def test_the_interval_is_that_of_a_hand_computation() -> None:
    """Fit and leave one target out with numpy; own pairs do not take part."""
    studied = studied_pairs(noise=4)
    found = ranking(overlap_of(en=[0.2], de=[0.5]), {}, studied)
    pairs = studied[studied["source"] != studied["target"]]
    slope, intercept = np.polyfit(pairs["jaccard"], pairs["score"], 1)
    assert found["predicted"].tolist() == pytest.approx([intercept + slope * x for x in (0.5, 0.2)])
    errors = []
    for target, group in pairs.groupby("target"):
        kept = pairs[pairs["target"] != target]
        line = np.polyfit(kept["jaccard"], kept["score"], 1)
        errors += np.abs(group["score"] - np.polyval(line, group["jaccard"])).tolist()
    # Five targets of four pairs: each error weighs 1/24, so 80 percent are the 20 smallest.
    margin = sorted(errors)[19]
    high = found["predicted_high"] - found["predicted"]
    low = found["predicted"] - found["predicted_low"]
    assert [*high, *low] == pytest.approx([margin] * 4)
    assert margin > 1


def test_too_few_targets_have_no_bounds() -> None:
    studied = studied_pairs(noise=4)
    few = studied[studied["target"].isin(CODES[:3])]
    found = ranking(overlap_of(en=[0.2], de=[0.5]), {}, few)
    assert np.isfinite(found["predicted"]).all()
    assert np.isinf(found["predicted_high"]).all() and np.isinf(found["predicted_low"]).all()


def text_of(sentences: int = 500) -> Text:
    return Text(["mine.txt"], sentences, "pos")


def lines_of(table: pd.DataFrame, sentences: int = 500, source: str = "en") -> str:
    return " ".join(cautions(text_of(sentences), table, source))


def test_a_first_source_can_be_sure() -> None:
    table = ranking(overlap_of(en=[0.2, 0.3], de=[0.5, 0.4]), {}, None)
    assert "First: de." in lines_of(table)
    assert "not above" not in lines_of(table) and "about equal" not in lines_of(table)


def test_seeds_that_disagree_are_said() -> None:
    table = ranking(overlap_of(en=[0.2, 0.45], de=[0.5, 0.4]), {}, None)
    assert "First: de." in lines_of(table)
    assert "not above" in lines_of(table) and "about equal" in lines_of(table)


def test_a_tie_in_a_seed_is_no_lead() -> None:
    table = ranking(overlap_of(en=[0.4, 0.4], de=[0.4, 0.6]), {}, None)
    assert "First: de." in lines_of(table) and "about equal" in lines_of(table)


def test_ranges_that_meet_are_not_called_a_loss_in_some_seed() -> None:
    """Here the first source is ahead in both seeds, though the ranges over seeds overlap."""
    table = ranking(overlap_of(en=[0.4, 0.6], de=[0.5, 0.7]), {}, None)
    assert "not above that of en in all seeds" not in lines_of(table)


@pytest.mark.parametrize(("sentences", "short"), [(FEW - 1, True), (FEW, False), (2, True)])
def test_a_short_text_is_said(sentences: int, short: bool) -> None:
    table = ranking(overlap_of(en=[0.2], de=[0.5]), {}, None)
    found = lines_of(table, sentences)
    assert (f"{sentences} different sentences were read, fewer than {FEW}" in found) is short


def test_what_is_said_of_scores() -> None:
    overlap = overlap_of(en=[0.2], de=[0.5])
    without = lines_of(ranking(overlap, {}, None))
    assert "No scores are predicted" in without and "80 percent" not in without
    within = lines_of(ranking(overlap, {}, studied_pairs()))
    assert "80 percent" in within and "No scores" not in within


def test_the_usual_choice_has_its_place() -> None:
    table = ranking(overlap_of(en=[0.2], de=[0.5], fr=[0.3]), {}, None)
    assert "The usual choice, en, is in place 3 of 3." in lines_of(table)
    assert "usual choice" not in lines_of(table, source="xx")


@pytest.mark.parametrize("studied", [None, studied_pairs(4)])
def test_a_page_is_written(tmp_path: Path, studied: Any) -> None:
    others = {"LEX": pd.Series({"de": -0.25, "en": -0.5})}
    table = ranking(overlap_of(en=[0.2, 0.3], de=[0.5, 0.25]), others, studied)
    text = Text(["a & b.txt", "c.txt"], 12, "pos")
    present_rank(tmp_path, text, table, 0.15, "en", "Source languages for a & b.txt, c.txt")
    names = {f"ranking.{kind}" for kind in ("csv", "md", "tex", "svg", "pdf", "png")}
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", *names}
    written = pd.read_csv(tmp_path / "ranking.csv")
    assert written["source"].tolist() == ["de", "en"]
    assert written["overlap"].tolist() == pytest.approx([0.375, 0.25])
    assert ("predicted" in written) is (studied is not None)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "a &amp; b.txt, c.txt, 12 sentences read" in page
    assert "fewer than 64" in page and "The usual choice, en, is in place 2 of 2." in page
    assert "Jaccard coefficient of sub-networks with p = 0.15" in page
