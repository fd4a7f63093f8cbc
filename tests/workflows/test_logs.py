"""Which events are shown, and what CloudWatch is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.logs import LogRecord
from tasktracker_ops.emulator.logs.patterns import compile_pattern
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.log import LogMessage, RepeatedEvent
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.logs import LogQuery, logs

NOW = 1_767_323_045_678  # 2026-01-02T03:04:05.678Z
FIRST, SECOND = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"
THIRD = "44444444-0000-4000-8000-000000000000"


def line(request_id: str, status: int, **more: Any) -> str:
    """Return the handler's line for a request."""
    return json.dumps({"level": "INFO", "request_id": request_id, "status": status, **more}) + "\n"


def invocation(request_id: str, *output: str, status: str = "") -> list[str]:
    """Return the lines of an invocation in its stream."""
    return [
        f"START RequestId: {request_id} Version: 1\n",
        *output,
        f"END RequestId: {request_id}\n",
        f"REPORT RequestId: {request_id}\tDuration: 1.00 ms\t{status}\n",
    ]


@dataclass
class Group:
    """A log group whose events are a millisecond apart; CloudWatch's filters are real."""

    streams: dict[str, list[str]]
    asked: list[str] = field(default_factory=list)
    since: int = 0

    def now(self) -> int:
        """Return the time."""
        return NOW

    def read(
        self,
        *,
        start: int,
        end: int | None = None,
        pattern: str = "",
        streams: Sequence[str] = (),
    ) -> Iterator[LogRecord]:
        """What matches, in order."""
        self.asked.append(pattern)
        self.since = self.since or start
        matches = compile_pattern(pattern)
        records = [
            LogRecord(f"{stream}-{number}", NOW + number, stream, message)
            for stream, messages in self.streams.items()
            for number, message in enumerate(messages)
        ]
        for record in sorted(records, key=lambda record: record.timestamp):
            if (
                start <= record.timestamp <= (end or record.timestamp)
                and (not streams or record.stream in streams)
                and matches(record.message)
            ):
                yield record


@pytest.fixture
def group(observed: Any) -> Group:
    """The function's log: two requests of one stream, one of another at the same time."""
    group = Group(
        {
            "a": [
                "INIT_START Runtime Version: python:3.12\n",
                *invocation(FIRST, "printed\n", line(FIRST, 200)),
                *invocation(SECOND, line(SECOND, 503, level="WARNING")),
            ],
            "b": invocation("3", "also printed\n", "[ERROR] ValueError: no\nTraceback …\n"),
        }
    )
    observed.log_group = lambda name, release: group
    return group


def shown(observed: Any, **query: Any) -> list[str]:
    """Return the messages that are shown."""
    found = logs(observed, LogQuery(**{"since": 60, **query}))
    return [event.message.rstrip("\n") for event in found]


def test_by_default_lambdas_lines_are_left_out(observed: Any, group: Group) -> None:
    """Those of both streams, in order, without Lambda's."""
    assert shown(observed) == [
        "also printed",
        "printed",
        "[ERROR] ValueError: no\nTraceback …",
        line(FIRST, 200).rstrip(),
        line(SECOND, 503, level="WARNING").rstrip(),
    ]
    assert group.since == NOW - 60_000


@pytest.mark.parametrize(
    ("settings", "query"),
    [
        ({"verbose": True}, {}),
        ({"output": "json"}, {}),
        ({}, {"message_only": True}),
        ({}, {"pattern": '" "'}),
    ],
    ids=str,
)
def test_lambdas_lines_are_shown_on_request(
    observed: Any, group: Group, settings: dict[str, Any], query: dict[str, Any]
) -> None:
    """To programs, with --verbose, and to those who filter themselves."""
    observed.settings = Settings(**settings)
    assert len(shown(observed, **query)) == sum(map(len, group.streams.values()))


def test_an_event_has_its_time_and_its_fields(observed: Any, group: Group) -> None:
    """In UTC; fields only where the message is an object of JSON."""
    group.streams = {"a": ['{"a": 1}\n', "[1]\n", "{", "text"]}
    events = list(logs(observed, LogQuery(since=60)))
    assert [event.fields for event in events] == [{"a": 1}, None, None, None]
    assert (events[0].at, events[0].stream) == ("2026-01-02T03:04:05.678Z", "a")


def test_only_messages_are_shown_on_request(observed: Any, group: Group) -> None:
    """As they were written, newline included."""
    group.streams = {"a": ["text\n"]}
    assert list(logs(observed, LogQuery(since=60, message_only=True))) == [LogMessage("text\n")]


