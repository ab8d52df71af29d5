"""What was seen most often with a word."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import pandas as pd


def most_frequent(forms: Iterable[str], values: Iterable[Any]) -> tuple[dict[str, Any], Any]:
    """Most frequent value of each form, and of all forms together.

    Of equally frequent values the first in their own order (for text the alphabet) counts.
    Forms are compared as they are written. Both iterables are equally long and not empty.
    """
    counts = Counter(zip(forms, values, strict=True))
    totals: Counter[Any] = Counter()
    for (_, value), count in counts.items():
        totals[value] += count
    table: dict[str, Any] = {}
    for (form, value), _ in sorted(counts.items(), key=lambda item: (-item[1], item[0][1])):
        table.setdefault(form, value)
    return table, min(totals, key=lambda value: (-totals[value], value))


def end_to_end(column: pd.Series) -> list[Any]:
    """Cells of a column of lists in one list."""
    return list(chain.from_iterable(column))


def tag_predictions(
    tests: Mapping[str, pd.DataFrame],
    right: Mapping[str, pd.Series],
    table: Mapping[str, str],
    unknown: str,
) -> pd.DataFrame:
    """Table kind `tag_predictions`: the tag in the table of each word, `unknown` where it lacks.

    Parameters
    ----------
    tests : table kind `treebank` or `tagged`, by language
    right : lists of right tags of the same rows, by language
    """
    frames = [
        pd.DataFrame(
            {
                "language": language,
                "id": test["id"].to_numpy(),
                "label": list(right[language]),
                "prediction": [[table.get(form, unknown) for form in row] for row in test["form"]],
            }
        )
        for language, test in tests.items()
    ]
    return pd.concat(frames, ignore_index=True)
