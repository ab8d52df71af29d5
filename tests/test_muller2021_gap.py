"""X-Gap of Muller et al. 2021: gaps, and their correlation with similarity by brute force."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import stats

from isogloss.config.muller2021 import Muller2021
from isogloss.errors import TableError
from isogloss.papers.muller2021.gap import AFTER, BEFORE, cells, correlations, gaps, stages
from isogloss.statistics.correlation import correlate
from isogloss.statistics.crossed import FEWEST_PAIRS, combine, correlate_crossed
from isogloss.tables import arrange

NAMES = {"trees": "Parsing", "tags": "POS", "entities": "NER"}
METRICS = {"trees": "las", "tags": "accuracy", "entities": "f1"}
LAYERS = 4
TEXT = {"corpus": "pud", "split": "all"}


def settings(**changed: Any) -> Muller2021:
    """Two sources that are targets too, three other targets."""
    tasks = {
        "Parsing": {"task": "trees", "recipe": "words", "seeds": [1, 2]},
        "POS": {"task": "tags", "recipe": "words", "seeds": [1]},
    }
    plain = {"encoder": "mbert", "tasks": tasks, "sources": ["en", "ru"]}
    plain |= {"targets": ["de", "en", "fr", "ja", "ru"], "permutations": 99, "resamples": 100}
    alignment = {"texts": {"pud": TEXT, "ntrex": TEXT}, "indices": ["cka", "rsa"]}
    return Muller2021.model_validate({**plain, "alignment": alignment, **changed})


def pairs(study: Muller2021) -> list[tuple[str, str]]:
    both = itertools.product(study.sources, study.targets)
    return [(source, target) for source, target in both if source != target]


def made_scores(study: Muller2021) -> pd.DataFrame:
    generator = np.random.default_rng(5)
    rows = [
        ("mbert", item.task, source, item.recipe, seed, language, METRICS[item.task])
        for item in study.tasks.values()
        for source in study.sources
        for seed in item.seeds
        for language in dict.fromkeys([source, *study.targets])
    ]
    columns = ["encoder", "task", "trained_on", "recipe", "seed", "language", "metric"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(split="test", n=9, value=generator.uniform(10, 90, len(frame)))


def made_similarity(study: Muller2021) -> pd.DataFrame:
    """Similarity before and after, and rows of runs that are not the study's."""
    assert study.alignment is not None
    generator = np.random.default_rng(6)
    models = [("-", "-", "-", 0), ("trees", "en", "other", 1), ("trees", "en", "words", 9)]
    models += [
        (item.task, source, item.recipe, seed)
        for item in study.tasks.values()
        for source in study.sources
        for seed in item.seeds
    ]
    rows = [
        ("mbert", *model, text, protocol, index, *pair, layer)
        for model in models
        for text in study.alignment.texts
        for protocol, index in (("mean", "cka"), ("mean", "rsa"), ("authors", "cka"))
        for pair in pairs(study)
        for layer in range(LAYERS + 1)
    ]
    columns = ["encoder", "task", "trained_on", "recipe", "seed", "text", "protocol", "index"]
    frame = pd.DataFrame(rows, columns=[*columns, "source", "target", "layer"])
    return frame.assign(n=100, value=generator.uniform(0, 1, len(frame)))


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return made_scores(settings())


@pytest.fixture(scope="module")
def similarity() -> pd.DataFrame:
    return made_similarity(settings())


@pytest.fixture(scope="module")
def correlated(scores: pd.DataFrame, similarity: pd.DataFrame) -> pd.DataFrame:
    study = settings()
    return correlations(gaps(scores, study, NAMES, METRICS), similarity, study, NAMES)


def test_a_gap_is_the_own_score_less_the_targets(scores: pd.DataFrame) -> None:
    found = gaps(scores, settings(), NAMES, METRICS)
    assert len(found) == 8 * (2 + 1)
    key = ["task", "trained_on", "seed", "language"]
    value = scores.set_index(key)["value"].to_dict()
    for row in found.itertuples():
        task = {"Parsing": "trees", "POS": "tags"}[str(row.task)]
        own = value[task, row.source, row.seed, row.source]
        cross = value[task, row.source, row.seed, row.target]
        assert (row.own, row.cross, row.gap) == (own, cross, pytest.approx(own - cross))
        assert row.source != row.target


