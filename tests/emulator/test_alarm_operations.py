"""CloudWatch's operations on alarms and on their history, with boto3."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from .alarms import (
    REGION,
    Eventually,
    described,
    history_of,
    put_alarm,
    set_state,
    state_of,
    summaries_of,
)
from .queries import error_of


def test_a_state_can_be_set(watched: Any, topic: str, name: str, eventually: Eventually) -> None:
    """It notifies like any other change, and lasts until the next evaluation."""
    put_alarm(watched, name, AlarmActions=[topic])
    eventually(lambda: state_of(watched, name) == "OK")
    set_state(watched, name, "ALARM")
    eventually(lambda: state_of(watched, name) == "OK")
    assert len(history_of(watched, name, "Action")) == 1
    item = history_of(watched, name, "StateUpdate")[1]
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
        ({"TreatMissingData": None}, "missing data treated as 'missing', not 'notBreaching'"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "the comparison 'LessThanLowerThres"),
        ({"Threshold": None}, "no threshold"),
        ({"Unit": "Seconds"}, "the unit 'Seconds'"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "a rule for percentiles of few samples"),
        ({"InsufficientDataActions": ["arn:aws:sns:::t"]}, "actions on insufficient data"),
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
    embedded: Any, name: str, options: dict[str, Any], refused: str
) -> None:
    """What it has is named, and there is no such alarm."""
    error = error_of(lambda: put_alarm(embedded, name, **options))
    assert error.startswith(
        f"NotImplemented: cloudwatch PutMetricAlarm is not emulated: the alarm {name!r} has "
        f"{refused}"
    )
    assert embedded[0].client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_a_changed_configuration_keeps_state_and_history(embedded: Any, name: str) -> None:
    """PutMetricAlarm on an existing alarm changes its configuration only."""
    put_alarm(embedded, name)
    set_state(embedded, name, "ALARM")
    before = described(embedded, name)
    put_alarm(embedded, name, Threshold=7)
    after = described(embedded, name)
    assert after["Threshold"] == 7
    for key in ("StateValue", "StateReason", "StateUpdatedTimestamp", "StateTransitionedTimestamp"):
        assert after[key] == before[key]
    embedded[0].client("cloudwatch").delete_alarms(AlarmNames=[name])
    assert summaries_of(embedded, name) == [
        f'Alarm "{name}" updated',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f'Alarm "{name}" created',
    ]


def test_history_comes_in_pages(embedded: Any, name: str) -> None:
    """The newest first, from a time on; another order is refused."""
    put_alarm(embedded, name)
    for state in ("OK", "ALARM", "OK", "ALARM"):
        set_state(embedded, name, state)
    paginator = embedded[0].client("cloudwatch").get_paginator("describe_alarm_history")
    pages = paginator.paginate(AlarmName=name, PaginationConfig={"PageSize": 2})
    found = list(pages.search("AlarmHistoryItems[].HistorySummary"))
    assert found == summaries_of(embedded, name)
    assert len(found) == 5
    now = datetime.now(UTC)
    assert history_of(embedded, name, StartDate=now + timedelta(hours=1)) == []
    assert len(history_of(embedded, name, StartDate=now - timedelta(hours=1))) == 5
    ascending = error_of(lambda: history_of(embedded, name, ScanBy="TimestampAscending"))
    assert ascending.endswith("the order TimestampAscending")


def test_clients_of_the_query_protocol_read_history(embedded: Any, name: str) -> None:
    """Older SDKs speak XML."""
    put_alarm(embedded, name)
    scope = f"{REGION}/monitoring/aws4_request"
    answer = requests.post(
        embedded[0].server.url,
        data={"Action": "DescribeAlarmHistory", "Version": "2010-08-01", "AlarmName": name},
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential=x/20261122/{scope}"},
        timeout=10,
    )
    summary = f'<HistorySummary>Alarm "{name}" created</HistorySummary>'
    assert summary in html.unescape(answer.text)
    assert "<Timestamp>20" in answer.text
