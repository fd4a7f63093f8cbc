"""A snapshot of the service as one screen, laid out by rich."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import click
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.rule import Rule
from rich.text import Text

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.dashboard import MetricReport
from tasktracker_ops.models.emulator import Inbox
from tasktracker_ops.models.overview import Snapshot
from tasktracker_ops.models.status import Status

from .dashboard import number, sparkline
from .results import text
from .screen import Screen
from .status import alarm_states, api_line, release_lines
from .text import ago, escape_control_characters, state

_KEYS = {"d": "drill", "o": "open", "r": "rollback", "l": "errors only", "q": "quit"}
_HIGH = 30  # lines from which on there is room for more
_WIDE = 110  # columns from which on two sections stand side by side
_GAP = 2
_MOST_PROBLEMS = 2
_READING = "reading …"
_SIGN = click.style("!", fg="yellow", bold=True)


def frame(snapshot: Snapshot, screen: Screen, width: int, height: int) -> RenderableType:
    """Return the screen; the log takes the lines that the other sections leave."""
    half = (width - _GAP) // 2 if width >= _WIDE else width
    mails = 2 if height < _HIGH else 4
    head = _head(snapshot, screen, width)
    metrics = _section("Metrics", _metrics(snapshot.metrics, half))
    alarms = _section("Alarms", _alarms(snapshot.status, half))
    if snapshot.inbox is not None:
        alarms += _section(f"Inbox ({len(snapshot.inbox.mails)})", _mails(snapshot.inbox, mails))
    if width >= _WIDE:
        between = max(len(metrics), len(alarms))
        sides = Layout(size=between)
        sides.split_row(
            Layout(Group(*metrics), size=half), Layout(" ", size=_GAP), Layout(Group(*alarms))
        )
        middle_layouts = [sides]
    else:
        between = len(metrics) + len(alarms)
        middle_layouts = [Layout(Group(*metrics, *alarms), size=between)]
    rows = max(height - len(head) - between - 2, 0)
    title = "Log, errors only" if snapshot.errors_only else "Log"
    log = _section(title, _log(snapshot, screen, rows))
    layout = Layout()
    layout.split_column(
        Layout(Group(*head), size=len(head)),
        *middle_layouts,
        Layout(Group(*log)),
        Layout(_footer(errors_only=snapshot.errors_only), size=1),
    )
    return layout


def _section(title: str, lines: Sequence[Text]) -> list[RenderableType]:
    return [Rule(Text(title), align="left", style="dim"), *lines]


def _line(ansi: str) -> Text:
    """Return a line of our own colours, cut to the width that it gets."""
    line = Text.from_ansi(ansi)
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _head(snapshot: Snapshot, screen: Screen, width: int) -> list[Text]:
    status = snapshot.status
    target, _, _ = snapshot.target.partition(" (")
    where = Text(f"Task Tracker, {snapshot.environment}, on {target}", style="bold")
    if status is None or snapshot.status_at is None:
        health = Text(_READING)
    else:
        word = "healthy" if status.healthy else "unhealthy"
        health = Text.from_ansi(state(word))
        health.rstrip()
        health.append(f", {ago(snapshot.status_at)}")
    where.truncate(max(width - health.cell_len - _GAP, 0), overflow="ellipsis", pad=True)
    lines = [Text.assemble(where, " " * _GAP, health, no_wrap=True)]
    if status is not None:
        url = escape_control_characters(status.api.url)
        lines.append(_line(f"API      {api_line(status.api)}, {url}"))
        lines += [_line(f"release  {each}") for each in release_lines(status.releases)]
    problems = [*snapshot.problems, *(status.problems if status else ())]
    return [*lines, *_problems(problems, screen)]


def _problems(problems: Sequence[Problem], screen: Screen) -> Iterator[Text]:
    for problem in problems[:_MOST_PROBLEMS]:
        message, hint = map(escape_control_characters, (problem.message, screen.hint(problem.hint)))
        yield _line(f"{_SIGN} {message}; {hint}")
    if len(problems) > _MOST_PROBLEMS:
        yield _line(f"{_SIGN} {len(problems) - _MOST_PROBLEMS} more: {screen.command('status')}")


def _metrics(report: MetricReport | None, width: int) -> list[Text]:
    if report is None:
        return [_line(_READING)]
    lines = []
    if (headline := report.headline) is not None:
        rate = None if headline.error_rate is None else 100 * headline.error_rate
        lines.append(
            _line(
                f"{number(headline.requests)} requests, {number(rate)} % errors, "
                f"{number(headline.p50)}/{number(headline.p95)}/{number(headline.p99)} ms "
                f"p50/p95/p99, {number(headline.throttles)} throttles"
            )
        )
    metrics = [each for widget in report.widgets for each in widget.metrics]
    names = max((len(each.label) for each in metrics), default=0)
    lasts = max((len(number(each.last)) for each in metrics), default=0)
    for each in metrics:
        marks = sparkline(each, report, max(width - names - lasts - 2 * _GAP, 1))
        label = escape_control_characters(each.label)
        lines.append(_line(f"{label:<{names}}  {number(each.last):>{lasts}}  {marks}"))
    return lines


def _alarms(status: Status | None, width: int) -> list[Text]:
    if status is None:
        return [_line(_READING)]
    names = max(map(len, status.alarm_names), default=0)
    states = alarm_states(status, width - names - 13)
    return [_line(f"{name:<{names}}  {each}") for name, each in states.items()]


def _mails(inbox: Inbox, most: int) -> list[Text]:
    lines = [
        _line(f"{mail.sent_at[11:19]}  {escape_control_characters(mail.subject)}")
        for mail in inbox.mails[:most]
    ]
    return lines or [_line("No mail.")]


def _log(snapshot: Snapshot, screen: Screen, rows: int) -> list[Text]:
    """Return the last lines of the log, of errors alone with their tracebacks; times of the day."""
    lines: list[Text] = []
    for event in reversed(snapshot.events[-rows:]):
        shown = text(replace(event, at=event.at[11:19]), screen).splitlines()
        lines[:0] = map(_line, shown if snapshot.errors_only else shown[:1])
    return lines[-rows:] if rows else []


def _footer(*, errors_only: bool) -> Text:
    names = {**_KEYS, "l": "all of the log"} if errors_only else _KEYS
    words = (Text.assemble((key, "bold"), f" {name}") for key, name in names.items())
    return Text("   ", no_wrap=True, overflow="ellipsis").join(words)