def test_stages_hold_the_studys_models_alone(similarity: pd.DataFrame) -> None:
    found = stages(similarity, settings(), NAMES)
    per_source = 2 * 3 * 4 * (LAYERS + 1)  # texts, indices with protocols, targets, layers
    assert found.groupby(["stage", "task"]).size().to_dict() == {
        (BEFORE, "-"): 2 * per_source,
        (AFTER, "Parsing"): 2 * 2 * per_source,
        (AFTER, "POS"): 2 * per_source,
    }
    other = similarity.assign(encoder="xlmr")
    assert stages(other, settings(), NAMES).empty


@pytest.mark.parametrize("layer", ["mean", "0", "3"])
@pytest.mark.parametrize("stage", [BEFORE, AFTER])
def test_correlation_is_spearmans_with_minus_the_gap(
    scores: pd.DataFrame,
    similarity: pd.DataFrame,
    correlated: pd.DataFrame,
    stage: str,
    layer: str,
) -> None:
    study, found = settings(), correlated
    assert len(found) == 2 * 2 * 3 * 2 * (LAYERS + 2)
    assert not found.duplicated(["task", "text", "protocol", "index", "stage", "layer"]).any()
    runs = [("trees", "", "words", seed) for seed in (1, 2)]
    models = [("-", "-", "-", 0)] if stage == BEFORE else runs
    numbers = similarity.set_index(
        [
            *("task", "trained_on", "recipe", "seed"),
            *("text", "protocol", "index"),
            *("source", "target", "layer"),
        ]
    )["value"].to_dict()
    scored = scores.set_index(["task", "trained_on", "seed", "language"])["value"].to_dict()
    layers = range(1, LAYERS + 1) if layer == "mean" else [int(layer)]
    x, y = [], []
    for source, target in pairs(study):
        x.append(
            np.mean(
                [
                    numbers[
                        (
                            *(task, on or source, recipe, seed),
                            *("ntrex", "mean", "rsa"),
                            *(source, target, number),
                        )
                    ]
                    for task, on, recipe, seed in models
                    for number in layers
                ]
            )
        )
        gap = [
            scored["trees", source, s, source] - scored["trees", source, s, target] for s in (1, 2)
        ]
        y.append(-np.mean(gap))
    row = found[(found["task"] == "Parsing") & (found["text"] == "ntrex")]
    row = row[(row["index"] == "rsa") & (row["protocol"] == "mean") & (row["stage"] == stage)]
    (row,) = row[row["layer"] == layer].to_dict("records")
    expected = stats.spearmanr(x, y)
    assert row["value"] == pytest.approx(expected.statistic, abs=1e-12)
    assert row["p"] == pytest.approx(expected.pvalue, abs=1e-12)
    assert row["n"] == 8


def test_more_alike_with_smaller_gaps_is_positive(similarity: pd.DataFrame) -> None:
    study = settings()
    rows = [
        ("Parsing", source, target, 1, 90.0, 0.0, float(place))
        for place, (source, target) in enumerate(pairs(study))
    ]
    columns = ["task", "source", "target", "seed", "own", "cross", "gap"]
    gap = pd.DataFrame(rows, columns=columns)
    place = gap.set_index(["source", "target"])["gap"].to_dict()
    key = zip(similarity["source"], similarity["target"], strict=True)
    alike = similarity.assign(value=[1 - place[pair] / 10 for pair in key])
    found = correlations(gap, alike, study, NAMES)
    assert found["value"].to_numpy() == pytest.approx(1)
    shown = cells(found, study)
    assert arrange("cells", shown).num_rows == 1
    assert shown.iloc[0].to_list()[1:5] == ["xgap", "parsing", "spearman", "correlation"]
    assert shown["value"].iloc[0] == pytest.approx(1)


def test_cells_are_of_the_first_text_and_index_after_fine_tuning(
    correlated: pd.DataFrame,
) -> None:
    study, found = settings(), correlated
    key = ["task", "text", "protocol", "index", "stage", "layer"]
    value = found.set_index(key)["value"]
    shown = cells(found, study).set_index("row")["value"]
    assert shown["parsing"] == value["Parsing", "pud", "mean", "cka", AFTER, "mean"]
    assert shown["pos"] == value["POS", "pud", "mean", "cka", AFTER, "mean"]
    assert cells(found, settings(alignment=None)).empty
    assert cells(found.assign(value=math.nan), study).empty


