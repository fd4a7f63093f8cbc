"""Everything about a deployment, live: parts that threads read again and again, each at its pace.

Parts are read only while there is a viewer. A slow or failing reader does not delay the others.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.overview import Part
from tasktracker_ops.models.times import time_window, timestamp_now

from .alarms import alarms
from .dashboard import dashboard_page
from .logs import LogQuery, logs
from .metrics import metrics
from .releases import releases
from .status import status
from .tasks import list_newest

if TYPE_CHECKING:
    from tasktracker_ops.app import App

LOG_EVENTS = 200
_TASKS = 50
_RELEASES = 20
_WINDOW = 3 * 3600.0  # seconds that metrics and charts look back
_KEEP_ALIVE = 10.0
_LOG = "logs"
_LOG_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Reader:
    """How a part is read, and how many seconds later again."""

    read: Callable[[App], Any]
    every: float


READERS: Mapping[str, Reader] = {
    # Each reading is a request to the API, which counts.
    "status": Reader(status, 15),
    "alarms": Reader(lambda app: alarms(app, history=True), 10),
    "metrics": Reader(lambda app: metrics(app, time_window(time.time(), _WINDOW)), 30),
    "dashboard": Reader(lambda app: dashboard_page(app, time_window(time.time(), _WINDOW)), 30),
    "releases": Reader(lambda app: releases(app, limit=_RELEASES), 30),
    "tasks": Reader(lambda app: list_newest(app, status=None, limit=_TASKS), 10),
    "inbox": Reader(lambda app: app.target.mailbox and app.target.mailbox.inbox(), 3),
}


class Overview:
    """The parts of the overview as they were last read; as a context it reads them.

    `names` are those to read: keys of READERS, and `logs` for the newest events of the log.
    """

    def __init__(self, app: App, names: tuple[str, ...] = (*READERS, _LOG)) -> None:
        self._app = app
        self._names = names
        self._parts: dict[str, Part] = {}
        self._changed = threading.Condition()
        self._viewers = 0
        self._requested: set[str] = set()
        self._closed = False

    def __enter__(self) -> Overview:
        for name in self._names:
            work = self._follow_log if name == _LOG else self._read_repeatedly
            threading.Thread(target=work, args=(name,), daemon=True, name=name).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the readers and all views; a request that is on its way is not waited for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def parts(self) -> Mapping[str, Part]:
        """Return each part as it was last read."""
        with self._changed:
            return dict(self._parts)

    def view(self) -> Generator[Part | None, None, None]:
        """Yield each part, and again whenever it was read; None after seconds without any.

        A slow viewer gets the newest of each part, and none that is older.
        """
        seen: dict[str, Part] = {}
        with self.viewing():
            while not self._closed:
                new = self._await_new(seen)
                seen |= {part.name: part for part in new}
                yield from new or (None,)

    def publish(self, part: Part) -> None:
        """Show a part to all viewers."""
        with self._changed:
            self._parts[part.name] = part
            self._changed.notify_all()

    def refresh(self, *names: str) -> None:
        """Read parts at once."""
        with self._changed:
            self._requested.update(names)
            self._changed.notify_all()

    def _await_new(self, seen: Mapping[str, Part]) -> list[Part]:
        """Return the parts that are not those seen; none after seconds without any."""

        def new() -> list[Part]:
            return [part for name, part in self._parts.items() if seen.get(name) is not part]

        with self._changed:
            self._changed.wait_for(lambda: self._closed or new(), _KEEP_ALIVE)
            return new()

    @contextmanager
    def viewing(self) -> Iterator[None]:
        """Let all parts be read as long as the block lasts."""
        with self._changed:
            self._viewers += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._viewers -= 1

    def _read_repeatedly(self, name: str) -> None:
        reader, due = READERS[name], 0.0
        while self._wait(name, due):
            due = time.monotonic() + reader.every
            at = timestamp_now()
            try:
                self.publish(Part(name, at, reader.read(self._app)))
            except Exception as error:  # shown in the part's place, and tried again
                self._publish_problem(name, error)

    def _follow_log(self, name: str) -> None:
        due = 0.0
        while self._wait(name, due):
            due = time.monotonic() + _LOG_SECONDS
            events: deque[Any] = deque(maxlen=LOG_EVENTS)

            def pause(seconds: float, events: deque[Any] = events) -> None:
                self.publish(Part(name, timestamp_now(), tuple(events)))
                if not self._wait(name, time.monotonic() + seconds):
                    raise _OverviewClosed

            try:
                for event in logs(self._app, LogQuery(follow=True, newest=LOG_EVENTS), sleep=pause):
                    events.append(event)
            except _OverviewClosed:
                return
            except Exception as error:
                self._publish_problem(name, error)

    def _wait(self, name: str, due: float) -> bool:
        """Wait until there is a viewer and a part is due or requested; return False at the end."""
        with self._changed:
            while not self._closed:
                left = due - time.monotonic()
                if self._viewers and (left <= 0 or name in self._requested):
                    self._requested.discard(name)
                    return True
                self._changed.wait(left if self._viewers else None)
        return False

    def _publish_problem(self, name: str, error: Exception) -> None:
        problem = self.problem(error)
        with self._changed:
            last = self._parts.get(name) or Part(name, timestamp_now(), None)
        self.publish(replace(last, problem=problem))

    def problem(self, error: Exception) -> Problem:
        """Return what an error is for the user."""
        if isinstance(error, TtOpsError):
            return Problem.of(self._app.target.explain(error))
        return Problem(
            "internal-error",
            f"a bug in tt-ops: {type(error).__name__}: {error}",
            hint="show the traceback, and report it: tt-ops --verbose status",
        )


class _OverviewClosed(Exception):
    """The overview was closed while the log was followed."""
