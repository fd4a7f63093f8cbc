"""Both releases on one line while one bakes, and how a bake has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tasktracker_ops.models.canary import BakeProgress, BakeResult, ReleaseMetrics
from tasktracker_ops.output.canary import progress_line
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings

PROGRESS = BakeProgress(
    baking=ReleaseMetrics("12", 34, 0, 0, 12.2),
    other=ReleaseMetrics("11", 1310, 2, 0, None),
    weight=0.1,
    remaining=220.4,
)
RESULT = BakeResult("12", "12", "promoted", "proven", "passed")


def test_both_releases_are_on_one_line() -> None:
    """With what was throttled, where anything was; a p95 needs a request."""
    line = "3:40 left │ 12: 34 req, 0 err, p95 12 ms at 10% │ 11: 1,310 req, 2 err"
    assert progress_line(PROGRESS) == line
    throttled = replace(PROGRESS, other=replace(PROGRESS.other, throttles=3))
    assert progress_line(throttled).endswith("2 err, 3 throttled")


def test_a_log_has_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """The first, and the last one; not every few seconds."""
    console = Console(Settings())
    for remaining in (10, 5, 0):
        console.baking(replace(PROGRESS, remaining=remaining))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" left")[0] for line in lines] == ["  … 0:10", "  … 0:00"]


def test_a_terminal_has_a_live_line(stderr_terminal: Callable[[], object]) -> None:
    """Each one is drawn over the one before."""
    terminal = stderr_terminal()
    console = Console(Settings())
    for remaining in (10, 5):
        console.baking(replace(PROGRESS, remaining=remaining))
    console.end_group()
    written = terminal.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert all(f"0:{remaining:02} left │ 12: 34 req" in written for remaining in (10, 5))
    assert "\x1b[2K" in written


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (
            RESULT,
            "Promoted. Release 12 takes all requests. It is proven; the checks of the API: pass",
        ),
        (replace(RESULT, checks="pending"), "The run that watches it checks the API."),
        (
            replace(RESULT, live="11", decision="aborted", outcome="failed", checks="not needed"),
            "Aborted release 12. Release 11 takes all requests.",
        ),
    ],
    ids=["promoted", "watched", "aborted"],
)
def test_the_end_of_a_bake_is_shown(
    show: Callable[..., str], result: BakeResult, text: str
) -> None:
    """With the release that takes all requests now."""
    assert text in show(result)
