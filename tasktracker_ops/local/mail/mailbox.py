"""The inbox of the embedded AWS: what SNS would send by e-mail, kept in memory."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from tasktracker_ops.local.mail.relay import Relay

SENDER = "no-reply@sns.amazonaws.com"
_KEPT = 1000


@dataclass(frozen=True)
class Letter:
    """What is to be sent. `confirm_url` and `subscription_arn` tell what a confirmation is for."""

    recipient: str
    subject: str
    text: str
    sender_name: str = "AWS Notifications"
    confirm_url: str | None = None
    subscription_arn: str = ""


@dataclass(frozen=True)
class Mail:
    """A letter as it was sent; `content` is the message of RFC 5322."""

    id: int
    sent_at: datetime
    sender: str
    letter: Letter
    content: bytes = field(repr=False)


class Mailbox:
    """The newest messages, whoever they are for; safe to use from many threads.

    A `relay` is handed every message besides.
    """

    def __init__(self, relay: Relay | None = None, *, kept: int = _KEPT) -> None:
        self.relay = relay
        self._posting = threading.Lock()
        self._mails: deque[Mail] = deque(maxlen=kept)
        self._sent = 0

    def post(self, letter: Letter) -> Mail:
        """Send a letter."""
        sent_at = datetime.now(UTC)
        message = _message(letter, sent_at)
        with self._posting:
            self._sent += 1
            mail = Mail(
                id=self._sent,
                sent_at=sent_at,
                sender=str(message["From"]),
                letter=letter,
                content=message.as_bytes(),
            )
            self._mails.append(mail)
        if self.relay is not None:
            self.relay.deliver(message)
        return mail

    def close(self) -> None:
        """Hand nothing on any more."""
        if self.relay is not None:
            self.relay.close()

    def mails(self) -> list[Mail]:
        """Return what is kept, the newest first."""
        with self._posting:
            return list(self._mails)[::-1]

    def find(self, mail_id: int) -> Mail | None:
        """Return one message."""
        return next((mail for mail in self.mails() if mail.id == mail_id), None)


def _message(letter: Letter, sent_at: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=_line(letter.sender_name), addr_spec=SENDER)
    message["To"] = letter.recipient
    message["Subject"] = _line(letter.subject)
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = make_msgid(domain="sns.amazonaws.com")
    message.set_content(letter.text)
    return message


def _line(text: str) -> str:
    # A line break would begin another header. So would one in an encoded word of RFC 2047, which
    # EmailMessage decodes.
    return " ".join(text.split()).replace("=?", "= ?")