def test_languages_that_a_text_lacks_are_left_out(
    scores: pd.DataFrame, similarity: pd.DataFrame
) -> None:
    study = settings()
    gap = gaps(scores, study, NAMES, METRICS)
    lacks = similarity[~similarity[["source", "target"]].isin(["ja"]).any(axis=1)]
    found = correlations(gap, lacks, study, NAMES)
    assert set(found["n"]) == {6}
    few = lacks[~lacks[["source", "target"]].isin(["de", "ru"]).any(axis=1)]
    found = correlations(gap, few, study, NAMES)
    assert set(found["n"]) == {1}
    assert found[["value", "p", "p_permutation", "low", "high"]].isna().to_numpy().all()
    nothing = correlations(gap, similarity.assign(source="ja", target="ko"), study, NAMES)
    assert nothing["value"].isna().all()


def test_a_hole_in_the_similarity_is_named(scores: pd.DataFrame, similarity: pd.DataFrame) -> None:
    study = settings()
    hole = (similarity["source"] == "ru") & (similarity["target"] == "fr")
    with pytest.raises(TableError, match="none of source 'ru' and target 'fr'"):
        correlations(gaps(scores, study, NAMES, METRICS), similarity[~hole], study, NAMES)


def test_a_constant_or_undefined_layer_has_no_correlation(
    scores: pd.DataFrame, similarity: pd.DataFrame
) -> None:
    study = settings()
    constant, undefined = similarity["layer"] == 2, similarity["layer"] == 3
    value = similarity["value"].mask(constant, 0.5).mask(undefined, math.nan)
    changed = similarity.assign(value=value)
    found = correlations(gaps(scores, study, NAMES, METRICS), changed, study, NAMES)
    absent = set(found.loc[found["value"].isna(), "layer"])
    assert absent == {"2", "3", "mean"}


# what `statistics.crossed` computes


def by_hand(
    x: np.ndarray, y: np.ndarray, sources: list[str], targets: list[str]
) -> tuple[float, float]:
    """Rho and its exact permutation p, one relabelling of names after the other."""
    crossed = [(s, t) for s, t in itertools.product(sources, targets) if s != t]
    of_x = {(s, t): x[sources.index(s), targets.index(t)] for s, t in crossed}
    of_y = {(s, t): y[sources.index(s), targets.index(t)] for s, t in crossed}
    names = sorted({*sources, *targets})
    observed = stats.spearmanr([of_x[p] for p in crossed], [of_y[p] for p in crossed]).statistic
    count = total = 0
    for order in itertools.permutations(names):
        new = dict(zip(names, order, strict=True))
        moved = [(new[s], new[t]) for s, t in crossed]
        if set(moved) != set(crossed):
            continue
        rho = stats.spearmanr([of_x[p] for p in crossed], [of_y[p] for p in moved]).statistic
        total += 1
        count += abs(rho) >= abs(observed) - 1e-9
    return float(observed), count / total


DESIGNS = [
    (["en"], ["de", "en", "fr", "ja", "tr"]),
    (["en", "ru"], ["de", "en", "fr", "ru"]),
    (["en", "ar"], ["de", "en", "fr"]),
    (["en", "ar"], ["de", "fr", "ja"]),
]


@pytest.mark.parametrize(("sources", "targets"), DESIGNS)
@pytest.mark.parametrize("seed", [0, 1])
def test_relabelling_is_exact_where_it_can_be(
    sources: list[str], targets: list[str], seed: int
) -> None:
    generator = np.random.default_rng(seed)
    shape = (len(sources), len(targets))
    y = generator.normal(size=shape)
    x = y + generator.normal(size=shape)
    (found,) = correlate_crossed(x[None], y, sources, targets, permutations=999, resamples=10)
    value, p = by_hand(x, y, sources, targets)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.p_permutation == pytest.approx(p, abs=1e-12)
    drawn = correlate_crossed(x[None], y, sources, targets, permutations=3, resamples=10)
    assert drawn[0].p_permutation * 4 == pytest.approx(round(drawn[0].p_permutation * 4))


def test_drawn_relabellings_come_near_the_exact_p() -> None:
    generator = np.random.default_rng(7)
    sources, targets = ["en", "ru"], ["de", "en", "fr", "ja", "ru", "tr"]
    y = generator.normal(size=(2, 6))
    x = y + generator.normal(size=(2, 6))
    exact, drawn = (
        correlate_crossed(x[None], y, sources, targets, permutations=count)[0].p_permutation
        for count in (48, 47)
    )
    many = np.mean(
        [
            correlate_crossed(x[None], y, sources, targets, 47, 10, seed)[0].p_permutation
            for seed in range(60)
        ]
    )
    assert drawn >= 1 / 48
    # (1 + count) / 48 of independent draws has the mean (1 + 47 p) / 48
    assert many == pytest.approx((1 + 47 * exact) / 48, abs=0.03)


