"""What the console can do: show the overview, and run the commands that its page offers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

from tasktracker_ops.errors import ExitCode, Problem, TtOpsError, quoted
from tasktracker_ops.models.emulator import ConfirmResult
from tasktracker_ops.models.overview import DrillProgress, Part
from tasktracker_ops.models.rollback import Rollback, RollbackResult
from tasktracker_ops.models.task import RemoveResult, RestoreResult, Task
from tasktracker_ops.models.times import timestamp_now
from tasktracker_ops.reporting import Silent

from . import drill, edit_task, remove_tasks
from .overview import Overview
from .rollback import rollback

if TYPE_CHECKING:
    from tasktracker_ops.app import App

T = TypeVar("T")
_DRILL_SECONDS = 900.0
# What a drill changes, so that it is seen at once.
_FOLLOWED = ("status", "alarms", "dashboard", "inbox")


class Console:
    """The overview of a deployment, and the actions on it; as a context it reads the overview.

    Raises TtOpsError where nothing is deployed, or where credentials are missing or expired.
    """

    def __init__(self, app: App) -> None:
        app.deployments.get()
        self._app = app.reporting_to(Silent())
        self._overview = Overview(self._app)
        self._drill = _LiveDrill(self._app, self._overview)
        self._actions: Mapping[str, Callable[..., Any]] = {
            "add-task": self._add_task,
            "finish-task": self._finish_task,
            "remove-task": self._remove_task,
            "restore-task": self._restore_task,
            "plan-rollback": self._plan_rollback,
            "rollback": self._roll_back,
            "trigger-error": partial(self._drill.start, drill.ERROR),
            "trigger-slow": partial(self._drill.start, drill.SLOW),
            "confirm": self._confirm,
        }

    def __enter__(self) -> Console:
        self._overview.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._overview.__exit__(*error)

    def view(self) -> Generator[Part | None, None, None]:
        """Yield the parts as `Overview.view` does; `drill` is one of them once it was started."""
        return self._overview.view()

    def problem(self, error: Exception) -> Problem:
        """Return what an error is for the user."""
        return self._overview.problem(error)

    def perform(self, action: str, arguments: Mapping[str, str]) -> Any:
        """Run an action; return the result of its command.

        Raises TtOpsError `action-unknown`, and those of the command.
        """
        run = self._actions.get(action)
        try:
            call = signature(run).bind(**arguments) if run else None
        except TypeError:
            call = None
        if run is None or call is None:
            raise TtOpsError(
                "action-unknown",
                f"the console has no action {quoted(action)} that takes {sorted(arguments)}",
                hint="start it again, and load its page: tt-ops console",
                exit_code=ExitCode.USAGE,
            )
        return run(*call.args, **call.kwargs)

    def _add_task(self, title: str) -> Task:
        return self._changed(self._app.tasks().add(title, description=None, status=None))

    def _finish_task(self, task_id: str) -> Task:
        return self._changed(*edit_task.edit(self._app, [task_id], {"status": "done"}))

    def _remove_task(self, task_id: str) -> RemoveResult:
        return self._changed(*remove_tasks.remove(self._app, [task_id], approve=None))

    def _restore_task(self, task_id: str) -> RestoreResult:
        return self._changed(*remove_tasks.restore(self._app, [task_id], approve=None))

    def _changed(self, result: T) -> T:
        """Return the result of a change of tasks, and show the tasks as they are now."""
        self._overview.refresh("tasks")
        return result

    def _plan_rollback(self, release: str) -> Rollback:
        """Return what a rollback to a release would do."""

        def stop(planned: Rollback) -> None:
            raise _Planned(planned)

        try:
            return rollback(self._app, _number(release), approve=stop).rollback
        except _Planned as stopped:
            return stopped.rollback

    def _roll_back(self, release: str, live: str) -> RollbackResult:
        """Let a release serve again, if the one that the user has seen is still live."""

        def approve(planned: Rollback) -> None:
            now = str(planned.before.release) if planned.before else ""
            if now != live:
                raise TtOpsError(
                    "rollback-outdated",
                    f"release {now or 'none'} is live by now, and not {live or 'none'}",
                    hint="see which releases there are: tt-ops releases",
                )

        try:
            return rollback(self._app, _number(release), approve=approve)
        finally:
            self._overview.refresh("releases", "status")

    def _confirm(self, address: str) -> ConfirmResult:
        """Confirm the pending subscriptions of an address, as the links in its mails do."""
        mailbox = self._app.target.mailbox
        if mailbox is None:
            raise TtOpsError(
                "inbox-missing",
                f"{self._app.target.label} keeps no mail: it went to {quoted(address)}",
                hint="see whether it was confirmed: tt-ops status",
            )
        confirmed = mailbox.confirm(self._app.environment.topic, address)
        self._overview.refresh("inbox", "status")
        return confirmed


def _number(release: str) -> int:
    if release.isdecimal():
        return int(release)
    raise TtOpsError(
        "release-unknown",
        f"there is no release {quoted(release)}",
        hint="see which releases there are: tt-ops releases",
    )


class _Planned(Exception):
    """The rollback that would be done."""

    def __init__(self, planned: Rollback) -> None:
        super().__init__()
        self.rollback = planned


class _LiveDrill(Silent):
    """Runs one drill at a time in a thread, and shows what it reports as a part of the overview."""

    def __init__(self, app: App, overview: Overview) -> None:
        self._app = app.reporting_to(self)
        self._overview = overview
        self._starting = threading.Lock()
        self._progress = DrillProgress("", "")

    def start(self, route: drill.Route) -> DrillProgress:
        """Start a drill that is followed to its end. Raises TtOpsError `drill-running`."""
        with self._starting:
            if self._progress.is_running:
                raise TtOpsError(
                    "drill-running",
                    f"{self._progress.route!r} is running since {self._progress.started_at}",
                    hint="see what the alarms do: tt-ops alarms --history",
                )
            self._progress = DrillProgress(route.path, timestamp_now())
            self._show()
        threading.Thread(target=self._run, args=(route,), daemon=True).start()
        return self._progress

    def _run(self, route: drill.Route) -> None:
        try:
            self._show(step="", result=drill.drill(self._app, route, timeout=_DRILL_SECONDS))
        except Exception as error:  # shown in its place
            self._show(step="", problem=self._overview.problem(error))
        self._overview.refresh(*_FOLLOWED)

    def doing(self, what: str) -> None:
        """Show what the drill waits for."""
        self._show(step=what.strip())

    def doing_each(self, what: Sequence[str]) -> None:
        """Show what the drill waits for."""
        self.doing("; ".join(each.strip() for each in what))

    def note(self, what: str) -> None:
        """Add a line, and show what has changed elsewhere."""
        self._show(lines=(*self._progress.lines, what.strip()))
        self._overview.refresh(*_FOLLOWED)

    def _show(self, **changes: Any) -> None:
        self._progress = replace(self._progress, **changes)
        self._overview.publish(Part("drill", timestamp_now(), self._progress))
