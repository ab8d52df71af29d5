"""Published numbers, and the comparison of a number here with the published one.

The long table `resources/published/published.csv` holds values as text, as printed: the
number of printed decimals says how exactly a number can be compared.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from isogloss.errors import TableError

COLUMNS = ["study", "item", "row", "column", "value", "unit", "stars"]
KEY = ["study", "item", "row", "column"]
TEXT = "text"
# margin for numbers that lie half-way between two printed ones
TIE = 1e-9
# examples in XNLI's test set (Conneau et al. 2018), the denominator of Figure 3
XNLI_TEST_EXAMPLES = 5010

# a cell (study, item, row, column) or the beginning of one, for all cells that begin so
Address = tuple[str, ...]


def read_published(path: str | Path) -> pd.DataFrame:
    """Read the long table of published values, all columns as text.

    Raises
    ------
    TableError
        for other columns, an empty or doubled cell, a number that is none, unknown stars
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(frame.columns) != COLUMNS:
        raise TableError(f"{path}:1: columns {list(frame.columns)}; allowed: {COLUMNS}")
    numeric = frame["unit"] != TEXT
    checks = {
        "an empty cell; allowed: only stars may be empty": (frame[COLUMNS[:6]] == "").any(axis=1),
        "a second row for the same study, item, row and column": frame.duplicated(KEY),
        "a value that is no number, though its unit is not 'text'": numeric
        & pd.to_numeric(frame["value"], errors="coerce").isna(),
        "unknown stars; allowed: none, * or **": ~frame["stars"].isin(["", "*", "**"]),
    }
    for reason, wrong in checks.items():
        if wrong.any():
            raise TableError(f"{path}:{_line(frame, wrong)}: {reason}")
    return frame


def _line(frame: pd.DataFrame, wrong: pd.Series) -> int:
    """1-based line of the first wrong row; no value holds a line break."""
    return int(frame.index[wrong][0]) + 2


def decimals(printed: str) -> int:
    """Count the decimals of a printed number."""
    return len(printed.partition(".")[2])


def item_decimals(published: pd.DataFrame) -> pd.Series:
    """Decimals to which each row's number was rounded.

    Some items drop trailing zeros (Philippy et al. 2023, Figure 1: -0.1 beside -0.222),
    so the longest number of the same item and unit counts.
    """
    groups = [published[name] for name in ("study", "item", "unit")]
    return published["value"].map(decimals).groupby(groups).transform("max")


def compare(
    published: pd.DataFrame, cells: pd.DataFrame, reasons: Mapping[Address, str]
) -> pd.DataFrame:
    """Set every number here beside the published one.

    Parameters
    ----------
    published : as from `read_published`; rows of unit `text` are left out
    cells : table kind `cells`
    reasons : why published cells were not attempted: (study, item, row, column), or the
        beginning of it -> reason; the longest one that fits counts

    Returns
    -------
    DataFrame
        table kind `comparison`. Status is `matched` (the number here could be printed as
        the published one), `differs by +0.0123` (here minus published), `not attempted:
        reason` or `not published`.

    Raises
    ------
    TableError
        if a cell has one unit here and another one where it is published
    """
    numbers = published[published["unit"] != TEXT]
    numbers = numbers.assign(decimals=item_decimals(numbers))
    left = numbers[[*KEY, "unit", "value", "decimals"]].rename(columns={"value": "published"})
    right = cells[[*KEY, "unit", "value"]].rename(columns={"value": "here"})
    joined = left.merge(right, on=KEY, how="outer", suffixes=("", "_here"), validate="1:1")
    both = joined["published"].notna() & joined["here"].notna()
    clash = joined[both & (joined["unit"] != joined["unit_here"])]
    if len(clash):
        found = clash.iloc[0]
        raise TableError(
            f"table 'cells': {tuple(found[KEY])} has unit {found['unit_here']!r}; "
            f"allowed: {found['unit']!r}, as published"
        )
    joined["unit"] = joined["unit"].fillna(joined["unit_here"])
    joined["difference"] = joined["here"] - joined["published"].astype(float)
    joined["status"] = [_status(row, reasons) for row in joined.to_dict("records")]
    joined["published"] = (
        joined["published"].astype(object).where(joined["published"].notna(), None)
    )
    result = joined[[*KEY, "unit", "published", "here", "difference", "status"]]
    return result.sort_values(KEY, kind="stable", ignore_index=True)


def _status(row: dict, reasons: Mapping[Address, str]) -> str:
    if pd.isna(row["published"]):
        return "not published"
    if pd.isna(row["here"]):
        return f"not attempted: {_reason(tuple(row[name] for name in KEY), reasons)}"
    places = int(row["decimals"])
    if abs(row["difference"]) <= 0.5 * 10**-places + TIE:
        return "matched"
    return f"differs by {row['difference']:+.{places}f}"


def _reason(address: Address, reasons: Mapping[Address, str]) -> str:
    for length in range(len(address), 0, -1):
        if address[:length] in reasons:
            return reasons[address[:length]]
    return "no reason recorded"


def restore_counts(printed_percent: str, n: int) -> int:
    """Find the count k of n examples behind a printed percentage: 100 k / n, rounded.

    Raises
    ------
    TableError
        if no count, or more than one, is printed so
    """
    places = decimals(printed_percent)
    percent = float(printed_percent)
    near = round(percent * n / 100)
    reach = 1 + n // (2 * 100 * 10**places)
    candidates = range(max(0, near - reach), min(n, near + reach) + 1)
    found = [k for k in candidates if round(100 * k / n, places) == percent]
    if len(found) != 1:
        raise TableError(
            f"{printed_percent} percent: {len(found)} counts of {n} examples are printed so, "
            "expected exactly 1"
        )
    return found[0]


def restore_accuracy(figure3: pd.DataFrame) -> pd.DataFrame:
    """Accuracies behind Figure 3 of Philippy et al. 2023, before they were rounded.

    Parameters
    ----------
    figure3 : rows of the published table; other items and the averages are left out

    Returns
    -------
    DataFrame
        shape (15, 15), percent: rows = source, columns = target, codes in order
    """
    rows = figure3[(figure3["study"] == "philippy2023") & (figure3["item"] == "figure3")]
    rows = rows[(rows["row"] != "AVG") & (rows["column"] != "AVG")]
    n = XNLI_TEST_EXAMPLES
    exact = rows.assign(value=[100 * restore_counts(text, n) / n for text in rows["value"]])
    matrix = exact.pivot(index="row", columns="column", values="value")
    return matrix.rename_axis(index="source", columns="target")
