"""The text of `status` and `alarms`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import click

from tasktracker_ops.models.alarm import Alarm, AlarmEvent, Alarms
from tasktracker_ops.models.status import ApiHealth, Lock, Status, Subscription

from .results import problem_text, text
from .screen import Screen
from .text import Styled, escape_control_characters, pairs, shortened, table, wrapped

_COLORS = {
    **dict.fromkeys(("OK", "Active", "confirmed", "free"), "green"),
    **dict.fromkeys(("ALARM", "DOWN", "Failed", "gone"), "red"),
}
COMPARISON_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}
# What CloudWatch puts around the sentence, and when each datapoint was.
_AROUND = re.compile(r"^Threshold Crossed: | \(minimum \d+ datapoints? for [^)]*\)|\.$")
_CROSSED = re.compile(
    r"(\d+) out of the last (\d+) datapoints? \[(.*)\] (w\w+ .*) the threshold \((.*)\)"
)
_TREATED = re.compile(r" were received| and \d+ missing datapoints? w\w+ treated as \[\w+\]")
_TIMES = re.compile(r" \(\d\d/\d\d/\d\d \d\d:\d\d:\d\d\)")


@text.register
def _(result: Status, screen: Screen) -> str:
    # What is left beside the names and the states.
    names = ["subscriptions", *map(escape_control_characters, result.alarm_names)]
    width = None if screen.columns is None else screen.columns - max(map(len, names)) - 13
    rows = {
        "API": _api(result.api),
        "function": _function(result),
        **_alarm_states(result, width),
        "subscriptions": _subscriptions(result.subscriptions),
        "state lock": _lock(result.lock),
    }
    problems = [problem_text(problem, screen) for problem in result.problems]
    title = f"Task Tracker at {escape_control_characters(result.api.url)}"
    return "\n".join([title, "", pairs(rows), "", *(problems or ["All is well."])])


def _alarm_states(result: Status, width: int | None) -> dict[str, Styled]:
    absent = _state("gone") if result.alarms is not None else _unknown("the alarms")
    rows = dict.fromkeys(map(escape_control_characters, result.alarm_names), absent)
    return rows | {
        escape_control_characters(each.name): _alarm_state(each, width)
        for each in result.alarms or ()
    }


def _alarm_state(alarm: Alarm, width: int | None) -> Styled:
    since = ago(alarm.since)
    reason = shortened(_gist(alarm.reason), width and width - len(since) - 2)
    return _state(alarm.state, f"{since}: {reason}" if reason else since)


def _api(api: ApiHealth) -> str:
    word = "OK" if api.healthy else "DOWN"
    took = "" if api.latency_ms is None else f" in {api.latency_ms:,.0f} ms"
    answer = "no answer" if api.status is None else f"{api.status}{took}"
    access = (
        "public: anyone with the URL can call it"
        if api.public
        else f"callers identify themselves ({api.auth})"
    )
    return _lines([_state(word, answer), _state("", access)])


def _function(result: Status) -> str:
    function = result.function
    if function is None:
        gone = any(problem.code == "function-missing" for problem in result.problems)
        return _state("gone") if gone else _unknown("the function")
    what = f"version {function.version} ({function.alias}), {function.runtime}"
    return _state(function.state, f"{what}, changed {ago(function.changed_at)}")


def _subscriptions(subscriptions: tuple[Subscription, ...] | None) -> Styled:
    if subscriptions is None:
        return _unknown("the subscriptions")
    if not subscriptions:
        return _state("none", "nobody is told")
    return _lines(
        _state("confirmed" if each.confirmed else "PENDING", each.endpoint)
        for each in subscriptions
    )


def _lock(lock: Lock) -> str:
    if lock.held is None:
        return _unknown("the state's backend")
    if not lock.held:
        return _state("free")
    since = f" {ago(lock.since)}" if lock.since else ""
    who = f"by {lock.who or 'somebody'} ({lock.operation or 'unknown'}){since}, {lock.id or ''}"
    return _state("HELD", who.rstrip(", "))


def _unknown(what: str) -> Styled:
    return _state("unknown", f"{what} cannot be read from here")


def _state(word: str, rest: str = "") -> Styled:
    """A state in its colour, and what there is to say of it."""
    color = _COLORS.get(word, "yellow")
    shown = click.style(f"{escape_control_characters(word):<9}", fg=color, bold=word == "ALARM")
    return Styled(f"{shown}  {escape_control_characters(rest)}".rstrip())


def _lines(lines: Iterable[Styled]) -> Styled:
    return Styled("\n".join(lines))


def _reason(reason: str) -> str:
    """CloudWatch's sentence without what only a program needs."""
    return _TIMES.sub("", _AROUND.sub("", reason.strip()))


def _gist(reason: str) -> str:
    """The sentence once more shortened, to stand beside others."""
    sentence = _reason(reason)
    if found := _CROSSED.match(sentence):
        number, of, values, verdict, threshold = found.groups()
        return f"{values if of == '1' else f'{number} of {of} datapoints'} {verdict} {threshold}"
    return _TREATED.sub("", sentence)


def ago(at: str) -> str:
    """How long ago a time (RFC 3339) was, as people say it; what is no time is left as it is."""
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return at
    seconds = (datetime.now(UTC) - then).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (seconds >= length and unit == "min"):
            return f"{seconds // length:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"


@text.register
def _(result: Alarms, screen: Screen) -> str:
    parts = [_alarm(alarm) for alarm in result.alarms] or ["There are no alarms."]
    if result.history is not None:
        parts.append(_history(result.history, screen))
    parts += [problem_text(problem, screen) for problem in result.problems]
    return "\n\n".join(parts)


def _alarm(alarm: Alarm) -> str:
    rows = {
        "reason": _reason(alarm.reason),
        "condition": _condition(alarm),
        "actions": _actions(alarm),
    }
    state = _state(alarm.state, f"since {alarm.since} ({ago(alarm.since)})")
    return f"{escape_control_characters(alarm.name)}  {state}\n{pairs(rows)}"


def _condition(alarm: Alarm) -> str:
    comparison = COMPARISON_SIGNS.get(alarm.comparison, alarm.comparison)
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
    """The last part of each ARN, which is its name."""
    return ", ".join(arn.rpartition(":")[2] for arn in arns) or "none"


def _history(history: tuple[AlarmEvent, ...], screen: Screen) -> str:
    if not history:
        return "Nothing happened."
    names = max(len(event.alarm) for event in history)
    width = None if screen.columns is None else max(screen.columns - names - 24, 20)
    rows = [(e.at[:19] + "Z", e.alarm, wrapped(_happened(e), width)) for e in history]
    return table(("time", "alarm", "what"), rows)


def _happened(event: AlarmEvent) -> str:
    if event.new_state is not None:
        return f"{event.old_state} → {event.new_state}: {_reason(event.reason or '')}"
    if event.action is not None:
        done = "told" if event.succeeded else "FAILED to tell"
        return f"{done} {_names((event.action,))}"
    return event.summary
