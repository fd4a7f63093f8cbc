"""Checks of Terraform's state, of the bucket that holds it, and of the locks."""

from __future__ import annotations

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.workflows.lock import deploy_lock_status
from tasktracker_ops.workflows.state import state_problems

from .check import CheckGroup, Examination, Outcome, failed, of_problems, ok, warning

GROUP = CheckGroup()
_HARDEN = "harden it again: tt-ops bootstrap"


@GROUP.check("state bucket", "region")
def _bucket(examined: Examination) -> Outcome:
    backend = examined.app.state_backend
    if backend.exists().bucket:
        return ok(f"{backend.bucket}, reachable, and of this account")
    return _missing(examined, f"the bucket {backend.bucket!r}")


@GROUP.check("lock table", "region")
def _table(examined: Examination) -> Outcome:
    backend = examined.app.state_backend
    if backend.exists().lock_table:
        return ok(backend.lock_table)
    return _missing(examined, f"the lock table {backend.lock_table!r}")


def _missing(examined: Examination, what: str) -> Outcome:
    try:
        _ = examined.deployment
    except TtOpsError as error:
        if error.code != "not-deployed":
            raise
        detail = f"{what} does not exist yet"
        return warning(detail, "the first deploy makes it: tt-ops deploy", blocks=True)
    return failed(f"{what} does not exist", "create it again: tt-ops bootstrap")


@GROUP.check("bucket versions", "state bucket")
def _versions(examined: Examination) -> Outcome:
    if examined.app.state_backend.is_versioned():
        return ok("every version of the state is kept")
    return failed("the state bucket keeps no earlier versions of the state", _HARDEN)


@GROUP.check("bucket privacy", "state bucket")
def _privacy(examined: Examination) -> Outcome:
    if examined.app.state_backend.is_private():
        return ok("all public access is blocked")
    return failed("the state bucket does not block all public access", _HARDEN)


@GROUP.check("bucket encryption", "state bucket")
def _encryption(examined: Examination) -> Outcome:
    algorithm = examined.app.state_backend.encryption()
    if algorithm is not None:
        return ok(algorithm)
    return failed("the state bucket has no encryption by default", _HARDEN)


@GROUP.check("deploy lock", "state bucket")
def _deploy_lock(examined: Examination) -> Outcome:
    examined.app.deploy_locks.queue()  # raises where it cannot be read
    lock = deploy_lock_status(examined.app)
    if not lock.held:
        return ok("free")
    who = f"{lock.who} ({lock.command}) since {lock.since}"
    if lock.reason is not None:
        return warning(
            f"locked by {who}: {lock.reason}", "once that is over, release it: tt-ops unlock"
        )
    if lock.dead:
        return failed(
            f"held by {who}, which is dead", "the next deploy takes over; release it: tt-ops unlock"
        )
    return ok(f"held by {who}, which is running")


@GROUP.check("state lock", "state bucket", "lock table")
def _state_lock(examined: Examination) -> Outcome:
    app = examined.app
    if not (held := app.terraform_locks.held()):
        return ok("free")
    found = "; ".join(each.sentence for each in held)
    deploy = deploy_lock_status(app)
    if deploy.held and not deploy.dead and deploy.reason is None:
        return ok(f"held for the deploy that is running: {found}")
    return failed(found, "wait until that run ends; if it is dead, release it: tt-ops unlock")


@GROUP.check("state", "state bucket", "lock table")
def _state(examined: Examination) -> Outcome:
    app = examined.app
    if problems := state_problems(app):
        return of_problems(problems, "")
    state = app.state_files.read(app.settings.state_key)
    if state is None:
        return ok("none yet")
    return ok(f"serial {state.serial}, the newest of the lineage {state.lineage}")
