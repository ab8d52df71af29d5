"""Subword Evenness, on made-up words and points whose answer is known."""

import itertools
import math
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from scipy.stats import multivariate_normal

from isogloss.predictors.evenness import (
    angles,
    bandwidths,
    bin_edges,
    clean,
    evenness,
    join_characters,
    segments,
    slope,
    source_evenness,
    word_points,
)

coordinates = st.lists(
    st.tuples(st.integers(2, 20), st.integers(0, 12)), min_size=4, max_size=40, unique=True
)
parts = st.lists(st.text("abcde", min_size=1, max_size=4), min_size=1, max_size=8)


def words(seed: int, n: int = 400) -> list[str]:
    """Words of syllables, so that merges find something."""
    generator = np.random.default_rng(seed)
    syllables = [a + b for a, b in itertools.product("bdfgkl", "aeiou")]
    lengths = generator.integers(1, 6, size=n)
    return ["".join(generator.choice(syllables[: 5 + n % 20], size=size)) for size in lengths]


@pytest.mark.parametrize(
    ("k", "text", "original"),
    [(0, 135, 135), (-1, 90, 90), (1, 90, 180), (-math.sqrt(3), 75, 75)],
)
def test_angles(k: float, text: float, original: float) -> None:
    assert angles(k) == pytest.approx((text, original))


@given(st.floats(-100, 0))
def test_both_angles_agree_below_zero(k: float) -> None:
    found = angles(k)
    assert found.text == pytest.approx(found.original)
    assert 45 <= found.text <= 135


def test_clean_strips_punctuation_and_lowers() -> None:
    given = ["Don't", "don’t", "--", "«Ну»", "a-b", "ÄB", "", "3.5", "x\u00a0y"]
    assert clean(given) == {"dont": 2, "ну": 1, "ab": 1, "äb": 1, "35": 1, "x": 1, "y": 1}


@given(st.lists(st.text(max_size=6), max_size=20))
def test_clean_leaves_no_punctuation_or_space(given: list[str]) -> None:
    found = clean(given)
    assert all(word and not any(c.isspace() for c in word) for word in found)
    assert not any(unicodedata.category(c).startswith("P") for word in found for c in word)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "b", "cd", "e", "f"], ("ab", "cd", "ef")),
        (["a", "b", "c"], ("abc",)),
        (["ab", "c"], ("ab", "c")),
        (["a", "bc", "bc", "d"], ("a", "bc", "bc", "d")),
        ([], ()),
    ],
)
def test_join_characters(given: list[str], expected: tuple[str, ...]) -> None:
    assert join_characters(given) == expected


@given(parts)
def test_join_keeps_the_word_and_leaves_no_run(given: list[str]) -> None:
    joined = join_characters(given)
    assert "".join(joined) == "".join(given)
    singles = [len(part) == 1 for part in joined]
    assert not any(a and b for a, b in itertools.pairwise(singles))


def test_segments_follow_the_merges() -> None:
    # the most frequent pair is a and a final b, 4 times; a and another b stay two characters
    counts = {"abab": 3, "xyab": 1, "q": 4}
    assert segments(counts, 1) == {"abab": ("ab", "ab"), "xyab": ("xy", "ab"), "q": ("q",)}
    merged = segments({"abc": 5, "abd": 4, "xyabz": 1}, 1)
    assert merged == {"abc": ("ab", "c"), "abd": ("ab", "d"), "xyabz": ("xy", "ab", "z")}


@pytest.mark.parametrize("counts", [{}, {"a": 9}, {"ab": 1, "cd": 1}])
def test_words_without_any_merge_are_whole(counts: dict[str, int]) -> None:
    assert segments(counts, 10) == {word: (word,) for word in counts}
    found = evenness(counts)
    assert math.isnan(found.text) and math.isnan(found.text_spread) and found.points == 0


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 60))
def test_segments_spell_their_words(seed: int, merges: int) -> None:
    counts = clean(words(seed, 40))
    found = segments(counts, merges)
    assert set(found) == set(counts)
    assert all("".join(pieces) == word for word, pieces in found.items())


def test_segments_do_not_depend_on_the_order_of_words() -> None:
    given = words(3)
    assert segments(clean(given), 50) == segments(clean(given[::-1]), 50)


def test_segments_write_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    segments(clean(words(1)), 20)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_word_points_are_distinct_lengths_and_differences() -> None:
    given = [("abc", "d"), ("xyz", "q"), ("ab", "cd", "e"), ("whole",), ("ab", "cd")]
    np.testing.assert_array_equal(word_points(given), [[4, 0], [4, 2], [5, 1]])
    assert word_points([]).shape == (0, 2)


@given(coordinates)
def test_bandwidths_are_those_of_r(given: list[tuple[int, int]]) -> None:
    points = np.array(given, dtype=float)
    for axis, found in zip(points.T, bandwidths(points), strict=True):
        ordered = np.sort(axis)
        n = len(ordered)

        def quartile(share: float, ordered: np.ndarray = ordered, n: int = n) -> float:
            place = share * (n - 1)
            low = math.floor(place)
            high = min(low + 1, n - 1)
            return float(ordered[low] + (place - low) * (ordered[high] - ordered[low]))

        deviation = math.sqrt(((axis - axis.mean()) ** 2).sum() / (n - 1))
        spread = min(deviation, (quartile(0.75) - quartile(0.25)) / 1.34)
        assert found == pytest.approx(4 * 1.06 * spread * n ** (-1 / 5) / 4, abs=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        # range 0.0347 is 0.03 to one digit: edges at multiples of 0.003
        (0.0, 0.0347, [0, 0.012, 0.024, 0.036]),
        (0.0, 0.009, [0, 0.003, 0.006, 0.009]),
        (0.0, 0.0351, [0, 0.012, 0.024, 0.036]),
        (0.0, 0.0961, [0, 1 / 30, 2 / 30, 0.1]),
    ],
)
def test_bin_edges(low: float, high: float, expected: list[float]) -> None:
    np.testing.assert_allclose(bin_edges(low, high), expected, atol=1e-12)


