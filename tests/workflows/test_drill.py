"""Fire drills: what is sent, what has to come back, and the alarm's course after it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.drill import Drill
from tasktracker_ops.models.status import Subscription, timestamp
from tasktracker_ops.workflows.drill import ERROR, SLOW, drill

Make = Callable[..., AlarmEvent]


def after(seconds: float) -> str:
    """A time in the future of the test, as histories write it."""
    return timestamp(datetime.now(UTC) + timedelta(seconds=seconds))


@pytest.fixture
def failing(server: Any) -> Any:
    """An API whose function raises."""
    server.will_answer(500, '{"message":"Internal Server Error"}', apigw_requestid="abc=")
    return server


@pytest.fixture
def course(transition: Make, action: Make) -> tuple[AlarmEvent, ...]:
    """All that a drill should lead to, newest first; what an alarm does has its time."""
    fired, recovered = after(20), after(80)
    return (
        action(recovered),
        transition(recovered, "ALARM", "OK"),
        action(fired),
        transition(fired, "OK", "ALARM"),
    )


def test_requests_are_signed_and_counted(observed: Any, failing: Any, signed: list[bool]) -> None:
    """One after the other; each is told with its status, latency and id."""
    done = drill(observed, ERROR, count=3)
    assert [request.path for request in failing.asked] == ["/trigger-error"] * 3
    assert len(signed) == 3
    assert [(shot.status, shot.request_id, shot.expected) for shot in done.requests] == [
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
def test_another_answer_ends_the_drill(
    observed: Any, server: Any, status: int, body: str, why: str
) -> None:
    """It is quoted, with its reason; the alarm is not waited for."""
    server.will_answer(status, body)
    done = drill(observed, ERROR, count=5, timeout=60)
    assert len(server.asked) == 1
    assert [(shot.status, shot.expected) for shot in done.requests] == [(status, False)]
    assert done.problem is not None
    assert (done.complete, done.problem.code) == (False, "drill-answer-unexpected")
    assert why in done.problem.message


def test_no_answer_is_told(observed: Any) -> None:
    """As the client tells it, and the attempt is in the result."""
    observed.api_url = "http://127.0.0.1:9"
    done = drill(observed, ERROR)
    assert done.problem is not None
    assert done.problem.code == "api-unreachable"
    assert [(shot.status, shot.latency_ms, shot.expected) for shot in done.requests] == [
        (None, None, False)
    ]


def test_a_quick_answer_is_no_slow_one(observed: Any, server: Any) -> None:
    """The alarm on duration would not see it."""
    server.will_answer(200, "{}")
    done = drill(observed, SLOW)
    assert done.alarm == "LambdaDurationAlarm"
    assert done.problem is not None
    assert "not 200 after over 1 s" in done.problem.message


def test_the_alarm_is_found_by_what_it_watches(observed: Any, failing: Any, alarm: Alarm) -> None:
    """Its name may have been changed."""
    observed.found_alarms = [
        replace(alarm, name="LambdaErrorAlarm", metric="Throttles"),
        replace(alarm, name="LambdaDurationAlarm"),
    ]
    assert drill(observed, ERROR).alarm == "LambdaDurationAlarm"


@pytest.mark.parametrize(
    ("metrics", "why"),
    [
        ({"LambdaDurationAlarm": "Duration"}, "the alarm 'LambdaErrorAlarm' is gone"),
        (
            {"LambdaErrorAlarm": "Throttles", "LambdaDurationAlarm": "Duration"},
            "the alarms LambdaErrorAlarm, LambdaDurationAlarm watch other things",
        ),
    ],
)
def test_without_an_alarm_there_is_nothing_to_follow(
    observed: Any, failing: Any, alarm: Alarm, metrics: dict[str, str], why: str
) -> None:
    """Nothing is sent; without waiting it is, with a warning."""
    observed.found_alarms = [replace(alarm, name=n, metric=m) for n, m in metrics.items()]
    with pytest.raises(TtOpsError, match=re.escape(f"Errors ({why})")) as caught:
        drill(observed, ERROR, timeout=1)
    assert (caught.value.code, failing.asked) == ("alarm-missing", [])
    done = drill(observed, ERROR)
    assert (done.complete, done.alarm, len(failing.asked)) == (True, None, 1)
    assert observed.notes[0].endswith(f"Errors ({why}): nothing will fire")


def test_an_alarm_that_fires_already_is_left_alone(
    observed: Any, failing: Any, alarm: Alarm
) -> None:
    """It could not fire again; without waiting one may shoot all the same."""
    observed.found_alarms = [replace(alarm, state="ALARM")]
    with pytest.raises(TtOpsError, match=r"since 2026-01-01T00:00:00\.000Z") as caught:
        drill(observed, ERROR, timeout=1)
    assert (caught.value.code, failing.asked) == ("alarm-firing", [])
    assert drill(observed, ERROR).complete


def test_a_drill_ends_when_the_alarm_is_ok_again(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...]
) -> None:
    """Fired, told, recovered: each step once, with its time since the first request."""
    observed.histories = [(), course]
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
        "told operator@example.com of ALARM",
        "told operator@example.com of OK",
    ]


def test_what_comes_piece_by_piece_is_told_once(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...]
) -> None:
    """Each look gives all that there is so far."""
    observed.histories = [(), course[-1:], course[-2:], course[-2:], course]
    done = drill(observed, ERROR, timeout=60)
    assert done.complete
    assert len(observed.notes) == 5
    assert (len(done.transitions), len(done.notifications)) == (2, 2)


def test_what_was_before_the_drill_is_no_part_of_it(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...], transition: Make, action: Make
) -> None:
    """Another one may have ended just now; the clocks need not agree to tell."""
    before = (action(after(1)), transition(after(1), "ALARM", "OK"))
    observed.histories = [before, (*course, *before)]
    assert len(drill(observed, ERROR, timeout=60).transitions) == 2


def silent(observed: Any, *history: AlarmEvent) -> Drill:
    """A drill after which nobody was told; it is known at once."""
    observed.histories = [(), history]
    done = drill(observed, ERROR, timeout=600)
    assert done.problem is not None
    assert (done.complete, done.problem.code) == (False, "nobody-told")
    assert [each.state for each in done.transitions] == ["ALARM"]
    assert done.notifications == ()
    return done


def test_an_unconfirmed_address_was_not_told(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...], pending: Subscription
) -> None:
    """Though CloudWatch told the topic; the command that helps comes with it."""
    observed.found_subscriptions = (pending,)
    done = silent(observed, *course[-2:])
    assert done.problem is not None
    assert "operator@example.com has not confirmed" in done.problem.message
    assert done.problem.hint == "confirm: aws confirm"


def test_a_topic_without_subscriptions_tells_nobody(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...]
) -> None:
    """Somebody unsubscribed."""
    observed.found_subscriptions = ()
    assert "nobody has subscribed" in str(silent(observed, *course[-2:]).problem)


def test_an_action_that_failed_told_nobody(
    observed: Any, failing: Any, transition: Make, action: Make
) -> None:
    """CloudWatch's reason is quoted."""
    done = silent(observed, action(after(20), False), transition(after(20), "OK", "ALARM"))
    assert "Failed to execute action" in str(done.problem)


