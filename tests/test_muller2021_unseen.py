"""Categories of unseen languages at their boundaries, and differences from made-up predictions."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.metrics.standard import score_of
from isogloss.papers.muller2021.unseen import (
    MODELS,
    PRINTED_NAMES,
    ScoredRun,
    categories,
    category,
    cells,
    contrast_models,
    transliteration,
)
from isogloss.papers.published import compare, read_published
from isogloss.tables import arrange

WIN, DEFEAT = (0.1, 2.0), (-2.0, -0.1)
TIES = [(-1.0, 1.0), (0.0, 1.0), (-1.0, 0.0), (0.0, 0.0)]
EVERY = "tie: Easy, Intermediate or Hard"


@pytest.mark.parametrize(
    ("pretrained", "adapted", "expected"),
    [
        (WIN, WIN, "Easy"),
        (WIN, DEFEAT, "Easy"),
        (DEFEAT, WIN, "Intermediate"),
        (DEFEAT, DEFEAT, "Hard"),
    ],
)
def test_without_ties_the_rule_is_the_talks(
    pretrained: tuple[float, float], adapted: tuple[float, float], expected: str
) -> None:
    assert category(pretrained, adapted) == expected


@pytest.mark.parametrize("tie", TIES)
def test_an_interval_with_0_is_a_tie(tie: tuple[float, float]) -> None:
    assert category(tie, WIN) == "tie: Easy or Intermediate"
    assert category(tie, DEFEAT) == "tie: Easy or Hard"
    assert category(DEFEAT, tie) == "tie: Intermediate or Hard"
    assert category(WIN, tie) == "Easy"
    assert category(tie, tie) == EVERY


@pytest.mark.parametrize("step", [1e-300, math.ulp(0.0)])
def test_the_smallest_step_from_0_decides(step: float) -> None:
    above, below = (step, 1.0), (-1.0, -step)
    assert category(above, below) == "Easy"
    assert category(below, above) == "Intermediate"
    assert category(below, below) == "Hard"
    assert category((-step, 1.0), (-1.0, step)) == EVERY


ends = st.tuples(*[st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0])] * 2).map(
    lambda pair: (min(pair), max(pair))
)


@given(ends, ends)
def test_possible_are_the_categories_of_all_differences_within(
    pretrained: tuple[float, float], adapted: tuple[float, float]
) -> None:
    """The talk's rule on points of both intervals; an interval that touches 0 has both sides."""

    def inside(pair: tuple[float, float]) -> list[float]:
        points = list(np.linspace(*pair, 9))
        return [*points, -1e-9, 1e-9] if pair[0] <= 0 <= pair[1] else points

    found = set()
    for first, second in itertools.product(inside(pretrained), inside(adapted)):
        found.add("Easy" if first > 0 else "Intermediate" if second > 0 else "Hard")
    printed = category(pretrained, adapted)
    words = printed.removeprefix("tie: ").replace(" or ", ", ").split(", ")
    assert set(words) == found
    assert words == [name for name in ("Easy", "Intermediate", "Hard") if name in found]
    assert printed.startswith("tie: ") == (len(found) > 1)


@pytest.mark.parametrize("wrong", [(1.0, -1.0), (math.nan, 1.0), (-1.0, math.nan)])
def test_intervals_that_are_none_are_refused(wrong: tuple[float, float]) -> None:
    for pair in ((wrong, WIN), (WIN, wrong)):
        with pytest.raises(TableError, match="allowed: two numbers, the lower one first"):
            category(*pair)


def made_up(rows: list[tuple]) -> pd.DataFrame:
    """Contrasts from task, language, metric, sides, both scores and half of the interval."""
    frame = pd.DataFrame(
        rows,
        columns=[
            *("task", "language", "metric", "model", "writing", "other_model", "other_writing"),
            *("value", "other_value", "half"),
        ],
    )
    difference = frame["value"] - frame["other_value"]
    frame = frame.assign(
        difference=difference,
        low=difference - frame["half"],
        high=difference + frame["half"],
        n=50,
        seeds=3,
    )
    return frame.drop(columns="half")