def test_cloudwatch_filters_by_the_pattern(observed: Any, group: Group) -> None:
    """The user's pattern is passed on as it is."""
    pattern = "{ $.status >= 500 }"
    assert shown(observed, pattern=pattern) == [line(SECOND, 503, level="WARNING").rstrip()]
    assert group.asked == [pattern]


FAILURES = [
    line(FIRST, 500, level="ERROR"),
    line(FIRST, 503),
    '{"status":599}',
    '{"level": "CRITICAL"}',
    "[ERROR] FireDrill: on purpose\nTraceback (most recent call last):\n",
    "[ERROR]\t2026-01-02T03:04:05.678Z\tid\tlogged",
    f"2026-01-02T03:04:05.678Z {FIRST} Task timed out after 3.00 seconds\n",
    f"RequestId: {FIRST} Error: Runtime exited with error: exit status 3\nRuntime.ExitError\n",
    f"REPORT RequestId: {FIRST}\tDuration: 3000.00 ms\tStatus: timeout\n",
    f"REPORT RequestId: {FIRST}\tDuration: 3.00 ms\tStatus: error\tError Type: X\n",
]
NO_FAILURES = [
    line(FIRST, 200, duration_ms=5.5),
    line(FIRST, 404),
    '{"level": "INFO", "message": "ERROR"}',
    "no ERROR: all is well\n",
    f"REPORT RequestId: {FIRST}\tDuration: 5.00 ms\t\n",
]


def test_failures_are_filtered_by_cloudwatch_and_again_here(observed: Any, group: Group) -> None:
    """Its pattern finds all of them, and also events that are left out here."""
    group.streams = {"a": [*NO_FAILURES, *FAILURES]}
    assert shown(observed, errors=True) == [message.rstrip("\n") for message in FAILURES]
    assert group.asked[0].startswith("?ERROR ")
    assert len(group.asked[0]) <= 1024


def test_the_access_log_is_that_of_the_stage(observed: Any, group: Group) -> None:
    """Its failures are those with a status of 5xx, which is a string."""
    group.streams = {"a": ['{"status":"200"}', '{"status":"502"}']}
    observed.access_log = lambda deployment: group
    observed.log_group = None
    assert shown(observed, api=True, errors=True) == ['{"status":"502"}']
    assert group.asked == ['{ $.status = "5*" }']


@pytest.mark.parametrize("name", [FIRST, FIRST[:8]])
def test_a_request_is_shown_as_a_whole(observed: Any, group: Group, name: str) -> None:
    """From START to REPORT, also lines without its id, and none of other requests."""
    assert shown(observed, request_id=name) == [
        message.rstrip("\n") for message in invocation(FIRST, "printed\n", line(FIRST, 200))
    ]


def test_a_part_of_a_request_is_shown(observed: Any, group: Group) -> None:
    """Up to the newest line without an END; what has its id if START is before the window."""
    group.streams["a"] = invocation(FIRST, "printed\n")[:2]
    assert shown(observed, request_id=FIRST)[1:] == ["printed"]
    group.streams["a"] = invocation(FIRST, "printed\n", line(FIRST, 200))[1:]
    assert len(shown(observed, request_id=FIRST)) == 3


def test_all_criteria_apply_together(observed: Any, group: Group) -> None:
    """Events of a request that match a pattern and are failures."""
    group.streams["a"] += invocation(THIRD, "[ERROR] mine\n", "[ERROR] other\n")
    assert shown(observed, request_id=THIRD, pattern="mine") == ["[ERROR] mine"]
    assert len(shown(observed, request_id=THIRD, errors=True)) == 2
    assert shown(observed, request_id=THIRD, errors=True, pattern="mine") == ["[ERROR] mine"]
    assert shown(observed, pattern="ValueError", errors=True) == [
        "[ERROR] ValueError: no\nTraceback …"
    ]
    assert shown(observed, pattern="printed", errors=True) == []


@pytest.mark.parametrize("name", ["", "x", "0", "1111111", "Duration", "REPORT RequestId:"])
def test_an_invalid_request_id_is_a_usage_error(observed: Any, group: Group, name: str) -> None:
    """An empty variable, or a word, would match other requests."""
    with pytest.raises(TtOpsError, match="is not a request id") as caught:
        shown(observed, request_id=name)
    assert (caught.value.exit_code, group.asked) == (ExitCode.USAGE, [])


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ({"follow": True, "request_id": "a b"}, "--request-id 'a b'"),
        ({"follow": True, "until": 60}, "--follow"),
        ({"api": True, "release": 12}, "--release 12"),
        ({"every": True, "release": 12}, "--release 12"),
        ({"since": 60, "until": 120}, "--help"),
    ],
)
def test_what_excludes_each_other_is_a_usage_error(
    observed: Any, group: Group, query: dict[str, Any], command: str
) -> None:
    """The hint is a command that does one of both."""
    with pytest.raises(TtOpsError) as caught:
        shown(observed, **query)
    assert (caught.value.exit_code, group.asked) == (ExitCode.USAGE, [])
    assert caught.value.hint.endswith(f": tt-ops logs {command}")


