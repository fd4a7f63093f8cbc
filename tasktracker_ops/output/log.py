"""Log events as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click

from tasktracker_ops.errors import counted
from tasktracker_ops.models.log import LogEvent, LogMessage, RepeatedEvent

from .results import text
from .screen import Screen
from .text import escape_control_characters

_LEVELS = {"ERROR": "red", "CRITICAL": "red", "FATAL": "red", "WARNING": "yellow", "WARN": "yellow"}
_STATUSES = {"2": "green", "3": "cyan", "4": "yellow", "5": "red"}
_FAILURE = re.compile(r"\[(?:ERROR|CRITICAL)\]|RequestId: \S+ Error: |\S+ \S+ Task timed out")
_LEVEL = re.compile(r"\[([A-Z]+)\]")
# Frames of Lambda's runtime and of Python's own library, each with the lines below it.
_RUNTIME_FRAMES = re.compile(
    r'(?:\n  File "(?:/var/runtime/|/var/lang/|[^"\n]*/awslambdaric/|<frozen '
    r'|(?![^"\n]*/site-packages/)[^"\n]*/lib/python3[^"\n]*/)[^"\n]*", line .*(?:\n    .*)*)+'
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REQUEST_FIELDS = {
    "time",
    "level",
    "request_id",
    "requestId",
    "method",
    "route",
    "path",
    "routeKey",
}
_REQUEST_FIELDS |= {"status", "duration_ms", "latency", "reason", "integrationError", "ip"}


@text.register
def _(result: LogEvent, screen: Screen) -> str:
    fields = result.fields
    is_request = fields is not None and "method" in fields and "status" in fields
    folds = screen.columns is not None and not screen.verbose
    line = _request(fields) if is_request and fields else _message(result, folds=folds)
    return f"{click.style(escape_control_characters(result.at), dim=True)} {line}"


@text.register
def _(result: RepeatedEvent, screen: Screen) -> str:
    first, newline, rest = text(result.event, screen).partition("\n")
    day, _, clock = result.last.partition("T")
    last = clock[:5] if result.event.at.startswith(day) else f"{day} {clock[:5]}"
    times = click.style(f"(\N{MULTIPLICATION SIGN}{result.count:,}, last {last})", fg="yellow")
    return f"{first} {times}{newline}{rest}"


@text.register
def _(result: LogMessage, screen: Screen) -> str:
    return escape_control_characters(result.message.rstrip("\n"), keep="\n\t")


def _request(fields: Mapping[str, Any]) -> str:
    """Return a request on one line, with its other fields at the end."""
    level, status = _value(fields, "level"), _value(fields, "status")
    duration = _value(fields, "duration_ms", "latency")
    reason = _value(fields, "reason", "integrationError")
    rest = [
        f"{escape_control_characters(name)}={escape_control_characters(fields[name])}"
        for name in fields
        if name not in _REQUEST_FIELDS and fields[name] != "-"
    ]
    words = [
        level and click.style(f"{level:<7}", fg=_LEVELS.get(level)),
        _value(fields, "ip"),
        _value(fields, "method") or "-",
        _value(fields, "route", "path") or "-",
        click.style(status, fg=_STATUSES.get(status[:1])),
        duration and f"{duration} ms",
        reason and click.style(reason, fg=_LEVELS.get(level)),
        *rest,
        click.style(_short(_value(fields, "request_id", "requestId")), dim=True),
    ]
    return " ".join(word for word in words if word)


def _value(fields: Mapping[str, Any], *names: str) -> str:
    """Return the first of these fields with a value; access logs write a dash for none."""
    values = (escape_control_characters(fields.get(name)) for name in names)
    return next((value for value in values if value not in ("", "-")), "")


def _short(request_id: str) -> str:
    """Return as much of an id as --request-id needs."""
    return request_id[:8] if _UUID.fullmatch(request_id) else request_id


def _message(event: LogEvent, *, folds: bool) -> str:
    """Return the message, with the lines after the first indented."""
    # Older Lambda runtimes separate the lines of an event by carriage returns.
    plain = event.message.rstrip().replace("\r\n", "\n").replace("\r", "\n").replace("\t", "  ")
    escaped = escape_control_characters(plain, keep="\n")
    if folds:
        escaped = _RUNTIME_FRAMES.sub(_folded, escaped)
    first, newline, rest = escaped.replace("\n", "\n    ").partition("\n")
    if event.is_from_lambda:
        first = click.style(first, dim=True)
    elif _FAILURE.match(plain):
        first = click.style(first, fg="red")
    else:
        first = click.style(first, fg=_LEVELS.get(_level(event)))
    return first + newline + rest


def _level(event: LogEvent) -> str:
    """Return the level of a message of Python's logging, or of a line of JSON."""
    if event.fields is not None:
        return str(event.fields.get("level", ""))
    match = _LEVEL.match(event.message)
    return match[1] if match else ""


def _folded(frames: re.Match[str]) -> str:
    count = frames[0].count('  File "')
    return f"\n  … {counted(count, 'frame')} of the runtime"
