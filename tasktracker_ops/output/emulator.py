"""The text of `local inbox` and `local confirm`."""

from __future__ import annotations

from tasktracker_ops.models.emulator import ConfirmResult, Inbox, Mail

from .results import text
from .screen import Screen
from .text import escape_control_characters, pairs, shortened, table

_OTHER_COLUMNS = 61


@text.register
def _(result: Inbox, screen: Screen) -> str:
    parts = [_mails(result, screen)]
    if any(mail.confirm_url for mail in result.mails):
        parts.append("Not confirmed yet. Confirm: " + screen.command("local confirm"))
    return "\n\n".join(parts)


def _mails(result: Inbox, screen: Screen) -> str:
    if not result.mails:
        return "No mail."
    width = None if screen.columns is None else screen.columns - _OTHER_COLUMNS
    rows = [
        (mail.id, mail.sent_at, mail.to, shortened(mail.subject, width)) for mail in result.mails
    ]
    return table(("id", "sent", "to", "subject"), rows)


@text.register
def _(result: Mail, screen: Screen) -> str:
    headers = {
        "from": result.sender,
        "to": result.to,
        "sent": result.sent_at,
        "subject": result.subject,
    }
    return f"{pairs(headers)}\n\n{escape_control_characters(result.text, keep=chr(10)).rstrip()}"


@text.register
def _(result: ConfirmResult, screen: Screen) -> str:
    return "\n".join(
        escape_control_characters(f"Confirmed: {each.endpoint} receives messages of {each.topic}.")
        for each in result.confirmed
    )
