"""The text of results; here of making and using a deployment."""

from __future__ import annotations

from dataclasses import asdict, fields
from functools import singledispatch
from importlib import import_module
from typing import Any

import click

from tasktracker_ops.errors import Problem, counted
from tasktracker_ops.models.deployment import (
    BootstrapResult,
    Deployment,
    DeployResult,
    DestroyResult,
    UnlockResult,
)
from tasktracker_ops.models.emulator import RunningEmulator, StopResult
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.plan import Plan, violations
from tasktracker_ops.models.task import (
    AddResult,
    ExportResult,
    ImportResult,
    RemoveResult,
    Task,
    TaskList,
)

from .screen import Screen
from .text import change_line, counts, escape_control_characters, pairs, shortened, table

PUBLIC = "The API is public: anyone with the URL can call it."
# What is observed has its texts in modules of their own, loaded when one is needed.
_MODULES = {
    **dict.fromkeys(("Status", "Alarms"), "health"),
    **dict.fromkeys(("Metrics", "Picture"), "metrics"),
    **dict.fromkeys(("LogEvent", "LogMessage"), "logs"),
    **dict.fromkeys(("Inbox", "Mail", "Confirmed"), "mail"),
    "Drill": "drills",
    "GitHubAccess": "access",
}


@singledispatch
def text(result: Any, screen: Screen) -> str:
    """Return the result as text for people."""
    import_module(f".{_MODULES[type(result).__name__]}", __package__)
    return text(result, screen)


def problem_text(problem: Problem, screen: Screen) -> str:
    """Return a problem of a result as text: what is wrong, and what to type."""
    sign = click.style("!", fg="yellow", bold=True)
    message, hint = map(escape_control_characters, (problem.message, screen.hint(problem.hint)))
    return f"{sign} {message}\n  {hint}"


@text.register
def _(result: Package, screen: Screen) -> str:
    state = "built" if result.changed else "up to date"
    return "\n".join(
        [
            f"{result.path.name} {state}",
            "",
            *(f"  {name}" for name in result.files),
            "",
            pairs({"size": f"{result.size:,} bytes", "sha256": result.sha256}),
        ]
    )


@text.register
def _(result: Plan, screen: Screen) -> str:
    if result.empty:
        return "No changes: the deployment matches the project."
    changes = "\n".join(map(change_line, result.changes))
    refused = [problem_text(problem, screen) for problem in violations(result)]
    return "\n\n".join([*refused, changes, f"Plan: {counts(result)}."])


@text.register
def _(result: BootstrapResult, screen: Screen) -> str:
    state = "up to date" if result.plan.empty else counts(result.plan, done=True)
    rows = {"state bucket": result.bucket, "lock table": result.lock_table}
    return f"State backend: {state}.\n\n{pairs(rows)}"


@text.register
def _(result: DeployResult, screen: Screen) -> str:
    if result.plan.empty:
        first = "Nothing to do: the deployment matches the project."
    else:
        first = f"Deployed: {counts(result.plan, done=True)}."
    rows = {
        "runs on": result.target,
        "API": result.deployment.api_url,
        "console": result.console_url,
        "version": result.version or "none",
        "smoke check": _SMOKE.get(result.smoke, result.smoke),
    }
    access = (
        PUBLIC
        if result.public
        else f"The API requires authentication ({result.deployment.api_auth})."
    )
    steps = ("tasks add 'Try the Task Tracker'", "status", "trigger-error --wait")
    following = "\n".join(f"  {screen.command(step)}" for step in steps)
    problems = [problem_text(problem, screen) for problem in result.problems]
    return "\n\n".join([first, pairs(rows), access, *problems, f"Next:\n{following}"])


_SMOKE = {
    "partly passed": "health passed; tasks require authentication, so the table was not checked: "
    "that takes a valid token in TT_OPS_API_TOKEN"
}


@text.register
def _(result: Deployment, screen: Screen) -> str:
    rows = asdict(result) | {"alarm_names": ", ".join(result.alarm_names)}
    return pairs(rows)


@text.register
def _(result: UnlockResult, screen: Screen) -> str:
    return f"Released the lock {escape_control_characters(result.lock_id)}."


@text.register
def _(result: DestroyResult, screen: Screen) -> str:
    resources = counted(result.plan.destroy, "resource")
    removed = "Nothing to remove." if result.plan.empty else f"Removed {resources}."
    kept = "is gone too" if result.backend else "stays"
    return f"{removed} The state backend {kept}."


@text.register
def _(result: RunningEmulator, screen: Screen) -> str:
    other = "" if result.same_version else ", not the version of this tt-ops"
    return pairs(
        {
            "state": "running (an AWS emulator, on this machine only)",
            "endpoint": result.url,
            "console": result.console_url,
            "process": str(result.pid),
            "since": result.started_at,
            "version": f"{result.version or 'unknown'}{other}",
            "log": str(result.log_path),
        }
    )


@text.register
def _(result: Task, screen: Screen) -> str:
    return pairs({name: value for name, value in asdict(result).items() if value is not None})


@text.register
def _(result: TaskList, screen: Screen) -> str:
    if not result.tasks:
        return "No tasks yet. Add one: " + screen.command("tasks add 'Try the Task Tracker'")
    # The title is last and takes what is left: it is the longest, and would break the columns.
    listed = [each.name for each in fields(Task) if "listed" in each.metadata]
    names = [name for name in listed if name != "title"]
    rows = [
        [escape_control_characters(getattr(task, name)) for name in names] for task in result.tasks
    ]
    taken = sum(2 + max(map(len, column)) for column in zip(names, *rows, strict=True))
    width = screen.columns and screen.columns - taken
    titled = [[*row, shortened(t.title, width)] for row, t in zip(rows, result.tasks, strict=True)]
    return table([*("id" if name == "task_id" else name for name in names), "title"], titled)


@text.register
def _(result: RemoveResult, screen: Screen) -> str:
    return f"Removed {escape_control_characters(result.task_id)}."


@text.register
def _(result: StopResult, screen: Screen) -> str:
    if result.server is None:
        return "The emulator was not running."
    return f"Stopped the emulator at {result.server.url}; its data is gone."


@text.register
def _(result: AddResult, screen: Screen) -> str:
    return escape_control_characters(f"Added {result.task_id}  {result.title}")


@text.register
def _(result: ExportResult, screen: Screen) -> str:
    return f"Exported {counted(result.tasks, 'task')} to {escape_control_characters(result.file)}."


@text.register
def _(result: ImportResult, screen: Screen) -> str:
    numbers = f"{result.created:,} created, {result.already_there:,} already there"
    return f"Imported: {numbers}, {len(result.failed):,} failed."
