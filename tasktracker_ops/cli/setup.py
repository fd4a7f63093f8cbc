"""`bootstrap` and `build`: what a deploy stands on."""

from __future__ import annotations

import click

from .options import Command, Context, backend_options, pass_context, yes_option


@click.command(cls=Command)
@backend_options
@yes_option("a download of Terraform, if there is none")
@pass_context
def bootstrap(context: Context) -> None:
    """Make the bucket and the table for Terraform's state.

    What exists and is yours is adopted and hardened; a second run changes nothing.

    \b
    Example:
      tt-ops bootstrap --state-bucket task-tracker-terraform-state-123456789012
    """
    from tasktracker_ops.workflows import bootstrap as backend

    context.app.ensure_ready()
    made = backend.bootstrap(context.app)
    context.console.emit(made)
    if "state_bucket" in context.flags:
        context.console.note(
            f'For the next commands, in tt-ops.toml: state_bucket = "{made.bucket}"'
        )


@click.command(cls=Command)
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
