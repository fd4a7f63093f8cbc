"""`plan`, `deploy`, `outputs`, `unlock` and `destroy`: the deployment's life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.errors import ExitCode, counted

from .options import (
    Context,
    Family,
    allow_destroy_option,
    backend_options,
    lock_timeout_option,
    pass_context,
    setting,
    yes_option,
)

if TYPE_CHECKING:
    from tasktracker_ops.models.plan import Plan

FAMILY = Family("Deploy")

alert_email_option = setting(
    "--alert-email", metavar="ADDRESS", help="Address that alarms are sent to (or set ALERT_EMAIL)."
)


@FAMILY.command(form="markdown", needs_project=True)
@alert_email_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something would change.")
@lock_timeout_option
@backend_options
@yes_option("a download of Terraform, if there is none")
@pass_context
@click.pass_context
def plan(
    click_context: click.Context, context: Context, detailed_exitcode: bool, lock_timeout: int
) -> None:
    """Show what a deploy would change, first what it would destroy.

    As markdown it is the comment for a pull request.

    \b
    Example:
      tt-ops plan --detailed-exitcode
    """
    from tasktracker_ops.workflows import plan as planning

    changes = planning.plan(context.app, lock_timeout=lock_timeout)
    context.console.emit(changes)
    if detailed_exitcode and not changes.empty:
        click_context.exit(ExitCode.USAGE)


@FAMILY.command(needs_project=True)
@alert_email_option
@allow_destroy_option
@click.option("--allow-public", is_flag=True, help="Let it open an API that asks who calls.")
@click.option("--smoke/--no-smoke", default=True, help="Ask the API whether it works afterwards.")
@lock_timeout_option
@backend_options
@yes_option("every change")
@pass_context
def deploy(
    context: Context,
    allow_destroy: tuple[str, ...],
    allow_public: bool,
    smoke: bool,
    lock_timeout: int,
) -> None:
    """Build, plan, ask, apply, check: everything to be live.

    Makes the state backend where there is none. Where nothing differs, nothing
    happens. If the API does not work afterwards, the version before serves again.
    Tables, buckets and topics are destroyed or replaced only if they are named.

    \b
    Example:
      tt-ops deploy --alert-email you@example.com
    """
    from tasktracker_ops.models.plan import AllowedChanges
    from tasktracker_ops.workflows import deploy as deploying

    def approve(changes: Plan) -> None:
        context.confirm(f"Apply these {len(changes.changes)} changes?")

    context.console.emit(
        deploying.deploy(
            context.app,
            approve=approve,
            allowed=AllowedChanges(frozenset(allow_destroy), allow_public),
            smoke=smoke,
            lock_timeout=lock_timeout,
        )
    )


@FAMILY.command()
@pass_context
def outputs(context: Context) -> None:
    """Print what is deployed, as the deployment describes itself.

    One call to AWS: no Terraform, no state, from any machine.

    \b
    Example:
      tt-ops outputs --output json
    """
    context.console.emit(context.app.deployments.get())


@FAMILY.command(needs_project=True)
@click.argument("lock_id")
@backend_options
@yes_option("the release")
@pass_context
def unlock(context: Context, lock_id: str) -> None:
    """Release a state lock whose holder is gone.

    LOCK_ID is what the message about the lock quotes. Make sure that nobody is deploying.

    \b
    Example:
      tt-ops unlock 7d2f1c52-3f0e-6c1e-5f0b-0c8f7a9e4b11
    """
    from tasktracker_ops.workflows import unlock as unlocking

    context.confirm(f"Release the lock {lock_id}?")
    context.console.emit(unlocking.unlock(context.app, lock_id))


@FAMILY.command(needs_project=True)
@click.option("--backend", is_flag=True, help="Remove the state backend as well.")
@lock_timeout_option
@backend_options
@yes_option("the removal")
@pass_context
def destroy(context: Context, backend: bool, lock_timeout: int) -> None:
    """Remove the deployment with all its tasks.

    \b
    Example:
      tt-ops --target local destroy --yes
    """
    from tasktracker_ops.workflows import destroy as destroying

    def approve(changes: Plan) -> None:
        name = context.settings.env
        also = " and the state backend" if backend else ""
        context.confirm(
            f"This removes {counted(len(changes.changes), 'resource')} with every task{also} from "
            f"{context.app.target.label}. Type the environment's name ({name})",
            word=name,
        )

    context.console.emit(
        destroying.destroy(context.app, approve=approve, backend=backend, lock_timeout=lock_timeout)
    )
