"""The metrics of the emulated account: one store per region, kept in memory by the second.

Statistics: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

# 24 bytes each, so 1.5 MB a metric at most. A request to the API adds new values to eight metrics.
_MAX_SAMPLES = 1 << 16
# Dropping moves all samples that stay, so an eighth goes at once.
_PARTS = 8
# How many records wait to be sorted in while nobody reads: equal samples are then counted first.
_WAITING = 1000
# How many samples of the same second are searched for one of the same value.
_LOOK_BACK = 8
_PERCENTILE = re.compile(r"p(100|\d{1,2}(?:\.\d{1,10})?)")

# Values and how many samples there are of each.
_Values = Sequence[tuple[float, float]]


def _sample_count(values: _Values) -> float:
    return math.fsum(count for _, count in values)


def _sum(values: _Values) -> float:
    return math.fsum(value * count for value, count in values)


_STATISTICS: dict[str, Callable[[_Values], float]] = {
    "SampleCount": _sample_count,
    "Sum": _sum,
    "Average": lambda values: _sum(values) / _sample_count(values),
    "Minimum": lambda values: min(value for value, _ in values),
    "Maximum": lambda values: max(value for value, _ in values),
}


def is_statistic(name: str) -> bool:
    """Return whether the emulator calculates a statistic, such as Sum or p99.9."""
    return name in _STATISTICS or _PERCENTILE.fullmatch(name) is not None


def _calculate(name: str, values: _Values) -> float:
    if plain := _STATISTICS.get(name):
        return plain(values)
    return _percentile(float(name[1:]) / 100, sorted(values))


def _percentile(share: float, ranked: _Values) -> float:
    """Interpolate linearly between the closest ranks, as numpy does by default."""
    rank = share * (_sample_count(ranked) - 1)
    below, above = _value_at(ranked, math.floor(rank)), _value_at(ranked, math.floor(rank) + 1)
    return below + (above - below) * (rank - math.floor(rank))


def _value_at(ranked: _Values, rank: float) -> float:
    passed = 0.0
    for value, count in ranked:
        passed += count
        if rank < passed:
            return value
    return ranked[-1][0]


class MetricId(NamedTuple):
    """A metric's identity: its dimensions are sorted by name, all of them count."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, /, **dimensions: str) -> MetricId:
        """Return the metric with these dimensions, in any order."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


class MetricStore:
    """All metrics of a region; safe to use from many threads.

    A metric has at most `max_samples` samples; beyond that the oldest go.
    """

    def __init__(self, *, max_samples: int = _MAX_SAMPLES) -> None:
        self._lock = threading.Lock()
        self._max_samples = max_samples
        self._samples: dict[MetricId, _Samples] = {}
        self._waiting: deque[tuple[int, Sequence[tuple[MetricId, float]]]] = deque()

    def record(self, values: Sequence[tuple[MetricId, float]], *, at: float) -> None:
        """Add a sample of each metric at `at` (epoch seconds, kept as a whole second)."""
        self._waiting.append((int(at // 1), values))
        if len(self._waiting) >= _WAITING:
            with self._lock:
                self._sort_in()

    def points(
        self, metric: MetricId, name: str, start: int, end: int, period: int
    ) -> dict[int, float]:
        """Return a statistic of every period that begins in [start, end) and has samples.

        `name` is one that `is_statistic` knows. Periods are counted from `start`, in seconds, and
        keyed by their first second; the last one ends at `end` at the latest. The cost grows with
        the samples in the window only.
        """
        found: dict[int, list[tuple[float, float]]] = {}
        with self._lock:
            self._sort_in()
            samples = self._samples.get(metric)
            second = samples.next(start) if samples else None
            while samples and second is not None and second < end:
                begin = start + (second - start) // period * period
                found[begin] = samples.values_in(begin, min(begin + period, end))
                second = samples.next(begin + period)
        return {begin: _calculate(name, values) for begin, values in found.items()}

    def _sort_in(self) -> None:
        counts: Counter[tuple[MetricId, int, float]] = Counter()
        with suppress(IndexError):
            while True:
                second, values = self._waiting.popleft()
                for metric, value in values:
                    counts[metric, second, value] += 1
        for (metric, second, value), count in counts.items():
            samples = self._samples.get(metric)
            if samples is None:
                samples = self._samples[metric] = _Samples(self._max_samples)
            samples.add(second, value, count)


class _Samples:
    """The samples of one metric in order of time: seconds, values and their counts."""

    def __init__(self, max_samples: int) -> None:
        self._max_samples = max_samples
        self._seconds: array[int] = array("q")
        self._values: array[float] = array("d")
        self._counts: array[float] = array("d")

    def __len__(self) -> int:
        return len(self._seconds)

    def add(self, second: int, value: float, count: int) -> None:
        seconds = self._seconds
        is_newest = not seconds or seconds[-1] <= second  # nearly always
        at = len(seconds) if is_newest else bisect_right(seconds, second)
        for index in range(at - 1, max(at - 1 - _LOOK_BACK, -1), -1):
            if self._seconds[index] != second:
                break
            if self._values[index] == value:
                self._counts[index] += count
                return
        self._seconds.insert(at, second)
        self._values.insert(at, value)
        self._counts.insert(at, count)
        if len(self._seconds) > self._max_samples:
            for samples in (self._seconds, self._values, self._counts):
                del samples[: self._max_samples // _PARTS]

    def next(self, at: int) -> int | None:
        """Return the first second with a sample from `at` on."""
        index = bisect_left(self._seconds, at)
        return self._seconds[index] if index < len(self._seconds) else None

    def values_in(self, start: float, end: float) -> list[tuple[float, float]]:
        first, last = bisect_left(self._seconds, start), bisect_left(self._seconds, end)
        return list(zip(self._values[first:last], self._counts[first:last], strict=True))


_lock = threading.Lock()
stores: dict[str, MetricStore] = {}


def of(region: str) -> MetricStore:
    """Return the store of a region."""
    with _lock:
        if region not in stores:
            stores[region] = MetricStore()
        return stores[region]
