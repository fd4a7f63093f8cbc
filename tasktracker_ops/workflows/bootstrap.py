"""Make, or adopt and harden, the bucket and the table that keep Terraform's state."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models import Bootstrapped

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform import Stack
    from tasktracker_ops.app import App


def bootstrap(app: App) -> Bootstrapped:
    """Apply the bootstrap stack; on a backend that is as it should be, nothing changes.

    The stack's own state is kept in the bucket it makes. Raises TtOpsError `state-bucket-taken`
    for a name that belongs to someone else, `state-bucket-has-policy` before replacing a policy.
    """
    backend = app.state_backend
    app.report.doing(f"looking at the state backend {backend.bucket}")
    presence = backend.presence()
    state = app.settings.work_dir / "bootstrap.tfstate"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.unlink(missing_ok=True)
    known = presence.bucket and backend.fetch_bootstrap_state(state)
    if presence.bucket and not known and backend.has_policy():
        raise TtOpsError(
            "state-bucket-has-policy",
            f"the bucket {backend.bucket!r} has a policy of its own, which ours would replace",
            hint="take another bucket: tt-ops bootstrap --state-bucket NAME",
        )
    stack = app.bootstrap_stack(
        state, {"adopt_bucket": presence.bucket, "adopt_lock_table": presence.lock_table}
    )
    stack.initialise()
    with tempfile.TemporaryDirectory(prefix="tt-ops-") as folder:
        file = Path(folder) / "plan"
        plan = stack.plan(file)
        if not plan.empty:
            app.report.plan(plan)
            _apply(app, stack, file, state)
    app.report.done(f"state backend {backend.bucket}, locks in {backend.lock_table}")
    return Bootstrapped(bucket=backend.bucket, lock_table=backend.lock_table, plan=plan)


def _apply(app: App, stack: Stack, file: Path, state: Path) -> None:
    try:
        stack.apply(file)
    finally:
        # After a failure too: what was made by then is remembered, if there is a bucket for it.
        if state.is_file() and app.state_backend.presence().bucket:
            app.state_backend.store_bootstrap_state(state)
