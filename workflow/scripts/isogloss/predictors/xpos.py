"""X-POS: what de Vries, Wieling and Nissim 2022 regress transfer of parts of speech on.

Their model (research/udpos/results.R, mf1) is `score ~ family_same + lang_train_pretrained *
lang_pred_pretrained + ldnd_norm + script_same + script_type_same + sov_order_same +
(1 | lang_pred_family) + (1 | lang_pred) + (1 | lang_train)`. Its attributes of languages, and
scores, are in resources/published/devries2022.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isogloss.errors import ConfigError, TableError

Floats = NDArray[np.float64]

ATTRIBUTES = [
    *("code", "family", "subfamily", "script", "script_type", "word_order", "in_xlmr", "added"),
]
LDND = ["first", "second", "ldnd"]
SCORES = ["source", "target", "accuracy"]
UNKNOWN = "Unknown"
# feature of a pair -> the attribute that both languages share
SHARED = {
    "family_same": "family",
    "script_same": "script",
    "script_type_same": "script_type",
    "sov_order_same": "word_order",
}
FEATURES = (*SHARED, "pretrained_source", "pretrained_target", "pretrained_both", "ldnd")


def read_attributes(folder: str | Path) -> pd.DataFrame:
    """Read the attributes of languages.

    Returns
    -------
    DataFrame
        columns code, family (first level, for instance Indo-European), subfamily, script,
        script_type (as de Vries et al. class it), word_order (subject, object and verb; Unknown
        where they have none), in_xlmr (1.0 or 0.0: in the encoder's pretraining data) and added
        (columns that are not theirs). What is not known is missing.

    Raises
    ------
    TableError
        for other columns, a language without code or with two rows, or another in_xlmr
    """
    path = Path(folder) / "attributes.csv"
    frame = _read(path, ATTRIBUTES)
    if frame["code"].isna().any() or frame["code"].duplicated().any():
        raise TableError(f"{path}: a row without code or a second one; allowed: one row per code")
    if not frame["in_xlmr"].isin(["0", "1"]).all():
        raise TableError(f"{path}: a value of in_xlmr other than 0 and 1")
    return frame.assign(in_xlmr=frame["in_xlmr"].astype(np.float64))


def read_ldnd(folder: str | Path) -> pd.DataFrame:
    """Read lexical-phonetic distances (LDND, percent; may exceed 100).

    Returns
    -------
    DataFrame
        columns first, second, ldnd; one row per pair of different languages, in one order

    Raises
    ------
    TableError
        for other columns, a pair given twice or a value that is no number from 0
    """
    path = Path(folder) / "ldnd.csv"
    frame = _numeric(_read(path, LDND), path, "ldnd")
    pairs = [frozenset(pair) for pair in zip(frame["first"], frame["second"], strict=True)]
    if len(set(pairs)) < len(pairs) or any(len(pair) < 2 for pair in pairs):
        raise TableError(f"{path}: a pair stands there twice, or is one language with itself")
    return frame


def read_scores(folder: str | Path) -> pd.DataFrame:
    """Read accuracies (percent) of part-of-speech tagging, XLM-R base, one run per source.

    Returns
    -------
    DataFrame
        shape (sources, targets), the same languages in both, own pairs included

    Raises
    ------
    TableError
        for other columns, a missing or doubled pair, or a value that is no number from 0
    """
    path = Path(folder) / "scores.csv"
    frame = _numeric(_read(path, SCORES), path, "accuracy")
    if frame.duplicated(SCORES[:2]).any():
        raise TableError(f"{path}: a pair of source and target stands there twice")
    matrix = frame.pivot(index="source", columns="target", values="accuracy")
    if set(matrix.index) != set(matrix.columns) or matrix.isna().any(axis=None):
        raise TableError(f"{path}: a pair of source and target is missing; allowed: all pairs")
    return matrix


def pair_features(
    sources: Sequence[str], targets: Sequence[str], attributes: pd.DataFrame, ldnd: pd.DataFrame
) -> pd.DataFrame:
    """Regressors of de Vries et al. 2022 for all pairs of a source and a target.

    Parameters
    ----------
    sources, targets : codes
    attributes : as from `read_attributes`; `subfamily` and `added` are not used
    ldnd : as from `read_ldnd`

    Returns
    -------
    DataFrame
        source, target; family_same, script_same, script_type_same, sov_order_same (1.0 or 0.0;
        two languages of Unknown order count as the same, as in their script);
        pretrained_source, pretrained_target and pretrained_both, their product; ldnd, percent,
        0 for own pairs; source_family and target_family (text). A value that rests on something
        not known is missing. Their script sets ldnd to 100 there.

    Raises
    ------
    ConfigError
        for a code without attributes
    """
    known = attributes.set_index("code")
    lacking = [code for code in dict.fromkeys([*sources, *targets]) if code not in known.index]
    if lacking:
        raise ConfigError(
            f"predictor X-POS: no attributes of {', '.join(lacking)}; "
            f"allowed: {', '.join(sorted(known.index))}"
        )
    pairs = pd.MultiIndex.from_product([list(sources), list(targets)], names=["source", "target"])
    frame = pairs.to_frame(index=False)
    first = known.loc[frame["source"]].reset_index(drop=True)
    second = known.loc[frame["target"]].reset_index(drop=True)
    for feature, attribute in SHARED.items():
        frame[feature] = _same(first[attribute], second[attribute])
    frame["pretrained_source"], frame["pretrained_target"] = first["in_xlmr"], second["in_xlmr"]
    frame["pretrained_both"] = frame["pretrained_source"] * frame["pretrained_target"]
    distances = _both_orders(ldnd)
    frame["ldnd"] = [
        0.0 if source == target else distances.get((source, target), np.nan)
        for source, target in zip(frame["source"], frame["target"], strict=True)
    ]
    return frame.assign(source_family=first["family"], target_family=second["family"])


def missing_attributes(
    languages: Sequence[str], attributes: pd.DataFrame, ldnd: pd.DataFrame
) -> dict[str, list[str]]:
    """What is not known of each language: attributes, a word order, any distance.

    Returns
    -------
    language -> names of attributes and `ldnd`; languages of which all is known have no entry
    """
    known = attributes.set_index("code")
    measured = set(ldnd["first"]) | set(ldnd["second"])
    found: dict[str, list[str]] = {}
    for language in languages:
        if language in known.index:
            row = known.loc[language]
            lacks = [
                name
                for name in [*SHARED.values(), "in_xlmr"]
                if pd.isna(row[name]) or row[name] == UNKNOWN
            ]
        else:
            lacks = [*SHARED.values(), "in_xlmr"]
        if language not in measured:
            lacks.append("ldnd")
        if lacks:
            found[language] = lacks
    return found


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    if list(frame.columns) != columns:
        raise TableError(f"{path}:1: columns {list(frame.columns)}; allowed: {columns}")
    return frame


def _numeric(frame: pd.DataFrame, path: Path, column: str) -> pd.DataFrame:
    values = pd.to_numeric(frame[column], errors="coerce")
    wrong = ~(values >= 0) | ~np.isfinite(values)
    if wrong.any():
        raise TableError(
            f"{path}:{int(frame.index[wrong][0]) + 2}: {column} "
            f"{frame.loc[wrong, column].iloc[0]!r}; allowed: a number from 0"
        )
    return frame.assign(**{column: values.astype(np.float64)})


def _same(first: pd.Series, second: pd.Series) -> Floats:
    equal = (first == second).fillna(False).to_numpy(dtype=bool)
    known = (first.notna() & second.notna()).to_numpy(dtype=bool)
    return np.where(known, equal.astype(np.float64), np.nan)


def _both_orders(ldnd: pd.DataFrame) -> Mapping[tuple[str, str], float]:
    rows = list(zip(ldnd["first"], ldnd["second"], ldnd["ldnd"], strict=True))
    return {(a, b): value for one, two, value in rows for a, b in ((one, two), (two, one))}
