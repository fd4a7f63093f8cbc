"""Fire drills: the requests, the expected responses, and what the alarm does after them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.status import Subscription
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.workflows.drill import ERROR, SLOW, drill
from tests.alarm import LOAD_TEST

Make = Callable[..., AlarmEvent]
History = tuple[AlarmEvent, ...]


def after(seconds: float) -> str:
    """Return a time so many seconds ahead, as histories write it."""
    return timestamp(datetime.now(UTC) + timedelta(seconds=seconds))


@pytest.fixture
def failing(server: Any) -> Any:
    """An API whose function raises."""
    server.will_answer(500, '{"message":"Internal Server Error"}', apigw_requestid="abc=")
    return server


@pytest.fixture
def history(transition: Make, action: Make) -> History:
    """The complete history of a drill, newest first; actions have the time of their transition."""
    fired, recovered = after(20), after(80)
    return (
        action(recovered),
        transition(recovered, "ALARM", "OK"),
        action(fired),
        transition(fired, "OK", "ALARM"),
    )


def test_requests_are_signed_and_counted(observed: Any, failing: Any, signed: list[bool]) -> None:
    """The result has status, latency and id of each."""
    done = drill(observed, ERROR, count=3)
    assert [request.path for request in failing.asked] == ["/trigger-error"] * 3
    assert len(signed) == 3
    assert [(each.status, each.request_id, each.expected) for each in done.requests] == [
        (500, "abc=", True)
    ] * 3
    assert (done.complete, done.waited, done.problem) == (True, False, None)
    assert done.alarm == "LambdaErrorAlarm"
    assert observed.notes == ["   0.0 s  3 requests to /trigger-error: 500"]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, "{}", "and not 500"),
        (403, '{"message":"Forbidden"}', "execute-api:Invoke"),
        (404, '{"message":"Not Found"}', "no such route"),
        (429, '{"message":"Too Many Requests"}', "throttled"),
        (503, '{"message":"Service Unavailable"}', "Service Unavailable"),
    ],
)
def test_an_unexpected_response_ends_the_drill(
    observed: Any, server: Any, status: int, body: str, why: str
) -> None:
    """It is quoted and explained; the drill does not wait for the alarm."""
    server.will_answer(status, body)
    done = drill(observed, ERROR, count=5, timeout=60)
    assert len(server.asked) == 1
    assert [(each.status, each.expected) for each in done.requests] == [(status, False)]
    assert done.problem is not None
    assert (done.complete, done.problem.code) == (False, "drill-response-unexpected")
    assert why in done.problem.message


def test_a_failed_request_is_reported(observed: Any) -> None:
    """The problem is the client's error, and the request is in the result."""
    observed.api_url = "http://127.0.0.1:9"
    done = drill(observed, ERROR)
    assert done.problem is not None
    assert done.problem.code == "api-unreachable"
    assert [(each.status, each.latency_ms, each.expected) for each in done.requests] == [
        (None, None, False)
    ]


def test_a_quick_response_does_not_pass_as_slow(observed: Any, server: Any) -> None:
    """The alarm on duration would not fire."""
    server.will_answer(200, "{}")
    done = drill(observed, SLOW)
    assert done.alarm == "LambdaDurationAlarm"
    assert done.problem is not None
    assert "not 200 after over 1 s" in done.problem.message


def test_the_alarm_is_found_by_its_metric(observed: Any, failing: Any, alarm: Alarm) -> None:
    """Its name may have been changed."""
    observed.found_alarms = [
        replace(alarm, name="LambdaErrorAlarm", metric="Throttles"),
        replace(alarm, name="LambdaDurationAlarm"),
    ]
    assert drill(observed, ERROR).alarm == "LambdaDurationAlarm"


@pytest.mark.parametrize(
    ("metrics", "why"),
    [
        ({"LambdaDurationAlarm": "Duration"}, "the alarm 'LambdaErrorAlarm' does not exist"),
        (
            {"LambdaErrorAlarm": "Throttles", "LambdaDurationAlarm": "Duration"},
            "LambdaErrorAlarm, LambdaDurationAlarm watch other metrics",
        ),
    ],
)
def test_a_drill_does_not_wait_without_an_alarm(
    observed: Any, failing: Any, alarm: Alarm, metrics: dict[str, str], why: str
) -> None:
    """With waiting nothing is sent; without it, the requests are, with a warning."""
    observed.found_alarms = [replace(alarm, name=n, metric=m) for n, m in metrics.items()]
    with pytest.raises(TtOpsError, match=re.escape(f"Errors ({why})")) as caught:
        drill(observed, ERROR, timeout=1)
    assert (caught.value.code, failing.asked) == ("alarm-missing", [])
    done = drill(observed, ERROR)
    assert (done.complete, done.alarm, len(failing.asked)) == (True, None, 1)
    assert observed.notes[0].endswith(f"Errors ({why}): nothing will fire")


