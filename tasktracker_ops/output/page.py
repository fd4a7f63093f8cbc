"""The dashboard as one self-contained page, with the charts of the console and uPlot in it."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from html import escape
from importlib.resources import files

from tasktracker_ops.models.dashboard import DashboardPage

from .text import as_json

_SCRIPTS = ("uplot/uplot.js", "elements.js", "charts.js", "frozen.js")
_STYLES = ("uplot/uplot.css", "charts.css", "frozen.css")


def render(page: DashboardPage) -> str:
    """Return the page's HTML, with all of its data.

    Its Content-Security-Policy allows no requests, and no scripts and styles but its own.
    """
    scripts, styles = (list(map(_read, names)) for names in (_SCRIPTS, _STYLES))
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src {_hashes(scripts)}; style-src {_hashes(styles)}"
    )
    place = [page.region] if page.region not in page.target else []
    facts = " · ".join([*place, f"account {page.account}"])
    data = as_json(page, indent=None).replace("<", "\\u003c")
    drawn_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(page.title)}</title>
{"".join(f"<style>{style}</style>" for style in styles)}
</head>
<body>
<header>
<h1>{escape(page.title)}</h1>
<p><strong>{escape(page.target)}</strong> · {escape(facts)}</p>
<p>{_clock(page.since)} to {_clock(page.until)} UTC · drawn at {drawn_at} UTC</p>
<button id="look" type="button">Dark</button>
</header>
<main class="widgets"></main>
<script type="application/json" id="page">{data}</script>
{"".join(f"<script>{script}</script>" for script in scripts)}
</body>
</html>
"""


def _read(name: str) -> str:
    """Return a script or a style; none of them has the end of its element in it."""
    return files("tasktracker_ops.console").joinpath(name).read_text(encoding="utf-8")


def _hashes(texts: list[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _clock(at: str) -> str:
    return escape(at[:16].replace("T", " "))
