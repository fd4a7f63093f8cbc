"""The text and the JSON of log events."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest

from tasktracker_ops.models.log import LogEvent, LogMessage
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
    """An event with a message, or with fields."""
    return LogEvent(AT, "stream", message or json.dumps(fields), fields or None)


def styled(result: Any) -> str:
    """The text with its colours."""
    return str(text(result, Screen(Settings(), {})))


def plain(result: Any) -> str:
    """The text alone."""
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
def test_a_request_is_a_line(changes: dict[str, Any], shown: str) -> None:
    """What it was and how it went, the start of its id at the end; nothing acts on a terminal."""
    assert plain(event(**{**REQUEST, **changes})).startswith(f"{AT} {shown}")


def test_a_line_of_an_access_log_is_a_line() -> None:
    """In the words of API Gateway, which writes a dash for nothing."""
    fields = {
        "requestId": "JKJaXmPLvHcESHA=",
        "ip": "127.0.0.1",
        "method": "GET",
        "path": "/tasks",
        "routeKey": "$default",
        "status": "200",
        "latency": "9",
        "integrationError": "-",
    }
    assert plain(event(**fields)) == f"{AT} 127.0.0.1 GET /tasks 200 9 ms JKJaXmPLvHcESHA="


def test_levels_and_statuses_have_colours() -> None:
    """Failures are seen at a glance."""
    failed = styled(event(**{**REQUEST, "level": "ERROR", "status": 503}))
    assert click.style("ERROR  ", fg="red") in failed
    assert click.style("503", fg="red") in failed
    assert click.style("200", fg="green") in styled(event(**REQUEST))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_traceback_stays_readable(newline: str) -> None:
    """Line by line, below the first."""
    lines = ["[ERROR] ValueError: no", "Traceback (most recent call last):", "  File …"]
    shown = plain(event(newline.join(lines) + "\n"))
    assert shown == f"{AT} " + "\n    ".join(lines)


def test_lambdas_own_lines_step_back() -> None:
    """Dimmed, with spaces for tabs."""
    shown = styled(event(f"REPORT RequestId: {ID}\tDuration: 1.00 ms\t\n"))
    assert shown.endswith(click.style(f"REPORT RequestId: {ID}  Duration: 1.00 ms", dim=True))


def test_other_text_is_shown_as_it_is() -> None:
    """But for what a terminal would act upon."""
    assert plain(event("a\x1b]0;b\x07\tc\n")) == f"{AT} a\\x1b]0;b\\x07  c"
    assert plain(event("\n")) == f"{AT} "


def test_other_json_is_shown_as_it_is() -> None:
    """Only a request is put into words."""
    assert plain(event(a=1, status=2)) == f'{AT} {{"a": 1, "status": 2}}'


def test_a_message_alone_is_as_it_was_written() -> None:
    """Tabs and lines stay, escapes do not."""
    assert plain(LogMessage("a\tb\nc\x1b\n")) == "a\tb\nc\\x1b"


@pytest.mark.parametrize(
    ("result", "keys"),
    [(event(**REQUEST), "at stream message fields"), (LogMessage("x"), "message")],
    ids=["event", "message"],
)
def test_json_is_an_object_a_line(
    result: Any, keys: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With these keys, which do not change once released."""
    Console(Settings(output="json")).stream([result, result])
    lines = capsys.readouterr().out.splitlines()
    assert [list(json.loads(line)) for line in lines] == [keys.split()] * 2
