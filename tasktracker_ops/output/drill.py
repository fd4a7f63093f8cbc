"""The text of the fire drills."""

from __future__ import annotations

from tasktracker_ops.errors import counted
from tasktracker_ops.models.drill import DrillRequest, DrillResult

from .results import summarised, text
from .screen import Screen
from .text import escape_control_characters


@text.register
@summarised("Fire drill")
def _(result: DrillResult, screen: Screen) -> str:
    steps = [(0.0, _requests(result.requests))]
    steps += [(each.after_seconds, each.state) for each in result.transitions]
    steps += [
        (each.after_seconds, f"told {', '.join(each.endpoints)} of {each.state}")
        for each in result.notifications
    ]
    # Stable: an alarm is in a state before it tells so.
    steps.sort(key=lambda step: step[0])
    lines = [f"{after:8.1f} s  {escape_control_characters(what)}" for after, what in steps]
    return "\n".join([_outcome(result, screen), "", *lines])


def _outcome(drill: DrillResult, screen: Screen) -> str:
    alarm = escape_control_characters(drill.alarm)
    if not drill.complete:
        return "The drill did not go as it should."
    if drill.alarm is None:
        return f"No alarm watches for this. See which there are:\n  {screen.command('alarms')}"
    if drill.waited:
        return f"The drill is complete: {alarm} fired, somebody was told, and it is OK again."
    return f"{alarm} will fire within minutes. Follow it:\n  {screen.command('status --watch 5s')}"


def _requests(shots: tuple[DrillRequest, ...]) -> str:
    expected = sum(shot.expected for shot in shots)
    longest = max((shot.latency_ms or 0.0 for shot in shots), default=0.0)
    number = counted(len(shots), "request")
    return f"{number}, {expected} answered as expected, in up to {longest:,.0f} ms"