def of_scores(
    scores: dict[str, float], half: float, *cell: str, writing: str = "original"
) -> list[tuple]:
    pairs = [("pretrained", "baseline"), ("adapted", "baseline"), ("alone", "baseline")]
    pairs += [("adapted", "pretrained"), ("alone", "pretrained")]
    return [
        (*cell, model, writing, other, writing, scores[model], scores[other], half)
        for model, other in pairs
        if model in scores and other in scores
    ]


def test_categories_of_made_up_scores() -> None:
    rows = [
        *of_scores(
            {"pretrained": 70, "adapted": 75, "alone": 50, "baseline": 60},
            1,
            "parsing",
            "gsw",
            "las",
        ),
        *of_scores({"pretrained": 55, "adapted": 65, "baseline": 60}, 1, "parsing", "wo", "las"),
        *of_scores({"pretrained": 40, "adapted": 50, "baseline": 60}, 1, "parsing", "ug", "las"),
        *of_scores({"pretrained": 60.5, "adapted": 65, "baseline": 60}, 1, "parsing", "mt", "las"),
        *of_scores({"pretrained": 60, "adapted": 60, "baseline": 60}, 0, "parsing", "fo", "las"),
        *of_scores({"pretrained": 90, "baseline": 80}, 1, "parsing", "ru", "las"),
    ]
    found = categories(made_up(rows)).set_index("language")
    assert found["category"].to_dict() == {
        "fo": EVERY,
        "gsw": "Easy",
        "mt": "tie: Easy or Intermediate",
        "ug": "Hard",
        "wo": "Intermediate",
    }
    assert found["by_means"].to_dict() == {
        "fo": "Hard",
        "gsw": "Easy",
        "mt": "Easy",
        "ug": "Hard",
        "wo": "Intermediate",
    }
    swiss = found.loc["gsw"]
    assert swiss[list(MODELS)].tolist() == [70, 75, 50, 60]
    assert swiss[["pretrained_difference", "pretrained_low", "pretrained_high"]].tolist() == [
        *(10, 9, 11)
    ]
    assert swiss[["adapted_difference", "adapted_low", "adapted_high"]].tolist() == [15, 14, 16]
    assert swiss[["alone_difference", "alone_low", "alone_high"]].tolist() == [-10, -11, -9]
    assert swiss[["adaptation_difference", "adaptation_low"]].tolist() == [5, 4]
    assert (swiss["n"], swiss["seeds"]) == (50, 3)
    assert math.isnan(found.loc["wo", "alone"]) and math.isnan(found.loc["wo", "alone_low"])


def test_the_main_task_is_parsing_else_pos_else_ner() -> None:
    scores = {"pretrained": 70.0, "adapted": 75.0, "baseline": 60.0}
    given_rows = [
        ("words", "ug", "accuracy"),
        ("trees", "ug", "las"),
        ("names", "ug", "f1"),
        ("words", "bm", "accuracy"),
        ("names", "bm", "f1"),
        ("names", "ckb", "f1"),
    ]
    table = made_up([row for cell in given_rows for row in of_scores(scores, 1, *cell)])
    for order in (table, table.iloc[::-1]):
        found = categories(order)
        chosen = found.loc[found["main"], ["task", "language"]].to_numpy().tolist()
        assert sorted(chosen) == [["names", "ckb"], ["trees", "ug"], ["words", "bm"]]
        assert len(found) == 6


def test_a_category_is_of_one_writing() -> None:
    cell = ("parsing", "ug", "las")
    poor = {"pretrained": 40.0, "adapted": 50.0, "baseline": 60.0}
    good = {"pretrained": 70.0, "adapted": 75.0, "baseline": 60.0}
    across = (*cell, "pretrained", "latin", "pretrained", "original", 70.0, 40.0, 1.0)
    table = made_up(
        [*of_scores(poor, 1, *cell), *of_scores(good, 1, *cell, writing="latin"), across]
    )
    assert categories(table)["category"].tolist() == ["Hard"]
    assert categories(table, writing="latin")["category"].tolist() == ["Easy"]
    assert categories(table, writing="permuted").empty


