"""The status page: one self-contained page about what the emulator holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import Environment

from tasktracker_ops.emulator import backends
from tasktracker_ops.emulator.gateway.call import PREFIX
from tasktracker_ops.emulator.mail.mailbox import Mailbox
from tasktracker_ops.emulator.mail.subscriptions import is_pending
from tasktracker_ops.local.state import ServerState

from .gateway import gateway

_LAST_LINES = 40
_LAST_MAILS = 20

_PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AWS emulator of tt-ops</title>
<style>
:root { color-scheme: light dark; --line: #8885; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: 0; }
h2 { font-size: 1rem; margin: 1.8rem 0 .3rem; }
p.note { border-left: 4px solid #d80; padding: .3rem .8rem; background: var(--soft); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
summary { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .8rem; }
.none { opacity: .65; }
</style>
</head>
<body>
<h1>AWS emulator of tt-ops</h1>
<p class="note"><strong>This is an emulation.</strong> Nothing here is in an AWS account, nothing
costs money, and unless it persists all of it is gone when this process (pid {{ state.pid }}) ends.
It listens on this machine only: <code>{{ state.url }}</code>, since
{{ state.started_at.strftime("%Y-%m-%d %H:%M:%S") }} UTC.</p>
{% for section in sections %}
<h2>{{ section.title }}</h2>
{% if section.rows %}
<table>
<tr>{% for name in section.columns %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in section.rows %}
<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}
</table>
{% else %}
<p class="none">none</p>
{% endif %}
{% endfor %}
<h2>Inbox</h2>
{% for mail in mails %}
<details>
<summary>{{ mail.sent_at.strftime("%H:%M:%S") }} UTC to {{ mail.letter.recipient }}:
{{ mail.letter.subject }}</summary>
<pre>{{ mail.letter.text }}</pre>
</details>
{% else %}
<p class="none">none</p>
{% endfor %}
<h2>Last log lines</h2>
{% if lines %}
<pre>{{ lines }}</pre>
{% else %}
<p class="none">none</p>
{% endif %}
</body>
</html>
""")

Row = tuple[object, ...]


def render(state: ServerState, mailbox: Mailbox) -> str:
    """Return the page as HTML; every value in it is escaped."""
    sections = [
        {"title": title, "columns": columns, "rows": sorted(rows, key=str)}
        for title, columns, rows in (
            ("HTTP APIs", ("Name", "Region", "Address", "Routes"), _apis(state)),
            ("Functions", ("Name", "Region", "Versions", "Aliases", "Runtime"), _functions()),
            ("Tables", ("Name", "Region", "Items"), _tables()),
            ("Topics", ("Topic", "Subscription", "Status"), _topics()),
            ("Alarms", ("Name", "Region", "State", "Reason"), _alarms()),
            ("Buckets", ("Name", "Objects"), _buckets()),
        )
    ]
    return _PAGE.render(
        state=state,
        sections=sections,
        mails=mailbox.mails()[:_LAST_MAILS],
        lines="".join(_last_lines()),
    )


def _apis(state: ServerState) -> Iterator[Row]:
    for region, api in gateway.apis():
        routes = ", ".join(sorted(route.route_key for route in list(api.routes.values())))
        yield api.name, region, f"{state.url}{PREFIX}{api.api_id}", routes


def _functions() -> Iterator[Row]:
    for region, backend in _regions("lambda"):
        for name in list(backend._lambdas._functions):
            versions = [str(each.version) for each in backend.list_versions_by_function(name)]
            aliases = [
                f"{each.name} → {each.function_version}" for each in backend.list_aliases(name)
            ]
            runtime = backend.get_function(name).run_time
            yield name, region, ", ".join(versions), ", ".join(aliases), runtime


def _tables() -> Iterator[Row]:
    for region, backend in _regions("dynamodb"):
        for table in list(backend.tables.values()):
            yield table.name, region, len(table)


def _topics() -> Iterator[Row]:
    for _, backend in _regions("sns"):
        subscribed: dict[str, list[Any]] = {arn: [] for arn in list(backend.topics)}
        for each in list(backend.subscriptions.values()):
            subscribed.setdefault(each.topic_arn, []).append(each)
        for arn, subscriptions in subscribed.items():
            if not subscriptions:
                yield arn, "none", ""
            for each in subscriptions:
                status = "pending confirmation" if is_pending(each) else "confirmed"
                yield arn, f"{each.protocol}: {each.endpoint}", status


def _alarms() -> Iterator[Row]:
    for region, backend in _regions("cloudwatch"):
        for alarm in list(backend.alarms.values()):
            yield alarm.name, region, alarm.state_value, alarm.state_reason


def _buckets() -> Iterator[Row]:
    for _, backend in _regions("s3"):
        for bucket in list(backend.buckets.values()):
            yield bucket.name, len(bucket.keys)


def _last_lines() -> list[str]:
    events = [
        (event.timestamp, event.event_id, group.name, event.message.rstrip("\n"))
        for _, backend in _regions("logs")
        for group in list(backend.groups.values())
        for stream in list(group.streams.values())
        for event in stream.events[-_LAST_LINES:]
    ]
    return [f"{group}  {text}\n" for _, _, group, text in sorted(events)[-_LAST_LINES:]]


def _regions(service: Any) -> Iterator[tuple[str, Any]]:
    yield from list(backends.by_region(service).items())
