"""A state that Terraform could not save (errored.tfstate), which the next run saves."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import datetime

from tasktracker_ops.errors import TtOpsError

from .runner import Runner


def push_unsaved_state(runner: Runner, exists_since: datetime | None, *, lock_timeout: int) -> None:
    """Save the state that an earlier run could not save, if there is one, and report it.

    One that is stale, invalid or older than the target, which exists since `exists_since`, is set
    aside. Raises TtOpsError `state-of-another-lineage`, and `state-not-saved` with the command that
    would save it.
    """
    file = runner.data.unsaved_state
    try:
        text, written = file.read_text(errors="replace"), file.stat().st_mtime
    except FileNotFoundError:
        return
    if (ours := _StateIdentity.parse(text)) is None:
        _set_aside(runner, "is incomplete")
        return
    if exists_since and written < exists_since.timestamp():
        _set_aside(runner, "is older than the target")
        return
    runner.initialise()
    remote = _StateIdentity.parse(runner.require("state pull").stdout)
    if remote is not None:
        _require_same_lineage(runner, ours, remote)
        if ours.serial <= remote.serial:
            _set_aside(runner, "is not newer than the saved one")
            return
    result = runner.run("state push", str(file), lock_timeout=f"{lock_timeout}s")
    if result.has_failed:
        raise TtOpsError(
            "state-not-saved",
            f"the state in {str(file)!r}, which an earlier run could not save, cannot be saved now "
            f"either: {result.reason()}",
            hint=f"remove the cause, then save it before anything else: {_push_command(runner)}",
        )
    file.unlink()
    runner.notice("Saved the state that an earlier run could not save")


@dataclass(frozen=True, slots=True)
class _StateIdentity:
    """The lineage of a state, which stays, and its serial, which grows with each change."""

    lineage: str
    serial: int

    @classmethod
    def parse(cls, text: str) -> _StateIdentity | None:
        """Read it from a state's JSON; None when that is none."""
        try:
            state = json.loads(text)
            lineage, serial = state["lineage"], state["serial"]
        except (ValueError, KeyError, TypeError):
            return None
        is_valid = isinstance(lineage, str) and lineage and isinstance(serial, int)
        return cls(lineage, serial) if is_valid else None


def _set_aside(runner: Runner, reason: str) -> None:
    kept = runner.data.set_unsaved_state_aside()
    runner.notice(f"The state that an earlier run could not save {reason}: it is kept in {kept}")


def _require_same_lineage(runner: Runner, ours: _StateIdentity, remote: _StateIdentity) -> None:
    if ours.lineage != remote.lineage:
        file = runner.data.unsaved_state
        aside = shlex.join(["mv", str(file), f"{file}.{ours.lineage}"])
        raise TtOpsError(
            "state-of-another-lineage",
            f"the state in {str(file)!r}, which an earlier run could not save, has the lineage "
            f"{ours.lineage!r}, and the backend's state {remote.lineage!r}",
            hint="if it belongs to another deployment, move it away, then run tt-ops "
            f"{runner.command}: {aside}",
        )


def _push_command(runner: Runner) -> str:
    """Return the shell command that saves the state."""
    state = str(runner.data.unsaved_state)
    names = ("TF_DATA_DIR", "AWS_PROFILE", "AWS_ENDPOINT_URL")
    values = {n: runner.environment[n] for n in names if n in runner.environment}
    # A value with a secret is the user's own setting, which the shell already has.
    settings = [f"{n}={value}" for n, value in values.items() if runner.redact(value) == value]
    push = [str(runner.executable), f"-chdir={runner.directory}", "state", "push", state]
    return f"{shlex.join(['env', *settings, *push])} && {shlex.join(['rm', state])}"
