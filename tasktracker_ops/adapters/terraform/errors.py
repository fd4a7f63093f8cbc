"""The result of a Terraform command, and its failures as errors for the user."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasktracker_ops.adapters.host.disk import disk_full, full_disk_in
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.lock import TerraformLock

from .events import Diagnostic, Transcript

_REASON_LIMIT = 400  # characters
_LOCK_FIELD = re.compile(r"^\s*(ID|Operation|Who|Created):[ \t]*(.*?)\s*$", re.MULTILINE)
# What Terraform prints when a lock vanished from DynamoDB, and from S3.
_LOCK_GONE = ("unexpected end of JSON input", "NoSuchKey")
# What go-plugin, which starts the providers, says of one that did not come up.
_START_FAILURES = (
    "Failed to read any lines from plugin's stdout",
    "timeout while waiting for plugin to start",
)
# Summaries that follow the cause and do not name it.
_FOLLOW_UPS = (
    "execution halted",
    "operation canceled",
    "Terraform encountered problems during initiali",
)
# What Terraform prints where a part of the backend is missing: text, code, name, and its pattern.
_MISSING = (
    (
        "The referenced S3 bucket must have been previously created",
        "state-bucket-missing",
        "state bucket",
        r'S3 bucket "([^"]+)" does not exist',
    ),
    (
        "Unable to retrieve item from DynamoDB table",
        "lock-table-missing",
        "state's lock table",
        r'DynamoDB table "([^"]+)"',
    ),
)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A Terraform command that has ended.

    `operation` is Terraform's command (plan), `command` the one of tt-ops (deploy); `log` is the
    file with all of Terraform's output. With `has_unsaved_state`, the state is in a file that the
    next command saves.
    """

    operation: str
    transcript: Transcript
    returncode: int
    log: Path
    command: str
    started: datetime
    stdout: str = ""
    stderr: str = ""
    has_unsaved_state: bool = False

    @property
    def has_failed(self) -> bool:
        """Return whether it failed; 2 is the exit code of a plan with changes."""
        return self.returncode != 0 and (self.operation, self.returncode) != ("plan", 2)

    def interruption(self) -> TtOpsError:
        """Return the error for an interrupted command: what was done, and the state of the lock."""
        unreleased = _find(self.transcript.errors, "releasing the state lock")
        lock = _lock(unreleased)
        if self.operation not in ("plan", "apply"):
            rest = ""
        elif self.returncode < 0:
            rest = "; the state may still be locked"
        else:
            rest = f"; the state {'is still locked' if unreleased else 'lock is released'}"
        hint = f"run it again: tt-ops {self.command}"
        if self.has_unsaved_state:
            rest += "; the state could not be saved and is in a file"
            hint = f"run it again, which saves the state first: tt-ops {self.command}"
        elif lock:
            hint = f"release the lock: tt-ops unlock {lock.id}"
        return TtOpsError(
            "interrupted",
            f"interrupted during {self.operation}: {self._progress()}{rest}",
            hint=hint,
            exit_code=ExitCode.INTERRUPTED,
        )

    def error(self) -> TtOpsError:
        """Return the error that Terraform's diagnostics and exit code amount to."""
        if full := self._full_disk():
            unsaved = ", and its state could not be saved" if self.has_unsaved_state else ""
            return disk_full(
                full, f"Terraform's {self.operation} failed: {self._progress()}{unsaved}"
            )
        if self.has_unsaved_state:
            return TtOpsError(
                "state-not-saved",
                f"Terraform could not save its state, which is in a file now ({self._progress()}): "
                f"{self.reason()}",
                hint=f"run it again, which saves the state first: tt-ops {self.command}",
            )
        if lock := _lock(_find(self.transcript.errors, "acquiring the state lock")):
            return TtOpsError(
                "state-locked",
                lock.sentence,
                hint="wait until that run ends; if it is dead, release its lock: "
                f"tt-ops unlock {lock.id}",
            )
        if unreleased := self._unreleased_lock():
            return TtOpsError(
                "lock-not-released",
                f"Terraform finished its {self.operation} ({self._progress()}), "
                "but could not release its lock",
                hint=f"release it: tt-ops unlock {unreleased.id}",
            )
        if self.returncode < 0:
            return TtOpsError(
                "terraform-killed",
                f"Terraform was killed by {signal.Signals(-self.returncode).name} during "
                f"{self.operation}: {self._progress()}; the next deploy finds what it made and "
                "releases its lock",
                hint=f"run it again: tt-ops {self.command}",
            )
        return self._known_cause() or TtOpsError(
            "terraform-failed",
            f"Terraform's {self.operation} failed: {self.reason()}",
            hint=f"read {str(self.log)!r}, fix the cause, then run it again: tt-ops {self.command}",
            findings=tuple(dict.fromkeys(f for e in self.transcript.errors for f in e.findings)),
        )

    def _known_cause(self) -> TtOpsError | None:
        errors = self.transcript.errors
        if _find(errors, "Saved plan is stale"):
            return TtOpsError(
                "plan-stale",
                "the state has changed since the plan was made; nothing was applied",
                hint=f"plan again: tt-ops {self.command}",
            )
        if cause := _find(errors, "already exist"):
            return TtOpsError(
                "already-exists",
                f"{cause.address!r} exists already: its creation got no answer, or another run "
                f"made it meanwhile ({cause.sentence})",
                hint=f"run it again, which adopts what is ours: tt-ops {self.command}",
            )
        for text, code, what, pattern in _MISSING:
            if cause := _find(errors, text):
                name = re.search(pattern, str(cause))
                return TtOpsError(
                    code,
                    f"the {what}{f' {name[1]!r}' if name else ''} does not exist",
                    hint="create it: tt-ops bootstrap",
                )
        return None

    def _unreleased_lock(self) -> TerraformLock | None:
        """Return the lock if nothing failed except its release."""
        errors = self.transcript.errors
        return _lock(_find(errors, "releasing the state lock")) if len(errors) == 1 else None

    def _full_disk(self) -> Path | None:
        """Return the path that could not be written, if the disk is full."""
        texts = [f"{each.summary} {each.detail}" for each in self.transcript.errors]
        return full_disk_in("\n".join([*texts, self.stderr]), default=self.log.parent)

    def _progress(self) -> str:
        if self.transcript.total == 0 or self.operation != "apply":
            return "nothing was changed"
        return f"{self.transcript.done} of {self.transcript.total} resources were done"

    def reason(self) -> str:
        """Return the first error that Terraform printed, in one line."""
        errors = dict.fromkeys(self.transcript.errors)  # init repeats some
        causes = [e for e in errors if not e.summary.startswith(_FOLLOW_UPS)]
        if not causes:
            words = " ".join(self.stderr.replace("│", " ").split())
            printed = words.removeprefix("Error: ")[:_REASON_LIMIT]
            return printed or f"exit code {self.returncode}, without an error message"
        more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
        return f"{causes[0].sentence.rstrip('.')}{more}"


