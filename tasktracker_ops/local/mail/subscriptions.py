"""E-mail subscriptions as SNS has them, added to moto's: pending until their owner confirms.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from moto.backends import get_backend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter, TopicNotFound
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse

from tasktracker_ops.local.credentials import ACCOUNT_ID
from tasktracker_ops.local.mail import letters
from tasktracker_ops.local.mail.mailbox import Letter, Mailbox

_log = logging.getLogger(__name__)
PROTOCOLS = ("email", "email-json")
# As browsers take it (https://html.spec.whatwg.org/multipage/input.html#email-state-(type=email)),
# letters of any script included: nothing that would mean more in a message's header, such as an
# encoded word.
_ADDRESS = re.compile(r"(?!.*=\?)[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)*")

# moto's own, however often ours are put around them.
_subscribe = SNSBackend.subscribe
_unsubscribe = SNSBackend.unsubscribe
_publish = Subscription.publish
_publish_to_all = Topic.publish
_answer_subscribe = SNSResponse.subscribe
_answer_attributes = SNSResponse.get_topic_attributes


def is_pending(subscription: Any) -> bool:
    """Tell whether the owner of the endpoint has yet to confirm."""
    return subscription.protocol in PROTOCOLS and not subscription.confirmed


def awaits_confirmation(subscription_arn: str) -> bool:
    """Tell whether a subscription is there and pending."""
    subscription = _find(subscription_arn)
    return subscription is not None and is_pending(subscription)


def confirm(topic_arn: str, token: str) -> Any:
    """Confirm the subscription of that token, again if need be, and return it.

    Raises moto's TopicNotFound, and SNSInvalidParameter for a token that is none of the topic's.
    """
    region = topic_arn.split(":")[3] if topic_arn.count(":") == 5 else ""
    backend = get_backend("sns")[ACCOUNT_ID].get(region)
    if backend is None or topic_arn not in backend.topics:
        raise TopicNotFound
    for subscription in list(backend.subscriptions.values()):
        if subscription.topic_arn == topic_arn and _is_its_token(subscription, token):
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


def install(mailbox: Mailbox, url: str) -> None:
    """Have moto's topics ask for confirmation and notify by mail; `url` is where the links lead."""
    post = _Post(mailbox, url)
    SNSBackend.subscribe = _asking(post)  # type: ignore[method-assign]
    SNSBackend.unsubscribe = _end  # type: ignore[method-assign]
    Subscription.publish = _delivering(post)  # type: ignore[method-assign]
    Topic.publish = _forgetting  # type: ignore[assignment, method-assign]
    for action, answer in _ANSWERS.items():
        setattr(SNSResponse, action, answer)


