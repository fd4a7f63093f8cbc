"""`drift`: what was changed outside of Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.errors import ExitCode, counted

from .command import Family
from .context import Context, pass_context
from .deployment import alert_email_option
from .options import backend_options, lock_timeout_option, yes_option

if TYPE_CHECKING:
    from tasktracker_ops.models.plan import Plan

FAMILY = Family("Deploy")


@FAMILY.command(form="markdown", needs_project=True)
@alert_email_option
@click.option("--fix", is_flag=True, help="Undo the drift by a deploy, and show what is left.")
@lock_timeout_option
@backend_options
@yes_option("every change")
@pass_context
@click.pass_context
def drift(click_context: click.Context, context: Context, fix: bool, lock_timeout: int) -> None:
    """Show what was changed outside of Terraform.

    Also shows what no plan does: a serving version that is not a proven release, and muted
    alarms. Exits 2 if there is any drift.

    \b
    Example:
      tt-ops drift --fix
    """
    from tasktracker_ops.workflows import drift as drifting

    def approve(changes: Plan) -> None:
        context.confirm(f"Apply {counted(len(changes.changes), 'change')}?")

    if fix:
        report = drifting.fix(context.app, approve=approve, lock_timeout=lock_timeout)
    else:
        report = drifting.drift(context.app, lock_timeout=lock_timeout)
    context.console.emit(report)
    click_context.exit(ExitCode.USAGE if report.drift else ExitCode.OK)
