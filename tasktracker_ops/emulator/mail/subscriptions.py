"""E-mail subscriptions, added to moto's topics: pending until the owner of the address confirms.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from moto.backends import get_backend
from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter, TopicNotFound
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse

from tasktracker_ops.emulator.control_plane import NotEmulated
from tasktracker_ops.local.credentials import ACCOUNT_ID

from .mailbox import Letter, Mailbox

# As browsers take it (https://html.spec.whatwg.org/multipage/input.html#email-state-(type=email)),
# with letters of any script.
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)*")

_CONFIRMATION_SUBJECT = "AWS Notification - Subscription Confirmation"
_DEFAULT_SUBJECT = "AWS Notification Message"
# moto's own, however often ours are put around them.
_moto_subscribe = SNSBackend.subscribe
_moto_publish = Topic.publish
_moto_answer_subscribe = SNSResponse.subscribe


class Sender:
    """Sends the letters of subscriptions; `url` is the emulator's, where the links lead."""

    def __init__(self, mailbox: Mailbox, url: str) -> None:
        self._mailbox = mailbox
        self._url = url

    def request_confirmation(self, subscription: Any) -> None:
        """Send the letter with the link that confirms."""
        token = {"TopicArn": subscription.topic_arn, "Token": subscription.token}
        url = f"{self._url}/_tt-ops/confirm?{urlencode(token)}"
        text = _confirmation(subscription.topic_arn, url)
        self._send(subscription, _CONFIRMATION_SUBJECT, text, confirm_url=url)

    def notify(self, subscription: Any, message: str, subject: str | None) -> None:
        """Send a topic's message."""
        leave = {"SubscriptionArn": subscription.arn, "Endpoint": subscription.endpoint}
        url = f"{self._url}/_tt-ops/unsubscribe?{urlencode(leave, quote_via=quote, safe=':@')}"
        text = _notification(message, url)
        self._send(subscription, subject or _DEFAULT_SUBJECT, text)

    def _send(
        self, subscription: Any, subject: str, text: str, confirm_url: str | None = None
    ) -> None:
        self._mailbox.post(
            Letter(
                recipient=subscription.endpoint,
                subject=subject,
                text=text,
                confirm_url=confirm_url,
                subscription_arn=subscription.arn,
            )
        )


def is_pending(subscription: Any) -> bool:
    """Tell whether the owner of the address has yet to confirm."""
    return not subscription.confirmed


def awaits_confirmation(subscription_arn: str) -> bool:
    """Tell whether a subscription exists and is pending."""
    subscription = _find(subscription_arn)
    return subscription is not None and is_pending(subscription)


def confirm(topic_arn: str, token: str) -> Any:
    """Confirm the subscription with that token, a confirmed one too, and return it.

    Raises moto's TopicNotFound, and SNSInvalidParameter for a token of no subscription.
    """
    region = topic_arn.split(":")[3] if topic_arn.count(":") == 5 else ""
    backend = get_backend("sns")[ACCOUNT_ID].get(region)
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


def subscribe_through(sender: Sender) -> Callable[..., Subscription]:
    """Return Subscribe, which takes addresses only and asks their owners to confirm."""

    def subscribe(
        backend: SNSBackend, topic_arn: str, endpoint: str, protocol: str
    ) -> Subscription:
        if protocol != "email":
            reason = f"protocol {protocol!r}; the emulator calls nobody and has e-mail only"
            raise NotEmulated(service="sns", action="Subscribe", reason=reason)
        if not _ADDRESS.fullmatch(endpoint):
            raise SNSInvalidParameter("Invalid parameter: Email address")
        # moto returns the existing one for the same address; SNS then asks once more.
        subscription: Any = _moto_subscribe(backend, topic_arn, endpoint, protocol)
        if not subscription.confirmed:
            if not hasattr(subscription, "token"):
                subscription.token = secrets.token_hex(64)
            subscription.attributes["PendingConfirmation"] = True
            subscription.attributes["ConfirmationWasAuthenticated"] = False
            sender.request_confirmation(subscription)
        return subscription  # type: ignore[no-any-return]

    return subscribe


def publish_through(sender: Sender) -> Callable[..., None]:
    """Return what delivers a topic's message to one subscription."""

    def publish(
        subscription: Subscription,
        message: str,
        message_id: str,
        subject: str | None = None,
        **_: Any,
    ) -> None:
        if not is_pending(subscription):
            sender.notify(subscription, message, subject)

    return publish


def publish(topic: Topic, *positional: Any, **named: Any) -> str:
    """Do Publish without keeping the message, as moto does for its users' tests."""
    message_id = _moto_publish(topic, *positional, **named)
    topic.sent_notifications.clear()
    return message_id


def answer_subscribe(request: SNSResponse) -> ActionResult:
    """Answer Subscribe: the ARN of a pending subscription only where it is asked for."""
    answer = _moto_answer_subscribe(request)
    arn = answer.result["SubscriptionArn"]  # type: ignore[index]
    if awaits_confirmation(arn) and not request._get_bool_param("ReturnSubscriptionArn"):
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return answer


def answer_confirm_subscription(request: SNSResponse) -> ActionResult:
    """Answer ConfirmSubscription."""
    subscription = confirm(request._get_param("TopicArn"), request._get_param("Token"))
    return ActionResult({"SubscriptionArn": subscription.arn})


def answer_list_subscriptions_by_topic(request: SNSResponse) -> ActionResult:
    """Answer ListSubscriptionsByTopic; in place of a pending one's ARN is PendingConfirmation."""
    page, token = request.backend.list_subscriptions_by_topic(
        request._get_param("TopicArn"), next_token=request._get_param("NextToken")
    )
    subscriptions = [
        {
            "SubscriptionArn": "PendingConfirmation" if is_pending(each) else each.arn,
            "Owner": each.owner,
            "Protocol": each.protocol,
            "Endpoint": each.endpoint,
            "TopicArn": each.topic_arn,
        }
        for each in page
    ]
    return ActionResult({"Subscriptions": subscriptions, "NextToken": token})


def _find(subscription_arn: str) -> Any:
    for backend in list(get_backend("sns")[ACCOUNT_ID].values()):
        if subscription_arn in backend.subscriptions:
            return backend.subscriptions[subscription_arn]
    return None


def _confirmation(topic_arn: str, url: str) -> str:
    """Return what asks the owner of an address to confirm."""
    return f"""\
You have chosen to subscribe to the topic:
{topic_arn}

To confirm this subscription, click or visit the link below \
(If this was in error no action is necessary):
{url}

Please do not reply directly to this email. \
If you wish to remove yourself from receiving all future SNS subscription confirmation requests \
please send an email to sns-opt-out
"""


def _notification(text: str, url: str) -> str:
    """Return a topic's message with the footer that offers to unsubscribe."""
    return f"""\
{text}

--
If you wish to stop receiving notifications from this topic, \
please click or visit the link below to unsubscribe:
{url}

Please do not reply directly to this email. \
If you have any questions or comments regarding this email, \
please contact us at https://aws.amazon.com/support
"""
