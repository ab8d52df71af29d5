"""What the text of Wu et al. 2022 says, claim by claim, held against a run.

Every claim is a number with an interval and a criterion. The paper gives few numbers, so the
bounds are ours; each stands below with its reason. Where a claim is about Figure 2 there is a row
for each of its panels (an encoder and a source language), otherwise one for each encoder.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.config.landscapes import Wu2022
from isogloss.papers.wu2022.curves import UNIT, excess_losses, relative
from isogloss.statistics.paths import ratio_interval
from isogloss.statistics.ranking import Interval, interval

YES, NO, ABSENT = "yes", "no", "not in this run"
COLUMNS = ["claim", "says", "where", "encoder", "source", "quantity"]
COLUMNS += ["value", "low", "high", "n", "criterion", "holds"]

# Lowest share of the bilingual score that still counts as staying where it was: a curve within 5
# percent of 1 looks level on the axis of Figure 2.
STAYS = 0.95
# Falls (share of the bilingual score) that a figure with an axis from 0 to 1 hardly shows.
SMOOTH = 0.02
# Jitter of the same size; a jump of 0.2 from one alpha to the next makes it 0.03.
ROUGH = 0.02
# R squared of a step in the middle is 0.75 and of a curve that is level for its first half 0.80.
LINEAR = 0.9
# Depth of a local drop, as a share of the bilingual score: half a point of a score near 100.
DIP = 0.005
# Curves that lie on average as near to each other as a curve that stays does to 1.
SIMILAR = 0.05
# Share of the whole gain below which an effect is negligible.
NEGLIGIBLE = 0.1
# Norms within 10 percent need no normalisation in a figure whose axes they scale.
NEARLY_ONE = 0.1
# Footnote 3 and Appendix B; "around", so its mean may be 10 degrees off, however narrow the
# interval is.
ANGLE, ANGLE_OFF = 55.0, 10.0
# Change of the score, as a share of the bilingual one, over the whole way from the bilingual to
# the monolingual model, that still looks flat in Figure 3.
FLAT = 0.1
# Monolingual half of a line between its two models (Appendix C).
MONOLINGUAL = (0.0, 0.5)
# The curve that most of the text is about: from the source's model, scored on the target.
TRANSFER = {"part": "all", "start": "source", "side": "target"}


class Evidence(NamedTuple):
    """What claims are held against.

    curves : result of `curves.normalise`
    described : result of `curves.described`
    flatness : result of `curves.flatness`, or None
    directions, sharpness : tables of these kinds, or None
    metrics : the metric of each configured task
    settings : of the configuration
    """

    curves: pd.DataFrame
    described: pd.DataFrame
    flatness: pd.DataFrame | None
    directions: pd.DataFrame | None
    sharpness: pd.DataFrame | None
    metrics: Mapping[str, str]
    settings: Wu2022


class Claim(NamedTuple):
    """A short name, what it says, and where the paper says it."""

    slug: str
    says: str
    where: str


class Criterion(NamedTuple):
    """When a claim holds, in words and as a function of the mean and its interval."""

    text: str
    met: Callable[[Interval], bool]


class _Row(NamedTuple):
    claim: Claim
    encoder: str
    source: str
    quantity: str
    found: Interval
    criterion: Criterion


def claims(evidence: Evidence) -> pd.DataFrame:
    """All claims with what a run has to say about them.

    Returns
    -------
    DataFrame
        columns `COLUMNS`; value, low and high (bootstrap over pairs and tasks, in sharpness over
        runs; 95 percent), n of them, and holds: yes, no, or not in this run, where a claim's
        inputs are missing or its quantity has no value. One unit has no interval: its value is
        judged alone, and the criterion says so.
    """
    shapes = relative(evidence.described, evidence.curves)
    rows = [
        *_panels(evidence, shapes),
        *_compared(evidence, shapes),
        *_geometry(evidence),
        *_surfaces(evidence),
        *_steps(evidence),
    ]
    return pd.DataFrame([_written(row) for row in rows], columns=COLUMNS)


def above(bound: float) -> Criterion:
    """The lower end of the interval is above a bound."""
    return Criterion(f"lower end above {bound:g}", lambda found: found.low > bound)


def below(bound: float) -> Criterion:
    """The upper end of the interval is below a bound."""
    return Criterion(f"upper end below {bound:g}", lambda found: found.high < bound)


def within(low: float, high: float) -> Criterion:
    """The whole interval is between two bounds."""
    return Criterion(
        f"interval within {low:g} to {high:g}",
        lambda found: found.low > low and found.high < high,
    )


def near(value: float, distance: float) -> Criterion:
    """The mean is near a value, whatever the interval."""
    return Criterion(
        f"mean within {distance:g} of {value:g}",
        lambda found: abs(found.mean - value) <= distance,
    )


def _written(row: _Row) -> tuple[object, ...]:
    found, text = row.found, row.criterion.text
    if math.isnan(found.mean):
        holds = ABSENT
    else:
        if found.n == 1:
            text = f"{text} (one unit: its value alone)"
            found = found._replace(low=found.mean, high=found.mean)
        holds = YES if row.criterion.met(found) else NO
    claim = (row.claim.slug, row.claim.says, row.claim.where)
    return (*claim, row.encoder, row.source, row.quantity, *row.found, text, holds)


def _units(frame: pd.DataFrame, value: str, **only: str) -> pd.Series:
    """Values by source, target and task of the rows with these entries; means of several."""
    chosen = np.full(len(frame), True)
    for name, wanted in only.items():
        chosen &= (frame[name] == wanted).to_numpy(dtype=bool)
    return frame.loc[chosen, [*UNIT, value]].groupby(UNIT, sort=True)[value].mean()


def _mean(values: pd.Series, settings: Wu2022) -> Interval:
    return interval(values.to_numpy(dtype=float), settings.resamples, settings.statistics_seed)


def _ratio(top: pd.Series, bottom: pd.Series, settings: Wu2022) -> Interval:
    both = pd.concat([top, bottom], axis=1, join="inner").to_numpy(dtype=float)
    draws = (settings.resamples, settings.statistics_seed)
    return Interval(*ratio_interval(both[:, 0], both[:, 1], *draws))


def _between(curves: pd.DataFrame, low: float, high: float) -> pd.DataFrame:
    return curves[curves["alpha"].between(low, high)]


def _panels(evidence: Evidence, shapes: pd.DataFrame) -> Iterator[_Row]:
    """Claims on the curves of each encoder and source."""
    settings = evidence.settings
    for place, encoder in enumerate(settings.encoders):
        for source in settings.sources:
            curves, shape = (
                frame[(frame["encoder"] == encoder) & (frame["source"] == source)]
                for frame in (evidence.curves, shapes)
            )
            found = [*_levels(curves, shape), *_rises(shape), *_dips(shape, place)]
            for claim, quantity, values, criterion in found:
                yield _Row(claim, encoder, source, quantity, _mean(values, settings), criterion)
            for claim, quantity, top, bottom, criterion in _ratios(curves, shape):
                ratio = _ratio(top, bottom, settings)
                yield _Row(claim, encoder, source, quantity, ratio, criterion)
    if len(settings.encoders) == 1:
        for claim, quantity, values, criterion in _dips(shapes.iloc[:0], 1):
            yield _Row(claim, "-", "-", quantity, _mean(values, settings), criterion)


_Found = tuple[Claim, str, pd.Series, Criterion]


def _levels(curves: pd.DataFrame, shape: pd.DataFrame) -> Iterator[_Found]:
    """The language of the monolingual model stays, from both ends; parts of the model."""
    figure = "Section 5, Figure 2"
    inner = _between(curves, 0, 1)
    lines = [*UNIT, "part", "start", "side"]
    lowest = inner.groupby(lines)["performance"].min().reset_index()
    for start, other, equation in (("source", "target", "1"), ("target", "source", "2")):
        stays = Claim(
            f"{start}-stays",
            f"Between the {start}'s model and the bilingual one the {start} language is solved "
            "equally well",
            f"{figure}, Equation {equation}",
        )
        values = _units(lowest, "performance", part="all", start=start, side=start)
        yield stays, "lowest share of the bilingual score on [0, 1]", values, above(STAYS)
        rises = Claim(
            f"{other}-rises",
            f"Towards the bilingual model the {other} language improves on the zero-shot score "
            f"of the {start}'s model",
            f"{figure}, Equation {equation}",
        )
        values = _units(shape, "gain", part="all", start=start, side=other)
        yield rises, "gain as a share of the bilingual score", values, above(0)
    similar = Claim("encoder-only", "Mixing the encoder alone does much the same", "Footnote 2")
    points = [*UNIT, "start", "side", "alpha"]
    parts = inner.pivot(index=points, columns="part", values="performance")
    parts = parts.reindex(columns=["all", "encoder"])
    distance = (parts["encoder"] - parts["all"]).abs().rename("distance").reset_index()
    values = _units(distance, "distance")
    yield similar, "mean distance to the curves of all weights", values, below(SIMILAR)


def _rises(shape: pd.DataFrame) -> Iterator[_Found]:
    """How the target rises on the line from the source's model."""
    where = "Section 5, Figure 2"
    smooth = Claim("smooth", "The target's score rises without falls or jumps", where)
    linear = Claim("linear", "The target's score rises along a straight line", where)
    for claim, quantity, name, criterion in (
        (smooth, "largest fall as a share of the bilingual score", "fall", below(SMOOTH)),
        (smooth, "roughness as a share of the bilingual score", "roughness", below(ROUGH)),
        (linear, "R squared of the line", "linearity", above(LINEAR)),
    ):
        yield claim, quantity, _units(shape, name, **TRANSFER), criterion


