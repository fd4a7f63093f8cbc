"""Whom an alarm notifies, and why it notifies nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.status import Subscription

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.targets import Target

# Returns the subscriptions of a topic, None where they cannot be read.
SubscriptionsOf = Callable[[str], tuple[Subscription, ...] | None]
_HISTORY_HINT = "see its history: tt-ops alarms --history"
# How long an action may take to appear in the history after the transition that it belongs to.
_ACTION_DELAY = timedelta(seconds=30)


def missing_alarms(names: Iterable[str], alarms: Iterable[Alarm]) -> tuple[Problem, ...]:
    """Return a problem for each of the names that none of the alarms has."""
    existing = {alarm.name for alarm in alarms}
    return tuple(
        Problem(
            "alarm-missing",
            f"the alarm {name!r} does not exist",
            hint="create it again: tt-ops deploy",
        )
        for name in names
        if name not in existing
    )


def topics(alarm: Alarm) -> tuple[str, ...]:
    """Return the topics that the alarm notifies when it fires."""
    return tuple(filter(_is_topic, alarm.alarm_actions))


def _is_topic(action: str) -> bool:
    return action.split(":")[2:3] == ["sns"]


def actions_disabled(alarm: Alarm) -> Problem | None:
    """Return why this alarm notifies no topic; None when it does."""
    if not alarm.actions_enabled:
        why = "has its actions disabled"
    elif not topics(alarm):
        why = "has no topic among its actions"
    else:
        return None
    return Problem("actions-disabled", f"{alarm.name} {why}", hint="fix it: tt-ops deploy")


def muted(target: Target, alarm: Alarm) -> Problem | None:
    """Return that a mute rule keeps this alarm from notifying anybody now; None when none does."""
    if not alarm.muted_by:
        return None
    mute = alarm.muted_by[0]
    until = f" until {alarm.muted_until}" if alarm.muted_until else ""
    by = f" by {mute.who}" if mute.who else f" by the mute rule {mute.rule!r}"
    why = f" ({mute.reason})" if mute.reason else ""
    delete = ("cloudwatch", "delete-alarm-mute-rule", "--alarm-mute-rule-name", mute.rule)
    end = f"tt-ops alarms unmute {alarm.name}" if mute.who else target.aws_command(*delete)
    return Problem(
        "alarm-muted",
        f"{alarm.name} is muted{until}{by}{why}: it notifies nobody",
        hint=f"unless that is intended, unmute it: {end}",
    )


def pending_subscriptions(
    target: Target,
    topic_arn: str,
    subscriptions: Iterable[Subscription],
    *,
    temporary: bool = False,
) -> tuple[Problem, ...]:
    """Return a problem for each pending subscription, or one if there is no subscription at all.

    The deploy of a temporary environment makes none.
    """
    listed = tuple(subscriptions)
    if not (listed or temporary):
        no_subscription = Problem(
            "subscription-missing",
            f"{topic_arn} has no subscription",
            hint="subscribe the alert address again: tt-ops deploy",
        )
        return (no_subscription,)
    return tuple(
        Problem(
            "subscription-pending",
            f"{each.endpoint} is pending confirmation and receives no alarms yet",
            hint=target.confirmation_hint(topic_arn),
        )
        for each in listed
        if not each.confirmed
    )


def undelivered_reason(app: App, alarm: Alarm, subscriptions_of: SubscriptionsOf) -> Problem | None:
    """Return why nobody was notified of an alarm that is in ALARM; None when somebody was.

    The history shows what its actions did; where it cannot be read or does not reach back, what
    the actions would do now stands in for it.
    """
    since = datetime.fromisoformat(alarm.since)
    try:
        events = app.alarms.history(alarm.name, since=since)
    except TtOpsError:
        events = ()
    actions = [each for each in events if each.at >= alarm.since and _is_topic(each.action or "")]
    notified = [each.action for each in actions if each.action and each.succeeded]
    if notified:
        return _no_confirmed_subscription(app.target, notified, subscriptions_of)
    if actions:
        return action_failed(actions[0])
    cause = actions_disabled(alarm) or muted(app.target, alarm)
    recorded = any(each.new_state == "ALARM" for each in events)
    if recorded and datetime.now(UTC) - since > _ACTION_DELAY:
        message = f"{alarm.name} notified no topic when it fired"
        return cause or Problem("actions-disabled", message, hint=_HISTORY_HINT)
    return cause or _no_confirmed_subscription(app.target, topics(alarm), subscriptions_of)


def _no_confirmed_subscription(
    target: Target, topic_arns: Sequence[str], subscriptions_of: SubscriptionsOf
) -> Problem | None:
    """Return why none of the topics reaches anybody; None when one does, or may."""
    subscriptions = {topic: subscriptions_of(topic) for topic in topic_arns}
    if any(each is None or any(s.confirmed for s in each) for each in subscriptions.values()):
        return None
    return next(
        pending_subscriptions(target, topic, each or ())[0] for topic, each in subscriptions.items()
    )


def action_failed(event: AlarmEvent) -> Problem:
    """Return the problem that an alarm could not notify its topic."""
    return Problem("action-failed", event.summary.rstrip("."), hint=_HISTORY_HINT)


def nobody_notified(alarm: str, cause: Problem) -> Problem:
    """Return the problem that an alarm fired and reached nobody."""
    message = f"{alarm} fired and nobody was notified: {cause.message}"
    return Problem("nobody-notified", message, hint=cause.hint)
