"""CloudWatch's operations on metrics, with boto3."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from tasktracker_ops.emulator.cloudwatch import metrics
from tasktracker_ops.emulator.cloudwatch.metrics import MetricId

from .alarms import REGION
from .queries import HOUR, MINUTE, CloudWatch, error_of, statistic

Record = Callable[..., None]


@pytest.fixture
def cloudwatch(embedded: Any) -> CloudWatch:
    """CloudWatch of the emulator in this process."""
    return CloudWatch(embedded[0].client("cloudwatch"))


@pytest.fixture
def record(name: str) -> Record:
    """Record a sample of the metric M in a namespace of the test's own."""

    def add(value: float, at: datetime = HOUR, **dimensions: str) -> None:
        metric = MetricId.of(name, "M", **dimensions)
        metrics.of(REGION).record(metric, value, at=at.timestamp())

    return add


def test_a_metric_has_exactly_its_dimensions(
    cloudwatch: CloudWatch, record: Record, name: str
) -> None:
    """Neither fewer nor more dimensions, nor another namespace, are the same metric."""
    record(5)
    record(7, Shop="a", Floor="1")
    results = cloudwatch.data(
        statistic("m1", name, "M"),
        statistic("m2", name, "M", Floor="1", Shop="a"),
        statistic("m3", name, "M", Shop="a"),
        statistic("m4", "Other", "M"),
    )
    assert [result["Values"] for result in results] == [[5], [7], [], []]
    assert {result["Label"] for result in results} == {"M"}


def test_start_is_rounded_down_to_the_minute(
    cloudwatch: CloudWatch, record: Record, name: str
) -> None:
    """Periods are counted from the whole minute of StartTime; EndTime is not included."""
    for minute in range(6):
        record(1, HOUR + minute * MINUTE + timedelta(seconds=50))
    times = {"StartTime": HOUR + timedelta(seconds=59), "EndTime": HOUR + 5 * MINUTE}
    [result] = cloudwatch.data(statistic("m1", name, "M"), **times)
    assert result["Timestamps"] == [HOUR + minute * MINUTE for minute in range(5)]
    [result] = cloudwatch.data(statistic("m1", name, "M", period=120), **times)
    assert result["Values"] == [2, 2, 1]


def test_newest_values_come_first_by_default(
    cloudwatch: CloudWatch, record: Record, name: str
) -> None:
    """What is not to be returned is not, and a label is the query's."""
    for minute in range(3):
        record(minute, HOUR + minute * MINUTE)
    hidden = {**statistic("m1", name, "M"), "ReturnData": False}
    labelled = {**statistic("m2", name, "M"), "Label": "Mine"}
    [result] = cloudwatch.data(hidden, labelled, ScanBy="TimestampDescending")
    assert (result["Id"], result["Label"], result["Values"]) == ("m2", "Mine", [2, 1, 0])
    assert result["StatusCode"] == "Complete"
    [result] = cloudwatch.data(hidden, labelled)
    assert result["Values"] == [0, 1, 2]


def test_clients_of_the_query_protocol_get_the_same_answer(
    embedded: Any, cloudwatch: CloudWatch, record: Record, name: str
) -> None:
    """Older SDKs send forms and read XML."""
    record(4)
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
    answer = requests.post(embedded[0].server.url, data=form, headers=headers, timeout=10)
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
    """What is not emulated is named, and a wrong request is not valid."""
    assert error_of(lambda: cloudwatch.data(query, **options)) == expected


def test_other_operations_on_metrics_are_not_emulated(cloudwatch: CloudWatch) -> None:
    """moto would answer them from other data."""
    client = cloudwatch.client
    put = {"Namespace": "Test", "MetricData": [{"MetricName": "M", "Value": 1}]}
    assert error_of(lambda: client.put_metric_data(**put)) == (
        "NotImplemented: cloudwatch PutMetricData is not emulated: "
        "there are the metrics of functions and HTTP APIs only"
    )
    assert error_of(client.list_metrics).startswith("NotImplemented")
