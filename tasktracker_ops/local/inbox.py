"""The inbox of a running embedded AWS, read over HTTP."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models import LocalServer
from tasktracker_ops.observations import Confirmation, Confirmed, Inbox, Mail, MailRelay

_TIMEOUT_SECONDS = 10.0


def read(server: LocalServer) -> Inbox:
    """Return what is kept, the newest first."""
    content: dict[str, Any] = json.loads(_get(server, "/_tt-ops/inbox"))
    relay = content["relay"]
    return Inbox(
        tuple(Mail(**entry) for entry in content["mails"]),
        None if relay is None else MailRelay(**relay),
    )


def find(server: LocalServer, mail_id: int) -> Mail:
    """Return one message. Raises TtOpsError `mail-missing`."""
    for mail in read(server).mails:
        if mail.id == mail_id:
            return mail
    raise TtOpsError(
        "mail-missing",
        f"there is no message {mail_id} in the inbox",
        hint="see what has arrived: tt-ops local inbox",
    )


def confirm(server: LocalServer, address: str | None = None) -> Confirmed:
    """Follow the links in the mails that ask for it, the oldest first; of `address`, or of all.

    Raises TtOpsError `nothing-pending`.
    """
    # Whoever was asked twice has the same link twice.
    asked = {
        mail.confirm_url: mail
        for mail in reversed(read(server).mails)
        if mail.confirm_url and address in (None, mail.to)
    }
    if not asked:
        whose = "" if address is None else f" of {address!r}"
        raise TtOpsError(
            "nothing-pending",
            f"no subscription{whose} waits for its confirmation",
            hint="see what has arrived: tt-ops local inbox",
        )
    confirmed = []
    for url, mail in asked.items():
        link = urlsplit(url)
        _get(server, f"{link.path}?{link.query}")
        confirmed.append(Confirmation(mail.to, parse_qs(link.query)["TopicArn"][0]))
    return Confirmed(tuple(confirmed))


def _get(server: LocalServer, path: str) -> bytes:
    # http.client knows no proxies.
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise _failed(server, str(error)) from error
    finally:
        connection.close()
    if response.status != 200:
        raise _failed(server, f"it answered {response.status}")
    return content


def _failed(server: LocalServer, reason: str) -> TtOpsError:
    return TtOpsError(
        "inbox-unreadable",
        f"the inbox of the embedded AWS at {server.url!r} cannot be read: {reason}",
        hint="see whether it still runs: tt-ops local status",
    )
