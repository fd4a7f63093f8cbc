"""Alarms change, act and remember as CloudWatch's do: over boto3, by a clock of the test's own."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from tasktracker_ops.local.cloudwatch import metrics
from tasktracker_ops.local.cloudwatch.metrics import Metric

REGION = "eu-west-3"
ACCOUNT = "123456789012"
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name of the test's own, for alarm, metric and topic."""
    return str(request.node.name).partition("[")[0]


@pytest.fixture
def topic(watched: Any, name: str) -> Any:
    """A topic with the policy that SNS gives to new ones, and a confirmed address."""
    sns = watched[0].client("sns")
    arn = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="me@example.com")
    requests.get(watched[1].mailbox.mails()[0].letter.confirm_url, timeout=10)
    yield arn
    sns.delete_topic(TopicArn=arn)


def _put(watched: Any, name: str, **options: Any) -> None:
    defaults: dict[str, Any] = {
        "AlarmName": name,
        "AlarmDescription": "Of a test.",
        "Namespace": "Test",
        "MetricName": name,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    given = {key: value for key, value in {**defaults, **options}.items() if value is not None}
    watched[0].client("cloudwatch").put_metric_alarm(**given)


def _alarm(watched: Any, name: str) -> dict[str, Any]:
    found = watched[0].client("cloudwatch").describe_alarms(AlarmNames=[name])
    return dict(found["MetricAlarms"][0])


def _state(watched: Any, name: str) -> str:
    return str(_alarm(watched, name)["StateValue"])


def _history(watched: Any, name: str, kind: str | None = None, **options: Any) -> list[Any]:
    if kind is not None:
        options["HistoryItemType"] = kind
    cloudwatch = watched[0].client("cloudwatch")
    found = cloudwatch.describe_alarm_history(AlarmName=name, **options)
    return list(found["AlarmHistoryItems"])


def _summaries(watched: Any, name: str, kind: str | None = None) -> list[str]:
    return [item["HistorySummary"] for item in _history(watched, name, kind)]


def _sample(name: str, value: float = 1.0, at: float | None = None, **dimensions: str) -> None:
    metric = Metric.of("Test", name, **dimensions)
    metrics.of(REGION).record(metric, value, at=at or time.time(), unit="Count")


def test_one_error_rings_and_falls_silent(
    watched: Any, clock: Any, name: str, eventually: Eventually
) -> None:
    """OK, ALARM at once, and OK again after two periods; nothing happens between."""
    _put(watched, name)
    eventually(lambda: _state(watched, name) == "OK")
    _sample(name)
    eventually(lambda: _state(watched, name) == "ALARM")
    clock.ahead = 110
    time.sleep(0.2)
    assert _state(watched, name) == "ALARM"
    clock.ahead = 125
    eventually(lambda: _state(watched, name) == "OK")
    assert _summaries(watched, name, "StateUpdate") == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]


def test_a_new_alarm_has_insufficient_data(embedded: Any, name: str) -> None:
    """Until it is evaluated for the first time."""
    _put(embedded, name)
    alarm = _alarm(embedded, name)
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == "Unchecked: Initial alarm creation"
    assert "StateReasonData" not in alarm
    assert alarm["StateTransitionedTimestamp"] == alarm["StateUpdatedTimestamp"]
    assert abs(alarm["StateUpdatedTimestamp"] - datetime.now(UTC)) < timedelta(seconds=10)


def test_the_reason_comes_with_its_data(watched: Any, name: str, eventually: Eventually) -> None:
    """The sentence, and the datapoints as JSON."""
    # Both before the first evaluation, which may come between any two lines.
    _sample(name, 2.0)
    _sample(name, 3.0)
    _put(watched, name, Unit="Count")
    eventually(lambda: _state(watched, name) == "ALARM")
    alarm = _alarm(watched, name)
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