def _dips(shape: pd.DataFrame, place: int) -> Iterator[_Found]:
    """Local drops, which the paper sees with its first encoder but not with the second."""
    says = {
        0: ("dips", "With the first encoder the target's score drops a little near both ends"),
        1: ("no-dips", "With the second encoder the target's score does not drop near the ends"),
    }
    if place not in says:
        return
    claim = Claim(*says[place], "Section 5")
    criterion = above(DIP) if place == 0 else below(DIP)
    for name, part in (("dip_start", "0 and 0.2"), ("dip_end", "0.8 and 1")):
        quantity = f"depth below the line between {part} as a share of the bilingual score"
        yield claim, quantity, _units(shape, name, **TRANSFER), criterion


def _ratios(
    curves: pd.DataFrame, shape: pd.DataFrame
) -> Iterator[tuple[Claim, str, pd.Series, pd.Series, Criterion]]:
    """Claims on one quantity as a share of another."""
    head, whole = (_units(shape, "gain", **{**TRANSFER, "part": part}) for part in ("head", "all"))
    claim = Claim("head-only", "Mixing the task's head alone changes next to nothing", "Footnote 2")
    share = "gain of the target as a share of that of all weights"
    yield claim, share, head, whole, within(-NEGLIGIBLE, NEGLIGIBLE)
    half = _between(curves, *MONOLINGUAL)
    own, other = (
        _units(half, "normalised_variance", **{**TRANSFER, "side": side})
        for side in ("source", "target")
    )
    lower = Claim(
        "variance",
        "On the monolingual side seeds differ much less on the source than on the target",
        "Section 5 (footnote 6), Figure 5",
    )
    quantity = "variance of the source over that of the target, normalised, alpha 0 to 0.5"
    yield lower, quantity, own, other, below(1)


