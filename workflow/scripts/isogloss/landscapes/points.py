"""Points between the runs of a pair: which shares of whose weights they are made of."""

from typing import Literal, NamedTuple

from isogloss.config.landscapes import Part

Start = Literal["source", "target"]
# Shares of the source's model, the target's and the bilingual one; they sum to 1.
Shares = tuple[float, ...]
SOURCE: Shares = (1.0, 0.0, 0.0)
TARGET: Shares = (0.0, 1.0, 0.0)
BILINGUAL: Shares = (0.0, 0.0, 1.0)


class Point(NamedTuple):
    """Shares of each run's weights, of the encoder and of the head."""

    encoder: Shares
    head: Shares


def line_point(part: Part, start: Start, alpha: float) -> Point:
    """A point between a monolingual model (alpha 0) and the bilingual one (alpha 1).

    Equations 1 and 2 of Wu et al. 2022. Where only a part is interpolated, the rest stays that of
    the monolingual model (footnote 2 does not say).
    """
    own = 1.0 - alpha
    mixed = (own, 0.0, alpha) if start == "source" else (0.0, own, alpha)
    return _of_part(part, mixed, SOURCE if start == "source" else TARGET)


def plane_point(part: Part, alpha_source: float, alpha_target: float) -> Point:
    """A point in the plane of the three models; the bilingual one is at (0, 0).

    Equation 3 of Wu et al. 2022, as shares. The rest stays that of the bilingual model.
    """
    mixed = (alpha_source, alpha_target, 1.0 - alpha_source - alpha_target)
    return _of_part(part, mixed, BILINGUAL)


def _of_part(part: Part, mixed: Shares, rest: Shares) -> Point:
    return Point(rest if part == "head" else mixed, rest if part == "encoder" else mixed)
