"""A state that Terraform could not save (errored.tfstate), compared with the backend's."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.frozen import dataclass
from tasktracker_ops.models.recovery import UnsavedState


@dataclass(frozen=True, slots=True)
class StateIdentity:
    """The lineage of a state, which stays, and its serial, which grows with each change."""

    lineage: str
    serial: int

    @classmethod
    def parse(cls, text: str) -> StateIdentity | None:
        """Read it from a state's JSON; None when that is none."""
        try:
            state = json.loads(text)
            lineage, serial = state["lineage"], state["serial"]
        except (ValueError, KeyError, TypeError):
            return None
        is_valid = isinstance(lineage, str) and lineage and isinstance(serial, int)
        return cls(lineage, serial) if is_valid else None


def is_newer(
    ours: StateIdentity, remote: StateIdentity | None, *, file: Path, command: str
) -> bool:
    """Return whether the unsaved state is to replace the backend's.

    Raises TtOpsError `state-of-another-lineage`.
    """
    if remote is None:
        return True
    if ours.lineage != remote.lineage:
        aside = shlex.join(["mv", str(file), f"{file}.{ours.lineage}"])
        raise TtOpsError(
            "state-of-another-lineage",
            f"the state in {str(file)!r}, which an earlier run could not save, has the lineage "
            f"{ours.lineage!r}, and the backend's state {remote.lineage!r}",
            hint=f"if it belongs to another deployment, move it away, then run tt-ops {command}: "
            f"{aside}",
        )
    return ours.serial > remote.serial


def describe(state: UnsavedState) -> str:
    """Return what was done with an unsaved state, in a sentence."""
    if state.outcome == "pushed":
        return "Saved the state that an earlier run could not save"
    reason = {
        "stale": "is not newer than the saved one",
        "gone": "is older than the target",
        "invalid": "is incomplete",
    }[state.outcome]
    return f"The state that an earlier run could not save {reason}: it is kept in {state.kept}"


def state_not_saved(file: Path, reason: str, recovery: str) -> TtOpsError:
    """Return the error for an unsaved state that could not be pushed; `recovery` pushes it."""
    return TtOpsError(
        "state-not-saved",
        f"the state in {str(file)!r}, which an earlier run could not save, cannot be saved now "
        f"either: {reason}",
        hint=f"remove the cause, then save it before anything else: {recovery}",
    )
