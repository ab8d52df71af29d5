"""Made-up curves and tables on which the claims of Wu et al. 2022 hold, and changes of them."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from isogloss.config.landscapes import Wu2022
from isogloss.papers.wu2022.claims import (
    Evidence,
)
from isogloss.statistics.paths import Flatness, PathDescription

ALPHAS = (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
UNITS = [("en", "de", "pos"), ("en", "fr", "pos"), ("en", "de", "ner"), ("en", "fr", "ner")]
SHAPE = {
    **{"barrier": 0.0, "range": 30.0, "gain": 30.0, "slope": 30.0, "linearity": 0.99},
    **{"fall": 0.5, "roughness": 0.5, "dip_start": 1.0, "dip_end": 1.0},
}
# Every claim of the paper holds on these: the second encoder is smoother and flatter.
SECOND = {"slope": 20.0, "roughness": 0.2, "dip_start": 0.1, "dip_end": 0.1, "gain": 20.0}
SURFACE = {"inner_gradient": 0.4, "gradient": 0.5, "at_first": 0.4, "at_second": 0.3, "high": 0.4}
ON_SOURCE = {"inner_gradient": 0.02, "gradient": 0.1, "at_first": 0.02, "at_second": 0.3}
Change = Callable[[dict[str, Any]], Mapping[str, Any]]


def unchanged(_: dict[str, Any]) -> Mapping[str, Any]:
    return {}


def lines(encoders: tuple[str, ...]) -> list[dict[str, Any]]:
    """Names of every line and side."""
    names = ("encoder", "unit", "part", "start", "side")
    ends = ("source", "target")
    parts = ("all", "encoder", "head")
    found = []
    for row in itertools.product(encoders, UNITS, parts, ends, ends):
        named: dict[str, Any] = dict(zip(names, row, strict=True))
        source, target, task = named.pop("unit")
        found.append({**named, "source": source, "target": target, "task": task})
    return found


def curve_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Result of `normalise`, of bilingual models that score 100."""
    rows = []
    for line, alpha in itertools.product(lines(encoders), ALPHAS):
        stays = line["start"] == line["side"]
        risen = 0.0 if line["part"] == "head" else min(1.0, max(0.0, alpha))
        zero = 0.7 if line["encoder"] == "mbert" else 0.8
        row = {
            **line,
            "alpha": alpha,
            "bilingual": 100.0,
            "performance": 1.0 if stays else zero + (1 - zero) * risen,
            "normalised_variance": 0.01 if stays else 0.05,
        }
        row |= change(row)
        rows.append({**row, "mean": 100 * row["performance"]})
    return pd.DataFrame(rows)


def shape_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Result of `described`, in points of a score of 100."""
    rows = []
    for line in lines(encoders):
        shape = SHAPE if line["encoder"] == "mbert" else {**SHAPE, **SECOND}
        shape = {**shape, **({"gain": 0.5} if line["part"] == "head" else {})}
        shape = {**shape, **change(line)}
        assert set(shape) == set(PathDescription._fields)
        rows += [{**line, "quantity": name, "value": value} for name, value in shape.items()]
    return pd.DataFrame(rows)


def surface_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Result of `flatness`."""
    rows = []
    for line in lines(encoders):
        if line["start"] == "target":
            continue
        shape = dict(SURFACE) if line["side"] == "target" else {**SURFACE, **ON_SOURCE}
        if line["encoder"] != "mbert":
            shape |= {"inner_gradient": 0.3, "gradient": 0.4, "high": 0.5}
        shape |= change(line)
        assert set(shape) == set(Flatness._fields)
        rows += [{**line, "quantity": name, "value": value} for name, value in shape.items()]
    return pd.DataFrame(rows)