def test_all_languages_on_both_sides_are_mantels_test() -> None:
    generator = np.random.default_rng(2)
    languages = ["ar", "de", "en", "ru", "tr"]
    y = generator.normal(size=(5, 5))
    x = y + 2 * generator.normal(size=(5, 5))
    (found,) = correlate_crossed(x[None], y, languages, languages)
    expected = correlate(x, y, "spearman", False)
    assert found.value == pytest.approx(expected.value, abs=1e-12)
    assert found.p_permutation == pytest.approx(expected.p_permutation, abs=1e-12)


def test_the_bootstrap_draws_targets() -> None:
    sources, targets = ["en", "ru"], ["de", "fr", "ja"]
    x = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    y = np.array([[5.0, 1.0, 4.0], [9.0, 8.0, 2.0]])
    (found,) = correlate_crossed(x[None], y, sources, targets, 9, 4000)
    values = []
    for drawn in itertools.product(range(3), repeat=3):
        columns = list(drawn)
        values.append(stats.spearmanr(x[:, columns].ravel(), y[:, columns].ravel()).statistic)
    exact = sorted(values)  # 27 equally likely draws
    assert found.low == pytest.approx(exact[0], abs=1e-9)
    assert found.high == pytest.approx(exact[-1], abs=1e-9)


@hypothesis_settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    targets=st.integers(2, 7),
    steps=st.integers(2, 5),
    overlap=st.integers(0, 2),
)
def test_value_and_interval_of_tied_numbers(
    seed: int, targets: int, steps: int, overlap: int
) -> None:
    generator = np.random.default_rng(seed)
    sources = [f"s{i}" for i in range(2)]
    names = [*sources[:overlap], *(f"t{i}" for i in range(targets))]
    x, y = generator.integers(0, steps, size=(2, 2, len(names))).astype(float)
    (found,) = correlate_crossed(x[None], y, sources, names, 20, 30, seed)
    kept = np.array([[s != t for t in names] for s in sources])
    assert found.n == kept.sum()
    if found.n < FEWEST_PAIRS or np.ptp(x[kept]) == 0 or np.ptp(y[kept]) == 0:
        assert math.isnan(found.value)
        return
    assert found.value == pytest.approx(stats.spearmanr(x[kept], y[kept]).statistic, abs=1e-12)
    assert 0 < found.p_permutation <= 1
    if not math.isnan(found.low):
        assert -1 - 1e-12 <= found.low <= found.high <= 1 + 1e-12
    (flipped,) = correlate_crossed(x[None], -y, sources, names, 20, 30, seed)
    assert flipped.p_permutation == found.p_permutation
    ends = [-flipped.high, -flipped.low]
    assert ends == pytest.approx([found.low, found.high], abs=1e-9, nan_ok=True)


def test_shapes_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(TableError, match="over 2 sources and 3 targets"):
        correlate_crossed(np.zeros((1, 2, 2)), np.zeros((2, 2)), ["a", "b"], ["c", "d", "e"])


def test_combined_intervals_shrink_as_standard_errors_do() -> None:
    found = combine(np.array([10.0, 20.0]), np.array([7.0, 16.0]), np.array([14.0, 23.0]))
    below, above = math.hypot(3, 4) / 2, math.hypot(4, 3) / 2
    assert found == pytest.approx((15, 15 - below, 15 + above))
    one = combine(np.array([3.0]), np.array([1.0]), np.array([8.0]))
    assert one == pytest.approx((3, 1, 8))
    assert all(math.isnan(end) for end in combine(np.array([]), np.array([]), np.array([])))


def test_combined_intervals_of_normal_estimates_cover() -> None:
    generator = np.random.default_rng(3)
    spread = np.array([0.5, 1.0, 3.0])
    values = generator.normal(size=(4000, 3)) * spread
    ends = 1.959964 * spread
    found = [combine(row, row - ends, row + ends) for row in values]
    covered = np.mean([interval.low <= 0 <= interval.high for interval in found])
    assert covered == pytest.approx(0.95, abs=0.015)
