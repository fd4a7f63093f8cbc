"""Read the alarms and their history, and choose some of them by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ExitCode, Problem, TtOpsError, quoted
from tasktracker_ops.models.alarm import AlarmReport

from .notifications import missing_alarms

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_NEWEST = 20


def alarms(app: App, *, history: bool = False, since: float | None = None) -> AlarmReport:
    """Return the deployment's alarms.

    With `history`, also its newest 20 items, or all of the last `since` seconds. A history that
    cannot be read is a problem of the result.
    """
    names = app.deployments.get().alarm_names
    existing = app.alarms.with_mute_rules(app.alarms.get(names))
    problems = missing_alarms(names, existing)
    if not history:
        return AlarmReport(existing, problems=problems)
    start = None if since is None else datetime.now(UTC) - timedelta(seconds=since)
    limit = _NEWEST if since is None else None
    try:
        # Also of deleted alarms: CloudWatch keeps their history.
        items = [e for name in names for e in app.alarms.history(name, since=start, limit=limit)]
    except TtOpsError as error:
        unreadable = Problem(
            "history-unreadable",
            f"the alarms' history could not be read: {error.message}",
            hint="see the alarms without it: tt-ops alarms",
        )
        return AlarmReport(existing, problems=(*problems, unreadable))
    # A stable sort, since an action may have the very time of its transition.
    items.sort(key=lambda event: event.at, reverse=True)
    return AlarmReport(existing, tuple(items[:limit]), problems)


def select_alarms(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return those of `names` that are wanted by name or by a unique part of it; all without any.

    Raises TtOpsError `alarm-unknown` or `alarm-ambiguous`.
    """
    return tuple(dict.fromkeys(_select(names, each) for each in wanted)) or tuple(names)


def _select(names: Sequence[str], text: str) -> str:
    if text in names:
        return text
    found = [name for name in names if text and text.lower() in name.lower()]
    if len(found) == 1:
        return found[0]
    raise TtOpsError(
        "alarm-ambiguous" if found else "alarm-unknown",
        f"{quoted(text)} is {'a part of' if found else 'none of the alarms'} "
        f"{' and '.join(found or names)}",
        hint="name one of them: tt-ops alarms",
        exit_code=ExitCode.USAGE,
    )
