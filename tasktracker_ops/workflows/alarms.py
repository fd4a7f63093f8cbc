"""Say what the alarms watch, what they do and what they did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasktracker_ops.observations import Alarms

from .recipients import missing

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_NEWEST = 20


def alarms(app: App, *, history: bool = False, since: float | None = None) -> Alarms:
    """The deployment's alarms; with `history` its newest 20 items, or all of `since` seconds."""
    names = app.deployments.get().alarm_names
    found = app.alarms.get(names)
    problems = missing(names, found)
    if not history:
        return Alarms(found, problems=problems)
    start = None if since is None else datetime.now(UTC) - timedelta(seconds=since)
    limit = _NEWEST if since is None else None
    # Also of those that are gone: CloudWatch keeps it.
    items = [e for name in names for e in app.alarms.history(name, since=start, limit=limit)]
    # Stable, since CloudWatch gives what an alarm did the very time of its transition.
    items.sort(key=lambda event: event.at, reverse=True)
    return Alarms(found, tuple(items[:limit]), problems)