def test_an_id_inside_another_does_not_match(observed: Any, group: Group) -> None:
    """Neither a part of a Lambda id, nor of one of API Gateway."""
    group.streams = {"a": [f'{{"requestId":"ABCDEFGHIJKLMNO=","integration":"{FIRST}"}}']}
    observed.access_log = lambda deployment: group
    assert len(shown(observed, request_id="ABCDEFGHIJKLMNO=", api=True)) == 1
    assert len(shown(observed, request_id=FIRST[:8], api=True)) == 1
    assert shown(observed, request_id="BCDEFGHIJKLMNO=", api=True) == []
    assert shown(observed, request_id="ABCDEFGHIJKL", api=True) == []
    assert shown(observed, request_id=FIRST[1:], api=True) == []


def test_a_followed_log_is_filtered_too(observed: Any, group: Group) -> None:
    """By CloudWatch, and again here, event by event."""
    group.streams = {"a": [*NO_FAILURES, *FAILURES]}
    group.now = lambda: NOW + 60_000  # type: ignore[method-assign]
    followed = logs(observed, LogQuery(since=120, follow=True, errors=True))
    assert [next(followed).message for _ in FAILURES] == FAILURES
    followed.close()  # type: ignore[attr-defined]


def test_a_release_has_its_own_part_of_the_log(observed: Any, group: Group) -> None:
    """The other criteria apply to it as to the whole log."""
    parts = []
    observed.log_group = lambda name, release: parts.append((name, release)) or group
    assert len(shown(observed, release=12, errors=True)) == 2
    assert len(shown(observed, release=12, request_id=FIRST)) == 5
    shown(observed)
    assert parts == [("/aws/lambda/tracker", release) for release in (12, 12, None)]


def test_a_log_is_read_between_two_moments(observed: Any, group: Group) -> None:
    """Each is a time, or a number of seconds ago."""
    group.streams = {"a": ["first", "second", "third"]}
    second = datetime.fromtimestamp((NOW + 1) / 1000, UTC)
    assert shown(observed, since=second) == ["second", "third"]
    assert shown(observed, until=second) == ["first", "second"]


def test_the_newest_events_are_looked_for_further_back(observed: Any, group: Group) -> None:
    """Unless a moment is given; they are counted after all criteria were applied."""
    group.streams = {"a": ["first", "second", "START RequestId: 1 Version: 1"]}
    group.now = lambda: NOW + 3_600_000  # type: ignore[method-assign]
    assert shown(observed, since=None) == []
    assert shown(observed, since=None, newest=1) == ["second"]
    assert shown(observed, since=600, newest=1) == []


def test_both_logs_are_read_in_the_order_of_time(observed: Any, group: Group) -> None:
    """Each with the pattern of its own failures; events of the same id are two."""
    group.streams = {"a": ["[ERROR] no\n", '{"status": 500}']}
    access = Group({"a": ['{"status": "502"}']})
    observed.access_log = lambda deployment: access
    expected = ["[ERROR] no", '{"status": "502"}', '{"status": 500}']
    assert shown(observed, every=True, errors=True) == expected
    assert access.asked == ['{ $.status = "5*" }']
    for each in (group, access):
        each.now = lambda: NOW + 60_000  # type: ignore[method-assign]
    followed = logs(observed, LogQuery(since=120, follow=True, every=True))
    assert [next(followed).message.strip() for _ in expected] == expected
    followed.close()  # type: ignore[attr-defined]


def test_a_traceback_that_repeats_is_shown_once(observed: Any, group: Group) -> None:
    """Where it came first, also if ids and times in it differ; other lines are kept."""
    trace = "[ERROR] ValueError: {}\nTraceback (most recent call last):\n  File …\n"
    group.streams = {"a": [trace.format(FIRST), "x\n", trace.format(SECOND), "x\n"]}
    repeated, *others = logs(observed, LogQuery(since=60, collapsed=True))
    assert isinstance(repeated, RepeatedEvent)
    assert (repeated.event.message, repeated.count) == (trace.format(FIRST), 2)
    assert repeated.last == "2026-01-02T03:04:05.680Z"
    assert [event.message for event in others] == ["x\n", "x\n"]
    assert len(shown(observed)) == 4
