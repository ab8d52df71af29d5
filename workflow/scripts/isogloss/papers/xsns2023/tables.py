"""Tables 1 to 4 of Yun et al. 2023 from rankings and regressions, and their cells.

Every table is in percent, averaged over targets; NDCG@3 has an interval over targets, and the
value of a random order stands beside it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from isogloss.config.studies import Xsns2023
from isogloss.papers.xsns2023.rankings import MAIN_SETTING, METHOD
from isogloss.statistics.ranking import interval, paired_interval

STUDY = "xsns2023"
SETTING = ["encoder", "task", "method", "setting", "asked", "layer", "p"]
# Column of a table by the name of the metric.
COLUMNS = {
    "pearson": "pearson",
    "spearman": "spearman",
    "top1": "top1",
    "ndcg_ranks": "ndcg3",
    "ndcg_scores": "ndcg3_scores",
}
PRINTED = ("pearson", "spearman", "top1", "ndcg3")
METHODS = ("L2V", "LEX", "SuE", "EMB", METHOD)
CONTROLS = ("script", "subwords", "random", "usual", "oracle")


class Study(NamedTuple):
    """The study with what its tables rest on.

    settings : of the configuration
    rankings : table kind `rankings` of all cases
    asked : examples behind the sub-networks of the tables
    """

    settings: Xsns2023
    rankings: pd.DataFrame
    asked: int

    def tasks(self) -> Iterator[tuple[str, str]]:
        """Printed name and configured name of each task."""
        return ((key, chosen.task) for key, chosen in self.settings.tasks.items())

    def summary(self) -> pd.DataFrame:
        """One row per method in one setting, see `summarise`."""
        return summarise(self.rankings, self.settings.resamples, self.settings.statistics_seed)


def summarise(rankings: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """Means over targets, in percent.

    Returns
    -------
    DataFrame
        columns of `SETTING`, pearson, spearman, top1, ndcg3, its low and high, ndcg3_scores
        (gains are scores), and targets; a metric that no target has is missing
    """
    rows = []
    for key, group in rankings.groupby(SETTING, sort=True):
        by_metric = {name: part["value"] for name, part in group.groupby("metric")}
        row: dict[str, object] = dict(zip(SETTING, key, strict=True))
        for name, column in COLUMNS.items():
            row[column] = 100 * by_metric[name].mean() if name in by_metric else float("nan")
        found = interval(by_metric["ndcg_ranks"].to_numpy(dtype=float), resamples, seed)
        row |= {"low": 100 * found.low, "high": 100 * found.high}
        rows.append(row | {"targets": group["target"].nunique()})
    return pd.DataFrame(rows)


def main_rows(summary: pd.DataFrame, study: Study, encoder: str) -> pd.DataFrame:
    """Rows of one encoder: of X-SNS only all blocks together, at the p and |D| of the tables."""
    here = summary[summary["encoder"] == encoder]
    # Sub-networks other than that of the tables have one number of examples only.
    other = here["setting"] != study.settings.subnetworks["T/L"]
    usual = (here["p"] == study.settings.p) & (here["layer"] == 0)
    usual &= (here["asked"] == study.asked) | other
    return here[(here["method"] != METHOD) | usual]


def chances(summary: pd.DataFrame) -> dict[tuple[str, str], float]:
    """NDCG@3 of a random order by encoder and task, percent; it depends on ties of scores."""
    random = summary[summary["method"] == "random"]
    keys = zip(random["encoder"], random["task"], strict=True)
    return dict(zip(keys, random["ndcg3"], strict=True))


def table1(summary: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Sub-networks by text and objective, and further settings (`protocol`)."""
    rows = main_rows(summary, study, study.settings.encoder)
    roles: dict[str, str] = {}
    for variant in sorted(study.settings.subnetworks, key=("T/T", "T/L", "W/L").index):
        roles.setdefault(study.settings.subnetworks[variant], variant)
    for name in study.settings.others:
        roles.setdefault(name, "-")
    parts = []
    for key, task in study.tasks():
        chosen = rows[(rows["task"] == task) & (rows["method"] == METHOD)]
        for setting, role in roles.items():
            found = chosen[chosen["setting"] == setting]
            parts.append(found.assign(task=key, variant=role))
    return _finished(pd.concat(parts), summary, study, ["task", "variant", "setting"])