def test_effects_of_transliteration() -> None:
    rows = [
        ("pos", "ug", "accuracy", "adapted", "latin", "adapted", "original", 70.0, 60.0, 2.0),
        ("pos", "ug", "accuracy", "pretrained", "latin", "pretrained", "original", 60.0, 60.0, 1.0),
        ("pos", "ug", "accuracy", "adapted", "permuted", "adapted", "original", 50.0, 60.0, 2.0),
        ("pos", "ru", "accuracy", "adapted", "latin", "adapted", "original", 62.0, 60.0, 2.0),
        ("pos", "ug", "accuracy", "adapted", "latin", "baseline", "latin", 70.0, 60.0, 2.0),
        ("pos", "ug", "accuracy", "adapted", "original", "baseline", "original", 60.0, 60.0, 2.0),
    ]
    found = transliteration(made_up(rows))
    columns = ["language", "model", "writing", "original", "rewritten", "difference", "effect"]
    assert found[columns].to_numpy().tolist() == [
        ["ru", "adapted", "latin", 60, 62, 2, "tie"],
        ["ug", "pretrained", "latin", 60, 60, 0, "tie"],
        ["ug", "adapted", "latin", 60, 70, 10, "gains"],
        ["ug", "adapted", "permuted", 60, 50, -10, "loses"],
    ]
    assert found.loc[2, ["low", "high", "n", "seeds"]].tolist() == [8, 12, 50, 3]
    assert transliteration(made_up(rows[4:])).empty


def test_cells_stand_beside_the_printed_ones(root: object) -> None:
    published = read_published(f"{root}/resources/published/published.csv")
    printed = published[(published["study"] == "muller2021") & (published["unit"] == "sentences")]
    assert set(PRINTED_NAMES.values()) == set(printed["row"])
    codes = published[(published["item"] == "unseen_languages") & (published["column"] == "code")]
    for row, code in codes[["row", "value"]].to_numpy():
        assert PRINTED_NAMES[code] == row
    found = cells({"fo": 297_000, "wo": 512, "smn": 3})
    table = arrange("cells", found)
    compared = compare(printed, table.to_pandas(), {}).set_index("row")["status"]
    assert compared["Faroese"] == "matched"
    assert compared["Wolof"] == "differs by -9488"
    assert compared["smn"] == "not published"
    assert compared["Uyghur"].startswith("not attempted")
    assert list(found) == ["study", "item", "row", "column", "unit", "value"]
    assert cells({}).empty


def tagged(seed: int, share: float, language: str = "ug", n: int = 40) -> pd.DataFrame:
    """Predictions of parts of speech of which a share is right; the same sentences for all."""
    lengths = np.random.default_rng(0).integers(1, 12, n)
    source = np.random.default_rng(seed)
    gold = [["NOUN"] * length for length in lengths]
    found = [list(np.where(source.random(length) < share, "NOUN", "VERB")) for length in lengths]
    return pd.DataFrame(
        {"language": language, "id": np.arange(n), "label": gold, "prediction": found}
    )


SHARES = {"pretrained": 0.5, "adapted": 0.8, "alone": 0.4, "baseline": 0.6}


def run_of(model: str, seed: int, writing: str = "original", language: str = "ug") -> ScoredRun:
    return ScoredRun("pos", "pos", "accuracy", language, model, writing, seed)


def all_runs(writings: dict[str, float]) -> Iterator[tuple[ScoredRun, pd.DataFrame]]:
    """Two seeds of each model, each with the rows of another language beside its own."""
    for (writing, bonus), (place, model), seed in itertools.product(
        writings.items(), enumerate(MODELS), (1, 2)
    ):
        stream = 100 * place + 10 * len(writing) + seed
        own = tagged(stream, SHARES[model] + bonus)
        yield (
            run_of(model, seed, writing),
            pd.concat([tagged(9, 0.1, "de"), own], ignore_index=True),
        )


def test_contrasts_are_of_all_pairs_that_exist() -> None:
    found = contrast_models(all_runs({"original": 0.0, "latin": 0.15}), 200, 1)
    arrange("contrasts", found)
    sides = ["model", "writing", "other_model", "other_writing"]
    within = [("pretrained", "baseline"), ("adapted", "baseline"), ("alone", "baseline")]
    within += [("adapted", "pretrained"), ("alone", "pretrained")]
    expected = {(a, w, b, w) for a, b in within for w in ("original", "latin")}
    expected |= {(model, "latin", model, "original") for model in MODELS}
    assert set(map(tuple, found[sides].to_numpy())) == expected and len(found) == 14
    assert found["n"].eq(40).all() and found["seeds"].eq(2).all()
    assert categories(found)["category"].tolist() == ["Intermediate"]
    effects = transliteration(found).set_index("model")["effect"]
    assert effects["pretrained"] == "gains"


