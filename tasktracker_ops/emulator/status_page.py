"""The emulator's page: what it is, its inbox, and the command that shows everything else."""

from __future__ import annotations

from jinja2 import Environment

from tasktracker_ops.emulator.mail.mailbox import Mailbox
from tasktracker_ops.local.state import ServerState

_LAST_MAILS = 20
_PAGE = Environment(autoescape=True).from_string("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AWS emulator of tt-ops</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
pre { white-space: pre-wrap; background: #8881; padding: .8rem; overflow: auto; }
p.note { border-left: 4px solid #d80; padding: .3rem .8rem; background: #8881; }
</style>
</head>
<body>
<h1>AWS emulator of tt-ops</h1>
<p class="note"><strong>This is an emulation.</strong> Nothing here is in an AWS account, nothing
costs money, and unless it persists all of it is gone when this process (pid {{ state.pid }})
ends.</p>
<p>It listens on this machine only: <code>{{ state.url }}</code>, since
{{ state.started_at.strftime("%Y-%m-%d %H:%M:%S") }} UTC.</p>
<p>See what is deployed, and use it: <code>tt-ops --target local console</code></p>
<h2>Inbox</h2>
{% for mail in mails %}
<details>
<summary>{{ mail.sent_at.strftime("%H:%M:%S") }} UTC to {{ mail.letter.recipient }}:
{{ mail.letter.subject }}</summary>
<pre>{{ mail.letter.text }}</pre>
</details>
{% else %}
<p>There is no mail.</p>
{% endfor %}
</body>
</html>
""")


def render(state: ServerState, mailbox: Mailbox) -> str:
    """Return the page as HTML; every value in it is escaped."""
    return _PAGE.render(state=state, mails=mailbox.mails()[:_LAST_MAILS])
