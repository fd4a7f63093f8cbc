"""The inbox: mail that SNS would send, kept in memory."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
_KEPT = 1000


@dataclass(frozen=True)
class Letter:
    """A message to send; a request for confirmation has the link and the subscription's ARN."""

    recipient: str
    subject: str
    text: str
    confirm_url: str | None = None
    subscription_arn: str = ""


@dataclass(frozen=True)
class Mail:
    """A letter that was sent."""

    id: int
    sent_at: datetime
    letter: Letter


class Mailbox:
    """The newest messages to any address; safe to use from many threads."""

    def __init__(self, *, kept: int = _KEPT) -> None:
        self._posting = threading.Lock()
        self._mails: deque[Mail] = deque(maxlen=kept)
        self._sent = 0

    def post(self, letter: Letter) -> None:
        """Send a letter."""
        with self._posting:
            self._sent += 1
            self._mails.append(Mail(self._sent, datetime.now(UTC), letter))

    def mails(self) -> list[Mail]:
        """Return the messages, the newest first."""
        with self._posting:
            return list(self._mails)[::-1]
