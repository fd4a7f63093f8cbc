"""Alarms change as CloudWatch's do: over boto3, by a clock of the test's own."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .alarms import Eventually, described, put_alarm, record, state_of, summaries_of


def test_one_error_rings_and_falls_silent(
    watched: Any, clock: Any, name: str, eventually: Eventually
) -> None:
    """OK, ALARM at once, and OK again after two periods; nothing happens between."""
    put_alarm(watched, name)
    eventually(lambda: state_of(watched, name) == "OK")
    record(name)
    eventually(lambda: state_of(watched, name) == "ALARM")
    clock.ahead = 110
    time.sleep(0.2)
    assert state_of(watched, name) == "ALARM"
    clock.ahead = 125
    eventually(lambda: state_of(watched, name) == "OK")
    assert summaries_of(watched, name, "StateUpdate") == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]


def test_what_is_over_does_not_ring_again_when_traffic_stops(
    watched: Any, clock: Any, name: str, eventually: Eventually
) -> None:
    """An error, a minute of good requests, silence: one ALARM and one OK."""
    put_alarm(watched, name)
    record(name)
    eventually(lambda: state_of(watched, name) == "ALARM")
    clock.ahead = 50
    record(name, 0.0, at=clock())
    clock.ahead = 65
    eventually(lambda: state_of(watched, name) == "OK")
    for clock.ahead in range(65, 200, 5):
        time.sleep(0.1)
        assert state_of(watched, name) == "OK"


def test_a_new_alarm_has_insufficient_data(embedded: Any, name: str) -> None:
    """Until it is evaluated for the first time."""
    put_alarm(embedded, name)
    alarm = described(embedded, name)
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == "Unchecked: Initial alarm creation"
    assert "StateReasonData" not in alarm
    assert alarm["StateTransitionedTimestamp"] == alarm["StateUpdatedTimestamp"]
    assert abs(alarm["StateUpdatedTimestamp"] - datetime.now(UTC)) < timedelta(seconds=10)


def test_the_reason_comes_with_its_data(watched: Any, name: str, eventually: Eventually) -> None:
    """The sentence, and the datapoints as JSON."""
    # Both before the first evaluation, which may come between any two lines.
    record(name, 2.0)
    record(name, 3.0)
    put_alarm(watched, name, Unit="Count")
    eventually(lambda: state_of(watched, name) == "ALARM")
    alarm = described(watched, name)
    assert alarm["StateReason"].startswith(
        "Threshold Crossed: 1 out of the last 1 datapoints [5.0 ("
    )
    data = json.loads(alarm["StateReasonData"])
    [datapoint] = data["evaluatedDatapoints"]
    assert (datapoint["value"], datapoint["sampleCount"]) == (5.0, 2.0)
    assert data["startDate"] == datapoint["timestamp"]
    datetime.strptime(data["queryDate"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert {key: data[key] for key in ("version", "unit", "statistic", "period")} == {
        "version": "1.0",
        "unit": "Count",
        "statistic": "Sum",
        "period": 60,
    }
    assert (data["recentDatapoints"], data["threshold"]) == ([5.0], 0.0)


@pytest.mark.parametrize(
    ("options", "samples", "state"),
    [
        ({"Statistic": None, "ExtendedStatistic": "p50", "Threshold": 2}, [1, 3, 9], "ALARM"),
        ({"Statistic": None, "ExtendedStatistic": "tm50", "Threshold": 2}, [1, 3, 9], "OK"),
        ({"Statistic": None, "ExtendedStatistic": "PR(2:)", "Threshold": 60}, [1, 3, 9], "ALARM"),
        ({"Statistic": "Maximum", "Threshold": 9}, [1, 3, 9], "OK"),
        ({"Statistic": "SampleCount", "Threshold": 2}, [1, 3, 9], "ALARM"),
        ({"Unit": "Seconds"}, [1], "OK"),
        ({"Dimensions": [{"Name": "Of", "Value": "other"}]}, [1], "OK"),
        ({"TreatMissingData": "breaching"}, [], "ALARM"),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 2}, [1], "OK"),
    ],
)
def test_what_is_watched(
    watched: Any,
    name: str,
    eventually: Eventually,
    options: dict[str, Any],
    samples: list[float],
    state: str,
) -> None:
    """Statistic, extended statistic, dimensions, unit, missing data, M of N."""
    own = f"{name}-{len(samples)}-{abs(hash(str(options)))}"
    for value in samples:
        record(own, value)
    put_alarm(watched, own, MetricName=own, **options)
    eventually(lambda: state_of(watched, own) == state)


@pytest.mark.parametrize(("samples", "state"), [(99, "INSUFFICIENT_DATA"), (100, "ALARM")])
def test_a_percentile_of_few_samples_may_be_ignored(
    watched: Any, name: str, eventually: Eventually, samples: int, state: str
) -> None:
    """A p90 is judged from 100 samples on; before that the alarm stays as it is."""
    own = f"{name}-{samples}"
    for _ in range(samples):
        record(own, 5.0)
    put_alarm(
        watched,
        own,
        Statistic=None,
        ExtendedStatistic="p90",
        EvaluateLowSampleCountPercentile="ignore",
    )
    time.sleep(0.2)
    eventually(lambda: state_of(watched, own) == state)


def test_metric_math_is_watched(watched: Any, name: str, eventually: Eventually) -> None:
    """The expression that returns data counts; its mail names it."""
    stat = {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    put_alarm(
        watched,
        name,
        **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period")),
        Threshold=9,
        Metrics=[
            {"Id": "m1", "MetricStat": stat, "ReturnData": False},
            {"Id": "e1", "Expression": "m1 * 10", "Label": "tenfold", "ReturnData": True},
        ],
    )
    eventually(lambda: state_of(watched, name) == "OK")
    record(name)
    eventually(lambda: state_of(watched, name) == "ALARM")
    assert "[10.0 (" in described(watched, name)["StateReason"]


def test_an_expression_that_is_none(watched: Any, name: str, eventually: Eventually) -> None:
    """The alarm says so instead of an outcome."""
    put_alarm(
        watched,
        name,
        **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period")),
        Metrics=[{"Id": "e1", "Expression": "1 +", "ReturnData": True, "Period": 60}],
    )
    watched[0].client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue="OK", StateReason="drill"
    )
    eventually(lambda: "Unable to evaluate" in described(watched, name)["StateReason"])
    assert state_of(watched, name) == "INSUFFICIENT_DATA"


def test_an_alarm_without_a_threshold_is_left_alone(watched: Any, topic: str, name: str) -> None:
    """Anomaly detection is not emulated; such an alarm can be set by hand, and tells."""
    stat = {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    put_alarm(
        watched,
        name,
        **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period", "Threshold")),
        ComparisonOperator="GreaterThanUpperThreshold",
        ThresholdMetricId="a1",
        AlarmActions=[topic],
        Metrics=[
            {"Id": "m1", "MetricStat": stat, "ReturnData": True},
            {"Id": "a1", "Expression": "ANOMALY_DETECTION_BAND(m1)", "ReturnData": True},
        ],
    )
    time.sleep(0.2)
    assert state_of(watched, name) == "INSUFFICIENT_DATA"
    watched[0].client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="drill"
    )
    time.sleep(0.2)
    assert state_of(watched, name) == "ALARM"
    assert watched[1].mailbox.mails()[0].letter.subject.startswith("ALARM: ")


def test_an_alarm_that_cannot_be_evaluated_spoils_it_for_no_other(
    watched: Any, name: str, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged once, not every few seconds."""
    put_alarm(watched, f"{name}-bad", Threshold=None)
    put_alarm(watched, name)
    eventually(lambda: state_of(watched, name) == "OK")
    time.sleep(0.3)
    logged = [record.getMessage() for record in caplog.records]
    assert logged.count(f"alarm {name}-bad") == 1
