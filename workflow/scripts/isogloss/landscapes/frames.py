"""Scores of points as tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from isogloss.config.landscapes import Part
from isogloss.landscapes.evaluation import Scores
from isogloss.landscapes.points import Point, Start, line_point, plane_point

STARTS: tuple[Start, ...] = ("source", "target")
# A point's name in a table: its columns.
Named = tuple[Any, ...]
# By table kind.
COLUMNS = {
    "paths": ("part", "start", "alpha"),
    "planes": ("part", "alpha_source", "alpha_target"),
}


def grid_points(kind: str, parts: Iterable[Part], alphas: Sequence[float]) -> dict[Named, Point]:
    """Points of all grids of a kind and pair, by the columns that name them."""
    return line_points(parts, alphas) if kind == "paths" else plane_points(parts, alphas)


def line_points(parts: Iterable[Part], alphas: Sequence[float]) -> dict[Named, Point]:
    """Points of all lines of a pair by part, start and alpha."""
    return {
        (part, start, alpha): line_point(part, start, alpha)
        for part in parts
        for start in STARTS
        for alpha in alphas
    }


def plane_points(parts: Iterable[Part], alphas: Sequence[float]) -> dict[Named, Point]:
    """Points of all planes of a pair by part, alpha of the source and of the target."""
    return {
        (part, first, second): plane_point(part, first, second)
        for part in parts
        for first in alphas
        for second in alphas
    }


def score_rows(
    columns: Sequence[str],
    scored: Iterable[tuple[Named, Scores]],
    sizes: Mapping[str, int],
) -> pd.DataFrame:
    """One row per point, language and metric.

    columns : names of the point's columns
    sizes : examples by language
    """
    rows = [
        (*named, language, metric, value, sizes[language])
        for named, scores in scored
        for language, metrics in scores.items()
        for metric, value in metrics.items()
    ]
    return pd.DataFrame(rows, columns=[*columns, "language", "metric", "value", "n"])
