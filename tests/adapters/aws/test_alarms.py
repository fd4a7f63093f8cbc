"""Alarms: state, condition, actions and history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.alarms import Alarms
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent, Mute
from tests.alarm import TOPIC

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
ITEM: dict[str, Any] = {
    "AlarmName": "LambdaErrorAlarm",
    "AlarmDescription": "It failed.",
    "ActionsEnabled": True,
    "OKActions": [],
    "AlarmActions": [TOPIC],
    "InsufficientDataActions": [],
    "StateValue": "ALARM",
    "StateReason": "Threshold Crossed: 1 datapoint [1.0] was greater than the threshold (0.0).",
    "StateUpdatedTimestamp": datetime(2026, 1, 3, tzinfo=UTC),
    "StateTransitionedTimestamp": AT,
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "Statistic": "Sum",
    "Dimensions": [{"Name": "FunctionName", "Value": "tracker"}],
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


@pytest.fixture
def cloudwatch(stub: Callable[[str], Stubber]) -> Stubber:
    """The stub of CloudWatch."""
    return stub("cloudwatch")


@pytest.fixture
def alarms(session: AwsSession) -> Alarms:
    """The alarms."""
    return Alarms(session)


def one(alarms: Alarms, cloudwatch: Stubber, item: dict[str, Any]) -> Alarm:
    """The alarm from CloudWatch's description `item`."""
    cloudwatch.add_response("describe_alarms", {"MetricAlarms": [item]})
    (alarm,) = alarms.get([item["AlarmName"]])
    return alarm


def test_since_is_the_time_of_the_last_transition(alarms: Alarms, cloudwatch: Stubber) -> None:
    """It is not the time of the last update of the reason."""
    alarm = one(alarms, cloudwatch, ITEM)
    assert (alarm.state, alarm.since) == ("ALARM", "2026-01-02T03:04:05.678Z")
    assert (alarm.namespace, alarm.metric, alarm.statistic) == ("AWS/Lambda", "Errors", "Sum")
    assert (alarm.evaluation_periods, alarm.datapoints_to_alarm) == (3, 3)
    assert (alarm.alarm_actions, alarm.ok_actions) == ((TOPIC,), ())


def test_missing_members_have_defaults(alarms: Alarms, cloudwatch: Stubber) -> None:
    """An old alarm has only the time of its last update."""
    left_out = {"StateTransitionedTimestamp", "TreatMissingData", "AlarmDescription"}
    alarm = one(alarms, cloudwatch, {k: v for k, v in ITEM.items() if k not in left_out})
    assert (alarm.missing_data, alarm.description) == ("missing", "")
    assert alarm.since == "2026-01-03T00:00:00.000Z"


def test_alarm_on_metric_math_has_its_expression(alarms: Alarms, cloudwatch: Stubber) -> None:
    """It is the query that returns data."""
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": []}
    stat = {"Metric": metric, "Period": 60, "Stat": "p95"}
    queries = [
        {"Id": "m", "MetricStat": stat, "ReturnData": False},
        {"Id": "e", "Expression": "m / 2", "Period": 300, "ReturnData": True},
    ]
    plain = {k: v for k, v in ITEM.items() if k not in {"MetricName", "Namespace", "Statistic"}}
    alarm = one(alarms, cloudwatch, {**plain, "Metrics": queries})
    assert (alarm.metric, alarm.namespace, alarm.period) == ("m / 2", None, 300)