def _compared(evidence: Evidence, shapes: pd.DataFrame) -> Iterator[_Row]:
    """Second encoder less the first, over pairs and tasks that both have."""
    settings = evidence.settings
    first, second = _encoders(settings)
    zero = evidence.curves[evidence.curves["alpha"] == 0]
    claims = [
        (
            Claim("flatter-slope", "The second encoder's target rises less steeply", "Section 5"),
            ("slope, share of the bilingual score", shapes, "slope", below(0)),
        ),
        (
            Claim("smoother", "The second encoder's curves are smoother", "Section 5"),
            ("roughness, share of the bilingual score", shapes, "roughness", below(0)),
        ),
        (
            Claim(
                "zero-shot", "The second encoder transfers better without target data", "Section 5"
            ),
            ("zero-shot score in points", zero, "mean", above(0)),
        ),
    ]
    for claim, (quantity, frame, value, criterion) in claims:
        for source in settings.sources if second != "-" else ["-"]:
            both = [
                _units(frame, value, encoder=encoder, source=source, **TRANSFER)
                for encoder in (first, second)
            ]
            found = _mean(both[1] - both[0], settings)
            yield _Row(claim, second, source, f"{quantity}, less that of {first}", found, criterion)


def _encoders(settings: Wu2022) -> tuple[str, str]:
    """The two encoders that are compared; the second is "-" where there is one only."""
    return settings.encoders[0], (*settings.encoders, "-")[1]


