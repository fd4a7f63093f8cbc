"""Statistics of samples, and the store they are kept in."""

from __future__ import annotations

import math
import statistics as python_statistics
import threading
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktracker_ops.local.cloudwatch import metrics
from tasktracker_ops.local.cloudwatch.metrics import Metric, Metrics
from tasktracker_ops.local.cloudwatch.statistics import (
    StatisticSet,
    UnknownStatistic,
    Window,
    parse,
)

METRIC = Metric.of("Shop", "Latency", Stage="live", Api="a")
HUNDRED = Window(array("d", range(1, 101)), array("d", [1.0] * 100))
VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("SampleCount", 100),
        ("p0", 1),
        ("p50", 50.5),
        ("p95", 95.05),
        ("p99.9", 99.901),
        ("p100", 100),
        ("tm90", 45.5),
        ("TM(10%:90%)", 50.5),
        ("TM(80:90)", 85.5),
        ("tc90", 90),
        ("TC(80:90)", 10),
        ("TC(:10)", 10),
        ("TS(80%:)", 1810),
        ("ts90", 4095),
        ("wm90", (4095 + 10 * 90) / 100),
        ("WM(10%:90%)", (11 * 10 + sum(range(11, 91)) + 90 * 10) / 100),
        ("IQM", 50.5),
        ("PR(:30)", 30),
        ("PR(30:50)", 20),
        ("PR(90:)", 10),
    ],
)
def test_statistics(stat: str, expected: float) -> None:
    """Each statistic is what CloudWatch's definitions say of the numbers 1 to 100."""
    assert parse(stat)(HUNDRED) == pytest.approx(expected)


@pytest.mark.parametrize(
    "stat",
    [
        "",
        "sum",
        "Median",
        "p",
        "p101",
        "p-1",
        "95",
        "TM(90%:10%)",
        "TM(:)",
        "TM(1:2%)",
        "PR(1%:2%)",
    ],
)
def test_unknown_statistics(stat: str) -> None:
    """What CloudWatch has no definition of is refused."""
    with pytest.raises(UnknownStatistic):
        parse(stat)


@given(VALUES.filter(lambda values: len(values) > 1), st.integers(1, 99))
def test_percentiles_interpolate_as_numpy_does(values: list[float], share: int) -> None:
    """Percentiles lie linearly between the closest ranks; a count is that many values."""
    window = Window(array("d", values), array("d", [1.0] * len(values)))
    expected = python_statistics.quantiles(values, n=100, method="inclusive")[share - 1]
    assert parse(f"p{share}")(window) == pytest.approx(expected, abs=1e-6)
    tripled = Window(array("d", values), array("d", [3.0] * len(values)))
    expected = python_statistics.quantiles(values * 3, n=100, method="inclusive")[share - 1]
    assert parse(f"p{share}")(tripled) == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 3000), st.floats(0, 1e6), st.integers(1, 5))))
def test_periods_hold_all_that_was_recorded(samples: list[tuple[int, float, int]]) -> None:
    """The sums over aligned periods are the sum of what was recorded, and so are the counts."""
    store = Metrics()
    for at, value, count in samples:
        store.record(METRIC, value, at=at + 0.5, unit="Count", count=count)
    for period in (1, 60, 300):
        sums = store.points(METRIC, "Sum", 0, 3600, period)
        counts = store.points(METRIC, "SampleCount", 0, 3600, period)
        assert math.fsum(sums.values()) == pytest.approx(sum(v * c for _, v, c in samples))
        assert sum(counts.values()) == sum(count for *_, count in samples)
        assert all(at % period == 0 for at in sums)


def test_a_window_ends_before_its_end() -> None:
    """Samples at the start count, samples at the end do not; without samples there is None."""
    store = Metrics()
    for at in (10, 20, 30):
        store.record(METRIC, at, at=at, unit="Seconds")
    assert store.statistic(METRIC, "Sum", 10, 30) == 30
    assert store.statistic(METRIC, "Sum", 11, 20) is None
    assert store.statistic(Metric.of("Shop", "Latency"), "Sum", 0, 99) is None


def test_units_are_apart_when_asked_for() -> None:
    """Without a unit all samples count, with one only its own."""
    store = Metrics()
    store.record(METRIC, 1, at=0, unit="Seconds")
    store.record(METRIC, 2, at=0, unit="Count")
    assert store.statistic(METRIC, "Sum", 0, 1) == 3
    assert store.statistic(METRIC, "Sum", 0, 1, unit="Count") == 2
    assert store.statistic(METRIC, "Sum", 0, 1, unit="Bytes") is None
    assert store.units(METRIC, 0, 1) == ["Seconds", "Count"]


def test_statistic_sets() -> None:
    """Sets give the plain statistics; a percentile only where all their values are equal."""
    store = Metrics()
    store.record_set(METRIC, StatisticSet(4, 8, 2, 2), at=0, unit="None")
    store.record(METRIC, 7, at=0, unit="None")
    assert store.statistic(METRIC, "p50", 0, 1) == 2
    store.record_set(METRIC, StatisticSet(3, 9, 1, 5), at=0, unit="None")
    plain = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
    assert [store.statistic(METRIC, stat, 0, 1) for stat in plain] == [24, 3, 1, 7, 8]
    assert store.statistic(METRIC, "p50", 0, 1) is None


def test_no_percentile_of_negative_values() -> None:
    """Where a value is negative there are only the plain statistics."""
    store = Metrics()
    store.record(METRIC, -1, at=0, unit="None")
    assert store.statistic(METRIC, "p50", 0, 1) is None
    assert store.statistic(METRIC, "Minimum", 0, 1) == -1


def test_memory_is_bounded() -> None:
    """A full metric thins what is old; its minutes keep sum, count, minimum and maximum."""
    store = Metrics(max_samples=4000)
    for index in range(4800):
        store.record(METRIC, index, at=index // 15, unit="None")
    kept = store._series[METRIC]["None"]
    assert len(kept.seconds) <= 4000
    assert list(kept.seconds) == sorted(kept.seconds)
    plain = ("SampleCount", "Sum", "Minimum", "Maximum")
    minute = [store.statistic(METRIC, stat, 0, 60) for stat in plain]
    assert minute == [900, sum(range(900)), 0, 899]


def test_many_threads_record_at_once() -> None:
    """No sample is lost between threads, and a query may come in between."""
    store = Metrics()

    def record() -> None:
        for index in range(2000):
            store.record(METRIC, index % 7, at=index % 50, unit="None")
            if index % 500 == 0:
                store.statistic(METRIC, "p95", 0, 50)

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.statistic(METRIC, "SampleCount", 0, 50) == 8000


def test_a_region_has_one_store() -> None:
    """The store of a region is always the same, and not that of another."""
    assert metrics.of("eu-west-3") is metrics.of("eu-west-3")
    assert metrics.of("eu-west-3") is not metrics.of("us-east-1")
