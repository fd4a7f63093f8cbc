"""Log events, as text and as JSON."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import click
import pytest

from tasktracker_ops.models.log import LogEvent, LogMessage, RepeatedEvent
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.results import text
from tasktracker_ops.output.screen import Screen
from tasktracker_ops.settings import Settings

AT = "2026-01-02T03:04:05.678Z"
ID = "11111111-2222-4333-8444-555555555555"
REQUEST = {
    "time": AT,
    "level": "INFO",
    "request_id": ID,
    "method": "GET",
    "route": "/tasks/{task_id}",
    "status": 200,
    "duration_ms": 7.5,
}


def event(message: str = "", **fields: Any) -> LogEvent:
    """Return an event with a message or with fields."""
    return LogEvent(AT, "stream", message or json.dumps(fields), fields or None)


def styled(result: Any) -> str:
    """Return the text with its colours."""
    return str(text(result, Screen(Settings(), {})))


def plain(result: Any) -> str:
    """Return the text without colours."""
    return click.unstyle(styled(result))


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "INFO    GET /tasks/{task_id} 200 7.5 ms 11111111"),
        (
            {"level": "ERROR", "status": 500, "reason": "FireDrill"},
            "ERROR   GET /tasks/{task_id} 500 7.5 ms FireDrill 11111111",
        ),
        ({"method": None, "route": None, "status": 400}, "INFO    - - 400 7.5 ms 11111111"),
        ({"shard": {"a": 1}}, "INFO    GET /tasks/{task_id} 200 7.5 ms shard={'a': 1} 11111111"),
        (
            {"route": "/\x1b[2J", "reason": "\x07", "request_id": "\u202e"},
            "INFO    GET /\\x1b[2J 200 7.5 ms \\x07 \\u202e",
        ),
        ({"status": [1], "level": 7, "duration_ms": "x"}, "7       GET"),
    ],
)
def test_a_request_is_one_line(changes: dict[str, Any], shown: str) -> None:
    """The start of its id comes last; control characters are escaped."""
    assert plain(event(**{**REQUEST, **changes})).startswith(f"{AT} {shown}")


def test_an_access_log_entry_is_one_line() -> None:
    """API Gateway writes a dash for a missing value, which is left out."""
    fields = {
        "requestId": "JKJaXmPLvHcESHA=",
        "ip": "127.0.0.1",
        "method": "GET",
        "path": "/tasks",
        "routeKey": "$default",
        "status": "200",
        "latency": "9",
        "integrationError": "-",
        "authorizerError": "-",
    }
    assert plain(event(**fields)) == f"{AT} 127.0.0.1 GET /tasks 200 9 ms JKJaXmPLvHcESHA="


def test_levels_and_statuses_have_colours() -> None:
    """Failures are red."""
    failed = styled(event(**{**REQUEST, "level": "ERROR", "status": 503}))
    assert click.style("ERROR  ", fg="red") in failed
    assert click.style("503", fg="red") in failed
    assert click.style("200", fg="green") in styled(event(**REQUEST))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_traceback_keeps_its_lines(newline: str) -> None:
    """The lines after the first are indented."""
    lines = ["[ERROR] ValueError: no", "Traceback (most recent call last):", "  File …"]
    shown = plain(event(newline.join(lines) + "\n"))
    assert shown == f"{AT} " + "\n    ".join(lines)


def test_lambdas_own_lines_are_dimmed() -> None:
    """Tabs become spaces."""
    shown = styled(event(f"REPORT RequestId: {ID}\tDuration: 1.00 ms\t\n"))
    assert shown.endswith(click.style(f"REPORT RequestId: {ID}  Duration: 1.00 ms", dim=True))


def test_other_text_is_kept() -> None:
    """Only control characters are escaped."""
    assert plain(event("a\x1b]0;b\x07\tc\n")) == f"{AT} a\\x1b]0;b\\x07  c"
    assert plain(event("\n")) == f"{AT} "


def test_other_json_is_kept() -> None:
    """Only requests are formatted."""
    assert plain(event(a=1, status=2)) == f'{AT} {{"a": 1, "status": 2}}'


def test_a_message_alone_is_kept() -> None:
    """Tabs and newlines are kept, escape sequences are escaped."""
    assert plain(LogMessage("a\tb\nc\x1b\n")) == "a\tb\nc\\x1b"


@pytest.mark.parametrize(
    ("result", "keys"),
    [(event(**REQUEST), "at stream message fields"), (LogMessage("x"), "message")],
    ids=["event", "message"],
)
def test_json_is_one_object_per_line(
    result: Any, keys: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The keys are stable."""
    Console(Settings(output="json")).stream([result, result])
    lines = capsys.readouterr().out.splitlines()
    assert [list(json.loads(line)) for line in lines] == [keys.split()] * 2


def test_a_repeated_event_says_how_often_and_when_last() -> None:
    """At the end of its first line; with the day if it is another one."""
    once = event("[ERROR] ValueError: no\nTraceback …")
    lines = plain(RepeatedEvent(once, 5, "2026-01-02T16:20:01.000Z")).splitlines()
    assert lines == [
        f"{AT} [ERROR] ValueError: no (\N{MULTIPLICATION SIGN}5, last 16:20)",
        "    Traceback …",
    ]
    assert "last 2026-01-03 16:20" in plain(RepeatedEvent(once, 5, "2026-01-03T16:20:01.000Z"))


def test_frames_of_the_runtime_are_folded_on_a_terminal() -> None:
    """Those of Lambda and of Python; those of the function and of its packages are kept."""
    frames = [
        '  File "/var/task/handler.py", line 1, in f\n    g()',
        '  File "/var/lang/lib/python3.12/json/__init__.py", line 1, in loads\n    x()\n    ^^^',
        '  File "/var/runtime/bootstrap.py", line 2, in run',
        '  File "/v/lib/python3.12/site-packages/x/y.py", line 3, in y\n    z()',
    ]
    message = "\n".join(["Traceback (most recent call last):", *frames, "ValueError: no"])
    screen: Any = SimpleNamespace(columns=80, verbose=False)
    shown = click.unstyle(text(event(message), screen)).splitlines()
    assert [line.strip() for line in shown[1:]] == [
        'File "/var/task/handler.py", line 1, in f',
        "g()",
        "… 2 frames of the runtime",
        'File "/v/lib/python3.12/site-packages/x/y.py", line 3, in y',
        "z()",
        "ValueError: no",
    ]
    screen.verbose = True
    assert "bootstrap.py" in text(event(message), screen)


def test_lines_of_logging_have_the_colour_of_their_level() -> None:
    """As text and as JSON."""
    for result in (event("[WARNING]\tlow"), event(level="WARNING", message="low")):
        assert click.style("", fg="yellow", reset=False) in styled(result)
