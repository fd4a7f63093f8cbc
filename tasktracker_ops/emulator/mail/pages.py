"""The inbox over HTTP: the list of messages, and the pages behind their links."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment
from werkzeug.wrappers import Response

from tasktracker_ops.emulator import backends

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
    subscription = _find(letter.subscription_arn)
    is_pending = subscription is not None and not subscription.confirmed
    return {
        "id": mail.id,
        "sent_at": mail.sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sender": SENDER,
        "to": letter.recipient,
        "subject": letter.subject,
        "text": letter.text,
        "confirm_url": letter.confirm_url if is_pending else None,
    }


def _confirm(query: Mapping[str, str]) -> Response:
    """Confirm the subscription with the link's token, also where it is confirmed already."""
    topic_arn, token = query.get("TopicArn", ""), query.get("Token", "")
    for backend in list(backends.by_region("sns").values()):
        for each in list(backend.subscriptions.values()):
            is_right = secrets.compare_digest(each.token.encode(), token.encode())
            if is_right and each.topic_arn == topic_arn:
                each.confirmed = True
                each.attributes["PendingConfirmation"] = False
                text = f"You have subscribed {each.endpoint} to the topic {each.topic.name}."
                return _page(200, "Subscription confirmed!", text, each.arn)
    return _page(400, "Subscription not confirmed", "There is no subscription with this token.")


def _unsubscribe(query: Mapping[str, str]) -> Response:
    arn = query.get("SubscriptionArn", "")
    subscription = _find(arn)
    if subscription is None:
        return _page(404, "Subscription not removed", "There is no such subscription.")
    subscription.topic.sns_backend.unsubscribe(arn)
    text = f"{subscription.endpoint} no longer receives mail from {subscription.topic.name}."
    return _page(200, "Subscription removed!", text)


def _find(subscription_arn: str) -> Any:
    """Return moto's subscription; None without one."""
    for backend in list(backends.by_region("sns").values()):
        if subscription_arn in backend.subscriptions:
            return backend.subscriptions[subscription_arn]
    return None


def _page(status: int, title: str, text: str, arn: str = "") -> Response:
    content = _PAGE.render(title=title, text=text, arn=arn)
    return Response(content, status, content_type="text/html; charset=utf-8")
