"""Fire drills as text."""

from __future__ import annotations

from tasktracker_ops.errors import counted
from tasktracker_ops.models.drill import DrillReport, DrillRequest, DrillResult

from .results import problem_text, summary_title, text
from .screen import Screen
from .text import ago, escape_control_characters


@text.register
@summary_title("Fire drill")
def _(result: DrillResult, screen: Screen) -> str:
    return "\n".join([_outcome(result, screen), "", *_steps(result)])


@text.register
@summary_title("Fire drill of all alarms")
def _(result: DrillReport, screen: Screen) -> str:
    if not result.drills:
        when = f"{ago(result.record.at)} by {result.record.who}"
        return f"All alarms were proven {escape_control_characters(when)}; nothing was fired."
    parts = [_heading(each) + "\n" + "\n".join(_steps(each)) for each in result.drills]
    parts += [problem_text(each, screen) for each in result.problems]
    parts.append("All alarms are proven." if result.complete else "The drill failed.")
    return "\n\n".join(parts)


def _heading(drill: DrillResult) -> str:
    outcome = "fired, notified, and is OK again" if drill.complete else "failed its drill"
    return f"{escape_control_characters(drill.alarm)} {outcome}"


def _steps(drill: DrillResult) -> list[str]:
    steps = [(0.0, _requests(drill.requests))]
    steps += [(each.after_seconds, each.state) for each in drill.transitions]
    steps += [
        (each.after_seconds, f"{each.state} sent to {', '.join(each.endpoints)}")
        for each in drill.notifications
    ]
    # Stable: an alarm changes its state before it notifies.
    steps.sort(key=lambda step: step[0])
    return [f"{after:8.1f} s  {escape_control_characters(what)}" for after, what in steps]


def _outcome(drill: DrillResult, screen: Screen) -> str:
    alarm = escape_control_characters(drill.alarm)
    if not drill.complete:
        return "The drill failed."
    if drill.alarm is None:
        return f"No alarm watches this metric. List the alarms:\n  {screen.command('alarms')}"
    if drill.waited:
        return f"The drill is complete: {alarm} fired, notified, and is OK again."
    return (
        f"{alarm} should fire within minutes. Follow it:\n  {screen.command('status --watch 5s')}"
    )


def _requests(requests: tuple[DrillRequest, ...]) -> str:
    expected = sum(each.expected for each in requests)
    longest = max((each.latency_ms or 0.0 for each in requests), default=0.0)
    number = counted(len(requests), "request")
    return f"{number}, {expected} answered as expected, in up to {longest:,.0f} ms"
