"""SuE: how evenly byte-pair merges cut the words of a language (Pelloni et al. 2022).

A word's unevenness is the length of its longest segment minus that of its shortest. The figure
is an angle of the triangle that the words' lengths and unevenness form; a language with a small
angle is held to be a good source. Rebuilt from the paper and what the released scripts do: the
triangle comes from a contour of ggplot2's two-dimensional density with three bins. It is
unstable: noise takes some words whose segments are of equal length below 0, out of the figure,
so the angle is averaged over repetitions and its spread is given. The spread is that of the
noise alone; another part of the text, or another number of merges, moves the angle further.

One difference: the released code joins one-character segments by rules that leave some of them
apart; here every run of one-character segments is one segment.
"""

import contextlib
import io
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pandas as pd
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from subword_nmt.apply_bpe import BPE
from subword_nmt.learn_bpe import learn_bpe

from isogloss.predictors import pair_table
from isogloss.seeds import named_seed

Floats = NDArray[np.float64]

# the released figure: both axes end at 50 characters, density on 100 x 100 points, three bins
LIMIT = 50.0
GRID = 100
BINS = 3
# half width of the uniform noise on each coordinate, characters
NOISE = 1e-4
MARK = "@@"


class Angles(NamedTuple):
    """Subword Evenness in degrees, nan where no triangle is defined.

    text : 180 - |arctan 1| - |arctan k| (Yun et al. 2023, Appendix B)
    original : 180 - |arctan 1 - arctan k| (released code of Pelloni et al. 2022); the same for
        k <= 0, and the slope of a line down from the highest point is never above 0
    """

    text: float
    original: float


class Evenness(NamedTuple):
    """Means of both angles over noisy repetitions, their standard deviations, and the points.

    points : distinct pairs of length and unevenness
    """

    text: float
    original: float
    text_spread: float
    original_spread: float
    points: int


def evenness(words: Iterable[str], merges: int = 200, noises: int = 20, seed: int = 42) -> Evenness:
    """Subword Evenness of a language's text.

    Parameters
    ----------
    words : of the text, with repetitions; cleaned here by `clean`
    merges : byte-pair merges to learn, 200 in the released script
    noises : repetitions with noise of 0.0001 on the points (the original averages 100)
    seed : of the noise

    Returns
    -------
    Evenness
        nan, and no spread, where words are too few or too alike for a density; a repetition
        without an angle is left out

    Raises
    ------
    ValueError
        if merges or noises is below 1
    """
    if merges < 1 or noises < 1:
        raise ValueError(f"need 1 or more merges and noises, got {merges} and {noises}")
    points = word_points(segments(clean(words), merges).values())
    generator = np.random.default_rng(named_seed(seed, "evenness"))
    noisy = (points + generator.uniform(-NOISE, NOISE, points.shape) for _ in range(noises))
    found = np.array([angles(slope(moved)) for moved in noisy])
    found = found[~np.isnan(found[:, 0])]
    if math.isnan(slope(points)) or not len(found):
        nan = float("nan")
        return Evenness(nan, nan, nan, nan, len(points))
    text, original = found.mean(axis=0).tolist()
    text_spread, original_spread = found.std(axis=0).tolist()
    return Evenness(text, original, text_spread, original_spread, len(points))


def source_evenness(found: Mapping[str, float], targets: Sequence[str]) -> pd.DataFrame:
    """Minus the angle of each source, the same for all targets.

    Parameters
    ----------
    found : language -> angle, degrees

    Returns
    -------
    DataFrame
        columns source, target, value
    """
    column = -np.array([[angle] for angle in found.values()], dtype=np.float64).reshape(-1, 1)
    return pair_table(np.repeat(column, len(targets), axis=1), list(found), targets)


def clean(words: Iterable[str]) -> Counter[str]:
    """Count words in lower case without punctuation (Unicode categories P); empty ones go."""
    counts: Counter[str] = Counter()
    for word, count in Counter(words).items():
        kept = "".join(c for c in word.lower() if not unicodedata.category(c).startswith("P"))
        # the library separates words at spaces, and symbols at any white space
        for part in kept.split():
            counts[part] += count
    return counts


def segments(counts: Mapping[str, int], merges: int) -> dict[str, tuple[str, ...]]:
    """Segments of each distinct word by merges learnt on the counted words.

    Parameters
    ----------
    counts : result of `clean`
    merges : merges at most; learning stops early where no pair of symbols occurs twice

    Returns
    -------
    word -> its segments, a run of one-character segments joined into one
    """
    codes = _learn(counts, merges)
    if codes is None:
        return {word: (word,) for word in counts}
    encoder = BPE(codes, separator=MARK)
    return {
        word: join_characters([part.removesuffix(MARK) for part in encoder.segment_tokens([word])])
        for word in counts
    }


