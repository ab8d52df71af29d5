"""Scores of all baselines of a task."""

import importlib
from collections.abc import Mapping

import pandas as pd

from isogloss.errors import ConfigError
from isogloss.metrics.names import MAIN_METRIC
from isogloss.metrics.standard import score_frame


def score_baselines(
    kind: str,
    train: pd.DataFrame,
    tests: Mapping[str, pd.DataFrame],
    task: str,
    trained_on: str,
    split: str,
    seed: int = 0,
) -> pd.DataFrame:
    """All metrics of each baseline on each language.

    Parameters
    ----------
    kind : task kind; its module `isogloss.baselines.{kind}` has `predict`, `SCORE` (a function
        of `isogloss.metrics`) and `CHANCE` (percent in the main metric, or None)
    train, tests : frames of the table kind that this module wants; test sets by language
    task, trained_on : names that go into the table

    Returns
    -------
    table kind `baselines`; the module's methods, and `chance` in the main metric where it has one

    Raises
    ------
    ConfigError
        for an unknown kind
    """
    if kind not in MAIN_METRIC:
        raise ConfigError(f"task kind {kind!r} is unknown; allowed: {', '.join(MAIN_METRIC)}")
    module = importlib.import_module(f"isogloss.baselines.{kind}")
    frames = [
        score_frame(module.SCORE, predictions, split).assign(method=method)
        for method, predictions in module.predict(train, tests, seed)
    ]
    if module.CHANCE is not None:
        sizes = {language: len(test) for language, test in tests.items()}
        frames.append(
            pd.DataFrame(
                {
                    "language": list(sizes),
                    "split": split,
                    "metric": MAIN_METRIC[kind],
                    "value": module.CHANCE,
                    "n": list(sizes.values()),
                    "method": "chance",
                }
            )
        )
    return pd.concat(frames, ignore_index=True).assign(task=task, trained_on=trained_on)
