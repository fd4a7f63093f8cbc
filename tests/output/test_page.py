"""The dashboard's page: it is self-contained, and no text in it is executed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace

from tasktracker_ops.models.dashboard import (
    AlarmTimeline,
    DashboardPage,
    Panel,
    Point,
    Trace,
    Widget,
)
from tasktracker_ops.output.page import render
from tasktracker_ops.output.text import as_json
from tests.alarm import alarm_on_errors

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&<!--"
ALARM = alarm_on_errors(state="ALARM", since="2026-01-01T00:02:00.000Z", reason="Threshold crossed")
POINTS = (Point("2026-01-01T00:00:00.000Z", 1.0), Point("2026-01-01T00:01:00.000Z", 2.0))
TRACE = Trace("Errors", POINTS, 60, "Count", "#d62728", right=False, alarms=(ALARM.name,))
WIDGET = Widget("metric", "Errors", 8, 6, 12, 5)
PAGE = DashboardPage(
    title="board",
    target="AWS in eu-west-3",
    region="eu-west-3",
    account="123456789012",
    since="2026-01-01T00:00:00.000Z",
    until="2026-01-01T00:10:00.000Z",
    alarms=(AlarmTimeline(ALARM, (("2026-01-01T00:02:00.000Z", None),)),),
    panels=(Panel(WIDGET, (TRACE,)),),
)
# What a browser takes as the end of a script, or as a comment in it.
ENDS = re.compile(r"</script|</style|<!--", re.IGNORECASE)


def test_the_policy_allows_the_pages_own_scripts_and_no_request() -> None:
    """Scripts and styles are allowed by their digests, so that one in a title would not run."""
    page = render(PAGE)
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src &#x27;none&#x27;")
    assert "http" not in policy[1]
    for element, count in (("script", 4), ("style", 3)):
        texts = re.findall(rf"<{element}>(.*?)</{element}>", page, re.S)
        assert len(texts) == count
        for text in texts:
            assert not ENDS.search(text)
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"sha256-{digest}" in policy[1]
    assert not re.search(r"<link|<script src|<img|@import|url\(", page)


def test_the_page_is_small_and_has_all_of_its_data() -> None:
    """Below a tenth of what it may have; the data is the JSON that results have."""
    page = render(PAGE)
    assert len(page.encode()) < 100_000
    data = re.search(r'id="page">(.*?)</script>', page, re.S)
    assert data is not None
    assert json.loads(data[1]) == json.loads(as_json(PAGE))


def test_texts_never_become_html() -> None:
    """Anyone who may edit the dashboard can write titles, labels, texts and queries."""
    widget = replace(WIDGET, title=HOSTILE, text=HOSTILE)
    panel = Panel(widget, (replace(TRACE, label=HOSTILE, unit=HOSTILE),))
    page = render(
        replace(
            PAGE, title=HOSTILE, target=HOSTILE, region=HOSTILE, account=HOSTILE, panels=(panel,)
        )
    )
    assert "<img" not in page
    assert "alert(1)</script>" not in page
    assert len(re.findall(r"<script", page)) == 5