def test_a_change_is_published_as_cloudwatch_does(
    watched: Any, topic: str, name: str, eventually: Eventually
) -> None:
    """A document for programs, the text of a mail for people."""
    _put(watched, name, AlarmActions=[topic], Dimensions=[{"Name": "Of", "Value": "x"}])
    eventually(lambda: _state(watched, name) == "OK")
    _sample(name, Of="x")
    inbox = watched[1].mailbox
    eventually(lambda: len(inbox.mails()) == 2)
    letter = inbox.mails()[0].letter
    alarm = _alarm(watched, name)
    assert letter.subject == f'ALARM: "{name}" in EU (Paris)'
    assert letter.text.startswith(
        f'You are receiving this email because your Amazon CloudWatch Alarm "{name}" in the '
        f"EU (Paris) region has entered the ALARM state, because "
        f'"{alarm["StateReason"]}" at "'
    )
    for line in (
        "- Description:                Of a test.",
        "- State Change:               OK -> ALARM",
        f"- Alarm Arn:                  arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
        "- The alarm is in the ALARM state when the metric is GreaterThanThreshold 0.0 for at "
        "least 1 of the last 1 period(s) of 60 seconds.",
        f"- MetricName:                          {name}",
        "- Dimensions:                          [Of = x]",
        "- Statistic:                           Sum",
        "- TreatMissingData:                    notBreaching",
        f"- ALARM: [{topic}]",
        "- OK: ",
    ):
        assert f"\n{line}\n" in letter.text
    eventually(lambda: bool(_history(watched, name, "Action")))
    [action] = _history(watched, name, "Action")
    assert action["HistorySummary"] == f"Successfully executed action {topic}"
    data = json.loads(action["HistoryData"])
    assert (data["actionState"], data["notificationResource"]) == ("Succeeded", topic)
    document = json.loads(json.loads(data["publishedMessage"])["default"])
    trigger = document.pop("Trigger")
    assert trigger == {
        "MetricName": name,
        "Namespace": "Test",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [{"value": "x", "name": "Of"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0.0,
        "TreatMissingData": "notBreaching",
        "EvaluateLowSampleCountPercentile": "",
    }
    changed = datetime.strptime(document.pop("StateChangeTime"), "%Y-%m-%dT%H:%M:%S.%f%z")
    assert abs(changed - alarm["StateTransitionedTimestamp"]) < timedelta(seconds=1)
    document.pop("AlarmConfigurationUpdatedTimestamp")
    assert document == {
        "AlarmName": name,
        "AlarmDescription": "Of a test.",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM",
        "NewStateReason": alarm["StateReason"],
        "Region": "EU (Paris)",
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": "OK",
        "OKActions": [],
        "AlarmActions": [topic],
        "InsufficientDataActions": [],
    }


def _policy(topic: str, **statement: Any) -> str:
    allowed = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, **statement}]})


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ({}, True),
        ({"Action": ["SNS:*"], "Resource": "*", "Principal": {"AWS": "*"}}, True),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": ["arn:other", "{alarm}"]}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:*"}}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "210987654321"}}}, False),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": ["arn:other"]}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}, False),
        ({"Condition": {"NumericLessThan": {"aws:SourceAccount": "1"}}}, False),
        ({"Condition": {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}}, False),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalTag/x": "y"}}}, True),
        ({"Condition": {"StringEqualsIfExists": {"aws:PrincipalTag/x": "y"}}}, True),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Principal": {"AWS": ACCOUNT}}, False),
        ({"Action": "sns:Subscribe"}, False),
        ({"Resource": "arn:aws:sns:eu-west-3:123456789012:other"}, False),
        ({"Effect": "Deny"}, False),
    ],
)
def test_the_topics_policy_decides(
    watched: Any,
    topic: str,
    name: str,
    eventually: Eventually,
    statement: dict[str, Any],
    allowed: bool,
) -> None:
    """An alarm that may not publish changes all the same, and its history says why nobody heard."""
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
    watched[0].client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=_policy(topic, **statement).replace("{alarm}", arn),
    )
    _put(watched, name, OKActions=[topic])
    eventually(lambda: bool(_history(watched, name, "Action")))
    [action] = _history(watched, name, "Action")
    if allowed:
        assert action["HistorySummary"] == f"Successfully executed action {topic}"
    else:
        assert action["HistorySummary"] == (
            f'Failed to execute action {topic}. Received error: "CloudWatch Alarms is not '
            f"authorized to perform: SNS:Publish on resource: {topic} because no resource-based "
            'policy allows the SNS:Publish action"'
        )
        assert json.loads(action["HistoryData"])["actionState"] == "Failed"
    assert len(watched[1].mailbox.mails()) == 1 + allowed


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (f"arn:aws:sns:{REGION}:{ACCOUNT}:nowhere", "Topic does not exist"),
        (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f", "only actions on topics are emulated"),
    ],
)
def test_an_action_that_cannot_be_done(
    watched: Any, name: str, eventually: Eventually, action: str, error: str
) -> None:
    """It is in the history, with the reason."""
    _put(watched, name, OKActions=[action])
    failed = f'Failed to execute action {action}. Received error: "{error}"'
    eventually(lambda: _summaries(watched, name, "Action") == [failed])


