"""Who hears of an alarm, and why somebody does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem
from tasktracker_ops.observations import Alarm, Subscription

if TYPE_CHECKING:
    from tasktracker_ops.targets import Target


def topics(alarm: Alarm) -> tuple[str, ...]:
    """The topics that the alarm tells when it fires."""
    return tuple(action for action in alarm.alarm_actions if action.split(":")[2:3] == ["sns"])


def muted(alarm: Alarm) -> Problem | None:
    """Why this alarm tells nobody, whoever has subscribed; None when it tells its topic."""
    if not alarm.actions_enabled:
        why = "has its actions disabled"
    elif not topics(alarm):
        why = "has no topic among its actions"
    else:
        return None
    return Problem("alarm-muted", f"{alarm.name} {why}", hint="mend it: tt-ops deploy")


def unheard(
    target: Target, topic_arn: str, subscriptions: Iterable[Subscription]
) -> tuple[Problem, ...]:
    """What keeps addresses from hearing of the topic: each pending one, or that there is none."""
    listed = tuple(subscriptions)
    if not listed:
        missing = Problem(
            "subscription-missing",
            f"nobody has subscribed to {topic_arn}",
            hint="subscribe again: tt-ops deploy",
        )
        return (missing,)
    return tuple(
        Problem(
            "subscription-pending",
            f"{each.endpoint} has not confirmed, and hears nothing",
            hint=target.confirmation_hint(topic_arn, each.endpoint),
        )
        for each in listed
        if not each.confirmed
    )


def nobody_told(alarm: str, cause: Problem) -> Problem:
    """An alarm fired for nothing."""
    return Problem(
        "nobody-told", f"{alarm} fired and nobody was told: {cause.message}", hint=cause.hint
    )
