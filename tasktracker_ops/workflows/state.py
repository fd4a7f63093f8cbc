"""Check, heal, list, restore and repair the state of Terraform, without Terraform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError, quoted
from tasktracker_ops.models.state import (
    State,
    StateContent,
    StateDifference,
    StateObject,
    StateRecord,
    StateRepairResult,
    StateRestore,
    StateVersion,
    StateVersions,
    with_serial,
)

from .deploy_lock import HeldLock, deploy_lock
from .state_faults import StateFault, VersionHistory, find_fault

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.state_files import StateFile
    from tasktracker_ops.adapters.terraform.stack import Stack
    from tasktracker_ops.app import App

_MOST_REPAIRS = 5


def recover(app: App, lock: HeldLock, stack: Stack, key: str | None = None) -> None:
    """End what dead runs left running, remove their locks, heal the state, save what they had left.

    In this order: a Terraform that still ends in order writes its state and releases its lock.
    """
    stack.recover()
    lock.remove_terraform_locks()
    heal_state(app, key)
    stack.push_unsaved_state()


def heal_state(app: App, key: str | None = None) -> tuple[str, ...]:
    """Repair what is safe to repair without a person, report it, and return what was done.

    The caller holds the deploy lock. Raises TtOpsError for a fault that takes a decision.
    """
    return _repair(app, key or app.settings.state_key, lambda fault: fault.automatic)


def state_problems(app: App) -> tuple[Problem, ...]:
    """Return what is wrong with the state; empty where it may not be read."""
    from tasktracker_ops.adapters.aws.session import AwsNotFound

    try:
        fault = find_fault(app, app.settings.state_key)
    except AwsNotFound:
        names = f"the bucket {app.state_files.bucket!r} or the table {app.state_files.lock_table!r}"
        return (
            Problem(
                "state-backend-missing",
                f"{names} does not exist, so there is no state",
                hint="create them again, and import what exists into a new state: tt-ops deploy",
            ),
        )
    except TtOpsError as error:
        # Observing takes no access to the state.
        return () if error.code == "aws-access-denied" else (Problem.of(error),)
    return (fault.problem,) if fault else ()


def require_plannable(app: App) -> None:
    """Raise TtOpsError for a fault that blocks a plan; report any other that a deploy heals."""
    fault = find_fault(app, app.settings.state_key)
    if fault is None:
        return
    if fault.blocking:
        raise fault.problem.as_error()
    app.report.note(f"{fault.problem.message}; {fault.problem.hint}")


def record_state(app: App, who: str, configuration: Mapping[str, str]) -> None:
    """Store lineage and serial after an apply by `who`, and verify the digest.

    `configuration` is what was applied, in the form of `Stacks.configuration`. Terraform only warns
    when it cannot store the digest, and then refuses every later plan.
    """
    key = app.settings.state_key
    file = verify_digest(app, key)
    if file is None:
        raise TtOpsError(
            "state-gone",
            f"the apply left no state {key!r} in the bucket {app.state_files.bucket!r}",
            hint="import what exists into a new state: tt-ops deploy",
        )
    _record(app, file.state, who, configuration)


def forget_state(app: App) -> None:
    """Delete the record of the state after a destroy, and verify the digest."""
    verify_digest(app, app.settings.state_key)
    app.deployments.delete_state_record()


def verify_digest(app: App, key: str) -> StateFile | None:
    """Return the current state after writing its digest again, if Terraform could not.

    Raises TtOpsError `state-corrupted`.
    """
    files = app.state_files
    file = files.valid(key)
    if file is not None and files.digest(key) != file.digest:
        files.write_digest(key, file.digest)
        app.report.note(
            f"Terraform could not store the digest of the state {key!r}; it is stored now"
        )
    return file


def state_versions(app: App, key: str, *, limit: int) -> StateVersions:
    """Return the `limit` newest versions of the state."""
    history = VersionHistory(app.state_files, key)
    who = {(each.lineage, each.serial): each.who for each in app.deployments.state_records()}
    versions = tuple(_version(history, each, who) for each in history.objects[:limit])
    more = max(0, len(history.objects) - limit)
    return StateVersions(app.state_files.bucket, key, versions, more)


def _version(
    history: VersionHistory, version: StateObject, who: dict[tuple[str, int], str | None]
) -> StateVersion:
    file = None if version.delete_marker else history.file(version)
    invalid = file.invalid if file else "delete marker" if version.delete_marker else "gone"
    state = file.state if file and invalid is None else None
    return StateVersion(
        version=version.version_id,
        at=version.at,
        current=version.current,
        serial=state.serial if state else None,
        lineage=state.lineage if state else None,
        size=version.size,
        resources=len(state.resources) if state else None,
        who=who.get((state.lineage, state.serial)) if state else None,
        problem=None if invalid is None else str(invalid),
    )


def pull_state(app: App, key: str, version: str | None = None) -> StateContent:
    """Return the content of the state, or of one of its versions, secrets included."""
    if version is None:
        file = app.state_files.current(key)
    else:
        history = VersionHistory(app.state_files, key)
        file = history.file(_named(history, version))
    if file is None:
        raise TtOpsError(
            "state-missing",
            f"there is no state {key!r} in the bucket {app.state_files.bucket!r}",
            hint="see its versions: tt-ops state versions",
        )
    app.report.note("The state holds secrets, such as the address of the alarms: keep it private")
    return StateContent(file.content.decode(errors="replace"))


def restore_state(
    app: App,
    key: str,
    version: str | None = None,
    *,
    approve: Callable[[StateRestore], None],
) -> StateRestore:
    """Write an earlier version of the state again, under a serial above all others.

    `version` is an id or the beginning of one; None is the newest valid version before the current
    one. `approve` gets what would change, and raises to stop. Raises TtOpsError
    `state-version-unknown`, `state-version-invalid` or `state-changed`.
    """
    with deploy_lock(app, "state restore") as lock:
        lock.remove_terraform_locks()
        files = app.state_files
        history = VersionHistory(files, key)
        _require_unlocked(app, key)
        current = files.current(key)
        before = None if current is None or current.invalid else current.state
        record = app.deployments.state_record()[1] if key == app.settings.state_key else None
        chosen, file = _chosen(history, version, _lineage(before, record))
        state = file.state
        known = [each.serial for each in (before, record) if each is not None]
        known += [each.state.serial for each in history.valid()]
        result = StateRestore(
            version=chosen.version_id,
            at=chosen.at,
            from_serial=state.serial,
            serial=max([state.serial, *known]) + 1,
            lineage=state.lineage,
            difference=StateDifference.between(before, state),
        )
        approve(result)
        lock.require_held()
        files.write(key, with_serial(file.content, result.serial), instead_of=current)
        if record is not None:
            _record(
                app, State(state.lineage, result.serial, state.terraform_version, ()), lock.lock.who
            )
        return result


def repair_state(app: App, key: str, *, approve: Callable[[Problem], None]) -> StateRepairResult:
    """Repair all that can be repaired without choosing a version.

    `approve` gets each fault before its repair, and raises to stop.
    """

    def accept(fault: StateFault) -> bool:
        if fault.repair is not None:
            approve(fault.problem)
        return True

    with deploy_lock(app, "state repair") as lock:
        lock.remove_terraform_locks()
        _require_unlocked(app, key)
        repairs = _repair(app, key, accept)
    state = app.state_files.read(key)
    return StateRepairResult(
        key=key,
        serial=state.serial if state else None,
        lineage=state.lineage if state else None,
        resources=len(state.resources) if state else None,
        repairs=repairs,
    )


def _repair(app: App, key: str, accept: Callable[[StateFault], bool]) -> tuple[str, ...]:
    done: list[str] = []
    # One fault may hide another, such as a wrong digest below a delete marker.
    while (fault := find_fault(app, key)) is not None:
        if fault.automatic and fault.repair is None:
            break  # a deploy imports what exists
        if not accept(fault) or fault.repair is None or len(done) == _MOST_REPAIRS:
            raise fault.problem.as_error()
        done.append(f"{fault.problem.message}: {fault.repair()}")
        app.report.note(done[-1])
    return tuple(done)


def _record(
    app: App, state: State, who: str, configuration: Mapping[str, str] | None = None
) -> None:
    files, key = app.state_files, app.settings.state_key
    _, known = app.deployments.state_record()
    record = StateRecord(files.bucket, key, state.lineage, state.serial, who, configuration)
    # A deploy that changed nothing leaves the state to whom it belongs.
    if known and replace(known, who=who, configuration=configuration) == record:
        record = replace(record, who=known.who)
    if record != known:
        app.deployments.write_state_record(record)


def _require_unlocked(app: App, key: str) -> None:
    lock = app.locks_of(key).lock()
    if lock.held:
        raise TtOpsError(
            "state-locked",
            lock.sentence,
            hint="wait until that run ends; if it is dead, release its lock: tt-ops unlock",
        )


def _lineage(before: State | None, record: StateRecord | None) -> str | None:
    """Return the lineage to look for: that of the deployment, else that of the current state."""
    if record is not None:
        return record.lineage
    return before.lineage if before is not None else None


def _chosen(
    history: VersionHistory, version: str | None, lineage: str | None
) -> tuple[StateObject, StateFile]:
    if version is not None:
        named = _named(history, version)
        file = None if named.delete_marker else history.file(named)
        if file is not None and file.invalid is None:
            return named, file
        reason = file.invalid if file is not None else "it is a delete marker"
        raise TtOpsError(
            "state-version-invalid",
            f"the version {quoted(named.version_id)} is not a state: {reason}",
            hint="choose another one: tt-ops state versions",
        )
    for each in history.objects:
        if each.delete_marker or each.current:
            continue
        file = history.file(each)
        if file is None or file.invalid is not None:
            continue
        if lineage in (None, file.state.lineage):
            return each, file
    raise TtOpsError(
        "state-version-unknown",
        "there is no earlier version of the state",
        hint="see what there is: tt-ops state versions",
    )


def _named(history: VersionHistory, version: str) -> StateObject:
    found = [each for each in history.objects if each.version_id.startswith(version)]
    exact = [each for each in found if each.version_id == version]
    if len(exact or found) == 1:
        return (exact or found)[0]
    reason = "matches several versions" if found else "is not a version"
    raise TtOpsError(
        "state-version-unknown",
        f"{quoted(version)} {reason} of the state",
        hint="see what there is: tt-ops state versions",
    )
