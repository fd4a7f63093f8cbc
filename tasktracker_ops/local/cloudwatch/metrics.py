"""The metrics of the embedded account: one store per region, kept in memory by the second.

One window of any place and length (a list of queries with metric math: `queries.evaluate`):
`of(region).statistic(Metric.of("AWS/Lambda", "Errors", FunctionName="f"), "Sum", start, end)`.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from tasktracker_ops.local.cloudwatch import statistics
from tasktracker_ops.local.cloudwatch.statistics import StatisticSet, Window

# 24 bytes each: 6 MB a metric at most.
MAX_SAMPLES = 1 << 18
_MAX_SETS = 1 << 14
# Thinned an eighth at a time, which takes some 50 ms.
_PARTS = 8
# How many samples of the same second are looked at for one of the same value.
_LOOK_BACK = 8
_SECOND = itemgetter(0)


@dataclass(frozen=True)
class Metric:
    """A metric's identity: its dimensions are sorted by name, all of them count."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, /, **dimensions: str) -> Metric:
        """Return the metric with these dimensions, in whatever order they come."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


class Metrics:
    """All metrics of a region; safe to use from many threads.

    Of each metric and unit there are at most `max_samples`, then old ones are thinned.
    """

    def __init__(self, *, max_samples: int = MAX_SAMPLES) -> None:
        self._lock = threading.Lock()
        self._max_samples = max_samples
        self._series: dict[Metric, dict[str, _Series]] = {}

    def record(
        self, metric: Metric, value: float, *, at: float, unit: str, count: float = 1
    ) -> None:
        """Add `count` samples of `value` at `at` (epoch seconds, kept as a whole second)."""
        with self._lock:
            self._of(metric, unit).add(int(at // 1), value, count)

    def record_set(self, metric: Metric, values: StatisticSet, *, at: float, unit: str) -> None:
        """Add a set of samples of which only sum, count, minimum and maximum are known."""
        if values.minimum == values.maximum or values.count == 1:
            self.record(metric, values.total / values.count, at=at, unit=unit, count=values.count)
            return
        with self._lock:
            self._of(metric, unit).add_set(int(at // 1), values)

    def statistic(
        self, metric: Metric, stat: str, start: float, end: float, *, unit: str | None = None
    ) -> float | None:
        """Return a statistic of the samples in [start, end), in whole seconds since the epoch.

        None where there is no sample, or where only statistic sets are known of what a percentile
        would need. Without `unit` samples of every unit count. `stat` is one of Sum, Average,
        Minimum, Maximum, SampleCount or an extended statistic such as p95, tm99 or PR(:300);
        raises UnknownStatistic for others. The cost grows with the samples in the window only.
        """
        calculate = statistics.parse(stat)
        window = self._window(metric, start, end, unit)
        return None if window.empty else calculate(window)

    def points(
        self,
        metric: Metric,
        stat: str,
        start: int,
        end: int,
        period: int,
        *,
        unit: str | None = None,
    ) -> dict[int, float]:
        """Return a statistic of every period that begins in [start, end) and has one.

        The periods are counted from `start`, in seconds, and known by their first second; the last
        one ends at `end` at the latest. Raises UnknownStatistic.
        """
        statistics.parse(stat)
        found: dict[int, float] = {}
        at = start
        while (second := self._next(metric, at, unit)) is not None and second < end:
            begin = start + (second - start) // period * period
            at = begin + period
            value = self.statistic(metric, stat, begin, min(at, end), unit=unit)
            if value is not None:
                found[begin] = value
        return found

    def metrics(self) -> list[Metric]:
        """Return every metric known, in the order in which they came up."""
        with self._lock:
            return list(self._series)

    def units(self, metric: Metric, start: float, end: float) -> list[str]:
        """Return the units of which there are samples in [start, end)."""
        with self._lock:
            series = self._series.get(metric, {})
            return [unit for unit, held in series.items() if not held.window(start, end).empty]

    def latest(self, metric: Metric) -> float:
        """Return the second of the newest sample."""
        with self._lock:
            return max(series.latest for series in self._series[metric].values())

    def _of(self, metric: Metric, unit: str) -> _Series:
        units = self._series.setdefault(metric, {})
        if unit not in units:
            units[unit] = _Series(self._max_samples)
        return units[unit]

    def _next(self, metric: Metric, at: int, unit: str | None) -> int | None:
        with self._lock:
            units = self._series.get(metric, {})
            chosen = [series for name, series in units.items() if unit in (None, name)]
            seconds = [series.next(at) for series in chosen]
        return min((second for second in seconds if second is not None), default=None)

    def _window(self, metric: Metric, start: float, end: float, unit: str | None) -> Window:
        window = Window()
        with self._lock:
            for name, series in self._series.get(metric, {}).items():
                if unit in (None, name):
                    window += series.window(start, end)
        return window


class _Series:
    """Samples of one metric and unit in order of time: seconds, values and their counts."""

    def __init__(self, max_samples: int) -> None:
        self._max_samples = max_samples
        self.seconds: array[int] = array("q")
        self.values: array[float] = array("d")
        self.counts: array[float] = array("d")
        self.sets: list[tuple[int, StatisticSet]] = []

    @property
    def latest(self) -> int:
        return max([*self.seconds[-1:], *(second for second, _ in self.sets[-1:])])

    def add(self, second: int, value: float, count: float) -> None:
        at = bisect_right(self.seconds, second)
        for index in range(at - 1, max(at - 1 - _LOOK_BACK, -1), -1):
            if self.seconds[index] != second:
                break
            if self.values[index] == value:
                self.counts[index] += count
                return
        self.seconds.insert(at, second)
        self.values.insert(at, value)
        self.counts.insert(at, count)
        if len(self.seconds) > self._max_samples:
            self._thin()

    def add_set(self, second: int, values: StatisticSet) -> None:
        insort(self.sets, (second, values), key=_SECOND)
        del self.sets[:-_MAX_SETS]

    def next(self, at: int) -> int | None:
        """Return the first second with a sample from `at` on."""
        first, first_set = bisect_left(self.seconds, at), bisect_left(self.sets, at, key=_SECOND)
        seconds = [
            *self.seconds[first : first + 1],
            *map(_SECOND, self.sets[first_set : first_set + 1]),
        ]
        return min(seconds, default=None)

    def window(self, start: float, end: float) -> Window:
        first, last = bisect_left(self.seconds, start), bisect_left(self.seconds, end)
        from_set = bisect_left(self.sets, start, key=_SECOND)
        to_set = bisect_left(self.sets, end, key=_SECOND)
        sets = [values for _, values in self.sets[from_set:to_set]]
        return Window(self.values[first:last], self.counts[first:last], sets)

    def _thin(self) -> None:
        """Halve the oldest samples: in each minute neighbouring values become their mean.

        The five plain statistics of a minute stay what they were.
        """
        part = len(self.seconds) // _PARTS
        oldest = zip(self.seconds[:part], self.values[:part], self.counts[:part], strict=True)
        kept: list[tuple[int, float, float]] = []
        for _, minute in groupby(oldest, key=lambda sample: sample[0] // 60):
            samples = sorted(minute, key=itemgetter(1))
            kept += _paired(samples[:1]) + _paired(samples[1:-1]) + _paired(samples[1:][-1:])
        kept.sort()
        # Minutes with hardly a value left to spare: the oldest of them go.
        del kept[: max(len(kept) - part * 3 // 4, 0)]
        seconds, values, counts = zip(*kept, strict=True)
        self.seconds[:part] = array("q", seconds)
        self.values[:part] = array("d", values)
        self.counts[:part] = array("d", counts)


def _paired(samples: list[tuple[int, float, float]]) -> list[tuple[int, float, float]]:
    pairs = [samples[index : index + 2] for index in range(0, len(samples), 2)]
    return [_merged(pair) for pair in pairs]


def _merged(samples: list[tuple[int, float, float]]) -> tuple[int, float, float]:
    count = sum(sample[2] for sample in samples)
    total = sum(sample[1] * sample[2] for sample in samples)
    return min(sample[0] for sample in samples), total / count, count


_lock = threading.Lock()
_stores: dict[str, Metrics] = {}


def of(region: str) -> Metrics:
    """Return the store of a region."""
    with _lock:
        return _stores.setdefault(region, Metrics())
