"""CloudWatch's statistics over the samples of a window.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial

_NUMBER = r"\d+(?:\.\d{1,10})?"
_PERCENTILE = re.compile(rf"(p|tm|tc|ts|wm)({_NUMBER})", re.I)
_RANGE = re.compile(rf"(TM|TC|TS|WM)\(({_NUMBER}%)?:({_NUMBER}%)?\)", re.I)
_VALUES = re.compile(r"(TM|TC|TS|WM|PR)\((-?[\d.]+)?:(-?[\d.]+)?\)", re.I)


class UnknownStatistic(ValueError):
    """CloudWatch has no such statistic."""


@dataclass(frozen=True)
class StatisticSet:
    """What PutMetricData's StatisticValues say about some samples."""

    count: float
    total: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Window:
    """The samples of a stretch of time: values with their counts, and sets of unknown values."""

    values: array[float] = field(default_factory=lambda: array("d"))
    counts: array[float] = field(default_factory=lambda: array("d"))
    sets: list[StatisticSet] = field(default_factory=list)

    def __add__(self, other: Window) -> Window:
        return Window(
            self.values + other.values, self.counts + other.counts, self.sets + other.sets
        )

    @property
    def empty(self) -> bool:
        """Whether there is no sample."""
        return not self.values and not self.sets

    @property
    def opaque(self) -> bool:
        """Whether it has no percentiles: a value is not known, or is negative."""
        return bool(self.sets) or min(self.values, default=0) < 0

    def ranked(self) -> list[tuple[float, float]]:
        """Return values and counts, the smallest first."""
        return sorted(zip(self.values, self.counts, strict=True))


Statistic = Callable[[Window], float | None]


@lru_cache(maxsize=256)
def parse(stat: str) -> Statistic:
    """Return what calculates the statistic of a window that is not empty.

    Percentiles interpolate linearly between the closest ranks, as numpy's default does. They and
    the trimmed ones are None, as documented, where a window has a set with different values in it
    or a negative value. Raises UnknownStatistic.
    """
    if plain := _PLAIN.get(stat):
        return plain
    if stat.upper() == "IQM":
        return partial(_trimmed, "tm", 0.25, 0.75)
    if (match := _PERCENTILE.fullmatch(stat)) and float(match[2]) <= 100:
        kind, share = match[1].lower(), float(match[2]) / 100
        return partial(_percentile, share) if kind == "p" else partial(_trimmed, kind, 0.0, share)
    if (match := _RANGE.fullmatch(stat)) and (match[2] or match[3]):
        low, high = float((match[2] or "0%")[:-1]), float((match[3] or "100%")[:-1])
        if low < high <= 100:
            return partial(_trimmed, match[1].lower(), low / 100, high / 100)
    if (match := _VALUES.fullmatch(stat)) and (match[2] or match[3]):
        low, high = float(match[2] or -math.inf), float(match[3] or math.inf)
        if low < high:
            return partial(_between, match[1].lower(), low, high)
    raise UnknownStatistic(stat)


def is_known(stat: str) -> bool:
    """Tell whether CloudWatch has a statistic."""
    try:
        parse(stat)
    except UnknownStatistic:
        return False
    return True


def _sum(window: Window) -> float:
    return math.fsum(
        [v * c for v, c in zip(window.values, window.counts, strict=True)]
        + [s.total for s in window.sets]
    )


def _count(window: Window) -> float:
    return sum(window.counts) + sum(s.count for s in window.sets)


_PLAIN: dict[str, Statistic] = {
    "Sum": _sum,
    "SampleCount": _count,
    "Average": lambda window: _sum(window) / _count(window),
    "Minimum": lambda window: min([*window.values, *(s.minimum for s in window.sets)]),
    "Maximum": lambda window: max([*window.values, *(s.maximum for s in window.sets)]),
}


def _percentile(share: float, window: Window) -> float | None:
    if window.opaque:
        return None
    ranked = window.ranked()
    rank = share * (sum(window.counts) - 1)
    below = _at(ranked, math.floor(rank))
    above = _at(ranked, math.floor(rank) + 1)
    return below + (above - below) * (rank - math.floor(rank))


def _at(ranked: list[tuple[float, float]], rank: float) -> float:
    seen = 0.0
    for value, count in ranked:
        seen += count
        if rank < seen:
            return value
    return ranked[-1][0]


def _trimmed(kind: str, low: float, high: float, window: Window) -> float | None:
    """Take the samples between two shares of their number, a part of a sample where it must be."""
    if window.opaque:
        return None
    ranked, number, seen = window.ranked(), sum(window.counts), 0.0
    kept = []
    for value, count in ranked:
        inside = min(seen + count, high * number) - max(seen, low * number)
        if inside > 0:
            kept.append((value, inside))
        seen += count
    return _summary(kind, kept, low * number, (1 - high) * number, number)


def _between(kind: str, low: float, high: float, window: Window) -> float | None:
    """Take the values in (low, high], as documented for ranges of values."""
    if window.opaque:
        return None
    ranked = window.ranked()
    kept = [(value, count) for value, count in ranked if low < value <= high]
    below = sum(count for value, count in ranked if value <= low)
    above = sum(count for value, count in ranked if value > high)
    return _summary(kind, kept, below, above, sum(window.counts))


def _summary(
    kind: str, kept: list[tuple[float, float]], below: float, above: float, number: float
) -> float | None:
    count, total = sum(c for _, c in kept), math.fsum(v * c for v, c in kept)
    match kind:
        case "tc":
            return count
        case "ts":
            return total
        case "pr":
            return 100 * count / number
    if not kept:
        return None
    if kind == "wm":
        total += kept[0][0] * below + kept[-1][0] * above
        count = number
    return total / count