def test_a_drill_does_not_wait_for_an_alarm_that_is_firing(
    observed: Any, failing: Any, alarm: Alarm
) -> None:
    """It could not fire again; without waiting the requests are sent."""
    observed.found_alarms = [replace(alarm, state="ALARM")]
    with pytest.raises(TtOpsError, match=r"since 2026-01-01T00:00:00\.000Z") as caught:
        drill(observed, ERROR, timeout=1)
    assert (caught.value.code, failing.asked) == ("alarm-firing", [])
    assert drill(observed, ERROR).complete


def test_a_drill_ends_when_the_alarm_is_ok_again(
    observed: Any, failing: Any, history: History
) -> None:
    """Each step is reported once, with its time since the first request."""
    observed.histories = [(), history]
    done = drill(observed, ERROR, timeout=60)
    assert (done.complete, done.waited, done.problem) == (True, True, None)
    assert [each.state for each in done.transitions] == ["ALARM", "OK"]
    assert [each.after_seconds for each in done.transitions] == pytest.approx([20, 80], abs=2)
    assert [(each.state, each.endpoints) for each in done.notifications] == [
        ("ALARM", ("operator@example.com",)),
        ("OK", ("operator@example.com",)),
    ]
    assert [note.split("  ")[-1] for note in observed.notes] == [
        "1 request to /trigger-error: 500",
        "LambdaErrorAlarm: OK → ALARM",
        "LambdaErrorAlarm: ALARM → OK",
        "LambdaErrorAlarm: notified operator@example.com of ALARM",
        "LambdaErrorAlarm: notified operator@example.com of OK",
    ]


def test_a_growing_history_is_reported_once(observed: Any, failing: Any, history: History) -> None:
    """Each read returns all events so far."""
    observed.histories = [(), history[-1:], history[-2:], history[-2:], history]
    done = drill(observed, ERROR, timeout=60)
    assert done.complete
    assert len(observed.notes) == 5
    assert (len(done.transitions), len(done.notifications)) == (2, 2)


def test_events_before_the_drill_are_ignored(
    observed: Any, failing: Any, history: History, transition: Make, action: Make
) -> None:
    """Another drill may have ended just now, and the clocks may differ."""
    before = (action(after(1)), transition(after(1), "ALARM", "OK"))
    observed.histories = [before, (*history, *before)]
    assert len(drill(observed, ERROR, timeout=60).transitions) == 2


SUBSCRIBED = Subscription("email", "operator@example.com", True, "arn")
PENDING = replace(SUBSCRIBED, confirmed=False, arn=None)


@pytest.mark.parametrize(
    ("change", "succeeded", "subscriptions", "why"),
    [
        ({}, True, (PENDING,), "operator@example.com is pending confirmation"),
        ({}, True, (), "has no subscription"),
        ({}, False, (SUBSCRIBED,), "Failed to execute action"),
        ({"actions_enabled": False}, None, (SUBSCRIBED,), "has its actions disabled"),
        ({"alarm_actions": ()}, None, (SUBSCRIBED,), "has no topic among its actions"),
    ],
)
def test_a_drill_that_notifies_nobody_ends_at_once(
    observed: Any,
    failing: Any,
    alarm: Alarm,
    transition: Make,
    action: Make,
    change: dict[str, Any],
    succeeded: bool | None,
    subscriptions: tuple[Subscription, ...],
    why: str,
) -> None:
    """Though the alarm fired; without actions its history has none."""
    fired = after(20)
    events = [] if succeeded is None else [action(fired, succeeded)]
    observed.found_alarms = [replace(alarm, **change)]
    observed.found_subscriptions = subscriptions
    observed.histories = [(), (*events, transition(fired, "OK", "ALARM"))]
    done = drill(observed, ERROR, timeout=600)
    assert done.problem is not None
    assert (done.complete, done.problem.code) == (False, "nobody-notified")
    assert why in done.problem.message
    assert [each.state for each in done.transitions] == ["ALARM"]
    assert done.notifications == ()


