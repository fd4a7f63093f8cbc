"""Results of the commands on a deployment as text."""

from __future__ import annotations

from dataclasses import asdict

from tasktracker_ops.errors import counted
from tasktracker_ops.models.deployment import (
    BootstrapResult,
    Deployment,
    DeployResult,
    DestroyResult,
)

from .results import problem_text, summary_title, text
from .screen import Screen
from .text import counts, pairs

PUBLIC = "The API is public: anyone with the URL can call it."


@text.register
@summary_title("State backend")
def _(result: BootstrapResult, screen: Screen) -> str:
    state = "up to date" if result.plan.empty else counts(result.plan, done=True)
    rows = {"state bucket": result.bucket, "lock table": result.lock_table}
    return f"State backend: {state}.\n\n{pairs(rows)}"


@text.register
@summary_title("Deploy")
def _(result: DeployResult, screen: Screen) -> str:
    release = result.release
    if release.bake is not None:
        first = (
            f"Started the canary: release {release.release} takes {release.bake.weight:.0%} of the "
            f"requests, release {release.previous} the others."
        )
    elif result.empty:
        what = "deployment matches the project" if result.plan else "live release has this code"
        first = f"Nothing to do: the {what}."
    elif result.plan and not result.plan.empty:
        first = f"Deployed: {counts(result.plan, done=True)}."
    else:
        first = f"Deployed: release {release.release}."
    rows = {
        "target": result.target,
        "API": result.deployment.api_url,
        "console": result.console_url,
        "release": f"{release.release} ({release.outcome})",
        "checks": _CHECKS.get(release.checks, release.checks),
    }
    access = (
        PUBLIC
        if result.public
        else f"The API requires authentication ({result.deployment.api_auth})."
    )
    steps = _STEPS if release.bake is None else _DECISIONS
    next_steps = "\n".join(f"  {screen.command(step)}" for step in steps)
    problems = [problem_text(problem, screen) for problem in result.problems]
    return "\n\n".join([first, pairs(rows), access, *problems, f"Next:\n{next_steps}"])


_STEPS = ("tasks add 'Try the Task Tracker'", "status", "trigger-error --wait")
_DECISIONS = ("promote", "abort")
_CHECKS = {
    "pending": "the version passed; the API is checked by promote",
    "partly passed": "health passed; the API requires authentication, so the table was not checked "
    "(set TT_OPS_API_TOKEN to check it)",
}


@text.register
def _(result: Deployment, screen: Screen) -> str:
    rows = asdict(result) | {"alarm_names": ", ".join(result.alarm_names)}
    return pairs(rows)


@text.register
@summary_title("Destroy")
def _(result: DestroyResult, screen: Screen) -> str:
    resources = counted(result.plan.destroy, "resource")
    first = "Nothing to remove." if result.plan.empty else f"Removed {resources}."
    backend = "was removed too" if result.backend else "remains"
    return f"{first} The state backend {backend}."
