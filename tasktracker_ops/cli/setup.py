"""`bootstrap`, `build` and `permissions`: what a deploy needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.models.permissions import ROLES

from .command import Family
from .context import Context, pass_context
from .options import allow_destroy_option, backend_options, lock_timeout_option, yes_option

if TYPE_CHECKING:
    from tasktracker_ops.models.plan import Plan

FAMILY = Family("Set up")

COMMANDLINE = click.core.ParameterSource.COMMANDLINE


@FAMILY.command(needs_project=True)
@click.option(
    "--github", metavar="OWNER/REPO", help="Also allow this repository's workflows to deploy."
)
@click.option(
    "--branch", metavar="NAME", default="main", show_default=True, help="Branch that deploys."
)
@click.option(
    "--github-environment",
    metavar="NAME",
    default="production",
    show_default=True,
    help="GitHub environment of the jobs that deploy.",
)
@click.option(
    "--github-ids",
    metavar="OWNER_ID/REPOSITORY_ID",
    help="Ids of a private repository. Default: read from GitHub.",
)
@allow_destroy_option
@lock_timeout_option
@backend_options
@yes_option("giving GitHub access, and downloading Terraform if it is missing")
@pass_context
def bootstrap(
    context: Context,
    github: str | None,
    branch: str,
    github_environment: str,
    github_ids: str | None,
    allow_destroy: tuple[str, ...],
    lock_timeout: int,
) -> None:
    """Create the bucket and the lock table for Terraform's state.

    Adopts and hardens them if they exist in your account; a second run changes nothing.
    With --github, also creates roles for that repository's workflows, which then need no
    access keys.

    \b
    Example:
      tt-ops bootstrap --state-bucket task-tracker-terraform-state-123456789012
    """
    from tasktracker_ops.models.plan import AllowedChanges
    from tasktracker_ops.workflows import bootstrap as backend
    from tasktracker_ops.workflows import github_access as access

    def approve(changes: Plan) -> None:
        context.confirm(
            f"Allow {github} (branch {branch}, environment {github_environment}) to deploy to "
            f"{context.app.target.label}?"
        )

    if github is None:
        _require_github("branch", "github_environment", "github_ids")
    context.app.ensure_ready()
    allowed = AllowedChanges(frozenset(allow_destroy))
    result = (
        backend.bootstrap(context.app, allowed=allowed, lock_timeout=lock_timeout)
        if github is None
        else access.bootstrap_github(
            context.app,
            github,
            branch=branch,
            environment=github_environment,
            ids=github_ids,
            approve=approve,
            allowed=allowed,
            lock_timeout=lock_timeout,
        )
    )
    context.console.emit(result)
    if "state_bucket" in context.flags:
        bucket = context.settings.state_bucket
        context.console.note(f'For later commands, add to tt-ops.toml: state_bucket = "{bucket}"')


def _require_github(*names: str) -> None:
    """Raise UsageError if one of these options was given without --github."""
    context = click.get_current_context()
    for option in context.command.params:
        if option.name in names and context.get_parameter_source(option.name) is COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} needs --github", context)


@FAMILY.command(needs_project=True)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the zip is out of date.")
@pass_context
def build(context: Context, check: bool) -> None:
    """Pack lambda_function/ and its packages into function.zip.

    The packages of lambda_function/requirements.txt are installed for Lambda, or for this
    machine on the local target. The same sources and lock give the same bytes everywhere.

    \b
    Example:
      tt-ops build --check
    """
    from tasktracker_ops.workflows import build as package

    context.console.emit(package.build(context.app, check=check))


@FAMILY.command()
@click.argument("role", metavar="ROLE", type=click.Choice(ROLES))
@click.option(
    "--all-environments",
    is_flag=True,
    help="Allow it in every environment of the account, not only in that of --env.",
)
@pass_context
def permissions(context: Context, role: str, all_environments: bool) -> None:
    """Print the policy of a role, to paste into IAM.

    It allows no more than ROLE needs. A reader observes; an operator also fires drills,
    rolls back and mutes alarms; a recoverer brings back lost tasks. A planner and a deployer
    run Terraform; a monitor looks for drift and fires drills; a previewer deploys
    environments whose names begin with pr-. boundary limits the function's own role.

    \b
    Example:
      tt-ops --env staging permissions operator
    """
    from tasktracker_ops.workflows import permissions as policies

    if context.settings.env != "default" and (all_environments or role == "previewer"):
        what = "--all-environments" if all_environments else "the role previewer"
        raise click.UsageError(f"{what} is for several environments, and cannot be used with --env")
    context.console.emit(policies.permissions(context.app, role, all_environments=all_environments))