@given(st.floats(0, 1e-3), st.floats(1e-6, 10))
def test_bin_edges_cover_the_range_evenly(low: float, width: float) -> None:
    edges = bin_edges(low, low + width)
    assert edges[0] <= low + 1e-9 * width and edges[-1] >= low + width - 1e-9 * width
    np.testing.assert_allclose(np.diff(edges), (edges[-1] - edges[0]) / 3, rtol=1e-6)
    # widened by at most a tenth of a range that is rounded by at most a half
    assert edges[-1] - edges[0] <= width * (1 + 2 * 0.15) + 1e-9


def drawn_slope(points: np.ndarray) -> float:
    """The same figure by scipy's density, a loop over the grid, and matplotlib's contours."""
    axis = np.linspace(0, 50, 100)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    covariance = np.diag(bandwidths(points) ** 2)
    density = sum(multivariate_normal(p, covariance).pdf(grid) for p in points) / len(points)
    edges = bin_edges(density.min(), density.max())
    axes = Figure().subplots()
    [path] = axes.contourf(axis, axis, density, levels=edges[1:3]).get_paths()
    vertices = path.vertices
    top, right = vertices[vertices[:, 1].argmax()], vertices[vertices[:, 0].argmax()]
    return float((right[1] - top[1]) / (right[0] - top[0]))


@pytest.mark.parametrize("seed", range(6))
def test_slope_against_another_way(seed: int) -> None:
    generator = np.random.default_rng(seed)
    points = np.unique(
        np.stack([generator.integers(2, 18, 60), generator.integers(0, 10, 60)], axis=1), axis=0
    ).astype(float)
    assert slope(points) == pytest.approx(drawn_slope(points), rel=1e-6)


@given(coordinates)
@settings(max_examples=40)
def test_slope_never_rises(given: list[tuple[int, int]]) -> None:
    k = slope(np.array(given, dtype=float))
    assert math.isnan(k) or k <= 0


def test_mirrored_points_give_90_degrees() -> None:
    corners = [(10, 20), (12, 17), (15, 15), (11, 18), (14, 22), (13, 13)]
    points = np.array(corners + [(b, a) for a, b in corners if a != b], dtype=float)
    assert slope(points) == pytest.approx(-1, rel=1e-9)
    assert angles(slope(points)).text == pytest.approx(90)


def test_wider_points_give_a_flatter_line() -> None:
    points = np.random.default_rng(5).normal(25, 2, size=(40, 2))
    mirrored = np.concatenate([points, points[:, ::-1]])
    wide = 25 + (mirrored - 25) * [3, 1]
    assert slope(mirrored) == pytest.approx(-1, rel=1e-9)
    assert slope(wide) == pytest.approx(-1 / 3, rel=0.1)


@pytest.mark.parametrize(
    "given",
    [
        [],
        [(4, 1)],
        [(4, 1), (4, 3), (4, 5), (4, 7)],
        [(60, 1), (61, 2), (62, 3)],
    ],
)
def test_no_slope(given: list[tuple[int, int]]) -> None:
    assert math.isnan(slope(np.array(given, dtype=float).reshape(-1, 2)))


def test_points_outside_of_the_figure_change_nothing() -> None:
    points = np.random.default_rng(6).uniform(5, 20, size=(40, 2))
    outside = np.array([[51.0, 3.0], [9.0, -1e-5]])
    assert slope(np.concatenate([points, outside])) == slope(points)


def test_evenness_is_the_mean_over_noise() -> None:
    given = words(8)
    found = evenness(given, 40, 20, seed=1)
    plain = angles(slope(word_points(segments(clean(given), 40).values())))
    assert abs(found.text - plain.text) < 15
    assert found.text == pytest.approx(found.original)
    assert found.text_spread >= 0 and found.points > 4
    assert evenness(given, 40, 20, seed=1) == found
    assert evenness(given, 40, 20, seed=2) != found
    assert evenness(given, 40, 1, seed=1).text_spread == 0


def test_evenness_ignores_order_case_and_punctuation() -> None:
    given = words(9)
    dressed = [f"«{word.upper()}»," for word in reversed(given)]
    assert evenness(dressed, 40) == evenness(given, 40)


@pytest.mark.parametrize(("merges", "noises"), [(0, 1), (1, 0)])
def test_nothing_to_do(merges: int, noises: int) -> None:
    with pytest.raises(ValueError, match="1 or more merges and noises"):
        evenness(["ab"], merges, noises)


def test_source_evenness_is_negated_and_the_same_for_all_targets() -> None:
    frame = source_evenness({"a": 90.0, "b": float("nan")}, ["a", "b", "c"])
    values = frame.set_index(["source", "target"])["value"]
    assert len(frame) == 6
    assert values["a", "a"] == values["a", "b"] == values["a", "c"] == -90
    assert values["b"].isna().all()
    assert source_evenness({}, ["a"]).empty
