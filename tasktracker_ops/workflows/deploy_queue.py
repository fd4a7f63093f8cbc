"""The queue for the deploy lock: whose turn it is, in the order of arrival."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.lock import DeployLock, LockQueue, StoredLock, Ticket

from .dead_runs import is_dead

if TYPE_CHECKING:
    from tasktracker_ops.app import App

HEARTBEAT_SECONDS = 10.0
# Only a place in the queue is lost, and its owner takes it again.
_DEAD_TICKET_SECONDS = 60.0


class Turn:
    """A place in the queue for the deploy lock, in the order of arrival."""

    def __init__(self, app: App, lock: DeployLock) -> None:
        self._app = app
        self._lock = lock
        self._key: str | None = None
        self._written = -HEARTBEAT_SECONDS
        self._announced: str | None = None
        self._owners: dict[str, DeployLock | None] = {}

    def blocker(self, queue: LockQueue) -> DeployLock | None:
        """Return who has to be waited for: the holder, else the first of those who came before."""
        if queue.holder is not None and not is_dead(queue.holder):
            return queue.holder.lock
        for ticket in queue.tickets:
            if self._key is not None and ticket.key >= self._key:
                return None
            owner = self._owner(ticket.key)
            if owner is None:
                continue
            if is_waiting(ticket, owner):
                return owner
            with suppress(TtOpsError):
                self._app.deploy_locks.remove_ticket(ticket.key)
        return None

    def wait(self, queue: LockQueue, blocker: DeployLock) -> None:
        """Keep the place, and report who has to be waited for."""
        if self._key is None:
            self._key = self._app.deploy_locks.ticket_key(queue.now, self._lock.id)
            self._lock = replace(self._lock, since=queue.now)
        if self._announced != blocker.id:
            self._announced = blocker.id
            self._app.report.note(f"Waiting: {blocker.sentence}")
        if time.monotonic() - self._written >= HEARTBEAT_SECONDS:
            self._app.deploy_locks.wait(self._key, self._lock)
            self._written = time.monotonic()

    def leave(self) -> None:
        """Give the place up."""
        if self._key is not None:
            with suppress(TtOpsError):
                self._app.deploy_locks.remove_ticket(self._key)

    def _owner(self, key: str) -> DeployLock | None:
        if key not in self._owners:
            self._owners[key] = self._app.deploy_locks.ticket(key)
        return self._owners[key]


def is_waiting(ticket: Ticket, owner: DeployLock) -> bool:
    """Return whether the owner of a place still waits."""
    return ticket.age <= _DEAD_TICKET_SECONDS and not is_dead(StoredLock(owner, "", 0))
