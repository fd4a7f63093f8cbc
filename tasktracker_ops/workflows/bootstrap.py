"""Create, or import and harden, the bucket and the lock table of Terraform's state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.host.files import lock_file
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.deployment import BootstrapResult
from tasktracker_ops.models.plan import NOTHING_ALLOWED, AllowedChanges, Plan
from tasktracker_ops.reporting import ApprovePlan

from .deploy_lock import HeldLock, deploy_lock
from .plan_guard import plan_reporter, planned, require_allowed

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.state_backend import BackendExistence
    from tasktracker_ops.adapters.terraform.stack import Stack
    from tasktracker_ops.app import App

# What AWS answers to the slower of two first bootstraps.
_ALREADY_MADE = (
    "BucketAlreadyOwnedByYou",
    "BucketAlreadyExists",
    "ResourceInUseException",
    "OperationAborted",
)
_OTHER_BOOTSTRAP_SECONDS = 120
_ATTEMPTS = 3


def bootstrap(
    app: App,
    *,
    approve: ApprovePlan | None = None,
    allowed: AllowedChanges = NOTHING_ALLOWED,
    lock_timeout: int = 0,
) -> BootstrapResult:
    """Apply the bootstrap stack; change nothing where nothing differs.

    Holds the deploy lock, for which it waits up to `lock_timeout` seconds. The first bootstrap has
    no bucket for it yet: of two at once, the slower one continues from what the other has made.
    `approve` gets the plan and raises to stop. Without it every plan is approved, and where neither
    bucket nor table exists, it is applied by the run of Terraform that makes it. The stack's own
    state is kept in the bucket it creates. Raises TtOpsError `state-bucket-taken` for a bucket of
    another account, `state-bucket-configured` before replacing its settings,
    `state-backend-incompatible` for a table or bucket that cannot be imported as it is,
    `would-destroy` for one of ours that is not `allowed` to be destroyed.
    """
    backend = app.state_backend
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            plan = _apply_in_turn(app, approve, allowed, lock_timeout)
            break
        except TtOpsError as error:
            if attempt == _ATTEMPTS or not any(text in error.message for text in _ALREADY_MADE):
                raise
            app.report.note("Another bootstrap is creating the state backend; it is planned again")
            lock_timeout = max(lock_timeout, _OTHER_BOOTSTRAP_SECONDS)
    app.report.done(f"state backend {backend.bucket}, locks in {backend.lock_table}")
    return BootstrapResult(state_bucket=backend.bucket, lock_table=backend.lock_table, plan=plan)


def _apply_in_turn(
    app: App, approve: ApprovePlan | None, allowed: AllowedChanges, lock_timeout: int
) -> Plan:
    if not app.state_backend.exists().bucket:
        with _own_state_file(app) as state:
            return _apply(app, state, approve, allowed)
    with deploy_lock(app, "bootstrap", timeout=lock_timeout) as lock, _own_state_file(app) as state:
        return _apply(app, state, approve, allowed, lock)


def _apply(
    app: App,
    state: Path,
    approve: ApprovePlan | None,
    allowed: AllowedChanges,
    lock: HeldLock | None = None,
) -> Plan:
    backend = app.state_backend
    app.report.doing(f"reading the state backend {backend.bucket}")
    # First, since what a dead run left running still writes this state.
    app.stacks.bootstrap(state, {}, command="bootstrap").recover()
    exists = backend.exists()
    stack = _stack(app, state, exists)
    if approve is None and not exists.any:
        with _stored(app, state):
            return stack.create(plan_reporter(app, "state backend"))
    with planned(app, stack, allowed) as saved:
        plan = saved.plan
        replaced = [
            change.address
            for change in plan.data_losses
            if change.imported and change.address not in allowed.destroy
        ]
        if replaced:
            raise TtOpsError(
                "state-backend-incompatible",
                f"the bucket {backend.bucket!r} and the table {backend.lock_table!r} cannot become "
                f"the state backend: {replaced[0]} would have to be deleted first",
                hint="use other names: tt-ops bootstrap --state-bucket NAME --lock-table NAME",
            )
        if not plan.empty:
            app.report.plan(plan, "state backend")
            require_allowed(plan, allowed, command="tt-ops bootstrap")
            if approve is not None:
                approve(plan)
            app.report.doing("applying")
            if lock is not None:
                lock.require_held()
            with _stored(app, state):
                saved.apply()
    return plan


def require_backend(app: App) -> None:
    """Raise TtOpsError `state-backend-missing` before the first bootstrap."""
    if not app.state_backend.exists().complete:
        raise TtOpsError(
            "state-backend-missing",
            f"there is no state backend yet: bucket {app.state_backend.bucket!r} "
            f"or lock table {app.state_backend.lock_table!r} is missing",
            hint="create them: tt-ops bootstrap",
        )


def remove_backend(app: App, lock: HeldLock | None = None) -> None:
    """Delete the bucket with every version of its states, and the lock table, where they exist.

    The caller has to check `require_no_other_use` before; its `lock` is deleted with the bucket.
    """
    exists = app.state_backend.exists()
    if not exists.any:
        return
    with _own_state_file(app) as state:
        stack = _stack(app, state, exists, command="destroy --backend")
        # Terraform destroys only what is in its state: an apply imports the rest.
        with stack.planned() as saved:
            saved.apply()
        if lock is not None:
            # Its lock would be written into a bucket that is being deleted.
            lock.require_nobody_waits()
            lock.stop_heartbeat()
        app.state_backend.empty_bucket()
        with stack.planned(destroy=True) as saved:
            saved.apply()


def require_no_other_use(app: App) -> None:
    """Raise TtOpsError `environments-exist`, `state-bucket-in-use` or `lock-table-in-use`.

    That is where other environments or other projects use them too.
    """
    backend = app.state_backend
    exists = backend.exists()
    others = app.environment.others(app.settings.state_key, backend.keys()) if exists.bucket else {}
    alive = sorted(
        name
        for key, name in others.items()
        if (state := app.state_files.read(key)) is None or state.resources
    )
    if alive:
        raise TtOpsError(
            "environments-exist",
            f"the bucket {backend.bucket!r} holds the state of other environments: "
            f"{_quoted(alive)}",
            hint=f"destroy them first: tt-ops --env {alive[0]} destroy",
        )
    objects = backend.foreign_objects(app.settings.state_key, *others) if exists.bucket else []
    if objects:
        raise TtOpsError(
            "state-bucket-in-use",
            f"the bucket {backend.bucket!r} holds more than our state: {_quoted(objects)}",
            hint=f"look at it, and delete what is not needed: aws s3 ls --recursive s3://{backend.bucket}",
        )
    if exists.lock_table and (locks := backend.foreign_locks()):
        raise TtOpsError(
            "lock-table-in-use",
            f"the table {backend.lock_table!r} holds locks of other states: {_quoted(locks)}",
            hint="look at it, and delete what is not needed: "
            f"aws dynamodb scan --table-name {backend.lock_table}",
        )


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names))


@contextmanager
def _stored(app: App, state: Path) -> Iterator[None]:
    """Store the state that an apply leaves, also where it fails."""
    try:
        yield
    except TtOpsError:
        # Its error matters more than one of storing the partial state.
        with suppress(TtOpsError):
            _store_state(app, state)
        raise
    _store_state(app, state)


def _store_state(app: App, state: Path) -> None:
    if state.is_file() and app.state_backend.exists().bucket:
        app.state_backend.store_bootstrap_state(state)


@contextmanager
def _own_state_file(app: App) -> Iterator[Path]:
    """Yield the file of the stack's own state; one run at a time uses it."""
    # Always the same place, since Terraform's init is bound to it.
    file = app.settings.work_dir / "bootstrap.tfstate"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as turn:
        lock_file(turn.fileno(), file)
        yield file


def _stack(app: App, state: Path, exists: BackendExistence, *, command: str = "bootstrap") -> Stack:
    """Return the bootstrap stack with its stored state, and what it has to import."""
    backend = app.state_backend
    state.unlink(missing_ok=True)
    has_state = exists.bucket and backend.fetch_bootstrap_state(state)
    if exists.bucket and not has_state and (settings := backend.foreign_settings()):
        raise TtOpsError(
            "state-bucket-configured",
            f"the bucket {backend.bucket!r} already has {' and '.join(settings)}, which "
            "bootstrap would replace",
            hint="use another bucket: tt-ops bootstrap --state-bucket NAME",
        )
    return app.stacks.bootstrap(
        state,
        {
            "adopt_bucket": exists.bucket,
            "adopt_lock_table": exists.lock_table,
        },
        command=command,
    )
