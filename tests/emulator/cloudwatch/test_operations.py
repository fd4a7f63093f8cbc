"""CloudWatch's operations on alarms and on their history, with boto3."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tasktracker_ops.emulator.cloudwatch import metrics
from tasktracker_ops.emulator.cloudwatch.metrics import MetricId
from tests.emulator.alarms_and_metrics import (
    HOUR,
    MINUTE,
    REGION,
    CloudWatch,
    Eventually,
    describe_alarm,
    error_of,
    history_of,
    put_alarm,
    set_state,
    state_of,
    statistic,
    summaries_of,
)


def test_a_state_can_be_set(alarm_aws: Any, topic: str, name: str, eventually: Eventually) -> None:
    """It notifies like any other change, and lasts until the next evaluation."""
    put_alarm(alarm_aws, name, AlarmActions=[topic])
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    set_state(alarm_aws, name, "ALARM")
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    assert len(history_of(alarm_aws, name, "Action")) == 1
    item = history_of(alarm_aws, name, "StateUpdate")[1]
    assert json.loads(item["HistoryData"])["newState"] == {
        "stateValue": "ALARM",
        "stateReason": "by hand",
    }
    assert (item["AlarmName"], item["AlarmType"]) == (name, "MetricAlarm")


STAT = {"Metric": {"Namespace": "Test", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({"Statistic": None, "ExtendedStatistic": "p101"}, "the statistic 'p101'"),
        (
            {"TreatMissingData": "ignore"},
            "missing data treated as 'ignore', not as 'missing' or 'notBreaching'",
        ),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "the comparison 'LessThanLowerThres"),
        ({"Threshold": None}, "no threshold"),
        ({"Unit": "Seconds"}, "the unit 'Seconds'"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "a rule for percentiles of few samples"),
        (
            {
                **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period")),
                "Metrics": [{"Id": "m1", "MetricStat": STAT, "ReturnData": True}],
            },
            "metric math",
        ),
    ],
)
def test_an_alarm_that_cannot_be_evaluated_is_refused(
    in_process_aws: Any, name: str, options: dict[str, Any], refused: str
) -> None:
    """The error names the option, and the alarm does not exist."""
    error = error_of(lambda: put_alarm(in_process_aws, name, **options))
    assert error.startswith(
        f"NotImplemented: cloudwatch PutMetricAlarm is not emulated: the alarm {name!r} has "
        f"{refused}"
    )
    assert (
        in_process_aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
    )


def test_a_changed_configuration_keeps_state_and_history(in_process_aws: Any, name: str) -> None:
    """PutMetricAlarm on an existing alarm changes its configuration only."""
    put_alarm(in_process_aws, name)
    set_state(in_process_aws, name, "ALARM")
    before = describe_alarm(in_process_aws, name)
    put_alarm(in_process_aws, name, Threshold=7)
    after = describe_alarm(in_process_aws, name)
    assert after["Threshold"] == 7
    for key in ("StateValue", "StateReason", "StateUpdatedTimestamp", "StateTransitionedTimestamp"):
        assert after[key] == before[key]
    in_process_aws.client("cloudwatch").delete_alarms(AlarmNames=[name])
    assert summaries_of(in_process_aws, name) == [
        f'Alarm "{name}" updated',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f'Alarm "{name}" created',
    ]


def test_history_is_paged(in_process_aws: Any, name: str) -> None:
    """Newest first, from a time on; another order is refused."""
    put_alarm(in_process_aws, name)
    for state in ("OK", "ALARM", "OK", "ALARM"):
        set_state(in_process_aws, name, state)
    paginator = in_process_aws.client("cloudwatch").get_paginator("describe_alarm_history")
    pages = paginator.paginate(AlarmName=name, PaginationConfig={"PageSize": 2})
    found = list(pages.search("AlarmHistoryItems[].HistorySummary"))
    assert found == summaries_of(in_process_aws, name)
    assert len(found) == 5
    now = datetime.now(UTC)
    assert history_of(in_process_aws, name, StartDate=now + timedelta(hours=1)) == []
    assert len(history_of(in_process_aws, name, StartDate=now - timedelta(hours=1))) == 5
    ascending = error_of(lambda: history_of(in_process_aws, name, ScanBy="TimestampAscending"))
    assert ascending.endswith("the order TimestampAscending")


Record = Callable[..., None]


@pytest.fixture
def cloudwatch(in_process_aws: Any) -> CloudWatch:
    """CloudWatch of the emulator in this process."""
    return CloudWatch(in_process_aws.client("cloudwatch"))


@pytest.fixture
def record_sample(name: str) -> Record:
    """Record a sample of the metric M in a namespace of the test's own."""

    def add(value: float, at: datetime = HOUR, **dimensions: str) -> None:
        metric = MetricId.of(name, "M", **dimensions)
        metrics.of(REGION).record([(metric, value)], at=at.timestamp())

    return add


