"""What `watch` shows of the overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tasktracker_ops.models.log import LogEvent
from tasktracker_ops.models.overview import Part, Snapshot

from .logs import is_failure

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# Of the overview.
PARTS = ("status", "metrics", "logs", "inbox")


def snapshot(app: App, parts: Mapping[str, Part], *, errors_only: bool) -> Snapshot:
    """Return the parts as one; the log is without the checks that the status makes."""

    def content(name: str) -> Any:
        return parts[name].content if name in parts else None

    events = (event for event in content("logs") or () if not _is_health_check(event))
    return Snapshot(
        target=app.target.label,
        environment=app.environment.name,
        status=content("status"),
        status_at=parts["status"].at if "status" in parts else None,
        metrics=content("metrics"),
        events=tuple(event for event in events if is_failure(event) or not errors_only),
        errors_only=errors_only,
        inbox=content("inbox"),
        problems=tuple(part.problem for part in parts.values() if part.problem),
    )


def _is_health_check(event: LogEvent) -> bool:
    """Return whether it is of a request for the API's health that succeeded."""
    fields = event.fields or {}
    return fields.get("route") == "/health" and fields.get("status") == 200
