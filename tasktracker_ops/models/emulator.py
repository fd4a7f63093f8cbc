"""The running emulator and its inbox."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """The running embedded AWS; `started_at` is RFC 3339, UTC.

    `version` is that of its code, None where it does not tell; `same_version` says whether that
    is the code of this `tt-ops` too.
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
        """Its page for people."""
        return f"{self.url}/_tt-ops/"


@dataclass(frozen=True, slots=True)
class StopResult:
    """The embedded AWS that was stopped; None when there was none."""

    server: RunningEmulator | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A message in the embedded AWS's inbox; `confirm_url` is there while it can be confirmed."""

    redacted: ClassVar = False  # addresses are what an inbox is about

    id: int
    sent_at: str
    sender: str
    to: str
    subject: str
    text: str
    confirm_url: str | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """The messages that are kept, the newest first."""

    redacted: ClassVar = False

    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A subscription that was pending; `topic` is an ARN."""

    endpoint: str
    topic: str


@dataclass(frozen=True, slots=True)
class ConfirmResult:
    """The subscriptions that were confirmed."""

    confirmed: tuple[Confirmation, ...]