def test_disabled_actions_are_left_out(
    watched: Any, topic: str, name: str, eventually: Eventually
) -> None:
    """The alarm changes, and nobody is told."""
    _put(watched, name, OKActions=[topic], ActionsEnabled=False)
    eventually(lambda: _state(watched, name) == "OK")
    time.sleep(0.2)
    assert _history(watched, name, "Action") == []


def test_a_state_can_be_set(watched: Any, topic: str, name: str, eventually: Eventually) -> None:
    """It acts like any other change, and lasts until the next evaluation says otherwise."""
    _put(watched, name, AlarmActions=[topic], TreatMissingData="ignore")
    cloudwatch = watched[0].client("cloudwatch")
    change = {"AlarmName": name, "StateValue": "ALARM", "StateReason": "drill"}
    for _ in range(2):
        cloudwatch.set_alarm_state(**change, StateReasonData='{"by": "hand"}')
    eventually(lambda: len(_history(watched, name, "Action")) == 1)
    [item] = _history(watched, name, "StateUpdate")
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
    _put(watched, name, TreatMissingData="notBreaching")
    eventually(lambda: _state(watched, name) == "OK")


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
        _put(embedded, name, **options)
    error = refused.value.response["Error"]
    assert f"{error['Code']}: {error['Message']}" == expected
    assert embedded[0].client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_a_changed_configuration_keeps_state_and_history(embedded: Any, name: str) -> None:
    """PutMetricAlarm on an alarm that is there changes its configuration only."""
    _put(embedded, name)
    cloudwatch = embedded[0].client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    before = _alarm(embedded, name)
    _put(embedded, name, Threshold=7)
    after = _alarm(embedded, name)
    assert after["Threshold"] == 7
    for key in ("StateValue", "StateReason", "StateUpdatedTimestamp", "StateTransitionedTimestamp"):
        assert after[key] == before[key]
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert _summaries(embedded, name) == [
        f'Alarm "{name}" deleted',
        f'Alarm "{name}" updated',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f'Alarm "{name}" created',
    ]
    data = json.loads(_history(embedded, name)[1]["HistoryData"])
    assert (data["type"], data["updatedAlarm"]["threshold"]) == ("Update", 7)
    assert json.loads(_history(embedded, name)[3]["HistoryData"])["createdAlarm"]["period"] == 60


