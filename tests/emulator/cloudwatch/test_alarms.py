"""Alarms change as CloudWatch's do: with boto3, by a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulator.alarms_and_metrics import (
    Eventually,
    describe_alarm,
    put_alarm,
    record,
    state_of,
    summaries_of,
)

CHANGES = [
    "Alarm updated from ALARM to OK",
    "Alarm updated from OK to ALARM",
    "Alarm updated from INSUFFICIENT_DATA to OK",
]


def test_an_alarm_fires_at_once_and_recovers_after_two_periods(
    alarm_aws: Any, clock: Any, name: str, eventually: Eventually
) -> None:
    """There is no other change in between."""
    put_alarm(alarm_aws, name)
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    record(name)
    eventually(lambda: state_of(alarm_aws, name) == "ALARM")
    clock.ahead = 110
    clock.wait_for_evaluations()
    assert state_of(alarm_aws, name) == "ALARM"
    clock.ahead = 125
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    assert summaries_of(alarm_aws, name, "StateUpdate") == CHANGES


def test_an_alarm_does_not_fire_again_when_traffic_stops(
    alarm_aws: Any, clock: Any, name: str, eventually: Eventually
) -> None:
    """An error, a minute of good requests, silence: one ALARM and one OK."""
    put_alarm(alarm_aws, name)
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    record(name)
    eventually(lambda: state_of(alarm_aws, name) == "ALARM")
    clock.ahead = 50
    record(name, 0.0, at=clock())
    clock.ahead = 65
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    for clock.ahead in range(70, 200, 10):
        clock.wait_for_evaluations()
    assert summaries_of(alarm_aws, name, "StateUpdate") == CHANGES


def test_a_new_alarm_has_insufficient_data(in_process_aws: Any, name: str) -> None:
    """Until it is evaluated for the first time."""
    put_alarm(in_process_aws, name)
    alarm = describe_alarm(in_process_aws, name)
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == "Unchecked: Initial alarm creation"
    assert "StateReasonData" not in alarm
    assert alarm["StateTransitionedTimestamp"] == alarm["StateUpdatedTimestamp"]
    assert abs(alarm["StateUpdatedTimestamp"] - datetime.now(UTC)) < timedelta(seconds=10)


@pytest.mark.parametrize(
    ("options", "samples", "state"),
    [
        ({"Threshold": 12}, [1, 3, 9], "ALARM"),
        ({"Statistic": "Average", "Threshold": 5}, [1, 3, 9], "OK"),
        ({"Statistic": "Maximum", "Threshold": 9}, [1, 3, 9], "OK"),
        ({"Statistic": "SampleCount", "Threshold": 2}, [1, 3, 9], "ALARM"),
        ({"Statistic": None, "ExtendedStatistic": "p50", "Threshold": 2}, [1, 3, 9], "ALARM"),
        ({"Dimensions": [{"Name": "Of", "Value": "other"}]}, [1], "OK"),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 2}, [1], "OK"),
    ],
)
def test_an_alarm_evaluates_its_statistic(
    alarm_aws: Any,
    name: str,
    eventually: Eventually,
    options: dict[str, Any],
    samples: list[float],
    state: str,
) -> None:
    """The statistic is of its own metric, over its periods."""
    own = f"{name}-{len(samples)}-{abs(hash(str(options)))}"
    for value in samples:
        record(own, value)
    put_alarm(alarm_aws, own, MetricName=own, **options)
    eventually(lambda: state_of(alarm_aws, own) == state)