@pytest.mark.parametrize(
    ("reached", "awaited"),
    [
        (0, "for LambdaErrorAlarm to fire"),
        (1, r"for the notification \(so far: ALARM after \d+ s\)"),
        (2, r"for LambdaErrorAlarm to be OK again \(so far: ALARM"),
    ],
)
def test_a_timeout_names_what_was_reached(
    observed: Any, failing: Any, history: History, reached: int, awaited: str
) -> None:
    """It names also what the drill was waiting for."""
    observed.histories = [(), history[len(history) - reached :]]
    done = drill(observed, ERROR, timeout=0.1)
    assert done.problem is not None
    assert (done.complete, done.problem.code) == (False, "drill-timeout")
    assert re.search(awaited, done.problem.message)


def test_the_notification_of_ok_is_not_required(
    observed: Any, failing: Any, history: History
) -> None:
    """The drill waits for it only for a while."""
    observed.histories = [(), history[1:]]
    assert drill(observed, ERROR, timeout=0.1).complete


def test_a_lost_connection_does_not_end_the_wait(
    observed: Any, failing: Any, history: History
) -> None:
    """The retries are reported once."""
    lost = TtOpsError("aws-unreachable", "AWS does not answer", hint="look: env")
    observed.histories = [(), lost, lost, history]
    assert drill(observed, ERROR, timeout=60).complete
    assert observed.notes.count("retrying: AWS does not answer") == 1


@pytest.mark.parametrize("explained", [False, True])
def test_an_error_that_stays_ends_the_wait(
    observed: Any, failing: Any, history: History, explained: bool
) -> None:
    """Expired credentials, or what the target explains; the result has all until then."""
    expired = ConfigurationError("aws-credentials-expired", "expired", hint="aws sso")
    ended = TtOpsError("local-not-running", "it ended", hint="again: tt-ops deploy")
    lost = TtOpsError("aws-unreachable", "AWS does not answer", hint="look: env")
    observed.explained = ended if explained else None
    observed.histories = [(), history[-2:], lost if explained else expired]
    done = drill(observed, ERROR, timeout=600)
    assert done.problem is not None
    assert done.problem.code == (ended if explained else expired).code
    assert len(done.notifications) == 1


@pytest.mark.parametrize("hours", [-3, 3])
def test_times_are_by_the_clock_of_aws(
    observed: Any, server: Any, history: History, hours: int
) -> None:
    """The Date header corrects a wrong clock of this machine."""
    ahead = timedelta(hours=hours)
    server.will_answer(500, "{}", Date=format_datetime(datetime.now(UTC) + ahead, usegmt=True))
    moved = [
        replace(event, at=timestamp(datetime.fromisoformat(event.at) + ahead)) for event in history
    ]
    observed.histories = [(), tuple(moved)]
    done = drill(observed, ERROR, timeout=60)
    assert done.transitions[0].after_seconds == pytest.approx(20, abs=3)


def test_a_slow_response_passes(observed: Any, server: Any) -> None:
    """It takes over a second."""
    server.delay = 1.1
    server.will_answer(200, "{}")
    done = drill(observed, SLOW)
    assert done.complete
    assert done.requests[0].latency_ms > 1000


def test_a_drill_does_not_wait_for_a_muted_alarm(observed: Any, failing: Any) -> None:
    """It sends no request, even if approved; without waiting, the approval decides."""
    observed.mutes = {"LambdaErrorAlarm": (LOAD_TEST,)}
    asked: list[Problem] = []
    with pytest.raises(TtOpsError, match="muted by ada@desk") as caught:
        drill(observed, ERROR, timeout=1, approve=asked.append)
    assert caught.value.hint.endswith(": tt-ops alarms unmute LambdaErrorAlarm")
    with pytest.raises(TtOpsError, match="muted by ada@desk"):
        drill(observed, ERROR)
    assert (caught.value.code, failing.asked, asked) == ("alarm-muted", [], [])
    assert drill(observed, ERROR, approve=asked.append).complete
    assert (asked[0].code, observed.notes[0]) == ("alarm-muted", asked[0].message)
