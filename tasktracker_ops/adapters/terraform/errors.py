"""Terraform's failures in the user's terms."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasktracker_ops.errors import ExitCode, TtOpsError

from .events import Diagnostic, Transcript

_LOCK_FIELD = re.compile(r"^\s*(ID|Operation|Who|Created):[ \t]*(.*?)\s*$", re.MULTILINE)
_REASON_LIMIT = 400  # characters
# DynamoDB's and S3's words for a lock that is not there.
_LOCK_GONE = ("unexpected end of JSON input", "NoSuchKey")
# What Terraform adds when it stops says nothing about why.
_ECHOES = (
    "execution halted",
    "operation canceled",
    "Terraform encountered problems during initiali",
)


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a state lock: `who` is user@host, `operation` a verb, `created` in UTC if known."""

    id: str
    who: str
    operation: str
    created: datetime | None

    @classmethod
    def parse(cls, text: str) -> LockInfo | None:
        """Read the "Lock Info" block of a message of Terraform's; None when it has none."""
        fields = {name: value for name, value in _LOCK_FIELD.findall(text)}
        if not fields.get("ID"):
            return None
        return cls(
            id=fields["ID"],
            who=fields.get("Who", ""),
            operation=fields.get("Operation", "").removeprefix("OperationType").lower(),
            created=_created(fields.get("Created", "")),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """One Terraform command that did not end well, and what its error should tell the user.

    `operation` is Terraform's word (init, plan, apply), `command` ours (deploy); `log` holds all
    that Terraform said; `recovery` is the command that stores a state which Terraform could not.
    """

    operation: str
    transcript: Transcript
    returncode: int
    log: Path
    command: str
    recovery: str | None = None

    def interrupted(self) -> TtOpsError:
        """Say where an interrupted command has left things."""
        kept = _find(self.transcript.errors, "releasing the state lock")
        lock = LockInfo.parse(kept.detail) if kept else None
        if self.operation not in ("plan", "apply"):
            held = ""
        elif self.returncode < 0:
            held = ", and whether the state lock was released is not known"
        else:
            held = f", and the state {'is still locked' if kept else 'lock is released'}"
        hint = f"go on: tt-ops {self.command}"
        if self.recovery:
            held += "; the state could not be stored and was kept in a file"
            hint = f"save it before anything else: {self.recovery}"
        elif lock:
            hint = f"release the lock: tt-ops unlock {lock.id}"
        return TtOpsError(
            "interrupted",
            f"interrupted during {self.operation}: {self._standing()}{held}",
            hint=hint,
            exit_code=ExitCode.INTERRUPTED,
        )

    def error(self) -> TtOpsError:
        """Turn Terraform's diagnostics into the error to raise."""
        if self.recovery:
            return TtOpsError(
                "state-not-saved",
                f"Terraform could not save its state after {self._standing()}, so it was kept in a "
                f"file: {self._reason()}",
                hint=f"save it before anything else: {self.recovery}",
            )
        locked = _find(self.transcript.errors, "acquiring the state lock")
        lock = LockInfo.parse(locked.detail) if locked else None
        if lock:
            return _locked(lock)
        stuck = self._stuck_lock()
        if stuck:
            return TtOpsError(
                "lock-not-released",
                f"Terraform finished its {self.operation} ({self._standing()}), "
                "but could not release its lock",
                hint=f"release it: tt-ops unlock {stuck.id}",
            )
        if self.returncode < 0:
            return TtOpsError(
                "terraform-killed",
                f"Terraform was killed by {signal.Signals(-self.returncode).name} during "
                f"{self.operation}: {self._standing()}, and it may have left its lock behind",
                hint=f"read {self.log} first, then go on: tt-ops {self.command}",
            )
        for words, make in _KNOWN:
            if known := _find(self.transcript.errors, words):
                return make(self, known)
        return TtOpsError(
            "terraform-failed",
            f"Terraform's {self.operation} failed: {self._reason()}",
            hint=f"all it said is in {self.log}; once mended, try again: tt-ops {self.command}",
            findings=tuple(dict.fromkeys(f for e in self.transcript.errors for f in e.findings)),
        )

    def _stuck_lock(self) -> LockInfo | None:
        """Find the lock whose release is all that went wrong."""
        errors = self.transcript.errors
        stuck = _find(errors, "releasing the state lock") if len(errors) == 1 else None
        return LockInfo.parse(stuck.detail) if stuck else None

    def _standing(self) -> str:
        if self.transcript.total == 0 or self.operation != "apply":
            return "nothing was changed"
        return f"{self.transcript.done} of {self.transcript.total} resources were done"

    def _reason(self) -> str:
        errors = dict.fromkeys(self.transcript.errors)  # init says some of them twice
        causes = [e for e in errors if not e.summary.startswith(_ECHOES)]
        if not causes:
            return f"it gave no reason (exit code {self.returncode})"
        more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
        return f"{causes[0].sentence.rstrip('.')}{more}"


def is_transient_lock_failure(transcript: Transcript, *, who: str, started: datetime) -> bool:
    """Whether a lock could not be had only because two runs met, so that it is worth a retry.

    Either the lock was gone again before Terraform could read who held it (`unexpected end of JSON
    input` from DynamoDB, `NoSuchKey` from S3), or S3 answered 412 for the lock which this very run
    (`who`, since `started`) had just made.
    """
    error = _find(transcript.errors, "acquiring the state lock")
    if error is None or transcript.started:
        return False
    lock = LockInfo.parse(error.detail)
    if lock is None:
        return any(words in error.detail for words in _LOCK_GONE)
    ours = lock.who == who and lock.created is not None and lock.created >= started
    return ours and "StatusCode: 412" in error.detail


def needs_init(transcript: Transcript) -> bool:
    """Whether Terraform refused to start because the data directory is not as it should be."""
    return any("terraform init" in f"{e.summary} {e.detail}" for e in transcript.errors)


def unsaved_state(path: Path, recovery: str) -> TtOpsError:
    """Make the error for a state of an earlier run that is still to be stored."""
    return TtOpsError(
        "state-not-saved",
        f"an earlier run could not save its state, which is kept in {str(path)!r}",
        hint=f"save it before anything else: {recovery}",
    )


def lock_mismatch(lock_id: str, holder: LockInfo) -> TtOpsError:
    """Make the error for an unlock that names another lock than the one which is held."""
    return TtOpsError(
        "lock-mismatch",
        f"the state is locked by {holder.who}, but not under the ID {lock_id!r}",
        hint=f"if that run died, release its lock: tt-ops unlock {holder.id}",
    )


def lock_not_found(lock_id: str, said: str, *, log: Path) -> TtOpsError:
    """Make the error for an unlock that found nothing, or that Terraform could not do."""
    if any(words in said for words in _LOCK_GONE):
        return TtOpsError(
            "lock-not-found",
            f"there is no lock {lock_id!r}: the state is not locked",
            hint="nothing has to be unlocked; see what there is to do: tt-ops plan",
        )
    reason = " ".join(said.split()) or "it gave no reason"
    return TtOpsError(
        "terraform-failed",
        f"Terraform could not release the lock {lock_id!r}: {reason[:_REASON_LIMIT]}",
        hint=f"read all it said: less {shlex.quote(str(log))}",
    )


def _created(text: str) -> datetime | None:
    """Read Go's `2026-01-31 16:49:56.609165317 +0000 UTC`, to the second."""
    try:
        return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _find(diagnostics: list[Diagnostic], words: str) -> Diagnostic | None:
    return next((d for d in diagnostics if words in f"{d.summary}\n{d.detail}"), None)


def _locked(lock: LockInfo) -> TtOpsError:
    since = f" since {lock.created:%Y-%m-%d %H:%M:%S} UTC" if lock.created else ""
    doing = f" for its {lock.operation}" if lock.operation not in ("", "invalid") else ""
    return TtOpsError(
        "state-locked",
        f"the Terraform state is locked by {lock.who or 'somebody'}{since}{doing}",
        hint=f"wait until that run is over; if it died, release its lock: tt-ops unlock {lock.id}",
    )


def _no_bucket(failure: Failure, diagnostic: Diagnostic) -> TtOpsError:
    name = re.search(r'S3 bucket "([^"]+)" does not exist', str(diagnostic))
    return TtOpsError(
        "state-bucket-missing",
        f"the state bucket{f' {name[1]!r}' if name else ''} does not exist",
        hint="make it: tt-ops bootstrap",
    )


def _no_table(failure: Failure, diagnostic: Diagnostic) -> TtOpsError:
    name = re.search(r'DynamoDB table "([^"]+)"', str(diagnostic))
    return TtOpsError(
        "lock-table-missing",
        f"the state's lock table{f' {name[1]!r}' if name else ''} does not exist",
        hint="make it: tt-ops bootstrap",
    )


def _stale(failure: Failure, _diagnostic: Diagnostic) -> TtOpsError:
    return TtOpsError(
        "plan-stale",
        "the state has changed since this plan was made: nothing was applied",
        hint=f"plan again: tt-ops {failure.command}",
    )


_KNOWN: tuple[tuple[str, Callable[[Failure, Diagnostic], TtOpsError]], ...] = (
    ("Saved plan is stale", _stale),
    ("The referenced S3 bucket must have been previously created", _no_bucket),
    ("Unable to retrieve item from DynamoDB table", _no_table),
)
