"""How much the emulator holds, for those who are about to lose it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .mail.mailbox import Mailbox
from .pickling import used_backends


def count(mailbox: Mailbox) -> dict[str, int]:
    """Return how many there are of each kind, by the name of the kind; none is left out."""
    tables = [table for each in _backends("dynamodb") for table in list(each.tables.values())]
    return {
        "functions": sum(len(list(each._lambdas._functions)) for each in _backends("lambda")),
        "APIs": sum(len(each.apis) for each in _backends("apigatewayv2")),
        "tables": len(tables),
        "items": sum(map(len, tables)),
        "buckets": sum(len(each.buckets) for each in _backends("s3")),
        "alarms": sum(len(each.alarms) for each in _backends("cloudwatch")),
        "messages": len(mailbox.mails()),
    }


def _backends(service: str) -> Iterator[Any]:
    return (backend for (name, _, _), backend in used_backends() if name == service)
