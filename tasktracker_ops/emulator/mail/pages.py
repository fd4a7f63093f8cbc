"""The inbox over HTTP: the list of messages, and the pages behind their links."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment
from moto.core.exceptions import ServiceException
from werkzeug.wrappers import Response

from . import subscriptions
from .mailbox import SENDER, Mail, Mailbox

CHANGING = ("/_tt-ops/confirm", "/_tt-ops/unsubscribe")
"""The paths of links that change something."""

_PAGE = Environment(autoescape=True).from_string("""\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ title }}</title></head>
<body>
<h1>{{ title }}</h1>
<p>{{ text }}</p>
{% if arn %}
<p>Your subscription's id is:<br><code>{{ arn }}</code></p>
{% endif %}
<p>This is an emulation of Amazon SNS.</p>
</body>
</html>
""")


def answer(mailbox: Mailbox, path: str, query: Mapping[str, str]) -> Response | None:
    """Answer a GET request for `path` below `/_tt-ops`; None when nothing is there."""
    if path == "/inbox":
        content = {"mails": [_entry(mail) for mail in mailbox.mails()]}
        return Response(json.dumps(content), content_type="application/json")
    if path == "/confirm":
        return _confirm(query)
    if path == "/unsubscribe":
        return _unsubscribe(query)
    return None


def _entry(mail: Mail) -> dict[str, Any]:
    letter = mail.letter
    pending = letter.confirm_url and subscriptions.is_pending_arn(letter.subscription_arn)
    return {
        "id": mail.id,
        "sent_at": mail.sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sender": SENDER,
        "to": letter.recipient,
        "subject": letter.subject,
        "text": letter.text,
        "confirm_url": letter.confirm_url if pending else None,
    }


def _confirm(query: Mapping[str, str]) -> Response:
    try:
        subscription = subscriptions.confirm(query.get("TopicArn", ""), query.get("Token", ""))
    except ServiceException as error:
        return _page(400, "Subscription not confirmed", f"{error.message}.")
    return _page(
        200,
        "Subscription confirmed!",
        f"You have subscribed {subscription.endpoint} to the topic {subscription.topic.name}.",
        subscription.arn,
    )


def _unsubscribe(query: Mapping[str, str]) -> Response:
    subscription = subscriptions.unsubscribe(query.get("SubscriptionArn", ""))
    if subscription is None:
        return _page(404, "Subscription not removed", "There is no such subscription.")
    text = f"{subscription.endpoint} no longer receives mail from {subscription.topic.name}."
    return _page(200, "Subscription removed!", text)


def _page(status: int, title: str, text: str, arn: str = "") -> Response:
    content = _PAGE.render(title=title, text=text, arn=arn)
    return Response(content, status, content_type="text/html; charset=utf-8")