def is_transient_lock_failure(result: CommandResult, *, who: str) -> bool:
    """Return whether a lock failed only because two runs met, so that a retry may succeed.

    Either the lock was released before Terraform could read its holder (`unexpected end of JSON
    input` from DynamoDB, `NoSuchKey` from S3), or S3 answered 412 for the lock that this run itself
    (`who`) had just created.
    """
    error = _find(result.transcript.errors, "acquiring the state lock")
    if error is None or result.transcript.has_started:
        return False
    lock = _lock(error)
    if lock is None:
        return any(text in error.detail for text in _LOCK_GONE)
    created = _created(lock)
    started = result.started.replace(microsecond=0)
    is_ours = lock.who == who and created is not None and created >= started
    return is_ours and "StatusCode: 412" in error.detail


def is_provider_start_failure(transcript: Transcript) -> bool:
    """Return whether a provider's process ended before it could answer, as on a busy machine.

    Terraform starts the providers before it reads or changes anything, so a retry is safe.
    """
    return not transcript.has_started and any(
        _find(transcript.errors, text) for text in _START_FAILURES
    )


def needs_init(transcript: Transcript) -> bool:
    """Return whether Terraform asked for `terraform init`."""
    return _find(transcript.errors, "terraform init") is not None


def _find(diagnostics: list[Diagnostic], text: str) -> Diagnostic | None:
    return next((d for d in diagnostics if text in f"{d.summary}\n{d.detail}"), None)


def _lock(diagnostic: Diagnostic | None) -> TerraformLock | None:
    """Return the lock in the "Lock Info" block of a diagnostic; None when it has none."""
    fields = dict(_LOCK_FIELD.findall(diagnostic.detail)) if diagnostic else {}
    if not fields.get("ID"):
        return None
    return TerraformLock(
        held=True,
        id=fields["ID"],
        who=fields.get("Who"),
        operation=fields.get("Operation", "").removeprefix("OperationType").lower(),
        since=fields.get("Created"),
    )


def _created(lock: TerraformLock) -> datetime | None:
    """Read a Go time (`2026-01-31 16:49:56.609165317 +0000 UTC`), to the second."""
    try:
        return datetime.strptime((lock.since or "")[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