def join_characters(parts: Sequence[str]) -> tuple[str, ...]:
    """Join each run of one-character segments into one segment."""
    joined: list[str] = []
    for single, run in groupby(parts, lambda part: len(part) == 1):
        members = list(run)
        joined += ["".join(members)] if single else members
    return tuple(joined)


def word_points(segmented: Iterable[Sequence[str]]) -> Floats:
    """Distinct pairs of word length and unevenness, shape (n, 2), in order.

    Words of one segment are left out.
    """
    lengths = [[len(part) for part in parts] for parts in segmented if len(parts) > 1]
    distinct = {(sum(parts), max(parts) - min(parts)) for parts in lengths}
    return np.array(sorted(distinct), dtype=np.float64).reshape(-1, 2)


def slope(points: Floats) -> float:
    """Slope k of the line from the contour's highest point to its right-most one.

    Gaussian density of the points, as MASS's `kde2d` has it; contour of the middle one of three
    bins, as ggplot2's `geom_density_2d_filled` with bins = 3 draws it.

    Parameters
    ----------
    points : shape (n, 2), word length and unevenness, characters; those outside of the figure,
        0 to 50 on both axes, are left out, as ggplot2 leaves them out

    Returns
    -------
    nan where fewer than two points are left, a bandwidth is 0, or the two points are one
    """
    points = points[((points >= 0) & (points <= LIMIT)).all(axis=1)]
    if len(points) < 2:
        return float("nan")
    widths = bandwidths(points)
    if not (widths > 0).all():
        return float("nan")
    axis = np.linspace(0, LIMIT, GRID)
    density = _density(points, widths, axis)
    if not np.ptp(density) > 0:
        return float("nan")
    low, high = bin_edges(float(density.min()), float(density.max()))[1:3]
    contours = contour_generator(axis, axis, density, fill_type=FillType.OuterOffset)
    outlines = [outline for outline in contours.filled(low, high)[0] if outline is not None]
    if not outlines:
        return float("nan")
    vertices = np.concatenate(outlines)
    top, right = vertices[vertices[:, 1].argmax()], vertices[vertices[:, 0].argmax()]
    width = right[0] - top[0]
    return float((right[1] - top[1]) / width) if width > 0 else float("nan")


def angles(k: float) -> Angles:
    """Both forms of Subword Evenness of a slope, degrees."""
    angle = math.degrees(math.atan(k))
    return Angles(180 - 45 - abs(angle), 180 - abs(45 - angle))


def bandwidths(points: Floats) -> Floats:
    """Standard deviation of the kernel on each axis, shape (2,): R's `bandwidth.nrd` / 4."""
    low, high = np.quantile(points, [0.25, 0.75], axis=0)
    spread = np.minimum(points.std(axis=0, ddof=1), (high - low) / 1.34)
    return np.asarray(1.06 * spread * len(points) ** -0.2, dtype=np.float64)


def bin_edges(low: float, high: float) -> Floats:
    """Edges of three equal bins over a range that is widened as ggplot2 widens it, shape (4,)."""
    accuracy = float(f"{high - low:.0e}") / 10
    start, stop = math.floor(low / accuracy) * accuracy, math.ceil(high / accuracy) * accuracy
    return np.linspace(start, stop, BINS + 1)


def _density(points: Floats, widths: Floats, axis: Floats) -> Floats:
    """Density on the grid, shape (y, x), per square character."""
    scaled = (axis[None, :, None] - points.T[:, None, :]) / widths[:, None, None]
    kernels = np.exp(-(scaled**2) / 2) / math.sqrt(2 * math.pi)
    return np.asarray(kernels[1] @ kernels[0].T / (len(points) * widths.prod()))


def _learn(counts: Mapping[str, int], merges: int) -> io.StringIO | None:
    """Learn merges; None where no pair of symbols occurs twice, which the library rejects."""
    if all(len(word) < 2 for word in counts):
        return None
    codes = io.StringIO()
    lines = io.StringIO("".join(f"{word} {count}\n" for word, count in sorted(counts.items())))
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
        learn_bpe(lines, codes, merges, is_dict=True)
    return codes if codes.getvalue().count("\n") > 1 else None
