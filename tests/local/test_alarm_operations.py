"""CloudWatch's operations on alarms and on their history, over boto3."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from .alarms import REGION, Eventually, described, history_of, put_alarm, state_of, summaries_of


def test_a_state_can_be_set(watched: Any, topic: str, name: str, eventually: Eventually) -> None:
    """It acts like any other change, and lasts until the next evaluation says otherwise."""
    put_alarm(watched, name, AlarmActions=[topic], TreatMissingData="ignore")
    cloudwatch = watched[0].client("cloudwatch")
    change = {"AlarmName": name, "StateValue": "ALARM", "StateReason": "drill"}
    for _ in range(2):
        cloudwatch.set_alarm_state(**change, StateReasonData='{"by": "hand"}')
    eventually(lambda: len(history_of(watched, name, "Action")) == 1)
    [item] = history_of(watched, name, "StateUpdate")
    assert json.loads(item["HistoryData"]) == {
        "version": "1.0",
        "oldState": {
            "stateValue": "INSUFFICIENT_DATA",
            "stateReason": "Unchecked: Initial alarm creation",
        },
        "newState": {
            "stateValue": "ALARM",
            "stateReason": "drill",
            "stateReasonData": {"by": "hand"},
        },
    }
    assert (item["AlarmName"], item["AlarmType"]) == (name, "MetricAlarm")
    put_alarm(watched, name, TreatMissingData="notBreaching")
    eventually(lambda: state_of(watched, name) == "OK")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"Statistic": None, "ExtendedStatistic": "p101"},
            "InvalidParameterValue: The value p101 for parameter ExtendedStatistic is not "
            "supported.",
        ),
        (
            {"DatapointsToAlarm": 2},
            "ValidationError: DatapointsToAlarm must be less than or equal to EvaluationPeriods",
        ),
        (
            {"EvaluationPeriods": 1441},
            "ValidationError: Metrics cannot be checked across more than a day "
            "(EvaluationPeriods * Period must be <= 86400) for alarms using period < 3600",
        ),
        (
            {"EvaluationPeriods": 8, "Period": 86400},
            "ValidationError: Metrics cannot be checked across more than a week "
            "(EvaluationPeriods * Period must be <= 604800) for alarms using period >= 3600",
        ),
    ],
)
def test_put_metric_alarm_refuses(
    embedded: Any, name: str, options: dict[str, Any], expected: str
) -> None:
    """What CloudWatch does not take is refused in its words, and there is no such alarm."""
    with pytest.raises(ClientError) as refused:
        put_alarm(embedded, name, **options)
    error = refused.value.response["Error"]
    assert f"{error['Code']}: {error['Message']}" == expected
    assert embedded[0].client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_a_changed_configuration_keeps_state_and_history(embedded: Any, name: str) -> None:
    """PutMetricAlarm on an alarm that is there changes its configuration only."""
    put_alarm(embedded, name)
    cloudwatch = embedded[0].client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    before = described(embedded, name)
    put_alarm(embedded, name, Threshold=7)
    after = described(embedded, name)
    assert after["Threshold"] == 7
    for key in ("StateValue", "StateReason", "StateUpdatedTimestamp", "StateTransitionedTimestamp"):
        assert after[key] == before[key]
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert summaries_of(embedded, name) == [
        f'Alarm "{name}" deleted',
        f'Alarm "{name}" updated',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f'Alarm "{name}" created',
    ]
    data = json.loads(history_of(embedded, name)[1]["HistoryData"])
    assert (data["type"], data["updatedAlarm"]["threshold"]) == ("Update", 7)
    assert json.loads(history_of(embedded, name)[3]["HistoryData"])["createdAlarm"]["period"] == 60


def test_history_is_told_in_pages(embedded: Any, name: str) -> None:
    """In both directions, of a kind or a time; a token that is none is refused."""
    put_alarm(embedded, name)
    cloudwatch = embedded[0].client("cloudwatch")
    for state in ("OK", "ALARM", "OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="drill")
    pages = cloudwatch.get_paginator("describe_alarm_history")
    for order in ("TimestampDescending", "TimestampAscending"):
        found = pages.paginate(
            AlarmName=name, ScanBy=order, PaginationConfig={"PageSize": 2}
        ).search("AlarmHistoryItems[].HistorySummary")
        expected = summaries_of(embedded, name)
        assert list(found) == (expected if order == "TimestampDescending" else expected[::-1])
        assert len(expected) == 5
    now = datetime.now(UTC)
    assert history_of(embedded, name, StartDate=now + timedelta(hours=1)) == []
    assert history_of(embedded, name, EndDate=now - timedelta(hours=1)) == []
    assert len(history_of(embedded, name, "StateUpdate", StartDate=now - timedelta(hours=1))) == 4
    with pytest.raises(ClientError, match="InvalidNextToken"):
        history_of(embedded, name, NextToken="x")


def test_the_query_protocol_answers_too(embedded: Any, name: str) -> None:
    """Older SDKs speak XML."""
    put_alarm(embedded, name)
    scope = f"{REGION}/monitoring/aws4_request"
    answer = requests.post(
        embedded[0].server.url,
        data={"Action": "DescribeAlarmHistory", "Version": "2010-08-01", "AlarmName": name},
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential=x/20261122/{scope}"},
        timeout=10,
    )
    told = html.unescape(answer.text)
    assert f'<HistorySummary>Alarm "{name}" created</HistorySummary>' in told
    assert "<Timestamp>20" in answer.text


def test_alarms_are_told_in_pages(embedded: Any, name: str) -> None:
    """DescribeAlarms pages as its callers expect."""
    names = [f"{name}-{number}" for number in range(5)]
    for each in names:
        put_alarm(embedded, each)
    cloudwatch = embedded[0].client("cloudwatch")
    found = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=name, PaginationConfig={"PageSize": 2}
    )
    pages = [[alarm["AlarmName"] for alarm in page["MetricAlarms"]] for page in found]
    assert pages == [names[:2], names[2:4], names[4:]]
