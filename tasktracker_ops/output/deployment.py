"""The text of what the commands on a deployment return."""

from __future__ import annotations

from dataclasses import asdict

from tasktracker_ops.errors import counted
from tasktracker_ops.models.deployment import (
    BootstrapResult,
    Deployment,
    DeployResult,
    DestroyResult,
    UnlockResult,
)

from .results import problem_text, summarised, text
from .screen import Screen
from .text import counts, escape_control_characters, pairs

PUBLIC = "The API is public: anyone with the URL can call it."


@text.register
@summarised("State backend")
def _(result: BootstrapResult, screen: Screen) -> str:
    state = "up to date" if result.plan.empty else counts(result.plan, done=True)
    rows = {"state bucket": result.bucket, "lock table": result.lock_table}
    return f"State backend: {state}.\n\n{pairs(rows)}"


@text.register
@summarised("Deploy")
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
@summarised("Destroy")
def _(result: DestroyResult, screen: Screen) -> str:
    resources = counted(result.plan.destroy, "resource")
    removed = "Nothing to remove." if result.plan.empty else f"Removed {resources}."
    kept = "is gone too" if result.backend else "stays"
    return f"{removed} The state backend {kept}."
