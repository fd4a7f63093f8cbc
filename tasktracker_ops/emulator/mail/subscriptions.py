"""E-mail subscriptions in moto's topics: pending until the owner of the address confirms."""

from __future__ import annotations

import secrets
from typing import Any

from moto.sns.exceptions import SNSInvalidParameter, TopicNotFound

from tasktracker_ops.emulator import backends


def is_pending(subscription: Any) -> bool:
    """Return whether the owner of the address has yet to confirm."""
    return not subscription.confirmed


def is_pending_arn(subscription_arn: str) -> bool:
    """Return whether a subscription exists and is pending."""
    subscription = _find(subscription_arn)
    return subscription is not None and is_pending(subscription)


def confirm(topic_arn: str, token: str) -> Any:
    """Confirm the subscription with that token, a confirmed one too, and return it.

    Raises moto's TopicNotFound, and SNSInvalidParameter for a token of no subscription.
    """
    region = topic_arn.split(":")[3] if topic_arn.count(":") == 5 else ""
    backend = backends.by_region("sns").get(region)
    if backend is None or topic_arn not in backend.topics:
        raise TopicNotFound
    subscriptions: list[Any] = list(backend.subscriptions.values())
    for subscription in subscriptions:
        if subscription.topic_arn == topic_arn and secrets.compare_digest(
            subscription.token.encode(), token.encode()
        ):
            subscription.confirmed = True
            subscription.attributes["PendingConfirmation"] = False
            return subscription
    raise SNSInvalidParameter("Invalid parameter: Token")


def unsubscribe(subscription_arn: str) -> Any:
    """End a subscription as the link in its mails does; return it, None when there is none."""
    subscription = _find(subscription_arn)
    if subscription is not None:
        subscription.topic.sns_backend.unsubscribe(subscription_arn)
    return subscription


def _find(subscription_arn: str) -> Any:
    for backend in list(backends.by_region("sns").values()):
        if subscription_arn in backend.subscriptions:
            return backend.subscriptions[subscription_arn]
    return None
