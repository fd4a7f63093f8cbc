"""Errors for the user: a stable code, a sentence, and a command to type."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from tasktracker_ops.frozen import dataclass

if TYPE_CHECKING:
    from pathlib import Path

# In a hint, stands for the command that was run; more options may follow.
SAME_COMMAND = "tt-ops …"
_LONGEST = 60  # characters


class ExitCode(IntEnum):
    """The exit codes of `tt-ops`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    ALARM = 3
    CONFIGURATION = 4
    INTERRUPTED = 130
    READER_GONE = 141  # as shells report a program ended by SIGPIPE


@dataclass(frozen=True, slots=True)
class Finding:
    """An error in a file of the project; `line` counts from 1, None is the whole file."""

    message: str
    file: Path
    line: int | None = None


class TtOpsError(Exception):
    """A failure that the user can understand and act on.

    `code` is kebab-case and never changes once released; `message` names the thing and quotes the
    value; `hint` ends with a command to type. `findings` say where in the project's files it is.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str,
        exit_code: int = ExitCode.FAILED,
        findings: Sequence[Finding] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.findings = tuple(findings)


class ConfigurationError(TtOpsError):
    """A missing or invalid setting or credential; nothing was started."""

    def __init__(
        self, code: str, message: str, *, hint: str, findings: Sequence[Finding] = ()
    ) -> None:
        super().__init__(
            code, message, hint=hint, exit_code=ExitCode.CONFIGURATION, findings=findings
        )


def quoted(value: str) -> str:
    """Return a value as messages quote it: at most 60 characters of it."""
    return repr(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…")


def counted(number: int, thing: str) -> str:
    """Return a number and a noun whose plural ends with s: `1 line`, `5,000 lines`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that a result reports, with the fields of `TtOpsError`."""

    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: TtOpsError) -> Problem:
        """Return the problem that an error describes."""
        return cls(error.code, error.message, error.hint)

    def as_error(self) -> TtOpsError:
        """Return the error that a command ends with which cannot go on."""
        return TtOpsError(self.code, self.message, hint=self.hint)
