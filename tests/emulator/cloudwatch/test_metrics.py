"""The store of metrics and its statistics."""

from __future__ import annotations

import math
import statistics as python_statistics
import threading

import pytest
from hypothesis import strategies as st

from tasktracker_ops.emulator.cloudwatch import metrics
from tasktracker_ops.emulator.cloudwatch.metrics import MetricId, MetricStore, is_statistic
from tests.properties import given

METRIC = MetricId.of("Shop", "Latency", Stage="live", Api="a")
VALUES = st.lists(st.floats(0, 1e6), min_size=2, max_size=40)


def statistic(
    store: MetricStore, metric: MetricId, name: str, start: int, end: int
) -> float | None:
    """Return a statistic of one period, None where it has no samples."""
    return store.points(metric, name, start, end, end - start).get(start)


@pytest.mark.parametrize(
    ("name", "expected"),
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
    ],
)
def test_statistics_are_those_that_cloudwatch_defines(name: str, expected: float) -> None:
    """Checked with the numbers 1 to 100."""
    store = MetricStore()
    for value in range(1, 101):
        store.record([(METRIC, value)], at=0)
    assert is_statistic(name)
    assert statistic(store, METRIC, name, 0, 1) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["", "sum", "Median", "p", "p101", "p-1", "95", "tm90", "IQM"])
def test_other_statistics_are_unknown(name: str) -> None:
    """Trimmed means are, for example."""
    assert not is_statistic(name)


@given(VALUES, st.integers(1, 99))
def test_percentiles_interpolate_as_numpy_does(values: list[float], share: int) -> None:
    """Percentiles lie linearly between the closest ranks, whatever repeats."""
    for times in (1, 3):
        store = MetricStore()
        for value in values * times:
            store.record([(METRIC, value)], at=0)
        expected = python_statistics.quantiles(values * times, n=100, method="inclusive")[share - 1]
        assert statistic(store, METRIC, f"p{share}", 0, 1) == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 3000), st.floats(0, 1e6))))
def test_periods_hold_all_samples(samples: list[tuple[int, float]]) -> None:
    """The sums of the periods are the sum of all samples, and so are the counts."""
    store = MetricStore()
    for at, value in samples:
        store.record([(METRIC, value)], at=at + 0.5)
    for period in (1, 60, 300):
        sums = store.points(METRIC, "Sum", 0, 3600, period)
        counts = store.points(METRIC, "SampleCount", 0, 3600, period)
        assert math.fsum(sums.values()) == pytest.approx(math.fsum(value for _, value in samples))
        assert sum(counts.values()) == len(samples)
        assert all(at % period == 0 for at in sums)


def test_a_window_excludes_its_end() -> None:
    """Samples at the start count, samples at the end do not; without samples there is None."""
    store = MetricStore()
    for at in (10, 20, 30):
        store.record([(METRIC, at)], at=at)
    assert statistic(store, METRIC, "Sum", 10, 30) == 30
    assert statistic(store, METRIC, "Sum", 11, 20) is None
    assert statistic(store, MetricId.of("Shop", "Latency"), "Sum", 0, 99) is None


def test_the_oldest_samples_make_room() -> None:
    """A full metric drops an eighth."""
    store = MetricStore(max_samples=80)
    for second in range(81):
        store.record([(METRIC, 1)], at=second)
    assert statistic(store, METRIC, "SampleCount", 0, 100) == 71
    assert statistic(store, METRIC, "SampleCount", 0, 10) is None


def test_many_threads_record_at_once() -> None:
    """No sample is lost between threads, and a query may come in between."""
    store = MetricStore()

    def record() -> None:
        for index in range(2000):
            store.record([(METRIC, index % 7)], at=index % 50)
            if index % 500 == 0:
                statistic(store, METRIC, "p95", 0, 50)

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statistic(store, METRIC, "SampleCount", 0, 50) == 8000


def test_a_region_has_one_store() -> None:
    """The store of a region is always the same, and not that of another."""
    assert metrics.of("eu-west-3") is metrics.of("eu-west-3")
    assert metrics.of("eu-west-3") is not metrics.of("us-east-1")
