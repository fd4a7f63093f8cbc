"""The emulator and its inbox as text."""

from __future__ import annotations

from tasktracker_ops.models.emulator import (
    ConfirmResult,
    Inbox,
    InboxMessage,
    ResetResult,
    RunningEmulator,
    StopResult,
)

from .columns import Column, fit
from .results import text
from .screen import Screen
from .text import ago, escape_control_characters, pairs


@text.register
def _(result: Inbox, screen: Screen) -> str:
    parts = [_mails(result, screen)]
    if any(mail.confirm_url for mail in result.mails):
        parts.append(
            "A subscription is pending confirmation. Confirm it: " + screen.command("local confirm")
        )
    return "\n\n".join(parts)


def _mails(result: Inbox, screen: Screen) -> str:
    if not result.mails:
        return "No mail."
    mails = result.mails
    columns = [
        Column("id", [mail.id for mail in mails], weight=3),
        Column("sent", [mail.sent_at for mail in mails], weight=2),
        Column("to", [mail.to for mail in mails], weight=1),
        Column("subject", [mail.subject for mail in mails], weight=4, cuts=True),
    ]
    return fit(columns, screen.columns)


@text.register
def _(result: InboxMessage, screen: Screen) -> str:
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


@text.register
def _(result: RunningEmulator, screen: Screen) -> str:
    other = "" if result.same_version else ", not the version of this tt-ops"
    return pairs(
        {
            "state": "running (an AWS emulator, on this machine only)",
            "endpoint": result.url,
            "console": result.console_url,
            "process": str(result.pid),
            "since": result.started_at,
            "persists": _persists(result),
            "version": f"{result.version}{other}",
            "log": str(result.log_path),
        }
    )


@text.register
def _(result: StopResult, screen: Screen) -> str:
    if result.server is None:
        return "The emulator was not running."
    stopped = f"Stopped the emulator at {result.server.url}"
    if result.server.persistence is None:
        return f"{stopped}; its data was discarded{f': {result.lost}' if result.lost else ''}."
    return f"{stopped}; its data is kept.\nStart it again: {screen.command('local up')}"


@text.register
def _(result: ResetResult, screen: Screen) -> str:
    if result.server is None and not result.removed:
        return "The local target held nothing."
    return "The local target is empty: everything it held was deleted."


def _persists(server: RunningEmulator) -> str:
    """Return whether the emulator persists, and how old its snapshot is."""
    persistence = server.persistence
    if persistence is None:
        return "no: what it holds ends with it"
    if persistence.problem:
        return escape_control_characters(f"no: the last snapshot failed: {persistence.problem}")
    left_out = "".join(f", without {each}" for each in persistence.left_out)
    if persistence.saved_at is None:
        return "yes" if persistence.is_current else "yes: its first snapshot is being written"
    newer = "" if persistence.is_current else ", and a newer one is being written"
    snapshot = f"its snapshot was taken {ago(persistence.saved_at)}{newer}"
    return escape_control_characters(f"yes: {snapshot}{left_out}")
