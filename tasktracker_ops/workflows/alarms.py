"""Read what the alarms watch, what they do and what they did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.alarm import Alarms

from .recipients import missing_alarms

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_NEWEST = 20


def alarms(app: App, *, history: bool = False, since: float | None = None) -> Alarms:
    """Return the deployment's alarms.

    With `history`, also its newest 20 items, or all of the last `since` seconds. A history
    that cannot be read is a problem of the result, and hides nothing else.
    """
    names = app.deployments.get().alarm_names
    found = app.alarms.get(names)
    problems = missing_alarms(names, found)
    if not history:
        return Alarms(found, problems=problems)
    start = None if since is None else datetime.now(UTC) - timedelta(seconds=since)
    limit = _NEWEST if since is None else None
    try:
        # Also of those that are gone: CloudWatch keeps it.
        items = [e for name in names for e in app.alarms.history(name, since=start, limit=limit)]
    except TtOpsError as error:  # the alarms were read: it is the history alone that fails
        return Alarms(found, problems=(*problems, _history_unreadable(error)))
    # Stable, since CloudWatch gives what an alarm did the very time of its transition.
    items.sort(key=lambda event: event.at, reverse=True)
    return Alarms(found, tuple(items[:limit]), problems)


def _history_unreadable(error: TtOpsError) -> Problem:
    return Problem(
        "history-unreadable",
        f"the alarms' history could not be read: {error.message}",
        hint="see the alarms without it: tt-ops alarms",
    )
