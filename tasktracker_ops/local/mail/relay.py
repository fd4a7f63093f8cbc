"""Hands the messages on to an SMTP server of the user's, in the background."""

from __future__ import annotations

import logging
import queue
import smtplib
import threading
from email.message import EmailMessage
from urllib.parse import urlsplit

_log = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 10


class Relay:
    """Delivers to `address` (HOST:PORT), one message after the other, each tried once.

    `failure` says why the last try came to nothing; None when it did not.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.failure: str | None = None
        parts = urlsplit(f"//{address}")
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._waiting: queue.SimpleQueue[EmailMessage | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)
        self._thread.start()

    def deliver(self, message: EmailMessage) -> None:
        """Deliver a message soon."""
        self._waiting.put(message)

    def close(self) -> None:
        """Take no more; what waits is given a moment."""
        self._waiting.put(None)
        self._thread.join(timeout=1)

    def _run(self) -> None:
        # Whether there is a server is known before there is mail for it.
        self._try(None)
        while (message := self._waiting.get()) is not None:
            self._try(message)

    def _try(self, message: EmailMessage | None) -> None:
        try:
            with smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS) as server:
                if message is not None:
                    server.send_message(message)
            self.failure = None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self.failure = str(error)
            # Its own words may quote addresses, and are in the inbox.
            _log.warning("%s takes no mail: %s", self.address, type(error).__name__)