def table2(summary: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Methods that rank sources, then their variants, controls, and lines above and below."""
    rows = main_rows(summary, study, study.settings.encoder)
    main = study.settings.subnetworks["T/L"]
    rows = rows[(rows["method"] != METHOD) | (rows["setting"] == main)]
    places = {name: place for place, name in enumerate((*METHODS, *CONTROLS))}
    parts = []
    for key, task in study.tasks():
        chosen = rows[rows["task"] == task].assign(task=key)
        order = pd.DataFrame(
            {
                "place": [places.get(name, len(places)) for name in chosen["method"]],
                "variant": [
                    MAIN_SETTING.get(method, setting) != setting
                    for method, setting in zip(chosen["method"], chosen["setting"], strict=True)
                ],
            },
            index=chosen.index,
        )
        parts.append(chosen.loc[order.sort_values(["place", "variant"], kind="stable").index])
    return _finished(pd.concat(parts), summary, study, ["task", "method", "setting"])


def table4(summary: pd.DataFrame, study: Study) -> pd.DataFrame:
    """X-SNS and EMB on other encoders."""
    settings = study.settings
    parts = []
    for name, encoder in settings.models.items():
        if settings.models_task not in settings.tasks:
            continue
        rows = main_rows(summary, study, encoder)
        rows = rows[rows["task"] == settings.tasks[settings.models_task].task]
        main = {**MAIN_SETTING, METHOD: settings.subnetworks["T/L"]}
        for method in ("EMB", METHOD):
            chosen = rows[(rows["method"] == method) & (rows["setting"] == main[method])]
            parts.append(chosen.assign(model=name))
    frame = pd.concat(parts) if parts else summary.iloc[:0].assign(model="")
    return _finished(frame, summary, study, ["model", "method"])


def _finished(
    rows: pd.DataFrame, summary: pd.DataFrame, study: Study, names: list[str]
) -> pd.DataFrame:
    """The columns of a table, with the value of a random order beside NDCG@3."""
    chance = chances(summary)
    tasks = dict(study.tasks())
    keys = zip(rows["encoder"], [tasks.get(name, name) for name in rows["task"]], strict=True)
    rows = rows.assign(ndcg3_random=[chance.get(key, float("nan")) for key in keys])
    columns = ["pearson", "spearman", "top1", "ndcg3", "low", "high"]
    columns += ["ndcg3_random", "ndcg3_scores", "targets"]
    return rows[[*names, *columns]].reset_index(drop=True)


def advantages(study: Study) -> pd.DataFrame:
    """How much higher the NDCG@3 of X-SNS is than that of each other method, target by target.

    Returns
    -------
    DataFrame
        columns task, method, setting, difference (points, mean over targets), low, high,
        p (two-sided sign flips) and targets
    """
    settings, frame = study.settings, study.rankings
    frame = frame[(frame["encoder"] == settings.encoder) & (frame["metric"] == "ndcg_ranks")]
    rows = []
    for key, task in study.tasks():
        here = frame[frame["task"] == task]
        ours = here[
            (here["method"] == METHOD)
            & (here["setting"] == settings.subnetworks["T/L"])
            & (here["asked"] == study.asked)
            & (here["layer"] == 0)
            & (here["p"] == settings.p)
        ].set_index("target")["value"]
        for (method, setting), group in here[here["method"] != METHOD].groupby(
            ["method", "setting"]
        ):
            theirs = group.set_index("target")["value"].reindex(ours.index)
            found = paired_interval(
                100 * ours.to_numpy(dtype=float),
                100 * theirs.to_numpy(dtype=float),
                settings.resamples,
                settings.permutations,
                settings.statistics_seed,
            )
            rows.append((key, method, setting, *found))
    names = ["task", "method", "setting", "difference", "low", "high", "p", "targets"]
    return pd.DataFrame(rows, columns=names)


def cells(
    tables: Mapping[str, pd.DataFrame], regressions: Mapping[str, pd.DataFrame], study: Study
) -> pd.DataFrame:
    """Numbers that the paper prints too, table kind `cells`.

    Parameters
    ----------
    tables : `table1`, `table2`, `table4` by these names
    regressions : results of `regression_table` by printed task
    """
    rows: list[tuple[str, str, str, str, float]] = []
    for item, row, found in _named(tables):
        rows += [(item, row, name, "percent", found[name]) for name in PRINTED]
    for key, table in regressions.items():
        for found in table.to_dict("records"):
            row = f"{key}/{found['regression']}/{found['features']}"
            rows.append(("table3", row, "rmse", "points", found["rmse"]))
            rows += [("table3", row, name, "percent", found[name]) for name in ("top1", "ndcg3")]
    for key, chosen in study.settings.tasks.items():
        rows.append(("table2", key, "languages", "languages", len(chosen.languages)))
    frame = pd.DataFrame(rows, columns=["item", "row", "column", "unit", "value"])
    return frame.dropna().assign(study=STUDY)


def _named(
    tables: Mapping[str, pd.DataFrame],
) -> Iterator[tuple[str, str, dict[Any, Any]]]:
    """Item and row that the paper gives to rows of the tables."""
    for found in tables["table1"].to_dict("records"):
        variant = found["variant"]
        if variant == "-":
            continue
        # WikiANN is both the task's text and Wikipedia's.
        if found["task"] == "NER" and variant == "T/L":
            variant = "T=W/L"
        if found["task"] != "NER" or variant != "W/L":
            yield "table1", f"{found['task']}/{variant}", found
    for found in tables["table2"].to_dict("records"):
        method = found["method"]
        if method in METHODS and MAIN_SETTING.get(method, found["setting"]) == found["setting"]:
            yield "table2", f"{found['task']}/{method}", found
    for found in tables["table4"].to_dict("records"):
        yield "table4", f"{found['model']}/{found['method']}", found
