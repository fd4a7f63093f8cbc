"""The text of a status."""

from __future__ import annotations

from collections.abc import Iterable

from tasktracker_ops.models.alarm import Alarm
from tasktracker_ops.models.status import ApiHealth, Lock, Status, Subscription

from .alarm import short_reason
from .results import problem_text, summarised, text
from .screen import Screen
from .text import Styled, ago, escape_control_characters, pairs, shortened, state


@text.register
@summarised("Status")
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
    absent = state("gone") if result.alarms is not None else _unknown("the alarms")
    rows = dict.fromkeys(map(escape_control_characters, result.alarm_names), absent)
    return rows | {
        escape_control_characters(each.name): _alarm_state(each, width)
        for each in result.alarms or ()
    }


def _alarm_state(alarm: Alarm, width: int | None) -> Styled:
    since = ago(alarm.since)
    reason = shortened(short_reason(alarm.reason), width and width - len(since) - 2)
    return state(alarm.state, f"{since}: {reason}" if reason else since)


def _api(api: ApiHealth) -> str:
    word = "OK" if api.healthy else "DOWN"
    took = "" if api.latency_ms is None else f" in {api.latency_ms:,.0f} ms"
    answer = "no answer" if api.status is None else f"{api.status}{took}"
    access = (
        "public: anyone with the URL can call it"
        if api.public
        else f"callers identify themselves ({api.auth})"
    )
    return _lines([state(word, answer), state("", access)])


def _function(result: Status) -> str:
    function = result.function
    if function is None:
        gone = any(problem.code == "function-missing" for problem in result.problems)
        return state("gone") if gone else _unknown("the function")
    what = f"version {function.version} ({function.alias}), {function.runtime}"
    return state(function.state, f"{what}, changed {ago(function.changed_at)}")


def _subscriptions(subscriptions: tuple[Subscription, ...] | None) -> Styled:
    if subscriptions is None:
        return _unknown("the subscriptions")
    if not subscriptions:
        return state("none", "nobody is told")
    return _lines(
        state("confirmed" if each.confirmed else "PENDING", each.endpoint) for each in subscriptions
    )


def _lock(lock: Lock) -> str:
    if lock.held is None:
        return _unknown("the state's backend")
    if not lock.held:
        return state("free")
    since = f" {ago(lock.since)}" if lock.since else ""
    who = f"by {lock.who or 'somebody'} ({lock.operation or 'unknown'}){since}, {lock.id or ''}"
    return state("HELD", who.rstrip(", "))


def _unknown(what: str) -> Styled:
    return state("unknown", f"{what} cannot be read from here")


def _lines(lines: Iterable[Styled]) -> Styled:
    return Styled("\n".join(lines))
