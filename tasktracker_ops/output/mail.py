"""The text of `local inbox` and `local confirm`."""

from __future__ import annotations

from datetime import datetime

from tasktracker_ops.observations import Confirmed, Inbox, Mail

from .results import text
from .screen import Screen
from .text import pairs, shortened, table, visible

_OTHER_COLUMNS = 56


@text.register
def _(result: Inbox, screen: Screen) -> str:
    if not result.mails:
        return "No mail."
    width = None if screen.columns is None else screen.columns - _OTHER_COLUMNS
    rows = [
        (mail.id, _when(mail.sent_at), mail.to, shortened(mail.subject, width))
        for mail in result.mails
    ]
    shown = table(("id", "sent", "to", "subject"), rows)
    if any(mail.confirm_url for mail in result.mails):
        shown += "\n\nNot confirmed yet. Confirm: " + screen.command("local confirm")
    return shown


@text.register
def _(result: Mail, screen: Screen) -> str:
    headers = {
        "from": result.sender,
        "to": result.to,
        "sent": _when(result.sent_at),
        "subject": result.subject,
    }
    return f"{pairs(headers)}\n\n{visible(result.text, keep=chr(10)).rstrip()}"


@text.register
def _(result: Confirmed, screen: Screen) -> str:
    return "\n".join(
        f"Confirmed: {visible(each.endpoint)} now hears from {visible(each.topic)}."
        for each in result.confirmed
    )


def _when(sent_at: str) -> str:
    """The time where the user is, to the second."""
    return f"{datetime.fromisoformat(sent_at).astimezone():%Y-%m-%d %H:%M:%S}"