def test_history_is_told_in_pages(embedded: Any, name: str) -> None:
    """In both directions, of a kind or a time; a token that is none is refused."""
    _put(embedded, name)
    cloudwatch = embedded[0].client("cloudwatch")
    for state in ("OK", "ALARM", "OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="drill")
    pages = cloudwatch.get_paginator("describe_alarm_history")
    for order in ("TimestampDescending", "TimestampAscending"):
        found = pages.paginate(
            AlarmName=name, ScanBy=order, PaginationConfig={"PageSize": 2}
        ).search("AlarmHistoryItems[].HistorySummary")
        expected = _summaries(embedded, name)
        assert list(found) == (expected if order == "TimestampDescending" else expected[::-1])
        assert len(expected) == 5
    now = datetime.now(UTC)
    assert _history(embedded, name, StartDate=now + timedelta(hours=1)) == []
    assert _history(embedded, name, EndDate=now - timedelta(hours=1)) == []
    assert len(_history(embedded, name, "StateUpdate", StartDate=now - timedelta(hours=1))) == 4
    with pytest.raises(ClientError, match="InvalidNextToken"):
        _history(embedded, name, NextToken="x")


def test_the_query_protocol_answers_too(embedded: Any, name: str) -> None:
    """Older SDKs speak XML."""
    _put(embedded, name)
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
        _put(embedded, each)
    cloudwatch = embedded[0].client("cloudwatch")
    found = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=name, PaginationConfig={"PageSize": 2}
    )
    pages = [[alarm["AlarmName"] for alarm in page["MetricAlarms"]] for page in found]
    assert pages == [names[:2], names[2:4], names[4:]]


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
        _sample(own, value)
    _put(watched, own, MetricName=own, **options)
    eventually(lambda: _state(watched, own) == state)


@pytest.mark.parametrize(("samples", "state"), [(99, "INSUFFICIENT_DATA"), (100, "ALARM")])
def test_a_percentile_of_few_samples_may_be_ignored(
    watched: Any, name: str, eventually: Eventually, samples: int, state: str
) -> None:
    """A p90 is judged from 100 samples on; before that the alarm stays as it is."""
    own = f"{name}-{samples}"
    for _ in range(samples):
        _sample(own, 5.0)
    _put(
        watched,
        own,
        Statistic=None,
        ExtendedStatistic="p90",
        EvaluateLowSampleCountPercentile="ignore",
    )
    time.sleep(0.2)
    eventually(lambda: _state(watched, own) == state)


def test_metric_math_is_watched(watched: Any, name: str, eventually: Eventually) -> None:
    """The expression that returns data counts; its mail names it."""
    stat = {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    _put(
        watched,
        name,
        **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period")),
        Threshold=9,
        Metrics=[
            {"Id": "m1", "MetricStat": stat, "ReturnData": False},
            {"Id": "e1", "Expression": "m1 * 10", "Label": "tenfold", "ReturnData": True},
        ],
    )
    eventually(lambda: _state(watched, name) == "OK")
    _sample(name)
    eventually(lambda: _state(watched, name) == "ALARM")
    assert "[10.0 (" in _alarm(watched, name)["StateReason"]


def test_an_expression_that_is_none(watched: Any, name: str, eventually: Eventually) -> None:
    """The alarm says so instead of an outcome."""
    _put(
        watched,
        name,
        **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period")),
        Metrics=[{"Id": "e1", "Expression": "1 +", "ReturnData": True, "Period": 60}],
    )
    watched[0].client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue="OK", StateReason="drill"
    )
    eventually(lambda: "Unable to evaluate" in _alarm(watched, name)["StateReason"])
    assert _state(watched, name) == "INSUFFICIENT_DATA"


def test_an_alarm_without_a_threshold_is_left_alone(watched: Any, topic: str, name: str) -> None:
    """Anomaly detection is not emulated; such an alarm can be set by hand, and tells."""
    stat = {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    _put(
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
    assert _state(watched, name) == "INSUFFICIENT_DATA"
    watched[0].client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="drill"
    )
    time.sleep(0.2)
    assert _state(watched, name) == "ALARM"
    assert watched[1].mailbox.mails()[0].letter.subject.startswith("ALARM: ")


def test_an_alarm_that_cannot_be_evaluated_spoils_it_for_no_other(
    watched: Any, name: str, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged once, not every few seconds."""
    _put(watched, f"{name}-bad", Threshold=None)
    _put(watched, name)
    eventually(lambda: _state(watched, name) == "OK")
    time.sleep(0.3)
    logged = [record.getMessage() for record in caplog.records]
    assert logged.count(f"alarm {name}-bad") == 1
