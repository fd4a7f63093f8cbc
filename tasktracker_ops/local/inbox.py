"""The inbox of a running emulator, read over HTTP."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.emulator import (
    Confirmation,
    ConfirmResult,
    Inbox,
    InboxMessage,
    RunningEmulator,
)

from .process import http_get


def read(server: RunningEmulator) -> Inbox:
    """Return the messages, the newest first."""
    content: dict[str, Any] = json.loads(_get(server, "/_tt-ops/inbox"))
    return Inbox(tuple(InboxMessage(**entry) for entry in content["mails"]))


def find(server: RunningEmulator, mail_id: int) -> InboxMessage:
    """Return one message. Raises TtOpsError `mail-missing`."""
    for mail in read(server).mails:
        if mail.id == mail_id:
            return mail
    raise TtOpsError(
        "mail-missing",
        f"there is no message {mail_id} in the inbox",
        hint="list its messages: tt-ops local inbox",
    )


def confirm(server: RunningEmulator, topic: str, address: str | None = None) -> ConfirmResult:
    """Confirm the pending subscriptions to the topic of that name, by the links in their mails.

    They are those of `address`, or all. Raises TtOpsError `nothing-pending`.
    """
    # Two mails to the same address may have the same link.
    requests = {
        mail.confirm_url: Confirmation(mail.to, arn)
        for mail in reversed(read(server).mails)
        if mail.confirm_url
        and address in (None, mail.to)
        and (arn := _topic_arn(mail.confirm_url)).endswith(f":{topic}")
    }
    if not requests:
        whose = "" if address is None else f" of {address!r}"
        raise TtOpsError(
            "nothing-pending",
            f"no subscription{whose} to the topic {topic!r} is pending confirmation",
            hint="list its messages: tt-ops local inbox",
        )
    for url in requests:
        link = urlsplit(url)
        _get(server, f"{link.path}?{link.query}")
    return ConfirmResult(tuple(requests.values()))


def _topic_arn(confirm_url: str) -> str:
    return parse_qs(urlsplit(confirm_url).query)["TopicArn"][0]


def _get(server: RunningEmulator, path: str) -> bytes:
    try:
        status, content = http_get(server.port, path)
    except (OSError, HTTPException) as error:
        raise _failed(server, str(error)) from error
    if status != 200:
        raise _failed(server, f"it answered {status}")
    return content


def _failed(server: RunningEmulator, reason: str) -> TtOpsError:
    return TtOpsError(
        "inbox-unreadable",
        f"the inbox of the emulator at {server.url!r} cannot be read: {reason}",
        hint="see whether it is still running: tt-ops local status",
    )