class _Post:
    """Writes the letters of subscriptions."""

    def __init__(self, mailbox: Mailbox, url: str) -> None:
        self._mailbox = mailbox
        self._url = url

    def ask(self, subscription: Any) -> None:
        topic_arn = subscription.topic_arn
        token = {"TopicArn": topic_arn, "Token": subscription.token}
        url = f"{self._url}/_tt-ops/confirm?{urlencode(token)}"
        text = letters.confirmation(topic_arn, url)
        if subscription.protocol == "email-json":
            request = {
                "Type": "SubscriptionConfirmation",
                "MessageId": str(uuid.uuid4()),
                **token,
                "Message": f"You have chosen to subscribe to the topic {topic_arn}.\n"
                "To confirm the subscription, visit the SubscribeURL included in this message.",
                "SubscribeURL": url,
                "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            }
            text = json.dumps(request, indent=2)
        self._send(subscription, letters.CONFIRMATION_SUBJECT, text, confirm_url=url)

    def deliver(
        self,
        subscription: Any,
        text: str,
        message_id: str,
        *,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        message_structure: str | None = None,
        **_: Any,
    ) -> None:
        matcher = subscription._filter_policy_matcher
        if is_pending(subscription):
            return
        if matcher is not None and not matcher.matches(message_attributes, text):
            return
        if message_structure == "json":
            text = subscription._parse_message_structure(text, subscription.protocol)
        leave = {"SubscriptionArn": subscription.arn, "Endpoint": subscription.endpoint}
        url = f"{self._url}/_tt-ops/unsubscribe?{urlencode(leave, quote_via=quote, safe=':@')}"
        if subscription.protocol == "email-json":
            data = subscription.get_post_data(text, message_id, subject)
            text = json.dumps({**data, "UnsubscribeURL": url}, indent=2)
        else:
            text = letters.notification(text, url)
        self._send(subscription, subject or letters.DEFAULT_SUBJECT, text)

    def _send(
        self, subscription: Any, subject: str, text: str, confirm_url: str | None = None
    ) -> None:
        named = {"sender_name": name} if (name := subscription.topic.display_name) else {}
        self._mailbox.post(
            Letter(
                recipient=subscription.endpoint,
                subject=subject,
                text=text,
                confirm_url=confirm_url,
                subscription_arn=subscription.arn,
                **named,
            )
        )


def _asking(post: _Post) -> Callable[..., Subscription]:
    def subscribe(
        backend: SNSBackend, topic_arn: str, endpoint: str, protocol: str
    ) -> Subscription:
        if protocol not in PROTOCOLS:
            return _subscribe(backend, topic_arn, endpoint, protocol)
        if not _ADDRESS.fullmatch(endpoint):
            raise SNSInvalidParameter("Invalid parameter: Email address")
        subscription: Any = _subscribe(backend, topic_arn, endpoint, protocol)
        # moto returns the one there is for the same endpoint; SNS then asks once more.
        if not subscription.confirmed:
            if not hasattr(subscription, "token"):
                subscription.token = secrets.token_hex(64)
            subscription.attributes["PendingConfirmation"] = True
            subscription.attributes["ConfirmationWasAuthenticated"] = False
            post.ask(subscription)
        return subscription  # type: ignore[no-any-return]

    return subscribe


def _end(self: SNSBackend, subscription_arn: str) -> None:
    subscription = self.subscriptions.get(subscription_arn)
    if subscription is None:
        return
    if is_pending(subscription):
        raise SNSInvalidParameter(
            "Invalid parameter: SubscriptionArn Reason: "
            "Cannot unsubscribe a subscription that is pending confirmation"
        )
    _unsubscribe(self, subscription_arn)
    subscription.topic.subscriptions_deleted += 1


def _delivering(post: _Post) -> Callable[..., None]:
    def publish(subscription: Any, message: str, message_id: str, **options: Any) -> None:
        deliver = _publish if subscription.protocol not in PROTOCOLS else post.deliver
        try:
            deliver(subscription, message, message_id, **options)
        except ServiceException:
            raise
        except Exception:
            # SNS has taken the message by then: one endpoint that fails spoils it for no other.
            _log.exception(
                "no delivery by %s from %s", subscription.protocol, subscription.topic_arn
            )

    return publish


def _forgetting(topic: Topic, *positional: Any, **named: Any) -> str:
    message_id = _publish_to_all(topic, *positional, **named)
    # moto keeps every message for its users' tests.
    topic.sent_notifications.clear()
    return message_id


def _tell_pending(request: SNSResponse) -> ActionResult:
    answer = _answer_subscribe(request)
    arn = answer.result["SubscriptionArn"]  # type: ignore[index]
    if awaits_confirmation(arn) and not request._get_bool_param("ReturnSubscriptionArn"):
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return answer


def _confirm_subscription(request: SNSResponse) -> ActionResult:
    subscription = confirm(request._get_param("TopicArn"), request._get_param("Token"))
    return ActionResult({"SubscriptionArn": subscription.arn})


def _list_subscriptions(request: SNSResponse) -> ActionResult:
    found, token = request.backend.list_subscriptions(next_token=request._get_param("NextToken"))
    return ActionResult({"Subscriptions": _listed(found), "NextToken": token})


def _list_subscriptions_by_topic(request: SNSResponse) -> ActionResult:
    found, token = request.backend.list_subscriptions_by_topic(
        request._get_param("TopicArn"), next_token=request._get_param("NextToken")
    )
    return ActionResult({"Subscriptions": _listed(found), "NextToken": token})


def _count_subscriptions(request: SNSResponse) -> ActionResult:
    topic: Topic = request.backend.get_topic(request._get_param("TopicArn"))
    subscriptions = request.backend._get_topic_subscriptions(topic)
    topic.subscriptions_pending = sum(map(is_pending, subscriptions))
    topic.subscriptions_confimed = len(subscriptions) - topic.subscriptions_pending
    return _answer_attributes(request)


_ANSWERS = {
    "subscribe": _tell_pending,
    "confirm_subscription": _confirm_subscription,
    "list_subscriptions": _list_subscriptions,
    "list_subscriptions_by_topic": _list_subscriptions_by_topic,
    "get_topic_attributes": _count_subscriptions,
}


def _listed(subscriptions: Iterable[Any]) -> list[dict[str, str]]:
    return [
        {
            "SubscriptionArn": "PendingConfirmation" if is_pending(each) else each.arn,
            "Owner": each.owner,
            "Protocol": each.protocol,
            "Endpoint": each.endpoint,
            "TopicArn": each.topic_arn,
        }
        for each in subscriptions
    ]


def _is_its_token(subscription: Any, token: str) -> bool:
    ours = getattr(subscription, "token", None)
    return ours is not None and secrets.compare_digest(ours.encode(), token.encode())


def _find(subscription_arn: str) -> Any:
    for backend in list(get_backend("sns")[ACCOUNT_ID].values()):
        if subscription_arn in backend.subscriptions:
            return backend.subscriptions[subscription_arn]
    return None
