"""Log events as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click

from tasktracker_ops.models.log import LogEvent, LogMessage

from .results import text
from .screen import Screen
from .text import escape_control_characters

_LEVELS = {"ERROR": "red", "CRITICAL": "red", "FATAL": "red", "WARNING": "yellow", "WARN": "yellow"}
_STATUSES = {"2": "green", "3": "cyan", "4": "yellow", "5": "red"}
_FAILURE = re.compile(r"\[(?:ERROR|CRITICAL)\]|RequestId: \S+ Error: |\S+ \S+ Task timed out")
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
    line = _request(fields) if is_request and fields else _message(result)
    return f"{click.style(escape_control_characters(result.at), dim=True)} {line}"


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
        if name not in _REQUEST_FIELDS
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


def _message(event: LogEvent) -> str:
    """Return the message, with the lines after the first indented."""
    # Older Lambda runtimes separate the lines of an event by carriage returns.
    plain = event.message.rstrip().replace("\r\n", "\n").replace("\r", "\n").replace("\t", "  ")
    first, newline, rest = (
        escape_control_characters(plain, keep="\n").replace("\n", "\n    ").partition("\n")
    )
    if event.is_from_lambda:
        first = click.style(first, dim=True)
    elif _FAILURE.match(plain):
        first = click.style(first, fg="red")
    return first + newline + rest