@pytest.mark.parametrize("change", [{"actions_enabled": False}, {"alarm_actions": ()}])
def test_an_alarm_without_actions_told_nobody(
    observed: Any, failing: Any, alarm: Alarm, transition: Make, change: dict[str, Any]
) -> None:
    """CloudWatch then writes nothing of them into the history."""
    observed.found_alarms = [replace(alarm, **change)]
    silent(observed, transition(after(20), "OK", "ALARM"))


@pytest.mark.parametrize(
    ("reached", "awaited"),
    [
        (0, "for LambdaErrorAlarm to fire"),
        (1, r"for the notification \(so far: ALARM after \d+ s\)"),
        (2, r"for LambdaErrorAlarm to be OK again \(so far: ALARM"),
    ],
)
def test_a_drill_that_takes_too_long_tells_how_far_it_came(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...], reached: int, awaited: str
) -> None:
    """And what it waited for."""
    observed.histories = [(), course[len(course) - reached :]]
    done = drill(observed, ERROR, timeout=0.1)
    assert done.problem is not None
    assert (done.complete, done.problem.code) == (False, "drill-timeout")
    with pytest.raises(TtOpsError, match=awaited):
        raise TtOpsError("x", done.problem.message, hint="")


def test_the_notification_of_ok_is_not_needed(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...]
) -> None:
    """Somebody heard that it failed; it is waited for, for a while."""
    observed.histories = [(), course[1:]]
    assert drill(observed, ERROR, timeout=0.1).complete


def test_a_lost_connection_is_no_end(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...]
) -> None:
    """It is asked again, which is said once."""
    lost = TtOpsError("aws-unreachable", "AWS does not answer", hint="look: env")
    observed.histories = [(), lost, lost, course]
    assert drill(observed, ERROR, timeout=60).complete
    assert observed.notes.count("asking again: AWS does not answer") == 1


def test_what_the_target_can_explain_ends_the_wait(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...]
) -> None:
    """It does not pass."""
    lost = TtOpsError("aws-unreachable", "AWS does not answer", hint="look: env")
    observed.explained = TtOpsError("local-not-running", "it ended", hint="again: tt-ops deploy")
    observed.histories = [(), course[-2:], lost]
    done = drill(observed, ERROR, timeout=600)
    assert done.problem is not None
    assert (done.problem.code, len(done.notifications)) == ("local-not-running", 1)


def test_credentials_that_expire_end_the_wait(
    observed: Any, failing: Any, course: tuple[AlarmEvent, ...]
) -> None:
    """What was seen until then is told."""
    expired = ConfigurationError("aws-credentials-expired", "expired", hint="aws sso")
    observed.histories = [(), course[-2:], expired]
    done = drill(observed, ERROR, timeout=60)
    assert done.problem is not None
    assert done.problem.code == "aws-credentials-expired"
    assert len(done.notifications) == 1


@pytest.mark.parametrize("hours", [-3, 3])
def test_times_are_those_of_aws(
    observed: Any, server: Any, course: tuple[AlarmEvent, ...], hours: int
) -> None:
    """A wrong clock of this machine shows in the answer's date."""
    ahead = timedelta(hours=hours)
    server.will_answer(500, "{}", Date=format_datetime(datetime.now(UTC) + ahead, usegmt=True))
    moved = [
        replace(event, at=timestamp(datetime.fromisoformat(event.at) + ahead)) for event in course
    ]
    observed.histories = [(), tuple(moved)]
    done = drill(observed, ERROR, timeout=60)
    assert done.transitions[0].after_seconds == pytest.approx(20, abs=3)


def test_a_slow_answer_is_expected(observed: Any, server: Any) -> None:
    """Of over a second."""
    server.delay = 1.1
    server.will_answer(200, "{}")
    done = drill(observed, SLOW)
    assert done.complete
    assert done.requests[0].latency_ms > 1000