def test_a_metric_has_exactly_its_dimensions(
    cloudwatch: CloudWatch, record_sample: Record, name: str
) -> None:
    """Neither fewer nor more dimensions, nor another namespace, are the same metric."""
    record_sample(5)
    record_sample(7, Shop="a", Floor="1")
    results = cloudwatch.data(
        statistic("m1", name, "M"),
        statistic("m2", name, "M", Floor="1", Shop="a"),
        statistic("m3", name, "M", Shop="a"),
        statistic("m4", "Other", "M"),
    )
    assert [result["Values"] for result in results] == [[5], [7], [], []]
    assert {result["Label"] for result in results} == {"M"}


def test_start_is_rounded_down_to_the_minute(
    cloudwatch: CloudWatch, record_sample: Record, name: str
) -> None:
    """Periods are counted from the whole minute of StartTime; EndTime is not included."""
    for minute in range(6):
        record_sample(1, HOUR + minute * MINUTE + timedelta(seconds=50))
    times = {"StartTime": HOUR + timedelta(seconds=59), "EndTime": HOUR + 5 * MINUTE}
    [result] = cloudwatch.data(statistic("m1", name, "M"), **times)
    assert result["Timestamps"] == [HOUR + minute * MINUTE for minute in range(5)]
    [result] = cloudwatch.data(statistic("m1", name, "M", period=120), **times)
    assert result["Values"] == [2, 2, 1]


def test_newest_values_come_first_by_default(
    cloudwatch: CloudWatch, record_sample: Record, name: str
) -> None:
    """A query with ReturnData false has no result, and a label is the query's."""
    for minute in range(3):
        record_sample(minute, HOUR + minute * MINUTE)
    hidden = {**statistic("m1", name, "M"), "ReturnData": False}
    labelled = {**statistic("m2", name, "M"), "Label": "Mine"}
    [result] = cloudwatch.data(hidden, labelled, ScanBy="TimestampDescending")
    assert (result["Id"], result["Label"], result["Values"]) == ("m2", "Mine", [2, 1, 0])
    assert result["StatusCode"] == "Complete"
    [result] = cloudwatch.data(hidden, labelled)
    assert result["Values"] == [0, 1, 2]


def test_the_query_protocol_reads_metrics(
    in_process_aws: Any, cloudwatch: CloudWatch, record_sample: Record, name: str
) -> None:
    """Older SDKs send forms and read XML."""
    record_sample(4)
    query = "MetricDataQueries.member.1"
    form = {
        "Action": "GetMetricData",
        "Version": "2010-08-01",
        "StartTime": HOUR.isoformat(),
        "EndTime": (HOUR + MINUTE).isoformat(),
        f"{query}.Id": "m1",
        f"{query}.MetricStat.Metric.Namespace": name,
        f"{query}.MetricStat.Metric.MetricName": "M",
        f"{query}.MetricStat.Period": "60",
        f"{query}.MetricStat.Stat": "p95",
    }
    scope = "test/20260101/eu-west-3/monitoring/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=, Signature="}
    answer = requests.post(in_process_aws.server.url, data=form, headers=headers, timeout=10)
    assert answer.status_code == 200
    assert re.findall(r"<Id>(.*?)</Id>", answer.text) == ["m1"]
    assert re.findall(r"<member>(4(?:\.0)?)</member>", answer.text)


QUERY = statistic("m1", "Test", "M")


@pytest.mark.parametrize(
    ("query", "options", "expected"),
    [
        (
            {"Id": "e1", "Expression": "m1 / 2"},
            {},
            "NotImplemented: cloudwatch GetMetricData is not emulated: the expression 'm1 / 2'",
        ),
        (
            statistic("m1", "Test", "M", "tm99"),
            {},
            "NotImplemented: cloudwatch GetMetricData is not emulated: the statistic 'tm99'",
        ),
        (
            QUERY,
            {"MaxDatapoints": 3},
            "NotImplemented: cloudwatch GetMetricData is not emulated: the parameter MaxDatapoints",
        ),
        ({"Id": "e1"}, {}, "ValidationError: The query e1 has no MetricStat."),
        (
            statistic("m1", "Test", "M", period=90),
            {},
            "ValidationError: The parameter Period must be a multiple of 60.",
        ),
        (
            QUERY,
            {"EndTime": HOUR},
            "ValidationError: The parameter EndTime must be greater than StartTime.",
        ),
    ],
)
def test_get_metric_data_refuses_what_it_cannot_answer(
    cloudwatch: CloudWatch, query: dict[str, Any], options: dict[str, Any], expected: str
) -> None:
    """An option that is not emulated is named, and a wrong request is not valid."""
    assert error_of(lambda: cloudwatch.data(query, **options)) == expected


def test_other_operations_on_metrics_are_not_emulated(cloudwatch: CloudWatch) -> None:
    """They would use a store that GetMetricData does not read."""
    client = cloudwatch.client
    put = {"Namespace": "Test", "MetricData": [{"MetricName": "M", "Value": 1}]}
    assert error_of(lambda: client.put_metric_data(**put)) == (
        "NotImplemented: cloudwatch PutMetricData is not emulated: "
        "there are metrics of functions and HTTP APIs only"
    )
    assert error_of(client.list_metrics).startswith("NotImplemented")
