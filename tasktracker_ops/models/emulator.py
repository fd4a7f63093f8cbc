"""The running emulator and its inbox."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """The running emulator; `started_at` is RFC 3339, UTC.

    `version` is that of its code, None where it is unknown; `same_version` says whether that is
    the code of this `tt-ops`.
    """

    url: str
    port: int
    pid: int
    started_at: str
    log_path: Path
    version: str | None
    same_version: bool

    @property
    def console_url(self) -> str:
        """Return the URL of its web page."""
        return f"{self.url}/_tt-ops/"


@dataclass(frozen=True, slots=True)
class StopResult:
    """The emulator that was stopped; None when none was running."""

    server: RunningEmulator | None


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
