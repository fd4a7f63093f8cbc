"""Make, or adopt and harden, the bucket and the table that keep Terraform's state."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.deployment import BootstrapResult
from tasktracker_ops.models.plan import NOTHING_ALLOWED, Allowed
from tasktracker_ops.reporting import ApprovePlan

from .guard import planned, require_allowed

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import Stack
    from tasktracker_ops.app import App


def bootstrap(
    app: App,
    *,
    approve: ApprovePlan = lambda plan: None,
    allowed: Allowed = NOTHING_ALLOWED,
) -> BootstrapResult:
    """Apply the bootstrap stack; on a backend that is as it should be, nothing changes.

    `approve` gets the plan and raises to stop. The stack's own state is kept in the bucket it
    makes. Raises TtOpsError `state-bucket-taken` for a name that belongs to someone else,
    `state-bucket-configured` before replacing its settings, `state-backend-unfit` for a table or
    bucket that could not be adopted as it is, `would-destroy` for one of ours that is not
    `allowed` to go.
    """
    backend, state = app.state_backend, _state_file(app)
    app.report.doing(f"looking at the state backend {backend.bucket}")
    stack = _stack(app, state)
    with planned(app, stack, allowed) as saved:
        plan = saved.plan
        unfit = (change.address for change in plan.losses if change.adopted)
        if lost := [address for address in unfit if address not in allowed.destroy]:
            raise TtOpsError(
                "state-backend-unfit",
                f"the bucket {backend.bucket!r} and the table {backend.lock_table!r} cannot become "
                f"the state backend: {lost[0]} would have to be deleted first",
                hint="take other names: tt-ops bootstrap --state-bucket NAME --lock-table NAME",
            )
        if not plan.empty:
            app.report.plan(plan, "state backend")
            require_allowed(plan, allowed)
            approve(plan)
            app.report.doing("applying")
            try:
                saved.apply()
            except TtOpsError:
                # What was made is remembered if there is a bucket for it; why it failed is told.
                with suppress(TtOpsError):
                    _remember(app, state)
                raise
            _remember(app, state)
    app.report.done(f"state backend {backend.bucket}, locks in {backend.lock_table}")
    return BootstrapResult(bucket=backend.bucket, lock_table=backend.lock_table, plan=plan)


def remove_backend(app: App) -> None:
    """Delete the bucket with every version of its states, and the lock table, as far as they exist.

    The caller has made sure with `require_no_other_use`.
    """
    exists = app.state_backend.exists()
    if not (exists.bucket or exists.lock_table):
        return
    stack = _stack(app, _state_file(app), command="destroy --backend")
    # Terraform destroys only what is in its state: an apply adopts the rest.
    with stack.planned() as saved:
        saved.apply()
    app.state_backend.empty_bucket()
    with stack.planned(destroy=True) as saved:
        saved.apply()


def require_no_other_use(app: App) -> None:
    """Raise TtOpsError `state-bucket-in-use` or `lock-table-in-use` if more than ours is in it."""
    backend = app.state_backend
    exists = backend.exists()
    if exists.bucket and (objects := backend.foreign_objects(app.settings.state_key)):
        raise TtOpsError(
            "state-bucket-in-use",
            f"the bucket {backend.bucket!r} keeps more than our state: {_quoted(objects)}",
            hint=f"look at it, and delete what may go: aws s3 ls --recursive s3://{backend.bucket}",
        )
    if exists.lock_table and (locks := backend.foreign_locks()):
        raise TtOpsError(
            "lock-table-in-use",
            f"the table {backend.lock_table!r} locks more than our state: {_quoted(locks)}",
            hint="look at it, and delete what may go: "
            f"aws dynamodb scan --table-name {backend.lock_table}",
        )


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def _remember(app: App, state: Path) -> None:
    if state.is_file() and app.state_backend.exists().bucket:
        app.state_backend.store_bootstrap_state(state)


def _state_file(app: App) -> Path:
    # Always the same place, since Terraform's init is bound to it.
    file = app.settings.work_dir / "bootstrap.tfstate"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _stack(app: App, state: Path, *, command: str = "bootstrap") -> Stack:
    """The bootstrap stack with what it is known to have made, and what it is to adopt."""
    backend = app.state_backend
    exists = backend.exists()
    state.unlink(missing_ok=True)
    known = exists.bucket and backend.fetch_bootstrap_state(state)
    if exists.bucket and not known and (settings := backend.own_settings()):
        raise TtOpsError(
            "state-bucket-configured",
            f"the bucket {backend.bucket!r} has been given {' and '.join(settings)}, which ours "
            "would replace",
            hint="take another bucket: tt-ops bootstrap --state-bucket NAME",
        )
    return app.bootstrap_stack(
        state,
        {
            "adopt_bucket": exists.bucket,
            "adopt_lock_table": exists.lock_table,
        },
        command=command,
    )