def direction_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Table kind `directions` of two seeds, with another level beside."""
    rows = []
    for encoder, (source, target, task), seed in itertools.product(encoders, UNITS, (1, 2)):
        row = {"encoder": encoder, "source": source, "target": target, "task": task, "seed": seed}
        whole = {**row, "level": "all", "name": "all", "ratio": 1.0, "angle": 55.0}
        rows.append({**whole, **change(whole)})
        rows.append({**row, "level": "part", "name": "head", "ratio": 7.0, "angle": 10.0})
    return pd.DataFrame(rows)


def step_rows(encoders: tuple[str, ...], change: Change) -> pd.DataFrame:
    """Table kind `sharpness`: steps cost the source 10 percent and each target 20."""
    rows = []
    for encoder, task, seed in itertools.product(encoders, ("pos", "ner"), (1, 2)):
        for radius, language in itertools.product((0.0, 0.1, 0.2), ("en", "de", "fr")):
            row = {"encoder": encoder, "task": task, "source": "en", "seed": seed}
            row |= {"radius": radius, "language": language, "metric": "accuracy"}
            lost = 0.0 if radius == 0 else 0.1 if language == "en" else 0.2
            row |= {"direction": int(radius > 0), "value": 80 * (1 - lost)}
            rows.append({**row, **change(row)})
    return pd.DataFrame(rows)


def settings(encoders: tuple[str, ...], **changes: Any) -> Wu2022:
    chosen = {
        "encoders": list(encoders),
        "tasks": {"POS": {"task": "pos", "recipe": "plain"}},
        "sources": ["en"],
        "targets": ["de", "fr"],
        "sharpness": {"radii": [0.1, 0.2]},
        "resamples": 200,
    }
    return Wu2022.model_validate({**chosen, **changes})


def evidence(
    encoders: tuple[str, ...] = ("mbert", "xlmr"),
    curves: Change = unchanged,
    shapes: Change = unchanged,
    surfaces: Change = unchanged,
    directions: Change = unchanged,
    steps: Change = unchanged,
    **changes: Any,
) -> Evidence:
    return Evidence(
        curve_rows(encoders, curves),
        shape_rows(encoders, shapes),
        surface_rows(encoders, surfaces),
        direction_rows(encoders, directions),
        step_rows(encoders, steps),
        {"pos": "accuracy", "ner": "accuracy"},
        settings(encoders, **changes),
    )


def row_of(found: pd.DataFrame, slug: str, encoder: str, quantity: str = "") -> Any:
    """The one row of a claim; `quantity` is the beginning of its quantity."""
    chosen = found[(found["claim"] == slug) & (found["encoder"] == encoder)]
    chosen = chosen[chosen["quantity"].str.startswith(quantity)]
    assert len(chosen) == 1
    return chosen.iloc[0]


def at(alpha: float, value: float, start: str, part: str = "all") -> Change:
    """Performance of the start's own language at one alpha."""

    def change(row: dict[str, Any]) -> Mapping[str, Any]:
        here = row["alpha"] == alpha and row["start"] == row["side"] == start
        return {"performance": value} if here and row["part"] == part else {}

    return change


def near_bounds(holds: bool) -> Evidence:
    """Every quantity a little inside its bound, or a little outside."""
    beside = -1 if holds else 1

    def performance(row: dict[str, Any]) -> float:
        if row["start"] == row["side"]:
            return 0.95 - 0.001 * beside if row["alpha"] == 0.5 else 1.0
        zero = 0.7 if row["encoder"] == "mbert" else 0.7 - 0.001 * beside
        return zero if row["alpha"] == 0 else float(row["performance"])

    def curves(row: dict[str, Any]) -> Mapping[str, Any]:
        inside = 0 <= row["alpha"] <= 1
        far = (0.05 + 0.001 * beside if inside else 0.9) if row["part"] == "encoder" else 0.0
        found: dict[str, Any] = {"performance": performance(row) - far}
        if row["start"] == row["side"] == "source":
            half = 0 <= row["alpha"] <= 0.5
            found["normalised_variance"] = 0.05 + 0.001 * beside if half else 9.0
        return found

    def shapes(line: dict[str, Any]) -> Mapping[str, Any]:
        if line["part"] == "head":
            return {"gain": 3 + 0.01 * beside}
        if line["start"] != "source" or line["side"] != "target" or line["part"] != "all":
            return {}
        if line["encoder"] == "mbert":
            dips = {"dip_start": 0.5 - 0.001 * beside, "dip_end": 0.5 - 0.001 * beside}
            bent = {"fall": 2 + 0.01 * beside, "linearity": 0.9 - 0.001 * beside}
            return {**dips, **bent, "roughness": 2 + 0.01 * beside, "gain": 30.0}
        dips = {"dip_start": 0.5 + 0.001 * beside, "dip_end": 0.5 + 0.001 * beside}
        bent = {"fall": 2 + 0.01 * beside, "linearity": 0.9 - 0.001 * beside}
        rough = {"roughness": 2 + 0.02 * beside, "slope": 30 + 0.01 * beside}
        return {**dips, **bent, **rough, "gain": 30.0}

    def surfaces(line: dict[str, Any]) -> Mapping[str, Any]:
        if line["part"] != "all":
            return {}
        if line["side"] == "source":
            return {"at_first": 0.1 + 0.0001 * beside}
        found = {"at_first": 0.1 - 0.0001 * beside}
        if line["encoder"] == "mbert":
            return found
        flat = {"inner_gradient": 0.4 + 0.001 * beside, "gradient": 0.5 + 0.001 * beside}
        return {**found, **flat, "high": 0.4 - 0.001 * beside}

    def steps(row: dict[str, Any]) -> Mapping[str, Any]:
        moved = row["radius"] > 0 and row["language"] != "en"
        return {"value": 72 + 0.1 * beside} if moved else {}

    def directions(row: dict[str, Any]) -> Mapping[str, Any]:
        return {"ratio": 1.1 + 0.001 * beside, "angle": 65 + 0.1 * beside}

    return evidence(("mbert", "xlmr"), curves, shapes, surfaces, directions, steps)
