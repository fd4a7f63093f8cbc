"""Every error the user can meet: a stable code, a sentence, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

# In a hint, the command that was run; more options may follow.
SAME_COMMAND = "tt-ops …"
_LONGEST = 60  # characters


class ExitCode(IntEnum):
    """What the process tells its caller."""

    OK = 0
    FAILED = 1
    USAGE = 2
    ALARM = 3
    CONFIGURATION = 4
    INTERRUPTED = 130
    READER_GONE = 141  # as a shell shows a program that SIGPIPE has ended


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong in a file of the project; lines count from 1, None is the whole file."""

    message: str
    file: Path
    line: int | None = None


class TtOpsError(Exception):
    """A failure in the user's terms.

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
    """A setting or a credential is missing or wrong: nothing was started."""

    def __init__(
        self, code: str, message: str, *, hint: str, findings: Sequence[Finding] = ()
    ) -> None:
        super().__init__(
            code, message, hint=hint, exit_code=ExitCode.CONFIGURATION, findings=findings
        )


def quoted(value: str) -> str:
    """A value as messages quote it: of a long one, the first 60 characters."""
    return repr(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…")


def counted(number: int, thing: str) -> str:
    """How many there are of a thing whose plural ends with s: `1 line`, `5,000 lines`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be, in the terms of `TtOpsError`, and no reason to end."""

    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: TtOpsError) -> Problem:
        """The problem that an error tells of."""
        return cls(error.code, error.message, error.hint)
