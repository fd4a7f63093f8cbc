"""`lock` and `unlock`: the deploy lock by hand."""

from __future__ import annotations

import click

from .command import Family
from .context import Context, pass_context
from .options import backend_options, lock_timeout_option, yes_option

FAMILY = Family("Deploy")


@FAMILY.command(needs_project=True)
@click.option(
    "-m", "--message", "reason", required=True, metavar="REASON", help="Why deploys are locked."
)
@lock_timeout_option
@backend_options
@pass_context
def lock(context: Context, reason: str, lock_timeout: int) -> None:
    """Lock deploys by hand, such as for holidays or an incident.

    Until `unlock`, every command that would change something stops, and says who locked
    deploys and why.

    \b
    Example:
      tt-ops lock -m "freeze until Monday"
    """
    from tasktracker_ops.workflows import lock as locking

    context.console.emit(locking.lock(context.app, reason, timeout=lock_timeout))


@FAMILY.command(needs_project=True)
@click.argument("lock_id", required=False)
@click.option(
    "--force", is_flag=True, help="Also release the lock of a run that still has a heartbeat."
)
@backend_options
@yes_option("releasing the lock")
@pass_context
def unlock(context: Context, lock_id: str | None, force: bool) -> None:
    """Release the deploy lock, or a lock that Terraform left.

    Shows who holds it, and checks afterwards that everything is free. LOCK_ID is needed
    only if there is more than one. A dead run needs no unlock: the next deploy takes over.

    \b
    Example:
      tt-ops unlock
    """
    from tasktracker_ops.workflows import lock as locking

    context.console.emit(locking.unlock(context.app, lock_id, force=force, approve=context.confirm))
