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
    """Delivers to `address` (HOST:PORT), one message after the other; a failure is only logged."""

    def __init__(self, address: str) -> None:
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
        while (message := self._waiting.get()) is not None:
            try:
                with smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS) as server:
                    server.send_message(message)
            except (OSError, smtplib.SMTPException, ValueError) as error:
                _log.warning("%s:%d takes no mail: %s", self._host, self._port, error)
