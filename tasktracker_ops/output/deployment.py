"""Results of the commands on a deployment as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict

import click

from tasktracker_ops.errors import counted
from tasktracker_ops.models.deployment import (
    BootstrapResult,
    Deployment,
    DeployResult,
    DestroyResult,
    FirstDeploy,
)
from tasktracker_ops.models.release import UNRELEASED

from .results import problem_text, summary_title, text
from .screen import Screen
from .text import StyledText, counts, escape_control_characters, pairs

PUBLIC = "The API is public: anyone with the URL can call it."


@text.register
@summary_title("State backend")
def _(result: BootstrapResult, screen: Screen) -> str:
    state = "up to date" if result.plan.empty else counts(result.plan, done=True)
    rows = {"state bucket": result.state_bucket, "lock table": result.lock_table}
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
        "API": _bold(result.deployment.api_url),
        "console": result.console_url,
        "release": StyledText(f"{_bold(release.release)} ({release.outcome})"),
        "checks": _CHECKS.get(release.checks, release.checks),
    }
    access = (
        PUBLIC
        if result.public
        else f"The API requires authentication ({result.deployment.api_auth})."
    )
    next_steps = "\n".join(f"  {screen.command(step)}" for step in _next(result))
    problems = [problem_text(problem, screen) for problem in result.problems]
    return "\n\n".join([first, pairs(rows), access, *problems, f"Next:\n{next_steps}"])


def _bold(value: str | None) -> StyledText:
    return StyledText(click.style(escape_control_characters(value), bold=True))


def _next(result: DeployResult) -> Sequence[str]:
    """Return the commands that make sense now."""
    release = result.release
    if release.bake is not None:
        return ("watch", "promote", "abort")
    if release.previous in {None, UNRELEASED}:
        # A drill fails as long as nobody is notified.
        drill = () if result.problems else ("trigger-error --wait",)
        return ("tasks add 'Try the Task Tracker'", "open docs", "watch", *drill)
    if release.changed:
        return ("watch", "logs --errors", "rollback")
    return ("status",)


def first_deploy_question(first: FirstDeploy) -> str:
    """Return the question before a first deploy, which names everything that it will do."""
    rows = {
        "state backend": f"bucket {first.bucket!r},\nlock table {first.lock_table!r}",
        "deployment": f"function {first.function_name!r}, table {first.table_name!r},\n"
        "an HTTP API, a dashboard, alarms",
    }
    if first.downloads_terraform:
        rows = {"Terraform": "downloaded to this machine first", **rows}
    return (
        f"Nothing is deployed yet to {first.target}.\nThis is created:\n\n"
        f"{textwrap.indent(pairs(rows), '  ')}\n\nCreate all of it, and release the code?"
    )


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