def test_scores_of_contrasts_are_means_of_the_scores_of_runs() -> None:
    runs = list(all_runs({"original": 0.0}))
    found = contrast_models(runs, 100, 1).set_index(["model", "other_model"])
    for model, other in found.index:
        means = [
            np.mean(
                [
                    score_of("pos")(frame[frame["language"] == "ug"])["accuracy"]
                    for run, frame in runs
                    if run.model == name
                ]
            )
            for name in (model, other)
        ]
        row = found.loc[(model, other)]
        assert row[["value", "other_value"]].tolist() == pytest.approx(means, abs=1e-12)
        assert row["difference"] == pytest.approx(means[0] - means[1], abs=1e-12)
        assert row["low"] < row["difference"] < row["high"]


def test_contrasts_depend_neither_on_order_nor_on_others() -> None:
    runs = list(all_runs({"original": 0.0, "permuted": -0.1}))
    whole = contrast_models(runs, 100, 1)
    pd.testing.assert_frame_equal(contrast_models(reversed(runs), 100, 1), whole)
    few = [pair for pair in runs if pair[0].model in ("adapted", "baseline")]
    part = contrast_models(few, 100, 1)
    assert len(part) == 4
    merged = part.merge(whole, how="left", on=list(part), indicator=True)
    assert merged["_merge"].eq("both").all()
    other = contrast_models(runs, 100, 2)
    assert not np.allclose(other["low"], whole["low"])
    np.testing.assert_array_equal(other["difference"], whole["difference"])


def test_no_runs_have_no_contrasts() -> None:
    assert arrange("contrasts", contrast_models([], 100, 1)).num_rows == 0
    alone = [(run_of("adapted", 1), tagged(1, 0.5))]
    assert contrast_models(alone, 100, 1).empty


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_rows_in_any_order_are_the_same_sentences(seed: int) -> None:
    frames = [tagged(1, 0.5, n=8), tagged(2, 0.6, n=8)]
    runs = [run_of("pretrained", 1), run_of("baseline", 1)]
    plain = contrast_models(zip(runs, frames, strict=True), 50, 1)
    moved = [frames[0].sample(frac=1, random_state=seed), frames[1]]
    pd.testing.assert_frame_equal(contrast_models(zip(runs, moved, strict=True), 50, 1), plain)


def relabelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(label=[["ADJ", *tags[1:]] for tags in frame["label"]])


@pytest.mark.parametrize(
    ("second", "frame", "message"),
    [
        (run_of("baseline", 2), tagged(2, 0.5), r"found seeds \[1\] and \[2\]; allowed: the same"),
        (
            run_of("baseline", 1),
            tagged(2, 0.5, n=39),
            "found 40 and 39 test sentences that are not",
        ),
        (run_of("baseline", 1), relabelled(tagged(2, 0.5)), "found 40 and 40 test sentences"),
        (
            run_of("pretrained", 1, "latin"),
            tagged(2, 0.5).assign(id=np.arange(40) + 1),
            "pretrained latin and pretrained original: found 40 and 40 test sentences",
        ),
        (run_of("pretrained", 2), tagged(2, 0.5, n=39), "found other test sentences with seed 2"),
        (run_of("pretrained", 1), tagged(2, 0.5), "found two runs of seed 1; allowed: one"),
        (run_of("baseline", 1), tagged(2, 0.5, "de"), "found no row of 'ug'"),
        (run_of("bilstm", 1), tagged(2, 0.5), "found model 'bilstm' in writing 'original'"),
        (run_of("baseline", 1, "greek"), tagged(2, 0.5), "in writing 'greek'; allowed: pretrained"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    second: ScoredRun, frame: pd.DataFrame, message: str
) -> None:
    runs = [(run_of("pretrained", 1), tagged(1, 0.5)), (second, frame)]
    with pytest.raises(TableError, match=message):
        contrast_models(runs, 10, 1)
