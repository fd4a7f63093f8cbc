"""The window that one CloudWatch period holds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from tasktracker_ops.workflows.time_window import LONGEST, time_window

NOW = st.floats(1.6e9, 4e9)
SINCE = st.floats(60, LONGEST)


@given(now=NOW, since=SINCE)
@example(now=1.7e9 // 60 * 60, since=60)
@example(now=1.7e9 // 60 * 60, since=LONGEST)
def test_one_period_holds_everything_that_was_asked_for(now: float, since: float) -> None:
    """Whether periods are counted from the epoch or from the request's start."""
    window = time_window(now, since)
    assert window.start % window.length == 0
    assert window.start <= now - since
    assert now < window.end <= window.start + window.length
    assert window.end - now <= 60


@given(now=NOW, since=SINCE)
def test_the_window_begins_soon_before(now: float, since: float) -> None:
    """Within the 15 days for which CloudWatch has one-minute data, and by minutes only."""
    early = now - since - time_window(now, since).start
    assert early <= 60 * 60


@given(now=NOW, since=SINCE)
def test_there_are_at_most_180_points(now: float, since: float) -> None:
    """In whole minutes, as CloudWatch wants it; a period that was asked for stays."""
    window = time_window(now, since)
    assert window.period % 60 == 0
    assert since / window.period <= 180
    assert not window.insisted
    assert time_window(now, since, 300).period == 300
    assert time_window(now, since, 300).insisted
