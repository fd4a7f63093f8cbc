"""The running emulator and its inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class SetAside:
    """A snapshot that could not be restored, and was renamed: its path, and the reason."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Persistence:
    """The snapshot of an emulator that persists; `saved_at` is RFC 3339, UTC, None before one.

    It `is_current` when nothing has changed since. What is `left_out` are services that no snapshot
    can have; `problem` is why the last one failed.
    """

    saved_at: str | None
    is_current: bool
    left_out: tuple[str, ...] = ()
    problem: str | None = None
    set_aside: SetAside | None = None


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """The running emulator; `started_at` is RFC 3339, UTC.

    `version` is that of its code; `same_version` says whether that is the code of this `tt-ops`.
    `exists_since` is when what it holds began to exist: earlier than the process where a snapshot
    was restored. Without `persistence` all of it ends with the process.
    """

    url: str
    port: int
    pid: int
    started_at: str
    log_path: Path
    version: str
    same_version: bool
    exists_since: str = ""
    persistence: Persistence | None = None

    @property
    def console_url(self) -> str:
        """Return the URL of its web page."""
        return f"{self.url}/_tt-ops/"


@dataclass(frozen=True, slots=True)
class Contents:
    """How many things of each kind an emulator holds, by the name of the kind."""

    counts: Mapping[str, int]

    def __str__(self) -> str:
        """Return a list such as `2 tables, 14 items`; the empty text when it holds nothing."""
        return ", ".join(
            f"{number} {kind if number != 1 else kind.removesuffix('s')}"
            for kind, number in self.counts.items()
            if number
        )


@dataclass(frozen=True, slots=True)
class StopResult:
    """The emulator that was stopped, None when none was running; what it held if that is lost."""

    server: RunningEmulator | None
    lost: Contents | None = None


@dataclass(frozen=True, slots=True)
class ResetResult:
    """The emulator that was stopped, None when none was running; the snapshots removed."""

    server: RunningEmulator | None
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message in the emulator's inbox; `confirm_url` confirms the subscription it is about."""

    redacted: ClassVar = False  # an inbox shows addresses

    id: int
    sent_at: str
    sender: str
    to: str
    subject: str
    text: str
    confirm_url: str | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """The messages in the inbox, newest first."""

    redacted: ClassVar = False

    mails: tuple[InboxMessage, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A subscription that was confirmed; `topic` is an ARN."""

    endpoint: str
    topic: str


@dataclass(frozen=True, slots=True)
class ConfirmResult:
    """The subscriptions that were confirmed."""

    confirmed: tuple[Confirmation, ...]
