"""Who hears of an alarm, and why somebody does not."""

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

Subscribed = Callable[[str], tuple[Subscription, ...] | None]
_HISTORY_HINT = "see its history: tt-ops alarms --history"
# How long an action may take to appear in the history after the transition that it belongs to.
_ACTION_DELAY = timedelta(seconds=30)


def missing_alarms(names: Iterable[str], alarms: Iterable[Alarm]) -> tuple[Problem, ...]:
    """The alarms of these names that are not among those found: nothing can fire them."""
    there = {alarm.name for alarm in alarms}
    return tuple(
        Problem("alarm-missing", f"the alarm {name!r} is gone", hint="put it back: tt-ops deploy")
        for name in names
        if name not in there
    )


def topics(alarm: Alarm) -> tuple[str, ...]:
    """The topics that the alarm tells when it fires."""
    return tuple(filter(_is_topic, alarm.alarm_actions))


def _is_topic(action: str) -> bool:
    return action.split(":")[2:3] == ["sns"]


def actions_disabled(alarm: Alarm) -> Problem | None:
    """Why this alarm tells nobody, whoever has subscribed; None when it tells its topic."""
    if not alarm.actions_enabled:
        why = "has its actions disabled"
    elif not topics(alarm):
        why = "has no topic among its actions"
    else:
        return None
    return Problem("alarm-muted", f"{alarm.name} {why}", hint="mend it: tt-ops deploy")


def pending_subscriptions(
    target: Target, topic_arn: str, subscriptions: Iterable[Subscription]
) -> tuple[Problem, ...]:
    """What keeps addresses from hearing of the topic: each pending one, or that there is none."""
    listed = tuple(subscriptions)
    if not listed:
        missing_alarms = Problem(
            "subscription-missing",
            f"nobody has subscribed to {topic_arn}",
            hint="subscribe again: tt-ops deploy",
        )
        return (missing_alarms,)
    return tuple(
        Problem(
            "subscription-pending",
            f"{each.endpoint} has not confirmed, and hears nothing",
            hint=target.confirmation_hint(topic_arn),
        )
        for each in listed
        if not each.confirmed
    )


def undelivered_reason(app: App, alarm: Alarm, subscribed: Subscribed) -> Problem | None:
    """Why nobody heard of an alarm that is in ALARM; None when somebody did.

    Its history says what it did; where that cannot be read or does not reach back, what it would
    do now has to stand for it. `subscribed` gives the subscriptions of a topic, None for unknown.
    """
    since = datetime.fromisoformat(alarm.since)
    try:
        events = app.alarms.history(alarm.name, since=since)
    except TtOpsError:
        events = ()
    acted = [each for each in events if each.at >= alarm.since and _is_topic(each.action or "")]
    told = [each.action for each in acted if each.action and each.succeeded]
    if told:
        return _unheard_anywhere(app.target, told, subscribed)
    if acted:
        return action_failed(acted[0])
    recorded = any(each.new_state == "ALARM" for each in events)
    if recorded and datetime.now(UTC) - since > _ACTION_DELAY:
        message = f"{alarm.name} told no topic when it fired"
        return actions_disabled(alarm) or Problem("alarm-muted", message, hint=_HISTORY_HINT)
    return actions_disabled(alarm) or _unheard_anywhere(app.target, topics(alarm), subscribed)


def _unheard_anywhere(
    target: Target, topic_arns: Sequence[str], subscribed: Subscribed
) -> Problem | None:
    """Why none of the topics reaches anybody; None when one does, or may."""
    found = {topic: subscribed(topic) for topic in topic_arns}
    if any(each is None or any(s.confirmed for s in each) for each in found.values()):
        return None
    return next(
        pending_subscriptions(target, topic, each or ())[0] for topic, each in found.items()
    )


def action_failed(event: AlarmEvent) -> Problem:
    """An alarm could not tell its topic."""
    return Problem("action-failed", event.summary.rstrip("."), hint=_HISTORY_HINT)


def undelivered(alarm: str, cause: Problem) -> Problem:
    """An alarm fired for nothing."""
    return Problem(
        "nobody-told", f"{alarm} fired and nobody was told: {cause.message}", hint=cause.hint
    )