def test_alarm_on_an_anomaly_band_has_its_metric(alarms: Alarms, cloudwatch: Stubber) -> None:
    """It has no threshold."""
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Duration", "Dimensions": []}
    queries = [
        {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m)", "ReturnData": True},
        {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p95"}},
    ]
    plain = {k: v for k, v in ITEM.items() if k not in {"MetricName", "Namespace", "Threshold"}}
    del plain["Statistic"]
    item = {**plain, "Metrics": queries, "ThresholdMetricId": "b"}
    alarm = one(alarms, cloudwatch, item)
    assert (alarm.metric, alarm.statistic, alarm.threshold) == ("Duration", "p95", None)


def test_alarms_are_in_the_order_of_the_names(alarms: Alarms, cloudwatch: Stubber) -> None:
    """Missing ones are left out."""
    items = [{**ITEM, "AlarmName": name} for name in ("a", "b")]
    expected = {"AlarmNames": ["b", "gone", "a"], "MaxRecords": 100}
    cloudwatch.add_response("describe_alarms", {"MetricAlarms": items}, expected)
    assert [alarm.name for alarm in alarms.get(["b", "gone", "a"])] == ["b", "a"]


def test_no_names_need_no_call(alarms: Alarms) -> None:
    """Without names CloudWatch would return all alarms of the account."""
    assert alarms.get([]) == ()


def item(kind: str, summary: str, **data: Any) -> dict[str, Any]:
    """An item of the history."""
    return {
        "AlarmName": "a",
        "Timestamp": AT,
        "HistoryItemType": kind,
        "HistorySummary": summary,
        "HistoryData": json.dumps(data),
    }


def events(alarms: Alarms, cloudwatch: Stubber, *items: dict[str, Any]) -> tuple[AlarmEvent, ...]:
    """The history that CloudWatch returns as these items."""
    cloudwatch.add_response("describe_alarm_history", {"AlarmHistoryItems": list(items)})
    return alarms.history("a")


def test_state_update_has_both_states_and_the_reason(alarms: Alarms, cloudwatch: Stubber) -> None:
    """They come from the item's data."""
    new = {"stateValue": "ALARM", "stateReason": "it failed"}
    update = item(
        "StateUpdate", "Alarm updated", version="1.0", oldState={"stateValue": "OK"}, newState=new
    )
    (event,) = events(alarms, cloudwatch, update)
    assert (event.old_state, event.new_state, event.reason) == ("OK", "ALARM", "it failed")
    assert (event.at, event.action, event.succeeded) == ("2026-01-02T03:04:05.678Z", None, None)


@pytest.mark.parametrize(
    ("summary", "data", "succeeded"),
    [
        ("whatever", {"actionState": "Succeeded", "notificationResource": TOPIC}, True),
        ("whatever", {"actionState": "Failed", "notificationResource": TOPIC}, False),
        (f"Successfully executed action {TOPIC}", {}, True),
        (f"Failed to execute action {TOPIC}. Received error: no right", {}, False),
    ],
)
def test_action_succeeded_or_failed(
    alarms: Alarms, cloudwatch: Stubber, summary: str, data: dict[str, Any], succeeded: bool
) -> None:
    """According to its data, or else its summary."""
    (event,) = events(alarms, cloudwatch, item("Action", summary, **data))
    assert (event.action, event.succeeded) == (TOPIC, succeeded)


def test_data_that_is_not_json_is_ignored(alarms: Alarms, cloudwatch: Stubber) -> None:
    """The summary remains."""
    broken = {**item("ConfigurationUpdate", 'Alarm "a" created'), "HistoryData": "{"}
    (event,) = events(alarms, cloudwatch, broken)
    assert (event.summary, event.new_state) == ('Alarm "a" created', None)


def test_all_pages_of_the_history_are_read(alarms: Alarms, cloudwatch: Stubber) -> None:
    """Newest first, since a time."""
    asked = {
        "AlarmName": "a",
        "ScanBy": "TimestampDescending",
        "StartDate": AT,
        "MaxRecords": 100,
    }
    pages = [{"AlarmHistoryItems": [item("Action", str(n))], "NextToken": "t"} for n in range(2)]
    del pages[1]["NextToken"]
    cloudwatch.add_response("describe_alarm_history", pages[0], asked)
    cloudwatch.add_response("describe_alarm_history", pages[1], {**asked, "NextToken": "t"})
    assert [event.summary for event in alarms.history("a", since=AT)] == ["0", "1"]


def test_limited_history_reads_one_page(alarms: Alarms, cloudwatch: Stubber) -> None:
    """The limit is also the page size."""
    asked = {"AlarmName": "a", "ScanBy": "TimestampDescending", "MaxRecords": 2}
    page = {"AlarmHistoryItems": [item("Action", str(n)) for n in range(2)], "NextToken": "t"}
    cloudwatch.add_response("describe_alarm_history", page, asked)
    assert len(alarms.history("a", limit=2)) == 2


ACTIVE = {"Statuses": ["ACTIVE"], "MaxRecords": 100}


def rules(*names: str) -> dict[str, Any]:
    """A page of mute rules."""
    arn = "arn:aws:cloudwatch:eu-west-3:123456789012:alarm-mute-rule"
    return {"AlarmMuteRuleSummaries": [{"AlarmMuteRuleArn": f"{arn}:{name}"} for name in names]}


def rule(expression: str, **more: Any) -> dict[str, Any]:
    """Return what GetAlarmMuteRule answers."""
    schedule = {"Expression": expression, "Duration": "PT1H30M"}
    return {"Description": "freeze", "Rule": {"Schedule": schedule}, **more}


def test_one_call_says_that_no_mute_rule_is_active(alarms: Alarms, cloudwatch: Stubber) -> None:
    """Mostly that is so, and nothing more is read."""
    alarm = one(alarms, cloudwatch, ITEM)
    assert alarm.muted_by is None
    cloudwatch.add_response("list_alarm_mute_rules", rules(), ACTIVE)
    assert alarms.with_mute_rules([alarm])[0].muted_by == ()


def test_active_mute_rules_are_read_per_alarm(alarms: Alarms, cloudwatch: Stubber) -> None:
    """A rule of other alarms does not count; a name may hold a colon, and pages are followed."""
    alarm = one(alarms, cloudwatch, ITEM)
    cloudwatch.add_response("list_alarm_mute_rules", rules("other"), ACTIVE)
    query = {**ACTIVE, "AlarmName": "LambdaErrorAlarm"}
    page = {**rules("a:b"), "NextToken": "next"}
    cloudwatch.add_response("list_alarm_mute_rules", page, query)
    cloudwatch.add_response("list_alarm_mute_rules", rules("c"), {**query, "NextToken": "next"})
    cloudwatch.add_response("get_alarm_mute_rule", rule("cron(0 2 * * *)"))
    cloudwatch.add_response("get_alarm_mute_rule", rule("at(2026-01-02T03:00)"))
    (muted,) = alarms.with_mute_rules([alarm])
    assert muted.muted_by == (
        Mute("a:b", None, "freeze"),
        Mute("c", "2026-01-02T04:30:00.000Z", "freeze"),
    )
    assert muted.muted_until is None


def test_mute_rules_are_unknown_where_there_is_no_such_operation(
    alarms: Alarms, cloudwatch: Stubber
) -> None:
    """As with other emulators of AWS; a refusal is an error."""
    alarm = one(alarms, cloudwatch, ITEM)
    cloudwatch.add_client_error("list_alarm_mute_rules", "InvalidAction", "unknown", 400)
    assert alarms.with_mute_rules([alarm])[0].muted_by is None
    cloudwatch.add_client_error("list_alarm_mute_rules", "AccessDenied", "no", 403)
    with pytest.raises(ConfigurationError, match="mute rules"):
        alarms.with_mute_rules([alarm])
