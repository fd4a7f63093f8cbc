"""Alarms and their history as text."""

from __future__ import annotations

import re

from tasktracker_ops.models.alarm import (
    Alarm,
    AlarmEvent,
    AlarmReport,
    Mute,
    MuteResult,
    UnmuteResult,
)

from .results import problem_text, text
from .screen import Screen
from .text import ago, escape_control_characters, left, pairs, state, table, wrap

_COMPARISON_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}
# What CloudWatch writes around the sentence.
_AFFIXES = re.compile(r"^Threshold Crossed: | \(minimum \d+ datapoints? for [^)]*\)|\.$")
_CROSSED = re.compile(
    r"(\d+) out of the last (\d+) datapoints? \[(.*)\] (w\w+ .*) the threshold \((.*)\)"
)
_MISSING_DATA = re.compile(r" were received| and \d+ missing datapoints? w\w+ treated as \[\w+\]")
_TIMES = re.compile(r" \(\d\d/\d\d/\d\d \d\d:\d\d:\d\d\)")


@text.register
def _(result: AlarmReport, screen: Screen) -> str:
    parts = [_alarm(alarm, screen) for alarm in result.alarms] or ["There are no alarms."]
    if result.history is not None:
        parts.append(_history(result.history, screen))
    parts += [problem_text(problem, screen) for problem in result.problems]
    return "\n\n".join(parts)


def _alarm(alarm: Alarm, screen: Screen) -> str:
    rows = {
        "reason": clean_reason(alarm.reason),
        "condition": _condition(alarm),
        "actions": _actions(alarm),
    }
    status = state(alarm.state, f"since {alarm.since} ({ago(alarm.since)})")
    if alarm.muted_by is None:
        rows["muted"] = "unknown: mute rules cannot be read from here"
    elif alarm.muted_by:
        rows["muted"] = "\n".join(map(_mute, alarm.muted_by))
    return f"{escape_control_characters(alarm.name)}  {status}\n{pairs(rows, screen.columns)}"


def _mute(mute: Mute) -> str:
    until = f"until {mute.until} (for {left(mute.until)})" if mute.until else "recurring"
    who = f"by {mute.who}" if mute.who else f"by {mute.rule!r}"
    return f"{until}, {who}{f': {mute.reason}' if mute.reason else ''}"


@text.register
def _(result: MuteResult, screen: Screen) -> str:
    names = escape_control_characters(" and ".join(result.alarms))
    verb = "notify" if len(result.alarms) > 1 else "notifies"
    return (
        f"{names} {verb} nobody until {result.until}, for {left(result.until)}.\n"
        f"Unmute before that:\n  {screen.command('alarms unmute')}"
    )


@text.register
def _(result: UnmuteResult, screen: Screen) -> str:
    lines = [f"{name} is unmuted." for name in result.alarms]
    lines += [f"{name} was not muted." for name in result.not_muted]
    lines += [f"{name} is in ALARM: CloudWatch notifies of it now." for name in result.firing]
    problems = [problem_text(each, screen) for each in result.problems]
    return "\n".join([*map(escape_control_characters, lines), *problems])


def _condition(alarm: Alarm) -> str:
    comparison = _COMPARISON_SIGNS.get(alarm.comparison, alarm.comparison)
    threshold = "its band" if alarm.threshold is None else f"{alarm.threshold:g}"
    watched = " ".join(filter(None, [alarm.metric, alarm.statistic, comparison, threshold]))
    periods = f"{alarm.datapoints_to_alarm} of {alarm.evaluation_periods} periods"
    length = "" if alarm.period is None else f" of {alarm.period} s"
    return f"{watched}, {periods}{length}, missing data {alarm.missing_data}"


def _actions(alarm: Alarm) -> str:
    text = f"ALARM → {_names(alarm.alarm_actions)}; OK → {_names(alarm.ok_actions)}"
    if alarm.insufficient_data_actions:
        text += f"; INSUFFICIENT_DATA → {_names(alarm.insufficient_data_actions)}"
    return text if alarm.actions_enabled else f"disabled ({text})"


def _names(arns: tuple[str, ...]) -> str:
    """Return the last part of each ARN, which is its name."""
    return ", ".join(arn.rpartition(":")[2] for arn in arns) or "none"


def _history(history: tuple[AlarmEvent, ...], screen: Screen) -> str:
    if not history:
        return "The history is empty."
    names = max(len(event.alarm) for event in history)
    width = None if screen.columns is None else max(screen.columns - names - 24, 20)
    rows = [(e.at[:19] + "Z", e.alarm, wrap(_event_text(e), width)) for e in history]
    return table(("time", "alarm", "event"), rows)


def _event_text(event: AlarmEvent) -> str:
    if event.new_state is not None:
        return f"{event.old_state} → {event.new_state}: {clean_reason(event.reason or '')}"
    if event.action is not None:
        outcome = "notified" if event.succeeded else "FAILED to notify"
        return f"{outcome} {_names((event.action,))}"
    return event.summary


def clean_reason(reason: str) -> str:
    """Return CloudWatch's reason without the parts that only programs need."""
    return _TIMES.sub("", _AFFIXES.sub("", reason.strip()))


def short_reason(reason: str) -> str:
    """Return the reason in a few words."""
    sentence = clean_reason(reason)
    if match := _CROSSED.match(sentence):
        number, of, values, verdict, threshold = match.groups()
        return f"{values if of == '1' else f'{number} of {of} datapoints'} {verdict} {threshold}"
    return _MISSING_DATA.sub("", sentence)
