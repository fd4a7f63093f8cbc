"""What alarms do when they change: they publish to topics that let them."""

from __future__ import annotations

from typing import Any

from moto.backends import get_backend
from moto.core.exceptions import ServiceException

from tasktracker_ops.local.cloudwatch.alarms import topic_policy
from tasktracker_ops.local.cloudwatch.alarms.message import Publication
from tasktracker_ops.local.credentials import ACCOUNT_ID


class ActionFailed(Exception):
    """The action did not happen, for the reason in its text."""


def of(alarm: Any) -> list[str]:
    """Return the ARNs of what is to be done in the state in which moto's alarm is now."""
    if not alarm.actions_enabled:
        return []
    actions = {
        "OK": alarm.ok_actions,
        "ALARM": alarm.alarm_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    return list(actions[alarm.state_value])


def execute(arn: str, alarm_arn: str, publication: Publication) -> None:
    """Do one action. Raises ActionFailed."""
    if not arn.startswith("arn:aws:sns:"):
        raise ActionFailed("only actions on topics are emulated")
    backend = get_backend("sns")[ACCOUNT_ID][arn.split(":")[3]]
    topic = backend.topics.get(arn)
    if topic is None:
        raise ActionFailed("Topic does not exist")
    if not topic_policy.allows(topic._policy_json, arn, alarm_arn):
        raise ActionFailed(
            "CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: "
            f"{arn} because no resource-based policy allows the SNS:Publish action"
        )
    try:
        backend.publish(
            publication.message, arn=arn, subject=publication.subject, message_structure="json"
        )
    except (ServiceException, ValueError) as error:
        raise ActionFailed(str(error)) from error
