"""The emulator's page: what it is, and the command that shows what it holds."""

from __future__ import annotations

from jinja2 import Environment

from tasktracker_ops.local.state import ServerState

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
p.note { border-left: 4px solid #d80; padding: .3rem .8rem; background: #8881; }
</style>
</head>
<body>
<h1>AWS emulator of tt-ops</h1>
<p class="note"><strong>This is an emulation.</strong> Nothing here is in an AWS account, and
nothing costs money.</p>
<p>It listens on this machine only: <code>{{ state.url }}</code>, as process {{ state.pid }}, since
{{ state.started_at.strftime("%Y-%m-%d %H:%M:%S") }} UTC.</p>
<p>See what is deployed, and its inbox: <code>tt-ops --target local console</code></p>
</body>
</html>
""")


def render(state: ServerState) -> str:
    """Return the page as HTML."""
    return _PAGE.render(state=state)
