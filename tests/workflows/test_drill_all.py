"""Drills of all alarms beside each other, and their record."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.alarm import AlarmEvent
from tasktracker_ops.models.drill import DrillRecord
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.workflows.drill_all import drill_all
from tests.alarm import LOAD_TEST

Make = Callable[..., AlarmEvent]


def at(seconds: float) -> str:
    """Return a time so many seconds ahead, as histories write it."""
    return timestamp(datetime.now(UTC) + timedelta(seconds=seconds))


@pytest.fixture
def drilled(observed: Any, server: Any, transition: Make, action: Make) -> Any:
    """A deployment whose alarms both fire, notify and recover; one response is quick."""
    server.will_answer(500, "{}")
    server.will_answer(200, "{}")
    server.delay = 1.1
    fired, recovered = at(30), at(90)
    events = [
        transition(recovered, "ALARM", "OK"),
        action(fired),
        transition(fired, "OK", "ALARM"),
    ]
    other = [replace(event, alarm="LambdaDurationAlarm") for event in events]
    # Once each before the requests, and afterwards.
    observed.histories = [(), (), (*events, *other)]
    return observed


def test_all_alarms_are_followed_beside_each_other(drilled: Any, server: Any) -> None:
    """Their record has the times, and whom they notified, redacted; it is kept as the proof."""
    report = drill_all(drilled, timeout=0.1)
    assert [request.path for request in server.asked] == ["/trigger-error", "/trigger-slow"]
    record = report.record
    assert (record.complete, report.problems, drilled.drill_record) == (True, (), record)
    assert "@" in record.who
    assert record.release == "7"
    assert [each.alarm for each in record.alarms] == ["LambdaErrorAlarm", "LambdaDurationAlarm"]
    for each in record.alarms:
        assert each.fired_after_seconds == pytest.approx(30, abs=3)
        assert each.notified_after_seconds == pytest.approx(30, abs=3)
        assert each.ok_after_seconds == pytest.approx(90, abs=3)
        assert (each.notified, each.problem) == (("o…@example.com",), None)
    assert DrillRecord.from_json(json.loads(json.dumps(asdict(record)))) == record


def test_an_alarm_that_fails_its_drill_proves_nothing(drilled: Any) -> None:
    """The other one is followed to its end; nothing is stored."""
    drilled.histories[-1] = drilled.histories[-1][:3]
    report = drill_all(drilled, timeout=0.1)
    assert [each.complete for each in report.drills] == [True, False]
    assert [each.problem for each in report.record.alarms] == [None, "drill-timeout"]
    assert (report.complete, drilled.drill_record) == (False, None)
    assert [line.partition("for ")[2] for line in drilled.awaited[0]] == [
        "LambdaErrorAlarm to be OK again",
        "LambdaDurationAlarm to fire",
    ]


@pytest.mark.parametrize("code", ["alarm-missing", "alarm-firing", "alarm-muted"])
def test_nothing_is_fired_unless_every_alarm_can_be_proven(
    drilled: Any, server: Any, code: str
) -> None:
    """One that cannot makes the rest useless."""
    if code == "alarm-missing":
        del drilled.found_alarms[1]
    elif code == "alarm-firing":
        drilled.found_alarms[1] = replace(drilled.found_alarms[1], state="ALARM")
    else:
        drilled.mutes = {"LambdaDurationAlarm": (LOAD_TEST,)}
    with pytest.raises(TtOpsError) as caught:
        drill_all(drilled, timeout=1)
    assert (caught.value.code, server.asked) == (code, [])


@pytest.mark.parametrize(("days", "fires"), [(6, False), (8, True)])
def test_a_recent_proof_is_enough(drilled: Any, server: Any, days: int, fires: bool) -> None:
    """A nightly job drills once a week."""
    last = DrillRecord(at(-days * 86400), "ada@desk", None, None, None, True, ())
    drilled.drill_record = last
    report = drill_all(drilled, timeout=0.1, older_than=7 * 86400)
    assert bool(server.asked) == fires
    assert (report.record is last, bool(report.drills)) == (not fires, fires)


def test_a_record_that_cannot_be_stored_is_a_problem(drilled: Any) -> None:
    """The alarms are proven all the same."""
    drilled.drill_record = TtOpsError("aws-access-denied", "no", hint="ask: aws sts")
    report = drill_all(drilled, timeout=0.1)
    assert (report.complete, [each.code for each in report.problems]) == (
        True,
        ["aws-access-denied"],
    )
