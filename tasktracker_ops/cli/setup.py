"""`bootstrap` and `build`: what a deploy stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import (
    Context,
    Family,
    allow_destroy_option,
    backend_options,
    pass_context,
    yes_option,
)

if TYPE_CHECKING:
    from tasktracker_ops.models.plan import Plan

FAMILY = Family("Set up")

COMMANDLINE = click.core.ParameterSource.COMMANDLINE


@FAMILY.command(needs_project=True)
@click.option("--github", metavar="OWNER/REPO", help="Let this repository's workflows deploy, too.")
@click.option("--branch", default="main", show_default=True, help="The branch that deploys.")
@click.option(
    "--github-environment",
    metavar="NAME",
    default="production",
    show_default=True,
    help="The environment of the jobs that deploy.",
)
@click.option(
    "--github-ids",
    metavar="OWNER_ID/REPOSITORY_ID",
    help="The repository's ids, if it is private. Default: as GitHub says.",
)
@allow_destroy_option
@backend_options
@yes_option("letting GitHub in, and a download of Terraform, if there is none")
@pass_context
def bootstrap(
    context: Context,
    github: str | None,
    branch: str,
    github_environment: str,
    github_ids: str | None,
    allow_destroy: tuple[str, ...],
) -> None:
    """Make the bucket and the table for Terraform's state.

    What exists and is yours is adopted and hardened; a second run changes nothing.
    With --github, roles are made for that repository's workflows, which then need no keys.

    \b
    Example:
      tt-ops bootstrap --state-bucket task-tracker-terraform-state-123456789012
    """
    from tasktracker_ops.models.plan import AllowedChanges
    from tasktracker_ops.workflows import bootstrap as backend
    from tasktracker_ops.workflows import github_access as access

    def approve(changes: Plan) -> None:
        context.confirm(
            f"Let {github} (branch {branch}, environment {github_environment}) deploy to "
            f"{context.app.target.label}?"
        )

    if github is None:
        _refuse("branch", "github_environment", "github_ids", without="--github")
    context.app.ensure_ready()
    allowed = AllowedChanges(frozenset(allow_destroy))
    made = (
        backend.bootstrap(context.app, allowed=allowed)
        if github is None
        else access.bootstrap_github(
            context.app,
            github,
            branch=branch,
            environment=github_environment,
            ids=github_ids,
            approve=approve,
            allowed=allowed,
        )
    )
    context.console.emit(made)
    if "state_bucket" in context.flags:
        bucket = context.settings.state_bucket
        context.console.note(f'For the next commands, in tt-ops.toml: state_bucket = "{bucket}"')


def _refuse(*names: str, without: str) -> None:
    """Turn down options that were given and say nothing on their own."""
    here = click.get_current_context()
    for option in here.command.params:
        if option.name in names and here.get_parameter_source(option.name) is COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} is about {without}", here)


@FAMILY.command(needs_project=True)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the zip is stale.")
@pass_context
def build(context: Context, check: bool) -> None:
    """Pack lambda_function/ into function.zip.

    The same sources give the same bytes on every machine.

    \b
    Example:
      tt-ops build --check
    """
    from tasktracker_ops.workflows import build as package

    context.console.emit(package.build(context.settings.project, check=check))