def _geometry(evidence: Evidence) -> Iterator[_Row]:
    """Norms and angle of the directions to the monolingual models, means over seeds."""
    columns = [*UNIT, "encoder", "level", "ratio", "angle"]
    table = evidence.directions
    frame = pd.DataFrame(columns=columns) if table is None else table
    frame = frame.assign(larger=frame["ratio"].where(frame["ratio"] >= 1, 1 / frame["ratio"]))
    norms = Claim(
        "equal-norms",
        "The ways to the source's and to the target's model are about equally long",
        "Footnote 3, Figure 4",
    )
    angle = Claim("angle", "The two ways span an angle of about 55 degrees", "Footnote 3, Figure 4")
    claims = (
        (norms, "source's norm over target's", "ratio", within(1 - NEARLY_ONE, 1 + NEARLY_ONE)),
        (norms, "larger norm over smaller", "larger", below(1 + NEARLY_ONE)),
        (angle, "angle in degrees", "angle", near(ANGLE, ANGLE_OFF)),
    )
    for encoder in evidence.settings.encoders:
        for claim, quantity, value, criterion in claims:
            units = _units(frame, value, encoder=encoder, level="all")
            found = _mean(units, evidence.settings)
            yield _Row(claim, encoder, "-", quantity, found, criterion)


def _surfaces(evidence: Evidence) -> Iterator[_Row]:
    """Planes: the second encoder's is flatter; where the zero-shot model lies."""
    settings = evidence.settings
    table, where = evidence.flatness, "Section 5, Figures 3 and 10"
    columns = [*UNIT, "encoder", "part", "side", "quantity", "value"]
    frame = pd.DataFrame(columns=columns) if table is None else table

    def units(encoder: str, side: str, quantity: str) -> pd.Series:
        only = {"part": "all", "side": side, "quantity": quantity, "encoder": encoder}
        return _units(frame, "value", **only)

    first, second = _encoders(settings)
    flatter = Claim("flatter-surface", "The second encoder's target surface is flatter", where)
    for name, quantity, criterion in (
        ("inner_gradient", "mean gradient on [0, 1] x [0, 1]", below(0)),
        ("gradient", "mean gradient on the whole grid", below(0)),
        ("high", "share of points at 0.95 or more of the bilingual score", above(0)),
    ):
        difference = units(second, "target", name) - units(first, "target", name)
        text = f"{quantity}, less that of {first}"
        yield _Row(flatter, second, "-", text, _mean(difference, settings), criterion)
    steep = Claim("not-flat", "The zero-shot model lies where the target's surface is steep", where)
    level = Claim("flat", "The zero-shot model lies where the source's surface is flat", where)
    for encoder in settings.encoders:
        on = {side: units(encoder, side, "at_first") for side in ("source", "target")}
        for claim, quantity, values, criterion in (
            (steep, "target's gradient at the source's model", on["target"], above(FLAT)),
            (level, "source's gradient at the source's model", on["source"], below(FLAT)),
            (steep, "target's gradient less source's", on["target"] - on["source"], above(0)),
        ):
            yield _Row(claim, encoder, "-", quantity, _mean(values, settings), criterion)


def _steps(evidence: Evidence) -> Iterator[_Row]:
    """Random steps from the source's model cost the target more, run by run."""
    settings = evidence.settings
    claim = Claim(
        "random-steps",
        "A small random change of the source's model costs the target more than the source",
        "Sections 1 and 5",
    )
    table = evidence.sharpness
    losses = None if table is None else excess_losses(table, evidence.metrics)
    radii = settings.sharpness.radii if settings.sharpness else []
    for encoder in settings.encoders:
        for radius in radii or [math.nan]:
            at = "" if math.isnan(radius) else f" after a step of {radius:g}"
            quantity = f"relative loss{at}, target less source, over runs"
            values = pd.Series(dtype=float)
            if losses is not None:
                chosen = (losses["encoder"] == encoder) & (losses["radius"] == radius)
                values = losses.loc[chosen, "excess"]
            yield _Row(claim, encoder, "-", quantity, _mean(values, settings), above(0))
